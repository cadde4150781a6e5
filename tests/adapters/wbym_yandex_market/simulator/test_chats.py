from __future__ import annotations

import io
from datetime import datetime

import aiohttp
import pytest

from wbym_yandex_market.simulator import YandexMarketSimulator, make_oauth_token
from wbym_yandex_market.simulator.data_chats import Chat, File

from .conftest import START, Api, Json, Reply, Run, Time, reason

LIST = "/v2/businesses/1001/chats"
WAITING = ["NEW", "WAITING_FOR_PARTNER"]


async def send(api: Api, chat_id: int, text: Json = "Здравствуйте!") -> Reply:
    return await api.business_post("chats/message", {"message": text}, chatId=chat_id)


async def send_files(api: Api, chat_id: int, *contents: bytes) -> Reply:
    form = aiohttp.FormData(quote_fields=False)
    for number, content in enumerate(contents):
        form.add_field(
            "file", io.BytesIO(content), filename=f"фото {number}.png", content_type="image/png"
        )
    if not contents:
        form.add_field("other", b"x", filename="x")
    params = {"chatId": chat_id}
    return await api.call("POST", f"{LIST}/file/send", params=params, data=form)


async def shown(api: Api, chat_id: int) -> Json:
    return (await api.business_get("chat", chatId=chat_id)).json["result"]


def a_chat(simulator: YandexMarketSimulator, **wanted: object) -> Chat:
    return next(
        chat
        for chat in simulator.state.chats.rows
        if all(getattr(chat, name) == value for name, value in wanted.items())
    )


async def test_list_is_paged_with_a_token_under_both_names(run: Run) -> None:
    _, api = await run(chats=45)
    first = (await api.post(LIST, {})).json["result"]
    assert len(first["chats"]) == 10
    token = first["paging"]["nextPageToken"]
    one = (await api.post(LIST, {}, pageToken=token)).raw
    assert one == (await api.post(LIST, {}, page_token=token)).raw
    chats = await api.read_all(LIST, "chats", {}, limit=20)
    assert len({chat["chatId"] for chat in chats}) == len(chats) == 45
    created = [chat["createdAt"] for chat in chats]
    assert created == sorted(created, reverse=True)


@pytest.mark.parametrize("limit", ["21", "0", "-1", "x"])
async def test_limit_out_of_bounds_is_400(run: Run, limit: str) -> None:
    _, api = await run()
    assert reason(await api.post(LIST, {}, limit=limit))[0] == 400
    assert reason(await api.post(LIST, {}, pageToken="мусор"))[0] == 400


@pytest.mark.parametrize(
    "body",
    [
        {"statuses": WAITING},
        {"types": ["ARBITRAGE"]},
        {"contextTypes": ["RETURN", "DIRECT"]},
        {"statuses": ["FINISHED"], "contextTypes": ["ORDER"]},
    ],
)
async def test_filters(run: Run, body: Json) -> None:
    _, api = await run(chats=60)
    everything = await api.read_all(LIST, "chats", {})
    found = await api.read_all(LIST, "chats", body)
    assert 0 < len(found) < 60

    def fits(chat: Json) -> bool:
        return (
            chat["status"] in body.get("statuses", [chat["status"]])
            and chat["type"] in body.get("types", [chat["type"]])
            and chat["context"]["type"] in body.get("contextTypes", [chat["context"]["type"]])
        )

    assert found == [chat for chat in everything if fits(chat)]


async def test_filters_by_order_and_context(run: Run) -> None:
    simulator, api = await run()
    order = a_chat(simulator, context="ORDER")
    back = a_chat(simulator, context="RETURN")
    by_context = {"contexts": [{"type": "RETURN", "id": back.return_id}]}
    assert [one["chatId"] for one in await api.read_all(LIST, "chats", by_context)] == [back.id]
    by_order = {"contexts": [{"type": "ORDER", "id": order.order_id}]}
    (found,) = await api.read_all(LIST, "chats", by_order)
    assert (found["chatId"], found["context"]["orderId"]) == (order.id, order.order_id)


async def test_order_is_only_in_the_context(run: Run) -> None:
    simulator, api = await run()
    chats = await api.read_all(LIST, "chats", {})
    assert any("orderId" in chat["context"] for chat in chats)
    assert not any("orderId" in chat for chat in chats)
    order = a_chat(simulator, context="ORDER")
    switched_off = {"orderIds": [order.order_id]}
    assert await api.read_all(LIST, "chats", switched_off) == chats
    reply = await api.business_post("chats/new", {"orderId": order.order_id})
    assert reason(reply)[0] == 400


