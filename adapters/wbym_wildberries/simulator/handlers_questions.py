"""The methods of questions."""

from __future__ import annotations

import msgspec

from wbym.testing import Call, Handlers, RecordFields, Refusal, Response, raw_response, route
from wbym_wildberries.simulator import replies
from wbym_wildberries.simulator.handlers_feedbacks import SCOPE, order, period
from wbym_wildberries.simulator.limits import FEEDBACKS
from wbym_wildberries.simulator.requests import BadParameter, body_of, boolean, integer, required
from wbym_wildberries.simulator.state import Cabinet

DEPTH = 10_000
"""`take + skip` may not be more."""
_OPTIONAL = (
    "answer",
    "productDetails.supplierArticle",
    "productDetails.supplierName",
    "productDetails.brandName",
)


class _AnswerText(msgspec.Struct):
    text: str


class _Patch(msgspec.Struct, rename="camel"):
    id: str
    was_viewed: bool | None = None
    answer: _AnswerText | None = None
    state: str | None = None


_LISTED = RecordFields(("data", "questions"), "id", _OPTIONAL, ("state",))
_ONE = RecordFields(("data",), "id", _OPTIONAL, ("state",))


class QuestionHandlers(Handlers[Cabinet], bucket=FEEDBACKS, scope=SCOPE):
    """Serves the questions of the caller's cabinet."""

    @route("GET", "/api/v1/questions", records=_LISTED)
    async def show(self, call: Call) -> Response:
        """Questions, answered or not, by date."""
        answered = boolean(call, "isAnswered")
        if answered is None:
            raise BadParameter("isAnswered")
        take = required(integer(call, "take", low=1, high=DEPTH), "take")
        skip = required(integer(call, "skip", high=DEPTH), "skip")
        nm_id = integer(call, "nmId")
        date_from, date_to = period(call)
        newest_first = order(call)
        if take + skip > DEPTH:
            raise Refusal(400, replies.WRONG)
        questions = self._cabinet(call).questions

        def build() -> bytes:
            chosen = questions.store.select(
                processed=answered, nm_id=nm_id, date_from=date_from, date_to=date_to
            )
            rows = questions.store.page(chosen, skip=skip, take=take, newest_first=newest_first)
            return replies.data(
                b'{"countUnanswered":%d,"countArchive":%d,"questions":%s}'
                % (questions.open_count, questions.archive_count, rows)
            )

        key = (answered, nm_id, date_from, date_to, skip, take, newest_first)
        return Response(200, questions.pages.get(key, build), "application/json")

    @route("GET", "/api/v1/question", records=_ONE)
    async def get(self, call: Call) -> Response:
        """One question."""
        raw = self._cabinet(call).questions.raw(call.query("id") or "")
        if raw is None:
            raise Refusal(422, replies.NO_QUESTION)
        return raw_response(replies.data(raw))

    @route("GET", "/api/v1/questions/count")
    async def count(self, call: Call) -> Response:
        """Number of questions; `isAnswered` is true by default."""
        answered = boolean(call, "isAnswered")
        date_from, date_to = period(call)
        _, low, high = self._cabinet(call).questions.store.select(
            processed=answered is not False, date_from=date_from, date_to=date_to
        )
        return replies.data_response(high - low)

    @route("GET", "/api/v1/questions/count-unanswered")
    async def count_unanswered(self, call: Call) -> Response:
        """Number of open questions, today and in all."""
        questions = self._cabinet(call).questions
        return replies.data_response(
            {
                "countUnanswered": questions.open_count,
                "countUnansweredToday": questions.open_today(),
            }
        )

    @route("PATCH", "/api/v1/questions")
    async def patch(self, call: Call) -> Response:
        """Views, rejects or answers a question, as the body says."""
        body = await body_of(call, _Patch, Refusal(400, replies.WRONG))
        questions = self._cabinet(call).questions
        if body.state is None and body.answer is None:
            if body.was_viewed is None:
                raise Refusal(400, replies.WRONG)
            if not questions.view(body.id, viewed=body.was_viewed):
                raise Refusal(404, replies.NOT_FOUND)
            return replies.data_response(None)
        if body.answer is None or not body.answer.text or body.state not in {"none", "wbRu"}:
            raise Refusal(400, replies.WRONG)
        act = questions.answer if body.state == "wbRu" else questions.reject
        outcome = act(body.id, body.answer.text)
        if outcome == "unknown":
            raise Refusal(404, replies.NOT_FOUND)
        if outcome == "refused":
            raise Refusal(422, replies.NO_EDIT)
        return replies.data_response(None)
