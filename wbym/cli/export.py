"""The command ``wbym export``."""

import asyncio
import re
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer
from rich.console import Console

from wbym._config import AccountSource
from wbym.account import Account
from wbym.cli.options import AccountName, Config, day_or_moment, last_of_day_or_moment, sources_of
from wbym.cli.show_export import ExportBars, ExportLines, ExportView
from wbym.cli.terminal import (
    ExitCode,
    clean,
    complain,
    mention_undecodable,
    note,
    output,
    plain_errors,
)
from wbym.errors import ExportError, WbymError
from wbym.export import OVERLAP, Export, Exported, Noun, Suffix
from wbym.export._files import plain_os_errors
from wbym.export._run import WITHOUT_PERIOD

__all__ = ["export"]

OnError: TypeAlias = Callable[[str, WbymError], None]

_UNITS: Final = {"d": "days", "h": "hours", "m": "minutes"}


class What(StrEnum):
    """The argument of the command."""

    FEEDBACKS = "feedbacks"
    QUESTIONS = "questions"
    RETURNS = "returns"
    CHATS = "chats"
    MESSAGES = "messages"
    ALL = "all"


def _length(text: str | timedelta) -> timedelta:
    if isinstance(text, timedelta):  # the default
        return text
    found = re.fullmatch(r"(\d{1,6})([dhm])", text.strip())
    if found is None:
        raise typer.BadParameter(f"{text!r} is not a duration such as 7d, 12h or 30m")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def export(
    what: Annotated[What, typer.Argument(help="What to export; all: one file for each.")],
    to: Annotated[
        Path,
        typer.Option(
            "--to",
            metavar="FILE",
            help="Output file: .jsonl, .csv or .parquet. For all: a folder, created if necessary.",
        ),
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
            help="File format, if FILE's name does not determine it; of all: jsonl by default.",
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
    """Export all feedbacks, questions, returns, chats or messages to a file, or add new ones to it.

    FILE is written only after everything is read. Until then records are kept in FILE.part: after
    Ctrl-C or an error the same command resumes from there.
    """
    nouns = tuple(Noun) if what is What.ALL else (Noun(what.value),)

    def make(noun: Noun, accounts: Sequence[Account], on_error: OnError) -> Export:
        is_whole = what is What.ALL and noun in WITHOUT_PERIOD
        if is_whole and (since or until):
            note(f"{noun} are read completely: no marketplace lists them by time")
        return Export(
            accounts,
            noun,
            to / f"{noun}.{form or Suffix.JSONL}" if what is What.ALL else to,
            since=None if is_whole else since,
            until=None if is_whole else until,
            overlap=overlap,
            max_wait=max_wait,
            fresh=fresh,
            form=form,
            on_error=on_error,
        )

    with plain_errors():
        if what is What.ALL:
            with plain_os_errors(to):
                if to.exists() and not to.is_dir():
                    raise ExportError(to, "it is not a folder")
                to.mkdir(exist_ok=True)
        run = _Run(sources_of(config, account), make, max_wait)
        try:
            asyncio.run(run.all(nouns))
        finally:
            run.mention_unfinished()
    raise typer.Exit(run.code)


class _Run:
    """One run of the command.

    Args:
        sources: The accounts.
        make: Creates the export of a noun of the accounts that could be opened.
        max_wait: Maximum seconds that a call waits for its limits.
    """

    def __init__(
        self,
        sources: Sequence[AccountSource],
        make: Callable[[Noun, Sequence[Account], OnError], Export],
        max_wait: float | None,
    ) -> None:
        self._sources = sources
        self._make = make
        self._max_wait = max_wait
        self._export: Export | None = None
        self.failed = False
        self._made = False

    @property
    def code(self) -> ExitCode:
        """The exit code of the command."""
        if not self.failed:
            return ExitCode.OK
        return ExitCode.SOME_FAILED if self._made else ExitCode.FAILED

    async def all(self, nouns: Sequence[Noun]) -> None:
        """Export nouns; an account or a noun that fails does not stop the others."""
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
            try:
                for noun in nouns:
                    if len(nouns) == 1:
                        await self._one(noun, opened, is_only=True)
                        continue
                    try:
                        await self._one(noun, opened, is_only=False)
                    except WbymError as error:
                        self._fail("", error)
                    self.mention_unfinished()
            finally:
                for account in opened:
                    mention_undecodable(account)

    async def _one(self, noun: Noun, opened: Sequence[Account], *, is_only: bool) -> None:
        failed_before = self.failed
        run = self._export = self._make(noun, opened, self._fail)
        for name in run.left_out:
            if run.readable:
                note(f"{name}: has no {run.noun} to export")
        if not run.readable:
            if is_only:
                complain(f"no account has {run.noun} to export")
                self.failed = True
            else:
                note(f"no account has {run.noun} to export")
            return
        if run.fresh and failed_before and len(opened) < len(self._sources):
            complain(f"{run.path} is unchanged: --fresh would lose its records of that account")
            return
        self.failed = False
        try:
            done = await _watched(run)
        finally:
            has_failed, self.failed = self.failed, self.failed or failed_before
        for each in run.progress:
            if each.start is not None and each.start != run.since:
                note(f"{each.account}: read from {each.start:%Y-%m-%d %H:%M}Z")
        if has_failed and not done.made:
            return
        self._made = True
        text = f"{done.path}: {done.rows:,} {run.noun}, {done.added:,} of them new"
        text += f", {done.replaced:,} read again"
        output().print(clean(text), markup=False, soft_wrap=True)

    def mention_unfinished(self) -> None:
        """Say where the records of an export that did not finish are kept."""
        run, self._export = self._export, None
        if run is not None and run.unfinished is not None:
            same = "the same command without --fresh" if run.fresh else "the same command"
            note(f"records are kept in {run.unfinished}: {same} resumes from there")

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
