"""The HTTP server of ``wbym listen``, which bounds what its clients can hold.

A connection carries one request and has a limited lifetime, so a client that sends nothing, or a
head byte by byte, does not hold a descriptor. The number of connections is limited too: the oldest
makes room for a new one, so a flood of slow clients keeps no notification away. A connection that
is closed early does not end its handler, so the notification is stored nevertheless.
"""

import asyncio
import logging
import math
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from aiohttp import web
from aiohttp.http import HttpProcessingError
from aiohttp.typedefs import Handler

__all__ = ["LIFETIME", "MAX_CONNECTIONS", "serving"]

_log = logging.getLogger("wbym.cli")

LIFETIME: Final = 15.0
"""Max seconds from connecting to the end of the response; Market waits 10 s for one."""
MAX_CONNECTIONS: Final = 512
"""Max open connections: half of the descriptors that systems allow a process."""
_WARN_EVERY: Final = 60.0
_ENDING: Final = 10.0
"""Seconds for requests in flight when the server is stopped."""


@asynccontextmanager
async def serving(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Serve an application, and yield the port.

    Args:
        app: What is served.
        host: The address to listen on.
        port: The port; 0 for any free one.

    Raises:
        OSError: It cannot listen there.
    """
    app.middlewares.append(_close_afterwards)
    runner = web.AppRunner(app, shutdown_timeout=_ENDING)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(runner.cleanup)
        await runner.setup()
        server = runner.server
        if server is None:
            raise RuntimeError("the application was not set up")
        opened = _OpenConnections()
        listener = await asyncio.get_running_loop().create_server(
            lambda: _Connection(server, opened), host, port
        )
        stack.callback(listener.close)
        yield listener.sockets[0].getsockname()[1]


@web.middleware
async def _close_afterwards(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let the connection be closed after the response."""
    try:
        response = await handler(request)
    except web.HTTPException as error:
        error.force_close()
        raise
    response.force_close()
    return response


class _OpenConnections:
    """The open connections, the oldest first."""

    def __init__(self) -> None:
        self._connections: dict[_Connection, None] = {}
        self._next_warning = -math.inf

    def add(self, connection: "_Connection", now: float) -> None:
        """Add a connection; the oldest is closed if there are too many."""
        if len(self._connections) >= MAX_CONNECTIONS:
            oldest = next(iter(self._connections))
            del self._connections[oldest]
            oldest.force_close()
            if now >= self._next_warning:
                self._next_warning = now + _WARN_EVERY
                _log.warning("more than %d connections: the oldest are closed", MAX_CONNECTIONS)
        self._connections[connection] = None

    def remove(self, connection: "_Connection") -> None:
        """Remove a connection that ended."""
        self._connections.pop(connection, None)


class _Connection(web.RequestHandler):
    """A connection with a limited lifetime."""

    def __init__(self, server: web.Server, opened: _OpenConnections) -> None:
        loop = asyncio.get_running_loop()
        # Market compresses nothing, and a small compressed body may be a large one.
        super().__init__(server, loop=loop, auto_decompress=False)
        self._opened = opened
        self._end = loop.call_later(LIFETIME, self.force_close)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        super().connection_made(transport)
        self._opened.add(self, asyncio.get_running_loop().time())

    def connection_lost(self, exc: BaseException | None) -> None:
        """End."""
        self._end.cancel()
        self._opened.remove(self)
        super().connection_lost(exc)

    def log_exception(self, *args: object, **kw: object) -> None:
        """Log an exception, but not a request that is not HTTP: anybody can send thousands."""
        if not isinstance(kw.get("exc_info"), HttpProcessingError):
            super().log_exception(*args, **kw)
