"""The streams of an account that the feed can follow: ``shop.streams()``."""

from __future__ import annotations  # the API's modules are loaded at their first use

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from wbym.account import Stream
from wbym.calls import Report, row
from wbym.domain import Feedback, Question
from wbym.errors import MissingScope, Unsupported
from wbym.feed._polling import Overlap, OverlapStream, Polled, StreamId, utc_now
from wbym.observe import LogFacts
from wbym.paging import Listing, Span
from wbym_wildberries import _mapping as mapping
from wbym_wildberries._dialect import WildberriesDialect
from wbym_wildberries._following import versions
from wbym_wildberries._following.chats import ChatStream
from wbym_wildberries._limits import Tier
from wbym_wildberries._mapping import MARKETPLACE
from wbym_wildberries._reading.chats import ChatReader
from wbym_wildberries._reading.lists import TwoLists, in_order
from wbym_wildberries._reading.sweeps import EARLIEST
from wbym_wildberries.api import claims as claims_api
from wbym_wildberries.api import feedbacks as feedbacks_api
from wbym_wildberries.api import questions as questions_api
from wbym_wildberries.api.chats import Chats
from wbym_wildberries.api.claims import Claims
from wbym_wildberries.api.feedbacks import Feedbacks
from wbym_wildberries.api.questions import Questions

if TYPE_CHECKING:
    from wbym_wildberries.api import Api

__all__ = ["open_streams"]

W = TypeVar("W", questions_api.Question, feedbacks_api.Feedback)
R = TypeVar("R", Question, Feedback)

EVERY: Final = 30.0
RETURNS_EVERY: Final = 60.0
"""Min seconds between two rounds, even if the limits allow more."""

QUESTIONS_AND_FEEDBACKS: Final = Overlap(
    late=timedelta(hours=4),  # WB lists records up to three hours late
    # For answers written elsewhere, and for records that disappeared and came back.
    wide=timedelta(days=30),
    retention=timedelta(days=45),
    earliest=EARLIEST,
)
RETURNS: Final = Overlap(
    late=timedelta(days=14),  # all claims that WB lists
    wide=timedelta(days=14),
    retention=timedelta(days=60),
    earliest=EARLIEST,
)

logger = logging.getLogger("wbym.wildberries")


class _Plan(msgspec.Struct, frozen=True):
    """How to create one stream."""

    calls_row: Callable[..., object]
    """The operation that its rounds call."""
    make: Callable[[float], Stream]
    """Creates the stream from the seconds between two rounds."""
    calls: int = 1
    """Calls per round of all streams that share the endpoint's bucket."""
    min_every: float = 0.0
    """Min seconds between two rounds."""


def open_streams(
    api: Api,
    dialect: WildberriesDialect,
    reader: ChatReader,
    report: Report,
    now: Callable[[], datetime] = utc_now,
) -> tuple[Stream, ...]:
    """The streams that the account's tokens cover.

    The streams that they do not cover, and the rate that a base token allows, are logged.

    Args:
        api: The account's operations.
        dialect: Knows the account's tokens and limits.
        reader: Reads the account's chats.
        report: Gets each undecodable record.
        now: Our clock.
    """
    name = dialect.account

    api = api.with_max_wait(None)  # a base token has to wait between two lists

    def id_of(stream: str) -> StreamId:
        return StreamId(MARKETPLACE, name, stream)

    def of_noun(
        noun: str,
        lists: TwoLists[W],
        neutral: Callable[[W, str], R],
        version: Callable[[R], str],
    ) -> Callable[[float], Stream]:
        def listings(begin: datetime, _: bool) -> list[Listing[W]]:
            # In this order, a record that is answered meanwhile is read twice rather than never.
            span = Span(begin, None)
            return [
                in_order(lists, is_answered=one, span=span, expected=0) for one in (False, True)
            ]

        def polled(wire: W) -> Polled:
            record = neutral(wire, name)
            return Polled(record, record.created_at, version(record))

        return lambda every: OverlapStream(
            id_of(noun),
            QUESTIONS_AND_FEEDBACKS,
            listings=listings,
            polled=polled,
            by_id=lists.get,
            report=report,
            every=every,
            now=now,
        )

    def claim(wire: claims_api.Claim) -> Polled:
        record = mapping.return_request(wire, name)
        return Polled(record, record.created_at, versions.of_claim(wire))

    def returns(every: float) -> Stream:
        return OverlapStream(
            id_of("returns"),
            RETURNS,
            # Claims under review first.
            listings=lambda begin, _: [api.claims.list(is_archive=one) for one in (False, True)],
            polled=claim,
            report=report,
            every=every,
            now=now,
        )

    questions = of_noun("questions", api.questions, mapping.question, versions.of_question)
    feedbacks = of_noun("feedbacks", api.feedbacks, mapping.feedback, versions.of_feedback)
    plans = (
        _Plan(Chats.events, lambda every: ChatStream(reader, name, every=every, now=now)),
        # Two lists of questions and two of feedbacks.
        _Plan(Questions.list, questions, calls=4, min_every=EVERY),
        _Plan(Feedbacks.list, feedbacks, calls=4, min_every=EVERY),
        _Plan(Claims.list, returns, calls=2, min_every=RETURNS_EVERY),
    )
    opened = (_open_stream(plan, dialect) for plan in plans)
    return tuple(stream for stream in opened if stream is not None)


def _open_stream(plan: _Plan, dialect: WildberriesDialect) -> Stream | None:
    endpoint, account = row(plan.calls_row).endpoint, dialect.account
    extra = LogFacts(marketplace=MARKETPLACE, account=account, endpoint=endpoint.name)
    try:
        dialect.address(endpoint)  # some hosts have no sandbox
        tier, interval = dialect.interval_of(endpoint)
    except (MissingScope, Unsupported) as error:
        logger.info("%s: %s is not followed: %s", account, endpoint.name, error, extra=extra)
        return None
    stream = plan.make(max(plan.min_every, plan.calls * interval))
    if tier is Tier.BASE:
        logger.info(
            "%s: polling %s every %.0f min: a base token allows no more",
            account,
            stream.name,
            stream.every / 60,
            extra=extra,
        )
    return stream
