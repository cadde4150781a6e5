"""Questions, their answers and comments on answers: records and generation."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from wbym.testing import JsonObject
from wbym_yandex_market.simulator import texts
from wbym_yandex_market.simulator.context import BANNED, DELETED, PUBLISHED, UNMODERATED
from wbym_yandex_market.simulator.data_texts import BUYER, SELLER, ModeratedText
from wbym_yandex_market.simulator.dates import DAY, moscow
from wbym_yandex_market.simulator.records import DatedRecord

MAX_COMMENTS = 100


@dataclass(slots=True, eq=False, kw_only=True)
class Entry(ModeratedText):
    """An answer to a question or, with `answer`, a comment on an answer."""

    question: Question
    created: int
    answer: Entry | None = None
    votes: tuple[int, int] = (0, 0)
    comments: list[Entry] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """As in `QuestionsTextEntityType`."""
        return "ANSWER" if self.answer is None else "COMMENT"

    def changed(self) -> None:
        """Drops the encoded JSON, and that of its answer."""
        self._raw = None
        if self.answer is not None:
            self.answer.changed()

    def show(self) -> JsonObject:
        """The record, as in a response."""
        shown: JsonObject = {"id": self.id, "text": self.text, "status": self.status}
        shown["createdAt"] = moscow(self.created)
        shown |= self.show_author()
        votes = {"likes": self.votes[0], "dislikes": self.votes[1]}
        if self.answer is not None:
            shown |= self.show_rights()
            if self.id % 5:
                shown["votes"] = votes
            return {**shown, "answerId": self.answer.id}
        shown |= {"canModify": self.is_ours, "votes": votes, "questionId": self.question.id}
        if self.comments or self.id % 3 == 0:
            shown["comments"] = [comment.show() for comment in self.comments[:MAX_COMMENTS]]
        elif self.id % 3 == 1:
            shown["comments"] = None
        return shown


@dataclass(slots=True, eq=False, kw_only=True)
class Question(DatedRecord):
    """A buyer's question."""

    business: int
    text: str
    offer: str
    category: int | None
    author: JsonObject
    votes: tuple[int, int] = (0, 0)
    answers: list[Entry] = field(default_factory=list)

    @property
    def waits(self) -> bool:
        """Whether the seller has not answered it yet."""
        return not any(
            answer.by == SELLER and answer.status in {PUBLISHED, UNMODERATED}
            for answer in self.answers
        )

    def show(self) -> JsonObject:
        """The record, as in a response."""
        identifiers: JsonObject = {"id": self.id, "offerId": self.offer}
        if self.category is not None:
            identifiers["categoryId"] = self.category
        return {
            "questionIdentifiers": identifiers,
            "businessId": self.business,
            "text": self.text,
            "createdAt": moscow(self.created),
            "votes": {"likes": self.votes[0], "dislikes": self.votes[1]},
            "author": self.author,
        }


def new_question(rng: random.Random, identifier: int, *, business: int, created: int) -> Question:
    """A question without answers."""
    offer, _, category, _ = texts.product(rng.randrange(texts.VOLUMES))
    author: JsonObject = {"type": BUYER, "name": rng.choice(texts.NAMES)}
    if rng.random() < 0.1:
        del author["name"]
    return Question(
        id=identifier,
        business=business,
        created=created,
        text=rng.choice(texts.QUESTIONS),
        offer=offer,
        category=category if rng.random() < 0.9 else None,
        author=author,
        votes=(rng.randrange(9), rng.randrange(3)),
    )


def question_list(
    *,
    business: int,
    cabinet: str,
    count: int,
    seed: str,
    start: int,
    days: float,
    open_share: float,
    ids: tuple[Iterator[int], Iterator[int], Iterator[int]],
) -> list[Question]:
    """Generates questions, oldest first, with answers and comments; `ids` are for these three."""
    rng = random.Random(f"questions {seed}")
    question_ids, answer_ids, comment_ids = ids
    span = int(days * DAY)
    times = sorted(start - 60 - rng.randrange(span) for _ in range(count))
    waiting = set(rng.sample(range(count), round(count * open_share)))
    generated: list[Question] = []
    for at, created in enumerate(times):
        question = new_question(rng, next(question_ids), business=business, created=created)
        generated.append(question)
        if at not in waiting:
            chance = rng.random()
            status = PUBLISHED if chance < 0.9 else UNMODERATED
            _answer(rng, question, next(answer_ids), SELLER, cabinet, rng.choice(texts.ANSWERS))
            question.answers[-1].status = status
        if rng.random() < 0.3:
            by = rng.choice((BUYER, BUYER, "VENDOR", "BRAND"))
            name = rng.choice((*texts.NAMES, None))
            _answer(rng, question, next(answer_ids), by, name, rng.choice(texts.BUYERS_ANSWERS))
        if rng.random() < 0.1:
            _answer(rng, question, next(answer_ids), SELLER, cabinet, rng.choice(texts.ANSWERS))
            question.answers[-1].status = rng.choice((BANNED, DELETED))
        for answer in question.answers:
            if rng.random() < 0.4:
                _comment(rng, answer, comment_ids)
    return generated


def _answer(
    rng: random.Random, question: Question, identifier: int, by: str, author: str | None, text: str
) -> None:
    generated = Entry(
        id=identifier,
        question=question,
        text=text,
        created=question.created + rng.randrange(60),
        by=by,
        author=author,
        votes=(rng.randrange(9), rng.randrange(3)),
    )
    question.answers.append(generated)


def _comment(rng: random.Random, answer: Entry, ids: Iterator[int]) -> None:
    parent: int | None = None
    for _ in range(rng.randint(1, 3)):
        generated = Entry(
            id=next(ids),
            question=answer.question,
            text=rng.choice(texts.COMMENTS),
            created=answer.created + rng.randrange(60),
            by=BUYER,
            author=rng.choice((*texts.NAMES, None)),
            answer=answer,
            parent=parent,
            votes=(rng.randrange(4), 0),
        )
        answer.comments.append(generated)
        parent = generated.id
