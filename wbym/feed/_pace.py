"""The pace of polling: that of the limits, or a faster one in tests."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["interval", "poll_at_least_every"]

_longest: float = math.inf


def interval(every: float) -> float:
    """Seconds between the starts of two rounds of a stream.

    Args:
        every: As the limits of the marketplace allow.
    """
    return min(every, _longest)


@contextmanager
def poll_at_least_every(seconds: float) -> Iterator[None]:
    """Within it, every stream of the process is polled at least every n seconds; for tests."""
    global _longest  # noqa: PLW0603 - readers are made by inboxes, far from a test
    before, _longest = _longest, seconds
    try:
        yield
    finally:
        _longest = before
