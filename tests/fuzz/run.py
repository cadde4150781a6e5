"""Many cases, in several processes, and a report of what was found."""

import logging
import multiprocessing
import signal
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Final

from tests.fuzz.case import Finding, Result, case_of, run_case
from tests.fuzz.damage import KINDS, Kind

__all__ = ["Report", "kind_named", "run"]

CHUNK: Final = 100
"""Cases that a process gets at once."""
STUCK: Final = 60
"""Real seconds after which a case computes for ever."""


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)


def kind_named(name: str) -> Kind:
    """The kind of damage with a name.

    Raises:
        StopIteration: There is none.
    """
    return next(kind for kind in KINDS if name in {str(kind), kind.name})


class Stuck(BaseException):
    """A case computes without end."""


class Report:
    """What was answered, and what was found."""

    def __init__(self) -> None:
        self.cases = 0
        self.answers: Counter[tuple[str, str]] = Counter()
        """By marketplace and kind of damage."""
        self.findings: list[Finding] = []
        self.operations: Counter[str] = Counter()

    @property
    def total(self) -> int:
        """All answers."""
        return sum(self.answers.values())

    def add(self, result: Result) -> None:
        """Add a case."""
        self.cases += 1
        marketplace = result.operation.split()[0]
        for kind, count in result.answers.items():
            self.answers[marketplace, kind] += count
        self.operations[result.operation] += sum(result.answers.values())
        self.findings += result.findings

    def causes(self) -> dict[str, list[Finding]]:
        """The findings by their cause, the most frequent first."""
        found: dict[str, list[Finding]] = defaultdict(list)
        for finding in self.findings:
            found[finding.cause].append(finding)
        return dict(sorted(found.items(), key=lambda pair: -len(pair[1])))

    def lines(self) -> Iterator[str]:
        """The report."""
        for (marketplace, kind), count in sorted(self.answers.items()):
            yield f"{count:8} {marketplace:15} {kind}"
        silent = sorted(name for name, count in self.operations.items() if not count)
        if silent:
            yield f"operations that asked nothing: {', '.join(silent)}"
        for cause, findings in self.causes().items():
            yield f"\n{len(findings)} x {cause}"
            kinds = Counter((one.rule, one.operation, one.kind) for one in findings)
            for (rule, operation, kind), count in kinds.most_common(6):
                yield f"    {count:5} {rule} / {operation} / {kind}"
            first = findings[0]
            yield f"    {first.case}"
            yield f"    {_printable(first.told)}"
            yield from (f"      {frame}" for frame in first.frames[-4:])
        yield (
            f"{self.total} answers in {self.cases} cases of {len(self.operations)} operations, "
            f"{len(self.findings)} findings of {len(self.causes())} causes"
        )


def run(
    report: Report,
    seed: int,
    answers: int,
    folder: Path | None,
    jobs: int,
    kind: str | None = None,
) -> None:
    """Run cases until they had this many answers; the same ones in each run."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin) as pool:
        waiting: list[Future[list[Result]]] = []
        chunk = 0
        while report.total < answers:
            while len(waiting) < 2 * jobs:
                waiting.append(pool.submit(_cases, seed, chunk * CHUNK, folder, kind))
                chunk += 1
            for result in waiting.pop(0).result():
                report.add(result)
        for future in waiting:
            future.cancel()


def _begin() -> None:
    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGALRM, _stuck)


def _stuck(number: int, frame: FrameType | None) -> None:
    raise Stuck


def _cases(seed: int, begin: int, folder: Path | None, kind: str | None) -> list[Result]:
    results = []
    known = None if kind is None else kind_named(kind)
    for number in range(begin, begin + CHUNK):
        signal.alarm(STUCK)
        results.append(run_case(case_of(seed, number, known), folder))
    signal.alarm(0)
    return results
