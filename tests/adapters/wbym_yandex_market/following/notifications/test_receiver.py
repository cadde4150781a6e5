"""Notifications over real HTTP: responses, stored hints, rejections."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from importlib.metadata import version

import aiohttp
import msgspec
import pytest
from aiohttp import web

from tests.adapters.wbym_yandex_market.following.notifications.conftest import (
    CAMPAIGN,
    CHAT_5,
    PING,
    Receive,
    Receiving,
    chat_created,
    forever,
)
from wbym.account import Hint, TrustedProxy
from wbym.errors import InvalidInput
from wbym_yandex_market import YandexMarket


class Taken(msgspec.Struct, forbid_unknown_fields=True):
    version: str
    name: str
    time: datetime


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    ours = [record for record in caplog.records if record.name.startswith("wbym")]
    assert all(record.levelno == logging.WARNING for record in ours)
    assert all(vars(record)["account"] == "shop" for record in ours)
    return [record.getMessage() for record in ours]


async def test_notification_is_stored_and_acknowledged(
    receive: Receive, caplog: pytest.LogCaptureFixture
) -> None:
    receiving = await receive()
    before = datetime.now(UTC)
    reply = await receiving.post(chat_created())
    assert (reply.status, reply.content_type) == (200, "application/json")
    taken = msgspec.json.decode(reply.body, type=Taken)
    assert (taken.name, taken.version) == ("wbym", version("wbym"))
    assert before <= taken.time <= datetime.now(UTC)
    assert taken.time.utcoffset() == timedelta(0)
    assert receiving.hints == [CHAT_5]
    assert warnings(caplog) == []


@pytest.mark.parametrize("path", ["/shop", "/shop/", "/shop/notification"])
async def test_receiver_mounted_in_another_application(path: str, receive: Receive) -> None:
    async def own(_: web.Request) -> web.Response:
        return web.Response(text="mine")

    app = web.Application(client_max_size=1)
    app.router.add_get("/", own)
    receiving = await receive(within=app)
    assert (await receiving.post(chat_created(), path)).status == 200
    assert receiving.hints == [CHAT_5]
    async with aiohttp.ClientSession(receiving.url) as session:
        async with session.get("/") as answer:
            assert await answer.text() == "mine"
        async with session.get(path) as answer:
            assert answer.status == 405


async def test_receiver_when_a_network_is_malformed() -> None:
    async with YandexMarket("key", name="shop", business_id=1) as shop:
        with pytest.raises(InvalidInput):
            shop.receiver(Receiving().store, networks=["nowhere"])


async def test_duplicate_notifications_are_accepted(receive: Receive) -> None:
    receiving = await receive()
    for _ in range(3):
        assert (await receiving.post(chat_created())).status == 200
    assert receiving.hints == [CHAT_5] * 3


async def test_ping_needs_neither_store_nor_shops(receive: Receive) -> None:
    # No server: the lookup of the shops never succeeds.
    receiving = await receive(YandexMarket("key", name="shop", base_url="http://127.0.0.1:9"))
    receiving.mishap = forever
    async with asyncio.timeout(30):
        assert (await receiving.post(PING)).status == 200
        assert (await receiving.post({"notificationType": "PING"})).status == 200


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "Input data was truncated"),
        (b"buyer's secret words", "JSON is malformed"),
        (b'{"chatId": 5}', "notificationType"),
        (b'{"notificationType": "CHAT_CREATED", "businessId": 1001}', "chatId"),
        (b'{"notificationType": "CHAT_CREATED", "businessId": 1001, "chatId": "x"}', "chatId"),
    ],
)
async def test_invalid_notification_is_rejected_permanently(
    body: bytes, expected: str, receive: Receive, caplog: pytest.LogCaptureFixture
) -> None:
    receiving = await receive()
    reply = await receiving.post(body)
    assert reply.status == 400
    kind, message = reply.error
    assert kind == "WRONG_EVENT_FORMAT"
    assert expected in message
    assert receiving.hints == []
    (warning,) = warnings(caplog)
    assert warning.startswith("shop: rejected a malformed notification: ")
    assert "secret" not in caplog.text


async def test_unknown_type_is_accepted_and_logged(
    receive: Receive, caplog: pytest.LogCaptureFixture
) -> None:
    receiving = await receive()
    for kind in ("PRICE_CHANGED", "PRICE_CHANGED", "X\n" * 1000):
        assert (await receiving.post({"notificationType": kind, "id": 1})).status == 200
    assert receiving.hints == []
    first, second = warnings(caplog)
    assert first == "shop: ignored a notification of an unknown type: 'PRICE_CHANGED'"
    assert len(second) < 200
    assert "\n" not in second


@pytest.mark.parametrize(
    ("body", "expected_owner"),
    [
        (chat_created(business_id=1002), "business 1002"),
        (
            {"notificationType": "ORDER_RETURN_CREATED", "returnId": 1, "campaignId": 100201},
            "campaign 100201",
        ),
        ({"notificationType": "ORDER_CREATED", "campaignId": 100201}, "campaign 100201"),
    ],
)
async def test_notification_of_another_business_is_rejected_permanently(
    body: object, expected_owner: str, receive: Receive, caplog: pytest.LogCaptureFixture
) -> None:
    receiving = await receive()
    reply = await receiving.post(body)
    assert reply.status == 400
    assert reply.error == ("UNKNOWN", f"{expected_owner} is not served here")
    assert receiving.hints == []
    assert expected_owner in "".join(warnings(caplog))


async def test_return_of_an_own_shop_is_accepted(receive: Receive) -> None:
    receiving = await receive()
    body = {"notificationType": "ORDER_RETURN_CREATED", "returnId": 1, "campaignId": CAMPAIGN}
    assert (await receiving.post(body)).status == 200
    assert receiving.hints == [Hint("shop", "returns", "1")]


# Sources.


async def test_forged_source_is_rejected_and_logged_once_per_minute(
    receive: Receive, caplog: pytest.LogCaptureFixture
) -> None:
    receiving = await receive(networks=["5.45.207.0/25"])
    for headers in ({}, {"X-Forwarded-For": "5.45.207.1"}, {"X-Real-IP": "5.45.207.1"}):
        for body in (chat_created(), PING):
            reply = await receiving.post(body, headers=headers)
            assert reply.status == 403
            assert reply.error[0] == "UNKNOWN"
    assert receiving.hints == []
    rejected = "shop: rejected a notification from 127.0.0.1: not an address of Market"
    assert warnings(caplog) == [rejected]


@pytest.mark.looptime
async def test_forged_source_is_logged_again_after_a_minute(
    receive: Receive, caplog: pytest.LogCaptureFixture
) -> None:
    receiving = await receive(networks=["5.45.207.0/25"])
    for pause, count in ((0, 1), (59, 1), (2, 2)):
        await asyncio.sleep(pause)
        await receiving.post(PING)
        assert len(warnings(caplog)) == count


async def test_trusted_proxy_reports_the_source(receive: Receive) -> None:
    proxy = TrustedProxy(networks=("127.0.0.0/8",))
    receiving = await receive(proxy=proxy, networks=["5.45.207.0/25"])
    by_lines = [("X-Forwarded-For", "5.45.207.1"), ("X-Forwarded-For", "9.9.9.9")]
    for headers, status in (
        ([("X-Forwarded-For", "5.45.207.1")], 200),
        ([("x-forwarded-for", "9.9.9.9, 5.45.207.1, 127.0.0.2")], 200),
        ([("X-Forwarded-For", "5.45.207.1, 9.9.9.9")], 403),
        (by_lines, 403),
        (by_lines[::-1], 200),
        ([("X-Forwarded-For", "unknown")], 403),
        ([("X-Real-IP", "5.45.207.1")], 403),
        ([], 403),
    ):
        assert (await receiving.post(chat_created(), headers=headers)).status == status, headers
    assert len(receiving.hints) == 3


async def test_proxy_header_has_a_custom_name(receive: Receive) -> None:
    proxy = TrustedProxy(networks=("127.0.0.1",), header="X-Real-IP")
    receiving = await receive(proxy=proxy, networks=["5.45.207.0/25"])
    for name, status in (("X-Real-IP", 200), ("X-Forwarded-For", 403)):
        assert (await receiving.post(PING, headers={name: "5.45.207.1"})).status == status


# Limits.


@pytest.mark.parametrize(("size", "status"), [(65_536, 200), (65_537, 413)])
async def test_body_size_is_limited(size: int, status: int, receive: Receive) -> None:
    receiving = await receive()
    body = msgspec.json.encode(chat_created())
    reply = await receiving.post(body + b" " * (size - len(body)))
    assert reply.status == status
    assert len(receiving.hints) == (status == 200)


@pytest.mark.looptime
@pytest.mark.parametrize("end", [b"", b"}"])
async def test_body_must_arrive_in_time(end: bytes, receive: Receive) -> None:
    receiving = await receive()
    reader, writer = await asyncio.open_connection("127.0.0.1", receiving.port)
    body = msgspec.json.encode(chat_created())
    head = f"POST /shop HTTP/1.1\r\nHost: shop\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body[:-1])
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.sleep(4.9)
    writer.write(end)
    status = await reader.readline()
    assert status.split()[1] == (b"200" if end else b"408")
    assert loop.time() - began < 5.1
    writer.close()
    await writer.wait_closed()


async def test_body_with_a_wrong_encoding_is_rejected_permanently(receive: Receive) -> None:
    receiving = await receive()
    reader, writer = await asyncio.open_connection("127.0.0.1", receiving.port)
    head = (
        "POST /shop HTTP/1.1\r\nHost: shop\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n"
    )
    writer.write(head.encode())
    await asyncio.sleep(0.02)
    writer.write(b"no packet")
    assert (await reader.readline()).split()[1] == b"400"
    writer.close()
    await writer.wait_closed()


async def test_incomplete_body_is_not_a_server_error(
    receive: Receive, caplog: pytest.LogCaptureFixture
) -> None:
    receiving = await receive()
    _, writer = await asyncio.open_connection("127.0.0.1", receiving.port)
    writer.write(b"POST /shop HTTP/1.1\r\nHost: shop\r\nContent-Length: 50\r\n\r\n{")
    await asyncio.sleep(0.02)
    writer.close()
    await writer.wait_closed()
    assert (await receiving.post(chat_created())).status == 200
    assert receiving.hints == [CHAT_5]
    assert [record.getMessage() for record in caplog.records] == []


@pytest.mark.looptime
@pytest.mark.parametrize("rate", [20, 100])
async def test_notifications_are_limited_per_second(
    rate: int, receive: Receive, caplog: pytest.LogCaptureFixture
) -> None:
    receiving = await receive(rate=rate)
    statuses = [(await receiving.post(chat_created())).status for _ in range(rate + 10)]
    assert statuses == [200] * rate + [429] * 10
    reply = await receiving.post(chat_created())
    assert reply.error == ("UNKNOWN", "too many notifications at once")
    await asyncio.sleep(0.5)
    statuses = [(await receiving.post(chat_created())).status for _ in range(rate)]
    assert statuses == [200] * (rate // 2) + [429] * (rate // 2)
    warning = f"shop: rejected notifications: more than {rate} per second arrived"
    assert warnings(caplog) == [warning]


@pytest.mark.looptime
async def test_ping_is_answered_in_a_flood(receive: Receive) -> None:
    receiving = await receive(rate=20)
    flood = [(await receiving.post(chat_created())).status for _ in range(200)]
    assert flood == [200] * 20 + [429] * 180
    assert [(await receiving.post(PING)).status for _ in range(12)] == [200] * 10 + [429] * 2
    small = {"notificationType": "PING-PONG"}
    assert (await receiving.post(small)).status == 429
    await asyncio.sleep(1)
    assert (await receiving.post(chat_created())).status == 200


async def test_forged_sources_do_not_silence_other_warnings(
    receive: Receive, caplog: pytest.LogCaptureFixture
) -> None:
    proxy = TrustedProxy(networks=("127.0.0.1",))
    receiving = await receive(proxy=proxy, networks=["5.45.207.0/25"])
    for number in range(300):
        headers = {"X-Forwarded-For": f"9.9.{number // 250}.{number % 250}"}
        assert (await receiving.post(PING, headers=headers)).status == 403
    headers = {"X-Forwarded-For": "5.45.207.1"}
    assert (await receiving.post({"notificationType": "NEW"}, headers=headers)).status == 200
    *forged, other = warnings(caplog)
    assert len(forged) == 100
    assert other == "shop: ignored a notification of an unknown type: 'NEW'"


async def test_forged_sources_do_not_use_up_the_rate(receive: Receive) -> None:
    proxy = TrustedProxy(networks=("127.0.0.1",))
    receiving = await receive(proxy=proxy, networks=["5.45.207.0/25"])
    for address, status in [("9.9.9.9", 403)] * 150 + [("5.45.207.1", 200)]:
        headers = {"X-Forwarded-For": address}
        assert (await receiving.post(PING, headers=headers)).status == status


# Failures of storing.


async def test_notification_that_was_not_stored_is_requested_again(
    receive: Receive, caplog: pytest.LogCaptureFixture
) -> None:
    receiving = await receive()

    async def fail() -> None:
        raise OSError("the disk is full")

    receiving.mishap = fail
    for _ in range(2):
        reply = await receiving.post(chat_created())
        assert reply.status == 500
        assert reply.error == ("UNKNOWN", "not stored")
    (warning,) = warnings(caplog)
    assert "the disk is full" in warning
    assert "in fail" in caplog.text  # where it happened
    receiving.mishap = None
    assert (await receiving.post(chat_created())).status == 200
    assert receiving.hints == [CHAT_5]


@pytest.mark.looptime
@pytest.mark.parametrize(("seconds", "status"), [(4.9, 200), (5.1, 500)])
async def test_storing_has_a_timeout(
    seconds: float, status: int, receive: Receive, caplog: pytest.LogCaptureFixture
) -> None:
    receiving = await receive()

    async def wait() -> None:
        await asyncio.sleep(seconds)

    receiving.mishap = wait
    began = asyncio.get_running_loop().time()
    reply = await receiving.post(chat_created())
    assert asyncio.get_running_loop().time() - began < 5.05
    assert reply.status == status
    if status == 500:
        assert reply.error == ("UNKNOWN", "not stored in time")
        assert warnings(caplog) == ["shop: could not store a notification within 5 s"]
    assert len(receiving.hints) == (status == 200)


@pytest.mark.looptime
async def test_waiting_notifications_do_not_block_others(receive: Receive) -> None:
    receiving = await receive()
    receiving.mishap = forever
    slow = [asyncio.create_task(receiving.post(chat_created())) for _ in range(20)]
    await asyncio.sleep(1)
    began = asyncio.get_running_loop().time()
    assert (await receiving.post(PING)).status == 200
    assert asyncio.get_running_loop().time() - began < 0.1
    assert {(await each).status for each in slow} == {500}
