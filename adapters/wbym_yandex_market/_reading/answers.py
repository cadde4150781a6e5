"""Answers to questions, comments under feedbacks, and the seller's own among them."""

from __future__ import annotations  # the API's modules are loaded at their first use

import asyncio
from collections.abc import Awaitable, Iterable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from wbym.domain import Answer, Feedback, Question, QuestionStatus
from wbym.errors import CallError, NotFound, UnreadableReply
from wbym.paging import Listing, Page
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
    """The comments under a feedback, in the order of publication."""
    return api.feedbacks.comments(feedback_id).map(mapping.comment)


def list_answers(api: Api, question_id: int) -> Listing[Answer]:
    """The answers to a question, the seller's and others'."""
    return api.questions.answers(question_id).map(mapping.answer)


class OwnAnswer(NamedTuple):
    """The seller's answer among all, as far as they can be decoded."""

    answer: Answer | None
    is_certain: bool
    """False if there is no answer except perhaps a record that cannot be decoded."""


async def read_own_answer(listing: Listing[Answer]) -> OwnAnswer:
    """The seller's answer among all; stops at the page with a standing answer."""
    best: Answer | None = None
    is_certain = True
    async for page in listing.pages():
        best = mapping.own_answer([*page.items, *([best] if best is not None else [])])
        if best is not None and best.stands:
            return OwnAnswer(best, is_certain=True)
        is_certain = is_certain and not page.undecodable
    return OwnAnswer(best if is_certain else None, is_certain)


async def question_with_answer(api: Api, item: Question) -> Question:
    """The question with the seller's own answer as Market has it now; usually one request.

    Its status is UNKNOWN if an answer that cannot be decoded may be the seller's.
    """
    answer, is_certain = await read_own_answer(list_answers(api, int(item.ref.id)))
    stands = answer is not None and answer.stands
    status = QuestionStatus.ANSWERED if stands else QuestionStatus.WAITING
    if not is_certain:
        status = QuestionStatus.UNKNOWN
    return mapping.with_fields(item, status=status, answer=answer)


async def feedback_with_answer(api: Api, item: Feedback) -> Feedback:
    """The feedback with the seller's own comment as Market has it now; usually one request.

    Only the comments decide, not whether somebody viewed the feedback: an edit by the buyer marks
    it as unseen again. ``answer_known`` is False if a comment that cannot be decoded may be the
    seller's.
    """
    answer, is_certain = await read_own_answer(list_comments(api, int(item.ref.id)))
    return mapping.with_fields(item, answer=answer, answer_known=is_certain)


async def read_question(api: Api, account: str, number: int) -> Question:
    """Read one question; see ``Account.get``."""
    found = api.questions.list(question_ids=[number])
    page = await found.map(partial(mapping.question, account=account)).page()
    if not page.items:
        raise _missing(page, account, "questions.list", f"question {number}")
    return await question_with_answer(api, page.items[0])


async def read_feedback(api: Api, account: str, number: int) -> Feedback:
    """Read one feedback; see ``Account.get``.

    Its comments are read even if their number is 0: Market does not say whether it counts comments
    in moderation.
    """
    found = api.feedbacks.list(feedback_ids=[number])
    page = await found.map(partial(mapping.feedback, account=account)).page()
    if not page.items:
        raise _missing(page, account, "feedbacks.list", f"feedback {number}")
    return await feedback_with_answer(api, page.items[0])


def _missing(
    page: Page[Question] | Page[Feedback], account: str, endpoint: str, what: str
) -> CallError:
    """The error for a page without the record that was asked for."""
    error: type[CallError] = UnreadableReply if page.undecodable else NotFound
    reason = "cannot be decoded" if page.undecodable else "does not exist"
    return error(
        f"{what} {reason}", marketplace=mapping.MARKETPLACE, account=account, endpoint=endpoint
    )


async def gather_or_cancel(calls: Iterable[Awaitable[T]]) -> list[T]:
    """Await all calls; if one fails or the caller is cancelled, cancel the others."""
    tasks = [asyncio.ensure_future(call) for call in calls]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
