"""Operations on invented objects, and on objects of the simulator."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, NamedTuple

from msgspec.structs import replace

from wbym.account import Account, Capability, Supported
from wbym.calls import Upload
from wbym.domain import (
    Answer,
    AnswerStatus,
    Chat,
    Decision,
    DecisionKind,
    Feedback,
    Noun,
    Order,
    Question,
    QuestionStatus,
    Ref,
    Return,
)
from wbym.testing.contract._nouns import states

__all__ = [
    "OPERATIONS",
    "TEXT",
    "Prepared",
    "apply_operation",
    "padded",
    "prepare",
    "sample",
    "writable_chat",
]


class Prepared(NamedTuple):
    """An operation with its object at the simulator."""

    item: Chat | Question | Feedback | Return
    write: Callable[[str], Awaitable[object]]
    """Performs the operation with a text: a message, an answer, a reason, a comment."""


OPERATIONS: Final = (
    Capability.SEND,
    Capability.SEND_FILES,
    Capability.ANSWER_QUESTION,
    Capability.EDIT_QUESTION_ANSWER,
    Capability.REJECT_QUESTION,
    Capability.ANSWER_FEEDBACK,
    Capability.EDIT_FEEDBACK_ANSWER,
    Capability.DECIDE,
)
"""The operations on an object that must not be performed twice."""

TEXT: Final = "Спасибо, мы уже разбираемся!"

_BEGINNINGS: Final[Mapping[str, bytes]] = MappingProxyType(
    {
        "image/jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00",
        "image/png": b"\x89PNG\r\n\x1a\n",
        "application/pdf": b"%PDF-1.7\n",
    }
)
_THEN = datetime(2026, 5, 1, tzinfo=UTC)
_ANSWER = Answer(text=TEXT, status=AnswerStatus.PUBLISHED, editable=True, id="1")
_DECISION = Decision("1", DecisionKind.REFUND)


def sample(content_type: str, size: int = 100) -> Upload:
    """Create a file of ``size`` bytes with the first bytes of its type."""
    beginning = _BEGINNINGS[content_type]
    return Upload(f"фото.{content_type[-4:]}", beginning + bytes(size - len(beginning)))


def padded(supported: Supported, text: str = TEXT) -> str:
    """The text, padded to the stated min length."""
    facts = supported.facts
    min_length = facts.get("min_text_length", facts.get("min_comment_length", 0))
    return text.ljust(int(min_length), ".")


async def apply_operation(
    account: Account, operation: Capability, record_id: str, text: str = TEXT
) -> None:
    """Perform an operation on an invented object with this id, in a suitable state."""

    def ref(noun: Noun) -> Ref:
        return Ref(account.marketplace, account.name, noun, record_id)

    question = Question(
        ref=ref(Noun.QUESTION), text="?", created_at=_THEN, status=QuestionStatus.WAITING
    )
    feedback = Feedback(ref=ref(Noun.FEEDBACK), created_at=_THEN)
    match operation:
        case Capability.SEND:
            await account.send(ref(Noun.CHAT), text)
        case Capability.SEND_FILES:
            await account.send(ref(Noun.CHAT), "", files=[sample("image/png")])
        case Capability.ANSWER_QUESTION:
            await account.answer(question, text)
        case Capability.EDIT_QUESTION_ANSWER:
            await account.edit_answer(replace(question, answer=_ANSWER), text)
        case Capability.REJECT_QUESTION:
            await account.reject(question, text)
        case Capability.ANSWER_FEEDBACK:
            await account.answer(feedback, text)
        case Capability.EDIT_FEEDBACK_ANSWER:
            await account.edit_answer(replace(feedback, answer=_ANSWER), text)
        case Capability.DECIDE:
            item = Return(ref=ref(Noun.RETURN), decisions=(_DECISION,), order=Order(record_id))
            await account.decide(item, _DECISION)
        case _:
            raise ValueError(f"{operation} is not an operation on an object")


async def prepare(account: Account, operation: Capability) -> Prepared:
    """Find a suitable object for an operation."""
    match operation:
        case Capability.SEND:
            chat = await writable_chat(account)
            return Prepared(chat, lambda text: account.send(chat, text))
        case Capability.SEND_FILES:
            chat, files = await writable_chat(account), [sample("image/png")]
            return Prepared(chat, lambda _: account.send(chat, "", files=files))
        case Capability.ANSWER_QUESTION:
            question = await _question(account)
            return Prepared(question, lambda text: account.answer(question, text))
        case Capability.REJECT_QUESTION:
            question = await _question(account)
            return Prepared(question, lambda text: account.reject(question, text))
        case Capability.ANSWER_FEEDBACK:
            feedback = await _feedback(account)
            return Prepared(feedback, lambda text: account.answer(feedback, text))
        case Capability.EDIT_QUESTION_ANSWER:
            return await _answered(account, await _question(account))
        case Capability.EDIT_FEEDBACK_ANSWER:
            return await _answered(account, await _feedback(account))
        case Capability.DECIDE:
            item, decision = await _decidable(account)
            return Prepared(
                item,
                lambda text: account.decide(
                    item,
                    decision,
                    comment=text if decision.comment_allowed else None,
                    reason=decision.reasons[0] if decision.reasons else None,
                    amount=decision.min_amount,
                ),
            )
        case _:
            raise ValueError(f"{operation} is not an operation on an object")


async def writable_chat(account: Account) -> Chat:
    """A chat that accepts a message."""
    return next(chat for chat in await account.chats().all() if chat.writable is not False)


async def _answered(account: Account, item: Question | Feedback) -> Prepared:
    await account.answer(item, TEXT)
    item = await account.get(item)
    return Prepared(item, lambda text: account.edit_answer(item, text))


async def _question(account: Account) -> Question:
    found = await account.questions().all()
    return next(item for item in found if item.status is QuestionStatus.WAITING)


async def _feedback(account: Account) -> Feedback:
    known = states(account.capabilities, Capability.FEEDBACKS_ANSWERED)
    found = await account.feedbacks(answered=False if known else None).all()
    return next(item for item in found if not item.answered)


async def _decidable(account: Account) -> tuple[Return, Decision]:
    """A return and an available decision, preferably one that allows a comment."""
    found: list[tuple[Return, Decision]] = []
    async for item in account.returns(is_open=True):
        decisions = await account.decisions(item)
        found += [(item, decision) for decision in decisions]
        if any(decision.comment_allowed for decision in decisions):
            break
    return max(found, key=lambda pair: pair[1].comment_allowed)
