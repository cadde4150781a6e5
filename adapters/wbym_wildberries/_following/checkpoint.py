"""How far WB's feed of chat events is read, and where reading goes on: no clock and no calls.

An event may show up late, at a time that was read past already. So reading does not always go on
where it ended: every ``LATE`` it begins where the feed is settled, ``LATE`` before where the last
reading of that kind ended, since nothing can show up there any more.
"""

from __future__ import annotations  # the API's modules are loaded when they are first asked for

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Self

import msgspec
from msgspec.structs import replace

from wbym.feed._polling import Due

if TYPE_CHECKING:
    from wbym_wildberries.api import chats as chats_api

__all__ = ["ChatCheckpoint", "Reading"]

LATE: Final = timedelta(minutes=10)
"""By how much an event may show up late; and so often such events are looked for."""

BEFORE: Final = timedelta(hours=1)
"""How much earlier than a time that is no cursor reading begins."""

_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00Z")
_MILLISECOND = timedelta(milliseconds=1)


class ChatCheckpoint(msgspec.Struct, frozen=True):
    """Where reading goes on; times of events in Unix milliseconds, as WB writes them."""

    next: int | None
    """What WB is asked with; None for the feed's beginning."""
    settled: int | None
    """Up to here nothing can show up late any more; None where nothing is settled."""
    newest: int | None
    """When the newest event that was seen was added; None where none was."""
    checked_at: datetime
    """When reading began at ``settled`` last, by our clock."""

    @classmethod
    def first(cls, since: datetime, now: datetime) -> Self:
        """Where it begins: at the feed's own beginning if ``since`` is not after 1970."""
        begin = _before((since - _EPOCH) // _MILLISECOND) if since > _EPOCH else None
        return cls(next=begin, settled=begin, newest=None, checked_at=now)


class Reading:
    """One reading of the feed to its end.

    Args:
        place: Where it goes on.
        now: By our clock.
        begins: Whether it is the first one.
    """

    def __init__(self, place: ChatCheckpoint, now: datetime, *, begins: bool) -> None:
        checked = Due(place.checked_at.timestamp(), LATE.total_seconds())
        self._checks = begins or checked.is_over(now)
        self.place = replace(place, checked_at=now) if self._checks else place
        """Where the next reading goes on."""
        self.cursor = place.settled if self._checks else place.next
        """What WB is to be asked with; None for the feed's beginning."""
        self._retreats = 0

    def advance(self, events: Sequence[chats_api.Event], following: int | None) -> bool:
        """Take in a page of events in order of time; False if it leads nowhere.

        Args:
            events: The page.
            following: What WB says to ask with next. Without that it is the newest event's time.
        """
        last = events[-1].add_timestamp if events else None
        following = following or last
        if following is None or (self.cursor is not None and following <= self.cursor):
            return False
        place = self.place
        self.cursor = following
        self.place = replace(place, next=following, newest=_later(place.newest, last))
        if self._checks:
            settled = _later(place.settled, max(1, following - LATE // _MILLISECOND))
            self.place = replace(self.place, settled=settled)
        return True

    def retreat(self) -> bool:
        """Go back after WB refused the cursor; False if there is nowhere to go back to.

        First to ``BEFORE`` the newest event, then to the feed's beginning.
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
    return max(1, stamp - BEFORE // _MILLISECOND)


def _later(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else max(one, other)
