from __future__ import annotations

import aiohttp

from wbym.testing.process import SimulatorProcess
from wbym_yandex_market.simulator import YandexMarketSimulator, make_api_key
from wbym_yandex_market.simulator.__main__ import parser

pytest_plugins = ["wbym_yandex_market.simulator.fixtures"]


async def test_process_serves_and_tells_who_may_call() -> None:
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


def test_command_line_has_every_option() -> None:
    given = parser().parse_args(
        ["--feedbacks", "7", "--files-need-oauth", "--moderation", "1.5", "--hour", "60"]
    )
    assert (given.feedbacks, given.files_need_oauth, given.moderation) == (7, True, 1.5)
    assert (given.hour, given.parallel, given.subscription, given.locked) == (60, 4, False, [])


async def test_fixture_runs_a_simulator(yandex_market_simulator: YandexMarketSimulator) -> None:
    assert yandex_market_simulator.url.startswith("http://127.0.0.1:")
