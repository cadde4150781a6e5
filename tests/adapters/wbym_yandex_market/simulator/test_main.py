from __future__ import annotations

from datetime import UTC, datetime, timedelta

import aiohttp

from wbym.domain import Author, Noun, Ref
from wbym.testing import ReceivedMessage, SimulatorProcess
from wbym.testing._process import command_line
from wbym_yandex_market import YandexMarket
from wbym_yandex_market.simulator import YandexMarketSimulator, make_api_key
from wbym_yandex_market.simulator.options import Options


async def test_process_serves_and_reports_its_credentials() -> None:
    async with SimulatorProcess(
        "wbym_yandex_market.simulator", "--feedbacks", "300", "--businesses", "7", "8"
    ) as simulator:
        shown = simulator.shown
        assert shown["records"]["feedbacks"] == 600  # type: ignore[index]
        assert (shown["marketplace"], shown["pid"]) == ("yandex_market", simulator.pid)
        assert (shown["business_id"], shown["campaign_ids"]) == (7, [701, 702])
        headers = {"Api-Key": str(shown["token"])}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(f"{simulator.url}/v2/businesses/7/chats", json={}) as reply,
        ):
            assert reply.status == 200
        headers["Api-Key"] = make_api_key(business_id=8)
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(f"{simulator.url}/v2/campaigns") as reply,
        ):
            assert reply.status == 200


async def test_buyers_when_they_write_over_http() -> None:
    module = "wbym_yandex_market.simulator"
    async with SimulatorProcess(module, "--chats", "2", "--no-limits") as process:
        key, business = str(process.shown["token"]), 1001
        async with YandexMarket(key, business_id=business, base_url=process.url) as shop:
            begun = datetime.now(UTC) - timedelta(seconds=2)
            first = await process.buyers.write("Где заказ?")
            second = await process.buyers.write("Добрый день!")
            assert await process.buyers.write("Ау!", chat=first) == first
            chats = {chat.ref.id: chat async for chat in shop.chats()}
            assert len({first, second} & chats.keys()) == 2
            received = [item async for item in shop.messages(chats[first], since=begun)]
            assert [item.text for item in received] == ["Где заказ?", "Ау!"]
            assert {item.author for item in received} == {Author.BUYER}
            assert await process.sent() == []
            await shop.send(chats[second], "Здравствуйте!")
            await shop.send(chats[first], "В пути.")
            feedback = await process.buyers.give_feedback("Бьётся", rating=1)
            await shop.answer(Ref(shop.marketplace, shop.name, Noun.FEEDBACK, feedback), "Заменим.")
        written = [(one.kind, one.id, one.text) for one in await process.written()]
        assert written == [
            ("message", second, "Здравствуйте!"),
            ("message", first, "В пути."),
            ("comment", feedback, "Заменим."),
        ]
        assert await process.sent() == [
            ReceivedMessage(second, "Здравствуйте!"),
            ReceivedMessage(first, "В пути."),
        ]


def test_command_line_has_every_option() -> None:
    given = command_line(Options, "x").parse_args(
        ["--feedbacks", "7", "--files-need-oauth", "--moderation", "1.5", "--hour", "60"]
    )
    assert (given.feedbacks, given.files_need_oauth, given.moderation) == (7, True, 1.5)
    assert (given.hour, given.parallel, given.subscription, given.locked) == (60, 4, False, ())


async def test_fixture_runs_a_simulator(yandex_market_simulator: YandexMarketSimulator) -> None:
    assert yandex_market_simulator.url.startswith("http://127.0.0.1:")
