"""A shop assistant: the example of ``docs/feed.md`` as a program, which ``wbym demo`` kills.

``python -m wbym.cli.assistant CONFIG STATE TIMEOUT`` prints a line when it is at work, and one
for each message that it answers. It ends when its stdin is closed, so that it is not left behind.
"""

import asyncio
import os
import sys
from datetime import UTC, datetime
from typing import Final

import typer

from wbym.cli.terminal import clean
from wbym.feed import EventKind
from wbym.inbox import Inbox
from wbym.testing._process import watch_stdin

__all__ = ["READY", "answer_to"]

READY: Final = "ready"
"""Its first line."""

_ANSWERS: Final = (
    ("отправ", "Отправляем в день заказа."),
    ("размер", "Берите свой обычный размер."),
    ("вернуть", "Оформите возврат, мы его одобрим."),
    ("спасибо", "Вам спасибо за покупку!"),
)
_OTHERWISE: Final = "Уточняем, ответим сегодня."


def answer_to(text: str) -> str:
    """What it answers."""
    said = text.casefold()
    return next((answer for word, answer in _ANSWERS if word in said), _OTHERWISE)


async def assist(config: str, state: str, confirmation_timeout: float) -> None:
    """Answer what buyers write from the first run on, until it is killed."""
    began = datetime.now(UTC)
    async with Inbox.from_config(
        config, state=state, confirmation_timeout=confirmation_timeout
    ) as inbox:
        typer.echo(READY)
        async for event in inbox.events():
            if event.kind is EventKind.MESSAGE and event.from_buyer:
                text = event.message.text or ""
                answer = answer_to(text)
                delivery = await inbox.send(event.chat, answer, idempotency_key=event.id)
                known = " (known already)" if delivery.created_at < began else ""
                typer.echo(f"{event.account:<14} {clean(text)} → {answer}{known}")


if __name__ == "__main__":
    watch_stdin(lambda: os._exit(0))
    asyncio.run(assist(sys.argv[1], sys.argv[2], float(sys.argv[3])))
