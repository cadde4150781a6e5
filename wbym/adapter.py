"""What a marketplace offers: one Protocol a noun, and its capabilities as data.

An adapter is a package that registers its class in the entry-point group ``wbym.adapters``. It
meets the Protocols of the nouns that its marketplace has, and states in :class:`Capabilities` what
it can do. An argument that it cannot honour raises ``Unsupported`` before any request.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from enum import StrEnum
from importlib.metadata import entry_points
from types import TracebackType
from typing import ClassVar, Protocol, Self, TypeAlias, TypeVar, runtime_checkable

import msgspec

from wbym.calls import DEFAULT_MAX_WAIT, Download, Endpoint, Part, QueryValue, Upload
from wbym.domain import (
    Answer,
    Attachment,
    Chat,
    Decision,
    Feedback,
    Message,
    Money,
    Question,
    Return,
    Sent,
    Waiting,
)
from wbym.errors import InvalidInput, SetAside
from wbym.limits import BucketState, Priority
from wbym.paging import Listing

__all__ = [
    "Adapter",
    "Capabilities",
    "Capability",
    "CatalogRow",
    "Chats",
    "Comments",
    "CredentialFacts",
    "Feedbacks",
    "OpensChats",
    "Questions",
    "Returns",
    "Support",
    "Supported",
    "TellsDecisions",
    "installed_adapters",
    "require_aware",
]

R = TypeVar("R")


class Support(StrEnum):
    """How far a marketplace supports something."""

    NATIVE = "native"
    """The marketplace does it."""
    EMULATED = "emulated"
    """wbym does it with what the marketplace has; it may cost more requests."""
    ABSENT = "absent"
    """The marketplace has nothing for it: asking raises ``Unsupported``."""
    NOT_BUILT = "not_built"
    """The marketplace has it, wbym does not yet."""


class Capability(StrEnum):
    """What can be asked of an account."""

    CHATS = "chats"
    CHATS_WAITING = "chats.waiting_for_seller"
    OPEN_CHAT = "chats.open"
    MESSAGES = "messages"
    MESSAGES_SINCE = "messages.since"
    SEND = "send"
    SEND_FILES = "send.files"
    DOWNLOAD = "download"
    QUESTIONS = "questions"
    QUESTIONS_ANSWERED = "questions.answered"
    QUESTIONS_PERIOD = "questions.period"
    QUESTIONS_PRODUCT = "questions.product"
    ANSWER_QUESTION = "questions.answer"
    EDIT_QUESTION_ANSWER = "questions.edit_answer"
    REJECT_QUESTION = "questions.reject"
    FEEDBACKS = "feedbacks"
    FEEDBACKS_ANSWERED = "feedbacks.answered"
    FEEDBACKS_PERIOD = "feedbacks.period"
    FEEDBACKS_RATING = "feedbacks.rating"
    FEEDBACKS_PRODUCT = "feedbacks.product"
    ANSWER_FEEDBACK = "feedbacks.answer"
    EDIT_FEEDBACK_ANSWER = "feedbacks.edit_answer"
    COMMENTS = "feedbacks.comments"
    SKIP_REACTION = "feedbacks.skip_reaction"
    RETURNS = "returns"
    RETURNS_OPEN = "returns.open"
    DECIDE = "returns.decide"


class Supported(msgspec.Struct, frozen=True):
    """One capability of one marketplace."""

    support: Support
    facts: Mapping[str, str | int | float | bool] = {}
    """What a caller has to know, such as ``{"text_most": 1000}``: characters, bytes, days."""
    note: str = ""


Capabilities: TypeAlias = Mapping[Capability, Supported]
"""All that an adapter states; a capability that is missing is ``NOT_BUILT``."""


@runtime_checkable
class Chats(Protocol):
    """Talking with buyers."""

    def chats(
        self,
        *,
        waiting_for_seller: bool | None = None,
        cursor: str | None = None,
        priority: Priority | None = None,
    ) -> Listing[Chat]:
        """The chats of the account.

        Args:
            waiting_for_seller: Only those in which the buyer waits for a reply, or only the others.
            cursor: Where to go on; see ``Listing.cursor``.
            priority: Who goes first at the limits.
        """
        ...

    def messages(
        self,
        chat: Chat,
        *,
        since: datetime | None = None,
        cursor: str | None = None,
        priority: Priority | None = None,
    ) -> Listing[Message]:
        """The messages of a chat.

        Args:
            chat: A chat of this account.
            since: Only those from this moment on; aware.
            cursor: Where to go on.
            priority: Who goes first at the limits.
        """
        ...

    async def send(self, chat: Chat, text: str, *, files: Sequence[Upload] = ()) -> Sent:
        """Send a message to the buyer, once.

        Raises:
            InvalidInput: The text or a file breaks a rule; nothing was sent.
            DeliveryUnknown: It may or may not have been sent; look at the chat's messages.
        """
        ...

    def download(self, attachment: Attachment) -> AbstractAsyncContextManager[Download]:
        """Open a file of a message for reading.

        Raises:
            NotReady: Moderation has not released it yet.
            RefusedByModeration: It never will.
        """
        ...


@runtime_checkable
class Questions(Protocol):
    """Questions about products."""

    def questions(
        self,
        *,
        answered: bool | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        product: str | None = None,
        cursor: str | None = None,
        ahead: int | None = None,
        priority: Priority | None = None,
    ) -> Listing[Question]:
        """The questions of the account, newest first.

        Args:
            answered: Only those with an answer, or only those without.
            since: Only those asked from this moment on; aware.
            until: Only those asked up to this moment; aware.
            product: Only those about this product, by the marketplace's article.
            cursor: Where to go on.
            ahead: Pages asked for at once from the start; for bulk reading.
            priority: Who goes first at the limits.
        """
        ...


@runtime_checkable
class Feedbacks(Protocol):
    """Feedbacks on products, and answers to them and to questions."""

    def feedbacks(
        self,
        *,
        answered: bool | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        rating: Collection[int] | None = None,
        product: str | None = None,
        cursor: str | None = None,
        ahead: int | None = None,
        priority: Priority | None = None,
    ) -> Listing[Feedback]:
        """The feedbacks of the account, newest first; arguments as for questions.

        Args:
            answered: Only those with an answer, or only those that wait for one.
            since: Only those written from this moment on; aware.
            until: Only those written up to this moment; aware.
            rating: Only those with one of these ratings, 1 to 5.
            product: Only those about this product, by the marketplace's article.
            cursor: Where to go on.
            ahead: Pages asked for at once from the start; for bulk reading.
            priority: Who goes first at the limits.
        """
        ...

    async def answer(self, item: Question | Feedback, text: str) -> None:
        """Answer a question or a feedback, once.

        Raises:
            InvalidInput: The text breaks a rule, or an answer stands already; nothing was sent.
            DeliveryUnknown: It may or may not have been answered; read it again.
        """
        ...

    async def edit_answer(self, item: Question | Feedback, text: str) -> None:
        """Change the answer that stands; errors as for :meth:`answer`."""
        ...


@runtime_checkable
class Returns(Protocol):
    """Returns of products."""

    def returns(
        self,
        *,
        open: bool | None = None,  # noqa: A002 - the word of the field
        cursor: str | None = None,
        priority: Priority | None = None,
    ) -> Listing[Return]:
        """The returns of the account.

        Args:
            open: Only those under review, or only those that are closed.
            cursor: Where to go on.
            priority: Who goes first at the limits.
        """
        ...

    async def decide(
        self,
        item: Return,
        decision: Decision,
        *,
        comment: str | None = None,
        reason: str | None = None,
        amount: Money | None = None,
    ) -> None:
        """Carry out one of the return's own decisions.

        Args:
            item: A return of this account.
            decision: One of those that it has, or that ``decisions`` of the account tells.
            comment: In words, to the buyer.
            reason: One of ``decision.reasons``, where it has any.
            amount: From ``decision.least`` to ``decision.most``, where it has them.

        Raises:
            InvalidInput: The decision is not among the return's own, or what goes with it breaks a
                rule.
            DeliveryUnknown: It may or may not have been decided; read the return again.
        """
        ...


@runtime_checkable
class OpensChats(Protocol):
    """An account whose seller may begin a chat."""

    async def open_chat(
        self, *, order_id: str | int | None = None, return_id: str | int | None = None
    ) -> Chat:
        """The chat about an order or about a return, opened if there is none yet.

        Raises:
            InvalidInput: Neither or both are given, or it is no id.
            NotFound: There is no such order or return of this seller.
        """
        ...


@runtime_checkable
class Comments(Protocol):
    """An account whose feedbacks have comments, the seller's and others'."""

    def comments(
        self, feedback: Feedback, *, cursor: str | None = None, priority: Priority | None = None
    ) -> Listing[Answer]:
        """The comments under a feedback, oldest first."""
        ...

    async def skip_reaction(self, feedback: Feedback) -> None:
        """Say that a feedback needs no answer."""
        ...


@runtime_checkable
class TellsDecisions(Protocol):
    """An account that is asked what may be decided about a return."""

    async def decisions(self, item: Return) -> list[Decision]:
        """What may be decided about a return now; empty where nothing is to be done."""
        ...


class CatalogRow(msgspec.Struct, frozen=True):
    """One endpoint that an adapter knows, for people to look up."""

    marketplace: str
    name: str
    """Where the typed method is below ``api``."""
    method: str
    path: str
    host: str
    scope: str
    limit: str
    """In words, for the usual credentials."""
    lower_limit: str
    """In words, for credentials with a lower limit; the same where there is none."""


class CredentialFacts(msgspec.Struct, frozen=True):
    """What a credential says of itself without a request."""

    title: str
    """What it is; never the secret."""
    owner: str
    scopes: tuple[str, ...]
    expires_at: datetime | None
    read_only: bool
    pace: tuple[str, ...]
    """How fast it may call what, in words, a line each."""
    warnings: tuple[str, ...] = ()


class Adapter(Protocol):
    """What every account offers, whatever its marketplace."""

    marketplace: ClassVar[str]
    """The adapter's name, such as ``"wildberries"``."""
    capabilities: ClassVar[Capabilities]
    """What the marketplace can do."""

    @property
    def name(self) -> str:
        """The account's name."""
        ...

    @property
    def set_aside(self) -> Sequence[SetAside]:
        """Records that could not be decoded, oldest first."""
        ...

    @classmethod
    def catalog(cls) -> list[CatalogRow]:
        """Every endpoint that the adapter knows."""
        ...

    @classmethod
    def from_secret(
        cls,
        secret: str,
        *,
        name: str,
        base_url: str | None = None,
        max_wait: float | None = DEFAULT_MAX_WAIT,
    ) -> Self:
        """An account from the text that the environment or a file holds for it.

        Raises:
            InvalidToken: The secret is none of this marketplace.
        """
        ...

    def credentials(self) -> list[CredentialFacts]:
        """What the account's credentials say of themselves, read offline."""
        ...

    async def call(
        self,
        endpoint: Endpoint[R],
        *,
        path: Mapping[str, str | int] | None = None,
        query: Mapping[str, QueryValue] | None = None,
        body: object = msgspec.UNSET,
        parts: Sequence[Part] = (),
        priority: Priority | None = None,
    ) -> R:
        """Make any call, through the same limits, retries and errors as the typed methods."""
        ...

    async def counts(self) -> Waiting:
        """How much waits for the seller, with as few requests as the marketplace allows."""
        ...

    def limits(self) -> list[BucketState]:
        """The buckets that the account has used: used, left, waiting, next free."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None: ...

    async def aclose(self) -> None:
        """Close what the account opened."""
        ...


def installed_adapters() -> dict[str, type[Adapter]]:
    """The adapters of this environment by name; asking loads them."""
    return {point.name: point.load() for point in entry_points(group="wbym.adapters")}


def require_aware(method: str, argument: str, moment: datetime | None) -> None:
    """Refuse a time without a zone.

    Raises:
        InvalidInput: ``moment`` is naive.
    """
    if moment is not None and moment.tzinfo is None:
        raise InvalidInput(method, argument, "must be aware, with a time zone", moment)
