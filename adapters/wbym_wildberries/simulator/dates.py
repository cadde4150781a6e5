"""Dates in the formats of Wildberries, as bytes to be spliced into JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

MOSCOW = timezone(timedelta(hours=3))
DAY = 86_400
_MINUTES = tuple(b"T%02d:%02d:" % divmod(minute, 60) for minute in range(1440))
_SECONDS = tuple(b"%02d" % second for second in range(60))


@lru_cache(maxsize=4096)
def _date(day: int) -> bytes:
    return datetime.fromtimestamp(day * DAY, UTC).date().isoformat().encode()


def _plain(seconds: int) -> bytes:
    day, rest = divmod(seconds, DAY)
    minute, second = divmod(rest, 60)
    return _date(day) + _MINUTES[minute] + _SECONDS[second]


def moscow_time(seconds: int) -> bytes:
    """Such as `2024-09-26T10:20:48+03:00`."""
    return _plain(seconds + 10_800) + b"+03:00"


def utc_time(seconds: int) -> bytes:
    """Such as `2024-09-26T07:20:48Z`."""
    return _plain(seconds) + b"Z"


def exact_time(micros: int) -> bytes:
    """Such as `2023-12-06T11:17:00.96577Z`: zeros at the end are not written."""
    seconds, rest = divmod(micros, 1_000_000)
    fraction = (b".%06d" % rest).rstrip(b"0") if rest else b""
    return _plain(seconds) + fraction + b"Z"
