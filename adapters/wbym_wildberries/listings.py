"""The lists of questions, feedbacks and claims: as neutral records, and as WB sends them."""

from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial
from typing import Generic, Protocol, TypedDict, TypeVar

from wbym.calls import Pipeline
from wbym.domain import Feedback, Question, Ref, Return
from wbym.errors import InvalidInput
from wbym.limits import Priority
from wbym.paging import TICK, Chunk, Listing, Span, Turn, by_offset, by_time, joined, second_of
from wbym_wildberries import mapping
from wbym_wildberries.api import claims as claims_api
from wbym_wildberries.api import feedbacks as feedbacks_api
from wbym_wildberries.api import questions as questions_api
from wbym_wildberries.api.base import created_query
from wbym_wildberries.nouns import FEEDBACKS, QUESTIONS, Noun

__all__ = [
    "Dates",
    "claims_as_sent",
    "dates",
    "in_order",
    "list_claims",
    "list_feedbacks",
    "list_questions",
]

P = TypeVar("P", questions_api.QuestionsPage, feedbacks_api.FeedbacksPage)
W = TypeVar("W", questions_api.Question, feedbacks_api.Feedback)
R = TypeVar("R", Question, Feedback)


def list_questions(
    pipeline: Pipeline,
    account: str,
    *,
    answered: bool | None,
    since: datetime | None,
    until: datetime | None,
    product: str | None,
    cursor: str | None,
    ahead: int | None,
    priority: Priority | None,
) -> Listing[Question]:
    """Questions, newest first; see ``Wildberries.questions``."""
    lists = _TwoLists(
        pipeline, account, QUESTIONS, since=since, until=until, product=product, priority=priority
    )
    if answered is None:
        return lists.both(cursor, ahead)
    # WB counts a rejected question among the answered ones.
    return lists.one(answered, cursor, ahead, lambda item: item.answered is answered)


def list_feedbacks(
    pipeline: Pipeline,
    account: str,
    *,
    answered: bool | None,
    since: datetime | None,
    until: datetime | None,
    rating: Collection[int] | None,
    product: str | None,
    cursor: str | None,
    ahead: int | None,
    priority: Priority | None,
) -> Listing[Feedback]:
    """Feedbacks, newest first; see ``Wildberries.feedbacks``."""
    ratings = frozenset(rating or ())
    if not ratings <= {1, 2, 3, 4, 5}:
        raise InvalidInput("feedbacks", "rating", "must be of 1 to 5", rating)
    lists = _TwoLists(
        pipeline, account, FEEDBACKS, since=since, until=until, product=product, priority=priority
    )
    if answered is None:
        return lists.both(
            cursor, ahead, None if rating is None else lambda item: item.rating in ratings
        )
    return lists.one(
        answered,
        cursor,
        ahead,
        lambda item: item.answered is answered and (rating is None or item.rating in ratings),
    )


def list_claims(
    pipeline: Pipeline,
    account: str,
    *,
    open: bool | None,  # noqa: A002 - the word of the field
    cursor: str | None,
    priority: Priority | None,
) -> Listing[Return]:
    """Claims; see ``Wildberries.returns``."""

    def part(is_archive: bool, cursor: str | None) -> Listing[Return]:
        wires = claims_as_sent(pipeline, is_archive=is_archive, cursor=cursor, priority=priority)
        return wires.map(lambda page: [mapping.claim(wire, account) for wire in page])

    return _passes(part, None if open is None else not open, cursor)


def claims_as_sent(
    pipeline: Pipeline, *, is_archive: bool, cursor: str | None, priority: Priority | None
) -> Listing[claims_api.Claim]:
    """One of WB's two lists of claims: those in the archive, or those under review."""
    query = claims_api.list_query(is_archive=is_archive)

    async def fetch(offset: int, size: int, turn: Turn) -> Chunk[claims_api.Claim]:
        answer = await pipeline.call(
            claims_api.LIST,
            query=query | {"limit": size, "offset": offset},
            priority=priority,
            turn=turn,
        )
        page = answer.value
        count = len(page.claims) + len(answer.set_aside)
        return Chunk(page.claims, count, total=page.total, set_aside=answer.set_aside)

    return by_offset(fetch, claims_api.LIST_PAGES, method=claims_api.LIST.name, cursor=cursor)


