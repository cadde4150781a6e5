"""Sweeps of all feedbacks and questions: ``shop.sweep``."""

from __future__ import annotations  # the API's modules are loaded at their first use

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final, Generic, TypeVar

from wbym.account import Capability, SweepOptions, Sweeps
from wbym.calls import DecodedOrigin, Range, Report, require, row
from wbym.domain import Feedback, Question, creation_time
from wbym.limits import Priority
from wbym.paging import (
    Listing,
    ListsSweep,
    Page,
    Span,
    Sweep,
    SweepPlan,
    map_page,
    pages_for,
)
from wbym_wildberries import _mapping as mapping
from wbym_wildberries._reading.lists import TwoLists, dates, in_order

if TYPE_CHECKING:
    from wbym_wildberries.api import Api
    from wbym_wildberries.api import feedbacks as feedbacks_api
    from wbym_wildberries.api import questions as questions_api

__all__ = ["EARLIEST", "WildberriesSweeps", "sweep_feedbacks", "sweep_questions"]

W = TypeVar("W", "questions_api.Question", "feedbacks_api.Feedback")
R = TypeVar("R", Question, Feedback)


EARLIEST: Final = datetime(2004, 1, 1, tzinfo=UTC)
"""The start of an unbounded sweep: before Wildberries existed."""

SAMPLE_SIZE: Final = 100
"""Archived records that are searched for in the lists, to find out whether the archive has extra
ones."""


class WildberriesSweeps(Sweeps):
    """``shop.sweep`` of a Wildberries account."""

    def feedbacks(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        in_order: bool = False,
        cursor: str | None = None,
        max_wait: float | None = None,
        priority: Priority = Priority.BULK,
        archive: bool | None = None,
        depth: int | None = None,
    ) -> Sweep[Feedback]:
        """Every feedback of a period, each once, by time: from both lists and the archive.

        Requests: two counts, two checks of the archive, pages of 5,000, and the last day once more.
        Memory: about 2 kB for each of up to 20,000 buffered feedbacks, and two pages. Other
        arguments and errors are those of every account. Only feedbacks that appeared late come at
        the end.

        Args:
            since: The start of the period, included; aware.
            until: The end of the period, included; aware.
            in_order: Has no effect: feedbacks are always in order.
            cursor: Where to resume, with the same period.
            max_wait: Max seconds that a call waits for its limits.
            priority: The priority of the calls at the limits.
            archive: Whether to read the list of archived feedbacks too. By default it is read if it
                has feedbacks that neither of the other lists has; it has no dates, so it is read
                from its end back to ``since``, and its feedbacks come last.
            depth: The ``skip`` beyond which WB returns nothing, if less than documented: 10,000 and
                20,000 have been seen. If not given, it is detected, at the cost of one request.

        Raises:
            PagingLimit: One second has more feedbacks than can be paged from both its ends, or the
                archive has more than can be paged.
        """
        options = FeedbackSweepOptions(
            in_order, cursor, max_wait, priority, archive=archive, depth=depth
        )
        span = self._begin(Capability.SWEEP_FEEDBACKS, "sweep.feedbacks", since, until, options)
        require("sweep.feedbacks", "archive", archive, bool | None)
        require("sweep.feedbacks", "depth", depth, Annotated[int, Range(1)] | None)
        return self._hooks._sweep_feedbacks(span, options)  # noqa: SLF001 - as in Sweeps


class FeedbackSweepOptions(SweepOptions, frozen=True):
    """Further options of WB's feedbacks; see :meth:`WildberriesSweeps.feedbacks`."""

    archive: bool | None = None
    depth: int | None = None


def sweep_feedbacks(
    api: Api, account: str, report: Report, span: Span, options: SweepOptions
) -> Sweep[Feedback]:
    """Sweep feedbacks; see :meth:`WildberriesSweeps.feedbacks`."""
    from wbym_wildberries.api.feedbacks import Feedback as FeedbackWire

    api = api.with_max_wait(options.max_wait).at(options.priority)
    group = api.feedbacks
    known = options if isinstance(options, FeedbackSweepOptions) else FeedbackSweepOptions()
    sweep = _NounSweep(
        api,
        report,
        "feedbacks",
        group,
        FeedbackWire,
        lambda wire: mapping.feedback(wire, account),
        archive=group.archive(order="dateDesc"),
        has_archive=known.archive,
        depth=known.depth,
    )
    return sweep.of(span, options.cursor)


