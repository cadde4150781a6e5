"""The state of feed and outbox in PostgreSQL, which processes of several machines may share.

An open store is an *owner*: a row that the store renews, with a time until which it counts as
alive, by the server's clock. An account has one reader, the owner in its row; if that is no longer
alive, another store may take its place, with a new fencing number (``token``). Each step checks
that number in its transaction, so a process that slept writes nothing over its successor.

Each call is one statement, so nothing is locked while a connection is lost, and PgBouncer in
transaction mode does not matter. A statement whose answer is lost may have had its effect: the
repetition of each notices that.
"""

import asyncio
import logging
import os
import socket
import uuid
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import datetime
from hashlib import blake2b
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import anyio
import msgspec

from wbym._postgres import TIMEOUT, Address, Postgres, Result, Row
from wbym._reprs import SecretText, safe_repr
from wbym.account import Hint
from wbym.domain import Delivery, DeliveryState, Ref
from wbym.errors import FeedBusy, LeaseLost, StateError
from wbym.feed._delivery import FINAL, OPEN, key_of, open_to
from wbym.feed._delivery_rows import damaged
from wbym.feed._events import EventKind
from wbym.feed._postgres_schema import check, migrate
from wbym.feed._store import (
    Checkpoint,
    Claim,
    SeenRecord,
    Step,
    StoredDeadLetter,
    StoredEvent,
)
from wbym.observe import LogFacts

if TYPE_CHECKING:
    import asyncpg

__all__ = ["PostgresStore"]

logger: logging.Logger = logging.getLogger("wbym.feed")

_LEASE: Final = 4.0
"""Seconds for which a store counts as alive after it has renewed its row."""
_RENEWED_EVERY: Final = 1.0
"""Seconds between renewals."""
_RENEWAL_TIMEOUT: Final = 2.0
"""Seconds after which a renewal fails, so that there is time for another."""
_GHOSTS_ARRIVE_FOR: Final = 60.0
"""Seconds for which copies of a statement are expected whose connection was lost."""
_WAITING: Final = 0.25
"""Seconds between attempts to take over an account."""

_TABLES: Final = (
    "owner",
    "reader",
    "stream",
    "seen_record",
    "event",
    "dead_letter",
    "delivery",
    "hint",
)
_ESCAPE: Final = "\N{SYMBOL FOR NULL}"
_DELIVERY: Final = msgspec.json.Decoder(Delivery)
_COLUMNS: Final = "key, account, target, state, owner, updated_at, body, work"

_WRITE: Final = """
WITH fence AS MATERIALIZED (
    SELECT FROM {reader} WHERE account = $1 AND token = $2 FOR SHARE
), stream AS (
    INSERT INTO {stream} AS s (account, name, since, state, begun, retained_since, step)
    SELECT $1, $3, $4::timestamptz, $5::bytea, $6::boolean, $7::timestamptz, $8::uuid FROM fence
    ON CONFLICT (account, name) DO UPDATE SET since = excluded.since, state = excluded.state,
        begun = excluded.begun, retained_since = excluded.retained_since, step = excluded.step
    WHERE s.step <> excluded.step
    RETURNING id
), seen AS (
    INSERT INTO {seen_record} SELECT stream.id, r.key, r.version, r.revision, r.at
    FROM stream, unnest($9::text[], $10::text[], $11::bigint[], $12::timestamptz[])
        AS r (key, version, revision, at)
    ON CONFLICT (stream, key) DO UPDATE SET version = excluded.version,
        revision = excluded.revision, at = excluded.at
), forgotten AS (
    DELETE FROM {seen_record} AS r USING stream WHERE r.stream = stream.id
    AND $13::timestamptz IS NOT NULL AND r.key <> ALL($9::text[])
    AND (r.at < $13 OR r.key = ANY($14::text[]))
), turn AS MATERIALIZED (
    SELECT pg_advisory_xact_lock($22) FROM stream WHERE cardinality($15::text[]) > 0
), events AS (
    INSERT INTO {event} (id, account, kind, at, record, chat, sent_as)
    SELECT e.id, e.account, e.kind, e.at, e.record, e.chat, e.sent_as
    FROM turn, unnest($15::text[], $16::text[], $17::text[], $18::timestamptz[], $19::bytea[],
        $20::bytea[], $21::text[]) WITH ORDINALITY
        AS e (id, account, kind, at, record, chat, sent_as, place)
    ORDER BY e.place
), moved AS (
    UPDATE {delivery} AS d SET state = m.state, updated_at = m.updated_at, body = m.body,
        work = CASE WHEN m.is_final THEN ''::bytea ELSE d.work END
    FROM stream, unnest($23::text[], $24::text[], $25::timestamptz[], $26::text[], $27::text[],
        $28::boolean[]) AS m (key, state, updated_at, body, was, is_final)
    WHERE d.key = m.key AND d.state = ANY(string_to_array(m.was, ','))
)
SELECT EXISTS (SELECT FROM fence)
"""
"""One step. Events are numbered in the order of their commits, since a reader asks for those after
the last one that it has seen: hence the lock."""


