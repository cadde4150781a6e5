"""First rounds go before repeated ones, and none of them waits for long."""

import asyncio

import pytest

from wbym.feed._first_rounds import MAX_AT_ONCE, MAX_COUNTED, FirstRounds

pytestmark = pytest.mark.looptime

CROWD = 3 * MAX_AT_ONCE


async def _begin_all(rounds: FirstRounds, begun: list[int]) -> None:
    for stream in range(CROWD):
        await rounds.begin(stream)
        begun.append(stream)


async def test_next_round_begins_when_one_ends() -> None:
    rounds, begun = FirstRounds(CROWD), list[int]()
    task = asyncio.create_task(_begin_all(rounds, begun))
    await asyncio.sleep(0.1)
    assert begun == list(range(MAX_AT_ONCE))
    rounds.end(7)
    rounds.end(7)  # its second round
    await asyncio.sleep(0.1)
    assert begun == list(range(MAX_AT_ONCE + 1))
    task.cancel()
    await asyncio.wait([task])


async def test_round_that_takes_long_does_not_count() -> None:
    rounds, begun = FirstRounds(CROWD), list[int]()
    await asyncio.wait_for(_begin_all(rounds, begun), 3 * MAX_COUNTED)
    await asyncio.wait_for(rounds.wait(), 2 * MAX_COUNTED)
    assert len(begun) == CROWD


async def test_repeated_round_is_held_in_a_crowd() -> None:
    rounds = FirstRounds(CROWD)
    held = asyncio.create_task(rounds.hold(asyncio.Event()))
    await asyncio.sleep(100)
    assert not held.done()
    rounds.release()
    await held
    await rounds.hold(asyncio.Event())


async def test_hint_ends_the_hold() -> None:
    rounds, woken = FirstRounds(CROWD), asyncio.Event()
    held = asyncio.create_task(rounds.hold(woken))
    await asyncio.sleep(100)
    woken.set()
    await held
    rounds.release()


async def test_few_streams_are_not_held() -> None:
    rounds = FirstRounds(MAX_AT_ONCE)
    await asyncio.wait_for(rounds.hold(asyncio.Event()), 0.1)
    await rounds.begin("questions")
    await asyncio.wait_for(rounds.wait(), 0.1)
