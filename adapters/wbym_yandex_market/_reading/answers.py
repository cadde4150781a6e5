"""Answers to questions and comments under feedbacks: which of them is the seller's own."""

from __future__ import annotations  # the API's modules are loaded at their first use

import asyncio
from collections.abc import Awaitable, Iterable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from wbym.domain import Answer, Feedback, Question, QuestionStatus
from wbym.errors import NotFound
from wbym.paging import Listing
from wbym_yandex_market import _mapping as mapping

if TYPE_CHECKING:
    from wbym_yandex_market.api import Api

__all__ = [
    "feedback_with_answer",
    "gather_or_cancel",
    "list_answers",
    "list_comments",
    "question_with_answer",
    "read_feedback",
    "read_own_answer",
    "read_question",
]

T = TypeVar("T")


def list_comments(api: Api, feedback_id: int) -> Listing[Answer]:
    """The comments under a feedback, in the order in which they were published."""
    return api.feedbacks.comments(feedback_id).map(mapping.comment)


def list_answers(api: Api, question_id: int) -> Listing[Answer]:
    """The answers to a question, the seller's and others'."""
    return api.questions.answers(question_id).map(mapping.answer)


async def read_own_answer(listing: Listing[Answer]) -> Answer | None:
    """The seller's answer among all; only as many pages are read as are needed."""
    best: Answer | None = None
    async for page in listing.pages():
        best = mapping.own_answer([*page.items, *([best] if best is not None else [])])
        if best is not None and best.stands:
            return best
    return best


async def question_with_answer(api: Api, item: Question) -> Question:
    """The question with the seller's own answer as Market has it now; one request as a rule."""
    answer = await read_own_answer(list_answers(api, int(item.ref.id)))
    stands = answer is not None and answer.stands
    status = QuestionStatus.ANSWERED if stands else QuestionStatus.WAITING
    return mapping.with_fields(item, status=status, answer=answer)


async def feedback_with_answer(api: Api, item: Feedback) -> Feedback:
    """The feedback with the seller's own comment as Market has it now; one request as a rule.

    Comments alone decide. That somebody has looked at the feedback says nothing: it counts as
    unseen again when the buyer edits it.
    """
    answer = await read_own_answer(list_comments(api, int(item.ref.id)))
    return mapping.with_fields(item, answer=answer, answer_known=True)


async def read_question(api: Api, account: str, number: int) -> Question:
    """One question; see ``Account.get``."""
    found = api.questions.list(question_ids=[number])
    page = await found.map(partial(mapping.question, account=account)).page()
    if not page.items:
        raise _not_found(account, "questions.list", f"there is no question {number}")
    return await question_with_answer(api, page.items[0])


async def read_feedback(api: Api, account: str, number: int) -> Feedback:
    """One feedback; see ``Account.get``.

    Its comments are read whatever their number: Market does not say whether it counts those in
    moderation.
    """
    found = api.feedbacks.list(feedback_ids=[number])
    page = await found.map(partial(mapping.feedback, account=account)).page()
    if not page.items:
        raise _not_found(account, "feedbacks.list", f"there is no feedback {number}")
    return await feedback_with_answer(api, page.items[0])


def _not_found(account: str, endpoint: str, words: str) -> NotFound:
    return NotFound(words, marketplace=mapping.MARKETPLACE, account=account, endpoint=endpoint)


async def gather_or_cancel(calls: Iterable[Awaitable[T]]) -> list[T]:
    """All of them; when one fails or the caller is cancelled, the others are stopped."""
    tasks = [asyncio.ensure_future(call) for call in calls]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
