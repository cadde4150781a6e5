"""Checksums of rows with events and seen records, which reveal damage that can still be decoded."""

from zlib import crc32

from wbym._sqlite import Connection

__all__ = ["add_checksums", "checksum_of_event", "checksum_of_seen_record"]

_PAGE = 1000
"""Rows in memory at a time."""


def checksum_of_event(
    id_: str, at: int, record: bytes, chat: bytes | None, sent_as: str | None
) -> int:
    """The checksum of an event's columns; kind and account are in its id and its record too."""
    text = id_ if sent_as is None else f"{id_} {sent_as}"
    return crc32(chat or b"", crc32(record, crc32(text.encode(), at ^ at >> 32)))


def checksum_of_seen_record(key: str, version: str, revision: int, at: int | None) -> int:
    """The checksum of a seen record's columns."""
    return crc32(f"{key} {version} {revision} {at}".encode())


def add_checksums(db: Connection) -> None:
    """Migrate events and seen records of version 4, in the caller's transaction.

    Rows that cannot have a checksum are damaged, and read as such.
    """
    db.execute("ALTER TABLE event ADD COLUMN checksum INTEGER")
    query = (
        "SELECT id, at, record, chat, sent_as, seq FROM event"
        " WHERE seq > ? AND typeof(id) = 'text' AND typeof(at) = 'integer'"
        " AND typeof(record) = 'blob' AND typeof(chat) IN ('blob', 'null')"
        " AND typeof(sent_as) IN ('text', 'null') ORDER BY seq LIMIT ?"
    )
    last = 0
    while rows := db.query(query, (last, _PAGE)):
        last = rows[-1][-1]
        db.executemany(
            "UPDATE event SET checksum = ? WHERE seq = ?",
            [(checksum_of_event(*columns), seq) for *columns, seq in rows],
        )
    db.execute("ALTER TABLE seen_record ADD COLUMN checksum INTEGER")
    query = (
        "SELECT stream, key, version, revision, at FROM seen_record"
        " WHERE (stream, key) > (?, ?) ORDER BY stream, key LIMIT ?"
    )
    place = (-1, "")
    while rows := db.query(query, (*place, _PAGE)):
        place = rows[-1][:2]
        db.executemany(
            "UPDATE seen_record SET checksum = ? WHERE stream = ? AND key = ?",
            [(checksum_of_seen_record(*columns), stream, columns[0]) for stream, *columns in rows],
        )
