"""Progress of the demo: bars on a terminal, plain lines elsewhere, or nothing."""

from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from wbym.cli.tally import Tally

__all__ = ["Bars", "Lines", "Quiet", "Watch"]


class Watch(Protocol):
    """Shows progress, as ``with watch:``."""

    def say(self, text: str) -> None:
        """Print a line that is not about one noun."""
        ...

    def moved(self, tally: Tally) -> None:
        """Records of a noun were read or written."""
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

    def say(self, text: str) -> None:
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
    """Prints a line for each finished noun."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, text: str) -> None:
        """Print a line."""
        self._console.print(Text(text), soft_wrap=True)

    def ended(self, tally: Tally) -> None:
        """Print how much was read and written."""
        written = f", {tally.written} written" if tally.written else ""
        self.say(f"{tally.account} {tally.noun}: {tally.read} read{written}, {tally.seconds:.1f} s")


class Bars:
    """Shows a bar for each noun."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[written]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._tasks: dict[int, tuple[Tally, TaskID]] = {}

    def say(self, text: str) -> None:
        """Print a line above the bars."""
        self._progress.console.print(Text(text), soft_wrap=True)

    def moved(self, tally: Tally) -> None:
        """Update the noun's bar."""
        known = self._tasks.get(id(tally))
        if known is None:
            description = f"{tally.account} {tally.noun}"
            task = self._progress.add_task(description, total=tally.expected, written="")
            known = self._tasks[id(tally)] = (tally, task)
        written = f"{tally.written} written" if tally.written else ""
        self._progress.update(known[1], completed=tally.read, written=written)

    def ended(self, tally: Tally) -> None:
        """Fill the noun's bar."""
        self.moved(tally)
        known = self._tasks[id(tally)]
        self._progress.update(known[1], total=tally.read)
        self._progress.stop_task(known[1])

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