WRONG: list[Json] = [
    {"statuses": []},
    {"statuses": ["NEW", "NEW"]},
    {"statuses": ["new"]},
    {"statuses": "NEW"},
    {"contexts": [{"type": "DIRECT", "id": 1}]},
    {"types": ["CHAT", 5]},
]


async def test_invalid_filter_is_400(run: Run) -> None:
    _, api = await run()
    for body in WRONG:
        assert reason(await api.post(LIST, body))[0] == 400, body


async def test_direct_chats_have_no_order(run: Run) -> None:
    simulator, api = await run(chats=30)
    chat = await shown(api, a_chat(simulator, context="DIRECT").id)
    assert set(chat["context"]) <= {"type", "customer"}
    back = await shown(api, a_chat(simulator, context="RETURN").id)
    assert {"campaignId", "orderId", "returnId"} <= set(back["context"])


async def test_history_begins_with_the_requested_message(run: Run) -> None:
    simulator, api = await run(messages_per_chat=30)
    chat = a_chat(simulator, context="ORDER")
    path = f"{LIST}/history"
    messages = await api.read_all(path, "messages", {}, chatId=chat.id, limit=7)
    ids = [message["messageId"] for message in messages]
    assert len(ids) == 30
    assert ids == sorted(set(ids))
    body = {"messageIdFrom": ids[20]}
    rest = await api.read_all(path, "messages", body, chatId=chat.id, limit=4)
    assert [message["messageId"] for message in rest] == ids[20:]
    result = (await api.post(path, {}, chatId=chat.id)).json["result"]
    assert result["context"] == (await shown(api, chat.id))["context"]
    assert "orderId" not in result
    one = await api.business_get("chats/message", chatId=chat.id, messageId=ids[3])
    assert one.json["result"] == messages[3]
    assert reason(await api.post(path, {}, chatId=chat.id, limit=101))[0] == 400
    assert reason(await api.business_get("chats/message", chatId=chat.id, messageId=1))[0] == 404


async def test_history_when_a_message_was_deleted(run: Run) -> None:
    simulator, api = await run()
    chat = a_chat(simulator, context="ORDER")
    ids = [message.id for message in chat.messages]
    simulator.state.chats.delete(chat.id, ids[5])
    path = f"{LIST}/history"
    messages = await api.read_all(path, "messages", {"messageIdFrom": ids[4]}, chatId=chat.id)
    assert [message["messageId"] for message in messages] == [ids[4], *ids[6:]]
    assert reason(await api.post(path, {"messageIdFrom": ids[5]}, chatId=chat.id))[0] == 404
    with pytest.raises(KeyError):
        simulator.state.chats.delete(chat.id, ids[5])


async def test_messages_have_text_or_files_and_every_sender(run: Run) -> None:
    _, api = await run(chats=40, messages_per_chat=20)
    senders = set()
    for chat in await api.read_all(LIST, "chats", {}):
        history = await api.read_all(f"{LIST}/history", "messages", {}, chatId=chat["chatId"])
        senders |= {message["sender"] for message in history}
        assert all(message.get("message") or message["payload"] for message in history)
        assert chat["updatedAt"] == history[-1]["createdAt"]
    assert senders == {"PARTNER", "CUSTOMER", "MARKET", "SUPPORT"}


async def test_status_depends_on_the_last_author(run: Run, time: Time) -> None:
    simulator, api = await run()
    simulator.state.arrive_message("Есть кто?")
    chat_id = (await api.post(LIST, {})).json["result"]["chats"][0]["chatId"]
    assert (await shown(api, chat_id))["status"] == "NEW"
    time.passed += 60
    reply = await send(api, chat_id)
    assert (reply.status, reply.json) == (200, {"status": "OK"})
    after = await shown(api, chat_id)
    assert after["status"] == "WAITING_FOR_CUSTOMER"
    assert datetime.fromisoformat(after["updatedAt"]).timestamp() == START + 60
    simulator.state.arrive_message("Спасибо", chat_id=chat_id)
    assert (await shown(api, chat_id))["status"] == "WAITING_FOR_PARTNER"
    assert (await send(api, chat_id, "я" * 4096)).status == 200
    assert [sent.text for sent in simulator.state.sent] == ["Здравствуйте!", "я" * 4096]
    assert simulator.stats.effects == {"message": 2}
    assert simulator.state.sent[0].message_id in {
        message["messageId"]
        for message in await api.read_all(f"{LIST}/history", "messages", {}, chatId=chat_id)
    }
    simulator.state.chats.finish(chat_id)
    assert (await shown(api, chat_id))["status"] == "FINISHED"


