"""The reader of a service: it answers five stars, and passes the rest on through a NATS stream.

Usage: python -m examples.service.forward CONFIG NATS
"""

import asyncio
import logging
import sys

from faststream.nats import JStream, NatsBroker
from pydantic import BaseModel

from examples.assistant.assistant import Forward, Item, handlers_of
from wbym import Inbox

STREAM = "wbym-items"
"""The name of the stream, and of its subject."""
CONFIRMED_WITHIN = 5.0
"""Seconds."""


class PassedOn(BaseModel):
    """An item as a message."""

    ref: str
    text: str | None
    rating: int | None = None


def stream_of_items(name: str) -> JStream:
    """A stream that drops what a reader publishes again within a day."""
    return JStream(name=name, subjects=[name], duplicate_window=24 * 3600)


def forward_through(broker: NatsBroker, stream: str = STREAM) -> Forward:
    """Publish items, and return when the stream has them.

    The event is confirmed after that, so an item is published again rather than lost; the stream
    drops a second message with the same id.
    """
    publisher = broker.publisher(stream, stream=stream_of_items(stream), timeout=CONFIRMED_WITHIN)

    async def forward(key: str, item: Item) -> None:
        await publisher.publish(PassedOn.model_validate(item), headers={"Nats-Msg-Id": key})

    return forward


async def main(config: str, nats: str) -> None:
    """Run until SIGTERM or Ctrl-C."""
    broker = NatsBroker(nats)
    forward = forward_through(broker)
    async with broker, Inbox.from_config(config) as inbox:
        await broker.start()
        await handlers_of(inbox, forward).run(inbox, wait=True)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    asyncio.run(main(*sys.argv[1:3]))
