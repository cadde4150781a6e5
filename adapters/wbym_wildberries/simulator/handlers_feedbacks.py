"""The methods of feedbacks."""

from __future__ import annotations

import re
from typing import ClassVar, Literal

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
from wbym_wildberries.simulator.state_feedbacks import DatedRecords
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
_ENUMS = ("state", "answer.state", "orderStatus", "matchingSize")
_MIME = re.compile(r"^[\w.+-]+/[\w.+-]+$")


class _Text(msgspec.Struct):
    id: str
    text: str


class _Return(msgspec.Struct, rename="camel"):
    feedback_id: str


def order(call: Call) -> bool:
    """Whether the newest record goes first.

    Raises:
        BadParameter: The order is unknown.
    """
    value = call.query("order") or "dateDesc"
    if value not in {"dateAsc", "dateDesc"}:
        raise BadParameter("order")
    return value == "dateDesc"


def period(call: Call) -> tuple[int | None, int | None]:
    """`dateFrom` and `dateTo`, Unix seconds.

    Raises:
        BadParameter: One of them is malformed.
    """
    return integer(call, "dateFrom"), integer(call, "dateTo")


_LISTED = RecordFields(("data", "feedbacks"), "id", _OPTIONAL, _ENUMS)
_ONE = RecordFields(("data",), "id", _OPTIONAL, _ENUMS)


class DatedHandlers(Handlers[Cabinet]):
    """The methods that feedbacks and questions have in common."""

    noun: ClassVar[Literal["feedbacks", "questions"]]
    not_found: ClassVar[str]

    def _records(self, call: Call) -> DatedRecords:
        cabinet = self._cabinet(call)
        return cabinet.feedbacks if self.noun == "feedbacks" else cabinet.questions

    def _page(
        self,
        call: Call,
        processed: bool | None,
        *,
        take: int,
        skip: int,
        dates: tuple[int | None, int | None] = (None, None),
    ) -> Response:
        """A page of processed or open records; of archived ones if `processed` is None."""
        nm_id, newest_first = integer(call, "nmId"), order(call)
        records = self._records(call)

        def build() -> bytes:
            since, until = dates
            chosen = records.store.select(
                processed=processed is not False, nm_id=nm_id, date_from=since, date_to=until
            )
            rows = records.store.page(chosen, skip=skip, take=take, newest_first=newest_first)
            counts = b""
            if processed is not None:
                counts = b'"countUnanswered":%d,"countArchive":%d,' % (
                    records.open_count,
                    records.archive_count,
                )
            return replies.data(b'{%s"%s":%s}' % (counts, self.noun.encode(), rows))

        key = (processed, nm_id, dates, skip, take, newest_first)
        return raw_response(records.pages.get(key, build))

    def _get(self, call: Call) -> Response:
        raw = self._records(call).raw(call.query("id") or "")
        if raw is None:
            raise Refusal(422, self.not_found)
        return raw_response(replies.data(raw))

    def _count(self, call: Call) -> Response:
        processed = boolean(call, "isAnswered")
        since, until = period(call)
        _, low, high = self._records(call).store.select(
            processed=processed is not False, date_from=since, date_to=until
        )
        return replies.data_response(high - low)

    def _count_unanswered(self, call: Call) -> Response:
        records = self._records(call)
        return replies.data_response(
            {"countUnanswered": records.open_count, "countUnansweredToday": records.open_today()}
        )


class FeedbackHandlers(DatedHandlers, bucket=FEEDBACKS, scope=SCOPE):
    """Serves the feedbacks of the caller's cabinet."""

    noun = "feedbacks"
    not_found = replies.NO_FEEDBACK

    @route("GET", "/api/v1/feedbacks", records=_LISTED)
    async def show(self, call: Call) -> Response:
        """Feedbacks, processed or not, by date."""
        processed, dates = required(boolean(call, "isAnswered"), "isAnswered"), period(call)
        take, skip = self._window(call, MAX_SKIP)
        return self._page(call, processed, take=take, skip=skip, dates=dates)

    @route("GET", "/api/v1/feedbacks/archive", records=_LISTED)
    async def archive(self, call: Call) -> Response:
        """Archived feedbacks, without filters by date."""
        take, skip = self._window(call, None)
        return self._page(call, None, take=take, skip=skip)

    def _window(self, call: Call, max_skip: int | None) -> tuple[int, int]:
        take = required(integer(call, "take", low=1, high=MAX_TAKE), "take")
        skip = required(integer(call, "skip", high=max_skip), "skip")
        depth = self._cabinet(call).options.feedbacks_depth
        return (0 if depth is not None and skip >= depth else take), skip

    @route("GET", "/api/v1/feedback", records=_ONE)
    async def get(self, call: Call) -> Response:
        """One feedback."""
        return self._get(call)

    @route("GET", "/api/v1/feedbacks/count")
    async def count(self, call: Call) -> Response:
        """Number of feedbacks; `isAnswered` is true by default."""
        return self._count(call)

    @route("GET", "/api/v1/feedbacks/count-unanswered")
    async def count_unanswered(self, call: Call) -> Response:
        """Number of unprocessed feedbacks, today and in all."""
        return self._count_unanswered(call)

    @route("GET", "/api/v1/new-feedbacks-questions")
    async def unseen(self, call: Call) -> Response:
        """Whether feedbacks and questions are unviewed."""
        cabinet = self._cabinet(call)
        return replies.data_response(
            {
                "hasNewQuestions": cabinet.questions.has_unseen(),
                "hasNewFeedbacks": cabinet.feedbacks.has_unseen(),
            }
        )

    @route("POST", "/api/v1/feedbacks/answer")
    async def answer(self, call: Call) -> Response:
        """Answers a feedback: 204 even for an unknown id."""
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