def sweep_questions(
    api: Api, account: str, report: Report, span: Span, options: SweepOptions
) -> Sweep[Question]:
    """Every question of a period, each once, by time: from both lists.

    Requests: two counts, pages of 10,000 one after the other, since WB pages no deeper, and the
    last day once more.
    """
    from wbym_wildberries.api.questions import Question as QuestionWire

    api = api.with_max_wait(options.max_wait).at(options.priority)
    sweep = _NounSweep(
        api,
        report,
        "questions",
        api.questions,
        QuestionWire,
        lambda wire: mapping.question(wire, account),
    )
    return sweep.of(span, options.cursor)


class _NounSweep(Generic[W, R]):
    """One sweep of one noun. Records are buffered as WB sent them, and mapped when yielded.

    Args:
        api: The account's operations, for this sweep only.
        report: Gets each undecodable record.
        noun: The noun, for errors.
        lists: The two lists.
        record: The type of their records.
        neutral: Maps a record to the neutral model.
        archive: The third list, newest first, which has no dates.
        has_archive: Whether the archive has extra records; None to find out.
        depth: The ``skip`` beyond which WB returns nothing, if known.
    """

    def __init__(
        self,
        api: Api,
        report: Report,
        noun: str,
        lists: TwoLists[W],
        record: type[W],
        neutral: Callable[[W], R],
        *,
        archive: Listing[W] | None = None,
        has_archive: bool | None = False,
        depth: int | None = None,
    ) -> None:
        self._api = api
        self._report = report
        self._method = f"sweep.{noun}"
        self._lists: TwoLists[W] = lists
        self._record: type[W] = record
        self._neutral: Callable[[W], R] = neutral
        self._archive: Listing[W] | None = archive
        self._has_archive = has_archive
        self._depth = depth
        self._counted: tuple[int, int] | None = None

    def of(self, span: Span, cursor: str | None) -> Sweep[R]:
        """The sweep of a period."""
        endpoint = row(type(self._lists).list).endpoint
        lists = ListsSweep(
            waiting=partial(self._list, False),
            done=partial(self._list, True),
            record=self._record,
            time=_time_of,
            key=_id_of,
            method=self._method,
            span=span,
            cursor=cursor,
        )

        async def read() -> AsyncGenerator[Page[R], None]:
            # One page at a time, so that records that join the archive shift nothing.
            archive = self._archive.using(prefetch=1) if self._archive else None
            found = lists.read(self._counted, archive if self._has_archive else None)
            async with aclosing(found) as pages:
                async for page in pages:
                    kept = DecodedOrigin(self._method, page.items, self._report)
                    yield map_page(page, self._neutral, kept)
                    del page, kept  # or they would stay in memory while the next page is read

        return Sweep(
            read,
            make_plan=partial(self._plan, lists),
            requests=lambda: self._api.calls,
            limit=lambda: self._api.bucket_of(endpoint, {}),
        )

    async def _plan(self, lists: ListsSweep[W]) -> SweepPlan:
        span = lists.rest
        is_asked = self._has_archive is None
        waiting, done, has_extra = await asyncio.gather(
            self._lists.count(is_answered=False, **dates(span)),
            self._lists.count(is_answered=True, **dates(span)),
            self._archive_has_extra() if is_asked else asyncio.sleep(0, False),
        )
        self._counted = waiting, done
        if is_asked:
            self._has_archive = has_extra
        size = self._max_size
        to_come = pages_for(waiting, size) + pages_for(done, size)
        closing = 0 if lists.recent is None else 2
        return SweepPlan(waiting + done, self._api.calls + to_come + closing)

    @property
    def _max_size(self) -> int:
        source = self._lists.list(is_answered=False).source
        assert source is not None  # noqa: S101 - it is WB's own list
        return source.scheme.max_size or 0

    def _list(self, is_answered: bool, span: Span, expected: int | None) -> Listing[W]:
        """One of the two lists, by time."""
        return in_order(
            self._lists, is_answered=is_answered, span=span, expected=expected, depth=self._depth
        )

    async def _archive_has_extra(self) -> bool:
        """Whether any of the newest archived records is in neither list."""
        if self._archive is None:
            return False
        sample = await self._archive.using(size=SAMPLE_SIZE).page()
        missing = {_id_of(item) for item in sample.items}
        if not missing:
            return False
        since = min(map(_time_of, sample.items))
        for is_answered in (True, False):
            listing = self._lists.list(is_answered=is_answered, order="dateAsc", date_from=since)
            found = await listing.page()
            missing -= {_id_of(item) for item in found.items}
            if not missing:
                return False
        return True


def _time_of(wire: questions_api.Question | feedbacks_api.Feedback) -> datetime:
    return creation_time(wire.created_date)


def _id_of(wire: questions_api.Question | feedbacks_api.Feedback) -> str:
    return wire.id
