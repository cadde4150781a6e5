"""Lists of several accounts, read concurrently as one ``Listing``.

A cursor is JSON: the accounts' own cursors by name, null for an account that is read to its end. An
account that it does not name is read from its start.
"""

import asyncio
import heapq
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Final, Generic, TypeAlias, TypeVar

import anyio
import msgspec

from wbym.domain import UndecodableRecord
from wbym.errors import AccountsFailed, CursorStuck, InvalidInput, PagingLimit
from wbym.paging import TICK, Listing, Page, Reading

__all__ = ["Failures", "OnError", "Running", "by_windows", "in_memory", "merged"]

T = TypeVar("T")

OnError: TypeAlias = Callable[[str, Exception], None]
"""Called with the account's name and the error."""
Moment: TypeAlias = Callable[[T], datetime | None]

_CHUNK: Final = 100
"""Records per page when several accounts are merged in order."""
_FIRST_WINDOW: Final = timedelta(days=7)
_WINDOW_RECORDS: Final = 2000
"""Records that a window is meant to have."""
_GROWTH: Final = 16
"""Max ratio of the lengths of two successive windows: a call costs time even for few records."""
_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
_cursors = msgspec.json.Decoder(dict[str, str | None])


class Failures:
    """Errors of accounts while the others continue.

    Args:
        accounts: The number of accounts.
        on_error: Called with each error as it happens, instead of an exception at the end.
    """

    def __init__(self, accounts: int, on_error: OnError | None) -> None:
        self._accounts = accounts
        self._on_error = on_error
        self._errors: list[tuple[str, Exception]] = []

    def add(self, account: str, error: Exception) -> None:
        """Report or keep the error of an account."""
        error.add_note(f"account: {account}")
        if self._on_error is not None:
            self._on_error(account, error)
        else:
            self._errors.append((account, error))

    def raise_all(self) -> None:
        """Raise the kept errors as one.

        Raises:
            AccountsFailed: Errors were kept.
        """
        if self._errors:
            raise AccountsFailed.of(self._errors, self._accounts)


def merged(
    parts: Mapping[str, Listing[T]],
    *,
    method: str,
    running: "Running",
    on_error: OnError | None,
    failed: Mapping[str, Exception],
    newest_first: Moment[T] | None = None,
) -> Listing[T]:
    """Merge the lists of accounts: page by page as they arrive, or newest record first.

    An account that fails does not stop the others: their records are delivered, and then one
    ``AccountsFailed`` is raised. The cursor keeps the position of the failed account.

    Args:
        parts: The accounts' lists, by name.
        method: The operation's name, for errors.
        running: Allows to remove accounts meanwhile.
        on_error: See :class:`Failures`.
        failed: Errors that are known before anything is read.
        newest_first: Returns the time of a record; each part must be newest first.
    """

    async def read(reading: Reading) -> AsyncGenerator[Page[T], None]:
        failures = Failures(len(parts) + len(failed), on_error)
        for name, error in failed.items():
            failures.add(name, error)
        reader = _Reader(parts, _begin(method, reading.cursor, parts), reading, running, failures)
        found = reader.in_arrival_order() if newest_first is None else reader.in_order(newest_first)
        async with aclosing(found) as pages:
            async for page in pages:
                yield page
                del page
        failures.raise_all()

    return Listing(read, newest_first=newest_first is not None)


def _begin(method: str, cursor: str | None, names: Mapping[str, object]) -> dict[str, str | None]:
    """The start cursor of each account; None for accounts that are read to their end."""
    begin: dict[str, str | None] = dict.fromkeys(names, "")
    if cursor:
        try:
            begin |= {n: c for n, c in _cursors.decode(cursor).items() if n in names}
        except msgspec.DecodeError:
            rule = "must be a cursor of an inbox's list"
            raise InvalidInput(method, "cursor", rule, cursor) from None
    return begin


class _End(msgspec.Struct, frozen=True):
    """The end of an account's pages."""

    whole: bool
    """Whether it was read to its end; otherwise it failed or was removed."""
    error: Exception | None = None
    """The exception of ``on_error``; it ends the whole list."""


