"""The lists of questions, feedbacks and claims, as neutral records."""

from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial
from typing import Protocol, TypeVar

from wbym.calls import Pipeline
from wbym.domain import Feedback, Question, Ref, Return
from wbym.errors import InvalidInput
from wbym.limits import Priority
from wbym.paging import Chunk, Listing, Turn, by_offset, joined
from wbym_wildberries import mapping
from wbym_wildberries.api import claims as claims_api
from wbym_wildberries.api import feedbacks as feedbacks_api
from wbym_wildberries.api import questions as questions_api

__all__ = ["list_claims", "list_feedbacks", "list_questions"]


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
    nm_id = _nm_id("questions", product)
    # WB's counters are of the whole list, whatever the filters.
    whole = since is None and until is None and nm_id is None

    def part(is_answered: bool, cursor: str | None) -> Listing[Question]:
        query = questions_api.list_query(
            is_answered=is_answered,
            nm_id=nm_id,
            order="dateDesc",
            date_from=since,
            date_to=until,
        )

        async def fetch(offset: int, size: int, turn: Turn) -> Chunk[Question]:
            answer = await pipeline.call(
                questions_api.LIST,
                query=query | {"take": size, "skip": offset},
                priority=priority,
                turn=turn,
            )
            page = answer.value
            count = len(page.questions) + len(answer.set_aside)
            items = [mapping.question(wire, account) for wire in page.questions]
            if not whole:
                items = _within(items, since, until)
            if answered is not None:
                # WB counts a rejected question among the answered ones.
                items = [item for item in items if item.answered is answered]
            total = page.count_archive if is_answered else page.count_unanswered
            return Chunk(items, count, None, total if whole else None, answer.set_aside)

        return by_offset(
            fetch,
            questions_api.LIST_PAGES,
            method=questions_api.LIST.name,
            cursor=cursor,
            ahead=ahead,
            newest_first=True,
        )

    return _passes(part, answered, cursor)


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
    nm_id = _nm_id("feedbacks", product)
    wanted = None if rating is None else frozenset(rating)
    if wanted is not None and not wanted <= {1, 2, 3, 4, 5}:
        raise InvalidInput("feedbacks", "rating", "must be of 1 to 5", rating)

    # WB's counters are of the whole list, whatever the filters.
    whole = since is None and until is None and nm_id is None

    def part(is_answered: bool, cursor: str | None) -> Listing[Feedback]:
        query = feedbacks_api.list_query(
            is_answered=is_answered,
            nm_id=nm_id,
            order="dateDesc",
            date_from=since,
            date_to=until,
        )

        async def fetch(offset: int, size: int, turn: Turn) -> Chunk[Feedback]:
            answer = await pipeline.call(
                feedbacks_api.LIST,
                query=query | {"take": size, "skip": offset},
                priority=priority,
                turn=turn,
            )
            page = answer.value
            wires = page.feedbacks
            items = [mapping.feedback(wire, account) for wire in wires]
            if not whole:
                items = _within(items, since, until)
            if wanted is not None:
                items = [item for item in items if item.rating in wanted]
            if answered is not None:
                items = [item for item in items if item.answered is answered]
            count = len(wires) + len(answer.set_aside)
            total = page.count_archive if is_answered else page.count_unanswered
            return Chunk(items, count, None, total if whole else None, answer.set_aside)

        return by_offset(
            fetch,
            feedbacks_api.LIST_PAGES,
            method=feedbacks_api.LIST.name,
            cursor=cursor,
            ahead=ahead,
            newest_first=True,
        )

    return _passes(part, answered, cursor)


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
        query = claims_api.list_query(is_archive=is_archive)

        async def fetch(offset: int, size: int, turn: Turn) -> Chunk[Return]:
            answer = await pipeline.call(
                claims_api.LIST,
                query=query | {"limit": size, "offset": offset},
                priority=priority,
                turn=turn,
            )
            page = answer.value
            items = [mapping.claim(wire, account) for wire in page.claims]
            count = len(items) + len(answer.set_aside)
            return Chunk(items, count, total=page.total, set_aside=answer.set_aside)

        return by_offset(fetch, claims_api.LIST_PAGES, method=claims_api.LIST.name, cursor=cursor)

    return _passes(part, None if open is None else not open, cursor)


class _HasRef(Protocol):
    @property
    def ref(self) -> Ref: ...


T = TypeVar("T", bound=_HasRef)
Q = TypeVar("Q", Question, Feedback)


def _passes(
    part: Callable[[bool, str | None], Listing[T]], flag: bool | None, cursor: str | None
) -> Listing[T]:
    """One of WB's two lists, or both one after the other where the flag is not given."""
    if flag is not None:
        return part(flag, cursor)
    return joined(
        [("false", partial(part, False)), ("true", partial(part, True))], cursor=cursor, key=_id_of
    )


def _within(items: list[Q], since: datetime | None, until: datetime | None) -> list[Q]:
    """Those of the period to the fraction; WB is asked in whole seconds."""
    return [
        item
        for item in items
        if (since is None or item.created_at >= since)
        and (until is None or item.created_at <= until)
    ]


def _id_of(item: _HasRef) -> str:
    return item.ref.id


def _nm_id(method: str, product: str | None) -> int | None:
    if product is None:
        return None
    if not product.isdigit():
        raise InvalidInput(method, "product", "must be a WB article, digits only", product)
    return int(product)
