"""Shared parts of Yandex Market's wire structs and the typed methods.

Wire structs are lenient: only fields that the neutral model needs are required, values of open
enumerations are plain strings, and fields that are not listed are ignored.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from decimal import Decimal
from types import NoneType
from typing import Annotated, Any, Final, Generic, TypeAlias, TypeVar

import msgspec

from wbym.calls import (
    Count,
    Group,
    Json,
    Pipeline,
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
    "ANY",
    "COMMUNICATION",
    "HOST",
    "ORDERS",
    "ApiError",
    "BusinessId",
    "Envelope",
    "Id",
    "Ids",
    "MarketGroup",
    "Money",
    "Paging",
    "Several",
    "Wire",
    "check",
    "in_envelope",
    "in_envelope_or_none",
    "number_of",
    "pages",
    "refusal_of",
]

T = TypeVar("T")

HOST: Final = "market"
COMMUNICATION: Final = "communication"
ORDERS: Final = "inventory-and-order-processing"
"""Scopes of Api-Keys; ``all-methods`` covers both."""
ANY: Final = "any"
"""The scope of operations that any credential covers."""


class Wire(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    """The base of Market's records."""


class Paging(Wire, frozen=True):
    """The cursor of the next page."""

    next_page_token: str | None = None
    """Absent or empty on the last page."""


class Money(Wire, frozen=True):
    """An amount."""

    value: Annotated[Decimal, Range(0)]
    currency_id: str | None = None
    """Such as ``RUR``, which ISO 4217 calls RUB."""


class ApiError(Wire, frozen=True):
    """One error of Market's."""

    code: str | None = None
    message: str | None = None


class Envelope(Wire, Generic[T], frozen=True):
    """The envelope of nearly all responses. ``status`` may be ``ERROR`` with HTTP status 200."""

    status: str | None = None
    result: T | None = None
    errors: list[ApiError] | None = None


def refusal_of(errors: Sequence[ApiError]) -> Refusal:
    """Market's errors as one text, with the first code."""
    texts = [
        f"{error.code}: {error.message}" if index and error.code else error.message or error.code
        for index, error in enumerate(errors)
    ]
    message = "; ".join(text for text in texts if text)
    return Refusal(
        message or "rejected without a reason",
        code=next((error.code for error in errors if error.code), None),
    )


def check(status: str | None, errors: list[ApiError] | None) -> None:
    """Raise a response's errors.

    Raises:
        Refused: The status is ``ERROR``, or there are errors.
    """
    if status == "ERROR" or errors:
        raise Refused(refusal_of(errors or ()))


def _open(envelope: Envelope[T]) -> T:
    check(envelope.status, envelope.errors)
    if envelope.result is None:
        raise Unreadable("the envelope has no result")
    return envelope.result


def _acknowledge(envelope: Envelope[object]) -> None:
    check(envelope.status, envelope.errors)


def _maybe(envelope: Envelope[T]) -> T | None:
    check(envelope.status, envelope.errors)
    return envelope.result


def in_envelope(
    data: Any,  # noqa: ANN401 - a type
    /,
    *,
    records: tuple[str, ...] = (),
    record: type | None = None,
) -> Reply[Any]:
    """The reply inside an :class:`Envelope`; see :class:`wbym.calls.Envelope`."""
    if data in {None, NoneType}:
        return Json(Envelope[object], _acknowledge)
    path = ("result", *records) if record else ()
    return Json(Envelope[data], _open, records=path, record=record)


def in_envelope_or_none(data: Any, /, **_: object) -> Reply[Any]:  # noqa: ANN401 - a type
    """The reply inside an :class:`Envelope`, or None if the envelope has none."""
    return Json(Envelope[data], _maybe)


Id: TypeAlias = Annotated[int, Range(1)]
WireId: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""An id in a response. A larger one could not be sent back."""
"""A numeric id of Market's."""

Ids: TypeAlias = Annotated[Collection[Id], Count(1, 50), Unique()]
"""Numeric ids of Market's, up to the max of most methods."""

Several: TypeAlias = Annotated[Collection[T], Count(1), Unique()]
"""Values to filter by."""


def pages(max_size: int) -> ByToken:
    """The page scheme of all Market's lists."""
    return ByToken("pageToken", "paging.next_page_token", size="limit", max_size=max_size)


BusinessId: TypeAlias = Callable[[], Awaitable[int]]
"""Returns the account's business; may ask Market for it first."""


class MarketGroup(Group, host=HOST, envelope=in_envelope):
    """The base of Market's operations. Each has its own hourly budget.

    Args:
        pipeline: Makes the calls.
        business: Returns the account's business, which is in most paths.
        priority: The priority of the calls at the limits; None for each operation's default.
    """

    def __init__(
        self, pipeline: Pipeline, business: BusinessId, priority: Priority | None = None
    ) -> None:
        super().__init__(pipeline, priority)
        self._business = business

    async def _known(self, place: str) -> str | int:
        return await self._business() if place == "businessId" else await super()._known(place)


def number_of(method: str, argument: str, text: str) -> int:
    """Parse a numeric id of Market's.

    Raises:
        InvalidInput: The text is not a positive number.
    """
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    if number < 1:
        raise InvalidInput(method, argument, "must be an id of Market, digits only", text)
    return number
