"""Memory of bulk reading: the client's peak against the number of records."""

from collections.abc import Sequence
from typing import Final

from benchmarks.bulk import CONTENDERS, NEUTRAL, WIRE
from benchmarks.contenders.harness import Job, Tally
from benchmarks.contest import Contender, Runs, compete, run_once
from benchmarks.plots import Line, Lines
from benchmarks.report import Report, Target
from benchmarks.serving import list_simulator, warm
from benchmarks.sizes import TAKE, Sizes
from benchmarks.versus import kind, missing

__all__ = ["run"]

_MAX_PEAK: Final = 120.0
_GROWTH: Final = 16.0
"""MB of two bodies of a page. Peaks of equal runs differ that much by chance;
growth with the records would be hundreds."""
_BY_DEFAULT: Final = Contender("wbym, by default", "ours", "by default")
"""The listing's default. Without limits eight bodies are then in flight, each with
some MB in its buffers."""
_LIST: Final = Contender("wbapi-async, one list", "wbapi_async", "list", peer=True)


async def run(sizes: Sizes) -> Report:
    """Let each read increasing numbers of records in new processes, with limits lifted.

    A list is at most 200,000 records long at WB, so a million is five sweeps of it.
    """
    contenders = (*CONTENDERS[:4], _BY_DEFAULT, *CONTENDERS[4:], _LIST)
    sweeps = sizes.sweeps
    found: dict[int, dict[str, Runs]] = {}
    grown: dict[str, Tally] = {}
    for pages in sizes.memory_pages:
        found[pages] = await _read(contenders, pages, sizes.limited_runs)
    async with list_simulator(sizes.pages * TAKE - 1, "--no-limits") as simulator:
        url, token = simulator.url, str(simulator.shown["token"])
        await warm(url, sizes.pages)
        for contender in (WIRE, NEUTRAL, _BY_DEFAULT):
            grown[contender.name] = await run_once(
                contender,
                Job(contender.way, url, [token], pages=sizes.pages, take=TAKE, sweeps=sweeps),
            )
    records = sizes.pages * TAKE - 1
    targets: list[Target] = []
    for name, tally in grown.items():
        growth = tally.peak_mb - tally.first_mb
        targets += [
            Target(f"{name}, peak memory", tally.peak_mb, "under", _MAX_PEAK, "MB"),
            Target(f"{name}, growth of the peak", growth, "at most", _GROWTH, "MB"),
        ]
    names = list(found[sizes.memory_pages[0]])
    return Report(
        f"Memory against size, up to {sizes.memory_pages[-1] * TAKE:,} feedbacks",
        (
            *("client", "idle, MB"),
            *(f"peak of {pages * TAKE:,}" for pages in sizes.memory_pages),
            *("spread", f"peak of {records * sweeps:,}"),
        ),
        [
            [
                *(name, found[sizes.memory_pages[0]][name].of(lambda one: one.idle_mb).median),
                *(_peak(found[pages][name]) for pages in sizes.memory_pages),
                found[sizes.memory_pages[-1]][name].of(lambda one: one.peak_mb).spread,
                grown[name].peak_mb if name in grown else None,
            ]
            for name in names
        ],
        targets,
        [
            "Idle is a process that has all imported and has read nothing. MB of 10^6 bytes;"
            f" medians of {sizes.limited_runs} runs without limits and with gzip, the spread of the"
            f" largest. The last column is {sweeps} sweeps by one client. *One list* is"
            " `auto_paginate=True`, which its README shows beside the iterator.",
            *missing(),
        ],
        [
            Lines(
                "memory",
                "Peak memory against size",
                "feedbacks read",
                "MB",
                [
                    Line(
                        one.name,
                        [(p * TAKE, _peak(found[p][one.name])) for p in sizes.memory_pages],
                        kind(one),
                    )
                    for one in contenders
                    if one.name in names
                ],
            )
        ],
    )


async def _read(contenders: Sequence[Contender], pages: int, runs: int) -> dict[str, Runs]:
    """A list with exactly the records to be read, as iterators end with the list."""
    async with list_simulator(pages * TAKE - 1, "--no-limits") as simulator:
        url, token = simulator.url, str(simulator.shown["token"])
        await warm(url, pages)

        def job(contender: Contender) -> Job:
            return Job(contender.way, url, [token], pages=pages, take=TAKE)

        return await compete(contenders, job, runs)


def _peak(runs: Runs) -> float:
    return runs.of(lambda tally: tally.peak_mb).median
