"""Another process that follows an account: ``python -m tests.wbym.feed.follower URL BEGIN``.

Its marketplace has a new message every 0.1 s since BEGIN, in Unix seconds, the same in all
processes. It prints a line per message when the body of its loop has it: number and time.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from tests.wbym.feed.child import Child
from tests.wbym.feed.shop import Shop
from wbym.feed import EventKind
from wbym.inbox import Inbox

ROOT = Path(__file__).parents[3]
EVERY = 0.1


@contextmanager
def follower(url: str, begin: float) -> Iterator[Child]:
    """Start it; it is killed at the end if it still runs."""
    command = [sys.executable, "-m", __name__, url, str(begin)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield Child(process)
        finally:
            process.kill()


class Talkative(Shop):
    """A shop with a message every 0.1 s."""

    def __init__(self, begin: float) -> None:
        super().__init__(every=EVERY)
        self._begin = begin

    async def talk(self) -> None:
        while True:
            while (at := self._begin + EVERY * len(self.log)) <= time.time():
                self.arrive("Да?", at=datetime.fromtimestamp(at, UTC))
            await asyncio.sleep(EVERY / 2)


async def _follow(url: str, begin: float) -> None:
    shop = Talkative(begin)
    talking = asyncio.create_task(shop.talk())
    async with Inbox(shop, state=url) as inbox:
        since = datetime.fromtimestamp(begin, UTC)
        print("ready", flush=True)  # noqa: T201
        async for event in inbox.events(since=since, wait=True):
            if event.kind is EventKind.MESSAGE:
                print(event.message.ref.id, time.time(), flush=True)  # noqa: T201
    talking.cancel()


if __name__ == "__main__":
    asyncio.run(_follow(sys.argv[1], float(sys.argv[2])))
