"""Numbers and times in headers; what is not one is None, never an error."""

import math
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Final

__all__ = ["header_number", "header_time", "retry_after"]

_MAX: Final = 1e9
"""No limit, budget or wait in seconds is larger; what is, is not one."""


def header_number(text: str | None, *, max_value: float = _MAX) -> float | None:
    """A count or a number of seconds; None if it is not a sensible one, as a negative one.

    Args:
        text: The header's value; None if it is absent.
        max_value: The largest sensible number.
    """
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and 0 <= number <= max_value else None


@lru_cache(maxsize=256)
def header_time(text: str | None) -> float | None:
    """An RFC 5322 date as Unix seconds, without a zone as GMT; None if it is not one."""
    if not text:
        return None
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, LookupError, OverflowError):
        return None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that ``Retry-After`` states, as a number or, beside a ``Date``, as a date."""
    text = headers.get("retry-after")
    seconds = header_number(text)
    end, sent = header_time(text), header_time(headers.get("date"))
    if seconds is not None or end is None or sent is None:
        return seconds
    return max(0.0, end - sent)
