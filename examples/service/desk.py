"""A consumer of the items that ``forward.py`` publishes: it prints them.

Usage: python -m examples.service.desk NATS
"""

import asyncio
import logging
import sys
from collections.abc import Callable

from faststream import AckPolicy, FastStream
from faststream.nats import NatsBroker, NatsMessage

from examples.service.forward import STREAM, PassedOn, stream_of_items


def desk(
    broker: NatsBroker, take: Callable[[str, PassedOn], None], stream: str = STREAM
) -> FastStream:
    """A program that takes each item once it is in the stream, also those from before its start.

    An item whose processing fails, or was cut short, is delivered again: ``take`` gets the event's
    id as its first argument, to tell.
    """

    @broker.subscriber(
        stream,
        stream=stream_of_items(stream),
        durable="desk",
        pull_sub=True,
        ack_policy=AckPolicy.NACK_ON_ERROR,
    )
    async def on_item(item: PassedOn, message: NatsMessage) -> None:
        take(message.headers["Nats-Msg-Id"], item)

    return FastStream(broker)


def show(key: str, item: PassedOn) -> None:
    """Print an item."""
    print(item.ref, item.text)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    asyncio.run(desk(NatsBroker(sys.argv[1]), show).run())
