"""PostgreSQL: a few connections to one server, whose errors name it.

A call is one statement and so one transaction. It uses no state of its session and no named
statement: PgBouncer in transaction mode may serve each call by another connection.
"""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext, suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import anyio
import anyio.to_thread

from wbym._reprs import SecretText, reveal, safe_repr
from wbym.errors import StateError

if TYPE_CHECKING:
    import asyncpg

    _Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]
    Prepare: TypeAlias = Callable[[_Connection], Awaitable[None]]

__all__ = ["MIN_VERSION", "TIMEOUT", "Address", "Postgres", "Result", "Row", "is_address"]

Row: TypeAlias = tuple[Any, ...]

MIN_VERSION: Final = 13
"""Oldest supported major version of the server."""

_SCHEMES: Final = ("postgresql://", "postgres://")
_SCHEMA: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_CONNECTIONS: Final = 4
"""Max connections, besides that of urgent calls."""
_CONNECT_TIMEOUT: Final = 5.0
TIMEOUT: Final = 10.0
"""Seconds after which a call fails."""
_RECONNECT: Final = (0.0, 0.2, 0.8)
"""Seconds before a call is repeated whose connection was lost."""

_REMEDIES: Final[Mapping[str, str]] = {
    "08": "check that the server runs, and the network",
    "28": "check the user and the password (PGPASSWORD, or a password file)",
    "3D": "create the database, or name another one",
    "3F": "restore the schema, or start with a new one",
    "42501": "grant the user its rights to the schema: CREATE on the database before the first "
    "start, then USAGE on the schema and SELECT, INSERT, UPDATE, DELETE on its tables",
    "42P07": "another program uses the schema: name another one, as in ?schema=wbym_feed",
    "42P01": "the tables were deleted while they were in use: restore them",
    "53": "free disk, memory or connections of the server; stored data is not lost",
    "58": "the disk of the server is broken, or full; stored data is not lost",
    "57": "the server ended the call; it may be restarting",
    "25006": "the server takes no writes: use the address of the primary",
}
"""What to do, by the beginning of the SQLSTATE; the longest one that fits counts."""

_PASSING: Final = ("08", "25006", "40", "53", "55P03", "57", "58")
"""Faults that may end by themselves."""
_LOST: Final = ("08", "40", "57P0")
"""Faults that another connection, or another attempt, does not have."""


def is_address(place: object) -> bool:
    """Whether a place is the address of a PostgreSQL database."""
    return isinstance(place, str) and reveal(place).startswith(_SCHEMES)


class Address:
    """The address of a database: ``postgresql://user@host/database?schema=wbym``.

    ``str`` and ``repr`` show it without the password and the parameters.

    Args:
        url: The address; the parameter ``schema`` is ours, all others are asyncpg's.

    Raises:
        StateError: It cannot be parsed.
    """

    def __init__(self, url: str) -> None:
        url = SecretText(url)
        shown = _shown(url)
        if shown is None:
            raise StateError(
                "postgresql://***",
                "the address cannot be parsed; expected postgresql://user:password@host:port/"
                "database, with special characters of the password percent-encoded",
            )
        schemas = [value for name, value in _parameters(url) if name == "schema"] or ["wbym"]
        if len(schemas) > 1 or not _SCHEMA.fullmatch(schemas[0]):
            rule = "must be one name of lower-case Latin letters, digits and _, at most 63"
            raise StateError(shown, f"the parameter schema {rule}")
        self.schema: Final = schemas[0]
        self.url: Final = _without_schema(url)
        """The address for asyncpg, with its password."""
        self._shown: Final = shown

    def __str__(self) -> str:
        return self._shown

    @safe_repr
    def __repr__(self) -> str:
        return f"Address({self._shown!r})"


