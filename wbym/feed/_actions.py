"""Actions of the outbox: how each is sent, and how its outcome is looked up.

An action is saved with its delivery, and keeps the record if the caller passed one.
"""

from collections.abc import Awaitable, Callable
from typing import ClassVar, Final, TypeAlias

import msgspec

from wbym.account import Account, Capability
from wbym.calls import Upload
from wbym.domain import (
    Action,
    Answer,
    AnswerStatus,
    Author,
    Chat,
    Decision,
    DecisionKind,
    Delivery,
    DeliveryState,
    Feedback,
    Money,
    Noun,
    Question,
    QuestionStatus,
    Ref,
    Return,
    ReturnStatus,
)
from wbym.errors import NotFound, Unprocessable, Unsupported
from wbym.feed._delivery import FINAL, key_of
from wbym.feed._matching import (
    MAX_CLOCK_SKEW,
    describe_doubt,
    find_delivery,
    find_possible_delivery,
    same_text,
)
from wbym.feed._store import Store

__all__ = [
    "AnswerAction",
    "AnyAction",
    "DecideAction",
    "EditAnswerAction",
    "PollNow",
    "RejectAction",
    "Resolution",
    "SendAction",
    "decode_action",
    "encode_action",
]

PollNow: TypeAlias = Callable[[str, str, str], Awaitable[bool]]
"""``await poll_now(account, stream, id)``: make the feed read an object; False if it cannot."""


class Resolution(msgspec.Struct, frozen=True):
    """The result of a lookup."""

    state: DeliveryState | None = None
    """None if the reply is not visible, or not yet."""
    id: str | None = None
    """The marketplace's id of the message or the answer."""
    note: str | None = None


_NOT_FOUND: Final = Resolution()
_CANNOT_READ: Final = Resolution(
    DeliveryState.UNKNOWN,
    note="this account cannot read a single record, so the reply cannot be looked up",
)

_HIDDEN: Final = Resolution(
    DeliveryState.UNKNOWN, note="a comment under it cannot be decoded, which may be this answer"
)


def _confirmed(id_: str | None = None) -> Resolution:
    return Resolution(DeliveryState.CONFIRMED, id_)


def _rejected(note: str) -> Resolution:
    return Resolution(DeliveryState.REJECTED, note=note)


def _unknown(note: str) -> Resolution:
    return Resolution(DeliveryState.UNKNOWN, note=note)


class _Action(msgspec.Struct, frozen=True, tag_field="action"):
    """Base of actions.

    Each has ``deliver``, which calls the account once and raises the errors of that call, and
    ``reconcile``, which looks up the outcome and raises ``WbymError`` if that is not possible now.
    ``followed`` is the result of ``follow``.
    """

    action: ClassVar[Action]

    target: Ref
    """The chat, question, feedback or return."""
    text: str
    """See ``Delivery.text``."""

    @property
    def decision_id(self) -> str | None:
        """``Decision.id`` of a decision."""
        return None

    async def follow(self, account: Account, poll_now: PollNow) -> bool:
        """Make the feed read the object, if it helps ``reconcile``; whether it did."""
        return False


class SendAction(_Action, frozen=True, tag=Action.SEND.value):
    """A message to a chat."""

    action = Action.SEND

    chat: Chat | None = None
    files: tuple[Upload, ...] = ()

    async def deliver(self, account: Account) -> Delivery:
        """Send the message."""
        return await account.send(self.chat or self.target, self.text, files=self.files)

    async def follow(self, account: Account, poll_now: PollNow) -> bool:
        """Make the feed read the chat; False if it cannot."""
        return await poll_now(account.name, "chats", self.target.id)

    async def reconcile(
        self, account: Account, delivery: Delivery, *, followed: bool, store: Store
    ) -> Resolution:
        """Look for the message in the chat.

        While its fate is open, a message of the seller that belongs to no delivery, and an
        undecodable record of the chat, make it UNKNOWN.
        """
        readable = _can(account, Capability.MESSAGES)
        if followed:
            # The feed itself confirms our messages that it reads.
            standing = await store.delivery(key_of(delivery))
            if standing is not None and standing.state in {*FINAL, DeliveryState.UNKNOWN}:
                return Resolution(standing.state, standing.id, standing.note)
            if standing is None or standing.state is not DeliveryState.SENDING or not readable:
                return _NOT_FOUND
            # It may have read a message with another text before the answer was lost.
        elif not readable:
            return _unknown("this account cannot read the messages of its chats")
        others = await store.delivered_to(self.target)
        taken = {other.id for other in others}
        open_ = [other for other in others if other.state not in FINAL and other.attempts]
        # Some marketplaces cannot filter messages by time.
        since = (delivery.sent_at or delivery.created_at) - MAX_CLOCK_SKEW
        requested_since = since if _can(account, Capability.MESSAGES_SINCE) else None
        doubt = _NOT_FOUND
        listing = account.messages(self.chat or self.target, since=requested_since)
        async for page in listing.pages():
            if page.undecodable and delivery.state is DeliveryState.SENDING:
                doubt = _unknown(describe_doubt(delivery, page.undecodable[0]))
            for message in page.items:
                if message.author is not Author.SELLER or message.ref.id in taken:
                    continue
                if message.sent_at < since:
                    continue
                other = find_delivery(message, open_)
                if other is not None and other.idempotency_key != delivery.idempotency_key:
                    open_.remove(other)
                elif other is not None and not followed:
                    return _confirmed(message.ref.id)
                elif other is not None or find_possible_delivery(message, [delivery]) is not None:
                    doubt = _unknown(describe_doubt(delivery, message))
        return doubt


