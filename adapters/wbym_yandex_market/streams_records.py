"""The streams of questions, feedbacks and returns: read over and over with much overlap.

Rounds begin some time before the newest record that was seen, by Market's own times; our clock only
says when a longer look back is due, and keeps the look short in shops where nothing happens.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import blake2s
from typing import TYPE_CHECKING, ClassVar, Final, Generic, TypeVar, cast

import msgspec

from wbym.account import Batch, Poll, Sighting
from wbym.domain import Feedback, Question, QuestionStatus, Return
from wbym.errors import InvalidInput, NotFound, SetAside, WbymError
from wbym.paging import Listing
from wbym_yandex_market import mapping
from wbym_yandex_market.decisions import number_of
from wbym_yandex_market.listings import list_feedbacks, list_questions, list_returns
from wbym_yandex_market.replies import read_feedback, read_question
from wbym_yandex_market.streams_base import HALF, QUARTER, Context, Due, Failures, each, pace
from wbym_yandex_market.sweeps import EARLIEST

if TYPE_CHECKING:
    from wbym_yandex_market.api import returns as returns_api

__all__ = ["FeedbackStream", "QuestionStream", "ReturnStream"]

EVERY: Final = 60.0
"""Seconds between the beginnings of rounds at least."""
LONG_EVERY: Final = 3600.0
"""Seconds between long rounds at least."""

_DAY: Final = timedelta(days=1)
_QUIET: Final = timedelta(days=20)
"""How long before the last round the newest record may be taken to be, so that a shop without new
records is not read from its last one on each time. A clock that is wrong by as much opens no TLS
connection."""

R = TypeVar("R", Question, Feedback, Return)


class _State(msgspec.Struct, frozen=True):
    newest: datetime
    """Of the newest record, by Market's clock; no earlier than what the stream began with."""
    read: float
    """When the last round began that came to its end, by the wall clock."""
    long: Due
    """The long round."""


_states = msgspec.json.Decoder(_State)


class _RecordStream(ABC, Generic[R]):
    """Records of one kind, by overlapping reads.

    A usual round reads a day before the newest record, and a long one ``far`` before it. A page is
    a batch, and where to go on comes with the last batch: a round that fails half-way moves
    nothing.
    """

    name: ClassVar[str]
    noun: ClassVar[str]
    """What the feed calls one of them."""
    at_first: ClassVar[str | None] = None
    """The version of one that was never seen before and whose version cannot be told."""
    bucket: ClassVar[str]
    """Of the list."""
    far: ClassVar[timedelta]
    kept: ClassVar[timedelta] = timedelta(days=90)
    """How long before the newest one records are remembered."""
    requests: ClassVar[int] = 1
    """That a page takes."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._api = context.api
        self._account = context.cabinet.account
        self._pages = 1

    @property
    def every(self) -> float:
        """A minute; more where a round takes many requests."""
        return max(EVERY, self._pace(self._pages, HALF))

    async def poll(self, asked: Poll) -> AsyncGenerator[Batch, None]:
        """One round; the records that hints name are read first."""
        failures = Failures(self._context, self.name)
        state = None if asked.state is None else _states.decode(asked.state)
        if named := sorted(asked.hints - {""}):
            async with aclosing(self._hinted(named, state, asked, failures)) as batches:
                async for batch in batches:
                    yield batch
        if asked.due or "" in asked.hints:
            async with aclosing(self._round(state, asked)) as batches:
                async for batch in batches:
                    yield batch
        failures.raise_first()

    @abstractmethod
    def _listings(self, begin: datetime, *, long: bool) -> Sequence[Listing[R]]:
        """What a round reads."""

    @abstractmethod
    def _version(self, item: R) -> str | None:
        """What changes with a record; None where it cannot be told."""

    @abstractmethod
    def _times(self, item: R) -> tuple[datetime | None, datetime | None]:
        """When a record came to be, and when it changed last."""

    @abstractmethod
    def _hinted(
        self, ids: Sequence[str], state: _State | None, asked: Poll, failures: Failures
    ) -> AsyncGenerator[Batch, None]:
        """What hints name."""

    async def _round(self, state: _State | None, asked: Poll) -> AsyncGenerator[Batch, None]:
        now = self._context.wall()
        newest = max(asked.since, EARLIEST) if state is None else state.newest
        long = state is None or (asked.due and state.long.over(now))
        pages = 0
        for listing in self._listings(self._begin(state, asked, long=long), long=long):
            async with aclosing(listing.pages()) as listed:
                async for page in listed:
                    pages += 1
                    newest = self._newest(page.items, newest, now)
                    if page.items or page.set_aside:
                        yield await self._batch(page.items, asked, page.set_aside)
        if state is None:
            due = Due(now, LONG_EVERY)
        elif long:
            due = Due(now, max(LONG_EVERY, self._pace(pages, QUARTER)))
        else:
            due, self._pages = state.long, pages
        following = _State(newest, now, due)
        yield Batch((), msgspec.json.encode(following), newest - self.kept)

    def _begin(self, state: _State | None, asked: Poll, *, long: bool) -> datetime:
        begin = asked.since
        if state is not None:
            # If the clock was set back, the last round did not begin in the future.
            read = datetime.fromtimestamp(min(state.read, self._context.wall()), UTC)
            begin = max(state.newest, read - _QUIET)
        if begin - EARLIEST < self.far:
            return EARLIEST
        return begin - (self.far if long else _DAY)

    def _newest(self, items: Sequence[R], newest: datetime, now: float) -> datetime:
        # A time in the future would have everything before it left out.
        latest = datetime.fromtimestamp(now, UTC)
        for item in items:
            for moment in self._times(item):
                if moment is not None:
                    newest = max(newest, min(moment, latest))
        return newest

    async def _batch(
        self, items: Sequence[R], asked: Poll, set_aside: Sequence[SetAside] = ()
    ) -> Batch:
        """Records as they were seen, the oldest first."""
        untold = [item.ref.id for item in items if self._version(item) is None]
        known = await asked.known(self.noun, untold) if untold else {}
        found: list[Sighting] = []
        for item in items:
            version = self._version(item)
            if version is None and item.ref.id not in known:
                version = self.at_first
            created, changed = self._times(item)
            found.append(Sighting(item, created or changed or asked.since, version))
        found.sort(key=lambda sighting: sighting.at)
        return Batch([*self._context.aside(set_aside), *found])

    def _pace(self, pages: int, share: float) -> float:
        return pace(self._context.quota(self.bucket), pages * self.requests, share)


class _ReadById(_RecordStream[R]):
    """Records that can be read by their ids, with the seller's answer."""

    @abstractmethod
    async def _one(self, number: int) -> R:
        """The record of an id; raises NotFound."""

    async def _hinted(
        self, ids: Sequence[str], state: _State | None, asked: Poll, failures: Failures
    ) -> AsyncGenerator[Batch, None]:
        calls = [partial(self._perhaps, one, failures) for one in ids]
        async with aclosing(each(calls, self._context.at_once)) as found:
            async for item in found:
                yield await self._batch([item], asked)

    async def _perhaps(self, hint: str, failures: Failures) -> R | None:
        try:
            return await self._one(number_of(self.name, "hints", hint))
        except (InvalidInput, NotFound) as error:
            self._context.log(logging.INFO, self.name, "a hint is left: %s", error)
        except WbymError as error:
            failures.add(hint, error)
        return None


