"""The state of feed and outbox in one SQLite file, which processes of one machine may share.

The file is in WAL mode, and each commit is on disk before its method returns. Beside it is a folder
of lock files, ``<file>.locks``: the operating system releases a lock when its process ends, however
it ends.
"""

import logging
import math
import os
import uuid
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import anyio
import msgspec

from wbym._sqlite import MEMORY, Connection, Database, Row
from wbym.account import Hint
from wbym.domain import Delivery, DeliveryState, Ref
from wbym.errors import FeedBusy, StateError
from wbym.feed._delivery import FINAL, OPEN, key_of, open_to
from wbym.feed._delivery_rows import damaged, digest_of, from_row, to_row
from wbym.feed._events import EventKind
from wbym.feed._file_locks import FileLocks
from wbym.feed._migration import BROKEN
from wbym.feed._schema import prepare
from wbym.feed._store import Checkpoint, Claim, SeenRecord, Step, StoredEvent
from wbym.observe import LogFacts
from wbym.paging._parts import EPOCH, stamp, unstamp

__all__ = ["SqliteStore"]

logger: logging.Logger = logging.getLogger("wbym.feed")

_WAITING: Final = 0.2
"""Seconds between attempts to take a lock."""


class SqliteStore:
    """See :class:`wbym.feed.Store`. Use it as ``async with SqliteStore(path) as store``.

    Args:
        path: The file; created if it does not exist, in a folder that exists.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path: Final = Path(path)
        self.owner: Final = f"{os.getpid()}-{uuid.uuid4().hex[:12]}"
        self._connection = Connection(self.path, StateError, private=True)
        self._db = Database(self._connection)
        self._locks = FileLocks(None)
        self._reported: set[str] = set()

    async def __aenter__(self) -> Self:
        """Open the file.

        Raises:
            StateError: It is not a state file, is of a newer version, or cannot be opened; it is
                unchanged.
        """
        await self._db.open(prepare)
        try:
            await self._db.call(self._own)
        except BaseException:
            await self.aclose()
            raise
        return self

    def _own(self) -> None:
        # Beside the file itself, whatever links lead to it.
        if self.path != MEMORY:
            real = self._connection.real_path
            self._locks.folder = real.with_name(f"{real.name}.locks")
        self._locks.take(self.owner)

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the file and release its locks."""

        def free() -> None:
            self._locks.free_all()
            self._locks.remove(self.owner)

        await self._db.aclose(free)

    # Owners and readers.

    @property
    def alive_until(self) -> float:
        """See ``Store.alive_until``. The operating system ends its locks with its process."""
        return math.inf

    async def hold(self) -> None:
        """See ``Store.hold``."""

    async def alive(self, owner: str) -> bool:
        """See ``Store.alive``."""
        return await self._db.call(lambda: self._locks.is_taken(owner))

    def reading(self, account: str, *, wait: bool) -> AbstractAsyncContextManager[None]:
        """See ``Store.reading``."""
        return self._reading(account, wait)

    @asynccontextmanager
    async def _reading(self, account: str, wait: bool) -> AsyncIterator[None]:
        # An account's name may be too long for a file name, and contain any characters.
        name = f"reader-{blake2b(account.encode(), digest_size=16).hexdigest()}"
        is_ours = False

        def take() -> bool:
            nonlocal is_ours
            is_ours = self._locks.take(name)
            return is_ours

        def free() -> None:
            if is_ours:
                self._locks.free(name)

        try:
            while not await self._db.call(take):
                if not wait:
                    raise FeedBusy(account, await self._db.run(lambda db: _reader(db, account)))
                await anyio.sleep(_WAITING)
            query = "INSERT OR REPLACE INTO reader VALUES (?, ?)"
            await self._db.write(lambda db: db.execute(query, (account, self.owner)))
            yield
        finally:
            # A store that was closed meanwhile has released it.
            with anyio.CancelScope(shield=True), suppress(StateError):
                await self._db.call(free)

    # The feed.

    async def checkpoint(self, account: str, stream: str) -> Checkpoint | None:
        """See ``Store.checkpoint``."""
        query = (
            "SELECT account, name, since, state, begun, retained_since, digest FROM stream"
            " WHERE account = ? AND name = ?"
        )

        def find(db: Connection) -> Checkpoint | None:
            rows = db.query(query, (account, stream))
            return _checkpoint(db, rows[0]) if rows else None

        return await self._db.run(find)

    async def seen_records(
        self, account: str, stream: str, keys: Collection[str]
    ) -> dict[str, SeenRecord]:
        """See ``Store.seen_records``."""
        query = (
            "SELECT key, version, revision, at FROM seen_record WHERE stream ="
            " (SELECT id FROM stream WHERE account = ? AND name = ?)"
            " AND key IN (SELECT value FROM json_each(?))"
        )
        asked = (account, stream, _names(keys))
        return await self._db.run(
            lambda db: {
                key: _seen_record(version, revision, at)
                for key, version, revision, at in db.query(query, asked)
            }
        )

    async def write(self, step: Step) -> None:
        """See ``Store.write``."""
        await self._db.write(lambda db: self._write(db, step))

    async def events(
        self, accounts: Collection[str], *, after: int, limit: int
    ) -> list[StoredEvent]:
        """See ``Store.events``."""
        query = (
            "SELECT id, account, kind, at, record, chat, sent_as, seq FROM event"
            " WHERE seq > ? AND account IN (SELECT value FROM json_each(?)) ORDER BY seq LIMIT ?"
        )
        asked = (after, _names(accounts), limit)
        return await self._db.run(lambda db: [_event(row) for row in db.query(query, asked)])

    async def confirm(self, seqs: Collection[int]) -> None:
        """See ``Store.confirm``."""
        rows = [(seq,) for seq in seqs]
        await self._db.write(lambda db: db.executemany("DELETE FROM event WHERE seq = ?", rows))

    async def backlog(self) -> dict[str, int]:
        """See ``Store.backlog``."""
        query = "SELECT account, count(*) FROM event GROUP BY account"
        return await self._db.run(lambda db: dict(db.query(query)))

    # The outbox.

    async def enter(self, delivery: Delivery, work: bytes, *, owner: str = "") -> Delivery | None:
        """See ``Store.enter``."""
        return await self._db.write(lambda db: self._enter(db, delivery, work, owner))

    async def move(
        self,
        delivery: Delivery,
        *,
        was: Collection[DeliveryState],
        held_by: str | None = None,
        owner: str | None = None,
    ) -> bool:
        """See ``Store.move``."""
        return await self._db.write(lambda db: self._move(db, delivery, was, held_by, owner))

    async def drop(self, key: str) -> None:
        """See ``Store.drop``."""
        await self._db.write(lambda db: db.execute("DELETE FROM delivery WHERE key = ?", (key,)))

    async def delivery(self, key: str) -> Delivery | None:
        """See ``Store.delivery``."""
        return await self._db.run(lambda db: self._find(db, key))

    async def work(self, key: str) -> bytes:
        """See ``Store.work``."""
        query = "SELECT work FROM delivery WHERE key = ?"
        rows = await self._db.run(lambda db: db.query(query, (key,)))
        return rows[0][0] if rows and isinstance(rows[0][0], bytes) else b""

    async def deliveries(
        self,
        states: Collection[DeliveryState] | None = None,
        accounts: Collection[str] | None = None,
    ) -> list[Delivery]:
        """See ``Store.deliveries``."""
        wanted = frozenset(DeliveryState if states is None else states)
        query = (
            "SELECT * FROM delivery WHERE (state IN (SELECT value FROM json_each(?))"
            " OR ? AND state NOT IN (SELECT value FROM json_each(?)))"
            " AND (? IS NULL OR account IN (SELECT value FROM json_each(?))) ORDER BY rowid"
        )
        of = None if accounts is None else _names(accounts)
        damaged = DeliveryState.UNKNOWN in wanted
        asked = (_names(wanted), damaged, _names(DeliveryState), of, of)
        return await self._db.run(
            lambda db: [
                delivery
                for row in db.query(query, asked)
                if (delivery := self._delivery(db, row)).state in wanted
            ]
        )

    async def open_deliveries(self, accounts: Collection[str]) -> list[Claim]:
        """See ``Store.open_deliveries``."""
        query = (
            "SELECT * FROM delivery WHERE state IN (SELECT value FROM json_each(?))"
            " AND account IN (SELECT value FROM json_each(?)) ORDER BY rowid"
        )
        asked = (_names(OPEN), _names(accounts))
        return await self._db.run(
            lambda db: [
                Claim(delivery, row[4])
                for row in db.query(query, asked)
                if (delivery := self._delivery(db, row)).state in OPEN
            ]
        )

    async def delivered_to(self, target: Ref) -> list[Delivery]:
        """See ``Store.delivered_to``."""
        query = "SELECT * FROM delivery WHERE account = ? AND target = ? ORDER BY rowid"
        asked = (target.account, str(target))
        return await self._db.run(
            lambda db: [self._delivery(db, row) for row in db.query(query, asked)]
        )

    async def forget_deliveries(self, before: datetime) -> None:
        """See ``Store.forget_deliveries``."""
        query = "DELETE FROM delivery WHERE state = ? AND updated_at < ?"
        asked = [(state.value, stamp(before)) for state in FINAL]
        await self._db.write(lambda db: db.executemany(query, asked))

    # Hints.

    async def hint(self, hints: Sequence[Hint]) -> None:
        """See ``Store.hint``."""
        # Replaced, so that a hint survives if the same one is being followed up.
        query = "INSERT OR REPLACE INTO hint (account, stream, id) VALUES (?, ?, ?)"
        rows = [(hint.account, hint.stream, hint.id) for hint in hints]
        await self._db.write(lambda db: db.executemany(query, rows))

    async def hints(self, accounts: Collection[str]) -> list[tuple[int, Hint]]:
        """See ``Store.hints``."""
        query = (
            "SELECT number, account, stream, id FROM hint"
            " WHERE account IN (SELECT value FROM json_each(?)) ORDER BY number"
        )
        asked = (_names(accounts),)
        return await self._db.run(
            lambda db: [(number, Hint(*hint)) for number, *hint in db.query(query, asked)]
        )

    async def drop_hints(self, numbers: Collection[int]) -> None:
        """See ``Store.drop_hints``."""
        rows = [(number,) for number in numbers]
        await self._db.write(lambda db: db.executemany("DELETE FROM hint WHERE number = ?", rows))

    # Within a transaction.

    def _write(self, db: Connection, step: Step) -> None:
        point = step.checkpoint
        columns = (
            point.account,
            point.stream,
            stamp(point.since),
            point.state,
            int(point.begun),
            _stamp(point.retained_since),
        )
        ((stream,),) = db.query(
            "INSERT INTO stream (account, name, since, state, begun, retained_since, digest)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account, name) DO UPDATE SET"
            " since = excluded.since, state = excluded.state, begun = excluded.begun,"
            " retained_since = excluded.retained_since, digest = excluded.digest RETURNING id",
            (*columns, digest_of(columns)),
        )
        db.executemany(
            "INSERT OR REPLACE INTO seen_record VALUES (?, ?, ?, ?, ?)",
            [
                (stream, key, record.version, record.revision, _stamp(record.at))
                for key, record in step.seen_records.items()
            ],
        )
        if step.forget_before is not None:
            query = "DELETE FROM seen_record WHERE stream = ? AND at < ?"
            db.execute(query, (stream, stamp(step.forget_before)))
        db.executemany(
            "INSERT INTO event (id, account, kind, at, record, chat, sent_as)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    one.id,
                    one.account,
                    one.kind.value,
                    stamp(one.at),
                    one.record,
                    one.chat,
                    one.sent_as,
                )
                for one in step.events
            ],
        )
        for delivery in step.deliveries:
            self._move(db, delivery, open_to(delivery.state))

    def _enter(
        self, db: Connection, delivery: Delivery, work: bytes, owner: str
    ) -> Delivery | None:
        rows = db.query("SELECT * FROM delivery WHERE key = ?", (key_of(delivery),))
        if rows:
            return self._delivery(db, rows[0], like=delivery)
        db.execute(
            "INSERT INTO delivery VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", to_row(delivery, owner, work)
        )
        return None

    def _find(self, db: Connection, key: str) -> Delivery | None:
        rows = db.query("SELECT * FROM delivery WHERE key = ?", (key,))
        return self._delivery(db, rows[0]) if rows else None

    def _move(
        self,
        db: Connection,
        delivery: Delivery,
        was: Collection[DeliveryState],
        held_by: str | None = None,
        owner: str | None = None,
    ) -> bool:
        key = key_of(delivery)
        rows = db.query("SELECT * FROM delivery WHERE key = ?", (key,))
        if not rows or self._delivery(db, rows[0]).state not in was:
            return False
        *_, holder, _, _, work, _ = rows[0]
        if held_by not in {None, holder}:
            return False
        kept = b"" if delivery.state in FINAL else work
        db.execute(
            "UPDATE delivery SET key = ?, account = ?, target = ?, state = ?, owner = ?,"
            " updated_at = ?, body = ?, work = ?, digest = ? WHERE key = ?",
            (*to_row(delivery, holder if owner is None else owner, kept), key),
        )
        return True

    def _delivery(self, db: Connection, row: Row, like: Delivery | None = None) -> Delivery:
        """The delivery of a row; an ``UNKNOWN`` one if the row is damaged."""
        try:
            return from_row(row)
        except BROKEN as error:
            key = str(row[0])
            if key not in self._reported:
                self._reported.add(key)
                _warn(db, f"the delivery {key!r}, which is unknown now,", error, str(row[1]))
            return damaged(row, like)


