"""The command ``wbym export``."""

import asyncio
import re
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from wbym._config import AccountSource
from wbym.account import Account
from wbym.cli.options import AccountName, Config, day_or_moment, last_of_day_or_moment, sources_of
from wbym.cli.show_export import ExportBars, ExportLines, ExportView
from wbym.cli.terminal import clean, complain, mention_undecodable, note, output, plain_errors
from wbym.errors import WbymError
from wbym.export import OVERLAP, Export, Exported, Noun, Suffix

__all__ = ["export"]

_UNITS: Final = {"d": "days", "h": "hours", "m": "minutes"}


def _length(text: str | timedelta) -> timedelta:
    if isinstance(text, timedelta):  # the default
        return text
    found = re.fullmatch(r"(\d{1,6})([dhm])", text.strip())
    if found is None:
        raise typer.BadParameter(f"{text!r} is not a length of time, such as 7d, 12h or 30m")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def export(
    noun: Annotated[Noun, typer.Argument(help="What is exported.")],
    to: Annotated[
        Path, typer.Option("--to", metavar="FILE", help="Ends in .jsonl, .csv or .parquet.")
    ],
    config: Config = None,
    account: AccountName = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            "--since",
            parser=day_or_moment,
            metavar="TIME",
            help="From this day (UTC) or ISO time on; of what FILE has, only what is new is read.",
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(
            "--until",
            parser=last_of_day_or_moment,
            metavar="TIME",
            help="Up to and with this day (UTC) or ISO time.",
        ),
    ] = None,
    form: Annotated[
        Suffix | None,
        typer.Option(
            "--format", help="The format, where FILE's name does not say it.", show_default=False
        ),
    ] = None,
    overlap: Annotated[
        timedelta,
        typer.Option(
            "--overlap",
            parser=_length,
            metavar="TIME",
            help="How far to look back behind the newest record in FILE: 7d, 12h, 30m; else 1d.",
            show_default=False,
        ),
    ] = OVERLAP,
    max_wait: Annotated[
        float | None,
        typer.Option(
            "--max-wait",
            min=0,
            metavar="SECONDS",
            help="Stop, to go on later, where a limit or ban takes longer; else it is waited for.",
            show_default=False,
        ),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Start over, without what FILE and FILE.part have.")
    ] = False,
) -> None:
    """Write all feedbacks, questions, returns or chats into a file, or add to it what is new.

    FILE is changed only once everything is read. What was read is kept in FILE.part: after Ctrl-C
    or an error the same command goes on from there.
    """
    make = partial(
        Export,
        noun=noun,
        to=to,
        since=since,
        until=until,
        overlap=overlap,
        max_wait=max_wait,
        fresh=fresh,
        form=form,
    )
    with plain_errors():
        run = _Run(sources_of(config, account), make, max_wait)
        try:
            asyncio.run(run.all())
        finally:
            if run.export is not None and (kept := run.export.unfinished) is not None:
                same = "the same command without --fresh" if fresh else "the same command"
                note(f"what was read is kept in {kept}: {same} goes on from there")
    raise typer.Exit(int(run.failed))


class _Run:
    """One run of the command.

    Args:
        sources: The accounts.
        make: Makes the export of those that could be opened.
        max_wait: Seconds that a call waits for its limits at most.
    """

    def __init__(
        self, sources: Sequence[AccountSource], make: Callable[..., Export], max_wait: float | None
    ) -> None:
        self._sources = sources
        self._make = make
        self._max_wait = max_wait
        self.failed = False
        self.export: Export | None = None

    async def all(self) -> None:
        """Export what the accounts have; one that fails does not stop the others."""
        async with AsyncExitStack() as stack:
            opened: list[Account] = []
            for source in self._sources:
                try:
                    account = await source.open(max_wait=self._max_wait)
                    opened.append(await stack.enter_async_context(account))
                except WbymError as error:
                    self._fail(source.name, error)
            if not opened:
                return
            run = self.export = self._make(opened, on_error=self._fail)
            if not run.readable:
                complain(f"no account has {run.noun} to export")
                self.failed = True
                return
            for name in run.left_out:
                note(f"{name}: it has no {run.noun} to export")
            if run.fresh and self.failed:
                complain(f"{run.path} is as it was: --fresh would lose what it has of that account")
                return
            try:
                done = await _watched(run)
            finally:
                for account in opened:
                    mention_undecodable(account)
            for each in run.progress:
                if each.start is not None and each.start != run.since:
                    note(f"{each.account}: read from {each.start:%Y-%m-%d %H:%M}Z on")
        if self.failed and not done.made:
            return
        words = f"{done.path}: {done.rows:,} {run.noun}, {done.added:,} of them new"
        words += f", {done.replaced:,} read again"
        output().print(clean(words), markup=False, soft_wrap=True)

    def _fail(self, _: str, error: WbymError) -> None:
        self.failed = True
        complain(error)


async def _watched(run: Export) -> Exported:
    """Run it, and show how far it is."""
    console = Console(stderr=True, highlight=False)
    view: ExportView = (
        ExportBars(console) if console.is_terminal else ExportLines(console, run.noun)
    )

    async def show() -> None:
        while True:
            await asyncio.sleep(view.every)
            view.show(run.progress, run.written)

    with view:
        shown = asyncio.create_task(show())
        try:
            return await run.run()
        finally:
            shown.cancel()
            with suppress(asyncio.CancelledError):
                await shown
