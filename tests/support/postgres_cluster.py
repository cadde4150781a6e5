"""A PostgreSQL server of the tests' own, which they may stop, and PgBouncer in front of it."""

import asyncio
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from tests.support.postgres import skip_or_fail

PASSWORD = "s3cret-of-tests"


class Cluster:
    """A server in a folder, with one database and a user with a password."""

    def __init__(self, programs: Path, folder: Path, stop_mode: str) -> None:
        self.port = _free_port()
        self._stop_mode = stop_mode
        self._programs = programs
        self._folder = folder
        self._data = folder / "data"

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}/postgres"

    @property
    def url(self) -> str:
        return f"postgresql://owner:{PASSWORD}@{self.place}"

    async def create(self) -> None:
        secret = self._folder / "password"
        secret.write_text(PASSWORD)
        await self._run(
            *("initdb", "--pgdata", self._data, "--username", "owner", "--auth", "scram-sha-256"),
            *("--pwfile", secret, "--encoding", "UTF8", "--no-sync"),
        )

    async def start(self) -> None:
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
            f"{self._folder} -c fsync=off -c max_connections=50"
        )
        log = self._folder / "log"
        await self._run(
            "pg_ctl", "start", "-w", "-D", self._data, "-l", log, "-o", options, quiet=True
        )

    async def stop(self) -> None:
        """Stop it at once; sessions are ended."""
        command = ("stop", "-w", "-D", self._data, "-m", self._stop_mode)
        await self._run("pg_ctl", *command, quiet=True)

    async def _run(self, program: str, *arguments: object, quiet: bool = False) -> None:
        command = [str(self._programs / program), *map(str, arguments)]
        await run(command, quiet=quiet)


async def run(command: list[str], *, quiet: bool = False) -> None:
    """Run a program to its end, not as root."""
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root.
        command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]
    # A server would keep a pipe open.
    output = asyncio.subprocess.DEVNULL if quiet else asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=output, stderr=output)
    found, errors = await process.communicate()
    assert process.returncode == 0, (found, errors)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _programs() -> Path:
    """The folder of the server's programs."""
    if (found := shutil.which("initdb")) is not None:
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not versions:
        skip_or_fail("the programs of a PostgreSQL server are not installed")
    return versions[-1].parent


@asynccontextmanager
async def cluster(*, stop_mode: str = "fast") -> AsyncIterator[Cluster]:
    """A server that runs; ``immediate`` stops it as a crash does."""
    programs = _programs()
    # Not in pytest's folders, which other users cannot enter.
    folder = Path(tempfile.mkdtemp(prefix="wbym-postgres-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        made = Cluster(programs, folder, stop_mode)
        await made.create()
        await made.start()
        try:
            yield made
        finally:
            await made.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def pgbouncer(server: Cluster) -> AsyncIterator[str]:
    """The address of PgBouncer in transaction mode, with two connections to the server."""
    program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
    if not Path(program).exists():
        pytest.skip("PgBouncer is not installed")
    folder = Path(tempfile.mkdtemp(prefix="wbym-pgbouncer-"))
    port = _free_port()
    users, settings = folder / "users", folder / "settings"
    users.write_text(f'"owner" "{PASSWORD}"\n')
    settings.write_text(
        "[databases]\n"
        f"postgres = host=127.0.0.1 port={server.port} dbname=postgres\n"
        "[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = plain\nauth_file = {users}\n"
        "pool_mode = transaction\ndefault_pool_size = 2\n"
    )
    for path in (folder, users, settings):
        path.chmod(0o755)
    command = [program, str(settings)]
    if os.geteuid() == 0:
        command[:0] = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, stdout=quiet, stderr=quiet)
    url = f"postgresql://owner:{PASSWORD}@127.0.0.1:{port}/postgres"
    try:
        for _ in range(100):
            try:
                await (await asyncpg.connect(url, statement_cache_size=0)).close()
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(0.1)
            else:
                break
        yield url
    finally:
        process.terminate()
        await process.wait()
        shutil.rmtree(folder, ignore_errors=True)
