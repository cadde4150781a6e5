"""The streams of questions, feedbacks and returns against the simulator, over real HTTP."""

import time as clocks
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from tests.adapters.wbym_yandex_market.following.follower import (
    Follower,
    Time,
    Watched,
    watched_shop,
)
from wbym.domain import Feedback, Question, QuestionStatus, Return, ReturnStatus
from wbym.limits import Window
from wbym_yandex_market import YandexMarket
from wbym_yandex_market.simulator import YandexMarketSimulator
from wbym_yandex_market.simulator.state import Cabinet

DAY = 86_400.0
LISTS = {"questions": "goods-questions", "feedbacks": "goods-feedback", "returns": "returns"}


class Shop(NamedTuple):
    market: YandexMarketSimulator
    account: YandexMarket
    transport: Watched
    time: Time

    @property
    def state(self) -> Cabinet:
        return self.market.state

    def follower(self, name: str, since: datetime | None = None) -> Follower:
        return Follower(self.account, name, self.time, since or self.time.now)

    async def begun(self, name: str) -> Follower:
        follower = self.follower(name)
        await follower.round()
        assert follower.state is not None
        assert not follower.events
        self.transport.asked.clear()
        return follower

    def arrive(self, name: str, ago: float = 0.0) -> int:
        if name == "questions":
            return self.state.arrive_question(ago=ago)
        if name == "feedbacks":
            return self.state.arrive_feedback(ago=ago)
        return self.state.arrive_return(ago=ago)


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    # The lists are requested by days of the real clock.
    time = Time(clocks.time())
    async with YandexMarketSimulator(
        feedbacks=120, questions=120, returns=12, limits=False, wall=time.market
    ) as market:
        account, transport = watched_shop(market)
        async with account:
            yield Shop(market, account, transport, time)


def ids(follower: Follower) -> list[str]:
    return [record.ref.id for record in follower.events]


async def test_streams_of_an_account(shop: Shop) -> None:
    found = {stream.name: stream.every for stream in shop.account.streams()}
    assert found == {"chats": 5, "questions": 60, "feedbacks": 60, "returns": 60}


@pytest.mark.parametrize("name", LISTS)
class TestEveryStream:
    async def test_round_when_records_arrive(self, shop: Shop, name: str) -> None:
        follower = await shop.begun(name)
        first = shop.arrive(name, ago=5)
        await follower.round()
        second = shop.arrive(name)
        await follower.round()
        await follower.round()
        assert ids(follower) == [str(first), str(second)]

    async def test_round_when_followed_from_the_beginning(self, shop: Shop, name: str) -> None:
        follower = shop.follower(name, datetime.min.replace(tzinfo=UTC))
        batches = await follower.round()
        rows = shop.state.returns.all if name == "returns" else getattr(shop.state, name).rows
        wanted = {str(row.id) for row in rows if name != "returns" or row.redeemed}
        assert set(ids(follower)) == wanted
        assert len(ids(follower)) == len(wanted)
        assert [batch.state is None for batch in batches] == [True] * (len(batches) - 1) + [False]
        for batch in batches:
            times = [observation.at for observation in batch.observations]
            assert times == sorted(times)

    async def test_round_when_records_appear_late(self, shop: Shop, name: str) -> None:
        follower = await shop.begun(name)
        late, later = shop.arrive(name, ago=DAY / 2), shop.arrive(name, ago=20 * DAY)
        for identifier in (late, later):
            if name == "returns":  # or it would be found as unanswered
                shop.state.returns.settle(identifier)
        await follower.round()
        assert ids(follower) == ([] if name == "returns" else [str(late)])
        shop.time.passed += 3599
        await follower.round()
        assert len(ids(follower)) == (0 if name == "returns" else 1)
        shop.time.passed += 1
        await follower.round()
        assert set(ids(follower)) == {str(late), str(later)}

    async def test_hint_without_an_id(self, shop: Shop, name: str) -> None:
        follower = await shop.begun(name)
        arrived = shop.arrive(name)
        late = shop.arrive(name, ago=20 * DAY)
        if name == "returns":
            shop.state.returns.settle(late)
        assert not await follower.round(due=False)
        shop.time.passed += 7200
        await follower.round(due=False, hints=[""])
        assert ids(follower) == [str(arrived)], "a long round is for when one is due"
        await follower.round()
        assert ids(follower) == [str(arrived), str(late)]

    async def test_every_when_quotas_differ(self, shop: Shop, name: str) -> None:
        quotas = {f"{name}.list": Window(limit=10, period=3600)}
        account, _ = watched_shop(shop.market, quotas)
        async with account:
            follower = Follower(account, name, shop.time, shop.time.now)
            for _ in range(3):
                shop.state.arrive_return(campaign_id=100101)
            pages = 2 if name == "returns" else 1  # it has two shops
            requests = 2 if name == "questions" else pages
            account._dialect._quotas.clear()
            await follower.round()
            await follower.round()
            account._dialect._quotas.update(quotas)
            assert follower.stream.every == requests * 720


class TestQuiet:
    @pytest.mark.parametrize("name", ["questions", "feedbacks"])
    async def test_round_without_records(self, name: str) -> None:
        """The first round reads far back, later ones do not."""
        time = Time(clocks.time())
        async with YandexMarketSimulator(
            feedbacks=0, questions=0, limits=False, wall=time.market
        ) as market:
            account, transport = watched_shop(market)
            async with account:
                follower = Follower(account, name, time, datetime(1970, 1, 1, tzinfo=UTC))
                await follower.round()
                assert transport.asked[LISTS[name]] > 10
                transport.asked.clear()
                await follower.round()
                assert transport.asked[LISTS[name]] == 1
                time.passed += 3600
                transport.asked.clear()
                await follower.round()
                assert transport.asked[LISTS[name]] <= 2
                state = market.state
                new = state.arrive_question() if name == "questions" else state.arrive_feedback()
                await follower.round()
                assert ids(follower) == [str(new)]


