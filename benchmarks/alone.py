"""One run in a process of its own, so that its memory and its imports are its own too."""

import asyncio
import sys
from typing import TypeVar

import msgspec

__all__ = ["run_alone"]

T = TypeVar("T")


async def run_alone(module: str, *arguments: str, found: type[T], within: float) -> T:
    """What ``python -m MODULE ARGUMENTS`` prints as JSON.

    Args:
        module: Such as ``benchmarks.feed``.
        arguments: Of its command line.
        found: The type of what it prints.
        within: Seconds that it may take.

    Raises:
        TimeoutError: It took longer, and was killed.
        RuntimeError: It failed; it has said why.
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
