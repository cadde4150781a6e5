"""A shop assistant: the example of ``docs/feed.md`` as a program, which ``wbym demo`` kills.

``python -m wbym.cli.assistant CONFIG STATE SETTLE_AFTER`` prints a line when it is ready, and one
for each message that it answers. It exits when its stdin is closed, so that it is never orphaned.
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
"""The first line of its output."""

_ANSWERS: Final = (
    ("отправ", "Отправляем в день заказа."),
    ("размер", "Берите свой обычный размер."),
    ("вернуть", "Оформите возврат, мы его одобрим."),
    ("спасибо", "Вам спасибо за покупку!"),
)
_OTHERWISE: Final = "Уточняем, ответим сегодня."


def answer_to(text: str) -> str:
    """The answer to a message."""
    folded = text.casefold()
    return next((answer for word, answer in _ANSWERS if word in folded), _OTHERWISE)


async def assist(config: str, state: str, settle_after: float) -> None:
    """Answer all messages since the first run, until the process is killed."""
    began = datetime.now(UTC)
    async with Inbox.from_config(config, state=state, settle_after=settle_after) as inbox:
        typer.echo(READY)
        async for event in inbox.events():
            if event.kind is EventKind.MESSAGE and event.from_buyer:
                text = event.message.text or ""
                answer = answer_to(text)
                delivery = await inbox.send(event.chat, answer, idempotency_key=event.id)
                known = " (already saved)" if delivery.created_at < began else ""
                typer.echo(f"{event.account:<14} {clean(text)} → {answer}{known}")


if __name__ == "__main__":
    watch_stdin(lambda: os._exit(0))
    asyncio.run(assist(sys.argv[1], sys.argv[2], float(sys.argv[3])))
