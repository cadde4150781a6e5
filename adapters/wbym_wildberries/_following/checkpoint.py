"""The checkpoint in WB's feed of chat events: no clock and no calls.

An event may appear late, at a time that was already read. So reading does not always resume where
it ended: every ``MAX_DELAY`` it begins where the feed is settled, which is ``MAX_DELAY`` before the
end of the last reading of that kind, since no event can appear before that any more.
"""

from __future__ import annotations  # the API's modules are loaded at their first use

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Self

import msgspec
from msgspec.structs import replace

from wbym.feed._polling import Due

if TYPE_CHECKING:
    from wbym_wildberries.api import chats as chats_api

__all__ = ["ChatCheckpoint", "Reading"]

MAX_DELAY: Final = timedelta(minutes=10)
"""Max delay with which an event may appear; also the interval of checks for late events."""

MARGIN: Final = timedelta(hours=1)
"""How much earlier reading begins than a time that is not a cursor."""

_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00Z")
_MILLISECOND = timedelta(milliseconds=1)


class ChatCheckpoint(msgspec.Struct, frozen=True):
    """Where reading resumes; times of events in Unix milliseconds, as WB writes them."""

    next: int | None
    """The next cursor; None for the feed's beginning."""
    settled: int | None
    """No event can appear late up to this time; None if nothing is settled."""
    newest: int | None
    """The time of the newest known event; None before the first."""
    checked_at: datetime
    """When a reading last began at ``settled``, by our clock."""

    @classmethod
    def first(cls, since: datetime, now: datetime) -> Self:
        """The first checkpoint: the feed's beginning if ``since`` is not after 1970."""
        begin = _before((since - _EPOCH) // _MILLISECOND) if since > _EPOCH else None
        return cls(next=begin, settled=begin, newest=None, checked_at=now)


class Reading:
    """One reading of the feed to its end.

    Args:
        place: Where it resumes.
        now: The time by our clock.
        begins: Whether this is the first reading.
    """

    def __init__(self, place: ChatCheckpoint, now: datetime, *, begins: bool) -> None:
        checked = Due(place.checked_at.timestamp(), MAX_DELAY.total_seconds())
        self._checks = begins or checked.is_over(now)
        self.place = replace(place, checked_at=now) if self._checks else place
        """Where the next reading resumes."""
        self.cursor = place.settled if self._checks else place.next
        """The cursor of the next request; None for the feed's beginning."""
        self._retreats = 0

    def advance(self, events: Sequence[chats_api.Event], following: int | None) -> bool:
        """Advance past a page of events in order of time; False if the cursor does not move.

        Args:
            events: The page.
            following: WB's next cursor; the newest event's time by default.
        """
        last = events[-1].add_timestamp if events else None
        following = following or last
        if following is None or (self.cursor is not None and following <= self.cursor):
            return False
        place = self.place
        self.cursor = following
        self.place = replace(place, next=following, newest=_later(place.newest, last))
        if self._checks:
            settled = _later(place.settled, max(1, following - MAX_DELAY // _MILLISECOND))
            self.place = replace(self.place, settled=settled)
        return True

    def retreat(self) -> bool:
        """Go back after WB rejected the cursor; False if that is not possible.

        First to ``MARGIN`` before the newest event, then to the feed's beginning.
        """
        if self.cursor is None or self._retreats == 2:
            return False
        newest = self.place.newest if self._retreats == 0 else None
        self.cursor = None if newest is None else _before(newest)
        self._retreats = 2 if newest is None else 1
        self._checks = True
        self.place = replace(self.place, next=self.cursor, settled=self.cursor)
        return True


def _before(stamp: int) -> int:
    return max(1, stamp - MARGIN // _MILLISECOND)


def _later(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else max(one, other)
