import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tests.account import BareAccount
from tests.wbym.feed.shop import Shop, Trouble
from tests.wbym.feed.test_events import LONG_AGO, Kept, take
from wbym.calls import Upload
from wbym.domain import (
    Answer,
    AnswerStatus,
    Author,
    Chat,
    Decision,
    DecisionKind,
    Feedback,
    Question,
    Ref,
    Return,
    ReturnStatus,
)
from wbym.errors import DeliveryRejected, InvalidInput, StateError
from wbym.feed import Delivery, DeliveryState, Events, MemoryStore, settle
from wbym.inbox import Inbox

pytestmark = pytest.mark.looptime

SETTLE = 300.0


@asynccontextmanager
async def open_inbox(
    shop: Shop, store: MemoryStore, *, follow: bool = True
) -> AsyncIterator[tuple[Inbox, Events]]:
    """An inbox whose events are followed, or not."""
    async with Inbox(shop, state=store, settle_after=SETTLE) as inbox:
        events = inbox.events(since=LONG_AGO)
        following = asyncio.create_task(_follow(events)) if follow else None
        await asyncio.sleep(0.1)
        yield inbox, events
        if following is not None:
            following.cancel()


async def _follow(events: Events) -> None:
    async for _ in events:
        pass


async def state_of(inbox: Inbox, key: str) -> DeliveryState:
    delivery = await inbox.outbox.delivery(key)
    assert delivery is not None
    return delivery.state


