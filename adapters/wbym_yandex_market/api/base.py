"""What the wire structs and the typed methods of Yandex Market share.

Wire structs are lenient: only what the neutral model cannot do without is required, words of open
lists are plain strings, and fields that are not listed are ignored.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import NoneType
from typing import Annotated, Any, Final, Generic, TypeAlias, TypeVar

import msgspec

from wbym.adapter import length, require_aware, within
from wbym.calls import (
    ApiGroup,
    Count,
    Endpoint,
    Group,
    Json,
    Part,
    Pipeline,
    QueryValue,
    Range,
    Refusal,
    Refused,
    Reply,
    Unique,
    Unreadable,
)
from wbym.errors import InvalidInput
from wbym.limits import Priority
from wbym.paging import ByToken

__all__ = [
    "COMMUNICATION",
    "HOST",
    "ORDERS",
    "ApiError",
    "BusinessGroup",
    "BusinessId",
    "Envelope",
    "Money",
    "Paging",
    "Wire",
    "acknowledged",
    "check_period",
    "enveloped",
    "ids",
    "length",
    "page_query",
    "positive",
    "refusal_of",
    "rfc3339",
    "within",
]

T = TypeVar("T")
R = TypeVar("R")

HOST: Final = "market"
COMMUNICATION: Final = "communication"
ORDERS: Final = "inventory-and-order-processing"
"""Scopes that an Api-Key has; ``all-methods`` covers both."""


class Wire(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    """The base of what Market sends."""


class Paging(Wire, frozen=True):
    """Where a list goes on."""

    next_page_token: str | None = None
    """Absent or empty on the last page."""


class Money(Wire, frozen=True):
    """An amount."""

    value: Decimal
    currency_id: str | None = None
    """Such as ``RUR``, which ISO 4217 calls RUB."""


class ApiError(Wire, frozen=True):
    """One of Market's reasons."""

    code: str | None = None
    message: str | None = None


class Envelope(Wire, Generic[T], frozen=True):
    """How nearly all answers are wrapped. ``status`` may be ``ERROR`` with HTTP status 200."""

    status: str | None = None
    result: T | None = None
    errors: list[ApiError] | None = None


def refusal_of(errors: Sequence[ApiError]) -> Refusal:
    """Market's reasons, with the code of the first."""
    words = [
        f"{error.code}: {error.message}" if index and error.code else error.message or error.code
        for index, error in enumerate(errors)
    ]
    message = "; ".join(word for word in words if word)
    return Refusal(
        message or "refused without a reason",
        code=next((error.code for error in errors if error.code), None),
    )


def check(status: str | None, errors: list[ApiError] | None) -> None:
    """Refuse an answer that says ``ERROR``.

    Raises:
        Refused: It does.
    """
    if status == "ERROR" or errors:
        raise Refused(refusal_of(errors or ()))


def _open(envelope: Envelope[T]) -> T:
    check(envelope.status, envelope.errors)
    if envelope.result is None:
        raise Unreadable("the envelope holds no result")
    return envelope.result


def _acknowledge(envelope: Envelope[object]) -> None:
    check(envelope.status, envelope.errors)


def _maybe(envelope: Envelope[T]) -> T | None:
    check(envelope.status, envelope.errors)
    return envelope.result


# TODO-OLD begin
def enveloped(
    result: type[T], *, records: str | None = None, record: type[msgspec.Struct] | None = None
) -> Json[Envelope[T], T]:
    """The reply that comes in an :class:`Envelope`.

    Args:
        result: The type inside.
        records: The field inside that holds the list of records, where it is a page.
        record: The type of one record.
    """
    path = ("result", records) if records else ()
    return Json(Envelope[result], _open, records=path, record=record)  # type: ignore[valid-type]


def perhaps(result: type[T]) -> Json[Envelope[T], T | None]:
    """The reply that comes in an :class:`Envelope`, or is left out of it."""
    return Json(Envelope[result], _maybe)  # type: ignore[valid-type]


def acknowledged() -> Json[Envelope[object], None]:
    """The reply that only says that it is done."""
    return Json(Envelope[object], _acknowledge)


BusinessId: TypeAlias = Callable[[], Awaitable[int]]
"""Says which business the account is of; it may have to ask Market first."""


