"""Migration of state files from version 2 to 3: undecodable records get an endpoint field.

Ids of stored events do not change.
"""

from typing import Final

from wbym._sqlite import Connection, Row
from wbym.feed._migration import fields_of, pack, rewrite_rows, unpack

__all__ = ["split_place", "upgrade"]

_STATEMENTS: Final = (
    "ALTER TABLE memo RENAME TO seen_record",
    "ALTER TABLE stream RENAME COLUMN floor TO retained_since",
    "UPDATE event SET kind = 'undecodable' WHERE kind = 'unreadable'",
    "UPDATE OR REPLACE seen_record SET key = 'undecodable/' || substr(key, 12)"
    " WHERE key LIKE 'unreadable/%'",
)


def upgrade(db: Connection) -> None:
    """Rename tables, columns, kinds and keys, in the caller's transaction."""
    for statement in _STATEMENTS:
        db.execute(statement)
    rewrite_rows(
        db,
        "SELECT seq, id, account, record FROM event"
        " WHERE kind = 'undecodable' AND seq > ? ORDER BY seq LIMIT ?",
        _undecodable,
        "DELETE FROM event WHERE seq = ?",
    )


def _undecodable(db: Connection, row: Row) -> None:
    seq, *_, record = row
    fields = split_place(fields_of(unpack(record)))
    db.execute("UPDATE event SET record = ? WHERE seq = ?", (pack(fields), seq))


def split_place(fields: dict[str, object]) -> dict[str, object]:
    """Split the endpoint of an undecodable record from its place."""
    if "endpoint" in fields:
        return fields
    endpoint, _, where = str(fields["where"]).partition(" ")
    return {**fields, "endpoint": endpoint, "where": where}
