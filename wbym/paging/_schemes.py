"""How a list pages, as data."""

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import msgspec

__all__ = ["ByCursor", "ByOffset", "ByToken", "Scheme", "SinglePage"]


class ByOffset(msgspec.Struct, frozen=True):
    """Pages by size and offset. Any page can be asked for at any time, so they are independent."""

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
        """How many records can be reached at most; None for all."""
        if self.max_offset is None:
            return self.max_reach
        deepest = self.max_offset + self.max_size
        return deepest if self.max_reach is None else min(deepest, self.max_reach)


class ByToken(msgspec.Struct, frozen=True):
    """Pages that name the next one. They can only be read one after the other."""

    token: str
    """The name of the parameter, such as ``next`` or ``pageToken``."""
    following: str = "next"
    """Where a page names the next one: the attributes of its Struct, such as
    ``paging.next_page_token``. The list ends at a page that names none, or 0."""
    size: str | None = None
    """The name of the parameter for the size, if there is one."""
    max_size: int | None = None
    """Records per page."""
    where: Literal["query", "body"] = "query"
    """Where the parameters go."""
    is_number: bool = False
    """Whether tokens are positive integers."""
    end: str | None = None
    """The attribute of a page with the number of its records, for a list that always names a next
    page: the list ends where it is 0."""
    ends_short: bool = False
    """Whether a page with fewer records than asked for is the last, although it names a next."""


class ByCursor(msgspec.Struct, frozen=True):
    """Pages by where the page before ended: some fields of its ``cursor`` are sent back.

    They can only be read one after the other.
    """

    fields: tuple[str, ...]
    """Their names, such as ``updatedAt`` and ``nmID``."""
    size: str
    """The name of the field for the size, such as ``limit``."""
    max_size: int
    """Records per page."""
    at: tuple[str, ...]
    """Where in the body the cursor is, such as ``("settings", "cursor")``."""
    more: Callable[[Any, int], bool]
    """Whether a page follows, from the page's cursor and the size that was asked for."""


class SinglePage(msgspec.Struct, frozen=True):
    """One page with all records."""

    max_size: None = None


Scheme: TypeAlias = ByCursor | ByOffset | ByToken | SinglePage
