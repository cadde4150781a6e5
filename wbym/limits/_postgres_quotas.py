"""Quotas in PostgreSQL, for several processes and machines."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from hashlib import sha1
from importlib.resources import files
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from wbym._postgres import Address
from wbym._reprs import SecretText, forget_frames, reveal
from wbym.errors import ConfigError, LimitsUnavailable, StateError
from wbym.limits._lease import log
from wbym.limits._store_wire import TIMEOUT, Command, ServerQuotas

try:
    import asyncpg
except ImportError as error:  # pragma: no cover - tests install it
    raise ConfigError("limits in PostgreSQL need an extra: pip install 'wbym[postgres]'") from error

if TYPE_CHECKING:
    _Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]

__all__ = ["PostgresQuotas"]

_SQL: Final = files("wbym.limits").joinpath("quotas.sql").read_text(encoding="utf-8")
_VERSION: Final = sha1(_SQL.encode(), usedforsecurity=False).hexdigest()[:8]
_MIN_VERSION: Final = 14
_PURGE_EVERY: Final = 60.0
"""Seconds between deletions of what has expired."""
_PASSING: Final = ("08", "40", "53", "55", "57", "58", "25006", "XX000")
"""Beginnings of the SQLSTATEs of faults that may end by themselves."""

# A batch is one statement, which takes the locks of its owners in the order of their numbers.
_STEPS: Final = """
SELECT n, CASE verb
    WHEN 'reserve' THEN {schema}.quota_reserve_{v}(owner, id, given)
    WHEN 'settle' THEN {schema}.quota_settle_{v}(owner, id, given)
    WHEN 'renew' THEN {schema}.quota_renew_{v}(owner, id, given)
    WHEN 'cancel' THEN {schema}.quota_cancel_{v}(owner, id, given)
    WHEN 'ban' THEN {schema}.quota_ban_{v}(owner, id, given)
END
FROM (
    SELECT verb, owner, id, given, n
    FROM unnest($1::text[], $2::text[], $3::text[], $4::jsonb[])
        WITH ORDINALITY AS asked(verb, owner, id, given, n)
    ORDER BY hashtext(owner), n
) AS steps
"""


class PostgresQuotas(ServerQuotas):
    """A `QuotaStore` in PostgreSQL 14 or later; also behind PgBouncer in transaction mode.

    All steps of a process share one connection. The tables and functions are created on first use,
    which needs the right to create them.

    Args:
        url: ``postgresql://user:password@host:5432/database``, with those parameters of libpq that
            asyncpg knows, such as ``sslmode``, and ``schema`` (by default ``wbym``).

    Raises:
        ConfigError: The address is invalid.
    """

    def __init__(self, url: str) -> None:
        url = SecretText(url)
        try:
            address = Address(url)
        except StateError as error:
            forget_frames(error)
            raise ConfigError(f"limits: {error}") from None
        super().__init__(str(address), msgspec.json)
        self._schema: Final = f'"{address.schema}"'  # it may be a word of SQL
        self._url: Final = address.url
        self._steps: Final = self._sql(_STEPS)
        self._connection: _Connection | None = None
        self._isolates = False
        """Whether transactions of the role would fail beside others."""
        self._purge_at = 0.0

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):  # it may be lost
                await connection.close(timeout=TIMEOUT)

    async def _send(self, commands: Sequence[Command]) -> Sequence[object]:
        try:
            connection = self._connection
            if connection is None or connection.is_closed():
                connection = self._connection = await self._connect()
            verbs, owners, grants, given = zip(*commands, strict=True)
            texts = [text.decode() for text in given]
            async with self._transaction(connection):
                rows = await connection.fetch(self._steps, verbs, owners, grants, texts)
        except ConfigError:
            raise
        except Exception as error:  # noqa: BLE001 - asyncpg has no common base class
            self._drop()
            raise self._translated(error) from None
        await self._purge(connection)
        answers: list[object] = [None] * len(commands)
        for number, answer in rows:
            answers[number - 1] = answer
        return answers

    async def _connect(self) -> "_Connection":
        """Connect, and create what is missing.

        Raises:
            ConfigError: The server is too old.
        """
        connection = await asyncpg.connect(
            reveal(self._url),
            timeout=TIMEOUT,
            statement_cache_size=0,
            server_settings={"application_name": "wbym"},
            command_timeout=TIMEOUT,
        )
        try:
            version = connection.get_server_version().major
            if version < _MIN_VERSION:
                raise ConfigError(
                    f"limits: {self._address}: PostgreSQL {version} is too old;"
                    f" {_MIN_VERSION} is needed"
                )
            name = f"{self._schema}.quota_purge_{_VERSION}()"
            isolation = await connection.fetchval("SHOW default_transaction_isolation")
            self._isolates = isolation != "read committed"
            if await connection.fetchval("SELECT to_regprocedure($1)", name) is None:
                async with connection.transaction():
                    await connection.execute(
                        "SELECT pg_advisory_xact_lock(2003, 0);"
                        f"CREATE SCHEMA IF NOT EXISTS {self._schema};{self._sql(_SQL)}",
                        timeout=10 * TIMEOUT,
                    )
        except BaseException:
            connection.terminate()
            raise
        return connection

    async def _purge(self, connection: "_Connection") -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._purge_at:
            self._purge_at = now + _PURGE_EVERY
            try:
                await connection.execute(self._sql("SELECT {schema}.quota_purge_{v}()"))
            except Exception as error:  # noqa: BLE001 - the steps before it have succeeded
                self._drop()
                log.debug("expired counts are deleted later: %s", self._translated(error))

    def _transaction(self, connection: "_Connection") -> AbstractAsyncContextManager[object]:
        """One statement is a transaction of its own, unless the role's default is too strict."""
        if not self._isolates:
            return nullcontext()
        return connection.transaction(isolation="read_committed")

    def _drop(self) -> None:
        """Leave a connection whose state is unknown; the next call opens another."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    def _sql(self, text: str) -> str:
        return text.replace("{schema}", self._schema).replace("{v}", _VERSION)

    def _translated(self, error: Exception) -> Exception:
        forget_frames(error)
        text = str(error).partition("\n")[0] or type(error).__name__
        if isinstance(error, asyncpg.PostgresError):
            code = error.sqlstate or ""
            if not code.startswith(_PASSING):
                return ConfigError(f"limits: {self._address}: {text}")
        elif isinstance(error, asyncpg.ClientConfigurationError):
            return ConfigError(f"limits: {self._address}: {text}")
        elif isinstance(error, TimeoutError):
            text = "no answer in time"
        return LimitsUnavailable(self._address, text)
