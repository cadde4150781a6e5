"""Exports: read the new records of each account, then write the file."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from wbym.account import Account
from wbym.calls import require
from wbym.domain import Ref
from wbym.errors import AccountsFailed, ExportError, InvalidInput, WbymError
from wbym.export._files import find_target, plain_os_errors, replacing
from wbym.export._formats import Format
from wbym.export._layout import LAYOUTS, Noun
from wbym.export._reading import AccountProgress, Reading, Stage, can_export
from wbym.export._spool import AccountKey, Entry, Spool
from wbym.export._suffixes import Suffix, format_of
from wbym.paging import whole_span

__all__ = ["OVERLAP", "WITHOUT_PERIOD", "Export", "Exported"]

T = TypeVar("T")

OVERLAP: Final = timedelta(days=1)
"""Default overlap: how far before the newest record in the file an export reads again."""

WITHOUT_PERIOD: Final = frozenset({Noun.CHATS, Noun.RETURNS})
"""Nouns that no marketplace lists by time: they are read completely each time."""

MAX_CONCURRENT_ACCOUNTS: Final = 4
"""Accounts read at the same time; each keeps two or three pages in memory."""


class Exported(msgspec.Struct, frozen=True):
    """The result of an export."""

    path: Path
    rows: int
    """Rows in the file."""
    added: int
    """Rows that are new in the file."""
    replaced: int
    """Rows that were in the file before and were read again."""
    made: bool
    """Whether the file was written; it is not if there are no new records, or if it would lose the
    records of an account that failed."""


class _Old(msgspec.Struct):
    """The contents of the file before the export."""

    rows: int = 0
    latest: dict[AccountKey, datetime] = {}


class Export:
    """Exports the records of accounts to a file, or adds new records to it.

    Feedbacks and questions are read by a sweep, and messages from all chats: for an account that
    the file has, from its newest record minus the overlap; for other accounts, from ``since``.
    Chats and returns are always read completely. Records already in the file are replaced by their
    latest state, its other records are kept, and each record is in the file once.

    The file is written after the reading, next to the old one, and then replaces it. Until then the
    records are kept in ``<file>.part``: if an export is stopped or fails, the same call resumes
    from it. (Chats and returns are read again, and so are messages unless the marketplace has one
    log of them all.)

    Args:
        accounts: Opened accounts; those without the noun are skipped.
        noun: The noun to export.
        to: The file; its suffix determines the format: ``.jsonl``, ``.csv`` or ``.parquet``.
        since: Inclusive start, aware; by default the beginning.
        until: Inclusive end, aware.
        overlap: How far before the newest record in the file to read again, for records that
            appeared late or have changed.
        max_wait: Maximum seconds that a call of a sweep waits for its limits before the account
            fails with ``QuotaExhausted``. None for no maximum, even for a ban.
        fresh: Discard the contents of the file and of ``<file>.part``. The old file is kept until
            the new one is complete.
        form: The format, if the file's name does not determine it.
        on_error: Called with the name and the error of each account that fails. Without it,
            ``AccountsFailed`` is raised after the file is written with the other accounts.

    Raises:
        InvalidInput: ``noun`` is not a ``Noun`` of this package, a time is naive, ``since`` is in
            the future or after ``until``, or ``overlap`` is negative.
        Unsupported: A period is given for chats or returns.
    """

    def __init__(
        self,
        accounts: Sequence[Account],
        noun: Noun,
        to: Path,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        overlap: timedelta = OVERLAP,
        max_wait: float | None = None,
        fresh: bool = False,
        form: Suffix | None = None,
        on_error: Callable[[str, WbymError], None] | None = None,
    ) -> None:
        given: object = noun
        if not isinstance(given, Noun):  # the domain has a Noun of its own
            rule = f"must be a wbym.export.Noun: {', '.join(Noun)}"
            raise InvalidInput("export", "noun", rule, given)
        method = f"export.{noun}"
        if noun in WITHOUT_PERIOD:
            for argument, moment in (("since", since), ("until", until)):
                if moment is not None:
                    rule = f"is not for {noun}, which are read completely each time"
                    raise InvalidInput(method, argument, rule, moment)
        for argument, moment in (("since", since), ("until", until)):
            require(method, argument, moment, datetime | None)
        if since is not None:
            whole_span(method, since, until)
        if overlap < timedelta(0):
            raise InvalidInput(method, "overlap", "must not be negative", overlap)
        self.noun: Final = noun
        self.path: Final = to
        self._until = until
        self._overlap = overlap
        self._max_wait = max_wait
        self._form = form
        self._on_error = on_error
        self.fresh: Final = fresh
        self.since: Final = since
        self.left_out: Final = [each.name for each in accounts if not can_export(each, noun)]
        """Accounts whose marketplace does not have the noun."""
        self.unfinished: Path | None = None
        """After a run: the ``.part`` file, if it has records that are not in the file yet."""
        self._readings = [Reading(each, noun) for each in accounts if can_export(each, noun)]
        # A single thread: if the task is cancelled (Ctrl-C) while the thread works, the next call,
        # such as closing, is queued behind it.
        self._thread = ThreadPoolExecutor(1, "wbym-export")
        self._written: tuple[int, int] | None = None
        self._replaced = 0

    @property
    def readable(self) -> bool:
        """Whether any account has the noun."""
        return bool(self._readings)

    @property
    def progress(self) -> tuple[AccountProgress, ...]:
        """The progress of each account."""
        return tuple(reading.progress for reading in self._readings)

    @property
    def written(self) -> tuple[int, int] | None:
        """Rows written, and approximate rows to write; None while the accounts are read."""
        return self._written

    async def run(self) -> Exported:
        """Run the export. Call it once.

        Raises:
            ExportError: The file or its ``.part`` cannot be read or written, or has another noun.
                The file is unchanged.
            AccountsFailed: Accounts failed, and there is no ``on_error``.
        """
        target = await self._blocking(find_target, self.path)
        form = await self._blocking(format_of, target, self._form)
        spool = Spool(target, self.noun)
        old = _Old()
        try:
            await self._blocking(spool.open, self.fresh)
            has_file = not spool.fresh and await self._blocking(_is_filled, target)
            if has_file:
                await self._scan(form, target, old)
            errors = await self._read(spool, old)
            complete = [one.key for one in self._readings if one.stage is Stage.DONE]
            # With fresh, the old records are discarded only once all new ones are read.
            rows, made = old.rows, False
            postponed = spool.fresh and (errors or not await self._blocking(spool.is_complete))
            if complete and not postponed:
                rows, made = await self._write(
                    form, target, spool, complete, old if has_file else None
                )
                await self._blocking(spool.forget, complete)
        finally:
            if await self._blocking(spool.close):
                self.unfinished = spool.path
            self._thread.shutdown(wait=False)
        if errors and self._on_error is None:
            raise AccountsFailed.of(errors, len(self._readings))
        return Exported(
            path=self.path,
            rows=rows,
            added=rows - old.rows if has_file else rows,
            replaced=self._replaced,
            made=made,
        )

    async def _read(self, spool: Spool, old: _Old) -> list[tuple[str, Exception]]:
        errors: list[tuple[str, Exception]] = []
        slots = asyncio.Semaphore(MAX_CONCURRENT_ACCOUNTS)

        async def read(reading: Reading) -> None:
            async with slots:
                try:
                    await self._read_one(reading, spool, old)
                    reading.end(Stage.DONE)
                except ExportError:
                    raise
                except WbymError as error:
                    reading.end(Stage.FAILED)
                    error.add_note(f"account: {reading.key[1]}")
                    errors.append((reading.key[1], error))
                    if self._on_error is not None:
                        self._on_error(reading.key[1], error)

        try:
            async with asyncio.TaskGroup() as tasks:
                for reading in self._readings:
                    tasks.create_task(read(reading))
        except BaseExceptionGroup as group:
            ours, others = group.split(ExportError)
            if ours is None or others is not None:
                raise
            raise ours.exceptions[0] from None  # an error of the file, not of an account
        return errors

    async def _read_one(self, reading: Reading, spool: Spool, old: _Old) -> None:
        account = reading.key
        entry = await self._blocking(spool.entry, account)
        if entry is None:
            start = self.since
            if latest := old.latest.get(account):
                start = min(latest.astimezone(UTC) - self._overlap, datetime.now(UTC))
            entry = Entry(self.since, self._until, start)
        elif (entry.since, entry.until) != (self.since, self._until):
            raise ExportError(
                spool.path,
                f"an export of {account[1]} with since={_shown(entry.since)} and "
                f"until={_shown(entry.until)} was stopped; resume it with these, or start over "
                "with fresh",
            )
        reading.begin(entry, await self._blocking(spool.count, account))
        if entry.complete:
            return
        if not (entry.start and self._until and entry.start > self._until):
            try:
                entry = await self._read_pages(reading, spool, entry)
            except InvalidInput as error:
                if error.argument != "cursor":
                    raise
                reason = "this version cannot resume it; start over with fresh"
                raise ExportError(spool.path, reason) from error
        done = msgspec.structs.replace(entry, complete=True)
        await self._blocking(spool.note, account, done)

    async def _read_pages(self, reading: Reading, spool: Spool, entry: Entry) -> Entry:
        async with aclosing(reading.parts(entry, self._max_wait)) as parts:
            async for entry, records in parts:
                await self._blocking(spool.note, reading.key, entry, records)
                reading.took(len(records))
                del records  # or they would stay in memory while the next ones come
        return entry

    async def _scan(self, form: Format, target: Path, old: _Old) -> None:
        """Read every row of the file, so that an invalid one is reported before any request."""
        latest = old.latest
        async with aclosing(self._steps(target, form.heads(target, LAYOUTS[self.noun]))) as parts:
            async for heads in parts:
                old.rows += len(heads)
                for head in heads:
                    if head.created_at is not None:
                        account = (head.ref.marketplace, head.ref.account)
                        before = latest.get(account, head.created_at)
                        latest[account] = max(before, head.created_at)

    async def _write(
        self,
        form: Format,
        target: Path,
        spool: Spool,
        whole: Sequence[AccountKey],
        old: _Old | None,
    ) -> tuple[int, bool]:
        fresh = 0
        for account in whole:
            fresh += await self._blocking(spool.count, account)
        if old is not None and not fresh:
            return old.rows, False
        written, rows = 0, fresh + (0 if old is None else old.rows)
        self._written = written, rows
        accounts = set(whole)

        def drop(refs: Sequence[Ref]) -> list[bool]:
            has = spool.has(refs)
            dropped = [
                kept and (ref.marketplace, ref.account) in accounts
                for kept, ref in zip(has, refs, strict=True)
            ]
            self._replaced += sum(dropped)
            return dropped

        def steps() -> Generator[int, None, None]:
            with replacing(target) as file:
                yield from form.rewrite(
                    None if old is None else target,
                    file,
                    LAYOUTS[self.noun],
                    drop=drop,
                    fresh=(bodies for account in whole for bodies in spool.bodies(account)),
                )

        async with aclosing(self._steps(target, steps())) as parts:
            async for count in parts:
                written += count
                self._written = written, rows
        return written, True

    async def _steps(self, path: Path, steps: Generator[T, None, None]) -> AsyncGenerator[T, None]:
        """Run a blocking generator in the thread, step by step; it may be closed in between."""
        try:
            while (step := await self._blocking(_next, path, steps)) is not None:
                yield step
        finally:
            await self._blocking(steps.close)

    async def _blocking(self, call: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call, *args)


def _next(path: Path, steps: Generator[T, None, None]) -> T | None:
    with plain_os_errors(path):
        return next(steps, None)


def _is_filled(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def _shown(moment: datetime | None) -> str:
    return "none" if moment is None else moment.isoformat()
