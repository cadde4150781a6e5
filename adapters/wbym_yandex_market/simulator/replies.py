"""The shapes in which Market answers, and how it says no."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from wbym.testing._answers import Answer, Body, Refusal, json_answer
from wbym_yandex_market.simulator.rows import Page, R, Row

JSON = "application/json"
BODY_LIMIT = 512 * 1024

_CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    413: "PAYLOAD_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    420: "METHOD_FAILURE",
    423: "LOCKED",
    500: "INTERNAL_SERVER_ERROR",
    502: "BAD_GATEWAY",
    503: "SERVICE_UNAVAILABLE",
    504: "GATEWAY_TIMEOUT",
}
_MESSAGES = {
    404: "Requested resource was not found",
    413: f"Request body is larger than {BODY_LIMIT} bytes",
    415: "Content type is not supported",
    420: "Hit rate limit",
    423: "The cabinet is being moved, try again later",
    503: "Service is temporarily unavailable, try again later",
}


def error(refusal: Refusal) -> Answer:
    """A refusal: `{"status":"ERROR","errors":[{"code":...,"message":...}]}`."""
    status = refusal.status
    shape = {
        "status": "ERROR",
        "errors": [
            {
                "code": refusal.code or _CODES.get(status, "UNKNOWN_ERROR"),
                "message": refusal.message or _MESSAGES.get(status, "Internal server error"),
            }
        ],
    }
    body = Body(msgspec.json.encode(shape))
    return Answer(status, body, JSON, rate_limited=status == 420)


_EMPTY = b'{"status":"OK"}'


def empty() -> Answer:
    """A success that tells nothing."""
    return Answer(200, Body(_EMPTY), JSON)


def result(value: object) -> Answer:
    """A success."""
    return json_answer({"status": "OK", "result": value})


def result_raw(value: bytes) -> Answer:
    """A success around encoded JSON."""
    return Answer(200, Body(b'{"status":"OK","result":' + value + b"}"), JSON)


def paging(token: str | None) -> bytes:
    """The member `paging`; on the last page it is an empty object."""
    if token is None:
        return b'"paging":{}'
    return b'"paging":{"nextPageToken":"' + token.encode() + b'"}'


def rows_raw(rows: Iterable[Row]) -> bytes:
    """A JSON list of records."""
    return b"[" + b",".join([row.raw for row in rows]) + b"]"


def page_raw(name: str, page: Page[R], extra: bytes = b"") -> bytes:
    """A success with a page of records; `extra` members end with a comma."""
    return b'{"status":"OK","result":{%b"%b":%b,%b}}' % (
        extra,
        name.encode(),
        rows_raw(page.rows),
        paging(page.token),
    )


def page(name: str, found: Page[R], extra: bytes = b"") -> Answer:
    """The same as an answer."""
    return Answer(200, Body(page_raw(name, found, extra)), JSON)
