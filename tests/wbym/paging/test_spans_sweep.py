"""Sweeping one list by token in parts: once, complete, in order, resumable."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.sources import MemorySource, Traffic
from tests.wbym.paging.shop import Item
from wbym.errors import InvalidInput
from wbym.paging import Chunk, Listing, Span, SpansSweep

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
YEAR = Span(NOW - 365 * DAY, None)


class Market:
    """Records listed by token: pages of ten of a period, not in the order of time."""

    def __init__(self, count: int, seed: int = 0) -> None:
        draw = random.Random(seed)
        self.items = [Item(NOW - draw.uniform(0, 364) * DAY, f"{n:05}") for n in range(count)]
        self.traffic = Traffic()

    def part(self, span: Span) -> Listing[Item]:
        def page(token: str | None, _: int | None) -> Chunk[Item]:
            found = sorted((i for i in self.items if i.at in span), key=lambda item: item.id)
            after = [item for item in found if token is None or item.id > token][:10]
            more = after and after[-1] != found[-1]
            return Chunk(after, len(after), after[-1].id if more else None)

        return MemorySource(page, traffic=self.traffic).listing()

    def sweep(
        self, span: Span = YEAR, *, cursor: str | None = None, in_order: bool = False
    ) -> SpansSweep[Item]:
        return SpansSweep(
            self.part,
            time=lambda item: item.at,
            key=lambda item: item.id,
            method="market.sweep",
            span=span,
            max_length=100 * DAY,
            concurrency=4,
            in_order=in_order,
            cursor=cursor,
        )


async def swept(sweep: SpansSweep[Item]) -> list[Item]:
    return [item async for page in sweep.read() for item in page.items]


@pytest.mark.parametrize("in_order", [False, True])
@pytest.mark.parametrize("count", [0, 1, 900])
async def test_sweep_when_nothing_changes(count: int, in_order: bool) -> None:
    market = Market(count)
    found = await swept(market.sweep(in_order=in_order))
    assert sorted(found) == sorted(market.items)
    assert not in_order or found == sorted(found)
    assert market.traffic.max_in_flight <= (2 if in_order else 4)


async def test_sweep_when_parts_are_read_at_once() -> None:
    market = Market(900)
    await swept(market.sweep())
    assert market.traffic.max_in_flight == 4


async def test_sweep_when_records_arrive() -> None:
    market = Market(600)
    found: list[Item] = []
    arrived = 0
    async for page in market.sweep().read():
        found += page.items
        if '"stage":"parts"' in page.cursor:
            late = (arrived % 5) * timedelta(hours=1) - timedelta(seconds=arrived)
            market.items.append(Item(NOW - late, f"new{arrived:05}"))
            arrived += 1
    assert arrived > 20
    assert len(found) == len(set(found))
    assert sorted(found) == sorted(market.items)


@pytest.mark.parametrize("in_order", [False, True])
@pytest.mark.parametrize("seed", range(8))
async def test_sweep_when_resumed_from_a_cursor(seed: int, in_order: bool) -> None:
    market = Market(500, seed)
    draw = random.Random(seed)
    found: list[Item] = []
    cursor: str | None = None
    done = False
    while not done:
        reading = market.sweep(cursor=cursor, in_order=in_order).read()
        for _ in range(draw.randrange(1, 8)):
            page = await anext(reading)
            found += page.items
            cursor = page.next_cursor
            done = cursor is None
            if done:
                break
        await reading.aclose()
    assert len(found) == len(set(found)) == 500


async def test_sweep_when_the_period_ended_long_ago() -> None:
    market = Market(500)
    span = Span(NOW - 200 * DAY, NOW - 100 * DAY)
    found = await swept(market.sweep(span))
    assert sorted(found) == sorted(item for item in market.items if item.at in span)


def test_cursor_when_of_another_sweep() -> None:
    with pytest.raises(InvalidInput):
        Market(1).sweep(cursor="12")
