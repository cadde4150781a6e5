"""Checksums of rows with events and seen records, which reveal damage that can still be decoded."""

from zlib import crc32

from wbym._sqlite import Connection

__all__ = ["add_checksums", "checksum_of_event", "checksum_of_seen_record"]

_PAGE = 1000
"""Rows in memory at a time."""


def checksum_of_event(at: int, record: bytes, chat: bytes | None, sent_as: str | None) -> int:
    """The checksum of an event's columns, besides those that its record has too."""
    checksum = crc32(record, at ^ at >> 32)
    if chat is not None:
        checksum = crc32(chat, checksum)
    return checksum if sent_as is None else crc32(sent_as.encode(), checksum)


def checksum_of_seen_record(version: str, revision: int, at: int | None) -> int:
    """The checksum of a seen record's columns, besides its key."""
    mark = revision if at is None else revision ^ at ^ at >> 32
    return crc32(version.encode(), mark)


def add_checksums(db: Connection) -> None:
    """Migrate events and seen records of version 4, in the caller's transaction.

    Rows that cannot have a checksum are damaged, and read as such.
    """
    db.execute("ALTER TABLE event ADD COLUMN checksum INTEGER")
    query = (
        "SELECT at, record, chat, sent_as, seq FROM event"
        " WHERE seq > ? AND typeof(at) = 'integer'"
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
        " WHERE (stream, key) > (?, ?) AND typeof(version) = 'text'"
        " AND typeof(revision) = 'integer' AND typeof(at) IN ('integer', 'null')"
        " ORDER BY stream, key LIMIT ?"
    )
    place = (-1, "")
    while rows := db.query(query, (*place, _PAGE)):
        place = rows[-1][:2]
        db.executemany(
            "UPDATE seen_record SET checksum = ? WHERE stream = ? AND key = ?",
            [(checksum_of_seen_record(*columns), stream, key) for stream, key, *columns in rows],
        )
