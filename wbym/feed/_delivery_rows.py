"""Rows of deliveries, and digests of rows, which reveal damage."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

import msgspec

from wbym._sqlite import Connection, Row
from wbym.domain import Action, Delivery, DeliveryState, Noun, Ref
from wbym.errors import RefError
from wbym.feed._delivery import key_of
from wbym.paging._parts import EPOCH, stamp

__all__ = ["add_digests", "damaged", "digest_of", "from_row", "keep_keys", "lost_keys", "to_row"]

_NOTE: Final = (
    "its row in the state file is damaged; check whether it was delivered, and resolve the delivery"
)
_DELIVERY: Final = msgspec.json.Decoder(Delivery)
_ENCODER: Final = msgspec.msgpack.Encoder()


def to_row(delivery: Delivery, owner: str, work: bytes) -> Row:
    """The columns of a delivery, in their order."""
    row = (
        key_of(delivery),
        delivery.target.account,
        str(delivery.target),
        delivery.state.value,
        owner,
        stamp(delivery.updated_at),
        msgspec.json.encode(delivery).decode(),
        work,
    )
    return (*row, _digest(row))


def from_row(row: Row) -> Delivery:
    """The delivery of a row.

    Raises:
        ValueError: It is damaged.
    """
    *columns, digest = row
    if digest != _digest(tuple(columns)):
        raise ValueError("damaged")
    return _DELIVERY.decode(row[6])


def damaged(row: Row, like: Delivery | None = None) -> Delivery:
    """An ``UNKNOWN`` delivery for a damaged row.

    Args:
        row: The row.
        like: A delivery to the same object, if there is one.
    """
    key = str(row[0])
    try:
        known = like or _DELIVERY.decode(row[6])
    except (msgspec.MsgspecError, ValueError, TypeError):
        known = Delivery(_target(row), Action.SEND, "", DeliveryState.UNKNOWN, EPOCH, EPOCH)
    return msgspec.structs.replace(
        known, idempotency_key=key, state=DeliveryState.UNKNOWN, note=_NOTE
    )


def add_digests(db: Connection) -> None:
    """Migrate deliveries and streams of version 3, in the caller's transaction."""
    db.execute("ALTER TABLE stream ADD COLUMN digest BLOB")
    for id_, *columns in db.query("SELECT * FROM stream"):
        digest = digest_of(tuple(columns[:-1]))
        db.execute("UPDATE stream SET digest = ? WHERE id = ?", (digest, id_))
    db.execute("ALTER TABLE delivery ADD COLUMN digest BLOB")
    for rowid, *columns in db.query("SELECT rowid, * FROM delivery"):
        digest = _digest(tuple(columns[:-1]))
        db.execute("UPDATE delivery SET digest = ? WHERE rowid = ?", (digest, rowid))


def lost_keys(db: Connection) -> list[str]:
    """Keys that are only in the index, since their rows are damaged."""
    query = (
        "SELECT key FROM delivery INDEXED BY sqlite_autoindex_delivery_1"
        " EXCEPT SELECT key FROM delivery NOT INDEXED"
    )
    return [str(key) for (key,) in db.query(query)]


def keep_keys(db: Connection, keys: Iterable[str]) -> None:
    """Keep keys whose rows are damaged, as ``UNKNOWN``."""
    state = DeliveryState.UNKNOWN.value
    # Without its digest it is read as damaged.
    db.executemany(
        "INSERT OR IGNORE INTO delivery"
        " (key, account, target, state, owner, updated_at, body, work)"
        " VALUES (?, 'unknown', 'unknown', ?, '', 0, '', x'')",
        [(key, state) for key in keys],
    )


def digest_of(columns: Row) -> bytes:
    """The digest of a row's other columns."""
    return blake2b(_ENCODER.encode(columns), digest_size=8).digest()


def _digest(columns: Row) -> bytes:
    owner = 4  # any other name of an owner is harmless
    return digest_of((*columns[:owner], *columns[owner + 1 :]))


def _target(row: Row) -> Ref:
    try:
        return Ref.parse(str(row[2]))
    except RefError:
        return Ref("unknown", str(row[1]) or "unknown", Noun.CHAT, "unknown")