@pytest.fixture(params=[True, False], ids=["followed", "not followed"])
def follow(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


class TestSending:
    async def test_once_under_a_key(self, follow: bool) -> None:
        shop = Shop(every=5)
        async with open_inbox(shop, Kept(), follow=follow) as (inbox, _):
            first = await inbox.send(shop.chat(), "Да", key="k")
            assert first.state is DeliveryState.ACCEPTED
            second = await inbox.send(shop.chat(), "Да, конечно", key="k")
            assert second.text == "Да"
            assert shop.sent == [("1", "Да")]
            await asyncio.sleep(31)
            assert await state_of(inbox, "k") is DeliveryState.CONFIRMED
            assert (await inbox.send(shop.chat(), "Да", key="k")).message_id == "1"
        assert shop.sent == [("1", "Да")]

    async def test_at_the_same_time(self) -> None:
        shop = Shop(every=5)
        async with open_inbox(shop, Kept()) as (inbox, _):
            made = await asyncio.gather(
                *(inbox.send(shop.chat(), "Да", key="k") for _ in range(20))
            )
        assert {delivery.key for delivery in made} == {"k"}
        assert shop.sent == [("1", "Да")]

    async def test_by_two_processes(self) -> None:
        shop, store = Shop(every=5), Kept()
        async with open_inbox(shop, store) as (one, _), Inbox(shop, state=store) as other:
            await asyncio.gather(
                *(inbox.send(shop.chat(), "Да", key="k") for inbox in (one, other, one, other))
            )
        assert shop.sent == [("1", "Да")]

    async def test_comes_back_as_ours(self) -> None:
        shop = Shop(every=5)
        shop.arrive("Есть?")
        async with open_inbox(shop, Kept(), follow=False) as (inbox, events):
            _, question = await take(events, 2)
            await inbox.send(question.chat, "Да", key=question.id)
            (echo,) = await take(events, 1)
            assert (echo.message.author, echo.sent_as) == (Author.SELLER, question.id)
            shop.arrive("Да", author=Author.SELLER)
            (other,) = await take(events, 1)
            assert other.sent_as is None

    async def test_the_same_words_twice_are_two(self) -> None:
        shop = Shop(every=5)
        async with open_inbox(shop, Kept(), follow=False) as (inbox, events):
            await inbox.send(shop.chat(), "Да", key="a")
            await inbox.send(shop.chat(), "Да", key="b")
            echoes = [event for event in await take(events, 3) if event.kind == "message"]
            assert {event.sent_as for event in echoes} == {"a", "b"}
        assert len(shop.sent) == 2

    async def test_a_key_is_for_one_thing(self) -> None:
        shop = Shop(every=5)
        shop.review("1")
        async with open_inbox(shop, Kept()) as (inbox, _):
            await inbox.send(shop.chat("1"), "Да", key="k")
            with pytest.raises(InvalidInput, match="used to send toy/shop/1"):
                await inbox.send(shop.chat("2"), "Да", key="k")
            with pytest.raises(InvalidInput, match="used to send toy/shop/1"):
                await inbox.answer(shop.items["1"], "Да", key="k")
            with pytest.raises(InvalidInput, match="empty"):
                await inbox.send(shop.chat("2"), "Да", key="")
            with pytest.raises(InvalidInput, match="account of this inbox"):
                await inbox.send(Chat(ref=Ref("toy", "other", "1")), "Да", key="x")
        assert shop.sent == [("1", "Да")]

    async def test_bad_input_is_not_kept(self) -> None:
        shop = Shop(every=5)
        async with open_inbox(shop, Kept()) as (inbox, _):
            with pytest.raises(InvalidInput, match="1 to 1000 characters"):
                await inbox.send(shop.chat(), "а" * 1001, key="k")
            assert await inbox.outbox.delivery("k") is None
            await inbox.send(shop.chat(), "Да", key="k")
        assert shop.sent == [("1", "Да")]

    async def test_a_text_that_shows_nothing_is_not_kept(self) -> None:
        shop, blank = Shop(every=5), "\N{ZERO WIDTH SPACE} "
        item = Return(
            ref=Ref("toy", "shop", "1"), decisions=(Decision("approve1", DecisionKind.REFUND),)
        )
        async with open_inbox(shop, Kept()) as (inbox, _):
            with pytest.raises(InvalidInput, match="send: text must have a visible"):
                await inbox.send(shop.chat(), blank, key="k")
            with pytest.raises(InvalidInput, match="answer: text must have a visible"):
                await inbox.answer(Feedback(ref=item.ref, created_at=LONG_AGO), blank, key="k")
            with pytest.raises(InvalidInput, match="decide: comment must have a visible"):
                await inbox.decide(item, item.decisions[0], comment=blank, key="k")
            assert await inbox.outbox.deliveries() == []
        assert not shop.sent

    async def test_a_refusal_is_for_good(self) -> None:
        shop, store = Shop(every=5), Kept()
        shop.trouble.append("refused")
        async with open_inbox(shop, store) as (inbox, _):
            for _ in range(2):
                with pytest.raises(DeliveryRejected, match="bad words"):
                    await inbox.send(shop.chat(), "!", key="k")
            await asyncio.sleep(1000)
        async with open_inbox(shop, store) as (inbox, _):
            with pytest.raises(DeliveryRejected, match="bad words"):
                await inbox.send(shop.chat(), "!", key="k")
            assert await state_of(inbox, "k") is DeliveryState.REJECTED
        assert shop.sent == []

    async def test_what_did_not_reach_the_marketplace_is_sent_later(self) -> None:
        shop, store = Shop(every=5), Kept()
        shop.trouble.extend(["unreached"] * 3)
        async with open_inbox(shop, store) as (inbox, _):
            delivery = await inbox.send(shop.chat(), "Да", key="k")
            assert delivery.state is DeliveryState.PENDING
            assert delivery.note is not None
            assert "no connection" in delivery.note
            await asyncio.sleep(1)
        async with open_inbox(shop, store) as (inbox, _):
            await asyncio.sleep(60)
            assert await state_of(inbox, "k") is DeliveryState.CONFIRMED
        assert shop.sent == [("1", "Да")]

    async def test_goes_with_its_files(self) -> None:
        shop, store = Shop(every=5), Kept()
        shop.trouble.append("unreached")
        got: list[Upload] = []
        inner = shop.send

        async def send(chat: Chat, text: str, *, files: tuple[Upload, ...] = ()) -> object:
            got[:] = files
            return await inner(chat, text, files=files)

        shop.send = send  # type: ignore[method-assign, assignment]
        photo = Upload("photo.png", b"\x89PNG\r\n\x1a\n")
        async with open_inbox(shop, store) as (inbox, _):
            await inbox.send(shop.chat(), "Да", files=[photo], key="k")
        got.clear()
        async with open_inbox(shop, store) as (inbox, _):
            await asyncio.sleep(60)
        assert got == [photo]
        assert await store.work("k") == b""


class TestFate:
    async def test_lost_after_the_effect_is_found(self, follow: bool) -> None:
        shop = Shop(every=5)
        shop.trouble.append("lost after")
        async with open_inbox(shop, Kept(), follow=follow) as (inbox, _):
            delivery = await inbox.send(shop.chat(), "Да", key="k")
            assert delivery.state in {DeliveryState.SENDING, DeliveryState.CONFIRMED}
            await asyncio.sleep(10)
            assert await state_of(inbox, "k") is DeliveryState.CONFIRMED
            await asyncio.sleep(1000)
        assert shop.sent == [("1", "Да")]

    async def test_lost_before_the_effect_is_sent_again_when_that_is_sure(
        self, follow: bool
    ) -> None:
        shop = Shop(every=5)
        shop.trouble.append("lost before")
        async with open_inbox(shop, Kept(), follow=follow) as (inbox, _):
            await inbox.send(shop.chat(), "Да", key="k")
            await asyncio.sleep(SETTLE - 1)
            assert shop.sent == []
            await asyncio.sleep(40)
            assert await state_of(inbox, "k") is DeliveryState.CONFIRMED
            delivery = await inbox.outbox.delivery("k")
            assert delivery is not None
            assert delivery.attempts == 2
        assert shop.sent == [("1", "Да")]

    async def test_a_late_echo_is_no_reason_to_send_again(self) -> None:
        shop = Shop(every=5)
        shop.trouble.append("lost after")
        shop.hidden = True
        async with open_inbox(shop, Kept()) as (inbox, _):
            await inbox.send(shop.chat(), "Да", key="k")
            await asyncio.sleep(SETTLE - 10)
            shop.arrive("Да", author=Author.SELLER)
            await asyncio.sleep(1000)
            assert await state_of(inbox, "k") is DeliveryState.CONFIRMED
        assert shop.sent == [("1", "Да")]

    async def test_accepted_and_never_seen_is_for_a_person(self, follow: bool) -> None:
        shop = Shop(every=5)
        shop.hidden = True
        async with open_inbox(shop, Kept(), follow=follow) as (inbox, _):
            await inbox.send(shop.chat(), "Да", key="k")
            await asyncio.sleep(SETTLE + 10)
            assert await state_of(inbox, "k") is DeliveryState.UNKNOWN
            (delivery,) = await inbox.outbox.deliveries(DeliveryState.UNKNOWN)
            assert delivery.note is not None
            assert "not seen for 300 s" in delivery.note
            await asyncio.sleep(1000)
        assert shop.sent == [("1", "Да")]

    async def test_the_words_at_another_time_cannot_be_told(self, follow: bool) -> None:
        # Either an old message with the same words, or ours and a clock is an hour off.
        shop = Shop(clock=lambda: datetime.now(UTC) - timedelta(hours=1))
        shop.trouble.append("lost after")
        async with open_inbox(shop, Kept(), follow=follow) as (inbox, _):
            await inbox.send(shop.chat(), "Да", key="k")
            if not follow:
                # Read back from five minutes before the sending only, it is not seen at all.
                return
            await asyncio.sleep(1000)
            assert await state_of(inbox, "k") is DeliveryState.UNKNOWN
        assert shop.sent == [("1", "Да")]

    async def test_killed_while_sending(self, follow: bool) -> None:
        for trouble, times in (("hangs", 1), ("lost before", 1)):
            shop, store = Shop(every=5), Kept()
            shop.trouble.append(trouble)  # type: ignore[arg-type]
            async with open_inbox(shop, store, follow=follow) as (inbox, _):
                sending = asyncio.create_task(inbox.send(shop.chat(), "Да", key="k"))
                await asyncio.sleep(0.1)
                sending.cancel()
            async with open_inbox(shop, store, follow=follow) as (inbox, _):
                await inbox.send(shop.chat(), "Да", key="k")
                await asyncio.sleep(SETTLE + 60)
                assert await state_of(inbox, "k") is DeliveryState.CONFIRMED
            assert len(shop.sent) == times

    async def test_killed_and_asked_for_again_at_the_start(self) -> None:
        class Slow(Kept):
            async def enter(self, delivery: Delivery, work: bytes) -> Delivery | None:
                await asyncio.sleep(0.05)
                return await super().enter(delivery, work)

        shop, store = Shop(every=5), Slow()
        shop.trouble.append("lost before")
        async with Inbox(shop, state=store, settle_after=SETTLE) as inbox:
            await inbox.send(shop.chat(), "Да", key="k")
        async with Inbox(shop, state=store, settle_after=SETTLE) as inbox:
            # The outbox looks for what is open while this is at it.
            await inbox.send(shop.chat(), "Да", key="k")
            await asyncio.sleep(SETTLE + 5)
            assert await state_of(inbox, "k") is DeliveryState.CONFIRMED
        assert shop.sent == [("1", "Да")]

    async def test_a_look_that_fails_is_made_again(self) -> None:
        shop = Shop(every=5)
        shop.trouble.append("lost after")
        calls = 0
        inner = shop.messages

        def messages(*args: object, **how: object) -> object:
            nonlocal calls
            calls += 1
            if calls < 4:
                raise ConnectionError
            return inner(*args, **how)  # type: ignore[arg-type]

        shop.messages = messages  # type: ignore[method-assign, assignment]
        async with open_inbox(shop, Kept(), follow=False) as (inbox, _):
            await inbox.send(shop.chat(), "Да", key="k")
            await asyncio.sleep(60)
            assert await state_of(inbox, "k") is DeliveryState.CONFIRMED
        assert calls == 4

    @pytest.mark.parametrize("seed", range(40))
    async def test_whatever_happens_each_is_sent_once(self, seed: int) -> None:
        rng = random.Random(seed)
        shop, store = Shop(every=10), Kept()
        troubles: tuple[Trouble | None, ...] = (
            None,
            "lost before",
            "lost after",
            "unreached",
            "hangs",
        )
        shop.trouble.extend(rng.choices(troubles, k=rng.randrange(12)))
        same_words, follow = rng.random() < 0.5, rng.random() < 0.7
        keys = [str(number) for number in range(5)]
        for seconds in [*(rng.uniform(0.05, 400) for _ in range(rng.randrange(6))), 2000.0]:
            async with open_inbox(shop, store, follow=follow) as (inbox, _):
                tasks = [
                    asyncio.create_task(
                        inbox.send(shop.chat(), "Да" if same_words else key, key=key)
                    )
                    for key in keys
                ]
                await asyncio.sleep(seconds)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        assert len(shop.sent) == len(keys)
        states = {delivery.state for delivery in await store.deliveries()}
        assert states == {DeliveryState.CONFIRMED}


class TestAnswers:
    async def test_confirmed_when_it_is_shown(self) -> None:
        shop = Shop(every=5)
        item = shop.review("f1")
        async with open_inbox(shop, Kept()) as (inbox, _):
            delivery = await inbox.answer(item, "Спасибо", key="k")
            assert delivery.state is DeliveryState.ACCEPTED
            await asyncio.sleep(10)
            assert await state_of(inbox, "k") is DeliveryState.CONFIRMED
        assert shop.sent == [("f1", "Спасибо")]

    @pytest.mark.parametrize("trouble", ["lost before", "lost after"])
    async def test_lost_on_its_way(self, trouble: Trouble) -> None:
        shop = Shop(every=5)
        item = shop.review("f1")
        shop.trouble.append(trouble)
        async with open_inbox(shop, Kept()) as (inbox, _):
            await inbox.answer(item, "Спасибо", key="k")
            await asyncio.sleep(SETTLE + 60)
            assert await state_of(inbox, "k") is DeliveryState.CONFIRMED
        assert shop.sent == [("f1", "Спасибо")]

    async def test_to_what_is_not_there(self) -> None:
        # Wildberries takes an answer to any id with 204.
        shop = Shop(every=5)
        item = shop.review("f1")
        del shop.items["f1"]
        async with open_inbox(shop, Kept()) as (inbox, _):
            delivery = await inbox.answer(item, "Спасибо", key="k")
            assert delivery.state is DeliveryState.ACCEPTED
            await asyncio.sleep(10)
            assert await state_of(inbox, "k") is DeliveryState.REJECTED

    @pytest.mark.parametrize(
        ("answer", "state"),
        [
            (Answer("Спасибо", AnswerStatus.PUBLISHED), DeliveryState.CONFIRMED),
            (Answer("Спасибо\n", AnswerStatus.IN_MODERATION), DeliveryState.CONFIRMED),
            (Answer("Спасибо", AnswerStatus.REJECTED), DeliveryState.REJECTED),
            (Answer("Другое", AnswerStatus.PUBLISHED), DeliveryState.REJECTED),
            (Answer("Спасибо", AnswerStatus.DELETED), DeliveryState.UNKNOWN),
            (None, DeliveryState.UNKNOWN),
        ],
    )
    async def test_what_is_shown_decides(self, answer: Answer | None, state: DeliveryState) -> None:
        shop = Shop(every=5)
        shop.hidden = True
        item = shop.review("f1")
        shop.items["f1"] = type(item)(ref=item.ref, created_at=item.created_at, answer=answer)
        async with open_inbox(shop, Kept()) as (inbox, _):
            await inbox.answer(item, "Спасибо", key="k")
            await asyncio.sleep(SETTLE + 60)
            assert await state_of(inbox, "k") is state
        assert len(shop.sent) == 1


class Slow(Shop):
    """Shows an answer only when the second one comes, and refuses that."""

    tries = 0

    async def answer(self, item: Question | Feedback, text: str) -> None:
        self.tries += 1
        if self.tries == 1:
            self.hidden = True
            self.trouble.append("lost after")
            await super().answer(item, text)
        shown = Answer("Спасибо", AnswerStatus.PUBLISHED)
        self.items["f1"] = msgspec.structs.replace(self.items["f1"], answer=shown)
        raise InvalidInput("answer", "item", "must have no answer: use edit_answer", item.ref)


class TestLateAnswers:
    @pytest.mark.parametrize(
        ("words", "state"),
        [("Спасибо", DeliveryState.CONFIRMED), ("Другое", DeliveryState.REJECTED)],
    )
    async def test_what_stands_when_it_is_sent_again_decides(
        self, words: str, state: DeliveryState
    ) -> None:
        shop = Slow(every=5)
        item = shop.review("f1")
        async with open_inbox(shop, Kept()) as (inbox, _):
            await inbox.answer(item, words, key="k")
            await asyncio.sleep(SETTLE + 60)
            assert await state_of(inbox, "k") is state
        assert shop.tries == 2


class Desk(Shop):
    """A shop with one return."""

    def __init__(self, kind: DecisionKind) -> None:
        super().__init__()
        self.decision = Decision("d1", kind)
        self.after = ReturnStatus.APPROVED
        self.now = Return(
            ref=Ref("toy", self.name, "r1"),
            status=ReturnStatus.WAITING_FOR_SELLER,
            decisions=(self.decision,),
        )

    def returns(self, **_: object) -> object:
        raise NotImplementedError

    async def decide(self, item: Return, decision: Decision, **_: object) -> None:
        def effect() -> None:
            self.sent.append((item.ref.id, decision.id))
            self.now = Return(ref=item.ref, status=self.after)

        await self._write(effect)

    async def reread(self, item: object) -> Return:  # type: ignore[override]
        return self.now


class TestDecisions:
    @pytest.mark.parametrize(
        ("kind", "after", "trouble", "state"),
        [
            (DecisionKind.REFUND, ReturnStatus.APPROVED, None, DeliveryState.CONFIRMED),
            (DecisionKind.OTHER, ReturnStatus.IN_PROGRESS, None, DeliveryState.CONFIRMED),
            (DecisionKind.REFUND, ReturnStatus.APPROVED, "lost after", DeliveryState.CONFIRMED),
            (DecisionKind.REJECT, ReturnStatus.REJECTED, "lost after", DeliveryState.CONFIRMED),
            (DecisionKind.REJECT, ReturnStatus.APPROVED, "lost after", DeliveryState.REJECTED),
            (DecisionKind.OTHER, ReturnStatus.IN_PROGRESS, "lost after", DeliveryState.UNKNOWN),
            (DecisionKind.REFUND, ReturnStatus.COMPLETED, "lost before", DeliveryState.CONFIRMED),
        ],
    )
    async def test_are_carried_out_once(
        self,
        kind: DecisionKind,
        after: ReturnStatus,
        trouble: Trouble | None,
        state: DeliveryState,
    ) -> None:
        shop = Desk(kind)
        shop.after = after
        shop.trouble.append(trouble)
        async with open_inbox(shop, Kept()) as (inbox, _):
            await inbox.decide(shop.now, shop.decision, comment="по правилам", key="k")
            await asyncio.sleep(SETTLE + 60)
            delivery = await inbox.outbox.delivery("k")
            assert delivery is not None
            assert delivery.state is state
            assert delivery.text == "d1: по правилам"
        assert shop.sent == [("r1", "d1")]


class TestSettling:
    async def unknown(self, shop: Shop, store: Kept) -> None:
        shop.hidden = True
        async with open_inbox(shop, store) as (inbox, _):
            await inbox.send(shop.chat(), "Да", key="k")
            await asyncio.sleep(SETTLE + 10)
            assert await state_of(inbox, "k") is DeliveryState.UNKNOWN

    @pytest.mark.parametrize("state", [DeliveryState.CONFIRMED, DeliveryState.REJECTED])
    async def test_by_a_person(self, state: DeliveryState) -> None:
        shop, store = Shop(every=5), Kept()
        await self.unknown(shop, store)
        settled = await settle(store, "k", state)
        assert (settled.state, settled.note) == (state, "settled by a person")
        with pytest.raises(InvalidInput, match=f"it is {state}"):
            await settle(store, "k", state)
        async with open_inbox(shop, store):
            await asyncio.sleep(1000)
        assert len(shop.sent) == 1

    async def test_sent_again(self) -> None:
        shop, store = Shop(every=5), Kept()
        await self.unknown(shop, store)
        shop.hidden = False
        async with open_inbox(shop, store) as (inbox, _):
            await inbox.outbox.settle("k", DeliveryState.PENDING)
            await asyncio.sleep(40)
            assert await state_of(inbox, "k") is DeliveryState.CONFIRMED
        assert len(shop.sent) == 2

    async def test_only_what_is_unknown(self) -> None:
        shop, store = Shop(every=5), Kept()
        async with open_inbox(shop, store) as (inbox, _):
            await inbox.send(shop.chat(), "Да", key="k")
            with pytest.raises(InvalidInput, match="it is accepted"):
                await inbox.outbox.settle("k", DeliveryState.PENDING)
            with pytest.raises(InvalidInput, match="must be of a delivery"):
                await inbox.outbox.settle("x", DeliveryState.PENDING)
            with pytest.raises(InvalidInput, match="confirmed, rejected or pending"):
                await inbox.outbox.settle("k", DeliveryState.SENDING)


class TestStore:
    async def test_nothing_is_sent_that_could_not_be_written_down(self) -> None:
        shop = Shop(every=5)

        class Full(Kept):
            async def enter(self, delivery: Delivery, work: bytes) -> Delivery:
                raise StateError("toy.db", "the disk is full")

        async with open_inbox(shop, Full()) as (inbox, _):
            with pytest.raises(StateError, match="full"):
                await inbox.send(shop.chat(), "Да", key="k")
        assert shop.sent == []

    async def test_old_keys_are_forgotten(self) -> None:
        shop, store = Shop(every=5), Kept()
        old = datetime.now(UTC) - timedelta(days=91)
        for number, state in enumerate(DeliveryState):
            await store.enter(
                Delivery(str(number), "send", Ref("toy", "x", "1"), "", state, old, old),  # type: ignore[arg-type]
                b"",
            )
        async with open_inbox(shop, store):
            await asyncio.sleep(1)
        left = {delivery.state for delivery in await store.deliveries()}
        assert left == set(DeliveryState) - {DeliveryState.CONFIRMED, DeliveryState.REJECTED}

    async def test_an_account_without_the_noun_is_refused_before(self) -> None:
        async with Inbox(BareAccount("bare"), state=Kept()) as inbox:
            with pytest.raises(InvalidInput, match="not supported"):
                await inbox.send(Chat(ref=Ref("toy", "bare", "1")), "Да", key="k")
            assert await inbox.outbox.deliveries() == []


class TestWaiting:
    @pytest.mark.parametrize("seconds", [0, -1.0])
    async def test_some_time_must_be_given(self, seconds: float) -> None:
        with pytest.raises(InvalidInput, match="settle_after must be more than 0 s"):
            Inbox(state=Kept(), settle_after=seconds)

    async def test_asking_again_does_not_wait_for_a_long_look(self) -> None:
        # With a base token of Wildberries a round may be an hour away.
        shop = Shop(every=3600)
        shop.trouble.append("lost after")
        shop.failing.extend([None] * 3)
        async with open_inbox(shop, Kept()) as (inbox, _):
            await inbox.send(shop.chat(), "Да", key="k")
            clock = asyncio.get_running_loop().time
            for _ in range(20):
                await asyncio.sleep(7)
                before = clock()
                await inbox.send(shop.chat(), "Да", key="k")
                assert clock() - before < 0.1
        assert len(shop.sent) == 1