def _reader(db: Connection, account: str) -> str:
    """The last reader of an account, as text."""
    rows = db.query("SELECT owner FROM reader WHERE account = ?", (account,))
    if not rows:
        return "another process"
    process = rows[0][0].partition("-")[0]
    return "this process" if process == str(os.getpid()) else f"process {process}"


def _checkpoint(db: Connection, row: Row) -> Checkpoint | None:
    """The checkpoint of a row; if the row is damaged, without the position, or None."""
    account, stream, since, state, begun, retained, _ = row
    try:
        if digest_of(row[:-1]) != row[-1]:
            raise ValueError
        return Checkpoint(account, stream, unstamp(since), state, bool(begun), _moment(retained))
    except BROKEN as error:
        _warn(db, f"the position of {stream}", error, account)
    try:
        # It is read again from there; records that are known make no event.
        return Checkpoint(account, stream, unstamp(since), begun=True)
    except BROKEN:
        return None


def _event(row: Row) -> StoredEvent:
    """The event of a row; one that cannot be decoded if its columns are damaged."""
    fields = dict(zip(StoredEvent.__struct_fields__, row, strict=True))
    try:
        fields["at"] = unstamp(fields["at"])
        # Otherwise text would be taken for Base64.
        return msgspec.convert(fields, StoredEvent, builtin_types=(bytes, datetime))
    except BROKEN:
        _, account, _, _, record, _, _, seq = row
        data = record if isinstance(record, bytes) else str(record).encode()
        return StoredEvent(f"damaged/{seq}", account, EventKind.UNDECODABLE, EPOCH, data, seq=seq)


def _seen_record(version: str, revision: int, at: int | None) -> SeenRecord:
    try:
        return SeenRecord(
            msgspec.convert(version, str), msgspec.convert(revision, int), _moment(at)
        )
    except BROKEN:
        # It was seen, whatever its version was.
        return SeenRecord("")


def _warn(db: Connection, what: str, error: Exception, account: str) -> None:
    logger.warning(
        "%s: %s cannot be decoded (%s)",
        db.path,
        what,
        type(error).__name__,
        extra=LogFacts(account=account),
    )


def _names(names: Iterable[str]) -> str:
    """Names for ``json_each``, which takes any number of them."""
    return msgspec.json.encode(list(names)).decode()


def _stamp(moment: datetime | None) -> int | None:
    return None if moment is None else stamp(moment)


def _moment(stamped: int | None) -> datetime | None:
    return None if stamped is None else unstamp(stamped)
