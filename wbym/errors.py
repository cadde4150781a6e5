"""What can go wrong, as one tree.

::

    WbymError
    ├── InvalidInput (ValueError)     refused before a request: a value breaks a rule
    │   ├── Unsupported               the marketplace has nothing that honours it
    │   └── RefError                  not a ref, or not one of this account or inbox
    ├── CredentialError               refused before a request: the token cannot do this
    │   ├── InvalidToken              not a token, or not one of this seller
    │   ├── TokenExpired
    │   ├── MissingScope              the token lacks the category
    │   └── ReadOnlyToken
    ├── ConfigError                   the accounts' file or a secret cannot be used
    ├── ExportError                   a file cannot be written, or not be added to
    ├── StateError                    the feed's state, or bans, cannot be read or written
    ├── InboxNotOpen                  an inbox is used before it is entered, or after it is left
    ├── FeedBusy                      somebody else follows the account
    ├── AlreadyAnswered               an answer stands already; nothing was sent
    ├── AnswerNotLoaded               the list did not tell whether the record is answered
    ├── AccountsFailed                some accounts of an inbox failed (an ExceptionGroup too)
    ├── ChatNotReady                  the chat cannot be written to yet; nothing was sent
    ├── QuotaExhausted                refused before a request: the wait is longer than allowed
    ├── CursorStuck                   the marketplace's pages bring nothing new
    ├── PagingLimit                   the marketplace pages no further: narrow the period
    ├── TaskPending                   accepted, and not known to be done: go on waiting by its id
    └── CallError                     a request was made
        ├── ConnectionFailed          no answer arrived
        │   └── CallTimeout
        ├── DeliveryUnknown           it may or may not have taken effect: look, never repeat
        ├── NotReady                  accepted, to be asked for later
        ├── UnreadableReply           an answer arrived that cannot be read
        ├── GatewayError              a gateway, a challenge page or a redirect answered instead
        └── StatusError               the marketplace refused
            ├── BadRequest            400, and refusals without a class of their own
            ├── Unauthorized          401
            ├── PaymentRequired       402
            ├── Forbidden             403
            ├── NotFound              404
            ├── Conflict              409
            ├── PayloadTooLarge       413
            ├── Unprocessable         422
            ├── Locked                423
            ├── RateLimited           420, 429
            ├── RefusedByModeration   451
            └── ServerError           5xx

``retryable`` says whether the same call may succeed when it is made again later; it never says that
repeating is safe, which only an endpoint's ``idempotent`` does. No error holds a token.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

__all__ = [
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
    "InvalidInput",
    "InvalidToken",
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

BODY_SHOWN = 2048
"""How many bytes of a refused call's body an error keeps."""


class WbymError(Exception):
    """The root of the tree."""

    retryable: bool = False
    """Whether the same call may succeed later."""

    def __reduce__(self) -> tuple[object, ...]:
        # Subclasses take named arguments, and ``args`` has the message alone.
        return _restore, (type(self), self.args), self.__dict__.copy()


def _restore(kind: type[WbymError], args: tuple[object, ...]) -> WbymError:
    return kind.__new__(kind, *args)


class InvalidInput(WbymError, ValueError):
    """A value breaks a rule of the marketplace; no request was made.

    Args:
        method: The method that was called, such as ``"feedbacks.answer"``.
        argument: The name of the argument.
        rule: What the marketplace asks for.
        value: What was given; shown clipped.
    """

    def __init__(self, method: str, argument: str, rule: str, value: object) -> None:
        self.method = method
        self.argument = argument
        self.rule = rule
        self.value = value
        super().__init__(f"{method}: {argument} {rule}; got {_shown(value)}")


class Unsupported(InvalidInput):
    """The marketplace has nothing that honours this argument or operation; no request was made."""

    def __init__(self, marketplace: str, method: str, argument: str, value: object) -> None:
        self.marketplace = marketplace
        super().__init__(method, argument, f"is not supported by {marketplace}", value)
        if argument == "account":  # it is the method that is not, whatever it is given
            self.args = (f"{method}: is not supported by {marketplace}; asked of {_shown(value)}",)


class RefError(InvalidInput):
    """A text is not a ref, or a ref is not one of this account or inbox; no request was made.

    Args:
        value: What was given.
        rule: What is wrong with it.
        method: The method that was called.
    """

    def __init__(self, value: object, rule: str, *, method: str = "Ref.parse") -> None:
        super().__init__(method, "ref", rule, value)


class CredentialError(WbymError):
    """The account's credentials cannot make this call; no request was made.

    Args:
        account: The account's name.
        reason: What is wrong and what to do; never the token.
        method: The method that was called, where there was one.
    """

    def __init__(self, account: str, reason: str, *, method: str | None = None) -> None:
        self.account = account
        self.reason = reason
        self.method = method
        super().__init__(f"{account}: {method}: {reason}" if method else f"{account}: {reason}")


