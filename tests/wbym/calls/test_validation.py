"""Arguments are checked against their annotations; errors name the place."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wbym.calls import Count, Each, Length, Range, Upload, require
from wbym.calls._validation import RuleViolation, validator_of
from wbym.errors import InvalidInput

NOW = datetime.now(UTC)
NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001 - the invalid value


class Colour(Enum):
    RED = "red"


class Word(StrEnum):
    """A string, which is a collection."""

    RED = "red"


class Stock(msgspec.Struct):
    sku: str
    amount: Annotated[int, Range(0, 100)] = 0


class Node(msgspec.Struct):
    """A struct with fields of its own type."""

    stocks: Annotated[list[Stock], Count(1, 5)]
    below: "Node | None" = None
    at: datetime | None = None


def broken(hint: object, value: object) -> tuple[str, str] | None:
    """The place of an invalid value, and the broken rule."""
    try:
        validator_of(hint)(value)
    except RuleViolation as error:
        return error.path, error.rule
    return None


class Markup(str):
    """A str subclass of template engines, which msgspec does not encode."""

    __slots__ = ()


GOOD: list[tuple[object, object]] = [
    (str, ""),
    (str, "Привет 👋"),
    (str, Word.RED),
    (int, -5),
    (int, 2**63 - 1),
    (int, -(2**63)),
    (float, 10**30),
    (bool, False),
    (float, 1),
    (float, -0.5),
    (datetime, NOW),
    (date, NOW.date()),
    (Decimal, Decimal("1.5")),
    (Upload, Upload("a", b"")),
    (Colour, Colour.RED),
    (Word, Word.RED),
    (Literal["a", 1], 1),
    (int | None, None),
    (Annotated[int, Range(1)] | None, None),
    (Annotated[int | None, Range(1)], None),
    (Annotated[Decimal, Range(0)], Decimal(0)),
    (int | str, "a"),
    (int | str, 1),
    (Collection[int], []),
    (Collection[int], {1, 2}),
    (Collection[int], range(3)),
    (Sequence[str], ("a",)),
    (list[int], [1]),
    (Collection[Annotated[int, Range(1)]], [1]),
    (Annotated[Collection[str], Each(Length(1, 2))], ["a", "ab"]),
    (Any, object()),
    (Mapping[str, int], {"a": 1}),
    (Stock, Stock("a", 100)),
    (Node, Node([Stock("a")], Node([Stock("b")]))),
]

BAD: list[tuple[object, object, str, str]] = [
    (str, 5, "", "must be a text"),
    (str, b"a", "", "must be a text"),
    (str, None, "", "must be a text"),
    (str, "a\ud83d", "", "must not have a lone surrogate"),
    (str, Markup("a"), "", "must be a plain str"),
    (int, True, "", "must be an integer"),
    (int, 1.0, "", "must be an integer"),
    (int, "1", "", "must be an integer"),
    (int, None, "", "must be an integer"),
    (int, 2**63, "", "must be a 64-bit integer"),
    (int, -(2**63) - 1, "", "must be a 64-bit integer"),
    (int, 10**400, "", "must be a 64-bit integer"),
    (float, 10**400, "", "must be a finite number"),
    (float, -(10**400), "", "must be a finite number"),
    (bool, 1, "", "must be True or False"),
    (bool, None, "", "must be True or False"),
    (float, True, "", "must be a finite number"),
    (float, "1", "", "must be a finite number"),
    (float, float("nan"), "", "must be a finite number"),
    (float, float("inf"), "", "must be a finite number"),
    (float, -float("inf"), "", "must be a finite number"),
    (datetime, NAIVE, "", "must be aware, with a time zone"),
    (datetime, NOW.date(), "", "must be a datetime"),
    (datetime, "2026-01-01", "", "must be a datetime"),
    (
        datetime,
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-5))),
        "",
        "must be a time that exists in UTC",
    ),
    (date, NOW, "", "must be a date"),
    (date, "2026-01-01", "", "must be a date"),
    (Decimal, 1.5, "", "must be a finite Decimal"),
    (Decimal, Decimal("NaN"), "", "must be a finite Decimal"),
    (Annotated[Decimal, Range(0)], Decimal("-0.01"), "", "must be at least 0"),
    (Colour, "red", "", "must be one of Colour"),
    (Word, "red", "", "must be one of Word"),
    (Upload, b"a", "", "must be of type Upload"),
    (Literal["a", "b"], "c", "", "must be one of 'a', 'b'"),
    (Literal["a", "b"], None, "", "must be one of 'a', 'b'"),
    (Literal[1, 2], True, "", "must be one of 1, 2"),
    (Literal[1, 2], 1.0, "", "must be one of 1, 2"),
    (int | None, "a", "", "must be an integer"),
    (int | str, 1.5, "", "must be a text"),
    (Collection[str], "abc", "", "must be a collection, such as a list"),
    (Collection[int], b"abc", "", "must be a collection, such as a list"),
    (Collection[str], {"a": 1}, "", "must be a collection, such as a list"),
    (Collection[int], iter([1]), "", "must be a collection, such as a list"),
    (Collection[int], 5, "", "must be a collection, such as a list"),
    (Collection[int], [1, "2"], "[1]", "must be an integer"),
    (Collection[Annotated[int, Range(1)]], [1, 0], "[1]", "must be at least 1"),
    (Annotated[Collection[str], Each(Length(1, 2))], ["a", ""], "[1]", "1 to 2 characters"),
    (Annotated[Collection[int], Count(1, 2)], [], "", "must have 1 to 2 values"),
    (Annotated[int, Range(1)] | None, 0, "", "must be at least 1"),
    (Stock, {"sku": "a"}, "", "must be of type Stock"),
    (Stock, Node([Stock("a")]), "", "must be of type Stock"),
    (Stock, Stock("a", 101), ".amount", "must be from 0 to 100"),
    (Stock, Stock("a", -1), ".amount", "must be from 0 to 100"),
    (Stock, Stock("\ud83d"), ".sku", "lone surrogate"),
    (Node, Node([]), ".stocks", "must have 1 to 5 values"),
    (Node, Node([Stock("a"), Stock("b", 101)]), ".stocks[1].amount", "from 0 to 100"),
    (Node, Node([Stock("a")], Node([Stock("b", -1)])), ".below.stocks[0].amount", "from 0"),
    (Node, Node([Stock("a")], at=NAIVE), ".at", "must be aware"),
    (Collection[Stock], [Stock("a"), Stock("a"), Stock("a", 101)], "[2].amount", "from 0 to 100"),
    (Collection[Stock], [Stock(True)], "[0].sku", "must be a text"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("hint", "value"), GOOD)
def test_check_when_the_value_fits(hint: object, value: object) -> None:
    assert broken(hint, value) is None


@pytest.mark.parametrize(("hint", "value", "path", "rule"), BAD)
def test_check_when_the_value_is_invalid(hint: object, value: object, path: str, rule: str) -> None:
    found = broken(hint, value)
    assert found is not None
    assert found[0] == path
    assert rule in found[1]


def test_check_when_reused() -> None:
    check = validator_of(Node)
    for _ in range(2):
        check(Node([Stock("a")]))
        with pytest.raises(RuleViolation):
            check(Node([Stock("a", 101)]))


@given(st.text(st.characters()))
def test_any_text(text: str) -> None:
    assert (broken(str, text) is None) == (not any(0xD800 <= ord(c) < 0xE000 for c in text))


@given(st.floats())
def test_any_number(number: float) -> None:
    assert (broken(float, number) is None) == (abs(number) < float("inf"))


@given(st.datetimes(timezones=st.timezones()))
def test_moment_in_any_zone(moment: datetime) -> None:
    found = broken(datetime, moment)
    assert found is None or found[1] == "must be a time that exists in UTC"


@pytest.mark.parametrize(
    ("value", "hint", "shown"),
    [
        (10**5000, int, "got a value of type int, too long to show"),
        ([10**5000, 1], Annotated[Collection[object], Count(5)], "got a value of type list, too"),
        (10**400, float, "got 1000"),
    ],
    ids=["too long", "too long inside", "long"],
)
def test_error_when_the_number_is_huge(value: object, hint: object, shown: str) -> None:
    with pytest.raises(InvalidInput, match=f"shop.find: what must .*; {shown}"):
        require("shop.find", "what", value, hint)
