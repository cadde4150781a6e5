"""The commands that list records, and ``wbym answer``."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TypeVar

from wbym._config import AccountSource
from wbym.account import Account, Capability, has
from wbym.cli.show import View, show_records, write_lines
from wbym.cli.terminal import clean, complain, mention_undecodable, note, output
from wbym.domain import Feedback, Noun, Question, Record, Ref
from wbym.errors import ConfigError, WbymError
from wbym.paging import Listing

__all__ = ["AnswerKind", "answer", "list_records"]

T = TypeVar("T", bound=Record)

TABLE_ROWS = 50
"""Default records per account in a table."""


class AnswerKind(StrEnum):
    """What can be answered."""

    FEEDBACK = "feedback"
    QUESTION = "question"


async def list_records(
    sources: Sequence[AccountSource],
    capability: Capability,
    view: View[T],
    ask: Callable[[Account], Listing[T]],
    *,
    limit: int | None,
    as_json: bool,
) -> int:
    """Show the records of the accounts one after the other; returns the exit code.

    An account that fails does not stop the others.

    Args:
        sources: The accounts.
        capability: The capability that an account needs.
        view: The layout of the table.
        ask: Creates the listing of an account.
        limit: Maximum records per account; 50 by default in a table.
        as_json: Print one JSON object per line, page by page, instead of a table.
    """
    failed = False
    shown: list[T] = []
    for source in sources:
        if not has(source.adapter.CAPABILITIES, capability):
            note(f"{source.name}: {source.adapter.marketplace} has no {view.noun}")
            continue
        try:
            async with await source.open() as account:
                try:
                    listing = ask(account)
                    if as_json:
                        await _write(listing, limit)
                    else:
                        rows = TABLE_ROWS if limit is None else limit
                        found = await listing.all(limit=rows + 1)
                        shown += found[:rows]
                        if len(found) > rows:
                            note(
                                f"{source.name}: the first {rows} {view.noun}; --limit shows more, "
                                "--json prints all"
                            )
                finally:
                    mention_undecodable(account)
        except WbymError as error:
            failed = True
            complain(error)
    if not as_json and (shown or not failed):
        show_records(output(), view, shown)
    return int(failed)


async def _write(listing: Listing[T], limit: int | None) -> None:
    if limit is not None:
        write_lines(await listing.all(limit=limit))
        return
    async for page in listing.pages():
        write_lines(page.items)


async def answer(
    sources: Sequence[AccountSource], kind: AnswerKind, record_id: str, text: str
) -> None:
    """Read a feedback or a question by its id, answer it, and print both.

    Raises:
        ConfigError: Several accounts are configured.
        Unsupported: The marketplace does not have this kind of record.
        WbymError: Reading or answering failed.
    """
    if len(sources) != 1:
        names = ", ".join(source.name for source in sources)
        raise ConfigError(f"answer: choose an account with --account: {names}")
    async with await sources[0].open() as account:
        ref = Ref(account.marketplace, account.name, Noun(kind.value), record_id)
        item: Feedback | Question
        if kind is AnswerKind.FEEDBACK:
            item = await account.get(ref, Feedback)
            asked = item.body
        else:
            item = await account.get(ref, Question)
            asked = item.text
        delivery = await account.answer(item, text)
    console = output()
    for line in (
        f"answered {kind} {clean(str(delivery.target))}",
        f"  buyer:  {clean(asked)}",
        f"  answer: {clean(delivery.text)}",
    ):
        console.print(line, markup=False, soft_wrap=True)
