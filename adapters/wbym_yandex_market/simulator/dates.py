"""Dates in the formats of Market: Moscow time, UTC, calendar months, days."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta, timezone

MOSCOW = timezone(timedelta(hours=3))
HOUR = 3600
DAY = 86_400


def moscow(seconds: float) -> str:
    """Such as `2017-11-21T00:00:00+03:00`."""
    return datetime.fromtimestamp(seconds, MOSCOW).isoformat()


def utc(seconds: float) -> str:
    """Such as `2017-11-21T00:00:00.213Z`, as in notifications."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def at(seconds: float) -> datetime:
    """The time in Moscow."""
    return datetime.fromtimestamp(seconds, MOSCOW)


def months_before(moment: datetime, months: int) -> datetime:
    """The same day n months earlier, or the last day of that month."""
    year, month = divmod(moment.year * 12 + moment.month - 1 - months, 12)
    day = min(moment.day, monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def month_before(day: date) -> date:
    """The same day a month earlier, or the last day of that month."""
    return months_before(datetime(day.year, day.month, day.day, tzinfo=MOSCOW), 1).date()


def midnight(day: date) -> int:
    """Unix time of the beginning of a day in Moscow."""
    return int(datetime(day.year, day.month, day.day, tzinfo=MOSCOW).timestamp())
