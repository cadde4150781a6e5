"""Interpretation of answers (status first, then body) and retry decisions; pure."""

from collections.abc import Sequence
from enum import Enum
from typing import Final, Generic, NoReturn, TypeVar, cast

import msgspec

from wbym._reprs import HIDDEN, PlainRepr, forget_frames
from wbym.calls._dialect import Dialect
from wbym.calls._endpoint import Endpoint
from wbym.calls._http import BodyTooLarge, Request, Response, TransportError
from wbym.calls._repair import repaired
from wbym.calls._replies import Binary, Json, Refusal, Refused, Undecoded, Unreadable
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

__all__ = ["Answer", "CallFailed", "FailureKind", "Judge", "RetryPolicy"]

R = TypeVar("R")

_FILE_STATUSES: Final = frozenset({401, 403, 404, 410})
"""Statuses of a file server, whose bodies do not have the marketplace's shape."""


class Answer(PlainRepr, Generic[R], frozen=True):
    """The result of a call."""

    value: R
    undecodable: tuple[UndecodableRecord, ...] = ()
    """Records of the page that could not be decoded."""
    body: bytes = b""
    """The body that the value was decoded from: as received, or repaired if it was invalid."""
    ignored: frozenset[str] = frozenset()
    """Names of invalid optional fields around the records, which count as absent."""

    def __repr__(self) -> str:
        return f"Answer({self.value!r}, {len(self.body)} bytes)"


class FailureKind(Enum):
    """What is known about a failed attempt."""

    NOT_SENT = "the request did not reach the marketplace"
    RATE_LIMITED = "the marketplace rejected the call because of a limit, and did nothing"
    UNKNOWN = "the call may have taken effect: the answer is lost, unreadable or a server error"
    FINAL = "the marketplace has answered, and would answer the same again"


class RetryPolicy(msgspec.Struct, frozen=True):
    """How often and how soon a failed call is retried."""

    max_attempts: int = 4
    """Maximum number of attempts, the first one included; at least 1."""
    max_rate_limited: int = 8
    """Maximum number of attempts that are rate limited; the scheduler waits between them.

    Attempts that a cap on parallel calls rejected do not count: they are made for ``max_wait``
    seconds, as whoever has the slots gives them back.
    """
    base_delay: float = 0.5
    """Seconds before the second attempt; doubled for each further one."""
    max_delay: float = 30.0
    """Maximum seconds between two attempts."""

    def delay(
        self, kind: FailureKind, attempt: int, *, idempotent: bool, jitter: float = 1.0
    ) -> float | None:
        """Seconds until the next attempt, or None if there is none.

        Args:
            kind: How the attempt failed.
            attempt: Number of attempts made so far, from 1.
            idempotent: Whether the endpoint may be called twice.
            jitter: A random number from 0 to 1, so that clients do not retry at the same moment.
        """
        if kind is FailureKind.FINAL or (kind is FailureKind.UNKNOWN and not idempotent):
            return None
        if kind is FailureKind.RATE_LIMITED:
            return 0.0 if attempt < self.max_rate_limited else None
        if attempt >= self.max_attempts:
            return None
        return min(self.max_delay, self.base_delay * 2.0 ** (attempt - 1)) * (0.5 + 0.5 * jitter)


