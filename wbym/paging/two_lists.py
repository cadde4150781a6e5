"""Sweeping what a marketplace keeps in two lists: what waits for the seller, and what is done.

Records leave the first list for the second while both are read, and no list can be seen as a whole.
So for each stretch of time, what waits is read before what is done: a record that is in neither
look does not exist. What is found in both comes as it is in the second. At the end the last day is
looked at again, for what has appeared late or since the sweep began.
"""

from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Final, Generic, Literal, Protocol, TypeAlias, TypeVar

import msgspec

from wbym.errors import InvalidInput, SetAside
from wbym.paging.listing import Listing, Page
from wbym.paging.parts import EPOCH, TICK, Span
from wbym.paging.timeline import second_of

__all__ = ["ListsSweep", "ReadSpan"]

T = TypeVar("T")

HELD = 20_000
"""Waiting records that are held in memory until the done ones of their time are read."""

LATE = timedelta(days=1)
"""How late a record may appear in the lists and still be found; hours have been seen."""

Stage: TypeAlias = Literal["lists", "closing", "archive"]


class ReadSpan(Protocol[T]):
    """Makes the listing of a period by time; see ``by_time``."""

    def __call__(self, span: Span, expected: int | None, /) -> Listing[T]:
        """The listing; ``expected`` is how many records the marketplace counts in it."""
        ...


class _State(msgspec.Struct, frozen=True):
    """How far a sweep is: what its cursors are made of."""

    begun: int
    """Microseconds."""
    at: int
    """All that the lists have of the time before was delivered; microseconds."""
    ids: tuple[str, ...] = ()
    """What was delivered of that second and later."""
    recent: tuple[str, ...] = ()
    """What was delivered of the last day before the sweep began, and later."""
    stage: Stage = "lists"
    archive: str | None = None
    """How far the archive is read."""


Step: TypeAlias = tuple[Sequence[T], _State, tuple[SetAside, ...]]
"""Records, how far the sweep is after them, and what could not be decoded on the way."""


