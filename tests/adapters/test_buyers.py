from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from wbym.account import Account
from wbym.testing import RemoteBuyers, SimulatorServer
from wbym_wildberries import Wildberries
from wbym_wildberries.simulator import WildberriesSimulator, make_token
from wbym_wildberries.simulator.tokens import CATEGORIES
from wbym_yandex_market import YandexMarket
from wbym_yandex_market.simulator import YandexMarketSimulator, make_api_key


@pytest_asyncio.fixture(params=["wildberries", "yandex_market"])
async def shop(request: pytest.FixtureRequest) -> AsyncIterator[tuple[SimulatorServer, Account]]:
    simulator: SimulatorServer
    account: Account
    if request.param == "wildberries":
        simulator = WildberriesSimulator(limits=False)
        await simulator.start()
        account = Wildberries(make_token(scopes=CATEGORIES), base_url=simulator.url)
    else:
        simulator = YandexMarketSimulator(limits=False)
        await simulator.start()
        account = YandexMarket(make_api_key(), business_id=1001, base_url=simulator.url)
    async with account:
        yield simulator, account
    await simulator.stop()


async def test_buyers_act_alike_from_code_and_over_http(
    shop: tuple[SimulatorServer, Account],
) -> None:
    simulator, account = shop
    far = RemoteBuyers(simulator.url)
    near = simulator.buyers
    chats = {near.write("Где заказ?"), await far.write("Добрый день!")}
    assert await far.write("Ау!", chat=(first := min(chats))) == first
    questions = {near.ask("Есть чехол?"), await far.ask("Какой вес?")}
    feedbacks = {near.give_feedback("Бьётся", rating=1), await far.give_feedback("Отлично")}
    returns = {near.open_return(), await far.open_return()}

    assert chats <= {chat.ref.id async for chat in account.chats()}
    asked = {one.ref.id: one.text async for one in account.questions(answered=False)}
    assert {asked[each] for each in questions} == {"Есть чехол?", "Какой вес?"}
    given = {one.ref.id: (one.text, one.rating) async for one in account.feedbacks(answered=False)}
    assert {given[each] for each in feedbacks} == {("Бьётся", 1), ("Отлично", 5)}
    assert returns <= {one.ref.id async for one in account.returns()}


async def test_buyers_when_the_request_is_invalid(shop: tuple[SimulatorServer, Account]) -> None:
    far = RemoteBuyers(shop[0].url)
    with pytest.raises(ValueError, match="no chat"):
        await far.write("Ау!", chat="5")
    async with aiohttp.ClientSession() as session:
        url = f"{shop[0].url}/__simulator/buyers"
        async with session.post(url, data=b'{"act":"write","chat":"5"}') as reply:
            assert reply.status == 400
            assert "text" in (await reply.json())["error"]
