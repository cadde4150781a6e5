"""The command ``wbym events``: new events as they happen."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from wbym._config import AccountSource
from wbym.account import Capability
from wbym.cli.accounts import having, open_inbox
from wbym.cli.jsonlines import as_fields, write_lines
from wbym.cli.options import AccountName, AsJson, Config, Since, sources_of
from wbym.cli.show_records import Form, form_of, print_summaries
from wbym.cli.tables import write_row
from wbym.cli.terminal import Failures, note, output, plain_errors
from wbym.cli.views import CHATS, FEEDBACKS, MESSAGES, QUESTIONS, RETURNS, Summary, iso, time_text
from wbym.domain import Chat, Feedback, Message, Question, Return
from wbym.feed import Event, EventKind, MemoryStore, Store

__all__ = ["events"]

_KIND_WIDTH: Final = max(len(kind.value) for kind in EventKind)
_WIDTHS: Final = (len("2026-01-31 12:00Z"), _KIND_WIDTH)


def events(
    config: Config = None,
    account: AccountName = None,
    since: Since = None,
    state: Annotated[
        Path | None,
        typer.Option(
            "--state",
            metavar="FILE",
            help="Continue where the last run with this file stopped. Use a file of its own: what "
            "is printed here does not come to another reader of the file. Default: none is kept.",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit", min=1, metavar="N", help="Stop after this many events.", show_default=False
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print new messages, questions, feedbacks and returns as they happen, until Ctrl-C.

    Without --since it begins now. An account that fails is tried again.
    """
    with plain_errors():
        sources = having(sources_of(config, account), Capability.EVENTS, "events")
        failures = Failures(len(sources))
        asyncio.run(_follow(sources, failures, since, state, limit, form_of(as_json=as_json)))
    raise typer.Exit(failures.code)


async def _follow(
    sources: Sequence[AccountSource],
    failures: Failures,
    since: datetime | None,
    state: Path | None,
    limit: int | None,
    form: Form,
) -> None:
    store: Store | Path = MemoryStore() if state is None else state
    failing = _Failing()
    async with open_inbox(sources, failures, state=store, on_error=failing.add) as inbox:
        if not inbox.accounts:
            return
        if form is Form.TERMINAL:
            note(f"waiting for events of {', '.join(inbox.accounts)}; Ctrl-C stops")
        count = 0
        async with inbox.events(since=since) as incoming:
            async for event in incoming:
                failing.clear(event.account)
                _print(event, form)
                count += 1
                if count == limit:
                    await event.ack()
                    return


class _Failing:
    """Errors of accounts that are tried again; each is printed once in a row."""

    def __init__(self) -> None:
        self._printed: dict[str, str] = {}

    def add(self, account: str, error: Exception) -> None:
        """Print an error unless it is the account's last one."""
        text = f"{account}: {error}; trying again"
        if self._printed.get(account) != text:
            self._printed[account] = text
            note(text)

    def clear(self, account: str) -> None:
        """Forget an account's last error."""
        self._printed.pop(account, None)


def _print(event: Event, form: Form) -> None:
    summary = _summary(event)
    match form:
        case Form.JSON:
            write_lines([_fields(event)])
        case Form.TABS:
            row = (str(summary.ref), iso(event.at), event.kind.value)
            write_row((*row, *summary.facts[2:], summary.about, summary.text))
            sys.stdout.flush()
        case Form.TERMINAL:
            print_summaries(output(), [summary], (*_WIDTHS, 0))


def _fields(event: Event) -> Mapping[str, object]:
    return {
        "id": event.id,
        "kind": event.kind,
        "account": event.account,
        "at": event.at,
        "from_buyer": event.from_buyer,
        "sent_as": event.sent_as,
        "record": as_fields(event.record),
    }


def _summary(event: Event) -> Summary:
    """An event as its time, its kind and the author or status, with the ref to reply to."""
    match event.record:
        case Message() as record:
            found = MESSAGES.summary(record)
        case Chat() as record:
            found = CHATS.summary(record)
        case Question() as record:
            found = QUESTIONS.summary(record)
        case Feedback() as record:
            found = FEEDBACKS.summary(record)
        case Return() as record:
            found = RETURNS.summary(record)
        case record:
            reason = f"{record.endpoint}: {record.reason}"
            found = Summary(("", ""), "", reason, record.ref)
    facts = (time_text(event.at), event.kind.value.replace("_", " "), found.facts[-1])
    return Summary(facts, found.about, found.text, found.ref)
