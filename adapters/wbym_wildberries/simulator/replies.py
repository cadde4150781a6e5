"""The shapes of Wildberries' responses, and the texts of its errors, as published."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from http.client import responses

import msgspec

from wbym.testing import Call, Refusal, Response, empty_response, json_response, raw_response
from wbym_wildberries.simulator.requests import BadParameter

PROBLEM = "application/problem+json"
JSON = "application/json"
_random = random.Random(20_260_819)


def request_id() -> str:
    """Such as `7b80742415072fe8b6b7f7761f1d1211`."""
    return f"{_random.getrandbits(128):032x}"


def request_uuid() -> str:
    """Such as `734c9ea8-39e5-45c9-8cad-f03c13f733e9`."""
    return str(uuid.UUID(int=_random.getrandbits(128), version=4))


def gateway(now: float, refusal: Refusal) -> Response:
    """A rejection by the gateway: authorization, limits, unknown paths, failures."""
    status, detail, title = refusal.status, refusal.message, refusal.title
    phrase = responses.get(status, "Unknown")
    if status == 402:  # only for services of the catalogue
        shape: dict[str, object] = {"title": phrase.lower(), "detail": detail}
        return json_response(shape, status=status, content_type=PROBLEM)
    if not detail and status == 404:
        title = "path not found"
        detail = "Please consult the https://dev.wildberries.ru/openapi/api-information"
    number = f"07e4668e--{_random.getrandbits(48):012x}-[UK-oWaVDUqNrKG]; 84bd353bf-75"
    shape = {
        "title": title or phrase.lower(),
        "detail": detail or "internal service error, please retry later",
        "code": refusal.code or number,
        "requestId": request_id(),
        "origin": "s2s-api-auth-catalog",
        "status": status,
        "statusText": phrase,
        "timestamp": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    response = json_response(shape, status=status, content_type=PROBLEM)
    return replace(response, rate_limited=status == 429)


# Feedbacks and questions.

WRONG = "Something went wrong"
DENIED = "Ошибка авторизации"
NOT_FOUND = "Не найден отзыв"
BAD_BODY = "failed to decode JSON request."
BAD_ID = "Неправильный id в запросе"
NO_FEEDBACK = "Невозможно получить отзыв по id"
NO_QUESTION = "Невозможно получить вопрос по id"
NO_EDIT = "Не удалось отредактировать вопрос"
NO_RETURN = "Request for item return is unavailable"
RETURN_FAILED = "Не удалось выполнить запрос на возврат покупок"

_BEFORE = b'{"data":'
_AFTER = b',"error":false,"errorText":"","additionalErrors":null}'


def data(raw: bytes) -> bytes:
    """The envelope of a success, around encoded data."""
    return _BEFORE + raw + _AFTER


def data_response(value: object) -> Response:
    """A success of feedbacks and questions."""
    return raw_response(data(msgspec.json.encode(value)))


# Content.

NO_FUNDS = (
    "wb solution for business has insufficient funds on its balance. please top up the balance "
    "in the company's personal account https://dev.wildberries.ru/company"
)
BAD_REQUEST = "Неправильный запрос"
INCORRECT = "Incorrect request"


def content_response(value: object) -> Response:
    """A success of the content methods."""
    return json_response({"data": value, "error": False, "errorText": "", "additionalErrors": None})


def accepted() -> Response:
    """A success of the methods that take a list of cards."""
    return json_response({"data": None, "error": False, "errorText": "", "additionalErrors": {}})


def done() -> Response:
    """A success without data."""
    return json_response({"data": {}, "error": False, "errorText": "", "additionalErrors": None})


def too_large() -> Response:
    """The 413 of a list of cards."""
    shape = {
        "title": "request body too long",
        "detail": "https://openapi.wildberries.ru/content/api/ru/",
        "code": request_uuid(),
        "requestId": request_id(),
        "origin": "s2s-api-auth-content",
        "status": 413,
        "statusText": "Request Entity Too Large",
    }
    return json_response(shape, status=413)


# Prices.


def price_response(value: object) -> Response:
    """A success of the prices."""
    return json_response({"data": value, "error": False, "errorText": ""})


# Rejections, in the shape of each service.

Shape = Callable[[Call, Refusal], Response]
WRONG_QUERY = "Failed to deserialize query string: "


def rejection(call: Call, refusal: Refusal, path: str) -> Response:
    """A rejection in the shape of the service that has this path."""
    return next(shape for prefix, shape in _SHAPES if path.startswith(prefix))(call, refusal)


def fq_rejection(call: Call, refusal: Refusal) -> Response:
    """A rejection by feedbacks and questions; under status 200 too."""
    shape = {
        "data": None,
        "error": True,
        "errorText": _text(refusal, "Плохой формат {}"),
        "additionalErrors": None,
        "requestId": request_uuid(),
    }
    return json_response(shape, status=refusal.status)


def content_rejection(call: Call, refusal: Refusal) -> Response:
    """A rejection by content; under status 200 too."""
    shape = {
        "data": None,
        "error": True,
        "errorText": _text(refusal, BAD_REQUEST),
        "additionalErrors": refusal.more,
    }
    return json_response(shape, status=refusal.status)


def price_rejection(call: Call, refusal: Refusal) -> Response:
    """A rejection by prices; under status 200 too."""
    text = _text(refusal, "Invalid request parameters")
    return json_response({"data": None, "error": True, "errorText": text}, status=refusal.status)


def _cards_rejection(call: Call, refusal: Refusal) -> Response:
    """A rejection of a list of cards, with its own texts for an invalid parameter."""
    return content_rejection(call, Refusal(refusal.status, _text(refusal, INCORRECT)))


def _answer_rejection(call: Call, refusal: Refusal) -> Response:
    shape = {
        "title": "bad request",
        "requestId": request_id(),
        "origin": "fbapi",
        "detail": refusal.message,
    }
    return json_response(shape, status=400)


def _chat_rejection(call: Call, refusal: Refusal) -> Response:
    shape = {
        "status": 400,
        "title": refusal.title or "Bad Request",
        "origin": "proxy-chats",
        "detail": refusal.message,
        "requestId": request_id(),
        "error": refusal.message,
    }
    sends = call.request.path.endswith("/message")
    return json_response(shape, status=400, content_type=PROBLEM if sends else JSON)


def _claims_rejection(call: Call, refusal: Refusal) -> Response:
    detail = _text(refusal, "invalid value of `{}`")
    shape = {
        "title": "Invalid query params",
        "detail": WRONG_QUERY + detail,
        "requestId": request_uuid(),
    }
    return json_response(shape, status=400, content_type=PROBLEM)


def _decision_rejection(call: Call, refusal: Refusal) -> Response:
    shape = {
        "title": "Validation error",
        "detail": f"Input model is not valid; Details: {refusal.message}",
        "requestId": f"0HN3PI6JUGFSL:{_random.randrange(10**8):08d}",
    }
    return json_response(shape, status=400, content_type=f"{JSON}; charset=utf-8")


def _coded(call: Call, refusal: Refusal) -> Response:
    """A rejection by warehouses and stocks, with a code."""
    return json_response({"code": refusal.code, "message": refusal.message}, status=refusal.status)


def _brands_rejection(call: Call, refusal: Refusal) -> Response:
    if isinstance(refusal, BadParameter):
        name = refusal.message
        where = {
            "location": f"query.{name}",
            "message": "invalid integer",
            "value": call.query(name),
        }
        refusal = Refusal(400, "validation failed", more={"errors": [where]})
    return _problem("brands-api", numbered=False, content_type=PROBLEM)(call, refusal)


def _problem(
    origin: str,
    *,
    numbered: bool = True,
    content_type: str = JSON,
    template: str = "{}",
) -> Shape:
    """The shape of newer services, each with some of its fields.

    Args:
        origin: Name of the service.
        numbered: Whether the body has the status too.
        content_type: Of the response.
        template: A template for the message.
    """

    def shape(call: Call, refusal: Refusal) -> Response:
        fields: dict[str, object] = {
            "title": refusal.title or responses.get(refusal.status, "Unknown"),
            "detail": template.format(_text(refusal, "invalid {}")),
            "requestId": request_id(),
            "origin": origin,
        }
        if numbered:
            fields["status"] = refusal.status
        if isinstance(refusal.more, dict):
            fields |= refusal.more
        return json_response(fields, status=refusal.status, content_type=content_type)

    return shape


def _pin_rejection(call: Call, refusal: Refusal) -> Response:
    bare = Refusal(refusal.status, refusal.message, title=refusal.title or "Bad Request")
    return _problem("pin-open-api")(call, bare)


def _nothing(call: Call, refusal: Refusal) -> Response:
    return empty_response(refusal.status)


def _text(refusal: Refusal, of_parameter: str) -> str:
    """The message; for a parameter, `of_parameter` with its name."""
    is_parameter = isinstance(refusal, BadParameter)
    return of_parameter.format(refusal.message) if is_parameter else refusal.message


_SHAPES: tuple[tuple[str, Shape], ...] = (
    ("/api/v1/feedbacks/answer", _answer_rejection),
    ("/api/v1/feedback", fq_rejection),
    ("/api/v1/question", fq_rejection),
    ("/api/v1/new-feedbacks-questions", fq_rejection),
    ("/api/feedbacks/v1/pins", _pin_rejection),
    ("/api/v1/seller/", _chat_rejection),
    ("/api/v1/claims", _claims_rejection),
    ("/api/v1/claim", _decision_rejection),
    ("/api/v1/user", _problem("public-acl", template="bad request cause: {}")),
    ("/api/v1/invite", _problem("public-acl", template="bad request cause: {}")),
    ("/content/v2/get/cards/", _cards_rejection),
    ("/content/", content_rejection),
    ("/api/content/v1/brands", _brands_rejection),
    ("/api/content/v1/recommendations", _problem("recoms", numbered=False)),
    ("/api/v2/", price_rejection),
    ("/api/discounts-prices/", _problem("discounts-prices")),
    ("/api/v3/", _coded),
    ("/api/communications/", _nothing),
    ("/api/common/", _problem("options-service", content_type=PROBLEM)),
)
"""By the prefix of a path; the first match counts."""
