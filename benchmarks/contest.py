"""The same job for each contender in turn, each run in a separate process."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.contenders.harness import Job, Tally
from benchmarks.measure import Sample, sample

__all__ = [
    "BY_HAND",
    "BY_HAND_AHEAD",
    "PEERS_PYTHON",
    "Contender",
    "Runs",
    "compete",
    "peers_installed",
    "run_once",
]

PEERS_PYTHON: Final = Path(__file__).parents[1] / ".venv-peers" / "bin" / "python"
_HAVE_IMPORTED: Final = 60.0
_GRACE: Final = 30.0


class Contender(msgspec.Struct, frozen=True):
    """A client and its way to do a job."""

    name: str
    """Name in tables."""
    module: str
    """Module in ``benchmarks.contenders``."""
    way: str
    gives: str = "structs"
    """Kind of the records that it yields."""
    peer: bool = False
    """Whether it runs in the peers' environment."""
    hand: bool = False
    """Whether it is written by hand; the fastest such loop is the limit."""


BY_HAND: Final = Contender("by hand", "by_hand", "pages", hand=True)
BY_HAND_AHEAD: Final = Contender("by hand, two in flight", "by_hand", "pages ahead", hand=True)


class Runs(msgspec.Struct):
    """All runs of one contender at one job."""

    contender: Contender
    tallies: list[Tally]
    rate_limited: list[int] = []
    """Rate limited responses of each run, counted by the simulator."""

    def of(self, figure: Callable[[Tally], float]) -> Sample:
        """A figure of each run."""
        return sample([figure(tally) for tally in self.tallies])

    @property
    def seconds(self) -> Sample:
        """Seconds of each run."""
        return self.of(lambda tally: tally.seconds)

    @property
    def finished(self) -> bool:
        """Whether each run finished."""
        return all(tally.finished for tally in self.tallies)


def peers_installed() -> bool:
    """Whether the peers' environment exists; ``make bench`` creates it."""
    return PEERS_PYTHON.exists()


async def compete(
    contenders: Sequence[Contender],
    job: Callable[[Contender], Job],
    runs: int,
    rate_limited: Callable[[], Awaitable[int]] | None = None,
) -> dict[str, Runs]:
    """Run the job with each contender in turns, so that noise is spread evenly.

    Args:
        contenders: The contenders; peers are skipped if they are not installed.
        job: Creates the job of a run.
        runs: Number of turns.
        rate_limited: Returns the simulator's count of rate limited responses so far.
    """
    present = [one for one in contenders if not one.peer or peers_installed()]
    found = {one.name: Runs(one, [], []) for one in present}
    for _ in range(runs):
        for one in present:
            before = await rate_limited() if rate_limited else 0
            own = found[one.name]
            own.tallies.append(await run_once(one, job(one)))
            if rate_limited:
                own.rate_limited.append(await rate_limited() - before)
    return found


async def run_once(contender: Contender, job: Job) -> Tally:
    """One run in a new process, which gets the job after all imports."""
    python = str(PEERS_PYTHON) if contender.peer else sys.executable
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(python, "-m", f"benchmarks.contenders.{contender.module}"), stdin=pipe, stdout=pipe
    )
    try:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the contender's pipes are missing")
        async with asyncio.timeout(_HAVE_IMPORTED):
            ready = await process.stdout.readline()
        if ready != b"ready\n":
            raise RuntimeError(f"{contender.name} did not start")
        async with asyncio.timeout(job.patience + _GRACE):
            request = msgspec.json.encode(asdict(job)) + b"\n"
            line, _ = await process.communicate(request)
    except BaseException:
        if process.returncode is None:
            process.kill()
        await process.wait()
        raise
    if process.returncode:
        raise RuntimeError(f"{contender.name} failed")
    return msgspec.json.decode(line, type=Tally)
