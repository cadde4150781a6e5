"""Questions about products, and answers to them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeAlias

from wbym.calls import Range, at_least_one, period, post
from wbym.paging import Listing
from wbym_yandex_market.api._base import (
    COMMUNICATION,
    Id,
    Ids,
    MarketGroup,
    Paging,
    Several,
    Wire,
    WireId,
    in_envelope_or_none,
    pages,
)
from wbym_yandex_market.api._bounds import ANSWER, QUESTIONS_DAYS, QUESTIONS_PAGE

__all__ = ["Answer", "Author", "Comment", "EntityId", "Question", "Questions"]

Operation: TypeAlias = Literal["CREATE", "UPDATE", "DELETE"]
Parent: TypeAlias = Literal["QUESTION", "ANSWER"]
"""The parent: a question for an answer, an answer for a comment."""
Written: TypeAlias = Literal["ANSWER", "COMMENT"]


class Votes(Wire, frozen=True):
    """Other buyers' votes."""

    likes: int | None = None
    dislikes: int | None = None


class Author(Wire, frozen=True):
    """The author of a question, an answer or a comment."""

    type: str | None = None
    """``USER``, ``BUSINESS`` (a cabinet), ``VENDOR`` or ``BRAND``."""
    name: str | None = None


class QuestionIdentifiers(Wire, frozen=True):
    """A question's id and its product."""

    id: WireId
    category_id: int | None = None
    offer_id: str | None = None
    """The seller's own article."""


class Question(Wire, frozen=True):
    """A question as Market sends it, which does not say whether it is answered."""

    question_identifiers: QuestionIdentifiers
    created_at: datetime
    business_id: int | None = None
    text: str | None = None
    votes: Votes | None = None
    author: Author | None = None


class QuestionsPage(Wire, frozen=True):
    """One page of questions."""

    questions: list[Question]
    paging: Paging | None = None
    total_count: int | None = None
    """The number of matches on all pages."""


class Comment(Wire, frozen=True):
    """A comment under an answer."""

    id: WireId
    text: str | None = None
    can_modify: bool | None = None
    parent_id: int | None = None
    author: Author | None = None
    status: str | None = None
    answer_id: int | None = None
    created_at: datetime | None = None
    votes: Votes | None = None


class Answer(Wire, frozen=True):
    """An answer as Market sends it: the seller's, another seller's, or a buyer's."""

    id: WireId
    text: str | None = None
    can_modify: bool | None = None
    """Whether the seller may change or delete it."""
    author: Author | None = None
    status: str | None = None
    """``PUBLISHED``, ``UNMODERATED``, ``BANNED`` or ``DELETED``."""
    question_id: int | None = None
    created_at: datetime | None = None
    votes: Votes | None = None
    comments: list[Comment] | None = None


class AnswersPage(Wire, frozen=True):
    """One page of answers."""

    answers: list[Answer]
    paging: Paging | None = None


class Target(Wire, frozen=True):
    """A question, an answer or a comment, in a request."""

    id: Id
    type: str


class EntityId(Wire, frozen=True):
    """An answer or a comment that was created."""

    id: Id
    type: str | None = None
    """``ANSWER`` or ``COMMENT``; None if Market does not return it."""


class Created(Wire, frozen=True):
    """The created answer or comment."""

    entity: EntityId | None = None


_NEEDED = {
    "CREATE": ("parent_id", "text"),
    "UPDATE": ("entity_id", "text"),
    "DELETE": ("entity_id",),
}


def _complete(arguments: Mapping[str, Any]) -> tuple[str, str] | None:
    """Each operation of ``questions.update`` has the arguments that it requires."""
    for name in _NEEDED[arguments["operation_type"]]:
        if arguments[name] is None:
            return name, "must be given"
    return None


class Update(Wire, frozen=True, omit_defaults=True):
    """An answer or a comment to write, change or delete."""

    operation_type: Operation
    parent_entity_id: Target | None = None
    entity_id: Target | None = None
    text: Annotated[str, ANSWER] | None = None


def _update_body(
    *,
    operation_type: Operation,
    parent_id: int | None,
    parent_type: Parent,
    entity_id: int | None,
    entity_type: Written,
    text: str | None,
) -> Update:
    return Update(
        operation_type=operation_type,
        parent_entity_id=None if parent_id is None else Target(id=parent_id, type=parent_type),
        entity_id=None if entity_id is None else Target(id=entity_id, type=entity_type),
        text=text,
    )


