"""The streams of an account that the feed can follow: ``shop.streams()``."""

from __future__ import annotations  # the API's modules are loaded at their first use

import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2s
from typing import TYPE_CHECKING, Final, cast

import msgspec

from wbym.account import Filters, Observed, Stream
from wbym.calls import Report
from wbym.domain import Feedback, Question, QuestionStatus, Return
from wbym.errors import BadRequest, NotFound
from wbym.feed._polling import Overlap, OverlapStream, Polled, StreamId, utc_now
from wbym.limits import Window
from wbym.paging import Listing
from wbym_yandex_market import _mapping as mapping
from wbym_yandex_market._cabinet import Cabinet
from wbym_yandex_market._following.chats import ChatStream
from wbym_yandex_market._reading.answers import (
    feedback_with_answer,
    gather_or_cancel,
    read_feedback,
    read_question,
)
from wbym_yandex_market._reading.lists import EARLIEST, list_feedbacks, list_questions, list_returns
from wbym_yandex_market.api._base import number_of

if TYPE_CHECKING:
    from wbym_yandex_market.api import Api
    from wbym_yandex_market.api import returns as returns_api

__all__ = ["open_streams"]

EVERY: Final = 60.0
"""Min seconds between the starts of rounds of questions, feedbacks and returns."""

FEEDBACKS: Final = Overlap(
    late=timedelta(days=1),
    wide=timedelta(days=30),
    retention=timedelta(days=90),
    earliest=EARLIEST,
    # With a clock that is wrong by more, no TLS connection works.
    quiet=timedelta(days=20),
)
# Market lists at most a month of questions per request.
QUESTIONS: Final = msgspec.structs.replace(FEEDBACKS, wide=timedelta(days=26))
# A return may stay open for months.
RETURNS: Final = msgspec.structs.replace(
    FEEDBACKS, wide=timedelta(days=60), retention=timedelta(days=365)
)


def open_streams(
    api: Api,
    cabinet: Cabinet,
    quota: Callable[[str], Window],
    report: Report,
    *,
    at_once: int,
    now: Callable[[], datetime] = utc_now,
    clock: Callable[[], float] = time.monotonic,
) -> Sequence[Stream]:
    """All four streams: a credential's scopes are not known without a request.

    The list of questions lacks the text of answers; a hinted question has it.
    The comments of a new or changed feedback are read; if Market rejects that request, the feedback
    is delivered without them, and ``answer_known`` is False.
    Market reads a return by shop, order and id, and a hint has only the id: so a hint makes the
    stream read the returns that changed since the day before the newest change.

    Args:
        api: The account's operations.
        cabinet: The account's business and shops.
        quota: Returns the budget of a bucket by its name.
        report: Gets each undecodable record.
        at_once: Max concurrent calls.
        now: Our clock.
        clock: Seconds of a monotonic clock.
    """
    account = cabinet.account

    def id_of(name: str) -> StreamId:
        return StreamId(mapping.MARKETPLACE, account, name)

    async def question(hint: str) -> Question:
        return await read_question(api, account, number_of("questions", "hints", hint))

    async def feedback(hint: str) -> Feedback:
        return await read_feedback(api, account, number_of("feedbacks", "hints", hint))

    async def answered(item: Feedback) -> Feedback:
        try:
            return item if item.answer_known else await feedback_with_answer(api, item)
        except (BadRequest, NotFound) as error:  # it would fail in each round
            message = "cannot read the comments of feedback %s: %s"
            id_of("feedbacks").log(logging.WARNING, message, item.ref.id, error)
            return item

    async def answers(items: Sequence[Observed]) -> Sequence[Observed]:
        return await gather_or_cancel(
            [answered(item) for item in items if isinstance(item, Feedback)]
        )

    def changed(begin: datetime) -> Listing[Return]:
        # Market filters by days in Moscow time, whose date is never before UTC's.
        day = begin.astimezone(UTC).date()
        return list_returns(api, cabinet, statuses=None, changed_since=day)

    def returns(begin: datetime, is_wide: bool) -> list[Listing[Return]]:
        open_ = list_returns(api, cabinet, statuses=mapping.OPEN_RETURNS)
        return [open_, changed(begin)] if is_wide else [open_]

    return [
        ChatStream(
            api, account, lambda: quota("chats.list"), at_once=at_once, now=now, clock=clock
        ),
        OverlapStream(
            id_of("questions"),
            QUESTIONS,
            listings=lambda begin, _: [list_questions(api, account, Filters(since=begin))],
            polled=_question,
            by_id=question,
            # At first a new question is missing among the unanswered ones.
            first_version=QuestionStatus.WAITING.value,
            budget=lambda: quota("questions.list"),
            requests=2,  # the unanswered questions are listed too
            every=EVERY,
            report=report,
            at_once=at_once,
            now=now,
        ),
        OverlapStream(
            id_of("feedbacks"),
            FEEDBACKS,
            listings=lambda begin, _: [list_feedbacks(api, account, Filters(since=begin))],
            polled=_feedback,
            by_id=feedback,
            complete=answers,
            budget=lambda: quota("feedbacks.list"),
            every=EVERY,
            report=report,
            at_once=at_once,
            now=now,
        ),
        OverlapStream(
            id_of("returns"),
            RETURNS,
            listings=returns,
            polled=_return,
            changed=changed,
            budget=lambda: quota("returns.list"),
            every=EVERY,
            report=report,
            now=now,
        ),
    ]


def _question(item: Question) -> Polled:
    is_known = item.status is not QuestionStatus.UNKNOWN
    return Polled(item, item.created_at, item.status.value if is_known else None)


def _feedback(item: Feedback) -> Polled:
    """The version changes with the number of comments and the buyer's text, not when viewed."""
    if item.comments is None:
        return Polled(item, item.created_at, None)
    content = msgspec.json.encode((item.rating, item.text, item.pros, item.cons))
    digest = blake2s(content, digest_size=6).hexdigest()
    return Polled(item, item.created_at, f"{item.comments}/{digest}")


def _return(item: Return) -> Polled:
    wire = cast("returns_api.Return", item.raw)
    version = f"{wire.refund_status}/{wire.shipment_status}/{item.updated_at}"
    return Polled(item, item.created_at, version, item.updated_at)
