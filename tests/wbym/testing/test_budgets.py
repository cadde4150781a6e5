from __future__ import annotations

from dataclasses import dataclass

from wbym.testing import ParallelCap, PeriodBudget


@dataclass
class Clock:
    now: float = 50.0

    def __call__(self) -> float:
        return self.now


def test_budget_is_spent_and_renewed_in_full() -> None:
    clock = Clock()
    budget = PeriodBudget(limit=2, period=3600, clock=clock)
    assert (budget.peek().remaining, budget.peek().until) == (2, 3600)
    clock.now += 1000  # the period begins with the first request
    assert [budget.take().remaining for _ in range(2)] == [1, 0]
    clock.now += 3599
    rejected = budget.take()
    assert (rejected.allowed, rejected.remaining, rejected.until) == (False, 0, 1)
    assert not budget.peek().allowed
    clock.now += 1
    assert budget.peek().allowed
    assert budget.take().remaining == 1


def test_cap_counts_running_requests() -> None:
    cap = ParallelCap(2)
    assert [cap.enter() for _ in range(3)] == [True, True, False]
    cap.leave()
    assert cap.enter()
    assert (cap.running, cap.peak) == (2, 2)
