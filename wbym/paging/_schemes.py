"""Page schemes as data."""

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import msgspec

__all__ = ["ByCursor", "ByOffset", "ByToken", "Scheme", "SinglePage"]


class ByOffset(msgspec.Struct, frozen=True):
    """Pages by size and offset. Any page can be requested at any time, so they are independent."""

    size: str
    """The name of the parameter for the size, such as ``take``."""
    offset: str
    """The name of the parameter for the offset, such as ``skip``."""
    max_size: int
    """Records per page."""
    max_offset: int | None = None
    max_reach: int | None = None
    """The largest sum of offset and size."""

    @property
    def reach(self) -> int | None:
        """The maximum number of records that can be reached; None for all."""
        if self.max_offset is None:
            return self.max_reach
        deepest = self.max_offset + self.max_size
        return deepest if self.max_reach is None else min(deepest, self.max_reach)


class ByToken(msgspec.Struct, frozen=True):
    """Pages that name the next one. They can only be read one after the other."""

    token: str
    """The name of the parameter, such as ``next`` or ``pageToken``."""
    following: str = "next"
    """The attribute path of the next page's token in a page's Struct, such as
    ``paging.next_page_token``. The list ends at a page without a token, or with 0."""
    size: str | None = None
    """The name of the parameter for the size; None if there is none."""
    max_size: int | None = None
    """Records per page."""
    where: Literal["query", "body"] = "query"
    """The location of the parameters."""
    is_number: bool = False
    """Whether tokens are positive integers."""
    end: str | None = None
    """The attribute with the number of a page's records, for a list that names a next page even on
    the last one: the list ends when it is 0."""
    ends_short: bool = False
    """Whether a page with fewer records than requested is the last, even if it names a next."""


class ByCursor(msgspec.Struct, frozen=True):
    """Pages by the end of the previous page: fields of its ``cursor`` are sent back.

    They can only be read one after the other.
    """

    fields: tuple[str, ...]
    """The names of these fields, such as ``updatedAt`` and ``nmID``."""
    size: str
    """The name of the field for the size, such as ``limit``."""
    max_size: int
    """Records per page."""
    at: tuple[str, ...]
    """The path of the cursor in the body, such as ``("settings", "cursor")``."""
    more: Callable[[Any, int], bool]
    """Whether a page follows, by the page's cursor and the requested size."""


class SinglePage(msgspec.Struct, frozen=True):
    """A single page with all records."""

    max_size: None = None


Scheme: TypeAlias = ByCursor | ByOffset | ByToken | SinglePage
"""How the operations of a marketplace page."""
