"""The stream of chats against the simulator: complete, in order, from any checkpoint."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Literal, TypeAlias

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters.wbym_wildberries.following.follower import Clock, FollowedEvent, Follower
from tests.adapters.wbym_wildberries.shops import open_shop
from wbym.domain import Author, Chat, ChatKind, ChatStatus, Message, UndecodableRecord
from wbym.errors import BadRequest, CursorStuck, UnreadableReply
from wbym.testing import Call, Response
from wbym.testing._responses import Body
from wbym_wildberries import Wildberries
from wbym_wildberries._following.chats import ChatStream
from wbym_wildberries.simulator import WildberriesSimulator
from wbym_wildberries.simulator.handlers_chats import ChatHandlers

EVENTS = "GET /api/v1/seller/events"
CHATS = "GET /api/v1/seller/chats"
EPOCH = datetime.fromtimestamp(0, UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


class Scene:
    """A seller's chats, their follower, and the clock."""

    def __init__(self, shop: Wildberries, simulator: WildberriesSimulator, clock: Clock) -> None:
        self.shop = shop
        self.chats = simulator.state.chats
        self.simulator = simulator
        self.clock = clock

    def stream(self) -> ChatStream:
        return ChatStream(self.shop._reader, "shop", every=1.0, now=self.clock.now)

    def follow(self, since: datetime | None = None) -> Follower:
        return Follower(self.stream(), since or self.clock.now())

    def requests(self, path: str = EVENTS) -> int:
        seen = self.simulator.stats.paths.get(path)
        return 0 if seen is None else seen.requests


@asynccontextmanager
async def scene(
    *, chats: int = 4, events_per_chat: int = 6, unlisted_chats: int = 1, page_of_events: int = 5
) -> AsyncIterator[Scene]:
    clock = Clock()
    simulator = WildberriesSimulator(
        feedbacks=0,
        questions=0,
        claims=0,
        cards=0,
        chats=chats,
        events_per_chat=events_per_chat,
        unlisted_chats=unlisted_chats,
        page_of_events=page_of_events,
        limits=False,
        wall=clock.wall,
    )
    async with simulator, open_shop(simulator) as shop:
        yield Scene(shop, simulator, clock)


def messages(events: list[FollowedEvent]) -> list[str]:
    return [event.id for event in events if isinstance(event.record, Message)]


def new_chats(events: list[FollowedEvent]) -> list[str]:
    return [event.id for event in events if isinstance(event.record, Chat)]


class TestBeginning:
    async def test_poll_when_followed_from_the_beginning(self) -> None:
        async with scene() as it:
            follower = it.follow(EPOCH)
            events = await follower.round()
            assert len(set(messages(events))) == len(messages(events)) == 4 * 6
            assert set(new_chats(events)) == set(it.chats.chats)
            for chat_id in it.chats.chats:
                of_chat = [event for event in events if event.chat and event.chat.ref.id == chat_id]
                assert [e.at for e in of_chat] == sorted(e.at for e in of_chat)
            assert sum(map(len, follower.asked_for)) == 4  # once for each chat

    async def test_poll_when_followed_from_now(self) -> None:
        async with scene() as it:
            follower = it.follow()
            assert await follower.round() == []
            assert follower.state is not None
            assert follower.shown >= 3  # the listed chats
            ids = [it.chats.arrive("Где заказ?", chat_id=chat_id) for chat_id in it.chats.chats]
            events = await follower.round()
            assert messages(events) == ids
            # Listed chats make no events; the other one is new.
            unlisted = [chat.id for chat in it.chats.chats.values() if not chat.listed]
            assert new_chats(events) == unlisted

    async def test_poll_when_followed_since_the_past(self) -> None:
        async with scene(chats=2, unlisted_chats=0) as it:
            since = it.clock.now()
            it.clock.advance(3 * HOUR)
            old_chat = next(iter(it.chats.chats))
            in_old = it.chats.arrive("Ещё вопрос", chat_id=old_chat)
            opening = it.chats.arrive("Здравствуйте")
            events = await it.follow(since).round()
            assert messages(events) == [in_old, opening]
            (new,) = new_chats(events)
            assert new != old_chat
            assert events.index(next(t for t in events if t.id == new)) == 1

    async def test_poll_when_chats_lack_a_last_message(self) -> None:
        async with scene(unlisted_chats=0) as it:
            for chat in it.chats.chats.values():
                chat.last_at = 0  # as in the older specification
            follower = it.follow()
            assert await follower.round() == []
            first = next(iter(it.chats.chats))
            it.chats.arrive("Ещё", chat_id=first)
            assert new_chats(await follower.round()) == []

    @pytest.mark.parametrize("everything", [True, False])
    async def test_poll_without_chats(self, everything: bool) -> None:
        async with scene(chats=0) as it:
            follower = it.follow(EPOCH if everything else None)
            assert await follower.round() == []
            assert await follower.round() == []
            opening = it.chats.arrive("Здравствуйте")
            events = await follower.round()
            assert [type(event.record) for event in events] == [Chat, Message]
            assert messages(events) == [opening]


