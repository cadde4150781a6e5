"""A run in a separate process, with its own memory and imports."""

import asyncio
import sys
from typing import TypeVar

import msgspec

__all__ = ["run_alone"]

T = TypeVar("T")


async def run_alone(module: str, *arguments: str, found: type[T], within: float) -> T:
    """Run ``python -m MODULE ARGUMENTS`` and decode the JSON that it prints.

    Args:
        module: Such as ``benchmarks.feed``.
        arguments: Of its command line.
        found: The type of the JSON.
        within: Max seconds.

    Raises:
        TimeoutError: It took longer, and was killed.
        RuntimeError: It failed; stderr has the reason.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *arguments), stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(within):
            output, _ = await process.communicate()
    except BaseException:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        raise RuntimeError(f"{module} ended with {process.returncode}")
    return msgspec.json.decode(output, type=found)
