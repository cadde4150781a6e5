"""Questions about products, and answers to them."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Final, Literal, TypeAlias

import msgspec

from wbym.calls import Endpoints
from wbym.errors import InvalidInput
from wbym.paging import ByToken
from wbym_yandex_market.api.base import (
    COMMUNICATION,
    HOST,
    BusinessGroup,
    Paging,
    Wire,
    enveloped,
    ids,
    length,
    page_query,
    perhaps,
    positive,
    within,
)

__all__ = [
    "Answer",
    "AnswersPage",
    "Comment",
    "EntityId",
    "EntityType",
    "Question",
    "Questions",
    "QuestionsPage",
    "SortOrder",
]

TEXT_LEAST: Final = 1
TEXT_MOST: Final = 5000
"""Characters of answers and of comments under them."""
PAGE_MOST: Final = 50
IDS_MOST: Final = 50
LONGEST: Final = timedelta(days=31)
"""One month, the longest that there are."""

SortOrder: TypeAlias = Literal["CREATED_AT_DESC", "CREATED_AT_ASC"]
EntityType: TypeAlias = Literal["QUESTION", "ANSWER", "COMMENT"]


class Votes(Wire, frozen=True):
    """Other buyers' votes."""

    likes: int | None = None
    dislikes: int | None = None


class Author(Wire, frozen=True):
    """Who wrote it."""

    type: str | None = None
    """``USER``, ``BUSINESS`` (a cabinet), ``VENDOR`` or ``BRAND``."""
    name: str | None = None


class QuestionIdentifiers(Wire, frozen=True):
    """A question's id and what it is about."""

    id: int
    category_id: int | None = None
    offer_id: str | None = None
    """The seller's own article."""


class Question(Wire, frozen=True):
    """A question as Market sends it. Whether it is answered is not told."""

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
    """How many match, over all pages."""


class Comment(Wire, frozen=True):
    """A comment under an answer."""

    id: int
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

    id: int
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


class EntityId(Wire, frozen=True):
    """A question, an answer or a comment."""

    id: int
    type: str


class Created(Wire, frozen=True):
    """What was created."""

    entity: EntityId


_PAGES = ByToken(token="pageToken", size="limit", most=PAGE_MOST)

_TABLE = Endpoints("questions", host=HOST, scope=COMMUNICATION)

LIST = _TABLE.add(
    "POST",
    "list",
    "/v1/businesses/{businessId}/goods-questions",
    enveloped(QuestionsPage, records="questions", record=Question),
    pages=_PAGES,
    writes=False,
)
ANSWERS = _TABLE.add(
    "POST",
    "answers",
    "/v1/businesses/{businessId}/goods-questions/answers",
    enveloped(AnswersPage, records="answers", record=Answer),
    pages=_PAGES,
    writes=False,
)
UPDATE = _TABLE.add(
    "POST", "update", "/v1/businesses/{businessId}/goods-questions/update", perhaps(Created)
)

ENDPOINTS = _TABLE.rows