class _Reader(Generic[T]):
    """One reading of the accounts' lists; ``where`` has the position of each."""

    def __init__(
        self,
        parts: Mapping[str, Listing[T]],
        where: dict[str, str | None],
        reading: Reading,
        running: "Running",
        failures: Failures,
    ) -> None:
        self._parts = {name: parts[name] for name, cursor in where.items() if cursor is not None}
        self._where = where
        self._reading = reading
        self._running = running
        self._failures = failures

    async def in_arrival_order(self) -> AsyncGenerator[Page[T], None]:
        """Yield page by page; each account has one page ready and one being read."""
        arrived: asyncio.Queue[tuple[str, Page[T] | _End]] = asyncio.Queue(1)

        def put_for(name: str) -> Callable[[Page[T] | _End], Awaitable[None]]:
            return lambda found: arrived.put((name, found))

        tasks = [self._spawn(name, put_for(name)) for name in self._parts]
        try:
            left = len(tasks)
            while left:
                name, found = await arrived.get()
                if isinstance(found, _End):
                    left -= 1
                    self._note_end(name, found)
                    continue
                self._where[name] = found.cursor
                here = self._cursor()
                self._where[name] = found.next_cursor
                yield Page(found.items, here, self._next_cursor(), None, found.undecodable)
                del found
        finally:
            await _stop(tasks)

    async def in_order(self, moment: Moment[T]) -> AsyncGenerator[Page[T], None]:
        """Merge lists that are newest first; one page of each account is in memory."""
        queues: dict[str, asyncio.Queue[Page[T] | _End]] = {
            name: asyncio.Queue(1) for name in self._parts
        }
        tasks = [self._spawn(name, queue.put) for name, queue in queues.items()]
        heads: list[tuple[float, int, str]] = []
        pages: dict[str, tuple[Page[T], int]] = {}
        places = {name: place for place, name in enumerate(queues)}
        undecodable: tuple[UndecodableRecord, ...] = ()
        chunk: list[T] = []
        here = self._cursor()
        try:
            wanted = list(queues)
            while wanted or heads:
                for name in wanted:
                    while True:
                        found = await queues[name].get()
                        if isinstance(found, _End):
                            self._note_end(name, found)
                            break
                        undecodable += found.undecodable
                        self._where[name] = found.cursor
                        if found.items:
                            pages[name] = found, 0
                            heapq.heappush(heads, _rank(moment, found.items[0], places[name], name))
                            break
                        self._where[name] = found.next_cursor
                wanted = []
                if not chunk:
                    here = self._cursor()
                if not heads:
                    break
                _, place, name = heapq.heappop(heads)
                page, index = pages[name]
                chunk.append(page.items[index])
                if index + 1 < len(page.items):
                    pages[name] = page, index + 1
                    heapq.heappush(heads, _rank(moment, page.items[index + 1], place, name))
                else:
                    self._where[name] = page.next_cursor
                    del pages[name]
                    wanted = [name]
                if len(chunk) >= _CHUNK or (wanted and queues[name].empty()):
                    yield Page(chunk, here, self._next_cursor(), None, undecodable)
                    chunk, undecodable = [], ()
            if chunk or undecodable:
                yield Page(chunk, here, self._next_cursor(), None, undecodable)
        finally:
            await _stop(tasks)

    def _note_end(self, name: str, end: _End) -> None:
        if end.error is not None:
            raise end.error
        if end.whole:
            self._where[name] = None

    def _cursor(self) -> str:
        return msgspec.json.encode(self._where).decode()

    def _next_cursor(self) -> str | None:
        return None if all(one is None for one in self._where.values()) else self._cursor()

    def _spawn(
        self, name: str, put: Callable[[Page[T] | _End], Awaitable[None]]
    ) -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(self._read(name, put))

    async def _read(self, name: str, put: Callable[[Page[T] | _End], Awaitable[None]]) -> None:
        reading = msgspec.structs.replace(self._reading, cursor=self._where[name] or None)
        end = _End(whole=False)
        with self._running.scope(name):
            try:
                async with aclosing(self._parts[name].read(reading)) as pages:
                    async for page in pages:
                        await put(page)
                        del page
                end = _End(whole=True)
            except Exception as error:  # noqa: BLE001 - one account must not stop the others
                try:
                    self._failures.add(name, error)
                except Exception as raised:  # noqa: BLE001 - raised to the reader of the list
                    end = _End(whole=False, error=raised)
        await put(end)


