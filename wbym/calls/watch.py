"""One call as the process's observer is told of it."""

import asyncio
from types import TracebackType
from typing import Self

from wbym.calls.dialect import Dialect
from wbym.calls.endpoint import Endpoint
from wbym.observe import current

__all__ = ["Watch"]


class Watch:
    """Counts attempts and takes times, from when it is made (the call begins) to when it is left.

    Both in one step of one task, since an observer may set context variables between the two.
    """

    __slots__ = (
        "_attempt_began",
        "_began",
        "_call",
        "_clock",
        "_open",
        "_sent",
        "_status",
        "_waited",
        "attempts",
    )

    def __init__(self, dialect: Dialect, endpoint: Endpoint[object]) -> None:
        self.attempts = 0
        """Attempts begun."""
        self._waited = 0.0
        self._status: int | None = None
        self._open = False
        self._clock = asyncio.get_running_loop().time
        self._began = self._attempt_began = self._clock()
        self._sent: float | None = None
        self._call = current().call_began(
            marketplace=dialect.marketplace,
            account=dialect.account,
            endpoint=endpoint.name,
            method=endpoint.method,
            address=dialect.address(endpoint),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if self._open:
            self.attempt_ended(exc)
        self._call.ended(
            status=self._status,
            error=exc,
            attempts=self.attempts,
            waited=self._waited,
            seconds=self._clock() - self._began,
        )

    def attempt_begins(self) -> None:
        """The limits are waited for from now on."""
        self.attempts += 1
        self._open = True
        self._status = self._sent = None
        self._attempt_began = self._clock()

    def sent(self, now: float) -> None:
        """The limits were waited for until the loop time ``now``."""
        self._sent = now

    def answered(self, status: int) -> None:
        """Status and headers are here."""
        self._status = status

    def attempt_ended(self, error: BaseException | None) -> None:
        """It brought a result, or ``error``; to be said of what is not the call's end."""
        self._open = False
        now = self._clock()
        sent = now if self._sent is None else self._sent
        waited = sent - self._attempt_began
        self._waited += waited
        self._call.attempt_ended(
            attempt=self.attempts,
            status=self._status,
            error=error,
            waited=waited,
            seconds=now - sent,
        )