class Questions(MarketGroup, scope=COMMUNICATION):
    """``api.questions``. Each operation has its own hourly budget, stated in its docstring."""

    @post(
        "/v1/businesses/{businessId}/goods-questions",
        reads=True,
        pages=pages(QUESTIONS_PAGE),
        page=QuestionsPage,
        total="total_count",
        rules=[period("date_from", "date_to", days=QUESTIONS_DAYS)],
    )
    def list(
        self,
        *,
        category_ids: Several[Annotated[int, Range(0)]] | None = None,
        question_ids: Ids | None = None,
        date_from: date | None = None,
        date_to: date | None = None,
        need_answer: bool | None = None,
        sort: Literal["CREATED_AT_DESC", "CREATED_AT_ASC"] | None = None,
    ) -> Listing[Question]:
        """Questions; 1,000 requests per hour, 5,000 with subscription.

        Args:
            category_ids: About products of these categories.
            question_ids: These questions.
            date_from: Since this day; by default a month before ``date_to``.
            date_to: Until this day; by default today. The period has at most a month.
            need_answer: True for unanswered questions; otherwise all.
            sort: By the time of creation.
        """

    @post(
        "/v1/businesses/{businessId}/goods-questions/answers",
        reads=True,
        pages=pages(QUESTIONS_PAGE),
        page=AnswersPage,
        rules=[at_least_one("question_id", "answer_ids")],
    )
    def answers(
        self, question_id: Id | None = None, *, answer_ids: Ids | None = None
    ) -> Listing[Answer]:
        """Answers; 1,000 requests per hour, 5,000 with subscription.

        Args:
            question_id: Answers to this question.
            answer_ids: Or these answers.

        Raises:
            NotFound: While reading: the question does not exist.
        """

    @post(
        "/v1/businesses/{businessId}/goods-questions/update",
        envelope=in_envelope_or_none,
        body=_update_body,
        rules=[_complete],
    )
    async def _update(
        self,
        operation_type: Operation,
        *,
        parent_id: Id | None = None,
        parent_type: Parent = "QUESTION",
        entity_id: Id | None = None,
        entity_type: Written = "ANSWER",
        text: Annotated[str, ANSWER] | None = None,
    ) -> Created | None:
        """Write, change or delete an answer or a comment; 500 per hour, 1,000 with subscription."""

    async def create(
        self, parent_id: int, text: str, *, parent_type: Parent = "QUESTION"
    ) -> EntityId | None:
        """Answer a question, or comment on an answer.

        500 per hour, 1,000 with subscription, for this, :meth:`edit` and :meth:`delete`. Not
        idempotent: each call creates another answer or comment.

        Args:
            parent_id: The question's id, or the answer's.
            text: 1 to 5,000 characters.
            parent_type: Whether the parent is a question or an answer.

        Returns:
            The created answer or comment, or None if Market does not return it.

        Raises:
            NotFound: The question or answer does not exist.
            DeliveryUnknown: It may or may not have been created.
        """
        created = await self._update(
            "CREATE", parent_id=parent_id, parent_type=parent_type, text=text
        )
        return None if created is None else created.entity

    async def edit(self, entity_id: int, text: str, *, entity_type: Written = "ANSWER") -> None:
        """Change an answer or a comment of the seller; counts with :meth:`create`.

        Args:
            entity_id: The answer or comment, which must have ``can_modify``.
            text: 1 to 5,000 characters.
            entity_type: Whether it is an answer or a comment.

        Raises:
            NotFound: The answer or comment does not exist.
            DeliveryUnknown: It may or may not have been changed.
        """
        await self._update("UPDATE", entity_id=entity_id, entity_type=entity_type, text=text)

    async def delete(self, entity_id: int, *, entity_type: Written = "ANSWER") -> None:
        """Delete an answer or a comment of the seller; counts with :meth:`create`.

        A second call finds nothing.

        Raises:
            NotFound: The answer or comment does not exist.
            DeliveryUnknown: It may or may not have been deleted.
        """
        await self._update("DELETE", entity_id=entity_id, entity_type=entity_type)
