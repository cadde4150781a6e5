"""The hooks that an adapter implements: one for each capability that its marketplace has.

Hooks get arguments that are already checked, and records and ids of their own account. They raise
the errors of their calls, and check only rules that only the marketplace's own rows can know.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final, Protocol

import msgspec

from wbym.account._capabilities import Capabilities, Capability, has
from wbym.account._streams import OnHints, Stream, TrustedProxy
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
)
from wbym.limits import Priority
from wbym.paging import Listing, Span, Sweep

if TYPE_CHECKING:
    from aiohttp import web

__all__ = ["Filters", "Hooks", "ReadOptions", "Receipt", "SweepOptions", "require_hooks"]


class IdRule(Protocol):
    """Return the rule that an id breaks, such as ``must be digits``; None for a valid id."""

    def __call__(self, record_id: str, /) -> str | None: ...


class ReadOptions(msgspec.Struct, frozen=True):
    """How to read a list. The account passes both to ``Listing.using`` too."""

    prefetch: int | None = None
    """Pages, or parts of a period, to request concurrently."""
    priority: Priority | None = None


class Filters(msgspec.Struct, frozen=True):
    """Filters of questions or feedbacks; None for no filter."""

    answered: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Inclusive."""
    ratings: frozenset[int] | None = None
    """Feedbacks only."""
    product: str | None = None
    """The marketplace's article."""


class SweepOptions(msgspec.Struct, frozen=True):
    """How to read an archive; see ``Sweeps.feedbacks``."""

    in_order: bool = False
    cursor: str | None = None
    max_wait: float | None = None
    priority: Priority = Priority.BULK


class Receipt(msgspec.Struct, frozen=True):
    """What the marketplace returned when it accepted a reply."""

    sent_at: datetime | None = None
    """By the marketplace's clock; None if it does not state the time."""
    id: str | None = None
    failed_files: tuple[str, ...] = ()


class Hooks:
    """The hooks of adapters; :class:`wbym.account.Account` calls them."""

    marketplace: ClassVar[str]
    """The adapter's name, such as ``"wildberries"``."""
    CAPABILITIES: ClassVar[Capabilities]
    """What the marketplace supports; a missing capability is ``NOT_BUILT``."""
    EARLIEST: ClassVar[datetime] = datetime(2000, 1, 1, tzinfo=UTC)
    """The beginning of whole archives: the marketplace has no older records."""

    ID_RULE: ClassVar[IdRule | None] = None
    """The rule for ids, a static method; by default any text is a valid id."""

    # Chats.

    def _chats(self, waiting: bool | None, options: ReadOptions) -> Listing[Chat]:
        raise NotImplementedError

    async def _get_chat(self, chat_id: str) -> Chat:
        raise NotImplementedError

    async def _open_chat(self, order_id: str | None, return_id: str | None) -> Chat:
        """Exactly one of the two is given."""
        raise NotImplementedError

    def _messages(
        self, chat: Chat, since: datetime | None, options: ReadOptions
    ) -> Listing[Message]:
        """The chat may have only its ref."""
        raise NotImplementedError

    def _all_messages(self, since: datetime) -> Listing[Message] | None:
        """The messages of all chats sent at or after a time, oldest first.

        None if the marketplace has no such list; the outbox then reads each chat that it needs.
        """
        return None

    async def _get_message(self, message_id: str) -> Message:
        raise NotImplementedError

    async def _send(self, chat: Chat, text: str, files: Sequence[Upload]) -> Receipt | None:
        """The chat may have only its ref."""
        raise NotImplementedError

    def _download(self, attachment: Attachment) -> AbstractAsyncContextManager[Download]:
        raise NotImplementedError

    # Questions and feedbacks.

    def _questions(self, filters: Filters, options: ReadOptions) -> Listing[Question]:
        raise NotImplementedError

    async def _get_question(self, question_id: str) -> Question:
        """With the seller's answer."""
        raise NotImplementedError

    async def _answer_question(self, question: Question, text: str) -> Receipt | None:
        raise NotImplementedError

    async def _edit_question_answer(
        self, question: Question, answer: Answer, text: str
    ) -> Receipt | None:
        raise NotImplementedError

    async def _reject_question(self, question: Question, reason: str) -> Receipt | None:
        raise NotImplementedError

    def _feedbacks(self, filters: Filters, options: ReadOptions) -> Listing[Feedback]:
        raise NotImplementedError

    async def _get_feedback(self, feedback_id: str) -> Feedback:
        """With the seller's answer."""
        raise NotImplementedError

    async def _answer_feedback(self, feedback: Feedback, text: str) -> Receipt | None:
        raise NotImplementedError

    async def _edit_feedback_answer(
        self, feedback: Feedback, answer: Answer, text: str
    ) -> Receipt | None:
        raise NotImplementedError

    async def _with_answer(self, item: Question | Feedback) -> Question | Feedback:
        """The record with the seller's current answer; by default it is read again."""
        if isinstance(item, Question):
            return await self._get_question(item.ref.id)
        return await self._get_feedback(item.ref.id)

    def _comments(self, feedback_id: str, options: ReadOptions) -> Listing[Answer]:
        raise NotImplementedError

    async def _skip_reaction(self, feedback_id: str) -> None:
        raise NotImplementedError

    # Returns.

    def _returns(self, is_open: bool | None, options: ReadOptions) -> Listing[Return]:
        raise NotImplementedError

    async def _get_return(self, return_id: str, known: Return | None) -> Return:
        """``known`` is the earlier record, if the caller has it."""
        raise NotImplementedError

    async def _decisions(self, item: Return) -> Sequence[Decision]:
        """The decisions that are available now; by default those of the record."""
        return item.decisions

    async def _decide(
        self,
        item: Return,
        decision: Decision,
        *,
        comment: str | None,
        reason: str | None,
        amount: Money | None,
    ) -> Receipt | None:
        raise NotImplementedError

    # Archives and events.

    def _sweep_questions(self, span: Span, options: SweepOptions) -> Sweep[Question]:
        raise NotImplementedError

    def _sweep_feedbacks(self, span: Span, options: SweepOptions) -> Sweep[Feedback]:
        raise NotImplementedError

    def _streams(self) -> Sequence[Stream]:
        raise NotImplementedError

    def _receiver(
        self,
        on_hints: OnHints,
        *,
        proxy: TrustedProxy | None,
        networks: Collection[str] | None,
        rate: float | None,
    ) -> "web.Application":
        raise NotImplementedError