class PostgresStore:
    """See :class:`wbym.feed.Store`. Use it as ``async with PostgresStore(url) as store``.

    It belongs to the event loop in which it is opened. It holds up to 5 connections.

    Args:
        url: ``postgresql://user:password@host:port/database``, with those parameters of libpq that
            asyncpg knows, such as ``sslmode``. The tables are in the schema ``wbym``, or that of
            the parameter ``schema``, and are created if they do not exist. Without a password in
            it, libpq's places of passwords are used (``PGPASSWORD``, a password file).
        create: Whether the tables are created if they do not exist. Otherwise that is an error, so
            that a wrong address is noticed.

    Raises:
        StateError: It is not such an address.
    """

    def __init__(self, url: str, *, create: bool = True) -> None:
        self.owner: Final = f"{os.getpid()}-{uuid.uuid4().hex[:12]}@{socket.gethostname()}"
        self.alive_until: float = 0.0
        """See ``Store.alive_until``."""
        url = SecretText(url)
        self._address = Address(url)
        self._place = str(self._address)
        self._create = create
        self._db = Postgres(self._address)
        self._renewing: asyncio.Task[None] | None = None
        self._names = {name: f'"{self._address.schema}".{name}' for name in _TABLES}
        self._names["columns"] = _COLUMNS
        self._turn = _lock_number(self._address.schema)
        self._read: set[str] = set()
        self._tokens: dict[str, int] = {}
        self._lost: set[str] = set()
        self._doubts: dict[tuple[str, str], tuple[Step, uuid.UUID]] = {}
        self._ghosts: dict[tuple[str, str], float] = {}
        """Keys and bodies of deliveries that may have been saved although their caller got an
        error, with the loop time until which copies of the statement may arrive."""

    @safe_repr
    def __repr__(self) -> str:
        return f"PostgresStore({self._place!r})"

    async def __aenter__(self) -> Self:
        """Connect, and create or migrate the tables.

        Raises:
            StateError: The server cannot be reached or used, or the tables are of a newer version,
                or do not exist and are not to be created; nothing is changed.
        """
        await self._db.open(self._prepare)
        try:
            await self._renew()
            # Rows of processes that were killed.
            old = "DELETE FROM {owner} WHERE until < statement_timestamp() - interval '1 day'"
            await self._run(old)
        except BaseException:
            await self._db.aclose()
            raise
        self._renewing = asyncio.get_running_loop().create_task(self._renew_regularly())
        return self

    async def _prepare(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        if self._renewing:
            await check(connection, self._address)
        else:
            await migrate(connection, self._address, create=self._create)

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Release the accounts, and disconnect."""
        self._db.check_process()
        renewing, self._renewing = self._renewing, None
        if renewing is None:
            return
        with anyio.CancelScope(shield=True):
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
            query = (
                "WITH freed AS (UPDATE {reader} SET owner = '' WHERE owner = $1)"
                " DELETE FROM {owner} WHERE name = $1"
            )
            with suppress(StateError):  # otherwise others send them
                await self._drop_ghosts()
            with suppress(StateError):  # otherwise others wait for the end of the lease
                await self._run(query, self.owner, timeout=_RENEWAL_TIMEOUT)
            await self._db.aclose()
            self.alive_until = 0.0

    # Owners and readers.

    async def alive(self, owner: str) -> bool:
        """See ``Store.alive``."""
        query = "SELECT FROM {owner} WHERE name = $1 AND until > statement_timestamp()"
        return bool((await self._run(query, owner)).rows)

    async def hold(self) -> None:
        """See ``Store.hold``."""
        if asyncio.get_running_loop().time() >= self.alive_until:
            await self._renew()
        if self._lost:
            raise self._lease_lost(*sorted(self._lost))

    async def _renew_regularly(self) -> None:
        failed = False
        while True:
            await anyio.sleep(_RENEWED_EVERY)
            try:
                await self._renew()
                await self._drop_ghosts()
            except StateError as error:
                if not failed:
                    logger.warning("%s; accounts and replies may be taken over meanwhile", error)
                failed = True
            else:
                failed = False

    async def _renew(self) -> None:
        """Count as alive from now on, and look which accounts were taken over."""
        query = (
            "WITH renewed AS ("
            " INSERT INTO {owner} VALUES ($1, statement_timestamp() + make_interval(secs => $2))"
            " ON CONFLICT (name) DO UPDATE SET until = excluded.until)"
            " SELECT account, token FROM {reader} WHERE owner = $1"
        )
        clock = asyncio.get_running_loop().time
        before, began = dict(self._tokens), clock()
        found = await self._run(query, self.owner, _LEASE, timeout=_RENEWAL_TIMEOUT, urgent=True)
        self.alive_until = began + _LEASE
        ours: dict[str, int] = dict(found.rows)
        self._lost |= {
            account
            for account, token in before.items()
            if ours.get(account) != token and self._tokens.get(account) == token
        }

    def reading(self, account: str, *, wait: bool) -> AbstractAsyncContextManager[None]:
        """See ``Store.reading``."""
        return self._reading(account, wait)

    @asynccontextmanager
    async def _reading(self, account: str, wait: bool) -> AsyncIterator[None]:
        while account in self._read:
            if not wait:
                raise FeedBusy(account, "this process")
            await anyio.sleep(_WAITING)
        self._read.add(account)
        try:
            while (other := await self._take(account)) is not None:
                if not wait:
                    raise FeedBusy(account, self._who(other))
                await anyio.sleep(_WAITING)
            yield
        finally:
            with anyio.CancelScope(shield=True):
                await self._free(account)

    async def _take(self, account: str) -> str | None:
        """Become the reader of an account, or return the owner that is."""
        # The time of the statement, not a later one: the statement may wait for a lock, and does
        # not see what was renewed meanwhile.
        query = (
            "WITH taken AS (INSERT INTO {reader} AS r VALUES ($1, $2, 1)"
            " ON CONFLICT (account) DO UPDATE SET owner = excluded.owner, token = r.token + 1"
            " WHERE r.owner = $2 OR NOT EXISTS (SELECT FROM {owner}"
            " WHERE name = r.owner AND until > statement_timestamp()) RETURNING token)"
            " SELECT (SELECT token FROM taken), (SELECT owner FROM {reader} WHERE account = $1)"
        )
        taking = asyncio.ensure_future(self._run(query, account, self.owner))
        try:
            ((token, other),) = (await asyncio.shield(taking)).rows
        finally:
            # Otherwise it might be taken after it was released.
            await asyncio.wait([taking])
        if token is None:
            return str(other)
        self._tokens[account] = token
        return None

    async def _free(self, account: str) -> None:
        """Release an account, if this store is its reader."""
        self._tokens.pop(account, None)
        self._lost.discard(account)
        query = "UPDATE {reader} SET owner = '' WHERE account = $1 AND owner = $2"
        try:
            # A store that was closed meanwhile has released it; otherwise it ends with the lease.
            with suppress(StateError):
                await self._run(query, account, self.owner, timeout=_RENEWAL_TIMEOUT)
        finally:
            self._read.discard(account)

    def _who(self, owner: str) -> str:
        process, _, host = owner.partition("@")
        number = process.partition("-")[0]
        if f"{number}@{host}" == f"{os.getpid()}@{socket.gethostname()}":
            return "this process"
        return f"process {number} on {host}" if host else "another process"

    def _lease_lost(self, *accounts: str) -> LeaseLost:
        names = ", ".join(accounts)
        return LeaseLost(
            self._place, f"{names}: another process follows it now; nothing was written"
        )

    # The feed.

    async def checkpoint(self, account: str, stream: str) -> Checkpoint | None:
        """See ``Store.checkpoint``."""
        query = (
            "SELECT account, name, since, state, begun, retained_since FROM {stream}"
            " WHERE account = $1 AND name = $2"
        )
        rows = (await self._run(query, account, stream)).rows
        return Checkpoint(*rows[0]) if rows else None

    async def seen_records(
        self, account: str, stream: str, keys: Collection[str]
    ) -> dict[str, SeenRecord]:
        """See ``Store.seen_records``."""
        # One lookup per key, whatever the planner knows of the table: otherwise it may read all
        # records of the stream.
        query = (
            "SELECT r.* FROM {stream} AS s CROSS JOIN unnest($3::text[]) AS k (key)"
            " CROSS JOIN LATERAL (SELECT key, version, revision, at FROM {seen_record}"
            " WHERE stream = s.id AND key = k.key LIMIT 1) AS r"
            " WHERE s.account = $1 AND s.name = $2"
        )
        rows = (await self._run(query, account, stream, list(keys))).rows
        return {key: SeenRecord(version, revision, at) for key, version, revision, at in rows}

    async def write(self, step: Step) -> None:
        """See ``Store.write``."""
        point = step.checkpoint
        token = self._tokens.get(point.account)
        if token is None or point.account in self._lost:
            raise self._lease_lost(point.account)
        place = (point.account, point.stream)
        # A step whose answer was lost may be stored: its repetition has the same number.
        doubted, number = self._doubts.get(place, (None, uuid.uuid4()))
        if doubted is not step:
            number = uuid.uuid4()
        self._doubts[place] = step, number
        fresh = step.seen_records
        old = step.forget_before
        kept = [key for key, one in fresh.items() if not (old and one.at and one.at < old)]
        events, moved = step.events, step.deliveries
        try:
            ((fenced,),) = (
                await self._run(
                    _WRITE,
                    *(point.account, token, point.stream, point.since, point.state, point.begun),
                    *(point.retained_since, number),
                    *(kept, [fresh[key].version for key in kept]),
                    *([fresh[key].revision for key in kept], [fresh[key].at for key in kept]),
                    *(old, list(fresh) if old else []),
                    *([one.id for one in events], [one.account for one in events]),
                    *([one.kind.value for one in events], [one.at for one in events]),
                    *([one.record for one in events], [one.chat for one in events]),
                    *([one.sent_as for one in events], self._turn),
                    *([key_of(one) for one in moved], [one.state.value for one in moved]),
                    *([one.updated_at for one in moved], [_body(one) for one in moved]),
                    [",".join(sorted(open_to(one.state))) for one in moved],
                    [one.state in FINAL for one in moved],
                )
            ).rows
        except StateError as error:
            if not error.retryable:
                self._doubts.pop(place, None)
            raise
        self._doubts.pop(place, None)
        if not fenced:
            raise self._lease_lost(point.account)

    async def events(
        self, accounts: Collection[str], *, after: int, limit: int
    ) -> list[StoredEvent]:
        """See ``Store.events``."""
        # In the order of the index, whatever the planner knows: by ``account = a.name`` it may sort
        # all events of an account.
        query = (
            "SELECT e.* FROM unnest($1::text[]) AS a (name) CROSS JOIN LATERAL"
            " (SELECT id, account, kind, at, record, chat, sent_as, seq FROM {event}"
            " WHERE account <= a.name AND (account, seq) > (a.name, $2)"
            " ORDER BY account, seq LIMIT $3) AS e"
            " ORDER BY e.seq LIMIT $3"
        )
        rows = (await self._run(query, list(accounts), after, limit)).rows
        return [_event(row) for row in rows]

    async def confirm(self, seqs: Collection[int]) -> None:
        """See ``Store.confirm``."""
        # Not fenced: an event that was handled is handled, whoever reads the account now.
        await self._run("DELETE FROM {event} WHERE seq = ANY($1::bigint[])", list(seqs))

    async def backlog(self) -> dict[str, int]:
        """See ``Store.backlog``."""
        query = "SELECT account, count(*) FROM {event} GROUP BY account"
        return dict((await self._run(query)).rows)

    # Dead letters.

    async def lay_aside(self, letter: StoredDeadLetter) -> None:
        """See ``Store.lay_aside``."""
        query = (
            "WITH gone AS (DELETE FROM {event} WHERE seq = $1 RETURNING *)"
            " INSERT INTO {dead_letter} (id, account, kind, at, record, chat, sent_as, seq,"
            " failed_at, attempts, error) SELECT id, account, kind, at, record, chat, sent_as, seq,"
            " $2::timestamptz, $3::bigint, $4::text FROM gone"
            " ON CONFLICT (id) DO UPDATE SET number = excluded.number, account = excluded.account,"
            " kind = excluded.kind, at = excluded.at, record = excluded.record,"
            " chat = excluded.chat, sent_as = excluded.sent_as, seq = excluded.seq,"
            " failed_at = excluded.failed_at, attempts = excluded.attempts, error = excluded.error"
        )
        seq = letter.event.seq
        await self._run(query, seq, letter.failed_at, letter.attempts, letter.error)

    async def dead_letters(self, accounts: Collection[str] | None = None) -> list[StoredDeadLetter]:
        """See ``Store.dead_letters``."""
        query = (
            "SELECT id, account, kind, at, record, chat, sent_as, seq, failed_at, attempts, error"
            " FROM {dead_letter} WHERE $1::text[] IS NULL OR account = ANY($1::text[])"
            " ORDER BY failed_at, number"
        )
        rows = (await self._run(query, None if accounts is None else list(accounts))).rows
        return [StoredDeadLetter(_event(row[:8]), *row[8:]) for row in rows]

    async def redeliver(self, event_id: str) -> bool:
        """See ``Store.redeliver``."""
        query = (
            "WITH gone AS (DELETE FROM {dead_letter} WHERE id = $1 RETURNING *),"
            " turn AS MATERIALIZED (SELECT pg_advisory_xact_lock($2) FROM gone)"
            " INSERT INTO {event} (id, account, kind, at, record, chat, sent_as)"
            " SELECT id, account, kind, at, record, chat, sent_as FROM turn, gone RETURNING seq"
        )
        found = await self._run(query, event_id, self._turn)
        # If its first answer was lost, it was probably done then.
        return bool(found.rows) or found.repeated

    async def drop_dead_letter(self, event_id: str) -> bool:
        """See ``Store.drop_dead_letter``."""
        query = "DELETE FROM {dead_letter} WHERE id = $1 RETURNING id"
        found = await self._run(query, event_id)
        return bool(found.rows) or found.repeated

    # The outbox.

    async def enter(self, delivery: Delivery, work: bytes, *, owner: str = "") -> Delivery | None:
        """See ``Store.enter``."""
        key = key_of(delivery)
        query = (
            "WITH entered AS (INSERT INTO {delivery} ({columns})"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (key) DO NOTHING RETURNING 1)"
            " SELECT (SELECT count(*) FROM entered), {columns} FROM (VALUES (1)) AS one"
            " LEFT JOIN {delivery} ON key = $1"
        )
        body = _body(delivery)
        target = str(delivery.target)
        values = (key, delivery.target.account, target, delivery.state.value, owner)
        try:
            while True:
                found = await self._run(query, *values, delivery.updated_at, body, work)
                ((entered, *row),) = found.rows
                if entered or (found.repeated and (row[4], row[6]) == (owner, body)):
                    self._ghosts.pop((key, body), None)
                    return None
                if row[0] is not None and not self._is_ghost(row):
                    return await self._delivery(tuple(row), like=delivery)
                await self._drop_ghosts()
        except StateError as error:
            if error.retryable and owner == self.owner:
                # The caller is told that it was not saved.
                until = asyncio.get_running_loop().time() + _GHOSTS_ARRIVE_FOR
                self._ghosts[key, body] = until
            raise

    async def _drop_ghosts(self) -> None:
        """Delete deliveries that may have been saved although their caller got an error.

        One that was entered again has another time in its body.
        """
        if not self._ghosts:
            return
        query = (
            "DELETE FROM {delivery} AS d USING unnest($1::text[], $2::text[]) AS ghost (key, body)"
            " WHERE d.key = ghost.key AND d.body = ghost.body AND d.owner = $3"
        )
        keys, bodies = zip(*self._ghosts, strict=True)
        now = asyncio.get_running_loop().time()
        await self._run(query, [*keys], [*bodies], self.owner, timeout=_RENEWAL_TIMEOUT)
        for ghost in zip(keys, bodies, strict=True):
            if self._ghosts.get(ghost, now) < now:
                del self._ghosts[ghost]

    def _is_ghost(self, row: Sequence[object]) -> bool:
        """Whether a row is a delivery that its caller knows nothing of."""
        return row[4] == self.owner and (row[0], row[6]) in self._ghosts

    async def move(
        self,
        delivery: Delivery,
        *,
        was: Collection[DeliveryState],
        held_by: str | None = None,
        owner: str | None = None,
    ) -> bool:
        """See ``Store.move``."""
        query = (
            "WITH moved AS (UPDATE {delivery} SET account = $2, target = $3, state = $4,"
            " owner = coalesce($5, owner), updated_at = $6, body = $7,"
            " work = CASE WHEN $8 THEN ''::bytea ELSE work END"
            " WHERE key = $1 AND state = ANY($9::text[]) AND owner = coalesce($10, owner)"
            " RETURNING 1)"
            " SELECT EXISTS (SELECT FROM moved), EXISTS (SELECT FROM {delivery}"
            " WHERE key = $1 AND body = $7 AND owner = coalesce($5, $10, owner))"
        )
        key, target, body = key_of(delivery), delivery.target, _body(delivery)
        found = await self._run(
            query,
            *(key, target.account, str(target), delivery.state.value, owner, delivery.updated_at),
            *(body, delivery.state in FINAL, [state.value for state in was], held_by),
        )
        ((moved, stands),) = found.rows
        # If its first answer was lost, it may have been moved then.
        return bool(moved or (found.repeated and stands))

    async def drop(self, key: str) -> None:
        """See ``Store.drop``."""
        await self._run("DELETE FROM {delivery} WHERE key = $1", key)

    async def delivery(self, key: str) -> Delivery | None:
        """See ``Store.delivery``."""
        found = await self._deliveries("WHERE key = $1", key)
        return found[0].delivery if found else None

    async def work(self, key: str) -> bytes:
        """See ``Store.work``."""
        rows = (await self._run("SELECT work FROM {delivery} WHERE key = $1", key)).rows
        return rows[0][0] if rows else b""

    async def deliveries(
        self,
        states: Collection[DeliveryState] | None = None,
        accounts: Collection[str] | None = None,
    ) -> list[Delivery]:
        """See ``Store.deliveries``."""
        wanted = [state.value for state in (DeliveryState if states is None else states)]
        of = None if accounts is None else list(accounts)
        condition = (
            "WHERE state = ANY($1::text[]) AND ($2::text[] IS NULL OR account = ANY($2::text[]))"
        )
        return [claim.delivery for claim in await self._deliveries(condition, wanted, of)]

    async def open_deliveries(self, accounts: Collection[str]) -> list[Claim]:
        """See ``Store.open_deliveries``."""
        condition = "WHERE state = ANY($1::text[]) AND account = ANY($2::text[])"
        wanted = [state.value for state in OPEN]
        found = await self._deliveries(condition, wanted, list(accounts))
        return [claim for claim in found if claim.delivery.state in OPEN]

    async def delivered_to(self, target: Ref) -> list[Delivery]:
        """See ``Store.delivered_to``."""
        condition = "WHERE account = $1 AND target = $2"
        found = await self._deliveries(condition, target.account, str(target))
        return [claim.delivery for claim in found]

    async def forget_deliveries(self, before: datetime) -> None:
        """See ``Store.forget_deliveries``."""
        query = "DELETE FROM {delivery} WHERE state = ANY($1::text[]) AND updated_at < $2"
        await self._run(query, [state.value for state in FINAL], before)

    async def _deliveries(self, condition: str, *values: object) -> list[Claim]:
        query = " ".join(("SELECT {columns} FROM {delivery}", condition, "ORDER BY number"))
        rows = (await self._run(query, *values)).rows
        kept = [row for row in rows if not self._is_ghost(row)]
        return [Claim(await self._delivery(row), row[4]) for row in kept]

    async def _delivery(self, row: Row, like: Delivery | None = None) -> Delivery:
        """The delivery of a row; one that cannot be decoded becomes ``UNKNOWN``."""
        key, account, *_, body, _ = row
        try:
            return _DELIVERY.decode(body)
        except (msgspec.MsgspecError, ValueError) as error:
            unknown = damaged(row, like)
            logger.warning(
                "%s: the delivery %r, which is unknown now, cannot be decoded (%s)",
                self._place,
                key,
                type(error).__name__,
                extra=LogFacts(account=account),
            )
            query = "UPDATE {delivery} SET state = $2, body = $3 WHERE key = $1 AND body = $4"
            await self._run(query, key, unknown.state.value, _body(unknown), body)
            return unknown

    # Hints.

    async def hint(self, hints: Sequence[Hint]) -> None:
        """See ``Store.hint``."""
        # Numbered anew, so that a hint survives if the same one is being followed up.
        query = (
            "INSERT INTO {hint} (account, stream, id) SELECT h.account, h.stream, h.id FROM"
            " unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY"
            " AS h (account, stream, id, place) ORDER BY h.place"
            " ON CONFLICT (account, stream, id) DO UPDATE SET number = excluded.number"
        )
        last = list(dict.fromkeys(reversed(hints)))[::-1]
        columns = ([getattr(one, name) for one in last] for name in ("account", "stream", "id"))
        await self._run(query, *columns)

    async def hints(self, accounts: Collection[str]) -> list[tuple[int, Hint]]:
        """See ``Store.hints``."""
        query = (
            "SELECT number, account, stream, id FROM {hint} WHERE account = ANY($1::text[])"
            " ORDER BY number"
        )
        rows = (await self._run(query, list(accounts))).rows
        return [(number, Hint(*hint)) for number, *hint in rows]

    async def drop_hints(self, numbers: Collection[int]) -> None:
        """See ``Store.drop_hints``."""
        await self._run("DELETE FROM {hint} WHERE number = ANY($1::bigint[])", list(numbers))

    async def _run(
        self, query: str, *values: object, timeout: float = TIMEOUT, urgent: bool = False
    ) -> Result:
        """Execute a statement, which has the names of tables in braces."""
        query = query.format_map(self._names)
        found = await self._db.fetch(query, *map(_encoded, values), timeout=timeout, urgent=urgent)
        rows = [
            tuple([_decoded(one) if isinstance(one, str) else one for one in row])
            for row in found.rows
        ]
        return found._replace(rows=rows)


def _lock_number(schema: str) -> int:
    """The advisory lock of those that add events."""
    digest = blake2b(f"wbym.{schema}.event".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def _body(delivery: Delivery) -> str:
    return msgspec.json.encode(delivery).decode()


def _event(row: Row) -> StoredEvent:
    """The event of a row; one that cannot be decoded if its kind is unknown."""
    id_, account, kind, at, record, chat, sent_as, seq = row
    try:
        return StoredEvent(id_, account, EventKind(kind), at, record, chat, sent_as, seq)
    except ValueError:
        return StoredEvent(id_, account, EventKind.UNDECODABLE, at, record, seq=seq)


def _encoded(value: object) -> object:
    """A value for PostgreSQL, whose texts have no NUL characters."""
    if isinstance(value, list):
        return [_encoded(one) if isinstance(one, str) else one for one in value]
    if isinstance(value, str) and ("\0" in value or _ESCAPE in value):
        return value.replace(_ESCAPE, f"{_ESCAPE}1").replace("\0", f"{_ESCAPE}0")
    return value


def _decoded(value: str) -> str:
    if _ESCAPE in value:
        return value.replace(f"{_ESCAPE}0", "\0").replace(f"{_ESCAPE}1", _ESCAPE)
    return value