class TestQuestions:
    async def test_round_when_one_is_answered(self, shop: Shop) -> None:
        follower = await shop.begun("questions")
        number = shop.arrive("questions", ago=3600)
        await follower.round()
        shop.state.questions.create("QUESTION", number, "Да, подойдёт")
        await follower.round()
        asked, answered = follower.events
        assert isinstance(asked, Question)
        assert isinstance(answered, Question)
        assert (asked.ref, asked.status) == (answered.ref, QuestionStatus.WAITING)
        assert (answered.status, answered.answer) == (QuestionStatus.ANSWERED, None)

    async def test_version_when_the_status_is_unknown(self, shop: Shop) -> None:
        follower = await shop.begun("questions")
        number = shop.arrive("questions")
        shop.state.questions.create("QUESTION", number, "Да")
        found = []
        for _ in range(2):
            batches = await follower.round()
            versions = {s.record.ref.id: s.version for batch in batches for s in batch.observations}
            found.append(versions[str(number)])
        # At first it is assumed unanswered, so that no event is made when this is confirmed.
        assert found == ["waiting", None]

    async def test_hint_with_an_id(self, shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("INFO", "wbym.yandex_market")
        follower = await shop.begun("questions")
        number = shop.arrive("questions", ago=3600)
        shop.state.questions.create("QUESTION", number, "Да, подойдёт")
        await follower.round(due=False, hints=["999", str(number), "no-id"])
        (question,) = follower.events
        assert isinstance(question, Question)
        assert question.answer is not None
        assert question.answer.text == "Да, подойдёт"
        assert caplog.text.count("ignored a hint") == 2
        await follower.round()
        assert len(follower.events) == 1


class TestFeedbacks:
    async def test_round_when_one_changes(self, shop: Shop) -> None:
        follower = await shop.begun("feedbacks")
        number = shop.arrive("feedbacks")
        await follower.round()
        feedbacks = shop.state.feedbacks
        feedbacks.read_in_cabinet(number)
        await follower.round()
        assert len(follower.events) == 1, "viewing is not a change"
        feedbacks.comment(number, "Спасибо!", None)
        await follower.round()
        await follower.round()
        feedbacks._refresh(feedbacks.get(number), description={"comment": "Передумал"})
        await follower.round()
        found = [one for one in follower.events if isinstance(one, Feedback)]
        assert [one.comments for one in found] == [0, 1, 1]
        assert found[2].text == "Передумал"

    async def test_hint_with_an_id(self, shop: Shop) -> None:
        follower = await shop.begun("feedbacks")
        number = shop.arrive("feedbacks")
        shop.state.feedbacks.comment(number, "Спасибо!", None)
        await follower.round(due=False, hints=[str(number)])
        (feedback,) = follower.events
        assert isinstance(feedback, Feedback)
        assert feedback.answer is not None
        assert feedback.answer.text == "Спасибо!"
        await follower.round()
        assert len(follower.events) == 1

    async def test_version_when_comments_are_not_counted(self, shop: Shop) -> None:
        follower = await shop.begun("feedbacks")
        number = shop.arrive("feedbacks")
        feedback = shop.state.feedbacks.get(number)
        feedback._raw = feedback.raw.replace(b'"commentsCount":0', b'"commentsCount":null')
        batches = await follower.round()
        versions = {s.record.ref.id: s.version for batch in batches for s in batch.observations}
        assert versions.pop(str(number)) is None
        assert None not in versions.values()


class TestReturns:
    async def test_round_when_a_return_is_processed(self, shop: Shop) -> None:
        follower = await shop.begun("returns")
        number = shop.arrive("returns")
        returns = shop.state.returns
        await follower.round()
        shop.time.passed += 5
        returns.dispute(number)
        await follower.round()
        returns.settle(number)
        await follower.round()
        assert len(follower.events) == 2, "it is open no more"
        shop.time.passed += 3600
        await follower.round()
        found = [one for one in follower.events if isinstance(one, Return)]
        assert [one.status for one in found] == [
            ReturnStatus.WAITING_FOR_SELLER,
            ReturnStatus.IN_PROGRESS,
            ReturnStatus.COMPLETED,
        ]

    async def test_version_when_the_goods_move(self, shop: Shop) -> None:
        follower = await shop.begun("returns")
        one = shop.state.returns.find(shop.arrive("returns"))
        assert one is not None
        await follower.round()
        one.shipment = "IN_TRANSIT"
        one.changed()
        await follower.round()
        await follower.round()
        assert ids(follower) == [str(one.id)] * 2

    async def test_hint_when_one_is_closed(self, shop: Shop) -> None:
        """A hint reads recently changed returns, open or not."""
        follower = await shop.begun("returns")
        number = shop.arrive("returns")
        shop.state.returns.settle(number)
        await follower.round(due=False, hints=[str(number)])
        assert ids(follower) == [str(number)]
        assert shop.transport.asked["returns"] == 2, "one for each shop"

    async def test_round_when_a_return_stays_open_long(self, shop: Shop) -> None:
        follower = await shop.begun("returns")
        number = shop.arrive("returns", ago=200 * DAY)
        one = shop.state.returns.find(number)
        assert one is not None
        one.refund_status = "STARTED_BY_USER"  # no decision is due in 48 hours
        one.changed()
        await follower.round()
        assert ids(follower) == [str(number)]
