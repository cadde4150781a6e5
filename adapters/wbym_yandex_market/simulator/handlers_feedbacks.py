"""The methods of feedbacks on goods."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from wbym.testing._answers import Answer, Refusal
from wbym.testing._server import Call, Handlers, Route
from wbym.testing._spoil import Records
from wbym_yandex_market.simulator import dates, replies
from wbym_yandex_market.simulator.data_feedbacks import Feedback
from wbym_yandex_market.simulator.requests import as_seller, body, limit, token, unique
from wbym_yandex_market.simulator.rows import Rows
from wbym_yandex_market.simulator.state import Cabinet
from wbym_yandex_market.simulator.tokens import TALK, TALK_READ

MONTHS = 6
PAGE, MOST = 25, 50
Moment = Annotated[datetime, Meta(tz=True)]
Text = Annotated[str, Meta(min_length=1, max_length=4096)]
Stars = Annotated[int, Meta(ge=1, le=5)]
Sku = Annotated[str, Meta(min_length=1, max_length=255)]


class _List(msgspec.Struct, rename="camel"):
    feedback_ids: list[int] | None = None
    date_time_from: Moment | None = None
    date_time_to: Moment | None = None
    reaction_status: Literal["ALL", "NEED_REACTION"] | None = None
    rating_values: list[Stars] | None = None
    offer_ids: list[Sku] | None = None
    paid: bool | None = None


class _Comments(msgspec.Struct, rename="camel"):
    feedback_id: int | None = None
    comment_ids: list[int] | None = None


class _Comment(msgspec.Struct, rename="camel"):
    text: Text
    id: int | None = None
    parent_id: int | None = None


class _Update(msgspec.Struct, rename="camel"):
    feedback_id: int
    comment: _Comment


class _Delete(msgspec.Struct):
    id: int


class _Skip(msgspec.Struct, rename="camel"):
    feedback_ids: list[int]


class FeedbackHandlers(Handlers[Cabinet]):
    """Serves the feedbacks of the business in the URL."""

    def routes(self) -> list[Route]:
        """The table of methods."""
        listed = Records(
            ("result", "feedbacks"), "feedbackId", ("author", "description", "media"), ()
        )
        comments = Records(
            ("result", "comments"),
            "id",
            ("canModify", "parentId", "author"),
            ("status", "author.type"),
        )
        path = "/v2/businesses/{businessId}/goods-feedback"
        return [
            Route("POST", path, self.list, "getGoodsFeedbacks", TALK_READ, False, listed),
            Route(
                "POST",
                f"{path}/comments",
                self.comments,
                "getGoodsFeedbackComments",
                TALK_READ,
                False,
                comments,
            ),
            Route(
                "POST",
                f"{path}/comments/update",
                self.update,
                "updateGoodsFeedbackComment",
                TALK,
                True,
            ),
            Route(
                "POST",
                f"{path}/comments/delete",
                self.delete,
                "deleteGoodsFeedbackComment",
                TALK,
                True,
            ),
            Route(
                "POST", f"{path}/skip-reaction", self.skip, "skipGoodsFeedbacksReaction", TALK, True
            ),
        ]

    async def list(self, call: Call) -> Answer:
        """`POST v2/businesses/{businessId}/goods-feedback`: both ends of the period excluded."""
        asked = await body(call, _List, required=False)
        size, after = limit(call, PAGE, MOST), token(call)
        unique(asked.feedback_ids, "feedbackIds", 50)
        unique(asked.rating_values, "ratingValues", 5)
        unique(asked.offer_ids, "offerIds", 20)
        feedbacks = self._cabinet(call).feedbacks
        if asked.feedback_ids is not None:
            if asked != _List(feedback_ids=asked.feedback_ids):
                raise Refusal(400, "feedbackIds can not be used with other filters")
            found = [feedbacks.rows.find(identifier) for identifier in asked.feedback_ids]
            some = Rows(row for row in found if row is not None)
            return replies.page("feedbacks", some.page(limit=size, token=after))
        span = feedbacks.rows.span(*_period(asked, call.now))
        wanted = _wanted(asked)
        if wanted is None:
            return Answer(200, feedbacks.page(span, after, size), replies.JSON)
        page = feedbacks.rows.page(limit=size, token=after, span=span, wanted=wanted)
        return replies.page("feedbacks", page)

    async def comments(self, call: Call) -> Answer:
        """`POST .../comments`: of a feedback, or some by their ids."""
        as_seller(call)
        asked = await body(call, _Comments)
        size, after = limit(call, PAGE, MOST), token(call)
        unique(asked.comment_ids, "commentIds", 50)
        feedbacks = self._cabinet(call).feedbacks
        if (asked.feedback_id is None) == (asked.comment_ids is None):
            raise Refusal(400, "One of feedbackId and commentIds must be given")
        if asked.feedback_id is not None:
            found = feedbacks.get(asked.feedback_id).comments
        else:
            ids = asked.comment_ids or []
            found = [feedbacks.comments[number] for number in ids if number in feedbacks.comments]
        return replies.page("comments", Rows(found).page(limit=size, token=after))

    async def update(self, call: Call) -> Answer:
        """`POST .../comments/update`: without `id` it makes a new comment each time."""
        as_seller(call)
        asked = await body(call, _Update)
        feedbacks = self._cabinet(call).feedbacks
        given = asked.comment
        if given.id is None:
            comment = feedbacks.comment(asked.feedback_id, given.text, given.parent_id)
        else:
            comment = feedbacks.edit(asked.feedback_id, given.id, given.text)
        return replies.result_raw(comment.raw)

    async def delete(self, call: Call) -> Answer:
        """`POST .../comments/delete`."""
        as_seller(call)
        self._cabinet(call).feedbacks.delete((await body(call, _Delete)).id)
        return replies.empty()

    async def skip(self, call: Call) -> Answer:
        """`POST .../skip-reaction`."""
        as_seller(call)
        asked = await body(call, _Skip)
        unique(asked.feedback_ids, "feedbackIds", 50)
        self._cabinet(call).feedbacks.skip(asked.feedback_ids)
        return replies.empty()


def _period(asked: _List, now: float) -> tuple[int, int]:
    """The whole seconds between which, both excluded, the feedbacks lie."""
    until = asked.date_time_to or dates.at(now)
    earliest = dates.months_before(until.astimezone(dates.MOSCOW), MONTHS)
    since = asked.date_time_from or earliest
    if since > until:
        raise Refusal(400, "dateTimeFrom must be before dateTimeTo")
    if since < earliest:
        raise Refusal(400, f"Period must not be longer than {MONTHS} months")
    after = int(since.timestamp() // 1)
    if asked.date_time_to is None:
        return after, int(now) + 1
    return after, int(-(-until.timestamp() // 1))


def _wanted(asked: _List) -> Callable[[Feedback], bool] | None:
    """The filter of a list; None when everything is wanted."""
    waiting = asked.reaction_status == "NEED_REACTION"
    stars = None if asked.rating_values is None else frozenset(asked.rating_values)
    offers = None if asked.offer_ids is None else {offer.strip() for offer in asked.offer_ids}
    paid = asked.paid
    if not waiting and stars is None and offers is None and paid is None:
        return None

    def wanted(feedback: Feedback) -> bool:
        return (
            (feedback.needs or not waiting)
            and (stars is None or feedback.rating in stars)
            and (offers is None or feedback.offer in offers)
            and (paid is None or feedback.paid == paid)
        )

    return wanted
