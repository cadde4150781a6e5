from __future__ import annotations

from wbym.testing import CabinetContext, Effect, Stats


class Time:
    now = 100.0


def context(time: Time | None = None) -> CabinetContext[str, str]:
    time = time or Time()
    return CabinetContext("options", stats=Stats(), now=lambda: time.now)


def test_effects_are_counted_and_kept() -> None:
    it = context()
    it.write("answer", "7", "Да")
    assert it.effects == {"answer": 1}
    assert it.written == [Effect("answer", "7", "Да", 100.0)]


def test_scheduled_changes_happen_in_the_order_of_their_times() -> None:
    time, happened = Time(), list[str]()
    it = context(time)
    it.at(103, lambda: happened.append("later"))
    it.after(2, lambda: happened.append("soon"))
    it.after(0, lambda: happened.append("at once"))
    it.at(104, lambda: happened.append("not yet"))
    time.now = 103.0
    it.tick()
    it.tick()
    assert happened == ["at once", "soon", "later"]
