"""A network that can be cut: TCP connections to servers, which pass through this process."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final
from urllib.parse import urlsplit

__all__ = ["Route", "opened"]

_PORTS: Final = {"postgresql": 5432, "redis": 6379}
_CHUNK: Final = 65536


class Route:
    """The way from one machine to a server.

    While it is cut, nothing passes, in neither direction, and nobody is told: as if a cable were
    pulled out. What was sent meanwhile arrives when it is whole again, as TCP repeats it.

    Args:
        url: The server's address.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = parts.hostname or "localhost", parts.port or _PORTS[parts.scheme]
        self._parts = parts
        self._whole = asyncio.Event()
        self._whole.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0
        """The port at which the machine reaches the server."""

    @property
    def url(self) -> str:
        """The server's address for the machine."""
        user, at, _ = self._parts.netloc.rpartition("@")
        return self._parts._replace(netloc=f"{user}{at}127.0.0.1:{self.port}").geturl()

    def cut(self) -> None:
        """Pass nothing on from now on."""
        self._whole.clear()

    def restore(self, *, reset: bool) -> None:
        """Pass on again.

        Args:
            reset: Whether existing connections are lost, as those that a router has forgotten.
        """
        if reset:
            for writer in self._writers:
                writer.transport.abort()
        self._whole.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on, until either side closes it."""
        async with self._closing(writer):
            await self._whole.wait()
            there, far = await asyncio.open_connection(*self._target)
            async with self._closing(far):
                ways = [
                    asyncio.create_task(self._pass(reader, far)),
                    asyncio.create_task(self._pass(there, writer)),
                ]
                try:
                    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for way in ways:
                        way.cancel()
                    await asyncio.wait(ways)

    async def close(self) -> None:
        """End all connections."""
        while self._writers:
            self.restore(reset=True)
            await asyncio.sleep(0)

    @asynccontextmanager
    async def _closing(self, writer: asyncio.StreamWriter) -> AsyncIterator[None]:
        """Close one end; a lost connection is told by that."""
        self._writers.add(writer)
        try:
            with suppress(OSError):
                yield
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            self._writers.discard(writer)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                await self._whole.wait()
                writer.write(data)
                await writer.drain()
            await self._whole.wait()


@asynccontextmanager
async def opened(routes: Sequence[Route]) -> AsyncIterator[None]:
    """Routes that listen."""
    servers: list[asyncio.Server] = []
    try:
        for route in routes:
            server = await asyncio.start_server(route.serve, "127.0.0.1", 0)
            servers.append(server)
            route.port = server.sockets[0].getsockname()[1]
        yield
    finally:
        for server in servers:
            server.close()
        for route in routes:
            await route.close()