class QuestionStream(_ReadById[Question]):
    """Questions; a long round reads a month, which is what Market's list takes at once.

    The list tells whether a question is answered and not with what: a question that was hinted at
    has its answer.
    """

    name = "questions"
    noun = "question"
    at_first = QuestionStatus.WAITING.value  # a new one is missing among those that wait at first
    bucket = "questions.list"
    far = timedelta(days=26)
    requests = 2  # those that wait are listed too

    def _listings(self, begin: datetime, *, long: bool) -> Sequence[Listing[Question]]:
        return [list_questions(self._api, self._account, answered=None, since=begin)]

    def _version(self, item: Question) -> str | None:
        return None if item.status is QuestionStatus.UNKNOWN else item.status.value

    def _times(self, item: Question) -> tuple[datetime | None, datetime | None]:
        return item.created_at, None

    async def _one(self, number: int) -> Question:
        return await read_question(self._api, self._account, number)


class FeedbackStream(_ReadById[Feedback]):
    """Feedbacks; one changes with its number of comments and with the buyer's own words.

    That somebody has looked at it is no change. A feedback that was hinted at has its answer.
    """

    name = "feedbacks"
    noun = "feedback"
    bucket = "feedbacks.list"
    far = timedelta(days=30)

    def _listings(self, begin: datetime, *, long: bool) -> Sequence[Listing[Feedback]]:
        return [list_feedbacks(self._api, self._account, since=begin)]

    def _version(self, item: Feedback) -> str | None:
        if item.comments is None:
            return None
        words = msgspec.json.encode((item.rating, item.text, item.pros, item.cons))
        return f"{item.comments}/{blake2s(words, digest_size=6).hexdigest()}"

    def _times(self, item: Feedback) -> tuple[datetime | None, datetime | None]:
        return item.created_at, None

    async def _one(self, number: int) -> Feedback:
        return await read_feedback(self._api, self._account, number)


class ReturnStream(_RecordStream[Return]):
    """Returns: the open ones in each round, and in a long one also all that changed in 60 days.

    Market reads a return by shop, order and id, and a hint has the id only: so a hint has those
    read that changed since the day before the newest change.
    """

    name = "returns"
    noun = "return"
    bucket = "returns.list"
    far = timedelta(days=60)
    kept = timedelta(days=365)  # a return may be open for months

    def _listings(self, begin: datetime, *, long: bool) -> Sequence[Listing[Return]]:
        open_ = list_returns(self._api, self._context.cabinet, statuses=mapping.OPEN_RETURNS)
        return [open_, self._changed(begin)] if long else [open_]

    def _version(self, item: Return) -> str | None:
        wire = cast("returns_api.Return", item.raw)
        return f"{wire.refund_status}/{wire.shipment_status}/{item.updated_at}"

    def _times(self, item: Return) -> tuple[datetime | None, datetime | None]:
        return item.created_at, item.updated_at

    async def _hinted(
        self, ids: Sequence[str], state: _State | None, asked: Poll, failures: Failures
    ) -> AsyncGenerator[Batch, None]:
        begin = self._begin(state, asked, long=False)
        async with aclosing(self._changed(begin).pages()) as listed:
            async for page in listed:
                if page.items or page.set_aside:
                    yield await self._batch(page.items, asked, page.set_aside)

    def _changed(self, begin: datetime) -> Listing[Return]:
        # Market takes days, by Moscow's time, where the date is never before that of UTC.
        day = begin.astimezone(UTC).date()
        return list_returns(self._api, self._context.cabinet, statuses=None, changed_since=day)
