"""The tree of errors.

::

    WbymError
    ├── InvalidInput (ValueError)     no request made: a value breaks a rule
    │   ├── Unsupported               the marketplace does not support it
    │   └── RefError                  not a ref, or not a ref of this account or inbox
    ├── CredentialError               no request made: the token does not allow it
    │   ├── InvalidToken              not a token, or not a token of this seller
    │   ├── TokenExpired
    │   ├── MissingScope              the token lacks the category
    │   └── ReadOnlyToken
    ├── ConfigError                   the configuration file or a secret is invalid
    ├── ExportError                   a file cannot be read, written or appended to
    ├── StateError                    the feed's state, or bans, cannot be read or written
    │   └── LeaseLost                 another process has taken over the account
    ├── InboxNotOpen                  the inbox is not entered yet, or is closed
    ├── AccountNotOpen                the account is closed, or of another event loop
    ├── Interrupted                   an iteration was cancelled or failed: what it gave is not all
    ├── FeedBusy                      another reader follows the account
    ├── AlreadyAnswered               the record has an answer already; nothing was sent
    ├── AnswerNotLoaded               the list did not load whether the record is answered
    ├── AccountsFailed                some accounts of an inbox failed (an ExceptionGroup too)
    ├── ChatNotReady                  the chat does not accept messages yet; nothing was sent
    ├── QuotaExhausted                no request made: the wait exceeds max_wait
    ├── LimitsUnavailable             no request made: the shared store of limits is away
    ├── CursorStuck                   the marketplace's pages repeat or stay empty
    ├── PagingLimit                   the marketplace pages no further: narrow the period
    ├── TaskPending                   accepted, not known to be done: keep waiting by its id
    └── CallError                     a request was made
        ├── ConnectionFailed          no response arrived
        │   └── CallTimeout
        ├── DeliveryUnknown           it may or may not have taken effect: check, never repeat
        ├── NotReady                  accepted, no result yet
        ├── UnreadableReply           a response arrived that cannot be decoded
        ├── GatewayError              a gateway, a challenge page or a redirect answered instead
        └── StatusError               the marketplace rejected the call
            ├── BadRequest            400, and other statuses without their own class
            ├── Unauthorized          401
            │   └── ScopeRejected     the token lacks the category (a MissingScope too)
            ├── PaymentRequired       402
            ├── Forbidden             403
            ├── NotFound              404, or another status that says so
            ├── Conflict              409
            ├── PayloadTooLarge       413
            ├── Unprocessable         422
            ├── Locked                423
            ├── RateLimited           420, 429
            ├── RefusedByModeration   451
            └── ServerError           5xx

``retryable`` says whether the same call may succeed later; it does not say that repeating is safe,
which only an endpoint's ``idempotent`` does. No error contains a token.
"""

import pickle
from collections.abc import Sequence
from datetime import datetime
from typing import Required, Self, TypedDict, Unpack

__all__ = [
    "AccountNotOpen",
    "AccountsFailed",
    "AlreadyAnswered",
    "AnswerNotLoaded",
    "BadRequest",
    "CallError",
    "CallTimeout",
    "ChatNotReady",
    "ConfigError",
    "Conflict",
    "ConnectionFailed",
    "CredentialError",
    "CursorStuck",
    "DeliveryUnknown",
    "ExportError",
    "FeedBusy",
    "Forbidden",
    "GatewayError",
    "InboxNotOpen",
    "Interrupted",
    "InvalidInput",
    "InvalidToken",
    "LeaseLost",
    "LimitsUnavailable",
    "Locked",
    "MissingScope",
    "NotFound",
    "NotReady",
    "PagingLimit",
    "PayloadTooLarge",
    "PaymentRequired",
    "QuotaExhausted",
    "RateLimited",
    "ReadOnlyToken",
    "RefError",
    "RefusedByModeration",
    "ScopeRejected",
    "ServerError",
    "StateError",
    "StatusError",
    "TaskPending",
    "TokenExpired",
    "Unauthorized",
    "Unprocessable",
    "UnreadableReply",
    "Unsupported",
    "WbymError",
    "error_for_status",
]

MAX_BODY_KEPT = 2048
"""Max bytes of a failed call's response body that an error keeps."""


