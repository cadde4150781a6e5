"""Answers to questions and comments under feedbacks: finding the seller's, writing, changing."""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from functools import partial
from typing import TypeVar

from wbym.domain import Answer, Feedback, Question, QuestionStatus
from wbym.errors import NotFound
from wbym.limits import Priority
from wbym.paging import Listing
from wbym_yandex_market import mapping
from wbym_yandex_market.api import Api

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


def list_comments(api: Api, feedback_id: int) -> Listing[Answer]:
    """The comments under a feedback, in the order in which they were published."""
    return api.feedbacks.comments(feedback_id).map(mapping.comment)


def list_answers(api: Api, question_id: int) -> Listing[Answer]:
    """The answers to a question, the seller's and others'."""
    return api.questions.answers(question_id).map(mapping.answer)


async def own_answer(listing: Listing[Answer]) -> Answer | None:
    """The seller's answer among all; only as many pages are read as are needed."""
    best: Answer | None = None
    async for page in listing.pages():
        best = mapping.own([*page.items, *([best] if best is not None else [])])
        if best is not None and best.stands:
            return best
    return best


async def with_answers(api: Api, items: Sequence[Feedback], *, answered: bool) -> list[Feedback]:
    """Those with an answer of the seller, or those without, each with what was found.

    Comments are read only where they decide: not where there are none, and not where nobody has
    looked at the feedback, for commenting counts as looking. Where Market does not count them,
    there may be some.
    """
    read = [item for item in items if item.comments != 0 and item.viewed is not False]
    found = await together([own_answer(list_comments(api, int(item.ref.id))) for item in read])
    answers = {item.ref.id: answer for item, answer in zip(read, found, strict=True)}
    known = [
        mapping.known(item, answer=answer) if (answer := answers.get(item.ref.id)) else item
        for item in items
    ]
    return [item for item in known if bool(item.answer and item.answer.stands) is answered]


async def known_or_read(api: Api, item: Question | Feedback, number: int) -> Answer | None:
    """The seller's answer as the record has it, or as Market has it where the record cannot say.

    A feedback that nobody has looked at has no answer, for commenting counts as looking. The number
    of comments says less: whether it counts those in moderation is not documented.
    """
    if item.answer is not None and item.answer.id is not None:
        return item.answer
    api = api.at(Priority.INTERACTIVE)
    if isinstance(item, Question):
        if item.status is QuestionStatus.WAITING:
            return None
        return await own_answer(list_answers(api, number))
    if item.viewed is False:
        return None
    return await own_answer(list_comments(api, number))


async def read_question(api: Api, account: str, number: int) -> Question:
    """One question; see ``YandexMarket.question``."""
    found = api.questions.list(question_ids=[number])
    page = await found.map(partial(mapping.question, account=account)).page()
    if not page.items:
        raise _missing(account, "questions.list", f"there is no question {number}")
    answer = await own_answer(list_answers(api, number))
    stands = answer is not None and answer.stands
    status = QuestionStatus.ANSWERED if stands else QuestionStatus.WAITING
    return mapping.known(page.items[0], status=status, answer=answer)


async def read_feedback(api: Api, account: str, number: int) -> Feedback:
    """One feedback; see ``YandexMarket.feedback``."""
    found = api.feedbacks.list(feedback_ids=[number])
    page = await found.map(partial(mapping.feedback, account=account)).page()
    if not page.items:
        raise _missing(account, "feedbacks.list", f"there is no feedback {number}")
    item = page.items[0]
    if item.viewed is False:
        return item
    return mapping.known(item, answer=await own_answer(list_comments(api, number)))


def _missing(account: str, endpoint: str, words: str) -> NotFound:
    return NotFound(words, marketplace=mapping.MARKETPLACE, account=account, endpoint=endpoint)


async def together(calls: Iterable[Awaitable[T]]) -> list[T]:
    """All of them; when one fails or the caller is cancelled, the others are stopped."""
    tasks = [asyncio.ensure_future(call) for call in calls]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
