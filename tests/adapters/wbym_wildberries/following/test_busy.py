"""Chats in which messages arrive faster than they can be read."""

import time
from collections.abc import Collection
from datetime import UTC, datetime

from tests.adapters.test_gateways import wildberries
from tests.support.fakes import json_response
from wbym.account import Poll
from wbym.calls import Request, Response


async def test_round_ends_while_messages_keep_arriving() -> None:
    requests = 0
    now = int(time.time() * 1000)

    def answer(request: Request) -> Response:
        nonlocal requests
        if request.url.partition("?")[0].endswith("/seller/chats"):
            return json_response({"result": []})
        requests += 1
        # Two pages of the past, and then one new event whenever the list is read.
        at = now - 10_000 + 1000 * requests if requests <= 2 else now + 60_000 + requests
        event = {
            "chatID": "c",
            "eventID": f"e{requests}",
            "eventType": "message",
            "sender": "client",
            "addTimestamp": at,
            "message": {"text": "?"},
        }
        return json_response({"result": {"next": at, "totalEvents": 1, "events": [event]}})

    async def known(noun: str, ids: Collection[str]) -> dict[str, str]:
        return {}

    shop, _ = wildberries(*[answer] * 20)  # type: ignore[arg-type]
    (stream,) = (one for one in shop.streams() if one.name == "chats")
    poll = Poll(None, datetime.now(UTC), known, True, frozenset())
    batches = [batch async for batch in stream.poll(poll)]
    assert requests == 3
    ids = [one.record.ref.id for batch in batches for one in batch.observations]
    assert [id_ for id_ in ids if id_.startswith("e")] == ["e1", "e2", "e3"]
