"""Whole archives of feedbacks and questions: ``shop.sweep``."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from functools import partial
from typing import Final, Generic, TypeVar

from wbym.calls import Endpoint, Pipeline, QueryValue
from wbym.domain import Feedback, Question
from wbym.errors import InvalidInput
from wbym.limits import BucketState, Priority
from wbym.paging import (
    Chunk,
    Listing,
    ListsSweep,
    Page,
    Span,
    Sweep,
    SweepPlan,
    Turn,
    by_offset,
    pages_for,
    whole_span,
)
from wbym_wildberries.api import feedbacks as feedbacks_api
from wbym_wildberries.api import questions as questions_api
from wbym_wildberries.api.base import created_query
from wbym_wildberries.listings import dates, in_order
from wbym_wildberries.nouns import FEEDBACKS, QUESTIONS, Noun

__all__ = ["Sweeps"]

P = TypeVar("P", questions_api.QuestionsPage, feedbacks_api.FeedbacksPage)
W = TypeVar("W", questions_api.Question, feedbacks_api.Feedback)
R = TypeVar("R", Question, Feedback)

EARLIEST: Final = datetime(2004, 1, 1, tzinfo=UTC)
"""Where the whole archive begins: before Wildberries."""

SAMPLE: Final = 100
"""Archived records that are looked for in the lists, to see whether the archive has its own."""


class Sweeps:
    """``shop.sweep``: one method a noun, each of which returns a :class:`wbym.paging.Sweep`.

    Args:
        pipeline: What makes the calls.
        account: The account's name.
        limit: The bucket of feedbacks and questions, once there is one.
    """

    def __init__(
        self, pipeline: Pipeline, account: str, limit: Callable[[], BucketState | None]
    ) -> None:
        self._pipeline = pipeline
        self._account = account
        self._limit = limit

    def feedbacks(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        in_order: bool = False,
        cursor: str | None = None,
        archive: bool | None = None,
        depth: int | None = None,
        max_wait: float | None = None,
        priority: Priority = Priority.BULK,
    ) -> Sweep[Feedback]:
        """Every feedback of a period, each once, in order of time: both lists and the archive.

        Requests: two counts, two looks at the archive, pages of 5,000, and the last day once more.
        About 2 kB of memory for each of up to 20,000 feedbacks that wait, and two pages.

        Args:
            since: From this moment on, aware; from the beginning, where it is not given.
            until: Up to and with this moment, aware. Where it is not given, what arrives while the
                sweep runs comes too.
            in_order: They are in any case; only what appeared late comes at the end.
            cursor: Where to go on, with the same period: a page's ``cursor`` or ``next_cursor``.
            archive: Whether the list of archived feedbacks is read too. Unless said, it is if
                feedbacks are in it that are in neither of the other lists; it has no dates, so it
                is read from its end back to ``since``, and its feedbacks come last.
            depth: The ``skip`` from which on WB shows nothing, where it is less than documented:
                10,000 and 20,000 have been seen. It is also found out, at the cost of a request.
            max_wait: Seconds that a call waits for its limits at most, before the sweep stops with
                ``QuotaExhausted``, such as for a ban. None: as long as it takes. Several pages are
                asked for at once, so less than a few seconds stops any sweep.
            priority: Who goes first at the limits.

        Raises:
            InvalidInput: A time is naive or in the future, or ``since`` after ``until``.
            PagingLimit: One second has more feedbacks than can be paged from both its ends, or the
                archive more than can be paged.
        """
        sweep = _NounSweep(
            self._pipeline.waiting(max_wait),
            self._account,
            FEEDBACKS,
            archive=archive,
            depth=depth,
            priority=priority,
        )
        span = whole_span("sweep.feedbacks", since, until, EARLIEST)
        return sweep.of(span, cursor, self._limit)

    def questions(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        in_order: bool = False,
        cursor: str | None = None,
        max_wait: float | None = None,
        priority: Priority = Priority.BULK,
    ) -> Sweep[Question]:
        """Every question of a period, each once, in order of time; both lists.

        Requests: two counts, pages of 10,000, one after the other since WB pages no deeper, and the
        last day once more. Arguments and errors are those of :meth:`feedbacks`.
        """
        sweep = _NounSweep(
            self._pipeline.waiting(max_wait),
            self._account,
            QUESTIONS,
            archive=False,
            depth=None,
            priority=priority,
        )
        span = whole_span("sweep.questions", since, until, EARLIEST)
        return sweep.of(span, cursor, self._limit)


class _NounSweep(Generic[P, W, R]):
    """One sweep of one noun. What is held is as WB sent it, and made neutral when it goes out."""

    def __init__(
        self,
        pipeline: Pipeline,
        account: str,
        noun: Noun[P, W, R],
        *,
        archive: bool | None,
        depth: int | None,
        priority: Priority,
    ) -> None:
        if depth is not None and depth < 1:
            raise InvalidInput(f"sweep.{noun.name}", "depth", "must be 1 or more", depth)
        self._pipeline = pipeline
        self._account = account
        self._noun: Noun[P, W, R] = noun
        self._has_archive = archive
        self._depth = depth
        self._priority = priority
        self._counted: tuple[int, int] | None = None

    def of(
        self, span: Span, cursor: str | None, limit: Callable[[], BucketState | None]
    ) -> Sweep[R]:
        """The sweep of a period."""
        lists = ListsSweep(
            waiting=partial(self._list, False),
            done=partial(self._list, True),
            record=self._noun.record,
            time=_time_of,
            key=_id_of,
            method=f"sweep.{self._noun.name}",
            span=span,
            cursor=cursor,
        )

        async def read() -> AsyncGenerator[Page[R], None]:
            archive = self._archived if self._has_archive else None
            async with aclosing(lists.read(self._counted, archive)) as pages:
                async for page in pages:
                    items = [self._noun.neutral(wire, self._account) for wire in page.items]
                    yield Page(items, page.cursor, page.next_cursor, page.total, page.set_aside)
                    del page, items  # or they would stay in memory while the next ones come

        return Sweep(
            read,
            make_plan=partial(self._plan, lists),
            requests=lambda: self._pipeline.calls,
            limit=limit,
        )

    async def _plan(self, lists: ListsSweep[W]) -> SweepPlan:
        span = lists.rest
        looks = self._has_archive is None and self._noun.archive is not None
        waiting, done, apart = await asyncio.gather(
            self._count(False, span), self._count(True, span), self._is_apart() if looks else _no()
        )
        self._counted = waiting, done
        if self._has_archive is None:
            self._has_archive = apart
        most = self._noun.pages.most
        to_come = pages_for(waiting, most) + pages_for(done, most)
        closing = 0 if lists.recent is None else 2
        return SweepPlan(waiting + done, self._pipeline.calls + to_come + closing)

    async def _count(self, is_answered: bool, span: Span) -> int:
        query = created_query(self._noun.count.name, is_answered=is_answered, **dates(span))
        answer = await self._pipeline.call(self._noun.count, query=query, priority=self._priority)
        return answer.value

    def _list(self, is_answered: bool, span: Span, expected: int | None) -> Listing[W]:
        """One of the two lists, by time."""
        return in_order(
            self._pipeline,
            self._noun,
            is_answered=is_answered,
            span=span,
            expected=expected,
            depth=self._depth,
            priority=self._priority,
        )

    def _archived(self, cursor: str | None) -> Listing[W]:
        """The archive, newest first, page after page: so what joins it shifts nothing away."""
        noun = self._noun
        endpoint = noun.archive or noun.list

        async def fetch(offset: int, size: int, turn: Turn) -> Chunk[W]:
            return await self._chunk(endpoint, {"order": "dateDesc"}, offset, size, turn)

        return by_offset(
            fetch, noun.pages, method=endpoint.name, cursor=cursor, ahead=1, newest_first=True
        )

    async def _is_apart(self) -> bool:
        """Whether the newest of the archive are in neither list."""
        noun = self._noun
        sample = await self._chunk(noun.archive or noun.list, {"order": "dateDesc"}, 0, SAMPLE)
        missing = {_id_of(item) for item in sample.items}
        if not missing:
            return False
        since = min(map(_time_of, sample.items))
        for is_answered in (True, False):
            query = created_query(
                noun.list.name, is_answered=is_answered, order="dateAsc", date_from=since
            )
            found = await self._chunk(noun.list, query, 0, noun.pages.most)
            missing -= {_id_of(item) for item in found.items}
            if not missing:
                return False
        return True

    async def _chunk(
        self,
        endpoint: Endpoint[P],
        query: Mapping[str, QueryValue],
        skip: int,
        take: int,
        turn: Turn | None = None,
    ) -> Chunk[W]:
        answer = await self._pipeline.call(
            endpoint,
            query={**query, "take": take, "skip": skip},
            priority=self._priority,
            turn=turn,
        )
        items = self._noun.records(answer.value)
        return Chunk(items, len(items) + len(answer.set_aside), set_aside=answer.set_aside)


async def _no() -> bool:
    return False


def _time_of(wire: questions_api.Question | feedbacks_api.Feedback) -> datetime:
    return wire.created_date


def _id_of(wire: questions_api.Question | feedbacks_api.Feedback) -> str:
    return wire.id