_HOOKS: Final[Mapping[Capability, str]] = MappingProxyType(
    {
        Capability.CHATS: "_chats",
        Capability.GET_CHAT: "_get_chat",
        Capability.OPEN_CHAT: "_open_chat",
        Capability.MESSAGES: "_messages",
        Capability.GET_MESSAGE: "_get_message",
        Capability.SEND: "_send",
        Capability.DOWNLOAD: "_download",
        Capability.QUESTIONS: "_questions",
        Capability.GET_QUESTION: "_get_question",
        Capability.ANSWER_QUESTION: "_answer_question",
        Capability.EDIT_QUESTION_ANSWER: "_edit_question_answer",
        Capability.REJECT_QUESTION: "_reject_question",
        Capability.FEEDBACKS: "_feedbacks",
        Capability.GET_FEEDBACK: "_get_feedback",
        Capability.ANSWER_FEEDBACK: "_answer_feedback",
        Capability.EDIT_FEEDBACK_ANSWER: "_edit_feedback_answer",
        Capability.COMMENTS: "_comments",
        Capability.SKIP_REACTION: "_skip_reaction",
        Capability.RETURNS: "_returns",
        Capability.GET_RETURN: "_get_return",
        Capability.DECIDE: "_decide",
        Capability.SWEEP_QUESTIONS: "_sweep_questions",
        Capability.SWEEP_FEEDBACKS: "_sweep_feedbacks",
        Capability.EVENTS: "_streams",
        Capability.NOTIFICATIONS: "_receiver",
    }
)
"""Hooks by capability; the other capabilities are arguments of these hooks."""


def require_hooks(kind: type[Hooks]) -> None:
    """Check that a class implements the hooks of the capabilities that it declares, and no others.

    Raises:
        TypeError: They do not match; the error names the capabilities.
    """
    wrong = []
    for capability, name in _HOOKS.items():
        is_declared = has(kind.CAPABILITIES, capability)
        is_implemented = getattr(kind, name) is not getattr(Hooks, name)
        if is_declared and not is_implemented:
            wrong.append(f"{capability} is declared but {name} is not implemented")
        elif is_implemented and not is_declared:
            wrong.append(f"{name} is implemented but {capability} is not declared")
    if wrong:
        raise TypeError(f"{kind.__name__}: {'; '.join(wrong)}")
