"""Sources of lists, which fetch one page at a time."""

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
    """Options for reading a list; None means the list's default."""

    cursor: str | None = None
    size: int | None = None
    prefetch: int | None = None
    priority: Priority | None = None


class Origin(Protocol):
    """The origin of a page's records, for reporting undecodable ones."""

    def undecodable(self, index: int, error: Exception) -> UndecodableRecord:
        """Report the page's item at this index as undecodable.

        Args:
            index: Its place in the page.
            error: Why it could not be mapped.
        """
        ...


class Chunk(msgspec.Struct, Generic[T], frozen=True):
    """The result of one request for a page."""

    items: Sequence[T]
    count: int
    """How many records the marketplace sent, including undecodable ones."""
    following: str | None = None
    """The cursor of the next page; not needed for pages by offset."""
    total: int | None = None
    """How many records the list has, if the marketplace states it."""
    undecodable: tuple[UndecodableRecord, ...] = ()
    sent: object = None
    """The decoded page."""
    origin: Origin | None = None


class Source(Protocol[T]):
    """Fetches single pages of a list."""

    @property
    def method(self) -> str:
        """The operation's name, for errors."""
        ...

    @property
    def scheme(self) -> Scheme:
        """The page scheme of the list."""
        ...

    async def fetch(
        self,
        cursor: str | None,
        size: int | None,
        *,
        priority: Priority | None,
        gate: BodyGate | None = None,
    ) -> Chunk[T]:
        """Fetch one page.

        Args:
            cursor: An offset in digits, a token, or a chunk's ``following``; None for the first
                page.
            size: Records to request; None if the list has no page size.
            priority: The priority at the limits; None for the operation's default.
            gate: Awaited before the page's body is read.
        """
        ...
