"""Feedbacks of one cabinet, and the rules of commenting on them."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Literal

from wbym.testing import PageCache, Refusal, Response, raw_response
from wbym_yandex_market.simulator import replies
from wbym_yandex_market.simulator.context import Context
from wbym_yandex_market.simulator.data_feedbacks import (
    Comment,
    Feedback,
    comment_on,
    feedback_body,
    feedback_list,
)
from wbym_yandex_market.simulator.data_texts import SELLER
from wbym_yandex_market.simulator.dates import utc
from wbym_yandex_market.simulator.records import Key, RecordList
from wbym_yandex_market.simulator.texts import NAMES

_CACHE = 64 * 1024 * 1024


class Feedbacks:
    """The feedbacks of one cabinet, oldest first."""

    def __init__(self, context: Context, *, order_ids: range) -> None:
        options = context.options
        self._context = context
        self._rng = random.Random(f"feedbacks at work {context.seed}")
        self._ids = context.numbers(1)
        self._comment_ids = context.numbers(2)
        self._order_ids = order_ids
        self._pages = PageCache(_CACHE)
        new = feedback_list(
            count=options.feedbacks,
            seed=context.seed,
            start=context.start,
            days=options.feedback_days,
            open_share=options.open_share,
            ids=self._ids,
            order_ids=order_ids,
        )
        self.rows = RecordList(new, noun="Feedback")
        self.get = self.rows.get
        self.comments: dict[int, Comment] = {}
        """Every comment by its id."""
        rng = random.Random(f"comments {context.seed}")
        for feedback in self.rows:
            for comment in comment_on(rng, feedback, self._comment_ids, context.name):
                self._keep(comment)
            if feedback.comments:
                feedback.update()

    @property
    def waiting(self) -> int:
        """Number of feedbacks that need a reaction."""
        return sum(feedback.needs_reaction for feedback in self.rows)

    def page(self, span: tuple[int, int], token: Key | None, limit: int) -> Response:
        """An unfiltered page of a period; it is cached, so that it is gzipped once."""

        def build() -> bytes:
            found = self.rows.page(limit=limit, token=token, span=span)
            return replies.page_raw("feedbacks", found)

        return raw_response(self._pages.get((span, token, limit), build))

    # Acts of the seller.

    def comment(self, identifier: int, text: str, parent: int | None) -> Comment:
        """Writes a new comment; equal texts create separate comments."""
        feedback = self.get(identifier)
        if parent is not None:
            self._of(feedback, parent)
        new = self._attach(feedback, text, SELLER, self._context.name, parent)
        new.write(self._context, text, lambda: self._refresh(feedback))
        self._refresh(feedback, needReaction=False)
        self._context.write("comment", identifier, text)
        self._notify_comment(new)
        return new

    def edit(self, identifier: int, comment_id: int, text: str) -> Comment:
        """Changes one of the seller's comments."""
        comment = self._of(self.get(identifier), comment_id)
        self._ours(comment)
        comment.write(self._context, text, lambda: self._refresh(comment.feedback))
        self._refresh(comment.feedback, needReaction=False)
        self._context.write("comment_edit", identifier, text)
        return comment

    def delete(self, comment_id: int) -> None:
        """Deletes one of the seller's comments; it is still listed, as `DELETED`."""
        comment = self.comments.get(comment_id)
        if comment is None:
            raise Refusal(404, f"Comment {comment_id} not found")
        self._ours(comment)
        comment.delete()
        self._refresh(comment.feedback)
        self._context.write("comment_delete", comment_id)

    def skip(self, identifiers: Iterable[int]) -> None:
        """Marks feedbacks as read: none of them if one is unknown."""
        found = [self.get(identifier) for identifier in identifiers]
        for feedback in found:
            if feedback.needs_reaction:
                self._refresh(feedback, needReaction=False)
                self._context.write("skip", feedback.id)

    # Acts of others.

    def read_in_cabinet(self, identifier: int) -> None:
        """Views the feedback in the cabinet: `needReaction` becomes false, without an answer."""
        self._refresh(self.get(identifier), needReaction=False)

    def arrive(self, *, ago: float = 0.0, **fields: object) -> int:
        """A buyer leaves a feedback.

        Args:
            ago: Seconds since it was left.
            fields: Fields of the feedback to set, such as `author` or `description`.

        Returns:
            Its id.
        """
        order_id = self._rng.choice(self._order_ids)
        body = {**feedback_body(self._rng, order_id=order_id, needs=True), **fields}
        created = int(self._context.now() - ago)
        new = Feedback(id=next(self._ids), created=created, body=body)
        self.rows.add(new)
        self._pages.clear()
        self._context.notify(
            "GOODS_FEEDBACK_CREATED",
            feedbackId=new.id,
            businessId=self._context.business,
            createdAt=utc(new.created),
            publishedAt=utc(self._context.now()),
        )
        return new.id

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
        new = self._attach(feedback, text, by, author, parent)
        self._refresh(feedback)
        self._notify_comment(new)
        return new.id

    def _notify_comment(self, comment: Comment) -> None:
        self._context.notify(
            "GOODS_FEEDBACK_COMMENT_CREATED",
            commentId=comment.id,
            businessId=self._context.business,
            createdAt=utc(self._context.now()),
        )

    def _attach(
        self, feedback: Feedback, text: str, by: str, author: str, parent: int | None
    ) -> Comment:
        new = Comment(
            id=next(self._comment_ids),
            feedback=feedback,
            text=text,
            by=by,
            author=author,
            parent=parent,
        )
        self._keep(new)
        return new

    def _keep(self, comment: Comment) -> None:
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

    def _refresh(self, feedback: Feedback, **fields: object) -> None:
        feedback.update(**fields)
        self._pages.clear()
