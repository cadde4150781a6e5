"""Annotations of parameters: bounds on both sides, encodings, rules over several."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wbym.calls import (
    Count,
    FileType,
    Length,
    MaxSize,
    NotEmpty,
    Range,
    Unique,
    UnixSeconds,
    UnixSecondsCeil,
    Upload,
    at_least_one,
    exactly_one,
    in_order,
    period,
)
from wbym.calls._annotations import Encode, Rule, utc_text
from wbym.errors import InvalidInput

DAY = timedelta(days=1)
PNG = Upload("a.png", b"\x89PNG\r\n\x1a\n")


class Pair:
    def __init__(self, number: int, text: str) -> None:
        self.id, self.text = number, text


class TestBounds:
    @pytest.mark.parametrize(
        ("rule", "value", "expected"),
        [
            (Length(2, 5), "ab", None),
            (Length(2, 5), "abcde", None),
            (Length(2, 5), "a", "must have 2 to 5 characters, has 1"),
            (Length(2, 5), "abcdef", "must have 2 to 5 characters, has 6"),
            (Length(0, 5), "", None),
            (Length(0, 5), "  ", None),
            (Length(2, 5), " \n\t", "must have a visible character"),
            (Length(2, 5), "  а", None),
            (Range(1, 20), 1, None),
            (Range(1, 20), 20, None),
            (Range(1, 20), 0, "must be from 1 to 20"),
            (Range(1, 20), 21, "must be from 1 to 20"),
            (Range(1), 1, None),
            (Range(1), 10**18, None),
            (Range(1), 0, "must be at least 1"),
            (Range(max=9), 9, None),
            (Range(max=9), -5, None),
            (Range(max=9), 10, "must be at most 9"),
            (Range(0, 1), 1.5, "must be from 0 to 1"),
            (NotEmpty(), "x" * 10_000, None),
            (NotEmpty(), "", "must have a visible character"),
            (Count(2), [1], "at least 2 values, has 1"),
            (Count(1, 3), [1], None),
            (Count(1, 3), (1, 2, 3), None),
            (Count(1, 3), [], "must have 1 to 3 values, has 0"),
            (Count(1, 3), {1, 2, 3, 4}, "must have 1 to 3 values, has 4"),
            (Unique(), [1, 2], None),
            (Unique(), [], None),
            (Unique(), ["a", "b", "a"], "must not have duplicates, has 'a' twice"),
            (Unique("id"), [Pair(1, "a"), Pair(2, "a")], None),
            (Unique("id"), [Pair(1, "a"), Pair(1, "b")], "must not have duplicates, has 1"),
            (MaxSize(3), Upload("a", b"123"), None),
            (MaxSize(3), Upload("a", b""), None),
            (MaxSize(3), Upload("a", b"1234"), "must have at most 3 bytes, has 4"),
            (MaxSize(3), [Upload("a", b"12"), Upload("b", b"3")], None),
            (MaxSize(3), [Upload("a", b"12"), Upload("b", b"34")], "3 bytes in total, has 4"),
            (FileType(("image/png",)), PNG, None),
            (
                FileType(("image/png", "image/jpeg")),
                Upload("a.png", b"GIF89a"),
                "must be image/png or image/jpeg by its content",
            ),
        ],
    )
    def test_rule_when_at_its_bound(
        self,
        rule: Rule,
        value: Any,  # noqa: ANN401 - of all types
        expected: str | None,
    ) -> None:
        assert isinstance(rule, Rule)
        broken = rule.violation(value)
        assert broken is None if expected is None else expected in (broken or "")

    @given(text=st.text("aб1 \n\t", max_size=12), low=st.integers(0, 6), more=st.integers(0, 6))
    def test_length_of_any_text(self, text: str, low: int, more: int) -> None:
        fits = low <= len(text) <= low + more and not (low and not text.strip())
        assert (Length(low, low + more).violation(text) is None) == fits


def _written(hint: object, moment: datetime) -> object:
    (mark,) = [one for one in get_args(hint) if isinstance(one, Encode)]
    return mark.write(moment)


class TestTimes:
    MOMENT = datetime(2026, 5, 1, 3, 0, 0, 1, tzinfo=timezone(timedelta(hours=3)))

    def test_utc_text_when_the_zone_is_not_utc(self) -> None:
        assert utc_text(self.MOMENT) == "2026-05-01T00:00:00Z"

    def test_utc_text_when_the_year_has_fewer_than_four_digits(self) -> None:
        assert utc_text(datetime(999, 1, 2, 3, 4, 5, tzinfo=UTC)) == "0999-01-02T03:04:05Z"

    def test_unix_seconds_when_there_is_a_fraction(self) -> None:
        second = 1777593600
        assert _written(UnixSeconds, self.MOMENT) == second
        assert _written(UnixSecondsCeil, self.MOMENT) == second + 1
        whole = self.MOMENT.replace(microsecond=0)
        assert _written(UnixSeconds, whole) == _written(UnixSecondsCeil, whole) == second

    @given(st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
    def test_unix_seconds_of_any_time(self, moment: datetime) -> None:
        down, up = _written(UnixSeconds, moment), _written(UnixSecondsCeil, moment)
        assert isinstance(down, int)
        assert isinstance(up, int)
        assert up - down == (1 if moment.microsecond else 0)


class TestRulesOverSeveral:
    def test_exactly_one_when_n_are_given(self) -> None:
        rule = exactly_one("a", "b", "c")
        assert rule({"a": None, "b": 0, "c": None}) is None
        expected = ("a", "or b, c must be given, exactly one of them")
        assert rule({"a": None, "b": None, "c": None}) == expected
        assert rule({"a": 1, "b": None, "c": 2}) == expected

    def test_at_least_one_when_n_are_given(self) -> None:
        rule = at_least_one("a", "b", "c")
        assert rule({"a": None, "b": None, "c": False}) is None
        assert rule({"a": 1, "b": 2, "c": None}) is None
        assert rule({"a": None, "b": None, "c": None}) == ("a", "or b or c must be given")

    def test_order_when_ends_are_equal(self) -> None:
        rule, now = in_order("since", "until"), datetime.now(UTC)
        assert rule({"since": now, "until": now}) is None
        later = now + timedelta(microseconds=1)
        assert rule({"since": later, "until": now}) == ("since", "must not be after until")

    @pytest.mark.parametrize("missing", ["since", "until"])
    def test_order_when_an_end_is_missing(self, missing: str) -> None:
        ends: dict[str, datetime | None] = dict.fromkeys(("since", "until"), datetime.now(UTC))
        ends[missing] = None
        assert in_order("since", "until")(ends) is None

    @pytest.mark.parametrize("end", [datetime(2026, 5, 1, tzinfo=UTC), date(2026, 5, 1)])
    def test_period_when_at_its_bound(self, end: date) -> None:
        rule = period("since", "until", days=30)
        assert rule({"since": end - 30 * DAY, "until": end}) is None
        assert rule({"since": end, "until": end}) is None
        assert rule({"since": end + DAY, "until": end}) == ("since", "must not be after until")
        expected = ("since", "must be at most 30 days before until")
        assert rule({"since": end - 31 * DAY, "until": end}) == expected

    def test_period_when_an_end_is_missing(self) -> None:
        rule, now = period("since", "until", days=30), datetime.now(UTC)
        assert rule({"since": None, "until": now}) is None
        assert rule({"since": now - 29 * DAY, "until": None}) is None
        assert rule({"since": now - 31 * DAY, "until": None}) is not None
        assert rule({"since": now.date() - 30 * DAY, "until": None}) is None
        assert rule({"since": now.date() - 32 * DAY, "until": None}) is not None


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("", b"", "name must be a printable text"),
        ("a\nb", b"", "name must be a printable text"),
        (b"a.png", b"", "name must be a printable text"),
        ("a.png", "bytes", "content must be bytes"),
        ("a.png", None, "content must be bytes"),
    ],
)
def test_upload_when_invalid(name: str, content: bytes, rule: str) -> None:
    with pytest.raises(InvalidInput, match=rule):
        Upload(name, content)
