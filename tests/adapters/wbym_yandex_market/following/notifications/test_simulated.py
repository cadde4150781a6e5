"""The simulator's notifications through the receiver, and Market's records behind them."""

from tests.adapters.wbym_yandex_market.following.notifications.conftest import Receive
from tests.adapters.wbym_yandex_market.shops import open_shop
from wbym.account import Hint, TrustedProxy
from wbym.domain import Noun, Question, Ref
from wbym_yandex_market.simulator import Notifier, YandexMarketSimulator


async def test_changes_in_a_cabinet_become_hints(
    market: YandexMarketSimulator, receive: Receive
) -> None:
    shop = open_shop(market)
    receiving = await receive(
        shop, proxy=TrustedProxy(networks=("127.0.0.1",)), networks=["5.45.207.0/25"]
    )
    url = f"{receiving.url}/shop/notification"
    cabinet = market.state
    async with Notifier(
        cabinet,
        url,
        duplicates=0.5,
        disorder=True,
        headers={"X-Forwarded-For": "5.45.207.1"},
    ) as notifier:
        assert await notifier.ping() == 200
        cabinet.arrive_message("Здравствуйте!")
        question = cabinet.arrive_question("Есть размер?")
        feedback = cabinet.arrive_feedback()
        returned = cabinet.arrive_return()
        cabinet.arrive_return(redeemed=False)
        cabinet.feedbacks.arrive_comment(feedback, "И ещё")
        assert set(await notifier.deliver()) == {200}
    chats = [hint for hint in receiving.hints if hint.stream == "chats"]
    assert set(receiving.hints) == {
        Hint("shop", "chats", chats[0].id),
        Hint("shop", "questions", str(question)),
        Hint("shop", "feedbacks", str(feedback)),
        Hint("shop", "feedbacks", ""),
        Hint("shop", "returns", str(returned)),
    }
    ref = Ref("yandex_market", "shop", Noun.QUESTION, str(question))
    assert (await shop.get(ref, Question)).text == "Есть размер?"


async def test_failed_store_receives_all_hints_later(
    market: YandexMarketSimulator, receive: Receive
) -> None:
    receiving = await receive(open_shop(market))
    failures = iter(range(7))

    async def fail() -> None:
        if next(failures, None) is not None:
            raise OSError("not now")

    receiving.mishap = fail
    url = f"{receiving.url}/shop"
    async with Notifier(market.state, url, disorder=True) as notifier:
        ids = {str(market.state.arrive_question()) for _ in range(10)}
        while notifier.waiting:
            await notifier.deliver()
    assert {hint.id for hint in receiving.hints} == ids
