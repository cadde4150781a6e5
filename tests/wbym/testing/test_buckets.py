from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from wbym.testing import TokenBucket


@dataclass
class Clock:
    now: float = 50.0

    def __call__(self) -> float:
        return self.now


def test_full_bucket_allows_its_burst_and_reports_the_remainder() -> None:
    bucket = TokenBucket(burst=3, interval=2.0, clock=Clock())
    assert [bucket.take().remaining for _ in range(3)] == [2, 1, 0]
    rejected = bucket.take()
    assert (rejected.allowed, rejected.retry, rejected.reset) == (False, 2, 6)


def test_rejection_lasts_until_its_second_and_is_not_extended() -> None:
    clock = Clock()
    bucket = TokenBucket(burst=1, interval=0.4, clock=clock)
    bucket.take()
    assert bucket.take().retry == 1
    clock.now += 0.7
    assert not bucket.take().allowed
    assert bucket.peek() == 0
    clock.now += 0.3
    assert bucket.take().allowed


def test_ban_lasts_the_requested_time() -> None:
    clock = Clock()
    bucket = TokenBucket(burst=1, interval=1.0, clock=clock, ban=100)
    bucket.take()
    assert bucket.take().retry == 100
    clock.now += 99.5
    assert bucket.take().retry == 1


@given(
    st.integers(1, 20),
    st.floats(0.01, 10),
    st.lists(st.floats(0, 5), min_size=1, max_size=60),
)
def test_never_allows_more_than_burst_and_refill(
    burst: int, interval: float, gaps: list[float]
) -> None:
    clock = Clock()
    bucket = TokenBucket(burst=burst, interval=interval, clock=clock)
    allowed = 0
    for gap in gaps:
        clock.now += gap
        allowed += bucket.take().allowed
    assert allowed <= burst + (clock.now - 50.0) / interval + 1e-6


@given(st.integers(1, 50), st.floats(0.01, 100))
def test_evenly_spaced_requests_are_never_rejected(burst: int, interval: float) -> None:
    clock = Clock()
    bucket = TokenBucket(burst=burst, interval=interval, clock=clock)
    for _ in range(burst + 200):
        assert bucket.take().allowed
        clock.now += interval
