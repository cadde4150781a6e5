"""Answers to questions and comments under feedbacks: finding the seller's, writing, changing."""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from typing import TypeVar

from wbym.domain import Answer, Feedback, Question, QuestionStatus
from wbym.errors import NotFound
from wbym.limits import Priority
from wbym.paging import Chunk, Listing, by_token
from wbym_yandex_market import mapping
from wbym_yandex_market.api import Api
from wbym_yandex_market.api import feedbacks as feedbacks_api
from wbym_yandex_market.api import questions as questions_api
from wbym_yandex_market.cabinet import Cabinet

__all__ = [
    "known_or_read",
    "list_answers",
    "list_comments",
    "own_answer",
    "read_feedback",
    "read_question",
    "together",
    "with_answers",
]

T = TypeVar("T")


def list_comments(
    cabinet: Cabinet,
    feedback_id: int,
    *,
    cursor: str | None = None,
    priority: Priority | None = None,
) -> Listing[Answer]:
    """The comments under a feedback, in the order in which they were published."""
    body = feedbacks_api.comments_body(feedback_id)

    async def fetch(token: str | None) -> Chunk[Answer]:
        answer = await cabinet.pipeline.call(
            feedbacks_api.COMMENTS,
            path={"businessId": await cabinet.business()},
            query={"limit": feedbacks_api.PAGE_MOST, "pageToken": token},
            body=body,
            priority=priority,
        )
        page = answer.value
        following = page.paging.next_page_token if page.paging is not None else None
        items = [mapping.comment(wire) for wire in page.comments]
        return Chunk(items, len(items) + 1, following or None, set_aside=answer.set_aside)

    return by_token(fetch, method=feedbacks_api.COMMENTS.name, cursor=cursor)


def list_answers(
    cabinet: Cabinet,
    question_id: int,
    *,
    cursor: str | None = None,
    priority: Priority | None = None,
) -> Listing[Answer]:
    """The answers to a question, the seller's and others'."""
    body = questions_api.answers_body(question_id)

    async def fetch(token: str | None) -> Chunk[Answer]:
        answer = await cabinet.pipeline.call(
            questions_api.ANSWERS,
            path={"businessId": await cabinet.business()},
            query={"limit": questions_api.PAGE_MOST, "pageToken": token},
            body=body,
            priority=priority,
        )
        page = answer.value
        following = page.paging.next_page_token if page.paging is not None else None
        items = [mapping.answer(wire) for wire in page.answers]
        return Chunk(items, len(items) + 1, following or None, set_aside=answer.set_aside)

    return by_token(fetch, method=questions_api.ANSWERS.name, cursor=cursor)


async def own_answer(listing: Listing[Answer]) -> Answer | None:
    """The seller's answer among all; only as many pages are read as are needed."""
    best: Answer | None = None
    async for page in listing.pages():
        best = mapping.own([*page.items, *([best] if best is not None else [])])
        if best is not None and best.stands:
            return best
    return best


async def with_answers(
    cabinet: Cabinet,
    wires: Sequence[feedbacks_api.Feedback],
    *,
    answered: bool,
    priority: Priority | None,
) -> list[Feedback]:
    """Those with an answer of the seller, or those without, each with what was found.

    Comments are read only where they decide: not where there are none, and not where nobody has
    looked at the feedback, for commenting counts as looking.
    """
    read = [wire for wire in wires if _has_comments(wire) and not wire.need_reaction]
    found = await together(
        [own_answer(list_comments(cabinet, wire.feedback_id, priority=priority)) for wire in read]
    )
    answers = {wire.feedback_id: answer for wire, answer in zip(read, found, strict=True)}
    return [
        mapping.feedback(wire, cabinet.account, answer)
        for wire in wires
        if ((answer := answers.get(wire.feedback_id)) is not None and answer.stands) is answered
    ]


async def known_or_read(cabinet: Cabinet, item: Question | Feedback, number: int) -> Answer | None:
    """The seller's answer as the record has it, or as Market has it where the record cannot say.

    A feedback that nobody has looked at has no answer, for commenting counts as looking. The number
    of comments says less: whether it counts those in moderation is not documented.
    """
    if item.answer is not None and item.answer.id is not None:
        return item.answer
    if isinstance(item, Question):
        if item.status is QuestionStatus.WAITING:
            return None
        return await own_answer(list_answers(cabinet, number, priority=Priority.INTERACTIVE))
    if item.viewed is False:
        return None
    return await own_answer(list_comments(cabinet, number, priority=Priority.INTERACTIVE))


async def read_question(api: Api, cabinet: Cabinet, number: int) -> Question:
    """One question; see ``YandexMarket.question``."""
    page = await api.questions.list(question_ids=[number])
    if not page.questions:
        raise _missing(cabinet, questions_api.LIST.name, f"there is no question {number}")
    answer = await own_answer(list_answers(cabinet, number))
    stands = answer is not None and answer.stands
    status = QuestionStatus.ANSWERED if stands else QuestionStatus.WAITING
    return mapping.question(page.questions[0], cabinet.account, status, answer)


async def read_feedback(api: Api, cabinet: Cabinet, number: int) -> Feedback:
    """One feedback; see ``YandexMarket.feedback``."""
    page = await api.feedbacks.list(feedback_ids=[number])
    if not page.feedbacks:
        raise _missing(cabinet, feedbacks_api.LIST.name, f"there is no feedback {number}")
    wire = page.feedbacks[0]
    answer = None
    if not wire.need_reaction:
        answer = await own_answer(list_comments(cabinet, number))
    return mapping.feedback(wire, cabinet.account, answer)


def _missing(cabinet: Cabinet, endpoint: str, words: str) -> NotFound:
    return NotFound(
        words, marketplace=mapping.MARKETPLACE, account=cabinet.account, endpoint=endpoint
    )


def _has_comments(wire: feedbacks_api.Feedback) -> bool:
    # Where Market does not count them, there may be some.
    return wire.statistics is None or wire.statistics.comments_count != 0


async def together(calls: Iterable[Awaitable[T]]) -> list[T]:
    """All of them; when one fails or the caller is cancelled, the others are stopped."""
    tasks = [asyncio.ensure_future(call) for call in calls]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