@pytest.mark.parametrize("text", ["", "я" * 4097, None, 5])
async def test_text_out_of_bounds_is_400(run: Run, text: Json) -> None:
    simulator, api = await run()
    chat = a_chat(simulator)
    assert reason(await send(api, chat.id, text))[0] == 400
    assert reason(await send(api, 5))[0] == 404
    assert simulator.state.sent == []


async def test_file_size_is_limited_to_five_megabytes(run: Run) -> None:
    simulator, api = await run()
    chat = a_chat(simulator)
    megabytes = 1024 * 1024
    reply = await send_files(api, chat.id, bytes(5 * megabytes))
    assert (reply.status, reply.json) == (200, {"status": "OK"})
    for contents in ([], [b"a", b"b"], [b""], [bytes(5 * megabytes + 1)], [bytes(7 * megabytes)]):
        assert reason(await send_files(api, chat.id, *contents))[0] == 400
    reply = await api.business_post("chats/file/send", {"file": "x"}, chatId=chat.id)
    assert reason(reply)[0] == 415
    assert simulator.stats.effects == {"file": 1}
    assert simulator.state.sent[0].file == "фото 0.png"


async def test_files_are_downloaded_by_their_address(run: Run) -> None:
    simulator, api = await run(files_need_oauth=True)
    simulator.state.arrive_message(None, files=[File("чек.jpg", b"\xff\xd8\xff")])
    chat_id = (await api.post(LIST, {})).json["result"]["chats"][0]["chatId"]
    history = await api.business_post("chats/history", {}, chatId=chat_id)
    (message,) = history.json["result"]["messages"]
    (entry,) = message["payload"]
    assert "message" not in message
    assert (entry["name"], entry["size"]) == ("чек.jpg", 3)
    assert entry["url"].startswith(api.url)
    path = entry["url"].removeprefix(api.url)
    assert reason(await api.get(path))[0] == 403
    reply = await api.with_headers(Authorization=f"Bearer {make_oauth_token()}").get(path)
    assert (reply.raw, reply.headers["Content-Type"]) == (b"\xff\xd8\xff", "image/jpeg")
    assert reason(await api.with_headers().get(path))[0] == 401


async def create(api: Api, kind: str, identifier: Json) -> Reply:
    return await api.business_post("chats/new", {"context": {"type": kind, "id": identifier}})


async def test_new_chat_is_created_once(run: Run) -> None:
    simulator, api = await run()
    old = a_chat(simulator, context="ORDER")
    assert (await create(api, "ORDER", old.order_id)).json["result"] == {"chatId": old.id}
    order_id = simulator.state.orders.ids[700]
    made = (await create(api, "ORDER", order_id)).json["result"]["chatId"]
    assert (await create(api, "ORDER", order_id)).json["result"] == {"chatId": made}
    assert simulator.stats.effects == {"chat": 1}
    chat = await shown(api, made)
    assert (chat["status"], chat["context"]["orderId"]) == ("NEW", order_id)
    assert chat["createdAt"] == chat["updatedAt"]


async def test_chat_is_rejected_for_objects_of_other_sellers(run: Run) -> None:
    simulator, api = await run()
    assert reason(await create(api, "ORDER", 5))[0] == 404
    assert reason(await create(api, "RETURN", 5))[0] == 404
    assert reason(await create(api, "DIRECT", 5))[0] == 400
    assert reason(await create(api, "ORDER", 0))[0] == 400
    assert reason(await api.business_post("chats/new", {}))[0] == 400
    dbs = simulator.state.arrive_return(campaign_id=100102)
    fbs = simulator.state.arrive_return(campaign_id=100101)
    assert reason(await create(api, "RETURN", dbs))[0] == 400
    made = await create(api, "RETURN", fbs)
    chat = await shown(api, made.json["result"]["chatId"])
    assert chat["context"]["returnId"] == fbs
