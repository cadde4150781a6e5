"""Another process on the same state file: ``python -m tests.wbym.feed.child WHAT FILE``.

It prints one line when it is ready, and ends with its stdin.
"""

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.wbym.feed.kept import checkpoint, event
from wbym.feed import SqliteStore
from wbym.feed import _schema as schema
from wbym.feed._store import Step

ROOT = Path(__file__).parents[3]
LATER = (*schema.MIGRATIONS, "ALTER TABLE reader ADD COLUMN since INTEGER; CREATE TABLE late (id)")
"""The migrations of a later version."""


class Child:
    """Controls the process."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    def line(self) -> str:
        """The next line that it prints."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def go(self) -> None:
        """Let it continue."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def end(self) -> int:
        """Let it end; returns its status."""
        self._process.communicate()
        return self._process.returncode


@contextmanager
def child(what: str, path: Path) -> Iterator[Child]:
    """Start it; it is killed at the end if it still runs."""
    command = [sys.executable, "-m", __name__, what, str(path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield Child(process)
        finally:
            process.kill()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _wait() -> str:
    return sys.stdin.readline()


async def _own(path: Path) -> None:
    """Keep the store open."""
    async with SqliteStore(path) as store:
        _say(store.owner)
        _wait()


async def _read(path: Path) -> None:
    """Follow an account."""
    async with SqliteStore(path) as store, store.reading("shop", wait=False):
        _say(store.owner)
        _wait()


async def _upgrade(path: Path) -> None:
    """Open the file as a later version does, after a line on stdin."""
    schema.MIGRATIONS = LATER  # type: ignore[misc]
    _say("ready")
    _wait()
    async with SqliteStore(path) as store:
        await store.hint([])


def _lock(path: Path) -> None:
    """Hold a write transaction."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    _say("locked")
    _wait()


async def _write(path: Path) -> None:
    """Write one numbered step after the other, each with three events."""
    async with SqliteStore(path) as store:
        last = await store.checkpoint("shop", "chats")
        number = int(last.state or b"0") if last else 0
        while True:
            number += 1
            await store.write(Step(checkpoint(state=b"%d" % number), [event(number)] * 3))


def _crash(path: Path) -> None:
    """Write steps after each line on stdin, until killed."""
    _say("ready")
    while _wait():
        writer = os.fork()
        if not writer:
            asyncio.run(_write(path))
        time.sleep(random.uniform(0.0, 0.12))
        os.kill(writer, signal.SIGKILL)
        os.waitpid(writer, 0)
        _say("killed")


if __name__ == "__main__":
    what, file = sys.argv[1], Path(sys.argv[2])
    match what:
        case "own":
            asyncio.run(_own(file))
        case "read":
            asyncio.run(_read(file))
        case "upgrade":
            asyncio.run(_upgrade(file))
        case "lock":
            _lock(file)
        case "crash":
            _crash(file)
