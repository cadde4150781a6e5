"""The lists of questions, feedbacks and claims as neutral records, and by time for sweeps."""

from __future__ import annotations  # the API's modules are loaded at their first use

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol, TypedDict, TypeVar

from wbym.account import Filters
from wbym.domain import Feedback, Question, Ref, Return, creation_time
from wbym.errors import InvalidInput
from wbym.paging import TICK, Listing, Span, by_time, chain, second_of
from wbym_wildberries import _mapping as mapping

if TYPE_CHECKING:
    from wbym_wildberries.api import Api
    from wbym_wildberries.api import feedbacks as feedbacks_api
    from wbym_wildberries.api import questions as questions_api
    from wbym_wildberries.api._base import SortOrder

__all__ = ["TwoLists", "dates", "in_order", "list_feedbacks", "list_questions", "list_returns"]

_MAX_DIGITS: Final = 18
"""Max digits of an article, so that it fits into 64 bits."""

W = TypeVar("W", "questions_api.Question", "feedbacks_api.Feedback")
R = TypeVar("R", Question, Feedback)


class TwoLists(Protocol[W]):
    """``api.questions`` or ``api.feedbacks``: one list of processed records, one of the others."""

    async def count(
        self,
        *,
        is_answered: bool | None = None,
        date_from: datetime | None = None,
        date_to: datetime | None = None,
    ) -> int:
        """Number of records."""
        ...

    async def get(self, id: str, /) -> W:  # noqa: A002 - the marketplace's own name
        """One record."""
        ...

    def list(
        self,
        *,
        is_answered: bool,
        nm_id: int | None = None,
        order: SortOrder | None = None,
        date_from: datetime | None = None,
        date_to: datetime | None = None,
    ) -> Listing[W]:
        """One of the two lists."""
        ...


def list_questions(api: Api, account: str, filters: Filters) -> Listing[Question]:
    """List questions, newest first; see ``Wildberries.questions``."""
    answered = filters.answered
    return _neutral(
        api.questions,
        lambda wire: mapping.question(wire, account),
        "questions",
        filters,
        # WB lists rejected questions among the answered ones.
        wanted=None if answered is None else lambda item: item.answered is answered,
    )


def list_feedbacks(api: Api, account: str, filters: Filters) -> Listing[Feedback]:
    """List feedbacks, newest first; see ``Wildberries.feedbacks``."""
    answered, ratings = filters.answered, filters.ratings

    def wanted(item: Feedback) -> bool:
        is_of_rating = ratings is None or item.rating in ratings
        return is_of_rating and (answered is None or item.answered is answered)

    return _neutral(
        api.feedbacks,
        lambda wire: mapping.feedback(wire, account),
        "feedbacks",
        filters,
        wanted=None if answered is None and ratings is None else wanted,
    )


def list_returns(api: Api, account: str, is_open: bool | None) -> Listing[Return]:
    """List claims; see ``Wildberries.returns``."""

    def part(is_archive: bool) -> Listing[Return]:
        return api.claims.list(is_archive=is_archive).map(
            lambda wire: mapping.return_request(wire, account)
        )

    return _one_or_both(part, None if is_open is None else not is_open)


def in_order(
    lists: TwoLists[W],
    *,
    is_answered: bool,
    span: Span,
    expected: int | None,
    depth: int | None = None,
) -> Listing[W]:
    """One of WB's two lists of a noun, oldest first: complete at any length, even if it changes.

    Args:
        lists: The operations of the noun.
        is_answered: Whether to read the list of processed records, or the other one.
        span: The period in which the records were created.
        expected: The number of records; see ``by_time``. 0: the first short page ends the list.
        depth: The ``skip`` beyond which WB returns nothing, if known.
    """

    def listed(span: Span, newest_first: bool, /) -> Listing[W]:
        order: SortOrder = "dateDesc" if newest_first else "dateAsc"
        return lists.list(is_answered=is_answered, order=order, **dates(span))

    return by_time(
        listed,
        span=span,
        time=lambda wire: creation_time(wire.created_date),
        key=lambda wire: wire.id,
        expected=expected,
        depth=depth,
    )


class Dates(TypedDict):
    """A period as the filters of the lists."""

    date_from: datetime
    date_to: datetime | None


def dates(span: Span) -> Dates:
    """A span as the filters of WB's lists, which are whole seconds, both ends included."""
    until = span.until
    return {"date_from": span.since, "date_to": until and second_of(until - TICK)}


class _HasRef(Protocol):
    @property
    def ref(self) -> Ref: ...


T = TypeVar("T", bound=_HasRef)


def _neutral(
    lists: TwoLists[W],
    neutral: Callable[[W], R],
    noun: str,
    filters: Filters,
    *,
    wanted: Callable[[R], bool] | None,
) -> Listing[R]:
    """One or both of WB's lists of a noun as neutral records, filtered by ``wanted``."""
    nm_id = _nm_id(noun, filters.product)
    since, until = filters.since, filters.until

    def part(processed: bool) -> Listing[R]:
        wires = lists.list(
            is_answered=processed,
            nm_id=nm_id,
            order="dateDesc",
            date_from=since,
            date_to=until,
        )
        records = wires.known_newest_first().map(neutral)
        if since is not None or until is not None:  # WB's filters are whole seconds
            records = records.filter(partial(_is_within, since, until))
        return records if wanted is None else records.filter(wanted)

    return _one_or_both(part, filters.answered)


def _one_or_both(part: Callable[[bool], Listing[T]], flag: bool | None) -> Listing[T]:
    """One of WB's two lists, or both one after the other if the flag is None."""
    if flag is not None:
        return part(flag)
    return chain([("false", part(False)), ("true", part(True))], key=_id_of)


def _is_within(since: datetime | None, until: datetime | None, item: Question | Feedback) -> bool:
    """Whether an item is in the period, to the fraction of a second."""
    return (since is None or item.created_at >= since) and (
        until is None or item.created_at <= until
    )


def _id_of(item: _HasRef) -> str:
    return item.ref.id


def _nm_id(method: str, product: str | None) -> int | None:
    if product is None:
        return None
    if not (product.isascii() and product.isdigit() and len(product) <= _MAX_DIGITS):
        raise InvalidInput(method, "product", "must be a WB article, 1 to 18 digits", product)
    return int(product)
