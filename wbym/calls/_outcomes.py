"""What an answer means, the status first and the body second, and what follows from it; pure."""

from collections.abc import Sequence
from enum import Enum
from typing import Final, Generic, NoReturn, TypeVar, cast

import msgspec

from wbym.calls._dialect import Dialect
from wbym.calls._endpoint import Endpoint
from wbym.calls._http import Response, TransportError
from wbym.calls._replies import Binary, Refusal, Refused, Undecoded, Unreadable, mended
from wbym.domain import UndecodableRecord
from wbym.errors import (
    BadRequest,
    CallError,
    CallTimeout,
    ConnectionFailed,
    DeliveryUnknown,
    GatewayError,
    NotFound,
    NotReady,
    RateLimited,
    ServerError,
    UnreadableReply,
    error_for_status,
)

__all__ = ["Answer", "Failed", "Fate", "Judge", "RetryPolicy"]

R = TypeVar("R")

_FILE_STATUSES: Final = frozenset({401, 403, 404, 410})
"""What a server of files may say without a body in the marketplace's shape."""


class Answer(msgspec.Struct, Generic[R], frozen=True):
    """What a call brought."""

    value: R
    undecodable: tuple[UndecodableRecord, ...] = ()
    """Records of the page that could not be decoded."""
    body: bytes = b""
    """What the value was decoded from: as it came, or mended where it could not be decoded."""


class Fate(Enum):
    """What is known of a call that brought no result."""

    NOT_SENT = "it surely did not reach the marketplace"
    REFUSED = "the marketplace said that it did nothing, because of a limit"
    UNKNOWN = "it may have taken effect: the answer is lost, unreadable, or a failure of theirs"
    FINAL = "the marketplace has answered, and asking again would bring the same"


class RetryPolicy(msgspec.Struct, frozen=True):
    """How often and how soon."""

    attempts: int = 4
    """Calls in all, the first one included, at least 1."""
    refusals: int = 8
    """Calls in all where the marketplace refuses for its limits; the waiting is the scheduler's."""
    base: float = 0.5
    """Seconds before the second attempt; doubled for each one after."""
    longest: float = 30.0
    """Seconds, at most, between two attempts."""

    def delay(
        self, fate: Fate, attempt: int, *, idempotent: bool, draw: float = 1.0
    ) -> float | None:
        """Seconds until the next attempt, or None for no more.

        Args:
            fate: What is known of the call.
            attempt: How many calls were made, from 1.
            idempotent: Whether the endpoint may be called twice.
            draw: From 0 to 1, a random share that keeps many clients from retrying as one.
        """
        if fate is Fate.FINAL or (fate is Fate.UNKNOWN and not idempotent):
            return None
        if fate is Fate.REFUSED:
            return 0.0 if attempt < self.refusals else None
        if attempt >= self.attempts:
            return None
        return min(self.longest, self.base * 2.0 ** (attempt - 1)) * (0.5 + 0.5 * draw)


class Failed(Exception):
    """A call brought no result: the error to raise, and what is known of the call's fate."""

    def __init__(self, error: CallError, fate: Fate, cause: Exception | None = None) -> None:
        super().__init__(str(error))
        error.__cause__ = cause
        self.error = error
        self.fate = fate

    def final(self, *, idempotent: bool) -> CallError:
        """The error that the caller gets once no further attempt is made."""
        error = self.error
        if self.fate is not Fate.UNKNOWN or idempotent:
            return error
        unknown = DeliveryUnknown(
            f"it may or may not have taken effect, and was not repeated ({error.message})",
            marketplace=error.marketplace,
            account=error.account,
            endpoint=error.endpoint,
            status=error.status,
            code=error.code,
            request_id=error.request_id,
            body=error.body,
        )
        unknown.__cause__ = error
        return unknown


