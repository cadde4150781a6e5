from __future__ import annotations

import time as real_time
from array import array

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from wbym_wildberries.simulator import WildberriesSimulator
from wbym_wildberries.simulator.data_feedbacks import feedback_store
from wbym_wildberries.simulator.dates import moscow_time, utc_time
from wbym_wildberries.simulator.record_ids import RecordIds

START = 1_790_000_000


def test_same_seed_gives_same_data() -> None:
    def pages(seed: int) -> list[bytes]:
        state = WildberriesSimulator(seed=seed, wall=lambda: float(START)).state
        shelves = (state.feedbacks.store, state.questions.store)
        return [
            *(
                shelf.page(shelf.select(processed=p), skip=0, take=99, newest_first=True)
                for shelf in shelves
                for p in (True, False)
            ),
            state.chats.listing(),
            state.chats.page(None).events,
            msgspec.json.encode(state.claims.select(archived=False)),
        ]

    assert pages(1) == pages(1)
    assert all(one != two for one, two in zip(pages(1), pages(2), strict=True))


def test_million_feedbacks_start_at_once_and_have_realistic_sizes() -> None:
    began = real_time.thread_time()
    shelf = feedback_store(count=1_000_000, seed=0, start=START, open_share=0.4)
    chosen = shelf.select(processed=True)
    page = shelf.page(chosen, skip=199_990, take=5000, newest_first=True)
    assert real_time.thread_time() - began < 5
    assert len(shelf.lists[False]) == 400_000
    rows = msgspec.json.decode(page)
    assert len({row["id"] for row in rows}) == 5000
    assert 1300 < len(page) / 5000 < 1600


def test_open_feedbacks_are_young_and_some_share_their_second() -> None:
    shelf = feedback_store(count=20_000, seed=3, start=START, open_share=0.3)
    waiting = shelf.lists[False]
    assert len(waiting) == 6000
    assert shelf.created(waiting[0]) >= START - 30 * 86_400
    dates = [shelf.created(number) for number in range(20_000)]
    assert dates == sorted(dates)
    assert len(set(dates)) < 20_000
    assert dates[-1] < START


@given(st.integers(0, 2**40), st.text(max_size=5))
def test_identifier_is_reversible(number: int, seed: str) -> None:
    ids = RecordIds(seed)
    identifier = ids.of(number).decode()
    assert len(identifier) == 20
    assert ids.number(identifier) == number
    assert ids.number(identifier[1:] + "A") != number


def test_dates_are_written_as_published() -> None:
    assert moscow_time(1_727_335_248) == b"2024-09-26T10:20:48+03:00"
    assert utc_time(1_727_335_248) == b"2024-09-26T07:20:48Z"


def test_lists_use_little_memory() -> None:
    shelf = feedback_store(count=1000, seed=0, start=START, open_share=0.4)
    assert all(isinstance(numbers, array) for numbers in shelf.lists.values())
