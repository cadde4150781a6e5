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
        raise typer.BadParameter(f"{text!r} is not a duration such as 7d, 12h or 30m")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def export(
    noun: Annotated[Noun, typer.Argument(help="What to export.")],
    to: Annotated[
        Path, typer.Option("--to", metavar="FILE", help="Output file: .jsonl, .csv or .parquet.")
    ],
    config: Config = None,
    account: AccountName = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            "--since",
            parser=day_or_moment,
            metavar="TIME",
            help="Start: a date in UTC or an ISO time. For accounts in FILE, only new records.",
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(
            "--until",
            parser=last_of_day_or_moment,
            metavar="TIME",
            help="End, inclusive: a date in UTC or an ISO time.",
        ),
    ] = None,
    form: Annotated[
        Suffix | None,
        typer.Option(
            "--format",
            help="File format, if FILE's name does not determine it.",
            show_default=False,
        ),
    ] = None,
    overlap: Annotated[
        timedelta,
        typer.Option(
            "--overlap",
            parser=_length,
            metavar="TIME",
            help="How far to read back before FILE's newest record: 7d, 12h, 30m. Default: 1d.",
            show_default=False,
        ),
    ] = OVERLAP,
    max_wait: Annotated[
        float | None,
        typer.Option(
            "--max-wait",
            min=0,
            metavar="SECONDS",
            help="Stop if a limit or ban takes longer, to resume later. Default: wait for it.",
            show_default=False,
        ),
    ] = None,
    fresh: Annotated[
        bool,
        typer.Option("--fresh", help="Start over and discard the contents of FILE and FILE.part."),
    ] = False,
) -> None:
    """Export all feedbacks, questions, returns or chats to a file, or add new ones to it.

    FILE is written only after everything is read. Until then records are kept in FILE.part: after
    Ctrl-C or an error the same command resumes from there.
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
                note(f"records are kept in {kept}: {same} resumes from there")
    raise typer.Exit(int(run.failed))


class _Run:
    """One run of the command.

    Args:
        sources: The accounts.
        make: Creates the export of the accounts that could be opened.
        max_wait: Maximum seconds that a call waits for its limits.
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
        """Export the accounts' records; an account that fails does not stop the others."""
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
                note(f"{name}: has no {run.noun} to export")
            if run.fresh and self.failed:
                complain(f"{run.path} is unchanged: --fresh would lose its records of that account")
                return
            try:
                done = await _watched(run)
            finally:
                for account in opened:
                    mention_undecodable(account)
            for each in run.progress:
                if each.start is not None and each.start != run.since:
                    note(f"{each.account}: read from {each.start:%Y-%m-%d %H:%M}Z")
        if self.failed and not done.made:
            return
        text = f"{done.path}: {done.rows:,} {run.noun}, {done.added:,} of them new"
        text += f", {done.replaced:,} read again"
        output().print(clean(text), markup=False, soft_wrap=True)

    def _fail(self, _: str, error: WbymError) -> None:
        self.failed = True
        complain(error)


async def _watched(run: Export) -> Exported:
    """Run the export and show its progress."""
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
