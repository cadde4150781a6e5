"""Sweeps of records that a marketplace keeps in two lists: waiting for the seller, and done.

Records move from the first list to the second while both are read, and neither list can be read at
once. So for each interval of time the waiting records are read before the done ones: a record that
is in neither does not exist. A record found in both is delivered in its done state. At the end the
last day is read again, for records that appeared late or since the sweep began.
"""

from bisect import bisect_left
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Final, Generic, Literal, Protocol, TypeAlias, TypeVar

import msgspec

from wbym.domain import UndecodableRecord
from wbym.paging._cursors import Cursor
from wbym.paging._listing import Listing, Page, without_impossible_times
from wbym.paging._packed import Packed
from wbym.paging._parts import Span, stamp, unstamp
from wbym.paging._timeline import second_of

__all__ = ["ListsSweep", "ReadSpan"]

T = TypeVar("T")

MAX_BUFFERED = 100_000
"""Maximum waiting records that are kept, packed, until the done ones of their time are read."""

UNPACK_SIZE = 5_000
"""Waiting records unpacked at once."""

LATE = timedelta(days=1)
"""How late a record may appear in the lists and still be found; hours have been observed."""

Stage: TypeAlias = Literal["lists", "closing", "archive", "over"]


class ReadSpan(Protocol[T]):
    """Creates the listing of a period by time; see ``by_time``."""

    def __call__(self, span: Span, expected: int | None, /) -> Listing[T]:
        """The listing; ``expected`` is the marketplace's count of its records."""
        ...


class _State(msgspec.Struct, frozen=True):
    """The state of a sweep, encoded in its cursors."""

    begun: int
    """Start of the sweep, Unix microseconds."""
    at: int
    """Unix microseconds: all listed records before this second were delivered."""
    ids: tuple[str, ...] = ()
    """Ids of delivered records of that second and later."""
    recent: tuple[str, ...] = ()
    """Ids of delivered records of the last day before the sweep began, and later."""
    stage: Stage = "lists"
    archive: str | None = None
    """The cursor of the archive."""


Step: TypeAlias = tuple[Sequence[T], _State, tuple[UndecodableRecord, ...]]
"""Records, the state after them, and the undecodable records among them."""


