"""How an export shows that it moves: bars on a terminal, a plain line now and then elsewhere."""

from collections.abc import Sequence
from datetime import UTC
from types import TracebackType
from typing import Final, Protocol, Self, TypeAlias

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from wbym.cli.terminal import clean
from wbym.export import AccountProgress, Noun, Stage

__all__ = ["ExportBars", "ExportLines", "ExportView", "how_far", "in_words"]

Written: TypeAlias = tuple[int, int] | None
"""Rows written, and rows to be written; None while accounts are read."""

_CELLS: Final = ("count", "rate", "refused", "state")


class ExportView(Protocol):
    """Shows how far an export is, as ``with view:``."""

    every: float
    """Seconds after which it wants to be told again."""

    def show(self, accounts: Sequence[AccountProgress], written: Written) -> None:
        """How far it is now."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None: ...


def in_words(seconds: float) -> str:
    """A length of time, such as ``2 h 05 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    minutes = round(whole / 60)
    return f"{minutes // 60} h {minutes % 60:02} min"


def how_far(progress: AccountProgress) -> str:
    """The state of an account in words, with the time left and what is waited for."""
    if progress.stage is not Stage.READING:
        return progress.stage.value
    left = "" if progress.left is None else f"about {in_words(progress.left)} left"
    if progress.banned_until is None:
        return left or "reading"
    ban = f"waits for the end of a ban at {progress.banned_until.astimezone(UTC):%H:%M:%S}Z"
    return f"{ban}, {left}" if left else ban


def _count(progress: AccountProgress) -> str:
    if progress.expected is None:
        return f"{progress.records:,}"
    return f"{progress.records:,} of {max(progress.expected, progress.records):,}"


def _refused(progress: AccountProgress) -> str:
    return f"{progress.rate_limited:,} refused" if progress.rate_limited else "none refused"


class ExportLines:
    """A line an account."""

    every: float = 10.0

    def __init__(self, console: Console, noun: Noun) -> None:
        self._console = console
        self._noun = noun

    def show(self, accounts: Sequence[AccountProgress], written: Written) -> None:
        """Print where each account that is being read is, or how much is written."""
        if written is not None:
            self._say(f"writing: {written[0]:,} of {written[1]:,} rows")
            return
        for each in accounts:
            if each.stage is Stage.READING:
                facts = (f"{each.rate:,.0f}/s", _refused(each), how_far(each))
                self._say(f"{each.account}: {_count(each)} {self._noun}, {', '.join(facts)}")

    def _say(self, words: str) -> None:
        self._console.print(Text(clean(words)), soft_wrap=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        pass


class ExportBars:
    """A bar an account, and one for the writing."""

    every: float = 0.25

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            *(TextColumn(f"{{task.fields[{name}]}}", markup=False) for name in _CELLS),
            console=console,
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}

    def show(self, accounts: Sequence[AccountProgress], written: Written) -> None:
        """Move the bars."""
        for each in accounts:
            whole = each.stage is Stage.DONE
            expected = None if each.expected is None else max(each.expected, each.records)
            self._move(
                clean(each.account),
                (max(each.records, 1),) * 2 if whole else (each.records, expected),
                (_count(each), f"{each.rate:,.0f}/s", _refused(each), how_far(each)),
            )
        if written is not None:
            self._move("file", written, (f"{written[0]:,} of {written[1]:,}", "", "", "writing"))

    def _move(self, name: str, done: tuple[int, int | None], cells: Sequence[str]) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(
                name, count="", rate="", refused="", state=""
            )
        count, rate, refused, state = cells
        self._progress.update(
            self._tasks[name],
            completed=done[0],
            total=done[1],
            count=count,
            rate=rate,
            refused=refused,
            state=state,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._progress.stop()
