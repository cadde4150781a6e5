"""A shop assistant: the example of ``docs/feed.md`` as a program, which ``wbym demo`` kills.

``python -m wbym.cli.assistant CONFIG STATE TIMEOUT`` prints a line when it is ready, and one
for each message that it answers. It ends when its stdin is closed.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Final

import typer

from wbym.cli.terminal import clean
from wbym.feed import EventKind
from wbym.inbox import Inbox
from wbym.testing._process import watch_stdin

__all__ = ["READY", "answer_to", "assist", "run"]

READY: Final = "ready"
"""The first line of its output."""

_ANSWERS: Final = (
    ("отправ", "Отправляем в день заказа."),
    ("размер", "Берите свой обычный размер."),
    ("вернуть", "Оформите возврат, мы его одобрим."),
    ("спасибо", "Вам спасибо за покупку!"),
)
_OTHERWISE: Final = "Уточняем, ответим сегодня."


def answer_to(text: str) -> str:
    """The answer to a buyer's message."""
    said = text.casefold()
    return next((answer for word, answer in _ANSWERS if word in said), _OTHERWISE)


async def assist(
    inbox: Inbox, *, since: datetime | None = None, answer: Callable[[str], str] = answer_to
) -> None:
    """Answer each message of a buyer, until cancelled.

    Args:
        inbox: An open inbox.
        since: Answer messages from then on; by default from the first run on.
        answer: The answer to a message's text.
    """
    began = datetime.now(UTC)
    typer.echo(READY)
    async for event in inbox.events(since=since, wait=True):
        if event.kind is EventKind.MESSAGE and event.from_buyer:
            text = event.message.text or ""
            reply = answer(text)
            delivery = await inbox.send(event.chat, reply, idempotency_key=event.id)
            known = " (known already)" if delivery.created_at < began else ""
            typer.echo(f"{event.account:<14} {clean(text)} → {reply}{known}")


def run(main: Coroutine[None, None, None]) -> None:
    """Run the assistant until it is killed or its stdin is closed."""
    watch_stdin(lambda: os._exit(0))
    asyncio.run(main)


async def _main(config: str, state: str, confirmation_timeout: float) -> None:
    async with Inbox.from_config(
        config, state=state, confirmation_timeout=confirmation_timeout
    ) as inbox:
        await assist(inbox)


if __name__ == "__main__":
    run(_main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
