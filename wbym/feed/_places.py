"""Places of the state."""

from os import PathLike
from typing import TypeAlias

from wbym._postgres import is_address
from wbym._reprs import SecretText
from wbym.feed._postgres import PostgresStore
from wbym.feed._sqlite import SqliteStore

__all__ = ["StatePlace", "hide_password", "store_at"]

StatePlace: TypeAlias = str | PathLike[str]
"""A file, or the address of a PostgreSQL database (``postgresql://…``)."""


def hide_password(place: StatePlace) -> StatePlace:
    """The place as an object that does not show an address, which may have a password."""
    return SecretText(place) if isinstance(place, str) and is_address(place) else place


def store_at(place: StatePlace, *, create: bool = True) -> SqliteStore | PostgresStore:
    """The store of a place, closed.

    Args:
        place: The place.
        create: See `PostgresStore`; without effect on a file.

    Raises:
        StateError: It is an address that cannot be parsed.
    """
    place = hide_password(place)
    return (
        PostgresStore(place, create=create) if isinstance(place, SecretText) else SqliteStore(place)
    )
