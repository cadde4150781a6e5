"""What an answer means, the status first and the body second, and what follows from it; pure."""

from collections.abc import Sequence
from enum import Enum
from typing import Generic, NoReturn, TypeVar, cast

import msgspec

from wbym.calls._dialect import Dialect
from wbym.calls._endpoint import Endpoint
from wbym.calls._http import Response, TransportError
from wbym.calls._replies import Refusal, Refused, Undecoded, Unreadable, repaired
from wbym.domain import UndecodableRecord
from wbym.errors import (
    BadRequest,
    CallError,
    CallTimeout,
    ConnectionFailed,
    DeliveryUnknown,
    NotFound,
    NotReady,
    RateLimited,
    ServerError,
    UnreadableReply,
    error_for_status,
)

__all__ = ["Answer", "CallFailed", "FailureKind", "Judge", "RetryPolicy"]

R = TypeVar("R")

_NOTHING_SAID = Refusal("the marketplace gave no reason")


class Answer(msgspec.Struct, Generic[R], frozen=True):
    """What a call brought."""

    value: R
    undecodable: tuple[UndecodableRecord, ...] = ()
    """Records of the page that could not be decoded."""
    body: bytes = b""
    """What the value was decoded from: as it came, or repaired where it could not be decoded."""


class FailureKind(Enum):
    """What is known of a call that brought no result."""

    NOT_SENT = "it surely did not reach the marketplace"
    RATE_LIMITED = "the marketplace said that it did nothing, because of a limit"
    UNKNOWN = "it may have taken effect: the answer is lost, unreadable, or a failure of theirs"
    FINAL = "the marketplace has answered, and asking again would bring the same"


class RetryPolicy(msgspec.Struct, frozen=True):
    """How often and how soon."""

    max_attempts: int = 4
    """Calls in all, the first one included, at least 1."""
    max_rate_limited: int = 8
    """Calls in all where the marketplace refuses for its limits; the waiting is the scheduler's."""
    base_delay: float = 0.5
    """Seconds before the second attempt; doubled for each one after."""
    max_delay: float = 30.0
    """Seconds, at most, between two attempts."""

    def delay(
        self, kind: FailureKind, attempt: int, *, idempotent: bool, jitter: float = 1.0
    ) -> float | None:
        """Seconds until the next attempt, or None for no more.

        Args:
            kind: What is known of the call.
            attempt: How many calls were made, from 1.
            idempotent: Whether the endpoint may be called twice.
            jitter: From 0 to 1, a random share that keeps many clients from retrying as one.
        """
        if kind is FailureKind.FINAL or (kind is FailureKind.UNKNOWN and not idempotent):
            return None
        if kind is FailureKind.RATE_LIMITED:
            return 0.0 if attempt < self.max_rate_limited else None
        if attempt >= self.max_attempts:
            return None
        return min(self.max_delay, self.base_delay * 2.0 ** (attempt - 1)) * (0.5 + 0.5 * jitter)


class CallFailed(Exception):
    """A call brought no result: the error to raise, and what is known of the call's kind."""

    def __init__(self, error: CallError, kind: FailureKind, cause: Exception | None = None) -> None:
        super().__init__(str(error))
        error.__cause__ = cause
        self.error = error
        self.kind = kind

    def final(self, *, idempotent: bool) -> CallError:
        """The error that the caller gets once no further attempt is made."""
        error = self.error
        if self.kind is not FailureKind.UNKNOWN or idempotent:
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
            CallFailed: The marketplace refused, or the answer cannot be read.
        """
        # No answer of 300 or more is a promised one.
        if response.status >= 300 or not endpoint.reply.accepts(response.status):
            self.refuse(endpoint, response)
        try:
            return self._decoded(endpoint, response.body)
        except Unreadable as cause:
            error = self._error(UnreadableReply, endpoint, Refusal(str(cause)), response)
            raise CallFailed(error, FailureKind.UNKNOWN, cause) from cause
        except Refused as refused:
            error = self._error(BadRequest, endpoint, refused.refusal, response)
            raise CallFailed(error, FailureKind.FINAL) from None

    def _decoded(self, endpoint: Endpoint[R], body: bytes) -> Answer[R]:
        """The answer in a body, or else in the repaired body.

        Raises:
            Unreadable: The body is not what is promised.
            Refused: The body says that the marketplace refused.
        """
        try:
            value, undecodable = endpoint.reply.decode(body)
        except Unreadable:
            body, sent = repaired(body), body
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
            CallFailed: Always.
        """
        refusal = self.dialect.refusal(response)
        if response.status < 300:
            waiting = refusal or Refusal("accepted, but there is no result yet")
            raise CallFailed(self._error(NotReady, endpoint, waiting, response), FailureKind.FINAL)
        kind = NotFound if response.status in endpoint.not_found else None
        error = self._error(kind, endpoint, refusal or _NOTHING_SAID, response)
        if isinstance(error, RateLimited):
            raise CallFailed(error, FailureKind.RATE_LIMITED)
        raise CallFailed(
            error, FailureKind.UNKNOWN if isinstance(error, ServerError) else FailureKind.FINAL
        )

    def lost(self, endpoint: Endpoint[object], cause: TransportError) -> CallFailed:
        """What it means that no whole answer came."""
        kind = CallTimeout if cause.timeout else ConnectionFailed
        error = self._error(kind, endpoint, Refusal(str(cause)), None)
        return CallFailed(error, FailureKind.UNKNOWN if cause.sent else FailureKind.NOT_SENT, cause)

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


def _details(endpoint: Endpoint[object], response: Response | None) -> object:
    """The body of a refusal as the endpoint says that it is; None where it is not."""
    if response is None or response.status < 400:
        return None
    try:
        return cast(object, msgspec.json.decode(response.body, type=endpoint.refusal))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
