"""The lists of chats, messages, questions, feedbacks and returns, as neutral records."""

from __future__ import annotations  # the API's modules are loaded at their first use

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from wbym.account import Filters
from wbym.domain import Chat, Feedback, Message, Question, Ref, Return, WaitingCounts
from wbym.domain import QuestionStatus as Status
from wbym.errors import CursorStuck, PagingLimit
from wbym.paging import Listing, Span, by_span, lazy, merge
from wbym_yandex_market import _mapping as mapping
from wbym_yandex_market._reading.answers import feedback_with_answer, gather_or_cancel
from wbym_yandex_market.api._bounds import BY_DEFAULT_DAYS

if TYPE_CHECKING:
    from wbym_yandex_market._cabinet import Cabinet
    from wbym_yandex_market.api import Api
    from wbym_yandex_market.api import questions as questions_api
    from wbym_yandex_market.api import returns as returns_api

__all__ = [
    "EARLIEST",
    "count_waiting",
    "list_chats",
    "list_feedbacks",
    "list_messages",
    "list_questions",
    "list_returns",
]

R = TypeVar("R", Feedback, Question)

NO_FILTERS: Final = Filters()
UNANSWERED: Final = Filters(answered=False)

EARLIEST: Final = datetime(2018, 1, 1, tzinfo=UTC)
"""The start of an unbounded sweep: before sellers came to Market."""

BY_DEFAULT: Final = timedelta(days=BY_DEFAULT_DAYS)

FEEDBACKS_SPAN: Final = timedelta(days=180, hours=12)
QUESTIONS_SPAN: Final = timedelta(days=26)
"""Parts of a period. The shortest six months have 181 days and the shortest month 28. The request
for a part is longer at both ends by a second, or by a day if Market filters by days, since Market
does not say whether it includes records on the border. Records outside of the part are then left
out."""
_LAG = timedelta(minutes=10)
"""Questions newer than this may be missing among the unanswered ones, so their absence does not
mean that they are answered."""
_END = datetime.max.replace(tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)


def list_chats(api: Api, account: str, *, waiting: bool | None) -> Listing[Chat]:
    """List chats; see ``YandexMarket.chats``."""
    statuses = None
    if waiting is not None:
        statuses = mapping.WAITING_CHATS if waiting else mapping.OTHER_CHATS
    return api.chats.list(statuses=statuses).map(partial(mapping.chat, account=account))


def list_messages(
    api: Api, chat: Ref, chat_id: int, *, since: datetime | None = None, first: int | None = None
) -> Listing[Message]:
    """List messages from ``first``, included; see ``YandexMarket.messages``."""
    wires = api.chats.history(chat_id, message_id_from=first)
    listing = wires.map(partial(mapping.message, chat=chat))
    if since is None:
        return listing
    return listing.filter(lambda item: item.sent_at >= since)


def list_feedbacks(
    api: Api,
    account: str,
    filters: Filters = NO_FILTERS,
    *,
    reaction: Literal["NEED_REACTION"] | None = None,
    at_once: int = 1,
) -> Listing[Feedback]:
    """List feedbacks, the newest part of the period first; see ``YandexMarket.feedbacks``."""
    ratings, product = filters.ratings, filters.product
    since, until = _period(filters)

    def part(span: Span) -> Listing[Feedback]:
        wires = api.feedbacks.list(
            date_time_from=span.since - _SECOND,
            date_time_to=None if span.until is None else span.until + _SECOND,
            reaction_status=reaction,
            rating_values=ratings,
            offer_ids=None if product is None else [product],
        )
        neutral = wires.map(partial(mapping.feedback, account=account))
        return neutral.map_pages(_created_in(span))

    listing = by_span(
        part,
        method="feedbacks",
        since=since,
        until=until,
        max_length=FEEDBACKS_SPAN,
        concurrency=at_once,
    )
    if filters.answered is None:
        return listing

    async def known(item: Feedback) -> Feedback:
        return item if item.answer_known else await feedback_with_answer(api, item)

    async def answered(page: Sequence[Feedback]) -> list[Feedback]:
        found = await gather_or_cancel([known(item) for item in page])
        # One whose answer cannot be decoded counts as unanswered, for a person to see.
        return [item for item in found if (item.answer_known and item.answered) is filters.answered]

    return listing.map_async(answered)


