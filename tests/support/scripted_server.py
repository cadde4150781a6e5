"""A server on 127.0.0.1 whose answers are written byte by byte."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias

__all__ = ["Server", "answer", "head", "serve"]

Respond: TypeAlias = Callable[[asyncio.StreamWriter], Awaitable[None]]


def head(status: str = "200 OK", **headers: object) -> bytes:
    """A status line and headers; underscores of names are hyphens."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode()


def answer(body: bytes = b"hi", status: str = "200 OK", **headers: object) -> bytes:
    """A whole answer."""
    return head(status, Content_Length=len(body), **headers) + body


class Server:
    """Answers each request, and counts requests and connections."""

    def __init__(self, respond: Respond) -> None:
        self._respond = respond
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Condition()
        self.url = ""
        self.requests = 0
        self.connections = 0
        self.open_now = 0
        self.open_at_once = 0

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self.open_now += 1
        self.open_at_once = max(self.open_at_once, self.open_now)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while True:
                    lines = (await reader.readuntil(b"\r\n\r\n")).lower()
                    _, _, rest = lines.partition(b"content-length:")
                    await reader.readexactly(int(rest.split()[0]) if rest else 0)
                    async with self._changed:
                        self.requests += 1
                        self._changed.notify_all()
                    await self._respond(writer)
                    await writer.drain()
        finally:
            self._tasks.discard(task)
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()
            async with self._changed:
                self.open_now -= 1
                self._changed.notify_all()

    async def received(self, count: int) -> None:
        """Wait until n requests have arrived."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(lambda: self.requests >= count)

    async def left(self) -> None:
        """Wait until no connection is open."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(lambda: not self.open_now)

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def serve(respond: Respond | bytes) -> AsyncIterator[Server]:
    """A running server, with what it writes after each request."""

    async def write(writer: asyncio.StreamWriter) -> None:
        assert isinstance(respond, bytes)
        writer.write(respond)

    server = Server(write if isinstance(respond, bytes) else respond)
    listening = await asyncio.start_server(server.connected, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
    try:
        yield server
    finally:
        listening.close()
        await server.stop()
        await listening.wait_closed()
