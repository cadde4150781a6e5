"""What is done at a marketplace: to made-up objects, and to those that the simulator has."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, NamedTuple

from msgspec.structs import replace

from wbym.account import Adapter, Capability, Supported
from wbym.calls import Upload
from wbym.domain import (
    Answer,
    AnswerStatus,
    Chat,
    Decision,
    DecisionKind,
    Feedback,
    Order,
    Question,
    QuestionStatus,
    Ref,
    Return,
)
from wbym.testing.contract.harness import Harness
from wbym.testing.contract.nouns import (
    chats_of,
    feedbacks_of,
    questions_of,
    rejects_of,
    returns_of,
    stated,
)

__all__ = ["OPERATIONS", "TEXT", "Prepared", "act", "fitting", "prepare", "sample"]


class Prepared(NamedTuple):
    """An operation that is ready to be done to something of the simulator's."""

    item: Chat | Question | Feedback | Return
    write: Callable[[str], Awaitable[object]]
    """Does it, with a text: a message, an answer, a reason, a comment."""


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
"""What is done to something, and must not be done twice."""

TEXT: Final = "Спасибо, мы уже разбираемся!"

_BEGINNINGS: Final[Mapping[str, bytes]] = MappingProxyType(
    {
        "image/jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00",
        "image/png": b"\x89PNG\r\n\x1a\n",
        "application/pdf": b"%PDF-1.7\n",
        "image/gif": b"GIF89a",
    }
)
_THEN = datetime(2026, 5, 1, tzinfo=UTC)
_ANSWER = Answer(text=TEXT, status=AnswerStatus.PUBLISHED, editable=True, id="1")
_DECISION = Decision("1", DecisionKind.REFUND)


def sample(content_type: str, size: int = 100) -> Upload:
    """A file of a type by its first bytes, with so many bytes."""
    beginning = _BEGINNINGS[content_type]
    return Upload(f"фото.{content_type[-4:]}", beginning + bytes(size - len(beginning)))


def fitting(supported: Supported, text: str = TEXT) -> str:
    """The text, made long enough for the rules that are stated."""
    least = supported.facts.get("min_text_length", supported.facts.get("min_comment_length", 0))
    return text.ljust(int(least), ".")


async def act(account: Adapter, operation: Capability, ref: Ref, text: str = TEXT) -> None:
    """Do an operation to a made-up object, whose state would allow it."""
    question = Question(ref=ref, text="?", created_at=_THEN, status=QuestionStatus.WAITING)
    feedback = Feedback(ref=ref, created_at=_THEN)
    match operation:
        case Capability.SEND:
            await chats_of(account).send(Chat(ref=ref), text)
        case Capability.SEND_FILES:
            await chats_of(account).send(Chat(ref=ref), "", files=[sample("image/png")])
        case Capability.ANSWER_QUESTION:
            await feedbacks_of(account).answer(question, text)
        case Capability.EDIT_QUESTION_ANSWER:
            await feedbacks_of(account).edit_answer(replace(question, answer=_ANSWER), text)
        case Capability.REJECT_QUESTION:
            await rejects_of(account).reject(question, text)
        case Capability.ANSWER_FEEDBACK:
            await feedbacks_of(account).answer(feedback, text)
        case Capability.EDIT_FEEDBACK_ANSWER:
            await feedbacks_of(account).edit_answer(replace(feedback, answer=_ANSWER), text)
        case Capability.DECIDE:
            item = Return(ref=ref, decisions=(_DECISION,), order=Order(ref.id))
            await returns_of(account).decide(item, _DECISION)
        case _:
            raise ValueError(f"{operation} is done to nothing")


async def prepare(harness: Harness, account: Adapter, operation: Capability) -> Prepared:
    """Find something that the operation may be done to, and how to do it."""
    match operation:
        case Capability.SEND:
            chat = await _chat(account)
            return Prepared(chat, lambda text: chats_of(account).send(chat, text))
        case Capability.SEND_FILES:
            chat, files = await _chat(account), [sample("image/png")]
            return Prepared(chat, lambda _: chats_of(account).send(chat, "", files=files))
        case Capability.ANSWER_QUESTION:
            question = await _question(account)
            return Prepared(question, lambda text: feedbacks_of(account).answer(question, text))
        case Capability.REJECT_QUESTION:
            question = await _question(account)
            return Prepared(question, lambda text: rejects_of(account).reject(question, text))
        case Capability.ANSWER_FEEDBACK:
            feedback = await _feedback(account)
            return Prepared(feedback, lambda text: feedbacks_of(account).answer(feedback, text))
        case Capability.EDIT_QUESTION_ANSWER:
            return await _answered(harness, account, await _question(account))
        case Capability.EDIT_FEEDBACK_ANSWER:
            return await _answered(harness, account, await _feedback(account))
        case Capability.DECIDE:
            item, decision = await harness.decision(account)
            return Prepared(
                item,
                lambda text: returns_of(account).decide(
                    item,
                    decision,
                    comment=text if decision.comment_allowed else None,
                    reason=decision.reasons[0] if decision.reasons else None,
                    amount=decision.least,
                ),
            )
        case _:
            raise ValueError(f"{operation} is done to nothing")


async def _answered(harness: Harness, account: Adapter, item: Question | Feedback) -> Prepared:
    await feedbacks_of(account).answer(item, TEXT)
    item = await harness.again(account, item)
    return Prepared(item, lambda text: feedbacks_of(account).edit_answer(item, text))


async def _chat(account: Adapter) -> Chat:
    known = stated(account.capabilities, Capability.CHATS_WAITING)
    return (await chats_of(account).chats(waiting_for_seller=True if known else None).all())[0]


async def _question(account: Adapter) -> Question:
    found = await questions_of(account).questions().all()
    return next(item for item in found if item.status is QuestionStatus.WAITING)


async def _feedback(account: Adapter) -> Feedback:
    known = stated(account.capabilities, Capability.FEEDBACKS_ANSWERED)
    found = await feedbacks_of(account).feedbacks(answered=False if known else None).all()
    return next(item for item in found if not item.answered)