class TestRounds:
    async def test_poll_without_changes(self) -> None:
        async with scene() as it:
            follower = it.follow(EPOCH)
            await follower.round()
            state = follower.state
            it.simulator.stats.clear()
            for _ in range(5):
                it.clock.advance(SECOND)
                assert await follower.round() == []
            assert it.simulator.stats.requests == it.requests() == 5
            assert follower.state == state

    async def test_poll_when_only_hints_come(self) -> None:
        async with scene() as it:
            follower = it.follow()
            await follower.round()
            arrived = it.chats.arrive("Срочно", chat_id=next(iter(it.chats.chats)))
            assert messages(await follower.round(due=False, hints={"1:x"})) == [arrived]

    async def test_poll_when_an_event_shows_up_late(self) -> None:
        async with scene() as it:
            follower = it.follow(it.clock.ago(HOUR))
            await follower.round()
            chat_id = next(iter(it.chats.chats))
            it.clock.advance(9 * MINUTE)
            on_time = it.chats.arrive("Вовремя", chat_id=chat_id)
            assert messages(await follower.round()) == [on_time]
            moment = int((it.clock.unix - 8 * 60) * 1000)
            late = it.chats.arrive("С опозданием", chat_id=chat_id, at=moment)
            assert await follower.round() == []  # not yet due
            it.clock.advance(MINUTE)
            assert messages(await follower.round()) == [late]
            it.clock.advance(11 * MINUTE)
            assert await follower.round() == []

    @pytest.mark.parametrize("jump", [-timedelta(days=400), timedelta(days=400)])
    async def test_poll_when_the_clock_jumps(self, jump: timedelta) -> None:
        async with scene() as it:
            follower = it.follow(it.clock.ago(HOUR))
            chat_id = next(iter(it.chats.chats))
            await follower.round()
            it.chats.arrive("Первое", chat_id=chat_id)
            await follower.round()
            for ahead in (jump, timedelta()):
                it.clock.ahead = ahead
                moment = int((it.clock.unix - 60) * 1000)
                late = it.chats.arrive("Второе", chat_id=chat_id, at=moment)
                on_time = it.chats.arrive("Третье", chat_id=chat_id)
                assert set(messages(await follower.round())) | {late} == {late, on_time}
                it.clock.advance(10 * MINUTE)
                await follower.round()
                assert late in messages(follower.events)

    async def test_poll_when_a_chat_first_appears_in_an_event(self) -> None:
        async with scene() as it:
            follower = it.follow()
            await follower.round()
            opening = it.chats.arrive("Здравствуйте", listed=False)
            events = await follower.round()
            assert [type(event.record) for event in events] == [Chat, Message]
            assert messages(events) == [opening]
            chat = events[0].record
            assert isinstance(chat, Chat)
            assert chat.created_at == events[0].at
            assert chat.status is ChatStatus.WAITING_FOR_SELLER

    async def test_poll_when_an_event_is_in_the_future(self) -> None:
        async with scene() as it:
            follower = it.follow()
            await follower.round()
            chat_id = next(iter(it.chats.chats))
            future = int((it.clock.unix + 400 * 86_400) * 1000)
            it.chats.arrive("Из будущего", chat_id=chat_id, at=future)
            await follower.round()
            assert follower.retained_since is not None
            assert follower.retained_since < it.clock.now()


