"""One Protocol a noun, and one for each thing that only some marketplaces do."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol, runtime_checkable

from wbym.calls import Download, Upload
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
)
from wbym.limits import Priority
from wbym.paging import Listing, Sweep

__all__ = [
    "Chats",
    "Comments",
    "Feedbacks",
    "OpensChats",
    "Questions",
    "Returns",
    "Sweeps",
    "SweepsArchives",
    "TellsDecisions",
]


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
            ChatNotReady: The chat cannot be written to yet; nothing was sent.
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
        prefetch: int | None = None,
        priority: Priority | None = None,
    ) -> Listing[Question]:
        """The questions of the account, newest first.

        Args:
            answered: Only those with an answer, or only those without.
            since: Only those asked from this moment on; aware.
            until: Only those asked up to this moment; aware.
            product: Only those about this product, by the marketplace's article.
            cursor: Where to go on.
            prefetch: Pages asked for at once from the start; for bulk reading.
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
        prefetch: int | None = None,
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
            prefetch: Pages asked for at once from the start; for bulk reading.
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


class Sweeps(Protocol):
    """Whole archives, complete although they change while they are read.

    ``since`` is the first moment, and where it is not given the beginning; ``until`` the last, and
    where it is not given the end of the reading. With ``in_order`` the records come in order of
    time. A call waits ``max_wait`` seconds at most for its limits, and as long as it takes where
    nothing is said; then ``QuotaExhausted`` stops the sweep, which goes on from its ``cursor``.
    """

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

        Raises:
            InvalidInput: A time is naive or in the future, or ``since`` after ``until``.
        """
        ...

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
        """Every question of a period, each once.

        Raises:
            InvalidInput: A time is naive or in the future, or ``since`` after ``until``.
        """
        ...


@runtime_checkable
class SweepsArchives(Protocol):
    """An account whose archives can be read as a whole."""

    @property
    def sweep(self) -> Sweeps:
        """One method a noun."""
        ...