class ListsSweep(Generic[T]):
    """One reading of two lists.

    The records come in order of time, each once. What appeared late comes after them, and then what
    only the archive has, newest first. The last page is empty.

    Args:
        waiting: Reads what waits.
        done: Reads what is done.
        time: When a record was made.
        key: A record's id.
        method: The sweep's name, for errors.
        span: The period.
        cursor: Where to go on: a page's ``cursor`` or ``next_cursor``.

    Raises:
        InvalidInput: It is no cursor of a sweep.
    """

    def __init__(
        self,
        *,
        waiting: ReadSpan[T],
        done: ReadSpan[T],
        time: Callable[[T], datetime],
        key: Callable[[T], str],
        method: str,
        span: Span,
        cursor: str | None,
    ) -> None:
        self._waiting = waiting
        self._done = done
        self.time = time
        self.key = key
        self._span = span
        self._begin = _State(_stamp(datetime.now(UTC)), _stamp(second_of(span.since)))
        if cursor:
            try:
                self._begin = _STATES.decode(cursor)
            except msgspec.DecodeError:
                rule = "must be a cursor of this sweep"
                raise InvalidInput(method, "cursor", rule, cursor) from None

    @property
    def rest(self) -> Span:
        """The part of the period that is still to be read."""
        return self._from(_moment(self._begin.at))

    @property
    def recent(self) -> Span | None:
        """What is looked at again at the end; None where the period ended before."""
        span = self._from(second_of(_moment(self._begin.begun) - LATE))
        return span if span.until is None or span.since < span.until else None

    async def read(
        self, counted: tuple[int, int] | None, archive: Callable[[str | None], Listing[T]] | None
    ) -> AsyncGenerator[Page[T], None]:
        """The pages.

        Args:
            counted: How many records the marketplace counts in :attr:`rest`: waiting, and done.
            archive: Reads the archive from a cursor on, newest first, where it has records that are
                in neither list. It has no periods, so the ids of all that is delivered are kept
                then; after a stop they are not known, and what has moved to it may come again.
        """
        delivered = _Delivered(self, self._begin.recent, keep=archive is not None)
        state = self._begin
        stages: list[Callable[[_State], AsyncGenerator[Step[T], None]]] = [
            lambda state: self._in_time(state, counted, delivered),
            lambda state: self._again(state, delivered),
            lambda state: self._archived(state, archive, delivered),
        ]
        here = _text(state)
        for stage in stages[_STAGES.index(state.stage) :]:
            async with aclosing(stage(state)) as steps:
                async for items, state, aside in steps:
                    following = _text(state)
                    yield Page(items, here, following, None, aside)
                    here = following
                    del items
        yield Page((), here, None)

    async def _in_time(
        self, state: _State, counted: tuple[int, int] | None, delivered: "_Delivered[T]"
    ) -> AsyncGenerator[Step[T], None]:
        """Both lists, merged in order of time, a stretch after the other."""
        expected = counted or (None, None)
        while True:
            waiting, end, aside = await self._gather(state, expected[0])
            span = Span(self._from(_moment(state.at)).since, end or self._span.until)
            listing = self._done(span, None if end else expected[1])
            expected = (None, None)
            known = set(state.ids)  # what may come again: from before a stop, or when it is done
            async with aclosing(listing.pages()) as pages:
                async for page in pages:
                    done = self._without(page.items, known)
                    bound = second_of(self.time(done[-1])) if done else _moment(state.at)
                    older = []
                    if waiting and self.time(waiting[0]) < bound:
                        older = self._older(waiting, bound, known.union(map(self.key, done)))
                    known.update(map(self.key, older))
                    items = sorted([*older, *done], key=self.time) if older else done
                    state = delivered.note(state, items, bound)
                    known.update(state.ids)
                    yield items, state, (*aside, *page.set_aside)
                    aside = ()
                    del page, done, items
            items = self._without(waiting, known)
            bound = end or (second_of(self.time(items[-1])) if items else _moment(state.at))
            state = delivered.note(state, items, bound)
            if end is None:
                state = msgspec.structs.replace(state, stage="closing")
            yield items, state, aside
            if end is None:
                return

    async def _gather(
        self, state: _State, expected: int | None
    ) -> tuple[deque[T], datetime | None, tuple[SetAside, ...]]:
        """What waits, up to as many as may be held, and where that ends if there is more."""
        begin, end = _moment(state.at), None
        held: list[T] = []
        aside: tuple[SetAside, ...] = ()
        async with aclosing(self._waiting(self._from(begin), expected).pages()) as pages:
            async for page in pages:
                held += page.items
                aside += page.set_aside
                if len(held) >= HELD and second_of(self.time(held[-1])) > begin:
                    end = second_of(self.time(held[-1]))
                    break
        known = set(state.ids)
        held = [
            item
            for item in sorted(held, key=self.time)
            if self.key(item) not in known and (end is None or self.time(item) < end)
        ]
        return deque(held), end, aside

    def _older(self, waiting: deque[T], bound: datetime, known: set[str]) -> list[T]:
        """Taken from what waits: all before the bound, without what is known."""
        older: list[T] = []
        while waiting and self.time(waiting[0]) < bound:
            item = waiting.popleft()
            if self.key(item) not in known:
                older.append(item)
        return older

    async def _again(
        self, state: _State, delivered: "_Delivered[T]"
    ) -> AsyncGenerator[Step[T], None]:
        """The last day, for what has appeared since it was read."""
        span = self.recent
        if span is not None:
            # Where nothing is expected, a short page is the end.
            waiting = await self._waiting(span, 0).all()
            async with aclosing(self._done(span, 0).pages()) as pages:
                async for page in pages:
                    fresh = self._without(page.items, delivered.recent)
                    state = delivered.note(state, fresh)
                    yield fresh, state, page.set_aside
            fresh = self._without(waiting, delivered.recent)
            state = delivered.note(state, fresh)
            yield fresh, msgspec.structs.replace(state, stage="archive"), ()

    async def _archived(
        self,
        state: _State,
        archive: Callable[[str | None], Listing[T]] | None,
        delivered: "_Delivered[T]",
    ) -> AsyncGenerator[Step[T], None]:
        """What the archive has and the lists have not."""
        if archive is None:
            return
        state = msgspec.structs.replace(state, stage="archive")
        async with aclosing(archive(state.archive).pages()) as pages:
            async for page in pages:
                fresh = self._without(page.items, delivered.ids or set())
                state = msgspec.structs.replace(state, archive=page.next_cursor)
                fresh = [item for item in fresh if self.time(item) in self._span]
                yield fresh, state, page.set_aside
                if page.items and self.time(page.items[-1]) < self._span.since:
                    return

    def _without(self, items: Iterable[T], known: set[str]) -> list[T]:
        return [item for item in items if self.key(item) not in known]

    def _from(self, moment: datetime) -> Span:
        return Span(max(self._span.since, moment), self._span.until)


class _Delivered(Generic[T]):
    """What must not come twice."""

    def __init__(self, sweep: ListsSweep[T], recent: Iterable[str], *, keep: bool) -> None:
        self._sweep = sweep
        self.recent = set(recent)
        """Ids of the last day before the sweep began, and later."""
        self.ids: set[str] | None = set() if keep else None
        """All ids, where they are kept."""

    def note(self, state: _State, items: Sequence[T], bound: datetime | None = None) -> _State:
        """The state after these records; with a bound, all the lists' before it was delivered."""
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
        if bound is not None and _stamp(bound) > at:
            at, ids = _stamp(bound), ()
        second = _moment(at)
        ids += tuple(key(item) for item in items if time(item) >= second)
        return msgspec.structs.replace(state, at=at, ids=ids, recent=recent)


_STAGES: Final[tuple[Stage, ...]] = ("lists", "closing", "archive")
_STATES = msgspec.json.Decoder(_State)


def _text(state: _State) -> str:
    return msgspec.json.encode(state).decode()


def _stamp(moment: datetime) -> int:
    return (moment - EPOCH) // TICK


def _moment(stamp: int) -> datetime:
    return EPOCH + stamp * TICK
