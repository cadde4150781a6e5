"""A Redis server of the test's own, which it may stop and start."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.postgres import skip_or_fail

__all__ = ["OwnRedis", "own_redis"]


class OwnRedis:
    """A server without persistence: it starts empty."""

    def __init__(self, folder: Path, port: int, options: tuple[str, ...]) -> None:
        self._folder = folder
        self._port = port
        self._options = options
        self.process: asyncio.subprocess.Process | None = None
        self.url = f"redis://127.0.0.1:{port}/0"

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *("redis-server", "--port", str(self._port), "--bind", "127.0.0.1"),
            *("--save", "", "--appendonly", "no", "--dir", str(self._folder), *self._options),
            stdout=asyncio.subprocess.DEVNULL,
        )
        for _ in range(200):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self._port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                await writer.wait_closed()
                return
        raise TimeoutError("the server does not start")

    async def stop(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


@asynccontextmanager
async def own_redis(folder: Path, *options: str) -> AsyncIterator[OwnRedis]:
    """A running server on a free port."""
    if shutil.which("redis-server") is None:
        skip_or_fail("redis-server is not installed; see CONTRIBUTING.md")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    server = OwnRedis(folder, port, options)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()
