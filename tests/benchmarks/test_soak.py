import math

import pytest

from benchmarks.soak import growth, soak
from benchmarks.soak_service import Sample


def sample(seconds: float, resident_mb: float) -> Sample:
    return Sample(seconds, resident_mb, 9, 9, 2, 0, 0, 0)


async def test_each_buyer_is_answered_once_while_everything_fails() -> None:
    soaked = await soak(3, 5, locked=0.5, full=0.5, seed=3, rate=20, confirmation_timeout=1.0)
    assert sum(one.arrived for one in soaked.outcomes) >= 60
    for outcome in soaked.outcomes:
        assert (outcome.once, outcome.lost) == (outcome.arrived, 0), outcome
        assert (outcome.twice, outcome.unasked) == (0, 0), outcome
    assert set(soaked.states) <= {"confirmed", "rejected"}
    before, after = soaked.samples[0], soaked.samples[-1]
    assert (after.descriptors, after.tasks) == (before.descriptors, before.tasks)
    assert {"drop_before", "drop_after"} <= soaked.faults.keys()


def test_growth_when_only_the_first_half_grows() -> None:
    samples = [sample(second, min(second, 50.0)) for second in range(100)]
    assert math.isclose(growth(samples, lambda one: one.resident_mb), 0.0)


def test_growth_when_memory_leaks() -> None:
    samples = [sample(second, 100 + second / 10) for second in range(101)]
    assert growth(samples, lambda one: one.resident_mb) == pytest.approx(5.0)
