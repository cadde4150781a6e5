"""Rewriting of rows in a state file that an earlier version wrote."""

import logging
from collections.abc import Callable
from typing import Final

import msgspec

from wbym._sqlite import Connection, Row
from wbym.observe import LogFacts

__all__ = ["BROKEN", "fields_of", "pack", "rewrite_rows", "unpack"]

logger: logging.Logger = logging.getLogger("wbym.feed")

BROKEN: Final = (msgspec.MsgspecError, LookupError, ValueError, TypeError, ArithmeticError)
"""Errors of a damaged row."""
pack: Final = msgspec.msgpack.Encoder().encode
unpack: Final = msgspec.msgpack.Decoder().decode

_PAGE: Final = 100
"""Rows in memory at a time."""


def rewrite_rows(
    db: Connection, select: str, rewrite: Callable[[Connection, Row], None], delete: str
) -> None:
    """Rewrite rows one by one; a row that cannot be decoded is deleted and logged.

    Args:
        db: In a transaction.
        select: A query with two parameters, the last row's number and the max number of rows; its
            first columns are the row's number, its name and its account.
        rewrite: Called with each row.
        delete: A statement that deletes the row of a number.
    """
    last = 0
    while rows := db.query(select, (last, _PAGE)):
        for row in rows:
            last, name, account = row[:3]
            try:
                rewrite(db, row)
            except BROKEN as error:
                db.execute(delete, (last,))
                table = delete.split()[2]
                logger.warning(
                    "%s: the %s %r of an earlier wbym cannot be decoded (%s) and was deleted",
                    db.path,
                    table,
                    name,
                    type(error).__name__,
                    extra=LogFacts(account=account),
                )


def fields_of(value: object) -> dict[str, object]:
    """Return the fields of a Struct that was decoded without its type.

    Raises:
        msgspec.ValidationError: ``value`` is not a Struct.
    """
    return msgspec.convert(value, dict[str, object])