def list_questions(
    api: Api,
    account: str,
    filters: Filters = NO_FILTERS,
    *,
    at_once: int = 1,
    finely: bool = True,
) -> Listing[Question]:
    """List questions, newest first; see ``YandexMarket.questions``."""
    answered, product = filters.answered, filters.product
    since, until = _period(filters)

    def part(span: Span) -> Listing[Question]:
        def wires(need_answer: bool) -> Listing[questions_api.Question]:
            # Market does not say in which zone its days are, so the request has a day more.
            return api.questions.list(
                date_from=(span.since.astimezone(UTC) - _DAY).date(),
                date_to=None if span.until is None else (span.until.astimezone(UTC) + _DAY).date(),
                need_answer=need_answer,
                sort="CREATED_AT_DESC",
            )

        def neutral(need_answer: bool, status: Status) -> Listing[Question]:
            listing = wires(need_answer).map(
                partial(mapping.question, account=account, status=status)
            )
            found = listing.map_pages(_created_in(span))
            return found if product is None else found.filter(partial(_is_about, product))

        listed_until = datetime.now(UTC) - _LAG
        waiting: set[str] | None = None
        is_complete = True

        async def with_statuses(page: Sequence[Question]) -> list[Question]:
            nonlocal waiting, is_complete
            if page and waiting is None:  # most parts of a long period are empty
                waiting = set()
                try:
                    async for wire in wires(True):
                        waiting.add(str(wire.question_identifiers.id))
                except (CursorStuck, PagingLimit):
                    if answered:
                        raise
                    is_complete = False

            def status(item: Question) -> Status:
                if item.ref.id in (waiting or ()):
                    return Status.WAITING
                is_known = is_complete and item.created_at < listed_until
                return Status.ANSWERED if is_known else Status.UNKNOWN

            known = [mapping.with_fields(item, status=status(item)) for item in page]
            return [item for item in known if item.answered] if answered else known

        if answered is False:
            return neutral(True, Status.WAITING)
        return neutral(False, Status.UNKNOWN).map_async(with_statuses)

    return by_span(
        part,
        method="questions",
        since=since,
        until=until,
        max_length=QUESTIONS_SPAN,
        concurrency=at_once,
        finely=finely,
        newest_first=True,
    )


def list_returns(
    api: Api,
    cabinet: Cabinet,
    *,
    statuses: Collection[str] | None,
    changed_since: date | None = None,
) -> Listing[Return]:
    """List returns shop by shop, changed since a day; see ``YandexMarket.returns``."""

    def of_shop(campaign_id: int) -> Listing[Return]:
        def neutral(wire: returns_api.Return) -> Return:
            cabinet.remember(wire.id, campaign_id, wire.order_id)
            return mapping.return_request(wire, cabinet.account)

        wires = api.returns.list(
            campaign_id, statuses=statuses, type="RETURN", from_date=changed_since
        )
        return wires.map(neutral)

    async def make() -> Listing[Return]:
        shops = await cabinet.campaigns()
        return merge([(str(shop), of_shop(shop)) for shop in shops], method="returns")

    return lazy(make)


async def count_waiting(api: Api, cabinet: Cabinet, *, at_once: int) -> WaitingCounts:
    """The number of unanswered items; see ``YandexMarket.counts``."""
    account = cabinet.account
    lists: tuple[Listing[Chat] | Listing[Question] | Listing[Feedback] | Listing[Return], ...] = (
        list_chats(api, account, waiting=True),
        list_questions(api, account, UNANSWERED, at_once=at_once, finely=False),
        list_feedbacks(api, account, reaction="NEED_REACTION"),
        list_returns(api, cabinet, statuses=mapping.WAITING_RETURNS),
    )
    return WaitingCounts(*await gather_or_cancel([_count(listing) for listing in lists]))


async def _count(
    listing: Listing[Chat] | Listing[Question] | Listing[Feedback] | Listing[Return],
) -> int:
    found = 0
    async for page in listing.pages():
        found += len(page.items)
    return found


def _created_in(span: Span) -> Callable[[Sequence[R]], list[R]]:
    """A filter of pages that keeps the records of a span."""
    low, high = span.since, span.until or _END
    return lambda items: [item for item in items if low <= item.created_at < high]


def _is_about(product: str, item: Question) -> bool:
    return item.product is not None and item.product.seller_sku == product


def _period(filters: Filters) -> tuple[datetime, datetime | None]:
    """The start and the end of a period; by default it is the last half year.

    It is cut to the time from ``EARLIEST`` to now, since each month without records costs a
    request.
    """
    now = datetime.now(UTC)
    until = None if filters.until is None else min(max(filters.until, EARLIEST), now + _DAY)
    since = (until or now) - BY_DEFAULT if filters.since is None else filters.since
    return min(max(since, EARLIEST), now), until
