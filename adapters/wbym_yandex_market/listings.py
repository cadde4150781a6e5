"""The lists of chats, messages, questions, feedbacks and returns, as neutral records."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Final, TypeVar

from wbym.adapter import require_aware
from wbym.calls import QueryValue
from wbym.domain import Chat, Feedback, Message, Question, Ref, Return, Waiting
from wbym.domain import QuestionStatus as Status
from wbym.errors import InvalidInput, SetAside
from wbym.limits import Priority
from wbym.paging import Chunk, Listing, Span, by_span, by_token, deferred, mapped, side_by_side
from wbym_yandex_market import mapping
from wbym_yandex_market.api import chats as chats_api
from wbym_yandex_market.api import feedbacks as feedbacks_api
from wbym_yandex_market.api import questions as questions_api
from wbym_yandex_market.api import returns as returns_api
from wbym_yandex_market.api.base import Paging
from wbym_yandex_market.cabinet import Cabinet
from wbym_yandex_market.replies import together, with_answers

__all__ = [
    "BY_DEFAULT",
    "count_waiting",
    "list_chats",
    "list_feedbacks",
    "list_messages",
    "list_questions",
    "list_returns",
]

BY_DEFAULT: Final = timedelta(days=180)
"""How far back is read where nothing is said; half a year is Market's own default."""

FEEDBACKS_SPAN: Final = timedelta(days=180, hours=12)
QUESTIONS_SPAN: Final = timedelta(days=26)
"""Parts of a period. The shortest six months have 181 days and the shortest month 28; a part is
asked for with a second, or with a day for Market takes days, more at both ends, since it does not
say what it does with records on the border. What is outside of the part is then left out."""
_LAG = timedelta(minutes=10)
"""Questions as new as that may be missing among those that wait, so they are not taken for answered
when they are."""
_END = datetime.max.replace(tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)

T = TypeVar("T")


def list_chats(
    cabinet: Cabinet,
    *,
    waiting: bool | None,
    cursor: str | None = None,
    priority: Priority | None = None,
) -> Listing[Chat]:
    """Chats; see ``YandexMarket.chats``."""
    statuses = None
    if waiting is not None:
        statuses = mapping.WAITING_CHATS if waiting else mapping.OTHER_CHATS
    body = chats_api.list_body(statuses=statuses)

    async def fetch(token: str | None) -> Chunk[Chat]:
        answer = await cabinet.pipeline.call(
            chats_api.LIST,
            path={"businessId": await cabinet.business()},
            query={"limit": chats_api.PAGE_MOST, "pageToken": token},
            body=body,
            priority=priority,
        )
        page = answer.value
        items = [mapping.chat(wire, cabinet.account) for wire in page.chats]
        return _chunk(items, page.paging, answer.set_aside)

    return by_token(fetch, method=chats_api.LIST.name, cursor=cursor)


def list_messages(
    cabinet: Cabinet,
    chat: Ref,
    chat_id: int,
    *,
    since: datetime | None = None,
    first: int | None = None,
    cursor: str | None = None,
    priority: Priority | None = None,
) -> Listing[Message]:
    """Messages, from ``first`` on, itself included; see ``YandexMarket.messages``."""
    require_aware("messages", "since", since)
    body = chats_api.history_body(first)

    async def fetch(token: str | None) -> Chunk[Message]:
        answer = await cabinet.pipeline.call(
            chats_api.HISTORY,
            path={"businessId": await cabinet.business()},
            query={"chatId": chat_id, "limit": chats_api.HISTORY_MOST, "pageToken": token},
            body=body,
            priority=priority,
        )
        page = answer.value
        items = [mapping.message(wire, chat) for wire in page.messages]
        if since is not None:
            items = [item for item in items if item.sent_at >= since]
        return _chunk(items, page.paging, answer.set_aside)

    return by_token(fetch, method=chats_api.HISTORY.name, cursor=cursor)


