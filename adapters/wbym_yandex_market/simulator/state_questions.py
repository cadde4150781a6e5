"""Questions of one cabinet, and the rules of answering them."""

from __future__ import annotations

import random

from wbym.testing import JsonObject, Refusal
from wbym_yandex_market.simulator.context import DELETED, Context
from wbym_yandex_market.simulator.data_questions import (
    Entry,
    Question,
    new_question,
    question_list,
)
from wbym_yandex_market.simulator.data_texts import SELLER
from wbym_yandex_market.simulator.dates import utc
from wbym_yandex_market.simulator.records import RecordList

_EFFECTS = {"ANSWER": "answer", "COMMENT": "answer_comment"}


class Questions:
    """The questions of one cabinet, oldest first."""

    def __init__(self, context: Context) -> None:
        options = context.options
        self._context = context
        self._rng = random.Random(f"questions at work {context.seed}")
        self._ids = context.numbers(3)
        self._entry_ids = {"ANSWER": context.numbers(4), "COMMENT": context.numbers(5)}
        new = question_list(
            business=context.business,
            cabinet=context.name,
            count=options.questions,
            seed=context.seed,
            start=context.start,
            days=options.question_days,
            open_share=options.open_share,
            ids=(self._ids, self._entry_ids["ANSWER"], self._entry_ids["COMMENT"]),
        )
        self.rows = RecordList(new, noun="Question")
        self.get = self.rows.get
        self.answers: dict[int, Entry] = {}
        """Every answer by its id."""
        self.comments: dict[int, Entry] = {}
        """Every comment on an answer by its id."""
        for question in new:
            for answer in question.answers:
                self.answers[answer.id] = answer
                self.comments |= {comment.id: comment for comment in answer.comments}

    @property
    def unanswered(self) -> int:
        """Number of questions that await the seller's answer."""
        return sum(question.waits for question in self.rows)

    def create(self, parent_kind: str, parent_id: int, text: str) -> Entry:
        """Writes an answer to a question or a comment on an answer, a new one each time."""
        if parent_kind == "QUESTION":
            question = self.get(parent_id)
            new = self._new("ANSWER", question, text, None)
            question.answers.append(new)
            self.answers[new.id] = new
        elif parent_kind == "ANSWER":
            answer = self.answers.get(parent_id)
            if answer is None or answer.status == DELETED:
                raise Refusal(404, f"Answer {parent_id} not found")
            new = self._new("COMMENT", answer.question, text, answer)
            answer.comments.append(new)
            self.comments[new.id] = new
        else:
            raise Refusal(400, "A comment can not be the parent of another entity")
        new.write(self._context, text)
        self._context.write(_EFFECTS[new.kind], parent_id, text)
        if new.answer is None:
            self._notify("QUESTION_ANSWER_CREATED", new.created, answerId=new.id)
        else:
            ids = {"answerId": new.answer.id, "commentId": new.id}
            self._notify("QUESTION_COMMENT_CREATED", new.created, **ids)
        return new

    def _notify(self, kind: str, created: int, **ids: int) -> None:
        self._context.notify(kind, **ids, businessId=self._context.business, createdAt=utc(created))

    def _new(self, kind: str, question: Question, text: str, answer: Entry | None) -> Entry:
        return Entry(
            id=next(self._entry_ids[kind]),
            question=question,
            text=text,
            created=int(self._context.now()),
            by=SELLER,
            author=self._context.name,
            answer=answer,
        )

    def update(self, kind: str, identifier: int, text: str) -> None:
        """Changes an answer or comment of the seller's."""
        entry = self._own(kind, identifier)
        entry.write(self._context, text)
        edited = entry.question.id if kind == "ANSWER" else identifier
        self._context.write(f"{_EFFECTS[kind]}_edit", edited, text)

    def delete(self, kind: str, identifier: int) -> None:
        """Deletes an answer or comment of the seller's; it is still listed, as `DELETED`."""
        entry = self._own(kind, identifier)
        entry.delete()
        self._context.write(f"{_EFFECTS[kind]}_delete", identifier)

    def _own(self, kind: str, identifier: int) -> Entry:
        if kind == "QUESTION":
            raise Refusal(400, "A question can not be changed by a seller")
        found = (self.answers if kind == "ANSWER" else self.comments).get(identifier)
        if found is None:
            raise Refusal(404, f"{kind.capitalize()} {identifier} not found")
        if not found.is_ours:
            raise Refusal(400, f"{kind.capitalize()} {identifier} can not be modified")
        return found

    def arrive(self, text: str | None = None, *, ago: float = 0.0, offer: str | None = None) -> int:
        """A buyer asks a question; returns its id."""
        new = new_question(
            self._rng,
            next(self._ids),
            business=self._context.business,
            created=int(self._context.now() - ago),
        )
        new.text = new.text if text is None else text
        new.offer = new.offer if offer is None else offer
        self.rows.add(new)
        self._notify("QUESTION_CREATED", new.created, questionId=new.id)
        return new.id

    def entity(self, entry: Entry) -> JsonObject:
        """The result of a creation."""
        return {"entity": {"id": entry.id, "type": entry.kind}}
