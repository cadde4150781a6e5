"""The commands that reply: ``send``, ``answer``, ``edit-answer``, ``reject``, ``decide``."""

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final, NoReturn

import anyio
import typer
from rich.text import Text

from wbym.calls import Upload
from wbym.cli.accounts import open_inbox, source_of
from wbym.cli.jsonlines import write_lines
from wbym.cli.options import AsJson, Config, RecordRef, sources_of
from wbym.cli.show_records import Form, form_of
from wbym.cli.tables import print_line, wrap, write_row
from wbym.cli.terminal import ExitCode, Failures, complain, note, output, plain_errors
from wbym.domain import Action, Delivery, DeliveryState, Money, Ref
from wbym.inbox import Inbox

__all__ = ["answer", "decide", "edit_answer", "reject", "send"]

_OPEN: Final = frozenset({DeliveryState.PENDING, DeliveryState.SENDING})
_PATIENCE: Final = 30.0
"""Seconds for which a command with a key waits until its reply is sent."""
_CHECK_EVERY: Final = 0.2
_DONE: Final = {
    Action.SEND: "message to",
    Action.ANSWER: "answer to",
    Action.EDIT_ANSWER: "new answer to",
    Action.REJECT: "rejection of",
    Action.DECIDE: "decision on",
}


def _text(text: str) -> str:
    if text != "-":
        return text
    try:
        return sys.stdin.read().strip()
    except UnicodeDecodeError:
        raise typer.BadParameter(f"stdin is not {sys.stdin.encoding} text") from None


def _amount(text: str) -> Money:
    found = re.fullmatch(r"(\d{1,12}(?:\.\d{1,2})?) ?([A-Z]{3})?", text.strip())
    if found is None:
        raise typer.BadParameter(f"{text!r} is not an amount such as 990 or 990.50RUB")
    return Money(Decimal(found[1]), found[2] or "RUB")


