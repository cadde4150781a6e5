"""A message whose answer was lost, and that comes back changed or damaged, is not sent again."""

import asyncio
import time

import pytest

from tests.adapters.test_gateways import market, wildberries
from tests.adapters.wbym_wildberries.shops import FREELY
from tests.support.fakes import ScriptedTransport, json_response
from wbym.account import Account
from wbym.calls import Request, Response, TransportError
from wbym.domain import DeliveryState, Noun, Ref
from wbym.feed import MemoryStore
from wbym.inbox import Inbox
from wbym.limits import Quota, Scheduler
from wbym_wildberries import Wildberries
from wbym_wildberries._limits import BUCKETS, Tier
from wbym_wildberries.simulator import make_token

pytestmark = pytest.mark.looptime

TIMEOUT = 300.0
SENT = "Звоните: +7 912 345-67-89"

SHOWN = {
    "masked": ("Звоните: +7 9** ***-**-**", False),
    "empty": ("", False),
    "none": (None, False),
    "undecodable": (SENT, True),
    "as sent": (SENT, False),
}


class Shop:
    """Answers requests, and loses the answers to messages."""

    def __init__(self, text: str | None, *, is_damaged: bool) -> None:
        self.text = text
        self.is_damaged = is_damaged
        self.posts = 0
        self.at = time.time()

    def lose(self) -> Response:
        self.posts += 1
        raise TransportError("cut off", sent=True)

    def wildberries(self, request: Request) -> Response:
        path = request.url.partition("?")[0]
        if path.endswith("/seller/message"):
            return self.lose()
        if path.endswith("/seller/chats"):
            return json_response({"result": [{"chatID": "c1", "replySign": "s"}]})
        at = int(self.at * 1000)
        event = {
            "chatID": "c1",
            "eventID": "e1",
            "eventType": "message",
            "sender": "seller",
            "addTimestamp": "soon" if self.is_damaged else at,
            "message": {"text": self.text},
        }
        # Another chat's damage is of no interest.
        other = {**event, "chatID": "c2", "eventID": "e2", "addTimestamp": "soon"}
        is_end = not self.posts or f"next={at}" in request.url
        events = [] if is_end else [event, other]
        result = {"next": at, "totalEvents": len(events), "events": events}
        return json_response({"result": result})

    def market(self, request: Request) -> Response:
        path = request.url.partition("?")[0]
        if path.endswith("/chats/message"):
            return self.lose()
        message = {
            "messageId": 5,
            "sender": "PARTNER",
            "createdAt": "soon" if self.is_damaged else f"{_iso(self.at)}",
            "message": self.text,
        }
        messages = [message] if self.posts else []
        return json_response({"status": "OK", "result": {"messages": messages, "paging": {}}})


def _iso(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


@pytest.mark.parametrize("shown", SHOWN)
@pytest.mark.parametrize("marketplace", ["wildberries", "yandex_market"])
async def test_lost_message(marketplace: str, shown: str) -> None:
    text, is_damaged = SHOWN[shown]
    server = Shop(text, is_damaged=is_damaged)
    handlers = {"wildberries": server.wildberries, "yandex_market": server.market}
    make = {"wildberries": wildberries, "yandex_market": market}[marketplace]
    made: tuple[Account, object] = make(*[handlers[marketplace]] * 100)  # type: ignore[operator]
    shop = made[0]
    chat = Ref(marketplace, shop.name, Noun.CHAT, "c1" if marketplace == "wildberries" else "1")
    async with Inbox(shop, state=MemoryStore(), confirmation_timeout=TIMEOUT) as inbox:
        await inbox.send(chat, SENT, idempotency_key="k")
        await asyncio.sleep(3 * TIMEOUT)
        delivery = await inbox.outbox.delivery("k")
    assert delivery is not None
    confirmed = shown == "as sent"
    assert delivery.state is (DeliveryState.CONFIRMED if confirmed else DeliveryState.UNKNOWN)
    assert server.posts == 1
    if not confirmed:
        reason = "cannot be decoded" if is_damaged else "belongs to no known delivery"
        assert reason in (delivery.note or "")


class ManyChats:
    """Wildberries with a busy feed, which loses the first messages."""

    def __init__(self, lost: int) -> None:
        self.lost = lost
        self.posts = 0
        self.reads = 0
        now = int(time.time() * 1000)
        self.events = [
            {
                "chatID": f"c{number}",
                "eventID": f"e{number}",
                "eventType": "message",
                "sender": "client",
                "addTimestamp": now - 240_000 + 1000 * number,
                "message": {"text": "?"},
            }
            for number in range(EVENTS)
        ]

    def __call__(self, request: Request) -> Response:
        path, _, query = request.url.partition("?")
        if path.endswith("/seller/message"):
            self.posts += 1
            if self.posts <= self.lost:
                raise TransportError("cut off", sent=True)
            return json_response({"result": {"addTime": int(time.time() * 1000)}})
        if path.endswith("/seller/chats"):
            chats = [{"chatID": f"c{number}", "replySign": "s"} for number in range(self.lost)]
            return json_response({"result": chats})
        self.reads += 1
        after = int(query.removeprefix("next=") or 0)
        page = [one for one in self.events if int(str(one["addTimestamp"])) > after][:50]
        end = page[-1]["addTimestamp"] if page else after
        result = {"next": end, "totalEvents": len(page), "events": page}
        return json_response({"result": result})


EVENTS = 120
LOST = 200
READING = 4
"""Requests for the events of the last minutes."""


async def test_many_lost_messages_need_few_readings_of_the_feed() -> None:
    server = ManyChats(LOST)
    sends = Quota(limit=1_000_000, period=1, burst=1_000_000)
    events = BUCKETS["chats.events"][Tier.STANDARD]
    quotas = FREELY | {"chats.send": sends, "chats.events": events}
    shop = Wildberries(
        make_token(),
        transport=ScriptedTransport(*[server] * 5000),
        quotas=quotas,
        scheduler=Scheduler(),
    )
    async with Inbox(shop, state=MemoryStore(), confirmation_timeout=TIMEOUT) as inbox:
        chats = [Ref("wildberries", shop.name, Noun.CHAT, f"c{one}") for one in range(LOST)]
        await asyncio.gather(*[inbox.send(one, SENT, idempotency_key=one.id) for one in chats])
        assert server.posts == LOST
        await asyncio.sleep(TIMEOUT - 1)
        # At 1% and 10% of the timeout.
        assert server.reads == 2 * READING
        await asyncio.sleep(2)
        assert server.reads == 3 * READING
        assert server.posts == 2 * LOST
