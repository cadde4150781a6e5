"""Iterations that were cut off, and lists whose pages never end."""

import asyncio
import pickle
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any

import pytest

from tests.support.sources import TOKENS, MemorySource, offset_source
from wbym.errors import CursorStuck, Interrupted, PagingLimit
from wbym.paging import (
    ByOffset,
    Chunk,
    Iteration,
    Listing,
    Page,
    Stop,
    Sweep,
    SweepPlan,
    chain,
    lazy,
)

pytestmark = pytest.mark.looptime

COUNT = 35
Make = Callable[[], tuple[Listing[Any], AsyncIterator[Any]]]


def _listing(latency: float = 1.0) -> Listing[int]:
    return offset_source(list(range(COUNT)), latency=latency).listing()


async def _awaited() -> Listing[int]:
    return _listing()


LISTINGS: dict[str, Callable[[], Listing[Any]]] = {
    "listing": _listing,
    "prefetching": lambda: _listing().using(prefetch=1),
    "mapped": lambda: _listing().map(str).filter(bool),
    "of pages": lambda: _listing().map_pages(list),
    "chained": lambda: chain([("a", _listing()), ("b", _listing())], key=str),
    "lazy": lambda: lazy(_awaited),
}
WAYS: dict[str, Callable[[Listing[Any]], AsyncIterator[Any]]] = {
    "records": aiter,
    "pages": lambda listing: listing.pages(),
}


async def cut_off(items: AsyncIterator[Any]) -> None:
    """Cancel the next item while its request is under way, as ``wait_for`` does."""

    async def following() -> None:
        await anext(items)

    task = asyncio.create_task(following())
    for _ in range(20):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", LISTINGS)
@pytest.mark.parametrize("after", [0, 1])
async def test_next_when_the_one_before_timed_out(kind: str, way: str, after: int) -> None:
    listing = LISTINGS[kind]()
    items = WAYS[way](listing)
    for _ in range(after if way == "pages" else 10 * after):
        await anext(items)
    await cut_off(items)
    for _ in range(3):
        with pytest.raises(Interrupted, match="CancelledError stopped") as caught:
            await anext(items)
        assert caught.value.cursor == listing.cursor
    rest = await listing.using(cursor=listing.cursor).all()
    assert {int(one) for one in rest} >= set(range(10 * after, COUNT))


async def test_sweep_when_it_was_cancelled() -> None:
    goes_on = asyncio.Event()

    async def read() -> AsyncGenerator[Page[int], None]:
        yield Page((1, 2), "0", "1")
        await goes_on.wait()
        yield Page((3,), "1", None)

    async def make_plan() -> SweepPlan:
        return SweepPlan(3, 2)

    sweep = Sweep(read, make_plan=make_plan, requests=lambda: 0, limit=lambda: None)
    items = aiter(sweep)
    assert [await anext(items), await anext(items)] == [1, 2]
    await cut_off(items)
    with pytest.raises(Interrupted, match="from the cursor '0'"):
        await anext(items)
    goes_on.set()
    assert await sweep.all() == [1, 2, 3]


async def test_next_when_the_one_before_failed() -> None:
    source = offset_source(list(range(COUNT)))
    source.fail_at("20", PagingLimit("numbers.list", 20, COUNT))
    items = aiter(source.listing())
    got = []
    with pytest.raises(PagingLimit):
        while True:
            got.append(await anext(items))
    assert got == list(range(20))
    with pytest.raises(Interrupted, match="PagingLimit stopped"):
        await anext(items)


async def test_next_when_the_list_is_complete_or_closed() -> None:
    complete = _listing(0).records()
    assert [one async for one in complete] == list(range(COUNT))
    closed = _listing(0).records()
    await anext(closed)
    await closed.aclose()
    for items in (complete, closed):
        with pytest.raises(StopAsyncIteration):
            await anext(items)


async def test_iteration_when_used_as_a_generator() -> None:
    async def generate(stop: Stop) -> AsyncGenerator[int, None]:
        try:
            yield 1
            yield 2
        except BaseException as error:
            stop(error)
            raise

    items = Iteration("the list", generate)
    assert aiter(items) is items
    assert await items.asend(None) == 1
    with pytest.raises(KeyError):
        await items.athrow(KeyError("x"))
    with pytest.raises(Interrupted, match="KeyError"):
        await anext(items)
    await items.aclose()


def test_interrupted_when_it_has_a_cursor() -> None:
    error = Interrupted("the list", "CancelledError", "20")
    assert "from the cursor '20'" in str(error)
    assert pickle.loads(pickle.dumps(error)).cursor == "20"
    assert "from its beginning" in str(Interrupted("the list", "CancelledError"))


# Pages that never end.


def _by_token(following: Callable[[int], str], items: Callable[[int], list[object]]) -> Any:  # noqa: ANN401
    requests = 0

    def page(_: str | None, __: int | None) -> Chunk[object]:
        nonlocal requests
        requests += 1
        found = items(requests)
        return Chunk(found, len(found), following(requests))

    return MemorySource(page, scheme=TOKENS)


@pytest.mark.parametrize(
    ("following", "items", "delivered", "requests"),
    [
        # The same token, two in turn, three in turn: whatever the pages hold.
        (lambda _: "A", lambda n: [n], 2, 2),
        (lambda n: "AB"[n % 2], lambda n: [n], 3, 3),
        (lambda n: "ABC"[n % 3], lambda n: [n], 4, 4),
        # Always new tokens: one page, pages in turn, and no records.
        (str, lambda _: [1, 2], 12, 6),
        (str, lambda n: [n % 2], 7, 7),
        (str, lambda n: [n % 30], 35, 35),
        (str, lambda n: [{"id": n % 30}], 35, 35),
        (str, lambda _: [], 0, 5),
    ],
)
async def test_listing_when_its_pages_go_in_a_circle(
    following: Callable[[int], str],
    items: Callable[[int], list[object]],
    delivered: int,
    requests: int,
) -> None:
    source = _by_token(following, items)
    got = []
    with pytest.raises(CursorStuck):
        async for item in source.listing():
            got.append(item)
    assert len(got) <= delivered
    assert source.traffic.requests <= requests


@pytest.mark.parametrize("total", [None, 1, 7, 10, 11, 25, 1000])
@pytest.mark.parametrize("prefetch", [None, 8])
async def test_listing_when_a_page_is_repeated_at_each_offset(
    total: int | None, prefetch: int | None
) -> None:
    """As WB's claims, with and without their total."""
    source: MemorySource[int] = MemorySource(
        lambda _, size: Chunk(list(range(size or 0)), size or 0, total=total),
        scheme=ByOffset("limit", "offset", 10),
    )
    got = []
    listing = source.listing().using(prefetch=prefetch)
    try:
        async for item in listing:
            got.append(item)
    except CursorStuck:
        assert total != 10
    else:
        assert total == 10
    assert source.traffic.requests <= 20
    assert len(got) <= 100
