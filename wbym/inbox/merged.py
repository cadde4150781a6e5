"""The lists of many accounts, read at the same time as one."""

import asyncio
import heapq
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from types import TracebackType
from typing import Generic, Protocol, TypeAlias, TypeVar

import anyio
import anyio.to_thread
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from wbym.domain import (
    Ref,
)
from wbym.paging import Listing

__all__ = ["HasRef", "Merged", "OnError", "Running"]

T_co = TypeVar("T_co", covariant=True)


class HasRef(Protocol):
    """A neutral record."""

    @property
    def ref(self) -> Ref:
        """Which object it is."""
        ...


T = TypeVar("T", bound=HasRef)

OnError: TypeAlias = Callable[[str, Exception], None]
"""Gets the account's name and what went wrong."""

_BUFFER = 64
"""Records that each account may be ahead of the consumer, besides the page that it reads."""

_EARLIEST = datetime.min.replace(tzinfo=UTC)


class Merged(Generic[T]):
    """Records of several accounts, read while it is iterated.

    It makes no request before; each iteration reads from the beginning. Left early or cancelled, it
    stops its requests. An account that fails does not stop the others: the rest is delivered, and
    then one ``ExceptionGroup`` tells which failed, each error with a note naming the account; or
    ``on_error`` gets each as it happens, and nothing is raised.
    """

    def __init__(
        self,
        readers: Callable[[], Mapping[str, Callable[[], Listing[T]]]],
        *,
        by_time: Callable[[T], datetime | None] | None,
        on_error: OnError | None,
        running: "Running",
    ) -> None:
        self._readers = readers
        self._by_time = by_time
        self._on_error = on_error
        self._running = running

    async def all(self, *, limit: int | None = None) -> list[T]:
        """The records in memory, the first ``limit`` of them where one is given."""
        found: list[T] = []
        if limit == 0:
            return found
        async with aclosing(self._iterate()) as items:
            async for item in items:
                found.append(item)
                if len(found) == limit:
                    break
        return found

    def __aiter__(self) -> AsyncIterator[T]:
        return self._iterate()

    async def _iterate(self) -> AsyncGenerator[T, None]:
        errors: list[Exception] = []
        readers = self._readers()
        streams: list[MemoryObjectReceiveStream[T]] = []
        senders: list[tuple[str, Callable[[], Listing[T]], MemoryObjectSendStream[T]]] = []
        shared = anyio.create_memory_object_stream[T](_BUFFER) if self._by_time is None else None
        if shared is not None:
            streams.append(shared[1])
        for name, make in readers.items():
            if shared is not None:
                senders.append((name, make, shared[0].clone()))
            else:
                sender, receiver = anyio.create_memory_object_stream[T](_BUFFER)
                streams.append(receiver)
                senders.append((name, make, sender))
        if shared is not None:
            shared[0].close()
        # A task of its own holds the task group: a generator may be closed from another task than
        # the one that began it, which a task group inside it would not stand.
        fan = asyncio.create_task(self._fan_out(senders, errors))
        try:
            items = streams[0] if self._by_time is None else _by_time(streams, self._by_time)
            async for item in items:
                yield item
            await fan
        finally:
            fan.cancel()
            try:
                await asyncio.gather(fan, return_exceptions=True)
            finally:
                for stream in streams:
                    stream.close()
                for _, _, sender in senders:
                    sender.close()
        if errors:
            raise ExceptionGroup(f"{len(errors)} of {len(readers)} accounts failed", errors)

    async def _fan_out(
        self,
        senders: Sequence[tuple[str, Callable[[], Listing[T]], MemoryObjectSendStream[T]]],
        errors: list[Exception],
    ) -> None:
        async with anyio.create_task_group() as group:
            for name, make, sender in senders:
                group.start_soon(self._read, name, make, sender, errors)

    async def _read(
        self,
        name: str,
        make: Callable[[], Listing[T]],
        sender: MemoryObjectSendStream[T],
        errors: list[Exception],
    ) -> None:
        with sender, self._running.scope(name):
            try:
                listing = make()
                if self._by_time is not None and not listing.newest_first:
                    for item in sorted(await listing.all(), key=self._newest_first):
                        await sender.send(item)
                    return
                async with aclosing(listing.records()) as records:
                    async for item in records:
                        await sender.send(item)
            except Exception as error:  # noqa: BLE001 - one account must not stop the others
                error.add_note(f"account: {name}")
                if self._on_error is not None:
                    self._on_error(name, error)
                else:
                    errors.append(error)

    def _newest_first(self, item: T) -> float:
        moment = self._by_time(item) if self._by_time is not None else None
        return -(moment or _EARLIEST).timestamp()


async def _by_time(
    streams: Sequence[MemoryObjectReceiveStream[T]], moment: Callable[[T], datetime | None]
) -> AsyncIterator[T]:
    """Merge streams that are newest first each; the newest of their heads comes next."""
    heads: list[tuple[float, int, T]] = []

    async def refill(place: int) -> None:
        try:
            item = await streams[place].receive()
        except anyio.EndOfStream:
            return
        heapq.heappush(heads, (-(moment(item) or _EARLIEST).timestamp(), place, item))

    for place in range(len(streams)):
        await refill(place)
    while heads:
        _, place, item = heapq.heappop(heads)
        yield item
        await refill(place)


class Running:
    """The readings under way by account, so that an account can be taken out."""

    def __init__(self) -> None:
        self._scopes: dict[str, set[anyio.CancelScope]] = {}

    def scope(self, name: str) -> "_Tracked":
        """A scope in which an account is read, which ``stop`` ends."""
        return _Tracked(self._scopes.setdefault(name, set()))

    def stop(self, name: str) -> None:
        """End what is being read of an account."""
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
