"""Opening the accounts of a command as an inbox."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from os import PathLike

from wbym._config import AccountSource
from wbym.account import Account, Capability, has
from wbym.cli.terminal import Failures, mention_undecodable, note
from wbym.domain import Ref
from wbym.errors import ConfigError, RefError, WbymError
from wbym.feed import Store
from wbym.inbox import Inbox

__all__ = ["having", "open_inbox", "source_of"]


@asynccontextmanager
async def open_inbox(
    sources: Sequence[AccountSource],
    failures: Failures,
    *,
    state: str | PathLike[str] | Store | None = None,
    on_error: Callable[[str, Exception], None] | None = None,
) -> AsyncIterator[Inbox]:
    """Open the accounts as an inbox, and mention undecodable records at the end.

    Args:
        sources: The accounts.
        failures: Gets the errors of accounts that cannot be opened or read; the others continue.
        state: The state of the inbox.
        on_error: Gets the errors of reading instead of ``failures``.
    """
    accounts: list[Account] = []
    for source in sources:
        try:
            accounts.append(await source.open())
        except WbymError as error:
            failures.add(source.name, error)
    async with Inbox(*accounts, state=state, on_error=on_error or failures.add) as inbox:
        try:
            yield inbox
        finally:
            for account in accounts:
                mention_undecodable(account)


def having(
    sources: Sequence[AccountSource], capability: Capability, noun: str
) -> list[AccountSource]:
    """The accounts whose marketplace has a noun; the others are mentioned on stderr.

    Raises:
        ConfigError: No account has it.
    """
    found = []
    for source in sources:
        if has(source.adapter.CAPABILITIES, capability):
            found.append(source)
        else:
            note(f"{source.name}: {source.adapter.marketplace} has no {noun}")
    if not found:
        raise ConfigError(f"no account has {noun}: add one of another marketplace")
    return found


def source_of(sources: Sequence[AccountSource], ref: Ref) -> AccountSource:
    """The account of a ref.

    Raises:
        RefError: No account of this name and marketplace is configured.
    """
    for source in sources:
        if (source.adapter.marketplace, source.name) == (ref.marketplace, ref.account):
            return source
    known = ", ".join(f"{source.adapter.marketplace}/{source.name}" for source in sources)
    raise RefError(str(ref), f"must be of a configured account, one of {known}", method="wbym")
