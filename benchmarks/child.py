"""One reader in a process of its own, to see what memory it takes.

``python -m benchmarks.child READER URL TOKEN PAGES SWEEPS`` reads the list so many times and prints
what it read and the process's peak as one line of JSON.
"""

import asyncio
import sys
from collections.abc import Sequence

import msgspec

from benchmarks.measure import peak_mb
from benchmarks.readers import READERS

__all__ = ["Peak", "peak_of"]


class Peak(msgspec.Struct):
    """What the child says."""

    records: int
    idle_mb: float
    """Everything imported and nothing read."""
    first_mb: float
    """The peak after one sweep."""
    peak_mb: float
    """The peak after all of them."""


async def peak_of(reader: str, url: str, token: str, pages: int, sweeps: int) -> Peak:
    """Run a child to its end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.child", reader, url, token, str(pages), str(sweeps)),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(120):
            line, _ = await process.communicate()
    except BaseException:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        raise RuntimeError(f"the child that reads {reader} failed")
    return msgspec.json.decode(line, type=Peak)


async def _read(reader: str, url: str, token: str, pages: int, sweeps: int) -> Peak:
    idle = peak_mb()
    records = 0
    first = 0.0
    for _ in range(sweeps):
        records += (await READERS[reader](url, token, pages)).records
        first = first or peak_mb()
    return Peak(records, idle, first, peak_mb())


def _main(arguments: Sequence[str]) -> None:
    reader, url, token, pages, sweeps = arguments
    peak = asyncio.run(_read(reader, url, token, int(pages), int(sweeps)))
    print(msgspec.json.encode(peak).decode())


if __name__ == "__main__":
    _main(sys.argv[1:])
