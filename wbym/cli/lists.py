"""Reading lists of every account, and answering one record."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Protocol, TypeVar, runtime_checkable

from wbym.account import Adapter, Feedbacks
from wbym.cli.show import View, show_records, write_lines
from wbym.cli.terminal import clean, complain, mention_set_aside, note, output
from wbym.config import AccountSource
from wbym.domain import Feedback, Question, Record
from wbym.errors import ConfigError, Unsupported, WbymError
from wbym.paging import Listing

__all__ = ["AnswerKind", "answer", "list_records"]

T = TypeVar("T", bound=Record)

TABLE_MOST = 50
"""Records of each account in a table, where nothing is said."""


class AnswerKind(StrEnum):
    """What can be answered."""

    FEEDBACK = "feedback"
    QUESTION = "question"


@runtime_checkable
class _FindsFeedback(Protocol):
    """An account that reads one feedback by its id."""

    async def feedback(self, feedback_id: str, /) -> Feedback: ...


@runtime_checkable
class _FindsQuestion(Protocol):
    """An account that reads one question by its id."""

    async def question(self, question_id: str, /) -> Question: ...


async def list_records(
    sources: Sequence[AccountSource],
    view: View[T],
    ask: Callable[[Adapter], Listing[T] | None],
    *,
    limit: int | None,
    as_json: bool,
) -> int:
    """Show the records of the accounts, one account after the other; returns the exit code.

    An account that fails does not stop the others.

    Args:
        sources: The accounts.
        view: How records look in a table.
        ask: Makes the listing of an account; None if it has nothing of the kind.
        limit: Records of each account at most; in a table 50 where nothing is said.
        as_json: Lines of JSON instead of a table, written as the pages come.
    """
    failed = False
    shown: list[T] = []
    for source in sources:
        try:
            async with await source.open() as account:
                listing = ask(account)
                try:
                    if listing is None:
                        note(f"{source.name}: {source.adapter.marketplace} has no {view.noun}")
                    elif as_json:
                        await _write(listing, limit)
                    else:
                        most = TABLE_MOST if limit is None else limit
                        found = await listing.all(limit=most + 1)
                        shown += found[:most]
                        if len(found) > most:
                            note(
                                f"{source.name}: the first {most} {view.noun}; --limit shows more, "
                                "--json writes all"
                            )
                finally:
                    mention_set_aside(account)
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
    """Read a feedback or a question by its id, answer it, and say what was done.

    Raises:
        ConfigError: There are several accounts to choose from.
        Unsupported: The marketplace has nothing of the kind.
        WbymError: Reading or answering failed.
    """
    if len(sources) != 1:
        names = ", ".join(source.name for source in sources)
        raise ConfigError(f"answer: say --account, one of: {names}")
    async with await sources[0].open() as account:
        if not isinstance(account, Feedbacks):
            raise Unsupported(account.marketplace, "answer", "kind", kind.value)
        item: Feedback | Question
        if kind is AnswerKind.FEEDBACK and isinstance(account, _FindsFeedback):
            item = await account.feedback(record_id)
            asked = item.body
        elif kind is AnswerKind.QUESTION and isinstance(account, _FindsQuestion):
            item = await account.question(record_id)
            asked = item.text
        else:
            raise Unsupported(account.marketplace, "answer", "kind", kind.value)
        await account.answer(item, text)
    console = output()
    console.print(f"answered {kind} {clean(str(item.ref))}", markup=False, soft_wrap=True)
    console.print(f"  buyer:  {clean(asked)}", markup=False, soft_wrap=True)
    console.print(f"  answer: {clean(text)}", markup=False, soft_wrap=True)
