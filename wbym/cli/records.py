"""The commands that read one record: ``show`` and ``messages``."""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Annotated, Final

import typer
from rich.text import Text

from wbym.account import AnyRecord, Capability, has
from wbym.cli.accounts import open_inbox, source_of
from wbym.cli.jsonlines import as_fields, write_lines
from wbym.cli.options import AsJson, Config, RecordRef, Since, sources_of
from wbym.cli.show_records import Form, form_of, print_details, write_records
from wbym.cli.tables import pad, print_line, wrap
from wbym.cli.terminal import Failures, clean, note, output, plain_errors
from wbym.cli.views import (
    CHATS,
    FEEDBACKS,
    MESSAGES,
    QUESTIONS,
    RETURNS,
    decision_text,
)
from wbym.domain import Chat, Decision, Feedback, Message, Noun, Question, Ref, Return
from wbym.errors import RefError, WbymError
from wbym.inbox import Inbox

__all__ = ["messages", "show"]

_ON_TERMINAL: Final = 50
"""Default number of messages on a terminal."""
_AUTHOR_WIDTH: Final = 11
_TIME_WIDTH: Final = 17
_MIN_TEXT: Final = 20


def show(record: RecordRef, config: Config = None, as_json: AsJson = False) -> None:
    """Show all of one feedback, question, chat, message or return.

    A return is shown with the decisions that are available now.
    """

    async def run() -> None:
        async with open_inbox([source], Failures(1)) as inbox:
            found = await inbox.get(record)
            decisions = await _decisions(inbox, found)
        if as_json:
            fields = as_fields(found)
            write_lines([fields | {"decisions": decisions} if decisions else fields])
        else:
            print_details([("ref", str(found.ref)), *_details(found, decisions)])

    with plain_errors():
        source = source_of(sources_of(config, None), record)
        asyncio.run(run())


async def _decisions(inbox: Inbox, record: AnyRecord) -> list[Decision]:
    """The decisions of a return, if they take a request of their own."""
    if not isinstance(record, Return) or record.decisions or not record.waiting_for_seller:
        return []
    account = inbox.accounts[record.ref.account]
    if not has(account.capabilities, Capability.DECIDE):
        return []
    with suppress(WbymError):  # the return itself is worth showing
        return await inbox.decisions(record)
    return []


def _details(record: AnyRecord, decisions: list[Decision]) -> list[tuple[str, str]]:
    match record:
        case Feedback():
            return list(FEEDBACKS.details(record))
        case Question():
            return list(QUESTIONS.details(record))
        case Chat():
            return list(CHATS.details(record))
        case Message():
            return list(MESSAGES.details(record))
        case Return():
            more = ("decisions", "\n".join(map(decision_text, decisions)))
            return [*RETURNS.details(record), more]


def messages(
    chat: RecordRef,
    config: Config = None,
    since: Since = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            min=1,
            metavar="N",
            help=f"Max messages, the newest. Default: {_ON_TERMINAL} on a terminal, else all.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the messages of a chat, oldest first, in full."""
    form = form_of(as_json=as_json)
    if limit is None and form is Form.TERMINAL:
        limit = _ON_TERMINAL

    async def run() -> None:
        newest: deque[Message] = deque(maxlen=limit)
        count = 0
        async with open_inbox([source], Failures(1)) as inbox:
            async for message in inbox.messages(_chat_ref(chat), since=since):
                newest.append(message)
                count += 1
        if form is not Form.TERMINAL:
            write_records(form, MESSAGES, newest)
            return
        if count > len(newest):
            note(f"the newest {limit} of {count} messages; --limit N shows more")
        elif not newest:
            note("no messages")
        _print_messages(newest)

    with plain_errors():
        source = source_of(sources_of(config, None), chat)
        asyncio.run(run())


def _chat_ref(ref: Ref) -> Ref:
    if ref.noun is not Noun.CHAT:
        raise RefError(str(ref), f"must be of a chat, not of a {ref.noun}", method="messages")
    return ref


def _print_messages(found: deque[Message]) -> None:
    console = output()
    margin = _TIME_WIDTH + 2 + _AUTHOR_WIDTH + 2
    if console.width < margin + _MIN_TEXT * 2:
        margin = 4
    for message in found:
        summary = MESSAGES.summary(message)
        moment, author = summary.facts
        head = f"{moment}  {pad(clean(author), _AUTHOR_WIDTH)}  "
        lines = wrap(summary.text, max(console.width - margin, _MIN_TEXT)) or [""]
        if margin < len(head):
            print_line(console, Text(head.rstrip(), "bold"))
            head = " " * margin
        for number, line in enumerate(lines):
            label = Text(" " * margin if number else head, "dim")
            print_line(console, label + Text(line))
