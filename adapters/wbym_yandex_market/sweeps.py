"""Whole archives of feedbacks and questions: ``shop.sweep``."""

from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol, TypeVar

from wbym.calls import Endpoint
from wbym.domain import Feedback, Question
from wbym.limits import BucketState, Priority
from wbym.paging import TICK, Listing, Page, Span, SpansSweep, Sweep, SweepPlan, whole_span
from wbym_yandex_market import listings
from wbym_yandex_market.api import feedbacks as feedbacks_api
from wbym_yandex_market.api import questions as questions_api
from wbym_yandex_market.cabinet import Cabinet

__all__ = ["Sweeps"]

R = TypeVar("R", Question, Feedback)

EARLIEST: Final = datetime(2018, 1, 1, tzinfo=UTC)
"""Where the whole archive begins: before sellers came to Market."""


class Sweeps:
    """``shop.sweep``: one method a noun, each of which returns a :class:`wbym.paging.Sweep`.

    Market does not count, so a plan tells no numbers.

    Args:
        cabinet: Makes the account's calls.
        parallel: Calls under way at once.
        limit: The bucket that an endpoint's calls count in, once there is one.
    """

    def __init__(
        self,
        cabinet: Cabinet,
        parallel: int,
        limit: Callable[[Endpoint[object]], BucketState | None],
    ) -> None:
        self._cabinet = cabinet
        self._parallel = parallel
        self._limit = limit

    def feedbacks(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        in_order: bool = False,
        cursor: str | None = None,
        max_wait: float | None = None,
        priority: Priority = Priority.BULK,
    ) -> Sweep[Feedback]:
        """Every feedback of a period, each once, by 50, in parts of the period side by side.

        Args:
            since: From this moment on, aware; from 2018 on, where it is not given.
            until: Up to and with this moment, aware. Where it is not given, what arrives while the
                sweep runs comes too.
            in_order: Whether they come in order of time: then parts of a month are read one at a
                time, and held in memory each.
            cursor: Where to go on, with the same arguments: a page's ``cursor`` or ``next_cursor``.
            max_wait: Seconds that a call waits for its limits at most, before the sweep stops with
                ``QuotaExhausted``. None: as long as it takes. Several pages are asked for at once,
                so less than a few seconds may stop any sweep.
            priority: Who goes first at the limits.

        Raises:
            InvalidInput: A time is naive or in the future, or ``since`` after ``until``.
        """
        cabinet = self._cabinet.waiting(max_wait)

        def part(span: Span, cursor: str | None) -> Listing[Feedback]:
            return listings.list_feedbacks(
                cabinet, since=span.since, until=_last(span), cursor=cursor, priority=priority
            )

        return self._sweep(
            part,
            cabinet,
            feedbacks_api.LIST,
            whole_span("sweep.feedbacks", since, until, EARLIEST),
            listings.FEEDBACKS_SPAN,
            in_order=in_order,
            cursor=cursor,
        )

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
        """Every question of a period, each once, by 50, in parts of the period side by side.

        Each part is read twice, for Market's list does not say which questions are answered.
        Arguments and errors are those of :meth:`feedbacks`.
        """
        cabinet = self._cabinet.waiting(max_wait)

        def part(span: Span, cursor: str | None) -> Listing[Question]:
            return listings.list_questions(
                cabinet,
                answered=None,
                since=span.since,
                until=_last(span),
                cursor=cursor,
                priority=priority,
            )

        return self._sweep(
            part,
            cabinet,
            questions_api.LIST,
            whole_span("sweep.questions", since, until, EARLIEST),
            listings.QUESTIONS_SPAN,
            in_order=in_order,
            cursor=cursor,
        )

    def _sweep(
        self,
        part: "_ReadPart[R]",
        cabinet: Cabinet,
        endpoint: Endpoint[object],
        span: Span,
        longest: timedelta,
        *,
        in_order: bool,
        cursor: str | None,
    ) -> Sweep[R]:
        spans = SpansSweep(
            part,
            time=_time_of,
            key=_id_of,
            method=f"sweep.{endpoint.name}",
            span=span,
            longest=longest,
            at_once=self._parallel,
            in_order=in_order,
            cursor=cursor,
        )

        def read() -> AsyncGenerator[Page[R], None]:
            return spans.read()

        async def plan() -> SweepPlan:
            return SweepPlan(None, None)

        return Sweep(
            read,
            make_plan=plan,
            requests=lambda: cabinet.pipeline.calls,
            limit=lambda: self._limit(endpoint),
        )


class _ReadPart(Protocol[R]):
    def __call__(self, span: Span, cursor: str | None, /) -> Listing[R]: ...


def _last(span: Span) -> datetime | None:
    """The last moment of a span, for the lists' ``until`` is part of the period."""
    return None if span.until is None else span.until - TICK


def _time_of(item: Question | Feedback) -> datetime:
    return item.created_at


def _id_of(item: Question | Feedback) -> str:
    return item.ref.id