def list_feedbacks(
    cabinet: Cabinet,
    *,
    answered: bool | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    rating: Collection[int] | None = None,
    product: str | None = None,
    reaction: str | None = None,
    cursor: str | None = None,
    at_once: int = 1,
    priority: Priority | None = None,
) -> Listing[Feedback]:
    """Feedbacks, the newest part of the period first; see ``YandexMarket.feedbacks``."""
    begin = _begin("feedbacks", since, until)
    if rating is not None and not (rating and set(rating) <= {1, 2, 3, 4, 5}):
        raise InvalidInput("feedbacks", "rating", "must be of 1 to 5", rating)

    def part(span: Span, cursor: str | None) -> Listing[feedbacks_api.Feedback]:
        body = feedbacks_api.list_body(
            date_time_from=span.since - _SECOND,
            date_time_to=None if span.until is None else span.until + _SECOND,
            reaction_status=reaction,
            rating_values=rating,
            offer_ids=None if product is None else [product],
        )
        low, high = span.since, span.until or _END

        async def fetch(token: str | None) -> Chunk[feedbacks_api.Feedback]:
            answer = await cabinet.pipeline.call(
                feedbacks_api.LIST,
                path={"businessId": await cabinet.business()},
                query={"limit": feedbacks_api.PAGE_MOST, "pageToken": token},
                body=body,
                priority=priority,
            )
            page = answer.value
            wires = [wire for wire in page.feedbacks if low <= wire.created_at < high]
            return _chunk(wires, page.paging, answer.set_aside)

        return by_token(fetch, method=feedbacks_api.LIST.name, cursor=cursor)

    wires = by_span(
        part,
        method="feedbacks",
        since=begin,
        until=until,
        longest=FEEDBACKS_SPAN,
        cursor=cursor,
        at_once=at_once,
    )
    # Mapped here and not where they are fetched: so it is done while the next page is on its way.
    if answered is None:
        account = cabinet.account
        return wires.map(lambda page: [mapping.feedback(wire, account) for wire in page])
    return mapped(wires, partial(with_answers, cabinet, answered=answered, priority=priority))


def list_questions(
    cabinet: Cabinet,
    *,
    answered: bool | None,
    since: datetime | None = None,
    until: datetime | None = None,
    product: str | None = None,
    cursor: str | None = None,
    at_once: int = 1,
    finely: bool = True,
    priority: Priority | None = None,
) -> Listing[Question]:
    """Questions, newest first; see ``YandexMarket.questions``."""
    begin = _begin("questions", since, until)

    def part(span: Span, cursor: str | None) -> Listing[Question]:
        def wires(need_answer: bool, cursor: str | None) -> Listing[questions_api.Question]:
            body = _questions_body(span, need_answer=need_answer)

            async def fetch(token: str | None) -> Chunk[questions_api.Question]:
                answer = await cabinet.pipeline.call(
                    questions_api.LIST,
                    path={"businessId": await cabinet.business()},
                    query={"limit": questions_api.PAGE_MOST, "pageToken": token},
                    body=body,
                    priority=priority,
                )
                page = answer.value
                found = [wire for wire in page.questions if wire.created_at in span]
                return _chunk(found, page.paging, answer.set_aside)

            return by_token(fetch, method=questions_api.LIST.name, cursor=cursor)

        def neutral(
            page: Sequence[questions_api.Question], status: Callable[[int, datetime], Status]
        ) -> list[Question]:
            return [
                mapping.question(wire, cabinet.account, status(about.id, wire.created_at))
                for wire in page
                if product in {None, (about := wire.question_identifiers).offer_id}
            ]

        told = datetime.now(UTC) - _LAG
        waiting: set[int] | None = None

        async def with_statuses(page: Sequence[questions_api.Question]) -> list[Question]:
            nonlocal waiting
            if page and waiting is None:  # most parts of a long period are empty
                waiting = {w.question_identifiers.id for w in await wires(True, None).all()}

            def status(number: int, created_at: datetime) -> Status:
                if number in (waiting or ()):
                    return Status.WAITING
                return Status.ANSWERED if created_at < told else Status.UNKNOWN

            found = neutral(page, status)
            return [item for item in found if item.answered] if answered else found

        if answered is False:
            return wires(True, cursor).map(lambda page: neutral(page, lambda *_: Status.WAITING))
        return mapped(wires(False, cursor), with_statuses)

    return by_span(
        part,
        method="questions",
        since=begin,
        until=until,
        longest=QUESTIONS_SPAN,
        cursor=cursor,
        at_once=at_once,
        finely=finely,
        newest_first=True,
    )