class InvalidToken(CredentialError):
    """What was given is not a token, or not one of the same seller."""


class TokenExpired(CredentialError):
    """The token's life is over."""


class MissingScope(CredentialError):
    """The token does not cover the category that the method belongs to."""


class ReadOnlyToken(CredentialError):
    """The token may only read."""


class ConfigError(WbymError):
    """The configuration cannot be used; the message names the key and what is expected."""


class _FileError(WbymError):
    """A file cannot be used; it is as it was before.

    Args:
        path: The file.
        reason: What is wrong and what to do.
    """

    def __init__(self, path: object, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: {reason}")


class ExportError(_FileError):
    """A file of an export cannot be written, read or added to."""


class StateError(_FileError):
    """A file that keeps feed and outbox, or bans, cannot be read or written."""


class InboxNotOpen(WbymError):
    """An inbox has no accounts: it is not entered yet, or closed.

    Args:
        reason: What is wrong and what to do.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the inbox is not open: {reason}")


class FeedBusy(WbymError):
    """Somebody follows this account already: an account has one reader at a time.

    Args:
        account: The account's name.
        who: Who does, as far as is known, such as ``"process 4711"``.
    """

    retryable = True

    def __init__(self, account: str, who: str) -> None:
        self.account = account
        self.who = who
        super().__init__(
            f"{account}: its events are read by {who}; stop that, or wait for it with wait=True"
        )


class AlreadyAnswered(WbymError):
    """An answer stands already; nothing was sent. ``edit_answer`` changes it.

    Args:
        ref: The question or feedback, as text.
        answer: The text of the answer that stands, where it is known.
    """

    def __init__(self, ref: str, answer: str | None = None) -> None:
        self.ref = ref
        self.answer = answer
        told = "" if answer is None else f": {_clip(repr(answer))}"
        super().__init__(f"{ref}: an answer stands already{told}; use edit_answer to change it")


class AnswerNotLoaded(WbymError):
    """The list that the record is from does not tell whether it is answered.

    Args:
        ref: The feedback, as text.
    """

    def __init__(self, ref: str) -> None:
        self.ref = ref
        super().__init__(
            f"{ref}: the list did not load its answer; read it with account.get(ref), list with "
            "answered=True or answered=False, or ask answer_known first"
        )


class AccountsFailed(WbymError, ExceptionGroup[Exception]):
    """Some accounts of an inbox failed; what the others brought was delivered.

    ``exceptions`` has the error of each, with a note that names the account.

    Args:
        message: How many failed.
        errors: What went wrong.
    """

    @classmethod
    def of(cls, errors: Sequence[tuple[str, Exception]], accounts: int) -> Self:
        """The errors of some of n accounts, each with its account's name."""
        told = ", ".join(f"{name} ({type(error).__name__})" for name, error in errors)
        message = f"{len(errors)} of {accounts} accounts failed: {_clip(told, 500)}"
        return cls(message, [error for _, error in errors])

    def derive(self, excs: Sequence[Exception], /) -> "AccountsFailed":  # type: ignore[override]
        """Some of the errors, for ``split`` and ``except*``."""
        return AccountsFailed(self.message, excs)


class ChatNotReady(WbymError):
    """The chat cannot be written to yet; nothing was sent.

    Send the message again after ``retry_after``, or send it with an idempotency key: then it is
    sent as soon as the chat takes it.

    Args:
        ref: The chat, as text.
        method: The method that was called, such as ``"chats.send"``.
        reason: Why it cannot be written to.
        retry_after: Seconds after which to try again.
    """

    retryable = True

    def __init__(self, ref: str, *, method: str, reason: str, retry_after: float) -> None:
        self.ref = ref
        self.method = method
        self.reason = reason
        self.retry_after = retry_after
        super().__init__(
            f"{ref}: {method}: {reason}; nothing was sent. Send it again after {retry_after:g} s, "
            "or with an idempotency_key= that lets the inbox do so"
        )


class QuotaExhausted(WbymError):
    """Waiting for the limit would take longer than ``max_wait``; no request was made.

    Args:
        bucket: Which bucket is used up, as text.
        retry_at: When the call could go, aware UTC.
        wait: Seconds until then.
        max_wait: Seconds that the caller was ready to wait.
    """

    retryable = True

    def __init__(self, bucket: str, *, retry_at: datetime, wait: float, max_wait: float) -> None:
        self.bucket = bucket
        self.retry_at = retry_at
        self.wait = wait
        self.max_wait = max_wait
        super().__init__(
            f"{bucket}: the limit frees a call in {wait:.1f} s ({retry_at.isoformat()}), "
            f"longer than max_wait={max_wait:g} s"
        )


class CursorStuck(WbymError):
    """The marketplace's pages bring nothing new: going on would read them for ever.

    A page named a cursor that was read already or is incomplete, or it was one of several that were
    empty or repeated earlier ones. The pages before were delivered.
    """

    def __init__(self, method: str, cursor: object) -> None:
        self.method = method
        self.cursor = cursor
        super().__init__(
            f"{method}: the marketplace's pages bring nothing new at the cursor "
            f"{_clip(repr(cursor))}; the pages before it were delivered"
        )


class PagingLimit(WbymError):
    """More records follow than the marketplace lets one list reach; those before were delivered.

    Args:
        method: The operation that lists them.
        offset: How many records can be reached.
        total: How many there are, where the marketplace tells.
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
    """The marketplace accepted a task, and it is not known to be done yet.

    It was not lost and must not be sent again: go on waiting for it.

    Args:
        method: What waits for it, such as ``"prices.wait"``.
        task: What to go on waiting with: the marketplace's id of the task.
        reason: Why the waiting ended.
    """

    retryable = True

    def __init__(self, method: str, task: object, reason: str) -> None:
        self.method = method
        self.task = task
        self.reason = reason
        super().__init__(f"{method}: task {_clip(repr(task))} was accepted, but {reason}")


class CallError(WbymError):
    """A request was made and did not end well.

    Args:
        message: What happened, in the marketplace's own words where there are any.
        marketplace: Such as ``"wildberries"``.
        account: The account's name.
        endpoint: The endpoint's name, such as ``"feedbacks.list"``.
        status: The HTTP status, or None where no answer arrived.
        code: The marketplace's own error code.
        request_id: The marketplace's id of the request, for its support.
        retry_after: Seconds after which to try again, where the marketplace says so.
        body: The start of the answer's body.
        details: The answer's body as the operation says that a refusal is, or None.
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
        self.body: bytes = body[:BODY_SHOWN]
        self.details = details
        where = f"{marketplace}/{account} {endpoint}"
        facts = [f"{status}" if status is not None else "", code or ""]
        head = " ".join(fact for fact in facts if fact)
        tail = f" (request {request_id})" if request_id else ""
        super().__init__(f"{where}: {head + ': ' if head else ''}{message}{tail}")


class ConnectionFailed(CallError):
    """No answer arrived: the connection could not be made, or broke."""

    retryable = True


class CallTimeout(ConnectionFailed):
    """No answer arrived in time."""


class DeliveryUnknown(CallError):
    """The call may or may not have taken effect, and was not repeated.

    Look first (the chat's history, the feedback's answer), then decide.
    """


class NotReady(CallError):
    """The marketplace accepted the call and has no result yet; ``retry_after`` says when to ask."""

    retryable = True


class UnreadableReply(CallError):
    """The status promised a result, but the body could not be read: HTML, broken or empty JSON."""

    retryable = True


class GatewayError(CallError):
    """Something between answered, not the marketplace: a gateway, a challenge page, a redirect.

    It passes, and says nothing of the call: a read is repeated, a write of unknown fate is
    ``DeliveryUnknown``.
    """

    retryable = True


class StatusError(CallError):
    """The marketplace refused the call."""


class BadRequest(StatusError):
    """400, and refusals that have no class of their own."""


class Unauthorized(StatusError):
    """401: the token is not accepted for this call."""


class PaymentRequired(StatusError):
    """402: the marketplace asks for a payment first."""


class Forbidden(StatusError):
    """403: the account may not do this."""


class NotFound(StatusError):
    """404: there is no such object or method."""


class Conflict(StatusError):
    """409: the object is in a state that does not allow it."""


class PayloadTooLarge(StatusError):
    """413: the body is too large."""


class Unprocessable(StatusError):
    """422: the request was understood and could not be carried out."""


class Locked(StatusError):
    """423: the cabinet is being moved; try again later."""

    retryable = True


class RateLimited(StatusError):
    """420 or 429: over a limit.

    The scheduler waits these out; a caller sees one only when the marketplace goes on refusing.
    """

    retryable = True


class RefusedByModeration(StatusError):
    """451: moderation refused the file."""


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
    """The class of error for an HTTP status outside 2xx."""
    if status >= 500:
        return ServerError
    return _BY_STATUS.get(status, BadRequest)


def _shown(value: object) -> str:
    try:
        return _clip(repr(value))
    except ValueError:  # Python does not write integers of thousands of digits
        return f"a value of type {type(value).__name__}, too long to show"


def _clip(text: str, limit: int = 120) -> str:
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"