class WbymError(Exception):
    """Base class of all errors of wbym."""

    retryable: bool = False
    """Whether the same call may succeed later."""
    retry_after: float | None = None
    """Seconds after which to retry, if they are known."""

    def __reduce__(self) -> tuple[object, ...]:
        # Subclasses take named arguments, but ``args`` has only the message. A cause of another
        # library is dropped: few of those can be pickled.
        cause = self.__cause__ if isinstance(self.__cause__, WbymError) else None
        args = tuple(map(_portable, self.args))
        state = {name: _portable(value) for name, value in self.__dict__.items()}
        return _restore, (type(self), args, cause), state


def _restore(kind: type[WbymError], args: tuple[object, ...], cause: WbymError | None) -> WbymError:
    error = kind.__new__(kind, *args)
    error.__cause__ = cause
    return error


def _portable(value: object) -> object:
    """A value, or what can be pickled of it: an error with its text, or a text."""
    if isinstance(value, list):  # also the errors of AccountsFailed
        return [_portable(one) for one in value]
    try:
        pickle.loads(pickle.dumps(value))  # noqa: S301 - written one call before
    except Exception as error:  # noqa: BLE001 - a value of anybody
        if not isinstance(value, Exception):
            return _shown(value)
        made = WbymError(f"{type(value).__name__}: {value}")
        made.__dict__["__notes__"] = [*getattr(value, "__notes__", ()), f"not pickled: {error}"]
        return made
    return value


class InvalidInput(WbymError, ValueError):
    """A value breaks a rule of the marketplace; no request was made.

    Args:
        method: The method that was called, such as ``"feedbacks.answer"``.
        argument: The name of the argument.
        rule: The rule that the value breaks.
        value: The value that was passed; truncated in the message.
    """

    def __init__(self, method: str, argument: str, rule: str, value: object) -> None:
        self.method = method
        self.argument = argument
        self.rule = rule
        self.value = value
        super().__init__(f"{method}: {argument} {rule}; got {_shown(value)}")


class Unsupported(InvalidInput):
    """The marketplace does not support this argument or operation; no request was made."""

    def __init__(self, marketplace: str, method: str, argument: str, value: object) -> None:
        self.marketplace = marketplace
        super().__init__(method, argument, f"is not supported by {marketplace}", value)

    def __str__(self) -> str:
        if self.argument != "account":
            return super().__str__()
        # The method is not supported, whatever its arguments.
        where = f"{self.method}: is not supported by {self.marketplace}"
        return f"{where}; called on {_shown(self.value)}"


class RefError(InvalidInput):
    """A string is not a ref, or a ref is not of this account or inbox; no request was made.

    Args:
        value: The value that was passed.
        rule: The rule that the value breaks.
        method: The method that was called.
    """

    def __init__(self, value: object, rule: str, *, method: str = "Ref.parse") -> None:
        super().__init__(method, "ref", rule, value)


class CredentialError(WbymError):
    """The account's credentials do not allow this call; no request was made.

    Args:
        account: The account's name.
        reason: What is wrong and what to do; never the token.
        method: The method that was called, if any.
    """

    def __init__(self, account: str, reason: str, *, method: str | None = None) -> None:
        self.account = account
        self.reason = reason
        self.method = method
        super().__init__(f"{account}: {method}: {reason}" if method else f"{account}: {reason}")


class InvalidToken(CredentialError):
    """The secret is not a token, or not a token of the same seller."""


class TokenExpired(CredentialError):
    """The token has expired."""


class MissingScope(CredentialError):
    """The token does not cover the category that the method belongs to."""


class ReadOnlyToken(CredentialError):
    """The token is read-only."""


class ConfigError(WbymError):
    """The configuration is invalid; the message names the key and the expected value."""


