import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from wbym.adapter import Batch, Sighting
from wbym.domain import Chat, Ref
from wbym.feed.gather import HELD, MOST, gathered

pytestmark = pytest.mark.looptime

BEGIN = datetime(2026, 5, 1, tzinfo=UTC)


def batch(number: int, size: int = 1) -> Batch:
    sighting = Sighting(Chat(ref=Ref("toy", "shop", str(number))), BEGIN)
    return Batch([sighting] * size, str(number).encode(), BEGIN + timedelta(days=number))


class Source:
    """Batches, each after so many seconds."""

    def __init__(self, steps: Sequence[tuple[float, Batch | Exception]]) -> None:
        self.steps = steps
        self.closed = False

    async def batches(self) -> AsyncGenerator[Batch, None]:
        try:
            for seconds, step in self.steps:
                await asyncio.sleep(seconds)
                if isinstance(step, Exception):
                    raise step
                yield step
        finally:
            self.closed = True


async def states(source: Source) -> list[tuple[bytes | None, int]]:
    return [(one.state, len(one.sightings)) async for one in gathered(source.batches())]


async def test_what_comes_fast_is_one() -> None:
    (one,) = [one async for one in gathered(Source([(0, batch(n)) for n in range(9)]).batches())]
    assert [sighting.record.ref.id for sighting in one.sightings] == [str(n) for n in range(9)]
    assert (one.state, one.forget) == (b"8", BEGIN + timedelta(days=8))


async def test_what_comes_slowly_is_not_held() -> None:
    clock = asyncio.get_running_loop().time
    began, came = clock(), []
    async for one in gathered(Source([(1, batch(n)) for n in range(3)]).batches()):
        came.append((one.state, clock() - began))
    assert [state for state, _ in came] == [b"0", b"1", b"2"]
    for number, (_, at) in enumerate(came, 1):
        assert at <= number + HELD + 0.001


async def test_no_more_than_a_commit_takes() -> None:
    source = Source([(0, batch(n, MOST // 2)) for n in range(5)])
    assert await states(source) == [(b"1", MOST), (b"3", MOST), (b"4", MOST // 2)]


async def test_what_came_before_a_failure_is_given() -> None:
    source = Source([(0, batch(0)), (0, batch(1)), (0, ConnectionError("lost"))])
    got = []
    with pytest.raises(ConnectionError, match="lost"):
        async for one in gathered(source.batches()):
            got.append(one.state)
    assert got == [b"1"]
    assert source.closed


async def test_a_state_that_is_not_told_stays() -> None:
    steps: list[tuple[float, Batch | Exception]] = [(0, batch(0)), (0, Batch([]))]
    (one,) = [one async for one in gathered(Source(steps).batches())]
    assert (one.state, one.forget) == (b"0", BEGIN)


async def test_left_early_closes_the_source() -> None:
    source = Source([(0, batch(0)), (60, batch(1))])
    batches = gathered(source.batches())
    await anext(batches)
    await batches.aclose()
    assert source.closed
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_cancelled_closes_the_source() -> None:
    source = Source([(60, batch(0))])
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await states(source)
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}
