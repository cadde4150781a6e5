"""The accounts, the way back from a record to its account, and the state beside them."""

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Final, Self, TypeVar

import anyio
import anyio.to_thread

from wbym.account import Adapter
from wbym.config import find_accounts
from wbym.errors import InboxNotOpen, InvalidInput, SetAside, Unsupported
from wbym.feed import SETTLE_AFTER, Feed, SqliteStore, Store
from wbym.inbox.merged import HasRef, OnError, Running
from wbym.limits import BucketState

__all__ = ["Accounts"]

A = TypeVar("A", bound=Adapter)
R = TypeVar("R")

_NOT_ENTERED: Final = "enter it first, async with Inbox(...) as inbox"
_CLOSED: Final = "it is closed, and its accounts too; make a new one"


class Accounts:
    """What an inbox is over; :class:`wbym.Inbox` adds what is done with it."""

    def __init__(
        self,
        *accounts: Adapter,
        state: str | PathLike[str] | Store | None = None,
        settle_after: float = SETTLE_AFTER,
        on_error: OnError | None = None,
    ) -> None:
        if settle_after <= 0:
            raise InvalidInput("Inbox", "settle_after", "must be more than 0 s", settle_after)
        self._by_name: dict[str, Adapter] = {}
        self._closed = False
        self._on_error = on_error
        self._running = Running()
        self._config: Path | None = None
        self._state = state
        self._settle_after = settle_after
        self._open_feed: Feed | None = None
        for account in accounts:
            self.add(account)

    @classmethod
    def from_config(
        cls,
        path: str | PathLike[str],
        *,
        state: str | PathLike[str] | Store | None = None,
        settle_after: float = SETTLE_AFTER,
        on_error: OnError | None = None,
    ) -> Self:
        """The inbox over the accounts of a TOML file (see ``wbym.config``).

        Until it is entered, with ``async with``, each method raises ``InboxNotOpen``. The file and
        the secrets are read on entering, which raises ``ConfigError`` where the file
        cannot be used or a secret is not where it says, and ``InvalidToken`` where it is none.
        """
        inbox = cls(state=state, settle_after=settle_after, on_error=on_error)
        inbox._config = Path(path)
        return inbox

    async def __aenter__(self) -> Self:
        """Open the accounts of the file, and the state.

        Raises:
            ConfigError, InvalidToken: An account cannot be opened.
            StateError: The state cannot be used.
            InboxNotOpen: It was closed before; make a new one.
        """
        if self._closed:
            raise InboxNotOpen(_CLOSED)
        try:
            config, self._config = self._config, None
            if config is not None:
                for source in await anyio.to_thread.run_sync(find_accounts, config):
                    self.add(await source.open())
            if self._state is not None:
                await self._open_state(self._state)
        except BaseException:
            await self.aclose()
            raise
        return self

    async def _open_state(self, state: str | PathLike[str] | Store) -> None:
        if isinstance(state, str | PathLike):
            store: Store = await SqliteStore(state).__aenter__()
        else:
            store = state
        self._open_feed = Feed(
            self._accounts, store, on_error=self._on_error, settle_after=self._settle_after
        )
        self._open_feed.outbox.start()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop all reading, and close the state and the accounts."""
        self._config, self._closed = None, True
        with anyio.CancelScope(shield=True):
            feed, self._open_feed = self._open_feed, None
            try:
                if feed is not None:
                    await feed.aclose()
            finally:
                for name in list(self._by_name):
                    await self._drop(name)

    @property
    def accounts(self) -> Mapping[str, Adapter]:
        """The accounts by name, as they are now."""
        return MappingProxyType(self._accounts)

    def account(self, name: str, kind: type[A]) -> A:
        """One account as its own type: ``inbox.account("shop-wb", Wildberries).api``.

        Raises:
            InvalidInput: There is none of this name and type.
        """
        account = self._accounts.get(name)
        if not isinstance(account, kind):
            known = [n for n, other in self._accounts.items() if isinstance(other, kind)]
            rule = f"must be the name of a {kind.__name__} account, one of {known}"
            raise InvalidInput("account", "name", rule, name)
        return account

    def add(self, account: Adapter) -> None:
        """Take an account in, also while others are being read; what runs does not see it yet.

        Raises:
            InvalidInput: There is an account of this name.
        """
        if account.name in self._accounts:
            raise InvalidInput("add", "name", "must be new in this inbox", account.name)
        self._accounts[account.name] = account

    async def remove(self, name: str) -> None:
        """Take an account out: its readings under way end without an error, and it is closed.

        Raises:
            InvalidInput: There is none of this name.
        """
        if name not in self._accounts:
            rule = f"must be one of {list(self._accounts)}"
            raise InvalidInput("remove", "name", rule, name)
        await self._drop(name)

    async def _drop(self, name: str) -> None:
        account = self._by_name.pop(name)
        self._running.stop(name)
        if self._open_feed is not None:
            await self._open_feed.drop(name)
        await account.aclose()

    def limits(self) -> dict[str, list[BucketState]]:
        """Every bucket by account: used, left, waiting, next free."""
        return {name: account.limits() for name, account in self._accounts.items()}

    @property
    def set_aside(self) -> dict[str, Sequence[SetAside]]:
        """Records that could not be decoded, by account."""
        return {name: account.set_aside for name, account in self._accounts.items()}

    def _require_open(self) -> None:
        if self._closed:
            raise InboxNotOpen(_CLOSED)
        if self._config is not None:
            raise InboxNotOpen(_NOT_ENTERED)

    @property
    def _accounts(self) -> dict[str, Adapter]:
        self._require_open()
        return self._by_name

    @property
    def _feed(self) -> Feed:
        self._require_open()
        if self._open_feed is None:
            if self._state is not None:
                raise InboxNotOpen(_NOT_ENTERED)
            rule = 'must name a file, such as Inbox(..., state="wbym.db")'
            raise InvalidInput("inbox", "state", rule, None)
        return self._open_feed

    def _of(self, item: HasRef, kind: type[R]) -> R:
        ref = item.ref
        account = self._accounts.get(ref.account)
        if account is None or account.marketplace != ref.marketplace:
            rule = f"must be of an account of this inbox: {list(self._accounts)}"
            raise InvalidInput("inbox", "ref", rule, str(ref))
        if not isinstance(account, kind):
            raise Unsupported(account.marketplace, kind.__name__.lower(), "account", account.name)
        return account
