"""Results of lookups of replies whose outcome is not known."""

from typing import Final

import msgspec

from wbym.domain import DeliveryState

__all__ = ["NOT_FOUND", "Resolution", "confirmed", "rejected", "unknown"]


class Resolution(msgspec.Struct, frozen=True):
    """The result of a lookup."""

    state: DeliveryState | None = None
    """None if the reply is not visible, or not yet."""
    id: str | None = None
    """The marketplace's id of the message or the answer."""
    note: str | None = None


NOT_FOUND: Final = Resolution()


def confirmed(id_: str | None = None) -> Resolution:
    """The buyer sees the reply, or moderation has it."""
    return Resolution(DeliveryState.CONFIRMED, id_)


def rejected(note: str) -> Resolution:
    """The reply was rejected, or the record has another one."""
    return Resolution(DeliveryState.REJECTED, note=note)


def unknown(note: str) -> Resolution:
    """The outcome cannot be determined."""
    return Resolution(DeliveryState.UNKNOWN, note=note)
