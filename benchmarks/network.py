"""A network that can be cut: TCP connections to servers, which pass through this process."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final
from urllib.parse import urlsplit

__all__ = ["Route", "opened"]

_CHUNK: Final = 65536


class Route:
    """The way from one machine to a server.

    While it is cut, nothing passes, in neither direction, and nobody is told: as if a cable were
    pulled out. What was sent meanwhile arrives when it is whole again, as TCP repeats it.

    Args:
        url: The server's address.
        port: Its port, if the address has none.
    """

    def __init__(self, url: str, port: int = 80) -> None:
        parts = urlsplit(url)
        self._target = parts.hostname or "localhost", parts.port or port
        self._parts = parts
        self._whole = asyncio.Event()
        self._whole.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.url = ""
        """The server's address for the machine."""

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
        self._writers.add(writer)
        try:
            await self._whole.wait()
            there, far = await asyncio.open_connection(*self._target)
            self._writers.add(far)
            try:
                ways = [
                    asyncio.create_task(self._pass(reader, far)),
                    asyncio.create_task(self._pass(there, writer)),
                ]
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                for way in ways:
                    way.cancel()
                await asyncio.wait(ways)
            finally:
                self._writers.discard(far)
                far.close()
        except OSError:
            pass  # the server is not there, which closing tells
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                await self._whole.wait()
                writer.write(data)
                await writer.drain()
            await self._whole.wait()

    def listens(self, port: int) -> None:
        """Take note of the port on which the machine reaches it."""
        user, at, _ = self._parts.netloc.rpartition("@")
        self.url = self._parts._replace(netloc=f"{user}{at}127.0.0.1:{port}").geturl()


@asynccontextmanager
async def opened(routes: Sequence[Route]) -> AsyncIterator[None]:
    """Routes that listen."""
    servers: list[asyncio.Server] = []
    try:
        for route in routes:
            server = await asyncio.start_server(route.serve, "127.0.0.1", 0)
            servers.append(server)
            route.listens(server.sockets[0].getsockname()[1])
        yield
    finally:
        for route in routes:
            route.restore(reset=True)
        for server in servers:
            server.close()
            await server.wait_closed()
