"""What is done at a marketplace: to made-up objects, and to those that the simulator has."""

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

__all__ = ["OPERATIONS", "TEXT", "Prepared", "act", "fitting", "prepare", "sample", "writable_chat"]


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
    }
)
_THEN = datetime(2026, 5, 1, tzinfo=UTC)
_ANSWER = Answer(text=TEXT, status=AnswerStatus.PUBLISHED, editable=True, id="1")
_DECISION = Decision("1", DecisionKind.REFUND)


def sample(content_type: str, size: int = 100) -> Upload:
    """A file of a type by its first bytes, with ``size`` bytes."""
    beginning = _BEGINNINGS[content_type]
    return Upload(f"фото.{content_type[-4:]}", beginning + bytes(size - len(beginning)))


def fitting(supported: Supported, text: str = TEXT) -> str:
    """The text, made long enough for the rules that are stated."""
    least = supported.facts.get("min_text_length", supported.facts.get("min_comment_length", 0))
    return text.ljust(int(least), ".")


async def act(account: Account, operation: Capability, record_id: str, text: str = TEXT) -> None:
    """Do an operation to a made-up object with an id, whose state would allow it."""

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
            raise ValueError(f"{operation} is done to nothing")


async def prepare(account: Account, operation: Capability) -> Prepared:
    """Find something that the operation may be done to, and how to do it."""
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
            raise ValueError(f"{operation} is done to nothing")


async def writable_chat(account: Account) -> Chat:
    """A chat that takes a message."""
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
    """A return and what may be decided about it, with a comment if one may go with it."""
    found: list[tuple[Return, Decision]] = []
    async for item in account.returns(is_open=True):
        decisions = await account.decisions(item)
        found += [(item, decision) for decision in decisions]
        if any(decision.comment_allowed for decision in decisions):
            break
    return max(found, key=lambda one: one[1].comment_allowed)
