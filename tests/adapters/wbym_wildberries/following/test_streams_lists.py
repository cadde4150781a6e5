"""The streams of questions, feedbacks and claims against the simulator."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters.wbym_wildberries.following.follower import Clock, FollowedEvent, Follower
from tests.adapters.wbym_wildberries.shops import open_shop
from wbym.account import Poll, Stream
from wbym.domain import Feedback, Question, Return, ReturnStatus
from wbym_wildberries import Wildberries
from wbym_wildberries._following.streams import open_streams
from wbym_wildberries.simulator import WildberriesSimulator
from wbym_wildberries.simulator.state_feedbacks import Feedbacks, Questions

EPOCH = datetime.fromtimestamp(0, UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

NOUNS = pytest.mark.parametrize("noun", ["questions", "feedbacks"])


class Scene:
    """A seller's lists, their follower, and the clock."""

    def __init__(self, shop: Wildberries, simulator: WildberriesSimulator, clock: Clock) -> None:
        self.shop = shop
        self.simulator = simulator
        self.state = simulator.state
        self.clock = clock

    def stream(self, noun: str) -> Stream:
        streams = open_streams(
            self.shop.api,
            self.shop._dialect,
            self.shop._reader,
            self.shop._pipeline.report,
            now=self.clock.now,
        )
        return next(stream for stream in streams if stream.name == noun)

    def follow(self, noun: str, since: datetime | None = None) -> Follower:
        return Follower(self.stream(noun), since or self.clock.now())

    def arrive(self, noun: str, ago: timedelta = timedelta()) -> str:
        if noun == "questions":
            return self.state.arrive_question(ago=ago.total_seconds())
        return self.state.arrive_feedback(ago=ago.total_seconds())

    def shelf(self, noun: str) -> Questions | Feedbacks:
        return self.state.questions if noun == "questions" else self.state.feedbacks

    def answer(self, noun: str, identifier: str, text: str = "Спасибо") -> None:
        assert self.shelf(noun).answer(identifier, text)

    @property
    def requests(self) -> int:
        return self.simulator.stats.requests


@asynccontextmanager
async def scene(
    *, feedbacks: int = 0, questions: int = 0, claims: int = 0, moderation: float = 0.0
) -> AsyncIterator[Scene]:
    clock = Clock()
    simulator = WildberriesSimulator(
        feedbacks=feedbacks,
        questions=questions,
        claims=claims,
        moderation=moderation,
        cards=0,
        chats=0,
        limits=False,
        wall=clock.wall,
    )
    async with simulator, open_shop(simulator) as shop:
        yield Scene(shop, simulator, clock)


def ids(events: list[FollowedEvent]) -> list[str]:
    return [event.id for event in events]