class TestChats:
    async def test_chat_when_listed(self) -> None:
        async with scene(unlisted_chats=0) as it:
            follower = it.follow()
            await follower.round()
            first = next(iter(it.chats.chats.values()))
            it.chats.arrive("Где заказ?", chat_id=first.id)
            (event,) = await follower.round()
            chat = event.chat
            assert chat is not None
            assert chat.kind is ChatKind.ORDER
            assert chat.order is not None
            assert first.good is not None
            assert chat.order.id == first.good["rid"]
            assert (chat.last_text, chat.updated_at) == ("Где заказ?", event.at)
            assert chat.status is ChatStatus.WAITING_FOR_SELLER
            assert chat.waiting_since == event.at
            assert (await it.shop.send(chat, "В пути")).target == chat.ref
            (echo,) = await follower.round()
            assert isinstance(echo.record, Message)
            assert echo.record.author is Author.SELLER
            assert echo.chat is not None
            assert echo.chat.status is ChatStatus.WAITING_FOR_BUYER
            assert echo.chat.waiting_since is None

    async def test_chat_when_its_first_event_had_details(self) -> None:
        async with scene() as it:
            follower = it.follow()
            await follower.round()
            good = {"goodCard": {"nmID": 7, "rid": "abc"}}
            it.chats.arrive("Вопрос по товару", listed=False, attachments=dict(good))
            (new,) = new_chats(await follower.round())
            it.chats.arrive("И ещё", chat_id=new)
            (event,) = await follower.round()
            assert event.chat is not None
            assert event.chat.order is not None
            assert event.chat.order.id == "abc"
            assert event.chat.created_at is not None
            assert event.chat.created_at < event.at

    async def test_chat_when_the_shop_was_restarted(self) -> None:
        async with scene() as it:
            follower = it.follow()
            await follower.round()
            async with open_shop(it.simulator) as other:
                it.simulator.stats.clear()
                follower.stream = ChatStream(other._reader, "shop", every=1.0, now=it.clock.now)
                await follower.round()
                assert it.requests(CHATS) == 0
                for text in ("Где заказ?", "Ау"):
                    it.chats.arrive(text, chat_id=next(iter(it.chats.chats)))
                    (event,) = await follower.round()
                    assert event.chat is not None
                    assert event.chat.order is not None
                assert it.requests(CHATS) == 1

    async def test_chat_when_chats_cannot_be_listed(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO, "wbym.wildberries")
        async with scene() as it:
            follower = it.follow()
            await follower.round()
            follower.stream = it.stream()
            it.simulator.faults.next("/seller/chats", "error", times=100)
            arrived = it.chats.arrive("Где заказ?", chat_id=next(iter(it.chats.chats)))
            assert messages(await follower.round()) == [arrived]
        assert "could not be listed" in caplog.text


