"""Progress of the demo: bars on a terminal, plain lines elsewhere, or nothing."""

import re
from types import TracebackType
from typing import Final, Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from wbym.cli.tally import Tally

__all__ = ["Bars", "Lines", "Quiet", "Watch"]

_TEXTS_WIDTH: Final = 58
"""Columns of a bar's texts."""
_MAX_BAR: Final = 20


class Watch(Protocol):
    """Shows progress, as ``with watch:``."""

    def say(self, text: str, style: str = "") -> None:
        """Print a line that is not about one noun."""
        ...

    def doing(self, text: str) -> None:
        """Say what is being waited for, until the next call."""
        ...

    def moved(self, tally: Tally) -> None:
        """A noun begins, or records of it were read or written."""
        ...

    def ended(self, tally: Tally) -> None:
        """A noun is finished."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None: ...


class Quiet:
    """Shows nothing."""

    def say(self, text: str, style: str = "") -> None:
        """Nothing."""

    def doing(self, text: str) -> None:
        """Nothing."""

    def moved(self, tally: Tally) -> None:
        """Nothing."""

    def ended(self, tally: Tally) -> None:
        """Nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        pass


class Lines(Quiet):
    """Prints a line for each step and each finished noun."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, text: str, style: str = "") -> None:
        """Print a line."""
        self._console.print(Text(readable(text, self._console), style), soft_wrap=True)

    def doing(self, text: str) -> None:
        """Print what is being waited for."""
        self.say(f"{text} ...")

    def ended(self, tally: Tally) -> None:
        """Print how much was read and written."""
        written = f", {tally.written} written" if tally.written else ""
        self.say(f"{tally.account} {tally.noun}: {tally.read} read{written}, {tally.seconds:.1f} s")


class Bars:
    """Shows a bar for each noun, and below them what is being waited for."""

    def __init__(self, console: Console) -> None:
        self._console = console
        bar_width = max(2, min(_MAX_BAR, console.width - _TEXTS_WIDTH))
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width),
            MofNCompleteColumn(),
            TextColumn("{task.fields[written]}"),
            TimeElapsedColumn(),
            console=console,
        )
        spinner = "line" if console.options.ascii_only else "dots"
        self._status = Progress(
            SpinnerColumn(spinner),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console,
        )
        self._live = Live(
            Group(self._progress, self._status),
            console=console,
            transient=True,
            refresh_per_second=8,
        )
        self._doing = self._status.add_task("", visible=False)
        self._tasks: dict[int, tuple[Tally, TaskID]] = {}

    def say(self, text: str, style: str = "") -> None:
        """Print a line above the bars."""
        self._console.print(Text(readable(text, self._console), style))

    def doing(self, text: str) -> None:
        """Show what is being waited for, with the time."""
        self._status.reset(self._doing, description=text, visible=bool(text))

    def moved(self, tally: Tally) -> None:
        """Update the noun's bar."""
        known = self._tasks.get(id(tally))
        if known is None:
            description = f"{tally.account} {tally.noun}"
            task = self._progress.add_task(description, total=tally.expected, written="")
            known = self._tasks[id(tally)] = (tally, task)
        written = f"{tally.written} sent" if tally.written else ""
        self._progress.update(known[1], completed=tally.read, written=written)

    def ended(self, tally: Tally) -> None:
        """Fill the noun's bar."""
        self.moved(tally)
        known = self._tasks[id(tally)]
        self._progress.update(known[1], total=tally.read)
        self._progress.stop_task(known[1])

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._live.stop()


def readable(text: str, console: Console) -> str:
    """The text, with an ellipsis for words that the console's encoding lacks."""
    try:
        text.encode(console.encoding)
    except UnicodeEncodeError:
        return re.sub(r"[^\x00-\x7f]+([ ,]+[^\x00-\x7f]+)*", "...", text)
    return text