def list_returns(
    cabinet: Cabinet,
    *,
    statuses: Collection[str] | None,
    changed_since: date | None = None,
    cursor: str | None = None,
    priority: Priority | None = None,
) -> Listing[Return]:
    """Returns, shop by shop, those that changed from a day on; see ``YandexMarket.returns``."""
    filters = returns_api.list_query(statuses=statuses, type="RETURN", from_date=changed_since)

    def shop(campaign_id: int, cursor: str | None) -> Listing[Return]:
        async def fetch(token: str | None) -> Chunk[Return]:
            query: dict[str, QueryValue] = {"limit": returns_api.PAGE_MOST, "pageToken": token}
            answer = await cabinet.pipeline.call(
                returns_api.LIST,
                path={"campaignId": campaign_id},
                query=filters | query,
                priority=priority,
            )
            page = answer.value
            for wire in page.returns:
                cabinet.remember(wire.id, campaign_id)
            items = [mapping.refund(wire, cabinet.account) for wire in page.returns]
            return _chunk(items, page.paging, answer.set_aside)

        return by_token(fetch, method=returns_api.LIST.name, cursor=cursor)

    async def make() -> Listing[Return]:
        shops = await cabinet.campaigns()
        parts = [(str(campaign_id), partial(shop, campaign_id)) for campaign_id in shops]
        return side_by_side(parts, method="returns", cursor=cursor)

    return deferred(make)


async def count_waiting(cabinet: Cabinet, *, at_once: int) -> Waiting:
    """How much waits; see ``YandexMarket.counts``."""
    lists: tuple[Listing[Chat] | Listing[Question] | Listing[Feedback] | Listing[Return], ...] = (
        list_chats(cabinet, waiting=True),
        list_questions(cabinet, answered=False, at_once=at_once, finely=False),
        list_feedbacks(cabinet, reaction="NEED_REACTION"),
        list_returns(cabinet, statuses=mapping.WAITING_RETURNS),
    )
    return Waiting(*await together([_count(listing) for listing in lists]))


async def _count(
    listing: Listing[Chat] | Listing[Question] | Listing[Feedback] | Listing[Return],
) -> int:
    found = 0
    async for page in listing.pages():
        found += len(page.items)
    return found


def _questions_body(span: Span, *, need_answer: bool) -> object:
    """Market takes days; which zone's they are it does not say, so a day more is asked for."""
    return questions_api.list_body(
        date_from=(span.since.astimezone(UTC) - _DAY).date(),
        date_to=None if span.until is None else (span.until.astimezone(UTC) + _DAY).date(),
        need_answer=need_answer,
        sort="CREATED_AT_DESC",
    )


def _begin(method: str, since: datetime | None, until: datetime | None) -> datetime:
    """From when on, half a year back where nothing is said."""
    require_aware(method, "since", since)
    require_aware(method, "until", until)
    if since is None:
        return (until or datetime.now(UTC)) - BY_DEFAULT
    if until is not None and since > until:
        raise InvalidInput(method, "since", "must not be after until", since)
    return since


def _chunk(items: list[T], paging: Paging | None, aside: tuple[SetAside, ...]) -> Chunk[T]:
    """A page. Only the token tells whether more follow: a page may be short, or empty."""
    token = paging.next_page_token if paging is not None else None
    # Never 0, so that a token that does not move is an error on an empty page too.
    return Chunk(items, len(items) + 1, token=token or None, set_aside=aside)