class TestNouns:
    @NOUNS
    async def test_poll_when_followed_from_the_beginning(self, noun: str) -> None:
        async with scene(feedbacks=300, questions=300) as it:
            events = await it.follow(noun, EPOCH).round()
            assert len(ids(events)) == len(set(ids(events))) == 300
            assert {type(event.record) for event in events} <= {Question, Feedback}
            it.simulator.stats.clear()
            assert len(await it.follow(noun, datetime.min.replace(tzinfo=UTC)).round()) == 300
            assert it.requests == 2

    @NOUNS
    async def test_poll_when_followed_from_now(self, noun: str) -> None:
        async with scene(feedbacks=300, questions=300) as it:
            follower = it.follow(noun)
            assert await follower.round() == []
            assert follower.retained_since == it.clock.now() - timedelta(days=45)
            it.clock.advance(MINUTE)
            asked = [it.arrive(noun), it.arrive(noun)]
            it.simulator.stats.clear()
            assert ids(await follower.round()) == asked
            assert await follower.round() == []
            assert it.requests == 4  # two lists per round

    @NOUNS
    async def test_poll_when_records_are_listed_late(self, noun: str) -> None:
        async with scene() as it:
            follower = it.follow(noun)
            await follower.round()
            it.clock.advance(5 * HOUR)
            first = it.arrive(noun)
            assert ids(await follower.round()) == [first]  # hours passed: a wide round
            late = it.arrive(noun, ago=3 * HOUR)
            assert ids(await follower.round()) == [late]
            later = it.arrive(noun, ago=timedelta(hours=4, minutes=30))
            assert await follower.round() == []
            it.clock.advance(HOUR)
            assert ids(await follower.round()) == [later]

    @NOUNS
    async def test_poll_when_a_record_vanishes_and_returns(self, noun: str) -> None:
        async with scene() as it:
            follower = it.follow(noun)
            await follower.round()
            asked = it.arrive(noun)
            await follower.round()
            it.shelf(noun).hide(asked)
            assert await follower.round() == []
            it.clock.advance(29 * DAY)
            assert await follower.round() == []
            it.shelf(noun).show(asked)
            it.clock.advance(HOUR)
            assert await follower.round() == []
            assert ids(follower.events) == [asked]

    @NOUNS
    async def test_poll_when_answered(self, noun: str) -> None:
        async with scene() as it:
            follower = it.follow(noun)
            asked = it.arrive(noun)
            await follower.round()
            it.answer(noun, asked)
            (event,) = await follower.round()
            assert (event.id, event.changed) == (asked, True)
            assert isinstance(event.record, Question | Feedback)
            assert event.record.answered
            assert await follower.round() == []
            for _ in range(10):  # a day passes, and others arrive
                it.clock.advance(2 * HOUR)
                it.arrive(noun)
                await follower.round()
            shelf = it.shelf(noun)
            if isinstance(shelf, Questions):
                shelf.answer(asked, "Исправлено")
            else:
                shelf.edit(asked, "Исправлено")
            it.clock.advance(5 * MINUTE)
            assert await follower.round() == []  # too old for a round of the last hours
            it.clock.advance(HOUR)
            assert ids(await follower.round()) == [asked]

    async def test_poll_when_an_answer_waits_for_moderation(self) -> None:
        async with scene(moderation=60.0) as it:
            follower = it.follow("feedbacks")
            asked = it.arrive("feedbacks")
            await follower.round()
            it.answer("feedbacks", asked)
            assert ids(await follower.round()) == [asked]
            it.clock.advance(2 * MINUTE)
            assert ids(await follower.round()) == [asked]
            it.state.feedbacks.reject_answer(asked)
            assert ids(await follower.round()) == [asked]

    async def test_poll_when_viewed_or_rejected(self) -> None:
        async with scene() as it:
            follower = it.follow("questions")
            asked = it.arrive("questions")
            await follower.round()
            it.state.questions.view(asked, viewed=True)
            assert await follower.round() == []
            it.state.questions.reject(asked, "Не о товаре")
            assert ids(await follower.round()) == [asked]

    @NOUNS
    async def test_poll_when_answered_between_the_lists(self, noun: str) -> None:
        async with scene() as it:
            follower = it.follow(noun)
            asked = it.arrive(noun)
            asking = Poll(None, it.clock.now(), follower.known)
            polled = follower.stream.poll(asking)
            batches = [await anext(polled)]
            it.answer(noun, asked)
            batches += [batch async for batch in polled]
            seen = [observation for batch in batches for observation in batch.observations]
            assert [observation.record.ref.id for observation in seen] == [asked, asked]
            assert seen[0].version != seen[1].version

    @NOUNS
    async def test_poll_when_hinted(self, noun: str) -> None:
        async with scene() as it:
            follower = it.follow(noun)
            old = it.arrive(noun)
            await follower.round()
            it.clock.advance(30 * MINUTE)
            for _ in range(12):
                it.clock.advance(30 * MINUTE)
                it.arrive(noun)
                await follower.round()
            state = follower.state
            it.answer(noun, old)
            it.arrive(noun)
            it.simulator.stats.clear()
            assert ids(await follower.round(due=False, hints={old, "none"})) == [old]
            assert it.requests == 2  # one per id
            assert follower.state == state
            assert len(await follower.round(due=False, hints={""})) == 1

    async def test_poll_when_there_are_more_than_can_be_paged(self) -> None:
        async with scene(questions=26_000) as it:
            events = await it.follow("questions", EPOCH).round()
            assert len(ids(events)) == len(set(ids(events))) == 26_000


