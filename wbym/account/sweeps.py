"""Whole archives of feedbacks and questions: ``account.sweep``."""

from collections.abc import Callable
from datetime import datetime

from wbym.account.capabilities import Capability
from wbym.account.hooks import Hooks, SweepOptions
from wbym.domain import Feedback, Question
from wbym.limits import Priority
from wbym.paging import Sweep, whole_span

__all__ = ["Sweeps"]


class Sweeps:
    """Whole archives, complete although they change while they are read.

    Args:
        hooks: What reads them.
        require: Refuses what the account has not.
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
        """Every feedback of a period, each once.

        Args:
            since: From this moment on, aware; by default from the beginning.
            until: Up to and with this moment, aware; by default what arrives while the sweep runs
                comes too.
            in_order: Whether the records come in order of time.
            cursor: Where to go on, with the same arguments: a page's ``cursor`` or ``next_cursor``.
            max_wait: Seconds that a call waits for its limits at most, before the sweep stops with
                ``QuotaExhausted``; None: as long as it takes. Several pages are asked for at once,
                so less than a few seconds may stop any sweep.
            priority: Who goes first at the limits.

        Raises:
            Unsupported: The marketplace has no feedbacks.
            InvalidInput: A time is naive or in the future, or ``since`` is after ``until``.
        """
        self._require(Capability.SWEEP_FEEDBACKS, "sweep.feedbacks")
        span = whole_span("sweep.feedbacks", since, until, self._hooks.EARLIEST)
        options = SweepOptions(in_order, cursor, max_wait, priority)
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
        """Every question of a period, each once; arguments and errors as for :meth:`feedbacks`."""
        self._require(Capability.SWEEP_QUESTIONS, "sweep.questions")
        span = whole_span("sweep.questions", since, until, self._hooks.EARLIEST)
        options = SweepOptions(in_order, cursor, max_wait, priority)
        return self._hooks._sweep_questions(span, options)  # noqa: SLF001