class BusinessGroup(ApiGroup):
    """The base of the typed methods whose address names the business.

    Args:
        pipeline: What makes the calls.
        business: Says which business.
        priority: Who goes first at the limits; None leaves it to each endpoint.
    """

    def __init__(
        self, pipeline: Pipeline, business: BusinessId, priority: Priority | None = None
    ) -> None:
        super().__init__(pipeline, priority)
        self._business = business

    async def _ask(
        self,
        endpoint: Endpoint[R],
        *,
        query: dict[str, QueryValue] | None = None,
        body: object = msgspec.UNSET,
        parts: Sequence[Part] = (),
    ) -> R:
        path = {"businessId": await self._business()}
        return await self._call(endpoint, path=path, query=query, body=body, parts=parts)


# TODO-OLD end


def in_result(
    data: Any,  # noqa: ANN401 - a type
    /,
    *,
    records: tuple[str, ...] = (),
    record: type | None = None,
) -> Reply[Any]:
    """The reply that comes in an :class:`Envelope`; see :class:`wbym.calls.Envelope`."""
    if data in {None, NoneType}:
        return Json(Envelope[object], _acknowledge)
    path = ("result", *records) if record else ()
    return Json(Envelope[data], _open, records=path, record=record)


def perhaps_in_result(data: Any, /, **_: object) -> Reply[Any]:  # noqa: ANN401 - a type
    """The reply that comes in an :class:`Envelope`, or is left out of it."""
    return Json(Envelope[data], _maybe)


Id: TypeAlias = Annotated[int, Range(1)]
"""A number of Market's."""

Ids: TypeAlias = Annotated[Collection[Id], Count(1, 50), Unique()]
"""Numbers of Market's, as many as most methods take."""


def pages(max_size: int) -> ByToken:
    """How all lists of Market page."""
    return ByToken("pageToken", "paging.next_page_token", size="limit", max_size=max_size)


BusinessId: TypeAlias = Callable[[], Awaitable[int]]
"""Says which business the account is of; it may have to ask Market first."""


class MarketGroup(Group, host=HOST, envelope=in_result):
    """The base of Market's operations. Each has an hourly budget of its own.

    Args:
        pipeline: What makes the calls.
        business: Says which business it is, for the address of most operations.
        priority: Who goes first at the limits; None leaves it to each operation.
    """

    def __init__(
        self, pipeline: Pipeline, business: BusinessId, priority: Priority | None = None
    ) -> None:
        super().__init__(pipeline, priority)
        self._business = business

    async def _known(self, place: str) -> str | int:
        return await self._business() if place == "businessId" else await super()._known(place)


def positive(method: str, argument: str, value: int) -> int:
    """Refuse an id that is none.

    Raises:
        InvalidInput: It is 0 or less.
    """
    if value < 1:
        raise InvalidInput(method, argument, "must be an id, from 1 on", value)
    return value


def ids(method: str, argument: str, values: Collection[int] | None, most: int) -> list[int] | None:
    """Ids, each once; refused where there are none, too many, or wrong ones.

    Raises:
        InvalidInput: They are.
    """
    if values is None:
        return None
    within(method, f"number of {argument}", len(values), 1, most)
    return [positive(method, argument, value) for value in dict.fromkeys(values)]


def page_query(
    method: str, page_token: str | None, limit: int | None, most: int
) -> dict[str, QueryValue]:
    """The page and its size, checked.

    Raises:
        InvalidInput: The size is outside its bounds.
    """
    if limit is not None:
        within(method, "limit", limit, 1, most)
    return {"pageToken": page_token, "limit": limit}


def rfc3339(method: str, argument: str, moment: datetime | None) -> str | None:
    """An aware time as text in UTC, in whole seconds.

    Raises:
        InvalidInput: The time is naive.
    """
    require_aware(method, argument, moment)
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def check_period(
    method: str, since: datetime | None, until: datetime | None, longest: timedelta, words: str
) -> None:
    """Refuse a period that ends before it begins, or is too long; without an end it ends now.

    Raises:
        InvalidInput: It is.
    """
    if since is None:
        return
    end = until or datetime.now(UTC)
    if until is not None and since > until:
        raise InvalidInput(method, "period", "must not end before it begins", (since, until))
    if end - since > longest:
        raise InvalidInput(method, "period", f"must be of {words} at most", (since, end))