class Judge(msgspec.Struct, frozen=True):
    """Turns answers of one account into values or errors."""

    dialect: Dialect

    def answer(self, endpoint: Endpoint[R], response: Response) -> Answer[R]:
        """The value that the endpoint promises.

        Raises:
            Failed: The marketplace refused, or the answer cannot be read.
        """
        # No answer of 300 or more is a promised one.
        if response.status >= 300 or not endpoint.reply.accepts(response.status):
            self.refuse(endpoint, response)
        try:
            return self._decoded(endpoint, response.body)
        except Refused as refused:
            error = self._error(BadRequest, endpoint, refused.refusal, response)
            raise Failed(error, Fate.FINAL) from None
        except Exception as cause:  # whatever the body holds, the call was made
            reason = str(cause) if isinstance(cause, Unreadable) else repr(cause)
            error = self._error(UnreadableReply, endpoint, Refusal(reason), response)
            raise Failed(error, Fate.UNKNOWN, cause) from cause

    def _decoded(self, endpoint: Endpoint[R], body: bytes) -> Answer[R]:
        """The answer in a body, or else in the mended body.

        Raises:
            Unreadable: The body is not what is promised.
            Refused: The body says that the marketplace refused.
        """
        try:
            value, undecodable = endpoint.reply.decode(body)
        except Unreadable:
            body, sent = mended(body), body
            if body == sent:
                raise
            value, undecodable = endpoint.reply.decode(body)
        return Answer(value, self._named(endpoint, undecodable), body)

    def _named(
        self, endpoint: Endpoint[object], undecoded: Sequence[Undecoded]
    ) -> tuple[UndecodableRecord, ...]:
        whose = self.dialect.marketplace, self.dialect.account
        return tuple(
            UndecodableRecord.of(*whose, endpoint.name, one.where, one.reason, one.data)
            for one in undecoded
        )

    def refuse(self, endpoint: Endpoint[object], response: Response) -> NoReturn:
        """Raise what a status outside the promised ones means.

        Raises:
            Failed: Always.
        """
        refusal = self._refusal(response)
        status = response.status
        if status < 300:
            waiting = refusal or Refusal("accepted, but there is no result yet")
            raise Failed(self._error(NotReady, endpoint, waiting, response), Fate.FINAL)
        if _is_foreign(endpoint, status, refusal):
            reason = _foreign(response)
            raise Failed(self._error(GatewayError, endpoint, reason, response), Fate.UNKNOWN)
        kind = NotFound if status in endpoint.not_found else None
        error = self._error(kind, endpoint, refusal or _foreign(response), response)
        if isinstance(error, RateLimited):
            raise Failed(error, Fate.REFUSED)
        raise Failed(error, Fate.UNKNOWN if isinstance(error, ServerError) else Fate.FINAL)

    def _refusal(self, response: Response) -> Refusal | None:
        try:
            return self.dialect.refusal(response)
        except (ValueError, RecursionError):  # whatever a body holds
            return None

    def lost(self, endpoint: Endpoint[object], cause: TransportError) -> Failed:
        """What it means that no whole answer came."""
        kind = CallTimeout if cause.timeout else ConnectionFailed
        error = self._error(kind, endpoint, Refusal(str(cause)), None)
        return Failed(error, Fate.UNKNOWN if cause.sent else Fate.NOT_SENT, cause)

    def _error(
        self,
        kind: type[CallError] | None,
        endpoint: Endpoint[object],
        refusal: Refusal,
        response: Response | None,
    ) -> CallError:
        """The error of a kind, or else of the response's status."""
        details = _details(endpoint, response) if endpoint.refusal is not None else None
        if kind is None:
            kind = error_for_status(response.status) if response else CallError
        return kind(
            refusal.message,
            marketplace=self.dialect.marketplace,
            account=self.dialect.account,
            endpoint=endpoint.name,
            status=response.status if response else None,
            code=refusal.code,
            request_id=refusal.request_id,
            retry_after=refusal.retry_after,
            body=response.body if response else b"",
            details=details,
        )


def _is_foreign(endpoint: Endpoint[object], status: int, refusal: Refusal | None) -> bool:
    """Whether something else than the marketplace answered. 5xx are failures, whoever says so."""
    if status < 400:
        return True
    if refusal is not None or status >= 500:
        return False
    return not (isinstance(endpoint.reply, Binary) and status in _FILE_STATUSES)


def _foreign(response: Response) -> Refusal:
    """A redirect's target, or the start of the body."""
    target = response.headers.get("location")
    if target:
        return Refusal(f"redirected to {target.partition('?')[0]}")
    body = " ".join(response.body[:200].decode("utf-8", "replace").split())
    return Refusal(f"not the marketplace's answer: {body}" if body else "the answer is empty")


def _details(endpoint: Endpoint[object], response: Response | None) -> object:
    """The body of a refusal as the endpoint says that it is; None where it is not."""
    if response is None or response.status < 400:
        return None
    try:
        return cast(object, msgspec.json.decode(response.body, type=endpoint.refusal))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
