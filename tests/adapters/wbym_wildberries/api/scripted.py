"""A shop with scripted responses."""

from typing import TypeAlias

import msgspec

from tests.support.fakes import Scripted, ScriptedTransport, json_response
from wbym.calls import Request, Response, RetryPolicy, TransportError
from wbym.limits import Scheduler
from wbym_wildberries import Wildberries
from wbym_wildberries.simulator import make_token

Body: TypeAlias = "dict[str, Body] | list[Body] | str | int | float | bool | None"

NO_CONTENT = Response(204, {}, b"")
LOST = TransportError("cut off", sent=True, timeout=False)


def scripted(*script: Scripted) -> tuple[Wildberries, ScriptedTransport]:
    """A shop with all scopes, and its scripted transport."""
    transport = ScriptedTransport(*script)
    shop = Wildberries(
        make_token(scopes=("content", "prices", "marketplace")),
        name="shop",
        transport=transport,
        scheduler=Scheduler(),
        retry=RetryPolicy(max_attempts=2, base_delay=0.001),
    )
    return shop, transport


def enveloped(data: object, error_text: str = "") -> Response:
    return json_response({"data": data, "error": False, "errorText": error_text})


def rejected(error_text: str, status: int = 400) -> Response:
    return json_response({"data": None, "error": True, "errorText": error_text}, status)


def body_of(request: Request) -> Body:
    """The JSON bodies that were sent."""
    body: Body = msgspec.json.decode(request.body or b"null")
    return body
