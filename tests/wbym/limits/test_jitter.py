import pytest
from hypothesis import given
from hypothesis import strategies as st

from wbym.limits._buckets import Spread


class TestSpread:
    def test_spread_is_zero_when_there_are_fewer_than_two_samples(self) -> None:
        spread = Spread()
        assert spread.seen == spread.likely == 0
        spread.add(0.8)
        assert spread.seen == spread.likely == 0

    def test_spread_is_zero_when_samples_are_equal(self) -> None:
        spread = Spread()
        for _ in range(200):
            spread.add(0.8)
        assert spread.seen == spread.likely == 0

    def test_likely_spread_exceeds_the_observed_one_when_samples_are_few(self) -> None:
        spread = Spread()
        spread.add(0.1)
        spread.add(0.2)
        assert spread.seen == pytest.approx(0.1)
        assert spread.likely == pytest.approx(0.3)

    def test_outlier_is_dropped_after_128_samples(self) -> None:
        spread = Spread()
        spread.add(5)
        for _ in range(128):
            spread.add(1)
        assert spread.seen == 0

    @given(st.lists(st.floats(0, 10), min_size=64, max_size=300))
    def test_spread_covers_the_last_64_when_there_are_more(self, samples: list[float]) -> None:
        spread = Spread()
        for sample in samples:
            spread.add(sample)
        recent, remembered = samples[-64:], samples[-128:]
        assert max(recent) - min(recent) <= spread.seen <= max(remembered) - min(remembered)
        assert spread.likely == spread.seen

    @given(st.lists(st.sampled_from([1.0, 2.0, 3.0, 4.0]), max_size=300))
    def test_add_returns_whether_the_likely_spread_changed(self, samples: list[float]) -> None:
        spread = Spread()
        for sample in samples:
            before = spread.likely
            changed = spread.add(sample)
            assert changed or spread.likely == before
