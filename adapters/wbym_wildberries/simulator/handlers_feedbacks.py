"""The methods of feedbacks."""

from __future__ import annotations

import re

import msgspec

from wbym.testing import (
    Call,
    Handlers,
    RecordFields,
    Refusal,
    Response,
    empty_response,
    json_response,
    raw_response,
    route,
)
from wbym_wildberries.simulator import replies
from wbym_wildberries.simulator.limits import FEEDBACKS
from wbym_wildberries.simulator.requests import BadParameter, body_of, boolean, integer, required
from wbym_wildberries.simulator.state import Cabinet
from wbym_wildberries.simulator.tokens import CATEGORIES

MAX_TAKE = 5000
MAX_SKIP = 199_990
SCOPE = CATEGORIES["feedbacks"]
_OPTIONAL = (
    "answer",
    "video",
    "photoLinks",
    "bables",
    "returnProductOrdersDate",
    "parentFeedbackId",
    "childFeedbackId",
    "productDetails.supplierArticle",
    "productDetails.supplierName",
    "productDetails.brandName",
)
_WORDS = ("state", "answer.state", "orderStatus", "matchingSize")
_MIME = re.compile(r"^[\w.+-]+/[\w.+-]+$")


class _Text(msgspec.Struct):
    id: str
    text: str


class _Return(msgspec.Struct, rename="camel"):
    feedback_id: str


def order(call: Call) -> bool:
    """Whether the newest record goes first.

    Raises:
        BadParameter: When the order is not a known one.
    """
    value = call.query("order") or "dateDesc"
    if value not in {"dateAsc", "dateDesc"}:
        raise BadParameter("order")
    return value == "dateDesc"


def period(call: Call) -> tuple[int | None, int | None]:
    """`dateFrom` and `dateTo`, Unix seconds.

    Raises:
        BadParameter: When one of them is malformed.
    """
    return integer(call, "dateFrom"), integer(call, "dateTo")


_LISTED = RecordFields(("data", "feedbacks"), "id", _OPTIONAL, _WORDS)
_ONE = RecordFields(("data",), "id", _OPTIONAL, _WORDS)


