"""What a reader says of its stream."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from tests.wbym.feed.kept import BEGIN
from wbym.account import Batch, Poll
from wbym.feed import MemoryStore
from wbym.feed._first_rounds import FirstRounds
from wbym.feed._patience import Patience
from wbym.feed._reader import Reader, ReaderContext

pytestmark = pytest.mark.looptime


def context() -> ReaderContext:
    return ReaderContext(
        MemoryStore(), Patience(), lambda: None, lambda account, error: None, lambda delivery: None
    )


class Stalling:
    """A stream whose marketplace answers when it is let."""

    name = "chats"
    every = 60.0

    def __init__(self) -> None:
        self.answered = asyncio.Event()

    async def poll(self, request: Poll) -> AsyncGenerator[Batch, None]:
        yield Batch(())
        await self.answered.wait()
        yield Batch(())


async def test_stall_is_shown() -> None:
    stream = Stalling()
    reader = Reader(
        "shop",
        stream,
        context(),
        since=BEGIN,
        first_rounds=FirstRounds(1),
    )
    task = asyncio.create_task(reader.run())
    await asyncio.sleep(5)
    begun = reader.status
    assert begun.waiting_since is not None
    await asyncio.sleep(500)
    assert reader.status == begun
    stream.answered.set()
    await asyncio.sleep(5)
    ended = reader.status
    assert ended.waiting_since is None
    assert ended.read_at is not None
    task.cancel()
    await asyncio.wait([task])


class Counted:
    """A stream that counts its rounds."""

    name = "chats"
    every = 1.0

    def __init__(self) -> None:
        self.rounds = 0

    async def poll(self, request: Poll) -> AsyncGenerator[Batch, None]:
        self.rounds += 1
        yield Batch(())


async def test_repeated_rounds_wait_for_first_ones_of_a_crowd() -> None:
    stream, first_rounds = Counted(), FirstRounds(1000)
    reader = Reader(
        "shop",
        stream,
        context(),
        since=BEGIN,
        first_rounds=first_rounds,
    )
    task = asyncio.create_task(reader.run())
    await asyncio.sleep(20)
    assert stream.rounds == 1
    assert await reader.poll_now("chat"), "a hint is not held"
    assert stream.rounds == 2
    first_rounds.release()
    await asyncio.sleep(20.5)
    assert stream.rounds > 20
    task.cancel()
    await asyncio.wait([task])
