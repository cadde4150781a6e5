"""How a method pages, as data."""

from typing import TypeAlias

import msgspec

__all__ = ["ByCursor", "ByOffset", "ByToken", "Scheme"]


class ByOffset(msgspec.Struct, frozen=True):
    """Pages by size and offset. Any page can be asked for at any time, so they are independent."""

    size: str
    """The name of the parameter for the size, such as ``take``."""
    offset: str
    """The name of the parameter for the offset, such as ``skip``."""
    most: int
    """The largest size."""
    deepest: int | None = None
    """The largest offset."""
    reach: int | None = None
    """The largest sum of offset and size."""

    def size_at(self, offset: int, size: int) -> int:
        """How many records to ask for at this offset; 0 where the marketplace pages no further."""
        if self.deepest is not None and offset > self.deepest:
            return 0
        if self.reach is not None:
            size = min(size, self.reach - offset)
        return max(0, size)


class ByToken(msgspec.Struct, frozen=True):
    """Pages by what the page before says. They can only be read one after the other."""

    token: str
    """The name of the parameter, such as ``next`` or ``pageToken``."""
    size: str | None = None
    """The name of the parameter for the size, where there is one."""
    most: int | None = None
    """The largest size."""


class ByCursor(msgspec.Struct, frozen=True):
    """Pages by where the page before ended: some fields of its last record are sent back.

    They can only be read one after the other.
    """

    fields: tuple[str, ...]
    """Their names, such as ``updatedAt`` and ``nmID``."""
    size: str
    """The name of the field for the size, such as ``limit``."""
    most: int
    """The largest size."""


Scheme: TypeAlias = ByCursor | ByOffset | ByToken