class CallFailed(Exception):
    """A failed attempt: the error, and what is known about the failure."""

    def __init__(self, error: CallError, kind: FailureKind, cause: Exception | None = None) -> None:
        super().__init__(str(error))
        error.__cause__ = cause
        self.error = error
        self.kind = kind

    def final(self, *, idempotent: bool) -> CallError:
        """The error for the caller if there is no further attempt."""
        error = self.error
        if self.kind is not FailureKind.UNKNOWN or idempotent:
            return error
        unknown = DeliveryUnknown(
            f"it may or may not have taken effect, and was not retried ({error.message})",
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
    """Turns an account's answers into values or errors."""

    dialect: Dialect

    def answer(self, endpoint: Endpoint[R], response: Response, request: Request) -> Answer[R]:
        """Decode the endpoint's value from an answer.

        Args:
            endpoint: What was called.
            response: The answer.
            request: What was sent; errors do not quote its secrets.

        Raises:
            CallFailed: The marketplace answered with an error, or the answer cannot be decoded.
        """
        if not _is_success(endpoint, response.status):
            self.refuse(endpoint, response, request)
        try:
            return self._decoded(endpoint, response.body)
        except Refused as refused:
            kind = refused.refusal.kind or BadRequest
            error = self._error(kind, endpoint, refused.refusal, response, request)
            raise CallFailed(error, FailureKind.FINAL) from None
        except Exception as cause:  # whatever the body holds, the call was made
            reason = str(cause) if isinstance(cause, Unreadable) else repr(cause)
            error = self._error(UnreadableReply, endpoint, Refusal(reason), response, request)
            forget_frames(cause)  # they have the body
            raise CallFailed(error, FailureKind.UNKNOWN, cause) from cause

    def _decoded(self, endpoint: Endpoint[R], body: bytes) -> Answer[R]:
        """Decode a body, or else the repaired body.

        Raises:
            Unreadable: The body does not have the endpoint's shape.
            Refused: The envelope reports an error.
        """
        try:
            decoded = endpoint.reply.decode(body)
        except Unreadable as error:
            body, received = repaired(body), body
            if body == received:
                raise
            try:
                decoded = endpoint.reply.decode(body)
            except Unreadable:
                raise error from None
        undecodable = self._named(endpoint, decoded.undecodable)
        return Answer(decoded.value, undecodable, body, decoded.ignored)

    def _named(
        self, endpoint: Endpoint[object], undecoded: Sequence[Undecoded]
    ) -> tuple[UndecodableRecord, ...]:
        owner = self.dialect.marketplace, self.dialect.account
        return tuple(
            UndecodableRecord.of(*owner, endpoint.name, one.where, one.reason, one.data)
            for one in undecoded
        )

    def refuse(self, endpoint: Endpoint[object], response: Response, request: Request) -> NoReturn:
        """Raise the error of an answer with an unexpected status.

        Raises:
            CallFailed: Always.
        """
        # First, since messages are cut from the body, and half a secret could not be found.
        body = self._blanked(endpoint, response.body, request)
        response = Response(response.status, response.headers, body)
        refusal = self._refusal(response)
        status = response.status
        if status < 300:
            waiting = refusal or Refusal("accepted, but the result is not ready yet")
            raise CallFailed(
                self._error(NotReady, endpoint, waiting, response, request), FailureKind.FINAL
            )
        if _is_foreign(endpoint, status, refusal):
            reason = _foreign(response)
            raise CallFailed(
                self._error(GatewayError, endpoint, reason, response, request), FailureKind.UNKNOWN
            )
        refusal = refusal or _foreign(response)
        kind = NotFound if status in endpoint.not_found else refusal.kind
        error = self._error(kind, endpoint, refusal, response, request)
        if isinstance(error, RateLimited):
            raise CallFailed(error, FailureKind.RATE_LIMITED)
        raise CallFailed(
            error, FailureKind.UNKNOWN if isinstance(error, ServerError) else FailureKind.FINAL
        )

    def _blanked(self, endpoint: Endpoint[object], body: bytes, request: Request) -> bytes:
        """The body of a failed call, without secrets."""
        if isinstance(endpoint.reply, Json):
            body = endpoint.reply.blanked(body)
        for secret in request.secrets():
            body = body.replace(secret.encode("utf-8", "replace"), HIDDEN.encode())
        return body

    def _refusal(self, response: Response) -> Refusal | None:
        try:
            return self.dialect.refusal(response)
        except Exception:  # noqa: BLE001 - a dialect of anybody, a body of anything
            return None

    def lost(
        self, endpoint: Endpoint[object], cause: TransportError, request: Request
    ) -> CallFailed:
        """The failure of an attempt without a complete answer."""
        if isinstance(cause, BodyTooLarge):
            return self._too_large(endpoint, cause, request)
        kind = CallTimeout if cause.timeout else ConnectionFailed
        error = self._error(kind, endpoint, Refusal(str(cause)), None, request)
        return CallFailed(error, FailureKind.UNKNOWN if cause.sent else FailureKind.NOT_SENT)

    def _too_large(
        self, endpoint: Endpoint[object], cause: BodyTooLarge, request: Request
    ) -> CallFailed:
        head = cause.head
        if not _is_success(endpoint, head.status):
            try:
                self.refuse(endpoint, head, request)
            except CallFailed as failed:
                return failed
        error = self._error(UnreadableReply, endpoint, Refusal(str(cause)), head, request)
        return CallFailed(error, FailureKind.UNKNOWN, cause)

    def _error(
        self,
        kind: type[CallError] | None,
        endpoint: Endpoint[object],
        refusal: Refusal,
        response: Response | None,
        request: Request,
    ) -> CallError:
        """Create an error of this kind, or else of the kind of the response's status."""
        message = refusal.message
        for secret in request.secrets():
            message = message.replace(secret, HIDDEN)
        body = self._blanked(endpoint, response.body, request) if response else b""
        details = None
        if response is not None and endpoint.refusal is not None:
            details = _details(endpoint, response.status, body)
        if kind is None:
            kind = error_for_status(response.status) if response else CallError
        return kind(
            message,
            marketplace=self.dialect.marketplace,
            account=self.dialect.account,
            endpoint=endpoint.name,
            status=response.status if response else None,
            code=refusal.code,
            request_id=refusal.request_id,
            retry_after=refusal.retry_after,
            body=body,
            details=details,
        )


def _is_success(endpoint: Endpoint[object], status: int) -> bool:
    return status < 300 and endpoint.reply.accepts(status)


def _is_foreign(endpoint: Endpoint[object], status: int, refusal: Refusal | None) -> bool:
    """Whether a gateway answered, not the marketplace. 5xx is a failure of either."""
    if status < 400:
        return True
    if refusal is not None or status >= 500:
        return False
    is_file = isinstance(endpoint.reply, Binary) and "://" in endpoint.host
    return not (is_file and status in _FILE_STATUSES)


def _foreign(response: Response) -> Refusal:
    """The target of a redirect, or the beginning of the body."""
    target = response.headers.get("location")
    if target:
        return Refusal(f"redirected to {target.partition('?')[0]}")
    body = " ".join(response.body[:200].decode("utf-8", "replace").split())
    return Refusal(f"not the marketplace's answer: {body}" if body else "the response is empty")


def _details(endpoint: Endpoint[object], status: int, body: bytes) -> object:
    """The error body as the endpoint's type; None if it does not match."""
    if status < 400:
        return None
    try:
        return cast(object, msgspec.json.decode(body, type=endpoint.refusal))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
