"""What a list is read from: something that brings one page at a time."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, Protocol, TypeAlias, TypeVar

import msgspec

from wbym.domain import UndecodableRecord
from wbym.limits import Priority
from wbym.paging._schemes import Scheme

__all__ = ["BodyGate", "Chunk", "Origin", "Reading", "Source"]

T = TypeVar("T")

BodyGate: TypeAlias = Callable[[], Awaitable[None]]
"""Awaited before a body is read; see ``Pipeline.call``."""


class Reading(msgspec.Struct, frozen=True):
    """How a list is read; what is None is left to the list."""

    cursor: str | None = None
    size: int | None = None
    prefetch: int | None = None
    priority: Priority | None = None


class Origin(Protocol):
    """Where a page's records came from."""

    def undecodable(self, index: int, error: Exception) -> UndecodableRecord:
        """The record at this place of the page's items as one that cannot be used, reported."""
        ...


class Chunk(msgspec.Struct, Generic[T], frozen=True):
    """What one request brought, before it is given its place in the list."""

    items: Sequence[T]
    count: int
    """How many records the marketplace sent, those included that could not be decoded."""
    following: str | None = None
    """The cursor of the next page; for pages by offset it is not needed."""
    total: int | None = None
    """How many records the list has, if the marketplace tells."""
    undecodable: tuple[UndecodableRecord, ...] = ()
    sent: object = None
    """The page as it was decoded."""
    origin: Origin | None = None


class Source(Protocol[T]):
    """Brings single pages of one list."""

    @property
    def method(self) -> str:
        """The operation's name, for errors."""
        ...

    @property
    def scheme(self) -> Scheme:
        """How the list pages."""
        ...

    async def fetch(
        self,
        cursor: str | None,
        size: int | None,
        *,
        priority: Priority | None,
        gate: BodyGate | None = None,
    ) -> Chunk[T]:
        """One page.

        Args:
            cursor: Which page: an offset in digits, a token, or what a chunk named as the next;
                None for the first.
            size: Records to ask for; None where the list has no size.
            priority: Who goes first at the limits; None leaves it to the operation.
            gate: Awaited before the page's body is read.
        """
        ...