_MAYBE_ANSWERED: Final = frozenset({QuestionStatus.ANSWERED, QuestionStatus.UNKNOWN})


class _AnswerAction(_Action, frozen=True):
    """Base of actions on answers; keeps the record if the caller passed one."""

    question: Question | None = None
    feedback: Feedback | None = None

    @property
    def item(self) -> Question | Feedback | Ref:
        """The record, or its ref if the action has no record."""
        return self.question or self.feedback or self.target

    async def read(self, account: Account) -> Question | Feedback:
        """Read the current record, with the answer."""
        if self.question is not None:
            return await account.get(self.question)
        if self.feedback is not None:
            return await account.get(self.feedback)
        if self.target.noun is Noun.QUESTION:
            return await account.get(self.target, Question)
        return await account.get(self.target, Feedback)


class AnswerAction(_AnswerAction, frozen=True, tag=Action.ANSWER.value):
    """An answer to a question or a feedback."""

    action = Action.ANSWER

    async def deliver(self, account: Account) -> Delivery:
        """Send the answer."""
        return await account.answer(self.item, self.text)

    async def reconcile(
        self, account: Account, delivery: Delivery, *, followed: bool, store: Store
    ) -> Resolution:
        """Read the question or the feedback again; its current answer decides."""
        try:
            record = await self.read(account)
        except Unsupported:
            return _CANNOT_READ
        except (NotFound, Unprocessable) as error:
            return _rejected(f"the marketplace no longer has it: {error}")
        if _hides_answer(record):
            return _HIDDEN
        answer = record.answer
        if answer is None or not answer.text:
            if isinstance(record, Question) and answer is None and record.status in _MAYBE_ANSWERED:
                return _unknown(f"the question is {record.status}, but has no text of an answer")
            return _NOT_FOUND
        if same_text(answer.text, self.text):
            return _moderated(answer)
        if answer.stands:
            return _rejected(f"it has another answer: {answer.text}")
        return _NOT_FOUND


class EditAnswerAction(_AnswerAction, frozen=True, tag=Action.EDIT_ANSWER.value):
    """A new text for an answer."""

    action = Action.EDIT_ANSWER

    async def deliver(self, account: Account) -> Delivery:
        """Edit the answer."""
        return await account.edit_answer(self.item, self.text)

    async def reconcile(
        self, account: Account, delivery: Delivery, *, followed: bool, store: Store
    ) -> Resolution:
        """Read the question or the feedback again.

        The new text confirms the edit; the old text means that it is not visible yet. If the caller
        passed only a ref, the old text is not known, and any other text counts as the old one.
        """
        try:
            record = await self.read(account)
        except Unsupported:
            return _CANNOT_READ
        except (NotFound, Unprocessable) as error:
            return _rejected(f"the marketplace no longer has it: {error}")
        if _hides_answer(record):
            return _HIDDEN
        answer = record.answer
        if answer is None or not answer.text or answer.status is AnswerStatus.DELETED:
            return _rejected("it no longer has an answer to edit")
        if same_text(answer.text, self.text):
            return _moderated(answer)
        item = self.item
        before = None if isinstance(item, Ref) else item.answer
        if before is None or same_text(answer.text, before.text):
            return _NOT_FOUND
        note = f"it has another answer: {answer.text}"
        # An accepted edit may have been visible before somebody changed it again.
        return _unknown(note) if delivery.state is DeliveryState.ACCEPTED else _rejected(note)