class TestReturns:
    async def test_poll_when_claims_come_and_change(self) -> None:
        async with scene(claims=40) as it:
            shown = it.state.records()["claims_shown"]
            assert len(await it.follow("returns", EPOCH).round()) == shown
            follower = it.follow("returns")
            assert await follower.round() == []
            assert follower.shown == shown
            claim = it.state.claims.arrive(actions=["approve1", "rejectcustom"])
            (event,) = await follower.round()
            assert (event.id, event.changed, event.at) == (claim, False, it.clock.now())
            assert await follower.round() == []
            it.clock.advance(MINUTE)
            assert it.state.claims.decide(claim, "rejectcustom", "На фото другой товар") is None
            (event,) = await follower.round()
            assert isinstance(event.record, Return)
            assert event.record.status is ReturnStatus.REJECTED
            it.clock.advance(MINUTE)
            it.state.claims.reopen(claim)
            assert ids(await follower.round()) == [claim]
            record = it.state.claims.get(claim)
            assert record is not None
            record["actions"] = ["confirmreturngoodcc1"]
            assert ids(await follower.round()) == [claim]
            assert await follower.round() == []

    async def test_poll_without_changes(self) -> None:
        async with scene(claims=40) as it:
            follower = it.follow("returns")
            await follower.round()
            it.simulator.stats.clear()
            assert await follower.round() == []
            assert it.requests == 2
            assert follower.retained_since is not None
            assert (
                timedelta(days=59) < it.clock.now() - follower.retained_since < timedelta(days=62)
            )

    async def test_poll_when_the_lists_are_empty(self) -> None:
        async with scene() as it:
            follower = it.follow("returns")
            assert await follower.round() == []
            assert follower.retained_since == follower.since - timedelta(days=60)

    async def test_poll_when_there_are_many(self) -> None:
        async with scene(claims=1000) as it:
            events = await it.follow("returns", EPOCH).round()
            assert len(set(ids(events))) == it.state.records()["claims_shown"] > 400

    async def test_poll_when_a_claim_lacks_its_time(self) -> None:
        async with scene() as it:
            claim = it.state.claims.arrive()
            record = it.state.claims.get(claim)
            assert record is not None
            record["dt"] = "вчера"
            follower = it.follow("returns")
            (event,) = await follower.round()
            assert (event.id, event.at) == (claim, follower.since)
            it.clock.advance(DAY)
            assert await follower.round() == []


steps = st.lists(
    st.tuples(
        st.sampled_from(
            ["wait", "ask", "ask", "late", "answer", "hide", "show", "poll", "crash", "restart"]
        ),
        st.integers(0, 30),
    ),
    min_size=5,
    max_size=25,
)


@settings(max_examples=settings().max_examples // 3)
@given(noun=st.sampled_from(["questions", "feedbacks"]), steps=steps)
async def test_poll_under_random_steps(noun: str, steps: list[tuple[str, int]]) -> None:
    async with scene(feedbacks=20, questions=20) as it:
        follower = it.follow(noun)
        arrived: list[str] = []
        answered: set[str] = set()
        hidden: set[str] = set()
        for what, number in steps:
            one = arrived[number % len(arrived)] if arrived else None
            match what:
                case "wait":
                    it.clock.advance(number * 10 * MINUTE)
                case "ask":
                    arrived.append(it.arrive(noun))
                case "late":
                    ago = min(timedelta(minutes=6 * number), it.clock.now() - follower.since)
                    arrived.append(it.arrive(noun, ago=ago))
                case "answer" if one and one not in answered | hidden:
                    it.answer(noun, one)
                    answered.add(one)
                case "hide" if one:
                    it.shelf(noun).hide(one)
                    hidden.add(one)
                case "show" if one:
                    it.shelf(noun).show(one)
                    hidden.discard(one)
                case "poll":
                    await follower.round()
                case "crash":
                    await follower.round(batches=number % 3)
                case "restart":
                    follower.stream = it.stream(noun)
        for one in hidden:
            it.shelf(noun).show(one)
        it.clock.advance(HOUR)
        await follower.round()

        fresh = [event.id for event in follower.events if not event.changed]
        assert len(fresh) == len(set(fresh))
        assert set(fresh) == set(arrived)
        changed = [event.id for event in follower.events if event.changed]
        assert len(changed) == len(set(changed))
        assert set(changed) <= answered
        last = {event.id: event.record for event in follower.events}
        for one in answered:
            record = last[one]
            assert isinstance(record, Question | Feedback)
            assert record.answered
        assert await follower.round() == []
