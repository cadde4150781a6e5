"""An assistant: it answers feedbacks with five stars, and passes on the rest to a webhook.

Usage: python assistant.py CONFIG WEBHOOK [STATE]

Without STATE, it is the ``[shared] state`` of CONFIG.
"""

import asyncio
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import aiohttp

from wbym import Event, Feedback, Handlers, Inbox, Message, Question, Return

THANKS = "Спасибо за отзыв! Рады, что вам понравилось."


Item: TypeAlias = dict[str, str | int | None]
Forward: TypeAlias = Callable[[str, Item], Awaitable[None]]
"""Passes an item on to a person, under a key that is the same each time."""


def handlers_of(inbox: Inbox, forward: Forward) -> Handlers:
    """The handlers of the assistant.

    Args:
        inbox: Where it replies.
        forward: Takes what it does not answer.
    """
    handlers = Handlers()

    @handlers.feedback(lambda event: event.record.rating == 5)
    async def thank(event: Event[Feedback]) -> None:
        await inbox.answer(event.record, THANKS, idempotency_key=event.id)

    @handlers.feedback()
    async def pass_on_feedback(event: Event[Feedback]) -> None:
        feedback = event.record
        item: Item = {"ref": str(feedback.ref), "text": feedback.body, "rating": feedback.rating}
        await forward(event.id, item)

    @handlers.question()
    async def pass_on_question(event: Event[Question]) -> None:
        await forward(event.id, {"ref": str(event.record.ref), "text": event.record.text})

    @handlers.message()
    async def pass_on_message(event: Event[Message]) -> None:
        await forward(event.id, {"ref": str(event.chat.ref), "text": event.record.text})

    @handlers.return_request()
    async def pass_on_return(event: Event[Return]) -> None:
        await forward(event.id, {"ref": str(event.record.ref), "text": event.record.buyer_comment})

    return handlers


def webhook(session: aiohttp.ClientSession, url: str) -> Forward:
    """Post items to an address; an answer other than 2xx is an error, and comes again."""

    async def forward(key: str, item: Item) -> None:
        async with session.post(url, json=item, headers={"Idempotency-Key": key}) as response:
            response.raise_for_status()

    return forward


async def main(config: str, address: str, state: str | None = None) -> None:
    """Run until SIGTERM or Ctrl-C."""
    timeout = aiohttp.ClientTimeout(total=30)
    confirmed = float(os.environ.get("CONFIRMATION_TIMEOUT", "300"))  # seconds; see docs/feed.md
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        Inbox.from_config(config, state=state, confirmation_timeout=confirmed) as inbox,
    ):
        await handlers_of(inbox, webhook(session, address)).run(inbox, wait=True)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    asyncio.run(main(*sys.argv[1:]))