class RejectAction(_Action, frozen=True, tag=Action.REJECT.value):
    """A rejection of a question; ``text`` is the reason."""

    action = Action.REJECT

    question: Question | None = None

    async def deliver(self, account: Account) -> Delivery:
        """Reject the question."""
        return await account.reject(self.question or self.target, self.text)

    async def reconcile(
        self, account: Account, delivery: Delivery, *, followed: bool, store: Store
    ) -> Resolution:
        """Read the question again: its status decides."""
        try:
            if self.question is None:
                question = await account.get(self.target, Question)
            else:
                question = await account.get(self.question)
        except Unsupported:
            return _CANNOT_READ
        except (NotFound, Unprocessable) as error:
            return _unknown(f"the marketplace no longer has the question: {error}")
        if question.status is QuestionStatus.REJECTED:
            return _confirmed()
        if question.status is QuestionStatus.ANSWERED or question.answered:
            return _rejected("the question was answered")
        return _NOT_FOUND


class DecideAction(_Action, frozen=True, tag=Action.DECIDE.value, kw_only=True):
    """A decision about a return; ``text`` is the comment, or empty."""

    action = Action.DECIDE

    decision: Decision | str
    return_: Return | None = None
    reason: str | None = None
    amount: Money | None = None

    @property
    def decision_id(self) -> str:
        """``Decision.id``."""
        return self.decision if isinstance(self.decision, str) else self.decision.id

    async def deliver(self, account: Account) -> Delivery:
        """Send the decision."""
        return await account.decide(
            self.return_ or self.target,
            self.decision,
            comment=self.text or None,
            reason=self.reason,
            amount=self.amount,
        )

    async def reconcile(
        self, account: Account, delivery: Delivery, *, followed: bool, store: Store
    ) -> Resolution:
        """Read the return again; after a decision it no longer offers it."""
        try:
            if self.return_ is None:
                item = await account.get(self.target, Return)
            else:
                item = await account.get(self.return_)
        except Unsupported:
            return _CANNOT_READ
        except (NotFound, Unprocessable) as error:
            return _unknown(f"the marketplace no longer has the return: {error}")
        if item.waiting_for_seller:
            offered = await account.decisions(item)
            if self.decision_id in {one.id for one in offered}:
                return _NOT_FOUND
        if delivery.state is DeliveryState.ACCEPTED:
            return _confirmed()
        expected, contrary = _STATUSES_AFTER.get(self._kind, (frozenset(), frozenset()))
        if item.status in expected:
            return _confirmed()
        if item.status in contrary:
            return _rejected(f"another decision was made: {item.status}")
        return _unknown(
            f"the return no longer waits for this decision and is {item.status}, but the "
            "marketplace does not say who decided"
        )

    @property
    def _kind(self) -> DecisionKind:
        if isinstance(self.decision, Decision):
            return self.decision.kind
        known = () if self.return_ is None else self.return_.decisions
        return next((one.kind for one in known if one.id == self.decision), DecisionKind.OTHER)


_APPROVED: Final = frozenset({ReturnStatus.APPROVED, ReturnStatus.COMPLETED})
_DECLINED: Final = frozenset({ReturnStatus.REJECTED})
_STATUSES_AFTER: Final = {
    DecisionKind.REFUND: (_APPROVED, _DECLINED),
    DecisionKind.REFUND_WITHOUT_RETURN: (_APPROVED, _DECLINED),
    DecisionKind.PARTIAL_REFUND: (_APPROVED, _DECLINED),
    DecisionKind.REJECT: (_DECLINED, _APPROVED),
}
"""The statuses that a return may have after a decision, and those that rule it out."""

AnyAction: TypeAlias = SendAction | AnswerAction | EditAnswerAction | RejectAction | DecideAction

encode_action: Final = msgspec.msgpack.Encoder().encode
decode_action: Final = msgspec.msgpack.Decoder(AnyAction).decode


def _hides_answer(record: Question | Feedback) -> bool:
    """Whether it may have an answer that could not be decoded."""
    return isinstance(record, Feedback) and record.answer is None and not record.answer_known


def _can(account: Account, capability: Capability) -> bool:
    known = account.CAPABILITIES.get(capability)
    return known is not None and known.is_present


def _moderated(answer: Answer) -> Resolution:
    """The resolution for an answer that has our text."""
    if answer.status is AnswerStatus.REJECTED:
        return _rejected("moderation rejected it")
    return _confirmed(answer.id) if answer.stands else _NOT_FOUND