class _ListBody(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    category_ids: list[int] | None = None
    question_ids: list[int] | None = None
    date_from: date | None = None
    date_to: date | None = None
    need_answer: bool | None = None
    sort: str | None = None


class _AnswersBody(msgspec.Struct, rename="camel", omit_defaults=True):
    question_id: int | None = None
    answer_ids: list[int] | None = None


class _UpdateBody(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    operation_type: Literal["CREATE", "UPDATE", "DELETE"]
    entity_id: EntityId | None = None
    parent_entity_id: EntityId | None = None
    text: str | None = None


def list_body(
    *,
    category_ids: Collection[int] | None = None,
    question_ids: Collection[int] | None = None,
    date_from: date | None = None,
    date_to: date | None = None,
    need_answer: bool | None = None,
    sort: SortOrder | None = None,
) -> _ListBody:
    """The filters of the list, checked; see :meth:`Questions.list`."""
    for category in category_ids or ():
        within(LIST.name, "category_ids", category, 0, 2**63 - 1)
    if date_from is not None:
        end = date_to or date.today()  # noqa: DTZ011 - a day more or less is refused by Market
        if date_to is not None and date_from > date_to:
            rule = "must not be after date_to"
            raise InvalidInput(LIST.name, "date_from", rule, date_from)
        if end - date_from > LONGEST:
            rule = "must be a month before date_to at most"
            raise InvalidInput(LIST.name, "date_from", rule, date_from)
    return _ListBody(
        category_ids=list(dict.fromkeys(category_ids or ())) or None,
        question_ids=ids(LIST.name, "question_ids", question_ids, IDS_MOST),
        date_from=date_from,
        date_to=date_to,
        need_answer=need_answer,
        sort=sort,
    )


def answers_body(
    question_id: int | None, answer_ids: Collection[int] | None = None
) -> _AnswersBody:
    """Whose answers, checked; see :meth:`Questions.answers`."""
    if question_id is None and answer_ids is None:
        raise InvalidInput(ANSWERS.name, "question_id", "must be given, or answer_ids", None)
    if question_id is not None:
        positive(ANSWERS.name, "question_id", question_id)
    return _AnswersBody(question_id, ids(ANSWERS.name, "answer_ids", answer_ids, IDS_MOST))


class Questions(BusinessGroup):
    """``api.questions``. Each method has an hourly budget of its own."""

    async def list(
        self,
        *,
        category_ids: Collection[int] | None = None,
        question_ids: Collection[int] | None = None,
        date_from: date | None = None,
        date_to: date | None = None,
        need_answer: bool | None = None,
        sort: SortOrder | None = None,
        limit: int | None = None,
        page_token: str | None = None,
    ) -> QuestionsPage:
        """One page (POST v1/businesses/{}/goods-questions, 1,000 an hour, 5,000 with subscription).

        Args:
            category_ids: About products of these categories.
            question_ids: These, 1 to 50.
            date_from: From this day on; a month before ``date_to`` where nothing is said.
            date_to: Up to this day; today where nothing is said. The period is of a month at most.
            need_answer: True for those that wait for an answer; else all.
            sort: By the time of creation.
            limit: How many, 1 to 50; Market gives 25 where nothing is said.
            page_token: ``paging.next_page_token`` of the page before.

        Raises:
            InvalidInput: A filter is outside its bounds, or the period too long.
        """
        query = page_query(LIST.name, page_token, limit, PAGE_MOST)
        body = list_body(
            category_ids=category_ids,
            question_ids=question_ids,
            date_from=date_from,
            date_to=date_to,
            need_answer=need_answer,
            sort=sort,
        )
        return await self._ask(LIST, query=query, body=body)

    async def answers(
        self,
        question_id: int | None = None,
        *,
        answer_ids: Collection[int] | None = None,
        limit: int | None = None,
        page_token: str | None = None,
    ) -> AnswersPage:
        """One page of answers (POST v1/businesses/{}/goods-questions/answers).

        1,000 an hour, 5,000 with subscription.

        Args:
            question_id: To this question.
            answer_ids: Or these, 1 to 50.
            limit: How many, 1 to 50; Market gives 25 where nothing is said.
            page_token: ``paging.next_page_token`` of the page before.

        Raises:
            InvalidInput: Neither of the first two is given, or a number is outside its bounds.
            NotFound: There is no such question.
        """
        query = page_query(ANSWERS.name, page_token, limit, PAGE_MOST)
        return await self._ask(ANSWERS, query=query, body=answers_body(question_id, answer_ids))

    async def create(
        self, parent_id: int, text: str, *, parent_type: Literal["QUESTION", "ANSWER"] = "QUESTION"
    ) -> EntityId | None:
        """Answer a question, or comment on an answer (POST .../goods-questions/update).

        500 an hour, 1,000 with subscription. Not repeatable: each call makes another one.

        Args:
            parent_id: The question's id, or the answer's.
            text: 1 to 5,000 characters.
            parent_type: Which of the two it is.

        Returns:
            What was created, or None where Market does not tell.

        Raises:
            InvalidInput: The text is empty or too long, or the id is none.
            NotFound: There is no such question or answer.
            DeliveryUnknown: It may or may not have been created.
        """
        created = await self._ask(
            UPDATE,
            body=_UpdateBody(
                operation_type="CREATE",
                parent_entity_id=_entity("parent_id", parent_id, parent_type),
                text=length(UPDATE.name, "text", text, TEXT_LEAST, TEXT_MOST),
            ),
        )
        return None if created is None else created.entity

    async def edit(
        self, entity_id: int, text: str, *, entity_type: Literal["ANSWER", "COMMENT"] = "ANSWER"
    ) -> None:
        """Change an answer or a comment of the seller (POST .../goods-questions/update).

        500 an hour, 1,000 with subscription. Not repeatable.

        Args:
            entity_id: Which one; it must have ``can_modify``.
            text: 1 to 5,000 characters.
            entity_type: What it is.

        Raises:
            InvalidInput: The text is empty or too long, or the id is none.
            NotFound: There is no such answer or comment.
            DeliveryUnknown: It may or may not have been changed.
        """
        await self._ask(
            UPDATE,
            body=_UpdateBody(
                operation_type="UPDATE",
                entity_id=_entity("entity_id", entity_id, entity_type),
                text=length(UPDATE.name, "text", text, TEXT_LEAST, TEXT_MOST),
            ),
        )

    async def delete(
        self, entity_id: int, *, entity_type: Literal["ANSWER", "COMMENT"] = "ANSWER"
    ) -> None:
        """Delete an answer or a comment of the seller (POST .../goods-questions/update).

        500 an hour, 1,000 with subscription. Not repeatable: a second call finds nothing.

        Raises:
            InvalidInput: The id is none.
            NotFound: There is no such answer or comment.
            DeliveryUnknown: It may or may not have been deleted.
        """
        entity = _entity("entity_id", entity_id, entity_type)
        await self._ask(UPDATE, body=_UpdateBody(operation_type="DELETE", entity_id=entity))


def _entity(argument: str, number: int, kind: EntityType) -> EntityId:
    return EntityId(id=positive(UPDATE.name, argument, number), type=kind)
