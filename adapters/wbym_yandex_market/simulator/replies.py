"""The shapes of Market's responses, errors among them."""

from __future__ import annotations

from dataclasses import replace

from wbym.testing import Refusal, Response, json_response, raw_response
from wbym_yandex_market.simulator.records import Page, R

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


def error(refusal: Refusal) -> Response:
    """The response to a rejected request."""
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
    return replace(json_response(shape, status=status), rate_limited=status == 420)


def empty() -> Response:
    """A success without a result."""
    return json_response({"status": "OK"})


def result(value: object) -> Response:
    """A success."""
    return json_response({"status": "OK", "result": value})


def result_raw(value: bytes) -> Response:
    """A success with encoded JSON."""
    return raw_response(b'{"status":"OK","result":' + value + b"}")


def paging(token: str | None) -> bytes:
    """The member `paging`; on the last page it is an empty object."""
    if token is None:
        return b'"paging":{}'
    return b'"paging":{"nextPageToken":"' + token.encode() + b'"}'


def page_raw(name: str, page: Page[R], extra: bytes = b"") -> bytes:
    """The JSON of `page`."""
    return b'{"status":"OK","result":{%b"%b":[%b],%b}}' % (
        extra,
        name.encode(),
        b",".join([record.raw for record in page.records]),
        paging(page.token),
    )


def page(name: str, found: Page[R], extra: bytes = b"") -> Response:
    """A success with a page of records; `extra` members end with a comma."""
    return raw_response(page_raw(name, found, extra))