def _shown(url: SecretText) -> str | None:
    """The address without its secrets; None if it cannot be parsed, perhaps due to its password."""
    try:
        parts = urlsplit(reveal(url))
        user, _, place = parts.netloc.rpartition("@")
        for host in place.split(","):
            _ = urlsplit(f"//{host}").port  # raises if it is not a number
    except ValueError:
        return None
    # An @ elsewhere is the end of a password with a character that has another meaning.
    if "@" in f"{parts.path}{parts.query}{parts.fragment}":
        return None
    user = unquote(user.partition(":")[0])
    return f"postgresql://{f'{user}@' if user else ''}{place}{parts.path}"


def _parameters(url: SecretText) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(reveal(url)).query, keep_blank_values=True)


def _without_schema(url: SecretText) -> SecretText:
    parts = urlsplit(reveal(url))
    rest = [(name, value) for name, value in _parameters(url) if name != "schema"]
    return SecretText(parts._replace(query=urlencode(rest, quote_via=quote)).geturl())


class Result(NamedTuple):
    """What a statement returned."""

    rows: list[Row]
    repeated: bool
    """Whether it was executed again after its connection was lost: the first time may have had its
    effect."""


class Postgres:
    """Connections to one database, closed at first. All methods raise ``StateError``.

    Its ``retryable`` says whether the fault may pass. A call completes even if its caller is
    cancelled.

    Args:
        address: The database.
    """

    def __init__(self, address: Address) -> None:
        self.address: Final = address
        self._idle: list[_Connection] = []
        self._urgent: list[_Connection] = []
        self._slots = asyncio.Semaphore(_CONNECTIONS)
        self._running: set[asyncio.Task[Result]] = set()
        self._prepare: Prepare | None = None
        self._process = 0

    async def open(self, prepare: "Prepare") -> None:
        """Connect; no-op if it is open.

        Args:
            prepare: Called with each new connection.
        """
        if self._prepare is not None:
            return
        try:
            await anyio.to_thread.run_sync(import_module, "asyncpg")
        except ImportError:
            reason = "PostgreSQL needs asyncpg: pip install 'wbym[postgres]'"
            raise StateError(str(self.address), reason) from None
        self._process, self._prepare = os.getpid(), prepare
        try:
            connection = await self._connect()
            if isinstance(connection, _Failed):
                raise connection.fault
        except BaseException:
            self._prepare = None
            raise
        self._idle.append(connection)

    async def aclose(self) -> None:
        """Wait for running calls, and disconnect; no-op if it is closed."""
        self.check_process()
        if self._prepare is None:
            return
        self._prepare = None
        with anyio.CancelScope(shield=True):
            await asyncio.gather(*self._running, return_exceptions=True)
            for connection in (*self._idle, *self._urgent):
                with suppress(Exception):  # it may be lost
                    await connection.close(timeout=1.0)
            self._idle.clear()
            self._urgent.clear()

    async def fetch(
        self, query: str, *values: object, timeout: float = TIMEOUT, urgent: bool = False
    ) -> Result:
        """Execute a statement; return its rows. It is repeated if its connection is lost.

        Args:
            query: The statement.
            values: Its parameters.
            timeout: Seconds.
            urgent: Whether it has its own connection and does not wait for other calls.
        """
        self.check_process()
        if self._prepare is None:
            raise StateError(str(self.address), "it is closed")
        call = asyncio.create_task(self._repeat(query, values, timeout, urgent))
        self._running.add(call)
        call.add_done_callback(self._done)
        return await asyncio.shield(call)

    def check_process(self) -> None:
        """Raise an error in a forked child."""
        if self._process not in {0, os.getpid()}:
            raise StateError(
                str(self.address),
                "it was opened by the parent of this process; open it again after the fork",
            )

    def _done(self, call: asyncio.Task[Result]) -> None:
        self._running.discard(call)
        if not call.cancelled():
            call.exception()  # its caller may have been cancelled

    async def _repeat(
        self, query: str, values: tuple[object, ...], timeout: float, urgent: bool
    ) -> Result:
        pool = self._urgent if urgent else self._idle
        repeated = False
        with anyio.move_on_after(timeout):
            async with nullcontext() if urgent else self._slots:
                for pause in (*_RECONNECT, None):
                    found = await self._execute(query, values, pool)
                    if not isinstance(found, _Failed):
                        return Result(found, repeated)
                    if pause is None or not found.is_lost:
                        raise found.fault
                    repeated = True
                    await anyio.sleep(pause)
        raise self._late()

    async def _execute(
        self, query: str, values: tuple[object, ...], pool: list["_Connection"]
    ) -> "list[Row] | _Failed":
        connection = await self._take(pool)
        if isinstance(connection, _Failed):
            return connection
        try:
            found = await connection.fetch(query, *values)
        except Exception as error:  # noqa: BLE001 - asyncpg has no common base class
            failed = self._failed(error)
            if failed.is_lost or connection.is_closed():
                connection.terminate()
            else:
                pool.append(connection)
            # Raised elsewhere: the frames of asyncpg have the password.
            return failed
        except BaseException:
            connection.terminate()
            raise
        pool.append(connection)
        return [tuple(row) for row in found]

    async def _take(self, pool: list["_Connection"]) -> "_Connection | _Failed":
        while pool:
            connection = pool.pop()
            if not connection.is_closed():
                return connection
        return await self._connect()

    async def _connect(self) -> "_Connection | _Failed":
        import asyncpg

        connection = None
        try:
            connection = await asyncpg.connect(
                reveal(self.address.url),
                timeout=_CONNECT_TIMEOUT,
                statement_cache_size=0,
                server_settings={"application_name": "wbym"},
            )
            self._check(connection)
            if self._prepare is not None:
                await self._prepare(connection)
        except BaseException as error:
            if connection is not None:
                connection.terminate()
            if isinstance(error, Exception):
                return self._failed(error)
            raise
        return connection

    def _check(self, connection: "_Connection") -> None:
        version = connection.get_server_version()
        if version.major < MIN_VERSION:
            raise StateError(
                str(self.address),
                f"the server is PostgreSQL {version.major}.{version.minor}; "
                f"use version {MIN_VERSION} or later",
            )
        encoding = connection.get_settings().server_encoding
        if encoding.upper() not in {"UTF8", "UTF-8"}:
            raise StateError(
                str(self.address),
                f"its encoding is {encoding}; use a database that was created with UTF8",
            )

    def _failed(self, error: Exception) -> "_Failed":
        """What to raise for an error of asyncpg or of the network."""
        import asyncpg

        text = str(error).partition("\n")[0]
        match error:
            case StateError():
                return _Failed(error)
            case asyncpg.PostgresError():
                return self._rejected(error.sqlstate or "", text)
            case TimeoutError():
                return _Failed(self._late())
            case OSError():
                reason = f"{error.strerror or text}: {_REMEDIES['08']}"
                return _Failed(self._passing(reason), is_lost=True)
            case asyncpg.ClientConfigurationError():
                return _Failed(StateError(str(self.address), text))
            case asyncpg.DataError() | ValueError():
                return self._rejected("22000", text)
            case asyncpg.InterfaceError() | asyncpg.InternalClientError():
                reason = f"the connection was lost: {_REMEDIES['08']}"
                return _Failed(self._passing(reason), is_lost=True)
            case _:
                raise error

    def _rejected(self, code: str, text: str) -> "_Failed":
        if code.startswith("22"):
            # The text has the data.
            text = "a value cannot be stored"
        todo = max((part for part in _REMEDIES if code.startswith(part)), key=len, default="")
        reason = f"{text}: {_REMEDIES[todo]}" if todo else f"{text} (SQLSTATE {code})"
        fault = StateError(str(self.address), reason, retryable=code.startswith(_PASSING))
        return _Failed(fault, is_lost=code.startswith(_LOST))

    def _late(self) -> StateError:
        return self._passing(f"no answer in time: {_REMEDIES['08']}")

    def _passing(self, reason: str) -> StateError:
        return StateError(str(self.address), reason, retryable=True)


class _Failed(NamedTuple):
    """Why a call failed."""

    fault: StateError
    is_lost: bool = False
    """Whether the connection was lost; the statement may have been executed."""
