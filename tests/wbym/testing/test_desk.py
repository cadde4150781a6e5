from __future__ import annotations

from collections import Counter

from wbym.testing.desk import Desk, Written


class Time:
    now = 100.0


def desk() -> Desk[str, str]:
    return Desk("options", effects=Counter(), ignored=Counter(), now=lambda: Time.now)


def test_what_was_done_is_counted_and_kept() -> None:
    it = desk()
    it.write("answer", "7", "Да")
    assert it.effects == {"answer": 1}
    assert it.written == [Written("answer", "7", "Да", 100.0)]


def test_what_is_due_happens_in_the_order_of_its_times() -> None:
    it, happened = desk(), list[str]()
    it.at(103, lambda: happened.append("later"))
    it.after(2, lambda: happened.append("soon"))
    it.after(0, lambda: happened.append("at once"))
    it.at(104, lambda: happened.append("not yet"))
    Time.now = 103.0
    it.tick()
    it.tick()
    assert happened == ["at once", "soon", "later"]
    Time.now = 100.0
