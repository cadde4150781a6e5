"""Whole archives of feedbacks and questions: ``shop.sweep``."""

from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from wbym.calls import Endpoint, row
from wbym.domain import Feedback, Question
from wbym.limits import BucketState, Priority
from wbym.paging import TICK, Listing, Page, Span, SpansSweep, Sweep, SweepPlan, whole_span
from wbym_yandex_market import listings
from wbym_yandex_market.api import Api

__all__ = ["Sweeps"]

R = TypeVar("R", Question, Feedback)

EARLIEST: Final = datetime(2018, 1, 1, tzinfo=UTC)
"""Where the whole archive begins: before sellers came to Market."""


class Sweeps:
    """``shop.sweep``: one method a noun, each of which returns a :class:`wbym.paging.Sweep`.

    Market does not count, so a plan tells no numbers.

    Args:
        api: The account's operations.
        account: The account's name.
        parallel: Calls under way at once.
        limit: The bucket that an endpoint's calls count in, once there is one.
    """

    def __init__(
        self,
        api: Api,
        account: str,
        parallel: int,
        limit: Callable[[Endpoint[object]], BucketState | None],
    ) -> None:
        self._api = api
        self._account = account
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
        api = self._api.with_max_wait(max_wait).at(priority)

        def part(span: Span) -> Listing[Feedback]:
            return listings.list_feedbacks(api, self._account, since=span.since, until=_last(span))

        return self._sweep(
            part,
            api,
            row(type(api.feedbacks).list).endpoint,
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
        api = self._api.with_max_wait(max_wait).at(priority)

        def part(span: Span) -> Listing[Question]:
            return listings.list_questions(
                api, self._account, answered=None, since=span.since, until=_last(span)
            )

        return self._sweep(
            part,
            api,
            row(type(api.questions).list).endpoint,
            whole_span("sweep.questions", since, until, EARLIEST),
            listings.QUESTIONS_SPAN,
            in_order=in_order,
            cursor=cursor,
        )

    def _sweep(
        self,
        part: Callable[[Span], Listing[R]],
        api: Api,
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
            requests=lambda: api.calls,
            limit=lambda: self._limit(endpoint),
        )


def _last(span: Span) -> datetime | None:
    """The last moment of a span, for the lists' ``until`` is part of the period."""
    return None if span.until is None else span.until - TICK


def _time_of(item: Question | Feedback) -> datetime:
    return item.created_at


def _id_of(item: Question | Feedback) -> str:
    return item.ref.id
