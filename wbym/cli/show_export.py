"""Progress of an export: bars on a terminal, a line every 10 seconds elsewhere."""

from collections.abc import Sequence
from datetime import UTC
from types import TracebackType
from typing import Final, Protocol, Self, TypeAlias

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from wbym.cli.terminal import clean
from wbym.export import AccountProgress, Noun, Stage

__all__ = ["ExportBars", "ExportLines", "ExportView", "duration_text", "state_text"]

Written: TypeAlias = tuple[int, int] | None
"""Rows written, and rows to be written; None while accounts are read."""

_CELLS: Final = ("count", "rate", "limited", "state")


class ExportView(Protocol):
    """Shows the progress of an export, as ``with view:``."""

    every: float
    """Seconds between two updates."""

    def show(self, accounts: Sequence[AccountProgress], written: Written) -> None:
        """Show the current progress."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None: ...


def duration_text(seconds: float) -> str:
    """A duration, such as ``2 h 05 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    minutes = round(whole / 60)
    return f"{minutes // 60} h {minutes % 60:02} min"


def state_text(progress: AccountProgress) -> str:
    """The state of an account, with the remaining time and the end of a ban."""
    if progress.stage is not Stage.READING:
        return progress.stage.value
    left = "" if progress.left is None else f"about {duration_text(progress.left)} left"
    if progress.banned_until is None:
        return left or "reading"
    ban = f"banned until {progress.banned_until.astimezone(UTC):%H:%M:%S}Z"
    return f"{ban}, {left}" if left else ban


def _count(progress: AccountProgress) -> str:
    if progress.expected is None:
        return f"{progress.records:,}"
    return f"{progress.records:,} of {max(progress.expected, progress.records):,}"


def _limited(progress: AccountProgress) -> str:
    return f"{progress.rate_limited:,} rate limited"


class ExportLines:
    """Prints a line for each account."""

    every: float = 10.0

    def __init__(self, console: Console, noun: Noun) -> None:
        self._console = console
        self._noun = noun

    def show(self, accounts: Sequence[AccountProgress], written: Written) -> None:
        """Print the progress of each account, or the rows written."""
        if written is not None:
            self._say(f"writing: {written[0]:,} of {written[1]:,} rows")
            return
        for each in accounts:
            if each.stage is Stage.READING:
                facts = (f"{each.rate:,.0f}/s", _limited(each), state_text(each))
                self._say(f"{each.account}: {_count(each)} {self._noun}, {', '.join(facts)}")

    def _say(self, text: str) -> None:
        self._console.print(Text(clean(text)), soft_wrap=True)

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
    """Shows a bar for each account, and one for the writing."""

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
        """Update the bars."""
        for each in accounts:
            whole = each.stage is Stage.DONE
            expected = None if each.expected is None else max(each.expected, each.records)
            self._move(
                clean(each.account),
                (max(each.records, 1),) * 2 if whole else (each.records, expected),
                (_count(each), f"{each.rate:,.0f}/s", _limited(each), state_text(each)),
            )
        if written is not None:
            self._move("file", written, (f"{written[0]:,} of {written[1]:,}", "", "", "writing"))

    def _move(self, name: str, done: tuple[int, int | None], cells: Sequence[str]) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(
                name, count="", rate="", limited="", state=""
            )
        count, rate, limited, state = cells
        self._progress.update(
            self._tasks[name],
            completed=done[0],
            total=done[1],
            count=count,
            rate=rate,
            limited=limited,
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