class FeedbackHandlers(Handlers[Cabinet], bucket=FEEDBACKS, scope=SCOPE):
    """Serves the feedbacks of the caller's cabinet."""

    @route("GET", "/api/v1/feedbacks", records=_LISTED)
    async def show(self, call: Call) -> Response:
        """Feedbacks, processed or not, by date."""
        processed = boolean(call, "isAnswered")
        if processed is None:
            raise BadParameter("isAnswered")
        date_from, date_to = period(call)
        return self._page(call, processed, date_from, date_to)

    @route("GET", "/api/v1/feedbacks/archive", records=_LISTED)
    async def archive(self, call: Call) -> Response:
        """Archived feedbacks; takes no dates."""
        return self._page(call, None, None, None)

    def _page(
        self, call: Call, processed: bool | None, date_from: int | None, date_to: int | None
    ) -> Response:
        take = required(integer(call, "take", low=1, high=MAX_TAKE), "take")
        high = MAX_SKIP if processed is not None else None
        skip = required(integer(call, "skip", high=high), "skip")
        nm_id = integer(call, "nmId")
        newest_first = order(call)
        cabinet = self._cabinet(call)
        feedbacks, depth = cabinet.feedbacks, cabinet.options.feedbacks_depth

        def build() -> bytes:
            chosen = feedbacks.store.select(
                processed=processed is not False,
                nm_id=nm_id,
                date_from=date_from,
                date_to=date_to,
            )
            beyond = depth is not None and skip >= depth
            rows = b"[]"
            if not beyond:
                rows = feedbacks.store.page(chosen, skip=skip, take=take, newest_first=newest_first)
            counts = b""
            if processed is not None:
                counts = b'"countUnanswered":%d,"countArchive":%d,' % (
                    feedbacks.open_count,
                    feedbacks.archive_count,
                )
            return replies.data(b"{" + counts + b'"feedbacks":' + rows + b"}")

        key = (processed, nm_id, date_from, date_to, skip, take, newest_first)
        return Response(200, feedbacks.pages.get(key, build), "application/json")

    @route("GET", "/api/v1/feedback", records=_ONE)
    async def get(self, call: Call) -> Response:
        """One feedback."""
        raw = self._cabinet(call).feedbacks.raw(call.query("id") or "")
        if raw is None:
            raise Refusal(422, replies.NO_FEEDBACK)
        return raw_response(replies.data(raw))

    @route("GET", "/api/v1/feedbacks/count")
    async def count(self, call: Call) -> Response:
        """Number of feedbacks; `isAnswered` is true by default."""
        processed = boolean(call, "isAnswered")
        date_from, date_to = period(call)
        _, low, high = self._cabinet(call).feedbacks.store.select(
            processed=processed is not False, date_from=date_from, date_to=date_to
        )
        return replies.data_response(high - low)

    @route("GET", "/api/v1/feedbacks/count-unanswered")
    async def count_unanswered(self, call: Call) -> Response:
        """Number of unprocessed feedbacks, today and in all."""
        feedbacks = self._cabinet(call).feedbacks
        return replies.data_response(
            {
                "countUnanswered": feedbacks.open_count,
                "countUnansweredToday": feedbacks.open_today(),
            }
        )

    @route("GET", "/api/v1/new-feedbacks-questions")
    async def unseen(self, call: Call) -> Response:
        """Whether there are feedbacks and questions that nobody viewed."""
        cabinet = self._cabinet(call)
        return replies.data_response(
            {
                "hasNewQuestions": cabinet.questions.has_unseen(),
                "hasNewFeedbacks": cabinet.feedbacks.has_unseen(),
            }
        )

    @route("POST", "/api/v1/feedbacks/answer")
    async def answer(self, call: Call) -> Response:
        """Answers a feedback: 204 even for a wrong id."""
        body = await self._text(call)
        self._cabinet(call).feedbacks.answer(body.id, body.text)
        return empty_response(204)

    @route("PATCH", "/api/v1/feedbacks/answer")
    async def edit(self, call: Call) -> Response:
        """Edits an answer: 204 with and without effect."""
        body = await self._text(call)
        self._cabinet(call).feedbacks.edit(body.id, body.text)
        return empty_response(204)

    async def _text(self, call: Call) -> _Text:
        given = call.request.headers.get("Content-Type")
        if not given:
            raise Refusal(400, "content-type header not specified")
        kind = given.partition(";")[0].strip().lower()
        if not _MIME.match(kind):
            raise Refusal(400, f"content-type is not a valid mime-type: {given}")
        if kind != "application/json":
            raise Refusal(400, f"not a json content-type: {given}")
        try:
            body = msgspec.json.decode(await call.request.read(), type=_Text)
        except msgspec.ValidationError as error:
            raise Refusal(400, str(error)) from error
        except msgspec.DecodeError as error:
            raise Refusal(400, "Неверный синтаксис JSON") from error
        if not 2 <= len(body.text) <= 5000:
            raise Refusal(400, "text length must be between 2 and 5000")
        return body

    @route("POST", "/api/v1/feedbacks/order/return")
    async def ask_return(self, call: Call) -> Response:
        """Asks the buyer to return the item."""
        body = await body_of(call, _Return, Refusal(400, replies.BAD_BODY))
        outcome = self._cabinet(call).feedbacks.ask_return(body.feedback_id)
        if outcome == "unknown":
            raise Refusal(400, replies.BAD_ID)
        if outcome == "unable":
            raise Refusal(422, replies.NO_RETURN)
        if outcome == "repeated":
            raise Refusal(422, replies.RETURN_FAILED)
        return json_response(
            {"data": {}, "error": False, "errorText": "", "additionalErrors": None}
        )
