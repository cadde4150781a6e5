"""The methods of questions."""

from __future__ import annotations

import msgspec

from wbym.testing import Call, RecordFields, Refusal, Response, route
from wbym_wildberries.simulator import replies
from wbym_wildberries.simulator.handlers_feedbacks import SCOPE, DatedHandlers, period
from wbym_wildberries.simulator.limits import FEEDBACKS
from wbym_wildberries.simulator.requests import body_of, boolean, integer, required

DEPTH = 10_000
"""Max of `take + skip`."""
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


class QuestionHandlers(DatedHandlers, bucket=FEEDBACKS, scope=SCOPE):
    """Serves the questions of the caller's cabinet."""

    noun = "questions"
    not_found = replies.NO_QUESTION

    @route("GET", "/api/v1/questions", records=_LISTED)
    async def show(self, call: Call) -> Response:
        """Questions, answered or not, by date."""
        answered, dates = required(boolean(call, "isAnswered"), "isAnswered"), period(call)
        take = required(integer(call, "take", low=1, high=DEPTH), "take")
        skip = required(integer(call, "skip", high=DEPTH), "skip")
        if take + skip > DEPTH:
            raise Refusal(400, replies.WRONG)
        return self._page(call, answered, take=take, skip=skip, dates=dates)

    @route("GET", "/api/v1/question", records=_ONE)
    async def get(self, call: Call) -> Response:
        """One question."""
        return self._get(call)

    @route("GET", "/api/v1/questions/count")
    async def count(self, call: Call) -> Response:
        """Number of questions; `isAnswered` is true by default."""
        return self._count(call)

    @route("GET", "/api/v1/questions/count-unanswered")
    async def count_unanswered(self, call: Call) -> Response:
        """Number of open questions, today and in all."""
        return self._count_unanswered(call)

    @route("PATCH", "/api/v1/questions")
    async def patch(self, call: Call) -> Response:
        """Views, rejects or answers a question, depending on the body."""
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
        if outcome == "rejected":
            raise Refusal(422, replies.NO_EDIT)
        return replies.data_response(None)
