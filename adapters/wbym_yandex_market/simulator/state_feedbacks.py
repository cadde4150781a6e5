"""Feedbacks of one cabinet, and the rules of commenting on them."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Literal

from wbym.testing._answers import Body, PageCache, Refusal
from wbym_yandex_market.simulator import replies
from wbym_yandex_market.simulator.data_feedbacks import (
    SELLER,
    Comment,
    Feedback,
    comment_on,
    feedback_body,
    feedback_list,
)
from wbym_yandex_market.simulator.dates import utc
from wbym_yandex_market.simulator.desk import DELETED, Desk
from wbym_yandex_market.simulator.rows import Key, Rows
from wbym_yandex_market.simulator.texts import NAMES

_CACHE = 64 * 1024 * 1024


class Feedbacks:
    """The feedbacks of one cabinet, oldest first."""

    def __init__(self, desk: Desk, *, seed: str, start: int, order_ids: range) -> None:
        options = desk.options
        self._desk = desk
        self._rng = random.Random(f"feedbacks at work {seed}")
        self._ids = desk.numbers(1)
        self._comment_ids = desk.numbers(2)
        self._order_ids = order_ids
        self._pages = PageCache(_CACHE)
        self.rows = Rows(
            feedback_list(
                count=options.feedbacks,
                seed=seed,
                start=start,
                days=options.feedback_days,
                open_share=options.open_share,
                ids=self._ids,
                order_ids=order_ids,
            )
        )
        self.comments: dict[int, Comment] = {}
        """Every comment by its id."""
        rng = random.Random(f"comments {seed}")
        for feedback in self.rows:
            for comment in comment_on(rng, feedback, self._comment_ids, desk.name):
                self._attach(comment)
            if feedback.comments:
                feedback.update()

    @property
    def waiting(self) -> int:
        """How many need a reaction."""
        return sum(feedback.needs for feedback in self.rows)

    def page(self, span: tuple[int, int], token: Key | None, limit: int) -> Body:
        """An unfiltered page of a period; it is kept, so that it is gzipped once."""

        def build() -> bytes:
            found = self.rows.page(limit=limit, token=token, span=span)
            return replies.page_raw("feedbacks", found)

        return self._pages.get((span, token, limit), build)

    def get(self, identifier: int) -> Feedback:
        """One feedback.

        Raises:
            Refusal: When there is none.
        """
        found = self.rows.find(identifier)
        if found is None:
            raise Refusal(404, f"Feedback {identifier} not found")
        return found

    # What the seller does.

    def comment(self, identifier: int, text: str, parent: int | None) -> Comment:
        """Writes a new comment; twice the same makes two."""
        feedback = self.get(identifier)
        if parent is not None:
            self._of(feedback, parent)
        made = Comment(
            next(self._comment_ids),
            feedback,
            text,
            by=SELLER,
            author=self._desk.name,
            parent=parent,
        )
        made.status = self._moderate(made)
        self._attach(made)
        self._refresh(feedback, needReaction=False)
        self._desk.write("comment", identifier, text)
        self._tell_comment(made)
        return made

    def edit(self, identifier: int, comment_id: int, text: str) -> Comment:
        """Changes one of the seller's comments."""
        comment = self._of(self.get(identifier), comment_id)
        self._ours(comment)
        comment.text = text
        comment.revision += 1
        comment.status = self._moderate(comment)
        comment.changed()
        self._refresh(comment.feedback, needReaction=False)
        self._desk.write("comment_edit", comment_id, text)
        return comment

    def delete(self, comment_id: int) -> None:
        """Deletes one of the seller's comments; it is still listed, as `DELETED`."""
        comment = self.comments.get(comment_id)
        if comment is None:
            raise Refusal(404, f"Comment {comment_id} not found")
        self._ours(comment)
        comment.status = DELETED
        comment.revision += 1
        comment.changed()
        self._refresh(comment.feedback)
        self._desk.write("comment_delete", comment_id)

    def skip(self, identifiers: Iterable[int]) -> None:
        """Marks feedbacks as read; when one is unknown, none is marked."""
        found = [self.get(identifier) for identifier in identifiers]
        for feedback in found:
            if feedback.needs:
                self._refresh(feedback, needReaction=False)
                self._desk.write("skip", feedback.id)

    # What others do.

    def read_in_cabinet(self, identifier: int) -> None:
        """Somebody opens the feedback in the cabinet: `needReaction` falls, nothing is answered."""
        self._refresh(self.get(identifier), needReaction=False)

    def arrive(self, *, ago: float = 0.0, **fields: object) -> int:
        """A buyer leaves a feedback."""
        order_id = self._rng.choice(self._order_ids)
        body = {**feedback_body(self._rng, order_id=order_id, needs=True), **fields}
        made = Feedback(next(self._ids), int(self._desk.now() - ago), body)
        self.rows.add(made)
        self._pages.clear()
        self._desk.tell(
            "GOODS_FEEDBACK_CREATED",
            feedbackId=made.id,
            businessId=self._desk.business,
            createdAt=utc(made.created),
            publishedAt=utc(self._desk.now()),
        )
        return made.id

    def arrive_comment(
        self,
        identifier: int,
        text: str,
        *,
        parent: int | None = None,
        by: Literal["USER", "BRAND"] = "USER",
    ) -> int:
        """A buyer or a brand comments on a feedback."""
        feedback = self.get(identifier)
        author = self._rng.choice(NAMES)
        made = Comment(next(self._comment_ids), feedback, text, by=by, author=author, parent=parent)
        self._attach(made)
        self._refresh(feedback)
        self._tell_comment(made)
        return made.id

    def _tell_comment(self, comment: Comment) -> None:
        self._desk.tell(
            "GOODS_FEEDBACK_COMMENT_CREATED",
            commentId=comment.id,
            businessId=self._desk.business,
            createdAt=utc(self._desk.now()),
        )

    def _attach(self, comment: Comment) -> None:
        comment.feedback.comments.append(comment)
        self.comments[comment.id] = comment

    def _of(self, feedback: Feedback, comment_id: int) -> Comment:
        comment = self.comments.get(comment_id)
        if comment is None or comment.feedback is not feedback:
            raise Refusal(404, f"Comment {comment_id} not found in feedback {feedback.id}")
        return comment

    def _ours(self, comment: Comment) -> None:
        if not comment.is_ours:
            raise Refusal(400, f"Comment {comment.id} can not be modified")

    def _moderate(self, comment: Comment) -> str:
        revision = comment.revision

        def settle(status: str) -> None:
            if comment.revision == revision:
                comment.status = status
                comment.changed()
                self._refresh(comment.feedback)

        return self._desk.moderate(comment.text, settle)

    def _refresh(self, feedback: Feedback, **fields: object) -> None:
        feedback.update(**fields)
        self._pages.clear()
