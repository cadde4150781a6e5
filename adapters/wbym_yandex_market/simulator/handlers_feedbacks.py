"""The methods of feedbacks on goods."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from wbym.testing import Call, Handlers, RecordFields, Refusal, Response, route
from wbym_yandex_market.simulator import dates, replies
from wbym_yandex_market.simulator.data_feedbacks import Feedback
from wbym_yandex_market.simulator.records import RecordList
from wbym_yandex_market.simulator.requests import as_seller, body, limit, token, unique
from wbym_yandex_market.simulator.state import Cabinet
from wbym_yandex_market.simulator.tokens import TALK

MONTHS = 6
PAGE, MAX_PAGE = 25, 50
_PATH = "/v2/businesses/{businessId}/goods-feedback"
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


class FeedbackHandlers(Handlers[Cabinet], scope=TALK):
    """Serves the feedbacks of the business in the URL."""

    @route(
        "POST",
        _PATH,
        bucket="getGoodsFeedbacks",
        writes=False,
        records=RecordFields(
            ("result", "feedbacks"), "feedbackId", ("author", "description", "media")
        ),
    )
    async def list(self, call: Call) -> Response:
        """Feedbacks of a period, both ends excluded."""
        asked = await body(call, _List, required=False)
        size, after = limit(call, PAGE, MAX_PAGE), token(call)
        unique(asked.feedback_ids, "feedbackIds", 50)
        unique(asked.rating_values, "ratingValues", 5)
        unique(asked.offer_ids, "offerIds", 20)
        feedbacks = self._cabinet(call).feedbacks
        if asked.feedback_ids is not None:
            if asked != _List(feedback_ids=asked.feedback_ids):
                raise Refusal(400, "feedbackIds can not be used with other filters")
            found = [feedbacks.rows.find(identifier) for identifier in asked.feedback_ids]
            some = RecordList(one for one in found if one is not None)
            return replies.page("feedbacks", some.page(limit=size, token=after))
        span = feedbacks.rows.between(*_period(asked, call.now))
        wanted = _wanted(asked)
        if wanted is None:
            return feedbacks.page(span, after, size)
        page = feedbacks.rows.page(limit=size, token=after, span=span, wanted=wanted)
        return replies.page("feedbacks", page)

    @route(
        "POST",
        f"{_PATH}/comments",
        bucket="getGoodsFeedbackComments",
        writes=False,
        records=RecordFields(
            ("result", "comments"),
            "id",
            ("canModify", "parentId", "author"),
            ("status", "author.type"),
        ),
    )
    async def comments(self, call: Call) -> Response:
        """Comments of a feedback, or some by their ids."""
        as_seller(call)
        asked = await body(call, _Comments)
        size, after = limit(call, PAGE, MAX_PAGE), token(call)
        unique(asked.comment_ids, "commentIds", 50)
        feedbacks = self._cabinet(call).feedbacks
        if (asked.feedback_id is None) == (asked.comment_ids is None):
            raise Refusal(400, "One of feedbackId and commentIds must be given")
        if asked.feedback_id is not None:
            found = feedbacks.get(asked.feedback_id).comments
        else:
            ids = asked.comment_ids or []
            found = [feedbacks.comments[number] for number in ids if number in feedbacks.comments]
        return replies.page("comments", RecordList(found).page(limit=size, token=after))

    @route("POST", f"{_PATH}/comments/update", bucket="updateGoodsFeedbackComment")
    async def update(self, call: Call) -> Response:
        """Edits a comment; without `id` creates a new one each time."""
        as_seller(call)
        asked = await body(call, _Update)
        feedbacks = self._cabinet(call).feedbacks
        given = asked.comment
        if given.id is None:
            comment = feedbacks.comment(asked.feedback_id, given.text, given.parent_id)
        else:
            comment = feedbacks.edit(asked.feedback_id, given.id, given.text)
        return replies.result_raw(comment.raw)

    @route("POST", f"{_PATH}/comments/delete", bucket="deleteGoodsFeedbackComment")
    async def delete(self, call: Call) -> Response:
        """Deletes a comment."""
        as_seller(call)
        self._cabinet(call).feedbacks.delete((await body(call, _Delete)).id)
        return replies.empty()

    @route("POST", f"{_PATH}/skip-reaction", bucket="skipGoodsFeedbacksReaction")
    async def skip(self, call: Call) -> Response:
        """Marks feedbacks as read."""
        as_seller(call)
        asked = await body(call, _Skip)
        unique(asked.feedback_ids, "feedbackIds", 50)
        self._cabinet(call).feedbacks.skip(asked.feedback_ids)
        return replies.empty()


def _period(asked: _List, now: float) -> tuple[int, int]:
    """First and last second of the period, both excluded."""
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
    """The filter of a list; None if all feedbacks are wanted."""
    waiting = asked.reaction_status == "NEED_REACTION"
    stars = None if asked.rating_values is None else frozenset(asked.rating_values)
    offers = None if asked.offer_ids is None else {offer.strip() for offer in asked.offer_ids}
    paid = asked.paid
    if not waiting and stars is None and offers is None and paid is None:
        return None

    def wanted(feedback: Feedback) -> bool:
        return (
            (feedback.needs_reaction or not waiting)
            and (stars is None or feedback.rating in stars)
            and (offers is None or feedback.offer in offers)
            and (paid is None or feedback.paid == paid)
        )

    return wanted
