"""Observability: an observer for metrics and traces, and the attributes of log records.

There is one observer per process, as there is one tree of loggers, so that it need not be passed
through every layer. It is notified of calls, limits, the feed and the outbox, by keyword arguments,
synchronously in the event loop's thread; it must not block. ``wbym.otel`` is an observer.
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
    """The ``extra`` attributes of log records below ``wbym``; unknown ones are missing."""

    marketplace: str
    """Such as ``"wildberries"``."""
    account: str
    """The account's name."""
    endpoint: str
    """Such as ``"feedbacks.list"``."""
    status: int | None
    """The status of the answer; None without an answer."""
    attempt: int
    """The number of the failed attempt, from 1."""
    bucket: str
    """The limit and its owner, as in ``QuotaExhausted.bucket``."""
    stream: str
    """The stream of the feed, such as ``"questions"``."""
    every: float
    """Seconds between the starts of the stream's polls."""


class CallObserver:
    """Observes one call. Does nothing by default: subclasses override what they need."""

    def attempt_ended(
        self,
        *,
        attempt: int,
        status: int | None,
        error: BaseException | None,
        waited: float,
        seconds: float,
    ) -> None:
        """An attempt ended, perhaps while it was waiting for the limits.

        Args:
            attempt: The number of the attempt, from 1.
            status: The status of the answer; None without an answer.
            error: The error, such as ``RateLimited``; None after a success.
            waited: Seconds of waiting for the limits.
            seconds: Seconds from the end of the waiting to the end of the attempt.
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
        """The call ended. Called last, in the task that began the call.

        Args:
            status: The status of the last attempt's answer; None without an answer.
            error: The error for the caller; a ``CancelledError`` if the call was cancelled.
            attempts: The number of attempts.
            waited: Total seconds of waiting for the limits.
            seconds: Total seconds, including the waiting and the delays between attempts.
        """


class Observer:
    """Observes the library. Does nothing by default: subclasses override what they need.

    An exception from a method is logged the first time and otherwise ignored.
    """

    def call_began(
        self, *, marketplace: str, account: str, endpoint: str, method: str, address: str
    ) -> CallObserver:
        """A call began: its input is valid, and it is about to wait for its limits.

        Args:
            marketplace: Such as ``"wildberries"``.
            account: The account's name.
            endpoint: The endpoint's name, such as ``"feedbacks.list"``.
            method: The HTTP method.
            address: Scheme and host, such as ``"https://feedbacks-api.wildberries.ru"``.

        Returns:
            An observer of this call.
        """
        return _SILENT_CALL

    def banned(self, *, marketplace: str, bucket: str, until: datetime) -> None:
        """A marketplace began or prolonged a ban.

        Args:
            marketplace: Such as ``"wildberries"``.
            bucket: The limit that allows no calls until then, and its owner, as in
                ``QuotaExhausted.bucket``.
            until: The end of the ban, aware UTC.
        """

    def events_delivered(self, *, account: str, kind: str, lag_seconds: float) -> None:
        """The feed delivered an event to its consumer.

        Args:
            account: The account's name.
            kind: The event's kind, such as ``"message"``.
            lag_seconds: Seconds since the event happened, by the marketplace's clock.
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
        """A poll of the feed ended.

        Args:
            account: The account's name.
            stream: The polled stream, such as ``"questions"``.
            events: The number of new events stored.
            seconds: The duration of the poll.
            error: The error that ended the poll early; None after a success.
        """

    def backlog(self, *, account: str, count: int) -> None:
        """The number of stored and unconfirmed events of an account that this process follows.

        It is told every 15 s, and is 0 when the process ends following the account.
        """

    def delivery_moved(
        self, *, account: str, action: str, state_from: str | None, state_to: str
    ) -> None:
        """A delivery in the outbox changed its state.

        Args:
            account: The account's name.
            action: The action, such as ``"send"``.
            state_from: The previous state; None for a new delivery.
            state_to: The new state.
        """


class CallWatch:
    """Notifies the observer of one call, and measures its times.

    Create, enter and exit it in one task, without awaiting before it is entered, since an observer
    may set context variables from its creation to its exit.
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
        """The number of attempts begun."""
        self.status: int | None = None
        """The status of the current attempt's answer; None before its headers arrive."""
        self.sent_at: float | None = None
        """Clock time at the end of the wait for the limits; None before it."""
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
        """Begin an attempt: the wait for the limits starts now."""
        self.attempts += 1
        self._is_open = True
        self.status = self.sent_at = None
        self._attempt_began = self._clock()

    def attempt_ended(self, error: BaseException | None) -> None:
        """End an attempt, with its error if it failed. Exiting ends the last attempt."""
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
    """Set the observer of this process.

    Args:
        observer: The observer; None for none.

    Returns:
        The previous observer; None if there was none.
    """
    global _current, _observer, watched  # noqa: PLW0603 - one per process, as with loggers
    before, _observer = _observer, observer
    watched = observer is not None
    _current = _SILENT if observer is None else cast(Observer, _Guarded(observer))
    return before


def current() -> Observer:
    """The current observer, wrapped so that it never raises."""
    return _current


class _Guarded:
    """A proxy for an observer that logs its exceptions."""

    def __init__(self, observer: object, failed: set[str] | None = None) -> None:
        self._observer = observer
        self._failed: set[str] = set() if failed is None else failed

    def __getattr__(self, name: str) -> Callable[..., object]:
        method = getattr(self._observer, name)

        def notify(**facts: object) -> object:
            try:
                result = method(**facts)
            except Exception:  # noqa: BLE001 - no exception of an observer may fail a call
                where = f"{type(self._observer).__name__}.{name}"
                if where not in self._failed:
                    self._failed.add(where)
                    _log.exception(
                        "%s failed; it is still called, and further failures are not logged", where
                    )
                result = None
            if name != "call_began":
                return None
            return _SILENT_CALL if result is None else _Guarded(result, self._failed)

        return notify


watched: bool = False
"""Whether an observer is set; check it before preparing data only for the observer."""

_SILENT_CALL = CallObserver()
_SILENT = Observer()
_observer: Observer | None = None
_current: Observer = _SILENT
