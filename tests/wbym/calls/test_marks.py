"""Bounds that one test per row does not reach."""

from decimal import Decimal
from typing import Annotated

import pytest

from wbym.calls import Count, NotEmpty, Range, require
from wbym.errors import InvalidInput


@pytest.mark.parametrize(
    ("hint", "value", "rule"),
    [
        (Annotated[str, NotEmpty()], "", "text must have a visible character"),
        (Annotated[list[int], Count(2)], [1], "at least 2 values, there are 1"),
        (Decimal, Decimal("NaN"), "must be a finite Decimal"),
        (Decimal, 1.5, "must be a finite Decimal"),
        (Annotated[Decimal, Range(0)], Decimal("-0.01"), "must be at least 0"),
        (list[Annotated[int, Range(1, 5)]], [1, 6], r"text\[1\] must be from 1 to 5"),
    ],
)
def test_require_when_a_value_breaks_a_bound(hint: object, value: object, rule: str) -> None:
    with pytest.raises(InvalidInput, match=rule) as caught:
        require("shop.answer", "text", value, hint)
    assert "shop.answer" in str(caught.value)


@pytest.mark.parametrize(
    ("hint", "value"),
    [
        (Annotated[str, NotEmpty()], "x" * 10_000),
        (Annotated[list[int], Count(0)], []),
        (Annotated[Decimal, Range(0)], Decimal(0)),
        (Annotated[Decimal, Range(0)] | None, None),
    ],
)
def test_require_when_a_value_is_within(hint: object, value: object) -> None:
    require("shop.answer", "text", value, hint)