ReplyText = Annotated[
    str,
    typer.Argument(
        parser=_text,
        metavar="TEXT",
        help="The text, or - to read it from stdin.",
        show_default=False,
    ),
]
Key = Annotated[
    str | None,
    typer.Option(
        "--idempotency-key",
        metavar="KEY",
        help="Reply once, however often the command is repeated with this key; kept in the state "
        "file.",
        show_default=False,
    ),
]
StateFile = Annotated[
    Path,
    typer.Option(
        "--state", metavar="FILE", help="State file for the key; created if it does not exist."
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask on a terminal.")]
_DEFAULT_STATE: Final = Path("wbym.db")


def send(
    chat: RecordRef,
    text: ReplyText,
    files: Annotated[
        list[Path] | None,
        typer.Option(
            "--file",
            metavar="PATH",
            help="A file to attach. Can be repeated, if the marketplace takes several.",
            exists=True,
            dir_okay=False,
            readable=True,
            show_default=False,
        ),
    ] = None,
    config: Config = None,
    key: Key = None,
    state: StateFile = _DEFAULT_STATE,
    as_json: AsJson = False,
) -> None:
    """Send a message to a buyer."""
    with plain_errors():
        uploads = [Upload(path.name, path.read_bytes()) for path in files or ()]

    def call(inbox: Inbox) -> Awaitable[Delivery]:
        return inbox.send(chat, text, files=uploads, idempotency_key=key)

    _reply(chat, call, config, key, state, as_json=as_json)


def answer(
    record: RecordRef,
    text: ReplyText,
    config: Config = None,
    key: Key = None,
    state: StateFile = _DEFAULT_STATE,
    as_json: AsJson = False,
) -> None:
    """Answer a feedback or a question that has no answer."""

    def call(inbox: Inbox) -> Awaitable[Delivery]:
        return inbox.answer(record, text, idempotency_key=key)

    _reply(record, call, config, key, state, as_json=as_json)


def edit_answer(
    record: RecordRef,
    text: ReplyText,
    config: Config = None,
    key: Key = None,
    state: StateFile = _DEFAULT_STATE,
    as_json: AsJson = False,
) -> None:
    """Replace the answer to a feedback or a question."""

    def call(inbox: Inbox) -> Awaitable[Delivery]:
        return inbox.edit_answer(record, text, idempotency_key=key)

    _reply(record, call, config, key, state, as_json=as_json)


def reject(
    question: RecordRef,
    reason: ReplyText,
    config: Config = None,
    key: Key = None,
    state: StateFile = _DEFAULT_STATE,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Reject a question, so that it is not published. It cannot be undone."""

    def call(inbox: Inbox) -> Awaitable[Delivery]:
        return inbox.reject(question, reason, idempotency_key=key)

    _confirm(f"Reject {question}?", yes=yes)
    _reply(question, call, config, key, state, as_json=as_json)


def decide(
    request: RecordRef,
    decision: Annotated[
        str,
        typer.Argument(
            help="The id of a decision; wbym show REF lists those that are available.",
            show_default=False,
        ),
    ],
    comment: Annotated[
        str | None, typer.Option("--comment", metavar="TEXT", help="A comment for the buyer.")
    ] = None,
    reason: Annotated[
        str | None,
        typer.Option("--reason", metavar="TEXT", help="One of the marketplace's reasons."),
    ] = None,
    amount: Annotated[
        Money | None,
        typer.Option(
            "--amount", parser=_amount, metavar="N", help="An amount, such as 990 or 990.50RUB."
        ),
    ] = None,
    config: Config = None,
    key: Key = None,
    state: StateFile = _DEFAULT_STATE,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Decide on a return. It cannot be undone."""

    def call(inbox: Inbox) -> Awaitable[Delivery]:
        return inbox.decide(
            request, decision, comment=comment, reason=reason, amount=amount, idempotency_key=key
        )

    _confirm(f"Decide {decision} on {request}?", yes=yes)
    _reply(request, call, config, key, state, as_json=as_json)


def _confirm(question: str, *, yes: bool) -> None:
    """Ask a person before what cannot be undone; a program is not asked."""
    if not yes and sys.stdin.isatty() and sys.stdout.isatty():
        typer.confirm(question, abort=True)


def _reply(
    ref: Ref,
    call: Callable[[Inbox], Awaitable[Delivery]],
    config: Path | None,
    key: str | None,
    state: Path,
    *,
    as_json: bool,
) -> NoReturn:
    """Reply, print the delivery, and exit with 0 if the marketplace has accepted all of it."""

    async def run() -> Delivery:
        async with open_inbox([source], Failures(1), state=state if key else None) as inbox:
            delivery = await call(inbox)
            if key is not None:
                with anyio.move_on_after(_PATIENCE):
                    while delivery.state in _OPEN:
                        await anyio.sleep(_CHECK_EVERY)
                        delivery = await inbox.outbox.delivery(key) or delivery
        return delivery

    with plain_errors():
        source = source_of(sources_of(config, None), ref)
        delivery = asyncio.run(run())
        _print(delivery, form_of(as_json=as_json))
    for problem in delivery.failed_files:
        complain(f"the message was accepted, but not a file: {problem}")
    if not delivery.accepted:
        _explain(delivery, state)
    whole = delivery.accepted and not delivery.failed_files
    raise typer.Exit(ExitCode.OK if whole else ExitCode.FAILED)


def _print(delivery: Delivery, form: Form) -> None:
    subject = delivery.decision or ""
    match form:
        case Form.JSON:
            write_lines([delivery])
        case Form.TABS:
            target, action = str(delivery.target), delivery.action.value
            write_row((delivery.state.value, action, target, subject, delivery.text))
        case Form.TERMINAL:
            console = output()
            head = f"{delivery.state.value}: {_DONE[delivery.action]} {delivery.target}"
            print_line(console, Text(head, "bold"))
            for line in wrap("\n".join((subject, delivery.text)), max(console.width - 2, 20)):
                print_line(console, Text(f"  {line}"))


def _explain(delivery: Delivery, state: Path) -> None:
    """Say why a reply under a key is not delivered, and what to do."""
    key = delivery.idempotency_key
    what = f"{delivery.state.value}: {delivery.note or 'no details'}"
    match delivery.state:
        case DeliveryState.PENDING | DeliveryState.SENDING:
            note(
                f"{what}; it is kept in {state}: repeat the command with the same key to continue, "
                "or start the service that uses the file"
            )
        case DeliveryState.UNKNOWN:
            note(
                f"{what}; check in the seller's cabinet, and record the outcome: wbym outbox "
                f"resolve {key} confirmed|rejected|again --state {state}"
            )
        case _:
            complain(what)
