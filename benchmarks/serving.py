"""The simulator: new sellers, pages encoded beforehand, and its counts."""

import uuid

import aiohttp
import msgspec

from benchmarks.sizes import TAKE
from wbym.testing import SimulatorProcess
from wbym_wildberries.simulator import make_token

__all__ = ["Counts", "counts", "list_simulator", "new_token", "warm"]

_BURST = 6


def list_simulator(feedbacks: int, *arguments: str) -> SimulatorProcess:
    """A simulator in its own process with ``feedbacks`` unprocessed feedbacks."""
    return SimulatorProcess(
        "wbym_wildberries.simulator", "--feedbacks", str(feedbacks), "--open-share", "1", *arguments
    )


class Counts(msgspec.Struct):
    """The simulator's counts so far."""

    requests: int
    rate_limited: int

    def since(self, before: "Counts") -> "Counts":
        """The difference since earlier counts."""
        return Counts(self.requests - before.requests, self.rate_limited - before.rate_limited)


async def counts(simulator: SimulatorProcess) -> Counts:
    """The current counts."""
    return msgspec.convert(await simulator.stats(), Counts)


def new_token() -> str:
    """The token of a new seller; all sellers see the same cabinet."""
    return make_token(sid=str(uuid.uuid4()))


async def warm(url: str, pages: int) -> int:
    """Request each page once, so that encoding it is not measured.

    A new seller for each burst avoids the limits. Returns the bytes of all pages.
    """
    size = 0
    token = ""
    async with aiohttp.ClientSession() as session:
        for page in range(pages):
            if page % _BURST == 0:
                token = new_token()
            query: dict[str, str | int] = {
                "isAnswered": "false",
                "take": TAKE,
                "skip": page * TAKE,
                "order": "dateDesc",
            }
            async with session.get(
                f"{url}/api/v1/feedbacks", params=query, headers={"Authorization": token}
            ) as response:
                response.raise_for_status()
                size += len(await response.read())
    return size
