"""What the library tells those who watch it: an observer for figures, named facts for log records.

There is one observer a process, as there is one tree of loggers, so that none has to be handed
through every layer. It is told of calls, of limits, of the feed and of the outbox, by keywords, at
once and in the event loop's thread; it must not block. ``wbym.otel`` is one.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Self, TypedDict, cast

__all__ = [
    "CallObserver",
    "CallWatch",
    "LogFacts",
    "Observer",
    "current",
    "set_observer",
    "watched",
]

_log = logging.getLogger("wbym.observe")


class LogFacts(TypedDict, total=False):
    """What a log record below ``wbym`` may carry as ``extra``, as far as it is known."""

    marketplace: str
    """Such as ``"wildberries"``."""
    account: str
    """The account's name."""
    endpoint: str
    """Such as ``"feedbacks.list"``."""
    status: int | None
    """Of the answer; None where none came."""
    attempt: int
    """Which attempt of the call failed, from 1."""
    bucket: str
    """The limit, and whose it is, as ``QuotaExhausted.bucket`` says it."""
    stream: str
    """What the feed follows, such as ``"questions"``."""
    every: float
    """Seconds between the beginnings of the stream's rounds."""


class CallObserver:
    """Is told of one call. Does nothing itself: subclasses override what they need."""

    def attempt_ended(
        self,
        *,
        attempt: int,
        status: int | None,
        error: BaseException | None,
        waited: float,
        seconds: float,
    ) -> None:
        """The call was made once, or given up while it waited for the limits.

        Args:
            attempt: Which attempt it was, from 1.
            status: Of the answer; None where none came.
            error: Why it brought no result, a ``RateLimited`` where the marketplace refused it for
                a limit; None where it did.
            waited: Seconds that the limits were waited for.
            seconds: Seconds from the end of that waiting to the end of the attempt.
        """

    def ended(
        self,
        *,
        status: int | None,
        error: BaseException | None,
        attempts: int,
        waited: float,
        seconds: float,
    ) -> None:
        """The call is over. Told last, in the task that began the call.

        Args:
            status: Of the last answer; None where the last attempt brought none.
            error: What the caller gets instead of a result; a ``CancelledError`` where the caller
                no longer wants it.
            attempts: How often it was tried.
            waited: Seconds that the limits were waited for, in all.
            seconds: Seconds in all, with the waiting and the pauses between attempts.
        """


class Observer:
    """Is told what happens. Does nothing itself: subclasses override what they need.

    What a method raises is logged the first time, and changes nothing else.
    """

    def call_began(
        self, *, marketplace: str, account: str, endpoint: str, method: str, address: str
    ) -> CallObserver:
        """A call begins: its input is checked, its limits come next.

        Args:
            marketplace: Such as ``"wildberries"``.
            account: The account's name.
            endpoint: The endpoint's name, such as ``"feedbacks.list"``.
            method: What HTTP calls it.
            address: Scheme and host, such as ``"https://feedbacks-api.wildberries.ru"``.

        Returns:
            What is told of the rest.
        """
        return _SILENT_CALL

    def banned(self, *, marketplace: str, bucket: str, until: datetime) -> None:
        """A marketplace began or prolonged a ban.

        Args:
            marketplace: Such as ``"wildberries"``.
            bucket: The limit in which no call goes until then, and whose it is, as
                ``QuotaExhausted.bucket`` says it.
            until: Aware UTC.
        """

    def events_delivered(self, *, account: str, kind: str, lag_seconds: float) -> None:
        """The feed handed an event to its consumer.

        Args:
            account: The account's name.
            kind: The event's kind, such as ``"message"``.
            lag_seconds: Seconds since it happened, by the marketplace's clock.
        """

    def poll_ended(
        self,
        *,
        account: str,
        stream: str,
        events: int,
        seconds: float,
        error: BaseException | None = None,
    ) -> None:
        """A round of the feed is over.

        Args:
            account: The account's name.
            stream: What was looked at, such as ``"questions"``.
            events: How many new events were stored.
            seconds: How long it took.
            error: Why it ended early; None where it did not.
        """

    def backlog(self, *, account: str, count: int) -> None:
        """So many events of the account are stored and not yet confirmed."""

    def delivery_moved(
        self, *, account: str, action: str, state_from: str | None, state_to: str
    ) -> None:
        """Something in the outbox got another state.

        Args:
            account: The account's name.
            action: What is delivered, such as ``"send"``.
            state_from: The state before; None for what is new.
            state_to: The state now.
        """


