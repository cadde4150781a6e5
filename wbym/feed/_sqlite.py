"""The state of feed and outbox in one SQLite file, which processes of one machine may share.

The file is in WAL mode, and each commit is on disk before its method returns. Beside it is a folder
of lock files, ``<file>.locks``, one for each open store: the operating system releases a lock when
its process ends, however it ends. The reader of an account is a row with the name of its store,
which counts as long as that store is open; so thousands of accounts need one open file.
"""

import asyncio
import logging
import math
import os
import re
import uuid
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import anyio
import msgspec

from wbym._sqlite import MEMORY, Connection, Database, Row, is_locked
from wbym.account import Hint
from wbym.domain import Delivery, DeliveryState, Ref
from wbym.errors import FeedBusy, StateError
from wbym.feed._checksums import checksum_of_event, checksum_of_seen_record
from wbym.feed._delivery import FINAL, OPEN, key_of, open_to
from wbym.feed._delivery_rows import damaged, digest_of, from_row, to_row
from wbym.feed._events import EventKind
from wbym.feed._file_locks import FileLocks
from wbym.feed._migration import BROKEN, pack
from wbym.feed._schema import prepare
from wbym.feed._store import (
    Checkpoint,
    Claim,
    SeenRecord,
    Step,
    StoredDeadLetter,
    StoredEvent,
)
from wbym.observe import LogFacts
from wbym.paging._parts import EPOCH, stamp, unstamp

__all__ = ["SqliteStore"]

logger: logging.Logger = logging.getLogger("wbym.feed")

OPEN_TIMEOUT: Final = 60.0
"""Seconds to wait on opening while other processes write; the last attempt may end 10 s later."""
_MIN_PAUSE: Final = 0.25
_MAX_PAUSE: Final = 5.0
"""Min and max seconds between attempts to open a file, doubled each time."""
_DEAD_LETTER: Final = msgspec.msgpack.Decoder(StoredDeadLetter)

