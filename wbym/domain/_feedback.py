"""Questions about products and feedbacks (reviews), and the seller's answers to them."""

from datetime import datetime
from enum import StrEnum

import msgspec

from wbym.domain._common import Author, Buyer, Media, Order, Product, Record
from wbym.domain._ref import Ref
from wbym.errors import AnswerNotLoaded

__all__ = ["Answer", "AnswerStatus", "Feedback", "Question", "QuestionStatus"]


class AnswerStatus(StrEnum):
    """Status of an answer."""

    PUBLISHED = "published"
    IN_MODERATION = "in_moderation"
    REJECTED = "rejected"
    """The marketplace will not show it."""
    DELETED = "deleted"
    UNKNOWN = "unknown"


class Answer(msgspec.Struct, frozen=True, gc=False):
    """A reply under a question or a feedback."""

    text: str
    status: AnswerStatus = AnswerStatus.UNKNOWN
    editable: bool | None = None
    """Whether it can still be edited; None if the marketplace does not say."""
    created_at: datetime | None = None
    id: str | None = None
    author: Author = Author.SELLER

    @property
    def stands(self) -> bool:
        """Whether the answer is in effect: it has a text and was neither rejected nor deleted."""
        gone = self.status is AnswerStatus.REJECTED or self.status is AnswerStatus.DELETED
        return bool(self.text) and not gone


class QuestionStatus(StrEnum):
    """Status of a question."""

    WAITING = "waiting"
    ANSWERED = "answered"
    REJECTED = "rejected"
    """The seller or the marketplace declined it."""
    UNKNOWN = "unknown"


class Question(Record, frozen=True, gc=False):
    """A buyer's question about a product."""

    ref: Ref
    text: str
    created_at: datetime
    status: QuestionStatus = QuestionStatus.UNKNOWN
    answer: Answer | None = None
    product: Product | None = None
    buyer: Buyer | None = None
    viewed: bool | None = None
    flagged: bool | None = None
    """Whether the marketplace flags it (WB: ``isWarned``)."""
    likes: int | None = None
    dislikes: int | None = None
    reply_until: datetime | None = None
    """The deadline for answering or editing the answer; None if the marketplace sets or states no
    deadline."""

    @property
    def answered(self) -> bool:
        """Whether it has an answer in effect."""
        if self.answer is not None:
            return self.answer.stands
        return self.status is QuestionStatus.ANSWERED

    @property
    def waiting_since(self) -> datetime | None:
        """When it began to wait for an answer; None if it does not wait."""
        return self.created_at if self.status is QuestionStatus.WAITING else None


class Feedback(Record, frozen=True, gc=False):
    """A buyer's feedback on a product. Its text is ``text``, ``pros`` and ``cons`` together."""

    ref: Ref
    created_at: datetime
    rating: int | None = None
    """1 to 5."""
    text: str = ""
    pros: str = ""
    cons: str = ""
    answer: Answer | None = None
    product: Product | None = None
    buyer: Buyer | None = None
    order: Order | None = None
    media: tuple[Media, ...] = ()
    tags: tuple[str, ...] = ()
    """Ready-made phrases that the buyer chose (WB: ``bables``)."""
    viewed: bool | None = None
    recommended: bool | None = None
    comments: int | None = None
    """Number of comments, if the marketplace counts them without listing them."""
    parent_id: str | None = None
    """The feedback that this one amends."""
    child_id: str | None = None
    """The feedback that amends this one."""
    return_possible: bool | None = None
    """Whether the seller may offer a return for it."""

    answer_known: bool = True
    """Whether ``answer`` shows if the seller has answered. False if the marketplace only counts
    comments (YM) and the list did not load them."""
    reply_until: datetime | None = None
    """The deadline for answering or editing the answer; None if the marketplace sets or states no
    deadline."""

    @property
    def answered(self) -> bool:
        """Whether it has an answer in effect, by the answer itself, not by the marketplace's flag.

        Raises:
            AnswerNotLoaded: ``answer_known`` is False: the list did not load the answer.
        """
        if self.answer is not None:
            return self.answer.stands
        if not self.answer_known:
            raise AnswerNotLoaded(str(self.ref))
        return False

    @property
    def waiting_since(self) -> datetime | None:
        """When it began to wait for an answer; None if it has one or that is not known."""
        is_known = self.answer is not None or self.answer_known
        return self.created_at if is_known and not self.answered else None

    @property
    def body(self) -> str:
        """The buyer's full text: text, pros and cons that are not empty, one per line."""
        return "\n".join(part for part in (self.text, self.pros, self.cons) if part)