def in_order(
    pipeline: Pipeline,
    noun: Noun[P, W, R],
    *,
    is_answered: bool,
    span: Span,
    expected: int | None,
    depth: int | None = None,
    priority: Priority | None,
) -> Listing[W]:
    """One of WB's two lists of a noun, oldest first, complete while it changes and at any length.

    Args:
        pipeline: What makes the calls.
        noun: Of what.
        is_answered: Those that WB counts as processed, or the others.
        span: When they were made.
        expected: How many there are; see ``by_time``. 0: the first short page ends the list.
        depth: The ``skip`` from which on WB shows nothing, where it is known.
        priority: Who goes first at the limits.
    """

    async def fetch(span: Span, newest_first: bool, offset: int, size: int, turn: Turn) -> Chunk[W]:
        query = created_query(
            noun.list.name,
            is_answered=is_answered,
            order="dateDesc" if newest_first else "dateAsc",
            **dates(span),
        )
        answer = await pipeline.call(
            noun.list, query=query | {"take": size, "skip": offset}, priority=priority, turn=turn
        )
        items = noun.records(answer.value)
        return Chunk(items, len(items) + len(answer.set_aside), set_aside=answer.set_aside)

    return by_time(
        fetch,
        noun.pages,
        method=noun.list.name,
        span=span,
        time=_time_of,
        key=_wire_id,
        expected=expected,
        depth=depth,
    )


class Dates(TypedDict):
    """A period, as the lists' filters."""

    date_from: datetime
    date_to: datetime | None


def dates(span: Span) -> Dates:
    """WB takes whole seconds, and both ends are included."""
    until = span.until
    return {"date_from": span.since, "date_to": until and second_of(until - TICK)}


class _HasRef(Protocol):
    @property
    def ref(self) -> Ref: ...


T = TypeVar("T", bound=_HasRef)


class _TwoLists(Generic[P, W, R]):
    """WB's two lists of a noun, what is processed and what is not, with the same filters."""

    def __init__(
        self,
        pipeline: Pipeline,
        account: str,
        noun: Noun[P, W, R],
        *,
        since: datetime | None,
        until: datetime | None,
        product: str | None,
        priority: Priority | None,
    ) -> None:
        self._pipeline = pipeline
        self._account = account
        self._noun: Noun[P, W, R] = noun
        self._since = since
        self._until = until
        self._nm_id = _nm_id(noun.name, product)
        self._priority = priority

    def both(
        self, cursor: str | None, ahead: int | None, wanted: Callable[[R], bool] | None = None
    ) -> Listing[R]:
        """Both, one after the other."""

        def part(flag: bool, cursor: str | None) -> Listing[R]:
            return self.one(flag, cursor, ahead, wanted)

        return _passes(part, None, cursor)

    def one(
        self,
        processed: bool,
        cursor: str | None,
        ahead: int | None,
        wanted: Callable[[R], bool] | None,
    ) -> Listing[R]:
        """One of them; of its records those that are wanted."""
        noun, account = self._noun, self._account
        since, until = self._since, self._until
        # WB's counters are of the whole list, whatever the filters.
        whole = since is None and until is None and self._nm_id is None
        query = created_query(
            noun.list.name,
            is_answered=processed,
            nm_id=self._nm_id,
            order="dateDesc",
            date_from=since,
            date_to=until,
        )

        async def fetch(offset: int, size: int, turn: Turn) -> Chunk[R]:
            answer = await self._pipeline.call(
                noun.list,
                query=query | {"take": size, "skip": offset},
                priority=self._priority,
                turn=turn,
            )
            page = answer.value
            items = [noun.neutral(wire, account) for wire in noun.records(page)]
            count = len(items) + len(answer.set_aside)
            if not whole:  # WB is asked in whole seconds
                items = [item for item in items if _within(item, since, until)]
            if wanted is not None:
                items = [item for item in items if wanted(item)]
            total = page.count_archive if processed else page.count_unanswered
            return Chunk(items, count, None, total if whole else None, answer.set_aside)

        return by_offset(
            fetch, noun.pages, method=noun.list.name, cursor=cursor, ahead=ahead, newest_first=True
        )


def _passes(
    part: Callable[[bool, str | None], Listing[T]], flag: bool | None, cursor: str | None
) -> Listing[T]:
    """One of WB's two lists, or both one after the other where the flag is not given."""
    if flag is not None:
        return part(flag, cursor)
    return joined(
        [("false", partial(part, False)), ("true", partial(part, True))], cursor=cursor, key=_id_of
    )


def _within(item: Question | Feedback, since: datetime | None, until: datetime | None) -> bool:
    """Whether it is of the period, to the fraction of a second."""
    return (since is None or item.created_at >= since) and (
        until is None or item.created_at <= until
    )


def _time_of(wire: questions_api.Question | feedbacks_api.Feedback) -> datetime:
    return wire.created_date


def _wire_id(wire: questions_api.Question | feedbacks_api.Feedback) -> str:
    return wire.id


def _id_of(item: _HasRef) -> str:
    return item.ref.id


def _nm_id(method: str, product: str | None) -> int | None:
    if product is None:
        return None
    if not product.isdigit():
        raise InvalidInput(method, "product", "must be a WB article, digits only", product)
    return int(product)