class ListsSweep(Generic[T]):
    """One sweep of two lists.

    The records come in order of time, each once. Records that appeared late come after them, and
    then those that only the archive has, newest first. The last page is empty.

    Args:
        waiting: Creates the listing of the waiting records.
        done: Creates the listing of the done records.
        record: The type of a record, for msgspec.
        time: The creation time of a record.
        key: The id of a record.
        method: The sweep's name, for errors.
        span: The period.
        cursor: A page's ``cursor`` or ``next_cursor`` to resume from.

    Raises:
        InvalidInput: ``cursor`` is not a cursor of a sweep.
    """

    def __init__(
        self,
        *,
        waiting: ReadSpan[T],
        done: ReadSpan[T],
        record: type[T],
        time: Callable[[T], datetime],
        key: Callable[[T], str],
        method: str,
        span: Span,
        cursor: str | None,
    ) -> None:
        self._waiting = waiting
        self._done = done
        self._record = record
        self.time = time
        self.key = key
        self._span = span
        self._begin = _State(stamp(datetime.now(UTC)), stamp(second_of(span.since)))
        if cursor:
            self._begin = _STATES.read(method, cursor)

    @property
    def rest(self) -> Span:
        """The unread part of the period."""
        return self._from(unstamp(self._begin.at))

    @property
    def recent(self) -> Span | None:
        """The last day, which is read again at the end; None if the period ended before it."""
        span = self._from(second_of(unstamp(self._begin.begun) - LATE))
        return span if span.until is None or span.since < span.until else None

    async def read(
        self, counted: tuple[int, int] | None, archive: Listing[T] | None
    ) -> AsyncGenerator[Page[T], None]:
        """Read the pages.

        Args:
            counted: The marketplace's counts of records in :attr:`rest`: waiting, and done.
            archive: The archive, newest first, if it has records that are in neither list. It
                cannot be filtered by period, so the ids of all delivered records are kept; after a
                stop they are unknown, and records that have moved to the archive may come again.
        """
        delivered = _Delivered(self, self._begin.recent, keep=archive is not None)
        state = self._begin
        stages: list[Callable[[_State], AsyncGenerator[Step[T], None]]] = [
            lambda state: self._in_time(state, counted, delivered),
            lambda state: self._again(state, delivered),
            lambda state: self._archived(state, archive, delivered),
        ]
        here = _STATES.text(state)
        for stage in stages[_STAGES.index(state.stage) :]:
            async with aclosing(stage(state)) as steps:
                async for items, state, undecodable in steps:
                    following = _STATES.text(state)
                    yield Page(items, here, following, None, undecodable)
                    here = following
                    del items
        yield Page((), here, None)

    async def _in_time(
        self, state: _State, counted: tuple[int, int] | None, delivered: "_Delivered[T]"
    ) -> AsyncGenerator[Step[T], None]:
        """Read both lists, merged in order of time, interval by interval."""
        expected = counted or (None, None)
        while True:
            waiting, end, undecodable = await self._gather(state, expected[0])
            span = Span(self._from(unstamp(state.at)).since, end or self._span.until)
            listing = self._done(span, None if end else expected[1])
            expected = (None, None)
            known = set(state.ids)  # may come again: delivered before a stop, or while waiting
            async with aclosing(listing.pages()) as pages:
                async for page in pages:
                    undecodable += page.undecodable
                    done = self._without(page.items, known)
                    bound = second_of(self.time(done[-1])) if done else unstamp(state.at)
                    for items, upto in self._merged(waiting, done, bound, known):
                        state = delivered.note(state, items, upto)
                        known.update(state.ids)
                        yield items, state, undecodable
                        undecodable = ()
                        del items
                    del page, done
            for items, upto in self._merged(waiting, [], end, known):
                state = delivered.note(state, items, upto)
                yield items, state, undecodable
                undecodable = ()
                del items
            if end is None:
                yield (), msgspec.structs.replace(state, stage="closing"), undecodable
                return

    def _merged(
        self, waiting: Packed[T], done: list[T], bound: datetime | None, known: set[str]
    ) -> Iterator[tuple[Sequence[T], datetime]]:
        """The done records, merged with the waiting ones older than the bound, in pages.

        Each page comes with the time before which all of these records are delivered; the waiting
        records are added to ``known``.
        """
        gone = known.union(map(self.key, done))
        while True:
            older = waiting.take(bound, UNPACK_SIZE)
            last = len(older) < UNPACK_SIZE
            upto = second_of(self.time(older[-1])) if older else None
            if last:
                upto = bound or upto
            older = self._without(older, gone)
            known.update(map(self.key, older))
            count = len(done)
            if not last and upto is not None:
                count = bisect_left(done, upto, key=self.time)
            items = sorted([*older, *done[:count]], key=self.time) if older else done[:count]
            done = done[count:]
            if upto is not None:
                yield items, upto
            del older, items
            if last:
                return

    async def _gather(
        self, state: _State, expected: int | None
    ) -> tuple[Packed[T], datetime | None, tuple[UndecodableRecord, ...]]:
        """Read the waiting records, up to ``MAX_BUFFERED``; returns their end if there are more."""
        begin = unstamp(state.at)
        known = set(state.ids)
        held = Packed(self._record, self.time)
        count = 0
        undecodable: tuple[UndecodableRecord, ...] = ()
        async with aclosing(self._waiting(self._from(begin), expected).pages()) as pages:
            async for page in pages:
                items = sorted(self._without(page.items, known), key=self.time)
                undecodable += page.undecodable
                count += len(items)
                if count >= MAX_BUFFERED and items and page.next_cursor is not None:
                    end = second_of(self.time(items[-1]))
                    if end > begin:
                        held.add([item for item in items if self.time(item) < end])
                        return held, end, undecodable
                held.add(items)
        return held, None, undecodable

    async def _again(
        self, state: _State, delivered: "_Delivered[T]"
    ) -> AsyncGenerator[Step[T], None]:
        """Read the last day again, for records that appeared since it was read."""
        span = self.recent
        if span is not None:
            # With 0 expected records, a short page is the end.
            waiting = await self._waiting(span, 0).all()
            async with aclosing(self._done(span, 0).pages()) as pages:
                async for page in pages:
                    fresh = self._without(page.items, delivered.recent)
                    state = delivered.note(state, fresh)
                    yield fresh, state, page.undecodable
            fresh = self._without(waiting, delivered.recent)
            state = delivered.note(state, fresh)
            yield fresh, msgspec.structs.replace(state, stage="archive"), ()

    async def _archived(
        self,
        state: _State,
        archive: Listing[T] | None,
        delivered: "_Delivered[T]",
    ) -> AsyncGenerator[Step[T], None]:
        """Read the records that only the archive has."""
        if archive is None:
            return
        state = msgspec.structs.replace(state, stage="archive")
        async with aclosing(archive.using(cursor=state.archive).pages()) as pages:
            async for sent in pages:
                page = without_impossible_times(sent, self.time)
                fresh = self._without(page.items, delivered.ids or set())
                fresh = [item for item in fresh if self.time(item) in self._span]
                older = bool(page.items) and self.time(page.items[-1]) < self._span.since
                over = older or page.next_cursor is None
                state = msgspec.structs.replace(
                    state, archive=page.next_cursor, stage="over" if over else "archive"
                )
                yield fresh, state, page.undecodable
                if over:
                    return

    def _without(self, items: Iterable[T], known: set[str]) -> list[T]:
        return [item for item in items if self.key(item) not in known]

    def _from(self, moment: datetime) -> Span:
        return Span(max(self._span.since, moment), self._span.until)


class _Delivered(Generic[T]):
    """The ids of delivered records, which must not come twice."""

    def __init__(self, sweep: ListsSweep[T], recent: Iterable[str], *, keep: bool) -> None:
        self._sweep = sweep
        self.recent = set(recent)
        """Ids of records of the last day before the sweep began, and later."""
        self.ids: set[str] | None = set() if keep else None
        """All ids, if they are kept."""

    def note(self, state: _State, items: Sequence[T], bound: datetime | None = None) -> _State:
        """Add delivered records; returns the state after them, at ``bound`` if given."""
        key, time = self._sweep.key, self._sweep.time
        if self.ids is not None:
            self.ids.update(map(key, items))
        recent = state.recent
        span = self._sweep.recent
        if span is not None and items and time(items[-1]) >= span.since:
            new = [key(item) for item in items if time(item) >= span.since]
            self.recent.update(new)
            recent += tuple(new)
        at, ids = state.at, state.ids
        if bound is not None and stamp(bound) > at:
            at, ids = stamp(bound), ()
        second = unstamp(at)
        ids += tuple(key(item) for item in items if time(item) >= second)
        return msgspec.structs.replace(state, at=at, ids=ids, recent=recent)


_STAGES: Final[tuple[Stage, ...]] = ("lists", "closing", "archive", "over")
_STATES = Cursor(_State)
