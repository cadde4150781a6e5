"""A shop assistant: the example of ``docs/feed.md`` as a program, which ``wbym demo`` kills.

``python -m wbym.cli.assistant CONFIG STATE TIMEOUT`` prints a line when it is ready, and one
for each message that it answers. It ends when its stdin is closed.
"""

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Final

import typer

from wbym.cli.terminal import clean
from wbym.domain import Delivery, DeliveryState
from wbym.feed import EventKind
from wbym.inbox import Inbox
from wbym.testing._process import watch_stdin

__all__ = ["OUTCOME", "READY", "answer_to", "assist", "run"]

READY: Final = "ready"
"""The first line of its output."""

_ANSWERS: Final = (
    ("отправ", "Отправляем в день заказа."),
    ("размер", "Берите свой обычный размер."),
    ("вернуть", "Оформите возврат, мы его одобрим."),
    ("спасибо", "Вам спасибо за покупку!"),
)
_OTHERWISE: Final = "Уточняем, ответим сегодня."
_FOUND: Final = "already delivered before the crash: found in the chat, not sent again"
_SENT: Final = "not delivered before the crash: not in the chat, so sent now"
OUTCOME: Final = "<-"
"""It is in lines about replies that an earlier process had begun."""
_OPEN: Final = (DeliveryState.PENDING, DeliveryState.SENDING)
_CHECK_EVERY: Final = 0.1
"""Seconds."""


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
    async with asyncio.TaskGroup() as group:
        typer.echo(READY)
        open_deliveries = {
            one.idempotency_key: one for one in await inbox.outbox.deliveries(*_OPEN)
        }
        for delivery in open_deliveries.values():
            group.create_task(_tell_outcome(inbox, delivery))
        async for event in inbox.events(since=since, wait=True):
            if event.kind is EventKind.MESSAGE and event.from_buyer:
                text = event.message.text or ""
                reply = answer(text)
                await inbox.send(event.chat, reply, idempotency_key=event.id)
                if event.id not in open_deliveries:
                    typer.echo(f"{event.account}: {clean(text)} -> {reply}")


async def _tell_outcome(inbox: Inbox, begun: Delivery) -> None:
    """Say what became of a reply that an earlier process had begun."""
    key = begun.idempotency_key or ""
    while (now := await inbox.outbox.delivery(key)) is not None and now.state in _OPEN:  # noqa: ASYNC110
        await asyncio.sleep(_CHECK_EVERY)  # the outbox tells nobody
    if now is not None:
        is_found = now.attempts == begun.attempts
        typer.echo(
            f"{now.target.account}: {clean(now.text)} {OUTCOME} {_FOUND if is_found else _SENT}"
        )


def run(main: Coroutine[None, None, None]) -> None:
    """Run the assistant until it is killed or its stdin is closed."""
    # Its output is a story; warnings about the crash would break into it.
    logging.getLogger("wbym").addHandler(logging.NullHandler())
    watch_stdin(lambda: os._exit(0))
    asyncio.run(main)


async def _main(config: str, state: str, confirmation_timeout: float) -> None:
    async with Inbox.from_config(
        config, state=state, confirmation_timeout=confirmation_timeout
    ) as inbox:
        await assist(inbox)


if __name__ == "__main__":
    run(_main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
