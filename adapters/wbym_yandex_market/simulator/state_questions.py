"""Questions of one cabinet, and the rules of answering them."""

from __future__ import annotations

import random

from wbym.testing._answers import Refusal
from wbym_yandex_market.simulator.data_questions import (
    SELLER,
    Entry,
    Question,
    new_question,
    question_list,
)
from wbym_yandex_market.simulator.dates import utc
from wbym_yandex_market.simulator.desk import DELETED, Desk
from wbym_yandex_market.simulator.rows import Json, Rows

_EFFECTS = {"ANSWER": "answer", "COMMENT": "answer_comment"}


class Questions:
    """The questions of one cabinet, oldest first."""

    def __init__(self, desk: Desk, *, seed: str, start: int) -> None:
        options = desk.options
        self._desk = desk
        self._rng = random.Random(f"questions at work {seed}")
        self._ids = desk.numbers(3)
        self._entry_ids = {"ANSWER": desk.numbers(4), "COMMENT": desk.numbers(5)}
        made = question_list(
            business=desk.business,
            cabinet=desk.name,
            count=options.questions,
            seed=seed,
            start=start,
            days=options.question_days,
            open_share=options.open_share,
            ids=(self._ids, self._entry_ids["ANSWER"], self._entry_ids["COMMENT"]),
        )
        self.rows = Rows(made)
        self.answers: dict[int, Entry] = {}
        """Every answer by its id."""
        self.comments: dict[int, Entry] = {}
        """Every comment on an answer by its id."""
        for question in made:
            for answer in question.answers:
                self.answers[answer.id] = answer
                self.comments |= {comment.id: comment for comment in answer.comments}

    @property
    def unanswered(self) -> int:
        """How many wait for the seller's answer."""
        return sum(question.waits for question in self.rows)

    def get(self, identifier: int) -> Question:
        """One question.

        Raises:
            Refusal: When there is none.
        """
        found = self.rows.find(identifier)
        if found is None:
            raise Refusal(404, f"Question {identifier} not found")
        return found

    def create(self, parent_kind: str, parent_id: int, text: str) -> Entry:
        """Writes an answer to a question or a comment on an answer; twice makes two."""
        if parent_kind == "QUESTION":
            question = self.get(parent_id)
            made = self._new("ANSWER", question, text, None)
            question.answers.append(made)
            self.answers[made.id] = made
        elif parent_kind == "ANSWER":
            answer = self.answers.get(parent_id)
            if answer is None or answer.status == DELETED:
                raise Refusal(404, f"Answer {parent_id} not found")
            made = self._new("COMMENT", answer.question, text, answer)
            answer.comments.append(made)
            self.comments[made.id] = made
        else:
            raise Refusal(400, "A comment can not be the parent of another entity")
        made.status = self._moderate(made)
        made.touched()
        self._desk.write(_EFFECTS[made.kind], parent_id, text)
        if made.answer is None:
            self._tell("QUESTION_ANSWER_CREATED", made.created, answerId=made.id)
        else:
            ids = {"answerId": made.answer.id, "commentId": made.id}
            self._tell("QUESTION_COMMENT_CREATED", made.created, **ids)
        return made

    def _tell(self, kind: str, created: int, **ids: int) -> None:
        self._desk.tell(kind, **ids, businessId=self._desk.business, createdAt=utc(created))

    def _new(self, kind: str, question: Question, text: str, answer: Entry | None) -> Entry:
        return Entry(
            next(self._entry_ids[kind]),
            question,
            text,
            created=int(self._desk.now()),
            by=SELLER,
            author=self._desk.name,
            answer=answer,
        )

    def update(self, kind: str, identifier: int, text: str) -> None:
        """Changes an answer or comment of the seller's."""
        entry = self._own(kind, identifier)
        entry.text = text
        entry.revision += 1
        entry.status = self._moderate(entry)
        entry.touched()
        self._desk.write(f"{_EFFECTS[kind]}_edit", identifier, text)

    def delete(self, kind: str, identifier: int) -> None:
        """Deletes an answer or comment of the seller's; it is still listed, as `DELETED`."""
        entry = self._own(kind, identifier)
        entry.status = DELETED
        entry.revision += 1
        entry.touched()
        self._desk.write(f"{_EFFECTS[kind]}_delete", identifier)

    def _own(self, kind: str, identifier: int) -> Entry:
        if kind == "QUESTION":
            raise Refusal(400, "A question can not be changed by a seller")
        found = (self.answers if kind == "ANSWER" else self.comments).get(identifier)
        if found is None:
            raise Refusal(404, f"{kind.capitalize()} {identifier} not found")
        if not found.is_ours:
            raise Refusal(400, f"{kind.capitalize()} {identifier} can not be modified")
        return found

    def _moderate(self, entry: Entry) -> str:
        revision = entry.revision

        def settle(status: str) -> None:
            if entry.revision == revision:
                entry.status = status
                entry.touched()

        return self._desk.moderate(entry.text, settle)

    def arrive(self, text: str | None = None, *, ago: float = 0.0, offer: str | None = None) -> int:
        """A buyer asks a question."""
        made = new_question(
            self._rng,
            next(self._ids),
            business=self._desk.business,
            created=int(self._desk.now() - ago),
        )
        made.text = made.text if text is None else text
        made.offer = made.offer if offer is None else offer
        self.rows.add(made)
        self._tell("QUESTION_CREATED", made.created, questionId=made.id)
        return made.id

    def entity(self, entry: Entry) -> Json:
        """What the answer to a creation holds."""
        return {"entity": {"id": entry.id, "type": entry.kind}}