_WAITING: Final = 0.2
"""Seconds between attempts to become the reader of an account."""
_OWNER: Final = re.compile("[0-9]+-[0-9a-f]{12}")


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
        self._read_here: dict[str, object] = {}
        """The readers of this store, by account."""

    async def __aenter__(self) -> Self:
        """Open the file.

        If another process is writing to it, such as one that migrates it, this waits for a minute,
        and the log tells so after ten seconds.

        Raises:
            StateError: It is not a state file, is of a newer version, or cannot be opened; it is
                unchanged.
        """
        await self._open()
        try:
            await self._db.call(self._own)
        except BaseException:
            await self.aclose()
            raise
        return self

    async def _open(self) -> None:
        clock = asyncio.get_running_loop().time
        until, pause = clock() + OPEN_TIMEOUT, _MIN_PAUSE
        while True:
            try:
                return await self._db.open(prepare)
            except StateError as error:
                if not is_locked(error) or clock() + pause > until:
                    raise
                if pause == _MIN_PAUSE:
                    message = "%s; the file is tried again for %.0f s"
                    logger.warning(message, error, until - clock())
            await anyio.sleep(pause)
            pause = min(_MAX_PAUSE, 2 * pause)

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
        return await self._db.call(lambda: self._is_open(owner))

    def reading(self, account: str, *, wait: bool) -> AbstractAsyncContextManager[None]:
        """See ``Store.reading``."""
        return self._reading(account, wait)

    @asynccontextmanager
    async def _reading(self, account: str, wait: bool) -> AsyncIterator[None]:
        reading = object()

        def end(db: Connection) -> None:
            if self._read_here.get(account, reading) is reading:
                query = "DELETE FROM reader WHERE account = ? AND owner = ?"
                db.execute(query, (account, self.owner))

        try:
            while reader := await self._db.write(lambda db: self._read(db, account, reading)):
                if not wait:
                    raise FeedBusy(account, reader)
                await anyio.sleep(_WAITING)
            yield
        finally:
            # Also after a cancelled call, which is completed before this one. A store that was
            # closed meanwhile reads nothing, whatever its rows say.
            with anyio.CancelScope(shield=True), suppress(StateError):
                await self._db.write(end)
            if self._read_here.get(account) is reading:
                del self._read_here[account]

    def _read(self, db: Connection, account: str, reading: object) -> str | None:
        """Become the reader of an account, unless there is one, which is returned as text."""
        if self._read_here.get(account, reading) is not reading:
            return "this process"
        rows = db.query("SELECT owner FROM reader WHERE account = ?", (account,))
        owner = str(rows[0][0]) if rows else ""
        if owner != self.owner and self._is_open(owner):
            process = owner.partition("-")[0]
            return "this process" if process == str(os.getpid()) else f"process {process}"
        db.execute(
            "INSERT OR REPLACE INTO reader (account, owner) VALUES (?, ?)", (account, self.owner)
        )
        self._read_here[account] = reading
        return None

    def _is_open(self, owner: str) -> bool:
        """Whether the store of that name is open."""
        # The name of a damaged row must not lead to another file.
        return _OWNER.fullmatch(owner) is not None and self._locks.is_taken(owner)

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
            "SELECT key, version, revision, at, checksum FROM seen_record WHERE stream ="
            " (SELECT id FROM stream WHERE account = ? AND name = ?)"
            " AND key IN (SELECT value FROM json_each(?))"
        )
        asked = (account, stream, _names(keys))
        return await self._db.run(
            lambda db: {
                row[0]: self._seen_record(db, account, row) for row in db.query(query, asked)
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
            "SELECT id, account, kind, at, record, chat, sent_as, seq, checksum FROM event"
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

    # Dead letters.

    async def lay_aside(self, letter: StoredDeadLetter) -> None:
        """See ``Store.lay_aside``."""
        event = letter.event
        columns = (event.id, event.account, stamp(letter.failed_at), pack(letter))

        def move(db: Connection) -> None:
            if db.execute("DELETE FROM event WHERE seq = ?", (event.seq,)):
                db.execute(
                    "INSERT OR REPLACE INTO dead_letter VALUES (?, ?, ?, ?, ?)",
                    (*columns, digest_of(columns)),
                )

        await self._db.write(move)

    async def dead_letters(self, accounts: Collection[str] | None = None) -> list[StoredDeadLetter]:
        """See ``Store.dead_letters``."""
        query = (
            "SELECT * FROM dead_letter WHERE ? IS NULL"
            " OR account IN (SELECT value FROM json_each(?)) ORDER BY failed_at, rowid"
        )
        of = None if accounts is None else _names(accounts)
        return await self._db.run(
            lambda db: [_dead_letter(row) for row in db.query(query, (of, of))]
        )

    async def redeliver(self, event_id: str) -> bool:
        """See ``Store.redeliver``."""

        def move(db: Connection) -> bool:
            rows = db.query("DELETE FROM dead_letter WHERE id = ? RETURNING *", (event_id,))
            _add_events(db, [_dead_letter(row).event for row in rows])
            return bool(rows)

        return await self._db.write(move)

    async def drop_dead_letter(self, event_id: str) -> bool:
        """See ``Store.drop_dead_letter``."""
        query = "DELETE FROM dead_letter WHERE id = ?"
        return await self._db.write(lambda db: db.execute(query, (event_id,)) > 0)

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
            "INSERT OR REPLACE INTO seen_record VALUES (?, ?, ?, ?, ?, ?)",
            [
                (stream, key, *columns, checksum_of_seen_record(*columns))
                for key, record in step.seen_records.items()
                for columns in ((record.version, record.revision, _stamp(record.at)),)
            ],
        )
        if step.forget_before is not None:
            query = "DELETE FROM seen_record WHERE stream = ? AND at < ?"
            db.execute(query, (stream, stamp(step.forget_before)))
        _add_events(db, step.events)
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

    def _seen_record(self, db: Connection, account: str, row: Row) -> SeenRecord:
        key, version, revision, at, checksum = row
        try:
            if checksum != checksum_of_seen_record(version, revision, at):
                raise ValueError
            return SeenRecord(
                msgspec.convert(version, str), msgspec.convert(revision, int), _moment(at)
            )
        except BROKEN as error:
            name = f"{account}/{key}"
            if name not in self._reported:
                self._reported.add(name)
                _warn(db, f"what is known of {key!r}", error, account)
            # It was seen, whatever its version was.
            return SeenRecord("")

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


def _add_events(db: Connection, events: Iterable[StoredEvent]) -> None:
    db.executemany(
        "INSERT INTO event (id, account, kind, at, record, chat, sent_as, checksum)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        map(_event_row, events),
    )


def _event_row(event: StoredEvent) -> Row:
    at, record, chat, sent_as = stamp(event.at), event.record, event.chat, event.sent_as
    checksum = checksum_of_event(at, record, chat, sent_as)
    return (event.id, event.account, event.kind.value, at, record, chat, sent_as, checksum)


def _event(row: Row) -> StoredEvent:
    """The event of a row; one that cannot be decoded if its columns are damaged."""
    *columns, checksum = row
    fields = dict(zip(StoredEvent.__struct_fields__, columns, strict=True))
    _, account, _, at, record, chat, sent_as, seq = columns
    try:
        fields["at"] = unstamp(at)
        # Otherwise text would be taken for Base64.
        event = msgspec.convert(fields, StoredEvent, builtin_types=(bytes, datetime))
        if checksum == checksum_of_event(at, record, chat, sent_as):
            return event
    except BROKEN:
        pass
    data = record if isinstance(record, bytes) else str(record).encode()
    return StoredEvent(f"damaged/{seq}", account, EventKind.UNDECODABLE, EPOCH, data, seq=seq)


def _dead_letter(row: Row) -> StoredDeadLetter:
    """The dead letter of a row; its event cannot be decoded if the row is damaged."""
    id_, account, _, body, digest = row
    try:
        if digest_of(row[:-1]) != digest:
            raise ValueError
        return _DEAD_LETTER.decode(body)
    except BROKEN:
        data = body if isinstance(body, bytes) else str(body).encode()
        event = StoredEvent(str(id_), str(account), EventKind.UNDECODABLE, EPOCH, data)
        return StoredDeadLetter(event, EPOCH, 0, "its row in the state file is damaged")


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
