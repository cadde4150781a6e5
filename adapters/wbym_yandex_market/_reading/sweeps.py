"""Sweeps of all feedbacks and questions: ``shop.sweep``."""

from __future__ import annotations  # the API's modules are loaded at their first use

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from wbym.account import Filters, SweepOptions
from wbym.calls import Endpoint, row
from wbym.domain import Feedback, Question
from wbym.limits import BucketState
from wbym.paging import TICK, Listing, Span, SpansSweep, Sweep, SweepPlan
from wbym_yandex_market._reading import lists

if TYPE_CHECKING:
    from wbym_yandex_market._cabinet import Cabinet
    from wbym_yandex_market.api import Api

__all__ = ["sweep_feedbacks", "sweep_questions"]

R = TypeVar("R", Question, Feedback)


def sweep_feedbacks(
    api: Api, cabinet: Cabinet, parallel: int, span: Span, options: SweepOptions
) -> Sweep[Feedback]:
    """Every feedback of a period, each once, by 50, with concurrent parts of the period.

    With ``in_order`` parts of a month are read one at a time, each held in memory. Market has no
    counters, so a plan has no numbers.
    """
    api = api.with_max_wait(options.max_wait).at(options.priority)

    def part(span: Span) -> Listing[Feedback]:
        return lists.list_feedbacks(api, cabinet.account, _within(span))

    endpoint = row(type(api.feedbacks).list).endpoint
    return _sweep(part, api, cabinet, endpoint, span, lists.FEEDBACKS_SPAN, parallel, options)


def sweep_questions(
    api: Api, cabinet: Cabinet, parallel: int, span: Span, options: SweepOptions
) -> Sweep[Question]:
    """Every question of a period; as :func:`sweep_feedbacks`.

    Each part is read twice, since Market's list does not say which questions are answered.
    """
    api = api.with_max_wait(options.max_wait).at(options.priority)

    def part(span: Span) -> Listing[Question]:
        return lists.list_questions(api, cabinet.account, _within(span))

    endpoint = row(type(api.questions).list).endpoint
    return _sweep(part, api, cabinet, endpoint, span, lists.QUESTIONS_SPAN, parallel, options)


def _sweep(
    part: Callable[[Span], Listing[R]],
    api: Api,
    cabinet: Cabinet,
    endpoint: Endpoint[object],
    span: Span,
    longest: timedelta,
    parallel: int,
    options: SweepOptions,
) -> Sweep[R]:
    spans = SpansSweep(
        part,
        time=_time_of,
        key=_id_of,
        method=f"sweep.{endpoint.name}",
        span=span,
        max_length=longest,
        concurrency=parallel,
        in_order=options.in_order,
        cursor=options.cursor,
    )

    async def plan() -> SweepPlan:
        return SweepPlan(None, None)

    def limit() -> BucketState | None:
        business = cabinet.known_business
        return None if business is None else api.bucket_of(endpoint, {"businessId": business})

    return Sweep(spans.read, make_plan=plan, requests=lambda: api.calls, limit=limit)


def _within(span: Span) -> Filters:
    return Filters(since=span.since, until=_last(span))


def _last(span: Span) -> datetime | None:
    """The last moment of a span, since ``until`` of the lists is included."""
    return None if span.until is None else span.until - TICK


def _time_of(item: Question | Feedback) -> datetime:
    return item.created_at


def _id_of(item: Question | Feedback) -> str:
    return item.ref.id