class _FileError(WbymError):
    """A file cannot be used; it is unchanged.

    Args:
        path: The file.
        reason: What is wrong and what to do.
    """

    def __init__(self, path: object, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: {reason}")


class ExportError(_FileError):
    """A file of an export cannot be read, written or appended to."""


class StateError(_FileError):
    """The state of feed and outbox, or of bans, cannot be read or written.

    Args:
        path: The file, or the address of the database without its password.
        reason: What is wrong and what to do.
        retryable: Whether the fault passes, such as a lock or a full disk.
    """

    def __init__(self, path: object, reason: str, *, retryable: bool = False) -> None:
        self.retryable = retryable
        super().__init__(path, reason)


class LeaseLost(StateError):
    """Another process has taken over the account, because this one did not answer in time.

    Nothing was written. A feed then waits for the account again, or raises ``FeedBusy``.
    """


class InboxNotOpen(WbymError):
    """The inbox is not open: it is not entered yet, or is closed.

    Args:
        reason: What is wrong and what to do.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the inbox is not open: {reason}")


class AccountNotOpen(WbymError):
    """The account cannot make calls: it is closed, or its event loop is not the running one.

    Args:
        reason: What is wrong and what to do.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the account is not open: {reason}")


class Interrupted(WbymError):
    """An iteration was cancelled or failed before, so what it has delivered is not all.

    Iterate again; for a list, from ``cursor`` with ``using(cursor=...)``.

    Args:
        what: What was read, such as ``"the list"``.
        stopped_by: The name of the exception that stopped it, such as ``"CancelledError"``.
        cursor: The cursor of the last page, which then comes again; None for the beginning.
    """

    def __init__(self, what: str, stopped_by: str, cursor: str | None = None) -> None:
        self.what = what
        self.stopped_by = stopped_by
        self.cursor = cursor
        where = "from its beginning" if cursor is None else f"from the cursor {_clip(repr(cursor))}"
        super().__init__(
            f"{what} was not read to its end, {stopped_by} stopped the iteration; "
            f"iterate again, {where}"
        )


class FeedBusy(WbymError):
    """Another reader follows this account; an account has one reader at a time.

    Args:
        account: The account's name.
        who: The other reader, as far as is known, such as ``"process 4711"``.
        remedy: What to do.
    """

    retryable = True

    def __init__(
        self, account: str, who: str, remedy: str = "stop that reader, or wait with wait=True"
    ) -> None:
        self.account = account
        self.who = who
        super().__init__(f"{account}: its events are read by {who}; {remedy}")


class AlreadyAnswered(WbymError):
    """The record has an answer already; nothing was sent. ``edit_answer`` changes the answer.

    Args:
        ref: The question or feedback, as text.
        answer: The text of that answer, if known.
    """

    def __init__(self, ref: str, answer: str | None = None) -> None:
        self.ref = ref
        self.answer = answer
        shown = "" if answer is None else f": {_clip(repr(answer))}"
        super().__init__(f"{ref}: already has an answer{shown}; use edit_answer to change it")


class AnswerNotLoaded(WbymError):
    """The list that the record is from did not load whether it is answered.

    Args:
        ref: The feedback, as text.
    """

    def __init__(self, ref: str) -> None:
        self.ref = ref
        super().__init__(
            f"{ref}: the list did not load its answer; read it with account.get(ref), list with "
            "answered=True or answered=False, or check answer_known first"
        )


class AccountsFailed(WbymError, ExceptionGroup[Exception]):
    """Some accounts of an inbox failed; the records of the others were delivered.

    ``exceptions`` has the error of each, with a note that names the account.

    Args:
        message: Which accounts failed.
        errors: The errors.
    """

    @classmethod
    def of(cls, errors: Sequence[tuple[str, Exception]], accounts: int) -> Self:
        """Create one from errors with account names and the total number of accounts.

        Args:
            errors: The name of each account that failed, and its error.
            accounts: The number of all accounts.
        """
        shown = ", ".join(f"{name} ({type(error).__name__})" for name, error in errors)
        message = f"{len(errors)} of {accounts} accounts failed: {_clip(shown, 500)}"
        return cls(message, [error for _, error in errors])

    def derive(self, excs: Sequence[Exception], /) -> "AccountsFailed":  # type: ignore[override]
        """A group of some of the errors, for ``split`` and ``except*``."""
        return AccountsFailed(self.message, excs)


class ChatNotReady(WbymError):
    """The chat does not accept messages yet; nothing was sent.

    Send the message again after ``retry_after``, or send it with an idempotency key: then it is
    sent as soon as the chat accepts it.

    Args:
        ref: The chat, as text.
        method: The method that was called, such as ``"chats.send"``.
        reason: Why it does not accept messages.
        retry_after: Seconds after which to retry.
    """

    retryable = True
    retry_after: float

    def __init__(self, ref: str, *, method: str, reason: str, retry_after: float) -> None:
        self.ref = ref
        self.method = method
        self.reason = reason
        self.retry_after = retry_after
        super().__init__(
            f"{ref}: {method}: {reason}; nothing was sent. Send it again after {retry_after:g} s, "
            "or pass idempotency_key= to have the inbox do so"
        )


class QuotaExhausted(WbymError):
    """The limit requires a wait longer than ``max_wait``; no request was made.

    Args:
        bucket: The exhausted bucket, as text.
        retry_at: When the call could be made, aware UTC.
        wait: Seconds until then; also ``retry_after``.
        max_wait: The max wait in seconds.
    """

    retryable = True

    def __init__(self, bucket: str, *, retry_at: datetime, wait: float, max_wait: float) -> None:
        self.bucket = bucket
        self.retry_at = retry_at
        self.wait = self.retry_after = wait
        self.max_wait = max_wait
        when = f"the limit allows the next call in {wait:.1f} s ({retry_at.isoformat()})"
        if wait > max_wait:
            text = f"{bucket}: {when}, longer than max_wait={max_wait:g} s"
        else:  # others, or other processes, took the place meanwhile
            text = f"{bucket}: no room within max_wait={max_wait:g} s; {when} at the earliest"
        super().__init__(text)


class LimitsUnavailable(WbymError):
    """The store that counts the limits of all processes cannot be reached; no request was made.

    Args:
        store: The address of the store, without credentials.
        reason: What is wrong.
    """

    retryable = True

    def __init__(self, store: str, reason: str) -> None:
        self.store = store
        self.reason = reason
        super().__init__(
            f"no request was made, since the shared limits at {store} cannot be counted: {reason}"
        )


class CursorStuck(WbymError):
    """The marketplace's pages contain nothing new, so paging would never end.

    A page returned a cursor that was read already or is incomplete, or it was one of several pages
    that were empty or repeated earlier ones. The pages before were delivered.
    """

    def __init__(self, method: str, cursor: object) -> None:
        self.method = method
        self.cursor = cursor
        super().__init__(
            f"{method}: the marketplace's pages contain nothing new at the cursor "
            f"{_clip(repr(cursor))}; the pages before it were delivered"
        )


class PagingLimit(WbymError):
    """The list has more records than the marketplace pages through; those before were delivered.

    Args:
        method: The operation that lists them.
        offset: Number of records that paging can reach; of the second, if one second has too many.
        total: Total number of records, if the marketplace states it.
    """

    def __init__(self, method: str, offset: int, total: int | None = None) -> None:
        self.method = method
        self.offset = offset
        self.total = total
        follow = "more follow" if total is None else f"there are {total}"
        super().__init__(
            f"{method}: the marketplace pages no further than {offset} records, and {follow}; "
            "sweep it, or narrow the period with since and until"
        )


class TaskPending(WbymError):
    """The marketplace accepted a task that is not known to be done yet.

    The task is not lost and must not be sent again: keep waiting for it.

    Args:
        method: The method that waited, such as ``"prices.wait"``.
        task: The marketplace's id of the task, to keep waiting with.
        reason: Why the wait ended.
    """

    retryable = True

    def __init__(self, method: str, task: object, reason: str) -> None:
        self.method = method
        self.task = task
        self.reason = reason
        super().__init__(f"{method}: task {_clip(repr(task))} was accepted, but {reason}")


class _CallFacts(TypedDict, total=False):
    """Optional facts of a :class:`CallError`, and its marketplace."""

    marketplace: Required[str]
    status: int | None
    code: str | None
    request_id: str | None
    retry_after: float | None
    body: bytes
    details: object


class CallError(WbymError):
    """A request was made and failed.

    Args:
        message: What happened, as the marketplace states it if it does.
        marketplace: The adapter's name, such as ``"wildberries"``.
        account: The account's name.
        endpoint: The endpoint's name, such as ``"feedbacks.list"``.
        status: The HTTP status, or None if no response arrived.
        code: The marketplace's own error code.
        request_id: The marketplace's id of the request, for its support team.
        retry_after: Seconds after which to retry, if the marketplace states them.
        body: The start of the response body.
        details: The response body, decoded as the operation's error type, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        marketplace: str,
        account: str,
        endpoint: str,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        body: bytes = b"",
        details: object = None,
    ) -> None:
        self.message = message
        self.marketplace = marketplace
        self.account = account
        self.endpoint = endpoint
        self.status = status
        self.code = code
        self.request_id = request_id
        self.retry_after = retry_after
        self.body: bytes = body[:MAX_BODY_KEPT]
        self.details = details
        where = f"{marketplace}/{account} {endpoint}"
        facts = [f"{status}" if status is not None else "", code or ""]
        head = " ".join(fact for fact in facts if fact)
        tail = f" (request {request_id})" if request_id else ""
        # Not super(): ScopeRejected has a second base, with other arguments.
        Exception.__init__(self, f"{where}: {head + ': ' if head else ''}{message}{tail}")


class ConnectionFailed(CallError):
    """No response arrived: the connection could not be made, or broke."""

    retryable = True


class CallTimeout(ConnectionFailed):
    """No response arrived in time."""


class DeliveryUnknown(CallError):
    """The call may or may not have taken effect, and was not repeated.

    Check first (the chat's history, the feedback's answer), then decide.
    """


class NotReady(CallError):
    """The call was accepted but has no result yet; ``retry_after`` says when to ask for it."""

    retryable = True


class UnreadableReply(CallError):
    """The status is a success, but the body cannot be decoded: HTML, broken or empty JSON."""

    retryable = True


class GatewayError(CallError):
    """A gateway, a challenge page or a redirect answered instead of the marketplace.

    It is temporary, and leaves open whether the call took effect: reads are retried, writes raise
    ``DeliveryUnknown``.
    """

    retryable = True


class StatusError(CallError):
    """The marketplace rejected the call."""


class BadRequest(StatusError):
    """400, and other statuses without their own class."""


class Unauthorized(StatusError):
    """401: the marketplace does not accept the token for this call."""


class ScopeRejected(Unauthorized, MissingScope):
    """401: the token is valid, but lacks the category of this call; other calls go on."""

    def __init__(
        self, message: str, *, account: str, endpoint: str, **facts: Unpack[_CallFacts]
    ) -> None:
        super().__init__(message, account=account, endpoint=endpoint, **facts)
        self.reason = message
        self.method = endpoint


class PaymentRequired(StatusError):
    """402: the marketplace requires a payment first."""


class Forbidden(StatusError):
    """403: the account may not do this."""


class NotFound(StatusError):
    """404, or another status with which the marketplace says that there is no such object."""


class Conflict(StatusError):
    """409: the object is in a state that does not allow it."""


class PayloadTooLarge(StatusError):
    """413: the body is too large."""


class Unprocessable(StatusError):
    """422: the request was understood but could not be carried out."""


class Locked(StatusError):
    """423: the cabinet is being moved; retry later."""

    retryable = True


class RateLimited(StatusError):
    """420 or 429: rate limited.

    The scheduler waits and retries; the error is raised only if the limit persists.
    """

    retryable = True


class RefusedByModeration(StatusError):
    """451: moderation rejected the file."""


class ServerError(StatusError):
    """5xx: the marketplace failed."""

    retryable = True


_BY_STATUS: dict[int, type[StatusError]] = {
    401: Unauthorized,
    402: PaymentRequired,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    413: PayloadTooLarge,
    420: RateLimited,
    422: Unprocessable,
    423: Locked,
    429: RateLimited,
    451: RefusedByModeration,
}


def error_for_status(status: int) -> type[StatusError]:
    """The error class for an HTTP status outside 2xx."""
    if status >= 500:
        return ServerError
    return _BY_STATUS.get(status, BadRequest)


def _shown(value: object) -> str:
    try:
        return _clip(value.isoformat() if isinstance(value, datetime) else repr(value))
    except Exception:  # noqa: BLE001 - integers of thousands of digits, deep lists, broken classes
        return f"a value of type {type(value).__name__}, too long to show"


def _clip(text: str, limit: int = 120) -> str:
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"