class CallWatch:
    """One call as the observer is told of it, with the times that it took.

    It begins when it is made and ends when it is left, both in one step of one task, since an
    observer may set context variables between the two.
    """

    __slots__ = (
        "_attempt_began",
        "_began",
        "_call",
        "_clock",
        "_is_open",
        "_waited",
        "attempts",
        "sent_at",
        "status",
    )

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        marketplace: str,
        account: str,
        endpoint: str,
        method: str,
        address: str,
    ) -> None:
        self.attempts: int = 0
        """Attempts begun."""
        self.status: int | None = None
        """Of the attempt's answer, once its headers are here."""
        self.sent_at: float | None = None
        """Clock time at which the limits were waited for, once they are."""
        self._waited = 0.0
        self._is_open = False
        self._clock = clock
        self._began = self._attempt_began = clock()
        self._call = _current.call_began(
            marketplace=marketplace,
            account=account,
            endpoint=endpoint,
            method=method,
            address=address,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if self._is_open:
            self.attempt_ended(exc)
        self._call.ended(
            status=self.status,
            error=exc,
            attempts=self.attempts,
            waited=self._waited,
            seconds=self._clock() - self._began,
        )

    def attempt_begins(self) -> None:
        """The limits are waited for from now on."""
        self.attempts += 1
        self._is_open = True
        self.status = self.sent_at = None
        self._attempt_began = self._clock()

    def attempt_ended(self, error: BaseException | None) -> None:
        """It brought a result, or ``error``; to be said of what is not the call's end."""
        self._is_open = False
        now = self._clock()
        sent = now if self.sent_at is None else self.sent_at
        waited = sent - self._attempt_began
        self._waited += waited
        self._call.attempt_ended(
            attempt=self.attempts,
            status=self.status,
            error=error,
            waited=waited,
            seconds=now - sent,
        )


def set_observer(observer: Observer | None) -> Observer | None:
    """Let an observer be told from now on, instead of the one before.

    Args:
        observer: None for nobody.

    Returns:
        Who was told until now; None where nobody was.
    """
    global _current, _observer, watched  # noqa: PLW0603 - one per process, as with loggers
    before, _observer = _observer, observer
    watched = observer is not None
    _current = _SILENT if observer is None else cast(Observer, _Guarded(observer))
    return before


def current() -> Observer:
    """Whom to tell. What it does never raises."""
    return _current


class _Guarded:
    """Stands for an observer, and keeps what it raises from those who tell it."""

    def __init__(self, told: object, failed: set[str] | None = None) -> None:
        self.told = told
        self._failed: set[str] = set() if failed is None else failed

    def __getattr__(self, name: str) -> Callable[..., object]:
        report = getattr(self.told, name)

        def tell(**facts: object) -> object:
            try:
                answer = report(**facts)
            except Exception:  # noqa: BLE001 - it may raise anything; no call may fail for it
                where = f"{type(self.told).__name__}.{name}"
                if where not in self._failed:
                    self._failed.add(where)
                    _log.exception("%s failed; it is told on, and this is logged once", where)
                answer = None
            if name != "call_began":
                return None
            return _SILENT_CALL if answer is None else _Guarded(answer, self._failed)

        return tell


watched: bool = False
"""Whether somebody is told; for what has to be found out or made first."""

_SILENT_CALL = CallObserver()
_SILENT = Observer()
_observer: Observer | None = None
_current: Observer = _SILENT
