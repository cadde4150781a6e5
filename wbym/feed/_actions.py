"""Actions of the outbox: how each is sent, and how its outcome is looked up.

An action is saved with its delivery, and keeps the record if the caller passed one.
"""

from typing import ClassVar, Final, TypeAlias

import msgspec

from wbym.account import Account
from wbym.calls import Upload
from wbym.domain import (
    Action,
    Answer,
    AnswerStatus,
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
from wbym.feed._matching import same_text
from wbym.feed._resolution import NOT_FOUND, Resolution, confirmed, rejected, unknown

__all__ = [
    "AnswerAction",
    "AnyAction",
    "DecideAction",
    "EditAnswerAction",
    "RejectAction",
    "SendAction",
    "decode_action",
    "encode_action",
]

_CANNOT_READ: Final = unknown(
    "this account cannot read a single record, so the reply cannot be looked up"
)
_HIDDEN: Final = unknown("a comment under it cannot be decoded, which may be this answer")


class _Action(msgspec.Struct, frozen=True, tag_field="action"):
    """Base of actions.

    Each has ``deliver``, which calls the account once and raises the errors of that call. Each but
    ``SendAction``, whose message ``MessageLookups`` finds, has ``reconcile``, which looks up the
    outcome and raises ``WbymError`` if that is not possible now.
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


class SendAction(_Action, frozen=True, tag=Action.SEND.value):
    """A message to a chat."""

    action = Action.SEND

    chat: Chat | None = None
    files: tuple[Upload, ...] = ()

    async def deliver(self, account: Account) -> Delivery:
        """Send the message."""
        return await account.send(self.chat or self.target, self.text, files=self.files)


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

    async def reconcile(self, account: Account, delivery: Delivery) -> Resolution:
        """Read the question or the feedback again; its current answer decides."""
        try:
            record = await self.read(account)
        except Unsupported:
            return _CANNOT_READ
        except (NotFound, Unprocessable) as error:
            return rejected(f"the marketplace no longer has it: {error}")
        if _hides_answer(record):
            return _HIDDEN
        answer = record.answer
        if answer is None or not answer.text:
            if isinstance(record, Question) and answer is None and record.status in _MAYBE_ANSWERED:
                return unknown(f"the question is {record.status}, but has no text of an answer")
            return NOT_FOUND
        if same_text(answer.text, self.text):
            return _moderated(answer)
        if answer.stands:
            return rejected(f"it has another answer: {answer.text}")
        return NOT_FOUND


class EditAnswerAction(_AnswerAction, frozen=True, tag=Action.EDIT_ANSWER.value):
    """A new text for an answer."""

    action = Action.EDIT_ANSWER

    async def deliver(self, account: Account) -> Delivery:
        """Edit the answer."""
        return await account.edit_answer(self.item, self.text)

    async def reconcile(self, account: Account, delivery: Delivery) -> Resolution:
        """Read the question or the feedback again.

        The new text confirms the edit; the old text means that it is not visible yet. If the caller
        passed only a ref, the old text is not known, and any other text counts as the old one.
        """
        try:
            record = await self.read(account)
        except Unsupported:
            return _CANNOT_READ
        except (NotFound, Unprocessable) as error:
            return rejected(f"the marketplace no longer has it: {error}")
        if _hides_answer(record):
            return _HIDDEN
        answer = record.answer
        if answer is None or not answer.text or answer.status is AnswerStatus.DELETED:
            return rejected("it no longer has an answer to edit")
        if same_text(answer.text, self.text):
            return _moderated(answer)
        item = self.item
        before = None if isinstance(item, Ref) else item.answer
        if before is None or same_text(answer.text, before.text):
            return NOT_FOUND
        note = f"it has another answer: {answer.text}"
        # An accepted edit may have been visible before somebody changed it again.
        return unknown(note) if delivery.state is DeliveryState.ACCEPTED else rejected(note)


class RejectAction(_Action, frozen=True, tag=Action.REJECT.value):
    """A rejection of a question; ``text`` is the reason."""

    action = Action.REJECT

    question: Question | None = None

    async def deliver(self, account: Account) -> Delivery:
        """Reject the question."""
        return await account.reject(self.question or self.target, self.text)

    async def reconcile(self, account: Account, delivery: Delivery) -> Resolution:
        """Read the question again: its status decides."""
        try:
            if self.question is None:
                question = await account.get(self.target, Question)
            else:
                question = await account.get(self.question)
        except Unsupported:
            return _CANNOT_READ
        except (NotFound, Unprocessable) as error:
            return unknown(f"the marketplace no longer has the question: {error}")
        if question.status is QuestionStatus.REJECTED:
            return confirmed()
        if question.status is QuestionStatus.ANSWERED or question.answered:
            return rejected("the question was answered")
        return NOT_FOUND


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

    async def reconcile(self, account: Account, delivery: Delivery) -> Resolution:
        """Read the return again; after a decision it no longer offers it."""
        try:
            if self.return_ is None:
                item = await account.get(self.target, Return)
            else:
                item = await account.get(self.return_)
        except Unsupported:
            return _CANNOT_READ
        except (NotFound, Unprocessable) as error:
            return unknown(f"the marketplace no longer has the return: {error}")
        if item.waiting_for_seller:
            offered = await account.decisions(item)
            if self.decision_id in {one.id for one in offered}:
                return NOT_FOUND
        if delivery.state is DeliveryState.ACCEPTED:
            return confirmed()
        expected, contrary = _STATUSES_AFTER.get(self._kind, (frozenset(), frozenset()))
        if item.status in expected:
            return confirmed()
        if item.status in contrary:
            return rejected(f"another decision was made: {item.status}")
        return unknown(
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


def _moderated(answer: Answer) -> Resolution:
    """The resolution for an answer that has our text."""
    if answer.status is AnswerStatus.REJECTED:
        return rejected("moderation rejected it")
    return confirmed(answer.id) if answer.stands else NOT_FOUND
