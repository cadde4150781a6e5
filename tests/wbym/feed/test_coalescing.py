import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from wbym.account import Batch, Observation
from wbym.domain import Chat, Noun, Ref
from wbym.feed._coalescing import MAX_OBSERVATIONS, coalesce

pytestmark = pytest.mark.looptime

BEGIN = datetime(2026, 5, 1, tzinfo=UTC)


def batch(number: int, size: int = 1) -> Batch:
    observation = Observation(Chat(ref=Ref("toy", "shop", Noun.CHAT, str(number))), BEGIN)
    return Batch([observation] * size, str(number).encode(), BEGIN + timedelta(days=number))


class Source:
    """Batches, each after a delay in seconds."""

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


async def given_to(
    source: Source, *, seconds: float = 0.0
) -> list[tuple[bytes | None, int, float]]:
    """State, size and time of each batch, for a consumer that takes ``seconds`` per batch."""
    clock = asyncio.get_running_loop().time
    began = clock()
    got = []
    async for one in coalesce(source.batches()):
        got.append((one.state, len(one.observations), clock() - began))
        await asyncio.sleep(seconds)
    return got


async def test_batches_that_arrive_meanwhile_are_merged() -> None:
    source = Source([(0.1, batch(n)) for n in range(9)])
    assert [(state, size) for state, size, _ in await given_to(source, seconds=0.34)] == [
        (b"0", 1),
        (b"3", 3),
        (b"6", 3),
        (b"8", 2),
    ]


async def test_merged_batches_keep_order_and_retention_horizon() -> None:
    given: list[Batch] = []
    async for one in coalesce(Source([(0, batch(n)) for n in range(9)]).batches()):
        given.append(one)
        await asyncio.sleep(1)
    ids = [observation.record.ref.id for one in given for observation in one.observations]
    assert ids == [str(n) for n in range(9)]
    assert (given[-1].state, given[-1].forget_before) == (b"8", BEGIN + timedelta(days=8))


async def test_no_batch_is_delayed() -> None:
    got = await given_to(Source([(1, batch(n)) for n in range(3)]))
    assert [state for state, _, _ in got] == [b"0", b"1", b"2"]
    assert [at for _, _, at in got] == pytest.approx([1, 2, 3], abs=0.001)


async def test_prefetched_batches_are_bounded() -> None:
    source = Source([(0, batch(n, MAX_OBSERVATIONS // 2)) for n in range(7)])
    sizes = [size for _, size, _ in await given_to(source, seconds=1)]
    assert sum(sizes) == 7 * MAX_OBSERVATIONS // 2
    assert max(sizes) == MAX_OBSERVATIONS


async def test_batches_before_a_failure_are_yielded() -> None:
    source = Source([(0, batch(0)), (0, batch(1)), (0, ConnectionError("lost"))])
    got = []
    with pytest.raises(ConnectionError, match="lost"):
        async for one in coalesce(source.batches()):
            got.append(one.state)
            await asyncio.sleep(1)
    assert got[-1] == b"1"
    assert source.closed


async def test_state_is_kept_when_a_batch_has_none() -> None:
    steps: list[tuple[float, Batch | Exception]] = [(0, batch(0)), (0, Batch([]))]
    got = []
    async for one in coalesce(Source([(0, batch(9)), *steps]).batches()):
        got.append((one.state, one.forget_before))
        await asyncio.sleep(1)
    assert got[-1] == (b"0", BEGIN)


async def test_source_is_closed_when_left_early() -> None:
    source = Source([(0, batch(0)), (60, batch(1))])
    batches = coalesce(source.batches())
    await anext(batches)
    await batches.aclose()
    assert source.closed
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_source_is_closed_when_cancelled() -> None:
    source = Source([(60, batch(0))])
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await given_to(source)
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}