class TestTrouble:
    async def test_poll_when_the_cursor_is_rejected(self, caplog: pytest.LogCaptureFixture) -> None:
        async with scene() as it:
            follower = it.follow(EPOCH)
            await follower.round()
            arrived = it.chats.arrive("Где заказ?", chat_id=next(iter(it.chats.chats)))
            it.chats.reject_cursors()
            assert messages(await follower.round()) == [arrived]
            assert "rereading the feed of chats from" in caplog.text

            caplog.clear()
            it.simulator.stats.clear()
            arrived = it.chats.arrive("Ау", chat_id=next(iter(it.chats.chats)))
            it.chats.reject_cursors(2)
            assert messages(await follower.round()) == [arrived]
            assert "its beginning" in caplog.text
            assert it.requests() < 12

            it.simulator.stats.clear()
            await follower.round()
            assert it.requests() == 1

    async def test_poll_when_every_cursor_is_rejected(self) -> None:
        async with scene() as it:
            follower = it.follow(EPOCH)
            await follower.round()
            it.simulator.stats.clear()
            it.chats.reject_cursors(1000)
            with pytest.raises(BadRequest):
                await follower.round()
            assert it.requests() == 4  # the cursor, the last hour, the first page, the next one

    async def test_poll_when_the_first_cursor_is_rejected(self) -> None:
        async with scene() as it:
            it.chats.reject_cursors()
            follower = it.follow()
            assert await follower.round() == []
            arrived = it.chats.arrive("Где заказ?", chat_id=next(iter(it.chats.chats)))
            assert messages(await follower.round()) == [arrived]

    async def test_poll_when_a_call_fails_in_the_middle(self) -> None:
        async with scene() as it:
            follower = it.follow(EPOCH)
            await follower.round(batches=2)
            state = follower.state
            it.simulator.faults.next("/seller/events", "soft_error", times=100)
            with pytest.raises(UnreadableReply):
                await follower.round()
            assert follower.state == state
            it.simulator.faults.script.clear()
            await follower.round()
            assert len(messages(follower.events)) == len(set(messages(follower.events))) == 4 * 6

    async def test_poll_when_the_cursor_does_not_move(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with scene() as it:
            follower = it.follow()
            await follower.round()
            arrived = it.chats.arrive("Где заказ?", chat_id=next(iter(it.chats.chats)))
            page = it.chats.page

            def stuck(after: int | None) -> object:
                found = page(after)
                return type(found)(found.events, found.count, after or 1, 0, 0)

            monkeypatch.setattr(it.chats, "page", stuck)
            state = follower.state
            with pytest.raises(CursorStuck):
                await follower.round()
            assert messages(follower.events) == [arrived]
            assert follower.state == state

    async def test_poll_when_events_are_not_messages(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, "wbym.wildberries")
        handle = ChatHandlers.events

        @wraps(handle)
        async def other_types(self: ChatHandlers, call: Call) -> Response:
            answer = await handle(self, call)
            body = answer.body.raw.replace(b'"eventType":"message"', b'"eventType":"typing"')
            return Response(200, Body(body), answer.content_type)

        monkeypatch.setattr(ChatHandlers, "events", other_types)
        async with scene(chats=0) as it:
            follower = it.follow()
            await follower.round()
            arrived = it.chats.arrive("Слова есть слова")
            it.chats.arrive(None)
            events = await follower.round()
            assert messages(events) == [arrived]
            assert len(new_chats(events)) == 2
        assert "unknown type 'typing'" in caplog.text

    async def test_poll_when_the_time_of_an_event_is_invalid(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        handle = ChatHandlers.events

        @wraps(handle)
        async def microseconds(self: ChatHandlers, call: Call) -> Response:
            answer = await handle(self, call)
            page = msgspec.json.decode(answer.body.raw)
            for event in page["result"]["events"]:
                if event.get("message", {}).get("text") == "Когда?":
                    event["addTimestamp"] *= 1000
            return Response(200, Body(msgspec.json.encode(page)), answer.content_type)

        monkeypatch.setattr(ChatHandlers, "events", microseconds)
        async with scene(chats=0) as it:
            follower = it.follow()
            await follower.round()
            it.chats.arrive("Когда?")
            arrived = it.chats.arrive("Жду ответа")
            events = await follower.round()
            assert messages(events) == [arrived]
            assert sum(isinstance(event.record, UndecodableRecord) for event in events) == 1


Step: TypeAlias = tuple[str, int, int]

steps = st.lists(
    st.tuples(
        st.sampled_from(["wait", "open", "say", "say", "late", "poll", "poll", "crash", "restart"]),
        st.integers(0, 30),
        st.integers(1, 590),
    ),
    min_size=5,
    max_size=25,
)


@settings(max_examples=settings().max_examples // 2)
@given(steps=steps, begins=st.sampled_from(["all", "now", "hours ago"]))
async def test_poll_under_random_steps(
    steps: list[Step], begins: Literal["all", "now", "hours ago"]
) -> None:
    async with scene(chats=3, events_per_chat=4, page_of_events=3) as it:
        since = {
            "all": EPOCH,
            "now": it.clock.now(),
            "hours ago": it.clock.ago(5 * HOUR),
        }[begins]
        follower = it.follow(since)
        on_time: list[str] = []
        late: set[str] = set()

        def chat(number: int) -> str:
            return list(it.chats.chats)[number % len(it.chats.chats)]

        for what, number, seconds in steps:
            match what:
                case "wait":
                    it.clock.advance(timedelta(seconds=3 * seconds))
                case "open":
                    on_time.append(it.chats.arrive("Здравствуйте", listed=number % 2 == 0))
                case "say":
                    on_time.append(it.chats.arrive("Ещё", chat_id=chat(number)))
                case "late":
                    moment = max(it.clock.unix - seconds, since.timestamp() + 0.001)
                    chat_id = chat(number)
                    late.add(it.chats.arrive("Поздно", chat_id=chat_id, at=int(moment * 1000)))
                case "poll":
                    await follower.round()
                case "crash":
                    await follower.round(batches=number % 4)
                case "restart":
                    follower.stream = it.stream()
        it.clock.advance(11 * MINUTE)
        await follower.round()

        found = messages(follower.events)
        arrived = {*on_time, *late}
        assert len(found) == len(set(found))
        assert arrived <= set(found)
        if begins == "all":
            assert len(found) == len(arrived) + 3 * 4
        if begins == "now":
            assert set(found) == arrived
        for chat_id in it.chats.chats:
            events = [t for t in follower.events if t.chat and t.chat.ref.id == chat_id]
            in_time = [t.at for t in events if t.id not in late]
            assert in_time == sorted(in_time)
        it.simulator.stats.clear()
        assert await follower.round() == []
        assert it.requests() == 1
