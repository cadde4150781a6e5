"""Around the records of a page: what is missing, null, or of another type."""

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from tests.adapters.test_gateways import market, wildberries
from tests.support.fakes import json_response
from wbym.account import Account
from wbym.errors import CursorStuck, UnreadableReply
from wbym.paging import Listing

Json: TypeAlias = dict[str, Any]
QUESTION: Json = {"id": "q1", "text": "?", "createdDate": "2026-11-01T10:00:00Z"}
CHAT: Json = {"chatId": 1}


def questions(shop: Account) -> Listing[Any]:
    return shop.questions(answered=False)


def claims(shop: Account) -> Listing[Any]:
    return shop.returns(is_open=True)


def chats(shop: Account) -> Listing[Any]:
    return shop.chats()


WILDBERRIES: list[tuple[Callable[[Account], Listing[Any]], Json]] = [
    (questions, {"title": "degraded"}),
    (questions, {"data": {}}),
    (questions, {"data": {"countUnanswered": 3}}),
    (claims, {"title": "degraded"}),
    (claims, {"total": 4}),
    (chats, {}),
    (chats, {"errors": ["chats"]}),
]
MARKET: list[Json] = [
    {"title": "degraded"},
    {"status": "OK"},
    {"status": "OK", "result": {}},
    {"status": "OK", "result": {"paging": {}}},
]


@pytest.mark.parametrize(("listed", "body"), WILDBERRIES)
async def test_missing_list_of_wildberries(
    listed: Callable[[Account], Listing[Any]], body: Json
) -> None:
    shop, _ = wildberries(*[json_response(body)] * 4)
    with pytest.raises(UnreadableReply):
        await listed(shop).all()


@pytest.mark.parametrize("body", MARKET)
async def test_missing_list_of_yandex_market(body: Json) -> None:
    shop, _ = market(*[json_response(body)] * 4)
    with pytest.raises(UnreadableReply):
        await shop.chats().all()


async def test_null_is_an_empty_list() -> None:
    shop, _ = wildberries(
        json_response({"data": {"questions": None}}),
        json_response({"claims": None, "total": 0}),
        json_response({"result": None}),
    )
    assert await questions(shop).all() == []
    assert await claims(shop).all() == []
    assert await chats(shop).all() == []
    other, _ = market(json_response({"status": "OK", "result": {"chats": None}}))
    assert await other.chats().all() == []


@pytest.mark.parametrize(
    "beside",
    [
        {"countArchive": "1"},
        {"countArchive": "many", "countUnanswered": [1]},
        {"countUnanswered": {"of": 1}},
    ],
)
async def test_fields_beside_the_records(beside: Json) -> None:
    body = {"data": {"questions": [QUESTION], **beside}, "error": False, "requestId": 5}
    shop, _ = wildberries(json_response(body))
    assert [one.ref.id for one in await questions(shop).all()] == ["q1"]


@pytest.mark.parametrize("paging", ["x", 1.5, {"nextPageToken": {"a": 1}}, {"nextPageToken": []}])
async def test_page_without_a_usable_token(paging: object) -> None:
    """The page is delivered; whether the list goes on is unknown, so it must not end silently."""
    body = {"status": "OK", "result": {"chats": [CHAT], "paging": paging}}
    shop, _ = market(json_response(body))
    found = []
    with pytest.raises(CursorStuck):
        async for chat in shop.chats():
            found.append(chat.ref.id)
    assert found == ["1"]


def event(number: int) -> Json:
    return {
        "chatID": "c1",
        "eventID": f"e{number}",
        "eventType": "message",
        "addTimestamp": 1_790_000_000_000 + number,
    }


@pytest.mark.parametrize("total", [None, "absent", "many"])
async def test_events_without_a_total_are_read_until_there_are_none(total: object) -> None:
    def page(*events: Json) -> Json:
        beside = {} if total == "absent" else {"totalEvents": total}
        return {
            "result": {"next": f"{1_790_000_000_000 + len(events)}", "events": events, **beside}
        }

    shop, transport = wildberries(
        *map(json_response, [page(event(1), event(2)), page(event(3)), page()])
    )
    events = await shop.api.chats.events().all()
    assert [one.event_id for one in events] == ["e1", "e2", "e3"]
    assert len(transport.requests) == 3


@pytest.mark.parametrize("cursor", [-5, 10**25, "soon", 1.5])
async def test_events_with_an_unusable_cursor(cursor: object) -> None:
    body = {"result": {"next": cursor, "totalEvents": 1, "events": [event(1)]}}
    shop, transport = wildberries(json_response(body))
    found = []
    with pytest.raises(CursorStuck):
        async for one in shop.api.chats.events():
            found.append(one.event_id)
    assert found == ["e1"]
    assert len(transport.requests) == 1