async def _stop(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _rank(moment: Moment[T], item: T, place: int, name: str) -> tuple[float, int, str]:
    return -(moment(item) or _EARLIEST).timestamp(), place, name


def by_windows(
    part: Callable[[datetime, datetime], Listing[T]],
    *,
    since: datetime,
    until: datetime | None,
    moment: Moment[T],
    method: str,
) -> Listing[T]:
    """Sort an unordered list newest first, by reading it in time windows, newest window first.

    One window is in memory at a time. The first is a week long; the next ones are as long as some
    2,000 records took in the one before, at most 16 times longer. A cursor is the end of a window.

    Args:
        part: Returns the list of a window, both ends inclusive.
        since: The start of the oldest window.
        until: The end of the newest window; now by default.
        moment: Returns the time of a record.
        method: The operation's name, for errors.
    """

    async def read(reading: Reading) -> AsyncGenerator[Page[T], None]:
        end = until or datetime.now(UTC)
        if reading.cursor:
            end = _end_of(method, reading.cursor)
        length = _FIRST_WINDOW
        inside = msgspec.structs.replace(reading, cursor=None)
        while end >= since:
            begin = since if end - since <= length else end - length
            found: list[T] = []
            undecodable: tuple[UndecodableRecord, ...] = ()
            stuck: CursorStuck | PagingLimit | None = None
            try:
                async with aclosing(part(begin, end).read(inside)) as pages:
                    async for page in pages:
                        found += page.items
                        undecodable += page.undecodable
            except (CursorStuck, PagingLimit) as error:
                stuck = error  # it would be raised again, so the records before it come first
            found.sort(key=lambda item: moment(item) or _EARLIEST, reverse=True)
            if stuck is not None:
                yield Page(found, end.isoformat(), end.isoformat(), None, undecodable)
                raise stuck
            is_last = begin == since
            following = begin if is_last else begin - TICK
            cursor = None if is_last else following.isoformat()
            yield Page(found, end.isoformat(), cursor, None, undecodable)
            if is_last:
                return
            ratio = _WINDOW_RECORDS / max(1, len(found))
            length = max(length * min(_GROWTH, max(1 / _GROWTH, ratio)), timedelta(hours=1))
            end = following

    return Listing(read, newest_first=True)


def _end_of(method: str, cursor: str) -> datetime:
    """Parse a cursor of :func:`by_windows`, which is the end of a window.

    Raises:
        InvalidInput: It is not such a cursor.
    """
    try:
        end = datetime.fromisoformat(cursor)
    except ValueError:
        pass
    else:
        if end.tzinfo is not None:
            return end
    raise InvalidInput(method, "cursor", "must be a cursor of this list", cursor)


def in_memory(listing: Listing[T], moment: Moment[T]) -> Listing[T]:
    """Sort a list without a time filter newest first: it is read as a whole, into one page."""

    async def read(reading: Reading) -> AsyncGenerator[Page[T], None]:
        found: list[T] = []
        undecodable: tuple[UndecodableRecord, ...] = ()
        stuck: CursorStuck | PagingLimit | None = None
        inside = msgspec.structs.replace(reading, cursor=None)
        try:
            async with aclosing(listing.read(inside)) as pages:
                async for page in pages:
                    found += page.items
                    undecodable += page.undecodable
        except (CursorStuck, PagingLimit) as error:
            stuck = error
        found.sort(key=lambda item: moment(item) or _EARLIEST, reverse=True)
        yield Page(found, "", None if stuck is None else "", None, undecodable)
        if stuck is not None:
            raise stuck

    return Listing(read, newest_first=True)


class Running:
    """Running reads by account, so that an account can be removed."""

    def __init__(self) -> None:
        self._scopes: dict[str, set[anyio.CancelScope]] = {}

    def scope(self, name: str) -> "_Tracked":
        """A scope for reading an account, which ``stop`` cancels."""
        return _Tracked(self._scopes.setdefault(name, set()))

    def stop(self, name: str) -> None:
        """Cancel the running reads of an account."""
        for scope in self._scopes.pop(name, set()):
            scope.cancel()


class _Tracked:
    def __init__(self, scopes: set[anyio.CancelScope]) -> None:
        self._scopes = scopes
        self._scope = anyio.CancelScope()

    def __enter__(self) -> None:
        self._scopes.add(self._scope)
        self._scope.__enter__()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> bool | None:
        self._scopes.discard(self._scope)
        return self._scope.__exit__(exc_type, exc, tb)
