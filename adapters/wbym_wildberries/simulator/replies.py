"""The shapes in which Wildberries answers, and the texts of its errors, as published."""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TypeVar

import msgspec

from wbym.testing.answers import Answer, Body, json_answer
from wbym.testing.server import Call

PROBLEM = "application/problem+json"
_random = random.Random(20_260_819)


def request_id() -> str:
    """Such as `7b80742415072fe8b6b7f7761f1d1211`."""
    return f"{_random.getrandbits(128):032x}"


def request_uuid() -> str:
    """Such as `734c9ea8-39e5-45c9-8cad-f03c13f733e9`."""
    return str(uuid.UUID(int=_random.getrandbits(128), version=4))


def gateway(
    now: float,
    status: int,
    detail: str,
    *,
    title: str | None = None,
    code: str | None = None,
    refusal: bool = False,
) -> Answer:
    """An error of the gateway: authorization, limits, unknown paths, failures."""
    phrase = HTTPStatus(status).phrase
    shape = {
        "title": title or phrase.lower(),
        "detail": detail,
        "code": code or f"07e4668e--{_random.getrandbits(48):012x}-[UK-oWaVDUqNrKG]; 84bd353bf-75",
        "requestId": request_id(),
        "origin": "s2s-api-auth-catalog",
        "status": status,
        "statusText": phrase,
        "timestamp": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return Answer(status, Body(msgspec.json.encode(shape)), PROBLEM, refusal=refusal)


def payment_required() -> Answer:
    """402, only for services of the catalogue."""
    detail = (
        "wb solution for business has insufficient funds on its balance. please top up the balance "
        "in the company's personal account https://dev.wildberries.ru/company"
    )
    return json_answer(
        {"title": "payment required", "detail": detail}, status=402, content_type=PROBLEM
    )


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


def data_answer(value: object) -> Answer:
    """A success of feedbacks and questions."""
    return Answer(200, Body(data(msgspec.json.encode(value))), "application/json")


def fq_error(status: int, text: str) -> Answer:
    """An error of feedbacks and questions; with status 200 too."""
    shape = {
        "data": None,
        "error": True,
        "errorText": text,
        "additionalErrors": None,
        "requestId": request_uuid(),
    }
    return json_answer(shape, status=status)


def fbapi_error(detail: str) -> Answer:
    """A 400 about the form of a request to answer a feedback."""
    shape = {
        "title": "bad request",
        "requestId": request_id(),
        "origin": "fbapi",
        "detail": detail,
    }
    return json_answer(shape, status=400)


def pin_error(status: int, detail: str, title: str = "Bad Request") -> Answer:
    """An error of the pins."""
    shape = {
        "status": status,
        "title": title,
        "detail": detail,
        "origin": "pin-open-api",
        "requestId": request_id(),
    }
    return json_answer(shape, status=status)


# Chats.


def chat_error(
    detail: str, *, title: str = "Bad Request", content_type: str = "application/json"
) -> Answer:
    """A 400 of the chats."""
    shape = {
        "status": 400,
        "title": title,
        "origin": "proxy-chats",
        "detail": detail,
        "requestId": request_id(),
        "error": detail,
    }
    return json_answer(shape, status=400, content_type=content_type)


# Claims.


def claims_error(detail: str) -> Answer:
    """A 400 of the list of claims."""
    shape = {"title": "Invalid query params", "detail": detail, "requestId": request_uuid()}
    return json_answer(shape, status=400, content_type=PROBLEM)


def claim_error(detail: str) -> Answer:
    """A 400 of a decision on a claim."""
    shape = {
        "title": "Validation error",
        "detail": f"Input model is not valid; Details: {detail}",
        "requestId": f"0HN3PI6JUGFSL:{_random.randrange(10**8):08d}",
    }
    return json_answer(shape, status=400, content_type="application/json; charset=utf-8")


# Content.

BAD_REQUEST = "Неправильный запрос"
INCORRECT = "Incorrect request"


def content_answer(value: object) -> Answer:
    """A success of the content methods."""
    return json_answer({"data": value, "error": False, "errorText": "", "additionalErrors": None})


def content_error(text: str, additional: object = None, *, status: int = 400) -> Answer:
    """An error of the content methods; with status 200 too."""
    shape = {"data": None, "error": True, "errorText": text, "additionalErrors": additional}
    return json_answer(shape, status=status)


def accepted() -> Answer:
    """A success of the methods that take a list of cards."""
    return json_answer({"data": None, "error": False, "errorText": "", "additionalErrors": {}})


def too_large() -> Answer:
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
    return json_answer(shape, status=413)


# Prices.


def price_answer(value: object) -> Answer:
    """A success of the prices."""
    return json_answer({"data": value, "error": False, "errorText": ""})


def price_error(text: str, *, status: int = 400) -> Answer:
    """An error of the prices; with status 200 too."""
    return json_answer({"data": None, "error": True, "errorText": text}, status=status)


# Warehouses and inventory.


def coded(status: int, code: str, message: str = "") -> Answer:
    """An error of warehouses and inventory that has a code."""
    return json_answer({"code": code, "message": message}, status=status)


# Newer services.


def service_error(
    status: int,
    detail: str,
    *,
    origin: str,
    title: str | None = None,
    content_type: str = "application/json",
    numbered: bool = True,
    more: Mapping[str, object] | None = None,
) -> Answer:
    """An error of users, brands, recommendations, wholesale discounts and the plan builder.

    Args:
        status: Status of the answer.
        detail: What is wrong.
        origin: Which service says so.
        title: In place of the status's own words.
        content_type: Of the answer.
        numbered: Whether the status stands in the body too.
        more: Other fields of the body.
    """
    shape = {
        "title": title or HTTPStatus(status).phrase,
        "detail": detail,
        "requestId": request_id(),
        "origin": origin,
        **({"status": status} if numbered else {}),
        **(more or {}),
    }
    return json_answer(shape, status=status, content_type=content_type)


# Reading requests.


class BadParameter(Exception):
    """A query parameter is missing or malformed; carries its name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


_TRUE = frozenset({"true", "True", "TRUE", "1", "t", "T"})
_FALSE = frozenset({"false", "False", "FALSE", "0", "f", "F"})


def integer(call: Call, name: str, *, low: int = 0, high: int | None = None) -> int | None:
    """An integer parameter; None when it is absent or empty.

    Raises:
        BadParameter: When it is not a plain integer between `low` and `high`.
    """
    text = call.query(name)
    if text is None or text == "":
        return None
    if not text.lstrip("-").isdecimal() or len(text) > 19:
        raise BadParameter(name)
    value = int(text)
    if value < low or (high is not None and value > high):
        raise BadParameter(name)
    return value


T = TypeVar("T")


async def body_of(call: Call, kind: type[T]) -> T | None:
    """The body of a request; None when it does not decode."""
    try:
        return msgspec.json.decode(await call.request.read(), type=kind)
    except msgspec.DecodeError:
        return None


def required(value: int | None, name: str) -> int:
    """The value.

    Raises:
        BadParameter: When it is None.
    """
    if value is None:
        raise BadParameter(name)
    return value


def boolean(call: Call, name: str) -> bool | None:
    """A boolean parameter as Go reads it; None when it is absent.

    Raises:
        BadParameter: When it is no boolean.
    """
    text = call.query(name)
    if text is None:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise BadParameter(name)
