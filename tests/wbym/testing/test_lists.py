from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st

from wbym.testing import SortedKeyList


@given(st.lists(st.integers(0, 50), unique=True), st.integers(0, 50))
def test_list_when_items_appear_and_vanish(numbers: list[int], place: int) -> None:
    listed = SortedKeyList(lambda number: -number, array("I"))
    for number in numbers:
        listed.add(number)
    assert list(listed) == sorted(numbers, reverse=True)
    assert list(listed.walk(-place)) == [n for n in listed if n < place]
    assert list(listed.walk(-place, ascending=False)) == sorted(n for n in numbers if n > place)
    assert (place in listed) is (place in numbers)
    assert listed.remove(place) is (place in numbers)
    assert place not in listed
    assert not listed.remove(place)


def test_span_excludes_both_ends() -> None:
    listed = SortedKeyList(lambda number: number, [1, 3, 5, 7])
    assert listed.span(1, 7) == (1, 3)
    assert listed.span() == (0, 4)
    assert listed.span(7, 1) == (4, 4)
