"""Sweeps of whole archives of feedbacks and questions: ``account.sweep``."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from wbym.account._capabilities import Capability
from wbym.account._hooks import Hooks, SweepOptions
from wbym.calls import require
from wbym.domain import Feedback, Question
from wbym.errors import InvalidInput
from wbym.limits import Priority
from wbym.paging import Span, Sweep, whole_span

__all__ = ["Sweeps"]

_EPOCH: Final = datetime.fromtimestamp(0, UTC)


class Sweeps:
    """Sweeps of whole archives, complete although they change while they are read.

    Args:
        hooks: The account's hooks, which read the archives.
        require: Checks that the account has a capability.
    """

    def __init__(self, hooks: Hooks, require: Callable[[Capability, str], None]) -> None:
        self._hooks = hooks
        self._require = require

    def feedbacks(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        in_order: bool = False,
        cursor: str | None = None,
        max_wait: float | None = None,
        priority: Priority = Priority.BULK,
    ) -> Sweep[Feedback]:
        """Read every feedback of a period, each once.

        Args:
            since: The start of the period, aware; by default the beginning of the archive.
            until: The end of the period, inclusive, aware; by default the sweep includes records
                that arrive while it runs.
            in_order: Whether to yield the records in order of time.
            cursor: Where to continue, with the same arguments: a page's ``cursor`` or
                ``next_cursor``.
            max_wait: Max seconds that a call waits for its limits before the sweep stops with
                ``QuotaExhausted``; None for no limit. Several pages are requested concurrently, so
                less than a few seconds may stop any sweep.
            priority: Priority of the calls at the limits.

        Raises:
            Unsupported: The marketplace has no feedbacks.
            InvalidInput: A time is naive, ``since`` is in the future or after ``until``, or an
                argument has a wrong type.
        """
        options = SweepOptions(in_order, cursor, max_wait, priority)
        span = self._begin(Capability.SWEEP_FEEDBACKS, "sweep.feedbacks", since, until, options)
        return self._hooks._sweep_feedbacks(span, options)  # noqa: SLF001 - hooks are for this

    def questions(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        in_order: bool = False,
        cursor: str | None = None,
        max_wait: float | None = None,
        priority: Priority = Priority.BULK,
    ) -> Sweep[Question]:
        """Read every question of a period, each once; see :meth:`feedbacks`."""
        options = SweepOptions(in_order, cursor, max_wait, priority)
        span = self._begin(Capability.SWEEP_QUESTIONS, "sweep.questions", since, until, options)
        return self._hooks._sweep_questions(span, options)  # noqa: SLF001

    def _begin(
        self,
        capability: Capability,
        method: str,
        since: datetime | None,
        until: datetime | None,
        options: SweepOptions,
    ) -> Span:
        """Check the arguments of a sweep; return its period."""
        self._require(capability, method)
        for argument, moment in (("since", since), ("until", until)):
            require(method, argument, moment, datetime | None)
        if until is not None and until < _EPOCH:
            raise InvalidInput(method, "until", "must not be before 1970", until)
        require(method, "in_order", options.in_order, bool)
        require(method, "cursor", options.cursor, str | None)
        require(method, "max_wait", options.max_wait, float | None)
        require(method, "priority", options.priority, Priority)
        return whole_span(method, since, until, self._hooks.EARLIEST)
