import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import ClassVar

import msgspec
import pytest

from tests.support.account import BareAccount
from tests.wbym.feed.shop import NATIVE, Shop, Trouble
from tests.wbym.feed.test_events import DOWN, LONG_AGO, Kept, take
from wbym.account import Account, Capabilities, Capability, Receipt
from wbym.calls import Upload
from wbym.domain import (
    Action,
    Answer,
    AnswerStatus,
    Author,
    Chat,
    Decision,
    DecisionKind,
    Delivery,
    DeliveryState,
    Feedback,
    Money,
    Noun,
    Question,
    QuestionStatus,
    Ref,
    Return,
    ReturnStatus,
)
from wbym.errors import InvalidInput, NotFound, RefError, StateError, Unsupported
from wbym.feed import Events, MemoryStore, resolve
from wbym.inbox import Inbox

pytestmark = pytest.mark.looptime

TIMEOUT = 300.0


@asynccontextmanager
async def open_inbox(
    shop: Shop, store: MemoryStore, *, follow: bool = True
) -> AsyncIterator[tuple[Inbox, Events]]:
    """An inbox whose events are followed, or not."""
    async with Inbox(shop, state=store, confirmation_timeout=TIMEOUT) as inbox:
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
    async def test_same_key_is_sent_once(self, follow: bool) -> None:
        shop = Shop(every=5)
        async with open_inbox(shop, Kept(), follow=follow) as (inbox, _):
            first = await inbox.send(shop.chat(), "Да", idempotency_key="k")
            assert first.state is DeliveryState.ACCEPTED
            second = await inbox.send(shop.chat(), "Да, конечно", idempotency_key="k")
            assert second.text == "Да"
            assert shop.sent == [("1", "Да")]
            await asyncio.sleep(31)
            assert await state_of(inbox, "k") is DeliveryState.CONFIRMED
            assert (await inbox.send(shop.chat(), "Да", idempotency_key="k")).id == "1"
        assert shop.sent == [("1", "Да")]

    async def test_same_key_at_the_same_time_is_sent_once(self) -> None:
        shop = Shop(every=5)
        async with open_inbox(shop, Kept()) as (inbox, _):
            made = await asyncio.gather(
                *(inbox.send(shop.chat(), "Да", idempotency_key="k") for _ in range(20))
            )
        assert {delivery.idempotency_key for delivery in made} == {"k"}
        assert shop.sent == [("1", "Да")]

    async def test_same_key_in_two_processes_is_sent_once(self) -> None:
        shop, store = Shop(every=5), Kept()
        async with open_inbox(shop, store) as (one, _), Inbox(shop, state=store) as other:
            await asyncio.gather(
                *(
                    inbox.send(shop.chat(), "Да", idempotency_key="k")
                    for inbox in (one, other, one, other)
                )
            )
        assert shop.sent == [("1", "Да")]

    async def test_own_message_is_recognized(self) -> None:
        shop = Shop(every=5)
        shop.arrive("Есть?")
        async with open_inbox(shop, Kept(), follow=False) as (inbox, events):
            _, question = await take(events, 2)
            await inbox.send(question.chat, "Да", idempotency_key=question.id)
            (echo,) = await take(events, 1)
            assert (echo.message.author, echo.sent_as) == (Author.SELLER, question.id)
            shop.arrive("Да", author=Author.SELLER)
            (other,) = await take(events, 1)
            assert other.sent_as is None

    async def test_same_text_under_two_keys_is_sent_twice(self) -> None:
        shop = Shop(every=5)
        async with open_inbox(shop, Kept(), follow=False) as (inbox, events):
            await inbox.send(shop.chat(), "Да", idempotency_key="a")
            await inbox.send(shop.chat(), "Да", idempotency_key="b")
            echoes = [event for event in await take(events, 3) if event.kind == "message"]
            assert {event.sent_as for event in echoes} == {"a", "b"}
        assert len(shop.sent) == 2

    async def test_key_belongs_to_one_reply(self) -> None:
        shop = Shop(every=5)
        shop.review("1")
        async with open_inbox(shop, Kept()) as (inbox, _):
            await inbox.send(shop.chat("1"), "Да", idempotency_key="k")
            with pytest.raises(InvalidInput, match="used to send toy/shop/chat/1"):
                await inbox.send(shop.chat("2"), "Да", idempotency_key="k")
            with pytest.raises(InvalidInput, match="used to send toy/shop/chat/1"):
                await inbox.answer(shop.items["1"], "Да", idempotency_key="k")
            with pytest.raises(RefError, match="account"):
                await inbox.send(Ref("toy", "other", Noun.CHAT, "1"), "Да", idempotency_key="x")
            with pytest.raises(RefError, match="must be of an account of this inbox"):
                await inbox.outbox.send(
                    Ref("toy", "other", Noun.CHAT, "1"), "Да", idempotency_key="x"
                )
        assert shop.sent == [("1", "Да")]

    async def test_invalid_input_is_not_stored(self) -> None:
        shop = Shop(every=5)
        async with open_inbox(shop, Kept()) as (inbox, _):
            with pytest.raises(InvalidInput, match="0 to 1000 characters"):
                await inbox.send(shop.chat(), "а" * 1001, idempotency_key="k")
            assert await inbox.outbox.delivery("k") is None
            await inbox.send(shop.chat(), "Да", idempotency_key="k")
        assert shop.sent == [("1", "Да")]

    @pytest.mark.parametrize("key", ["", " ", "\N{ZERO WIDTH SPACE}", "к" * 256, "\ud83d", 7, b"k"])
    async def test_key_must_have_visible_characters(self, key: str) -> None:
        shop = Shop(every=5)
        item, question = shop.review("1"), shop.ask("1")
        async with open_inbox(shop, Kept()) as (inbox, _):
            for reply in (
                inbox.outbox.send(shop.chat(), "Да", idempotency_key=key),
                inbox.outbox.answer(item, "Да", idempotency_key=key),
                inbox.outbox.edit_answer(item, "Да", idempotency_key=key),
                inbox.outbox.reject(question, "нет", idempotency_key=key),
            ):
                with pytest.raises(InvalidInput, match="idempotency_key must"):
                    await reply
            assert await inbox.outbox.deliveries() == []
            await inbox.send(shop.chat(), "Да", idempotency_key="к" * 255)
        assert shop.sent == [("1", "Да")]

    async def test_invalid_input_is_raised_before_it_is_stored(self) -> None:
        shop, blank = Desk(DecisionKind.REFUND), "\N{ZERO WIDTH SPACE} "
        item, question = shop.review("1"), shop.ask("1")
        async with open_inbox(shop, Kept()) as (inbox, _):
            outbox = inbox.outbox
            for reply, reply_text in (
                (outbox.send(shop.chat(), blank, idempotency_key="k"), "send: text must"),
                (outbox.answer(item, blank, idempotency_key="k"), "answer: text must"),
                (outbox.edit_answer(item, blank, idempotency_key="k"), "edit_answer: text must"),
                (outbox.reject(question, blank, idempotency_key="k"), "reject: reason must"),
                (
                    outbox.decide(shop.now, "d1", comment=blank, idempotency_key="k"),
                    "decide: comment must",
                ),
                (
                    outbox.decide(shop.now, "d1", reason="брак", idempotency_key="k"),
                    "decide: reason is not supported",
                ),
                (
                    outbox.decide(
                        shop.now, "d1", amount=Money(Decimal(1), "RUB"), idempotency_key="k"
                    ),
                    "decide: amount is not supported",
                ),
                (outbox.send(item.ref, "Да", idempotency_key="k"), "must be the ref of a chat"),
                (outbox.reject(item.ref, "Да", idempotency_key="k"), "must be the ref of a quest"),
                (outbox.send("1", "Да", idempotency_key="k"), "must be a record or its Ref"),  # type: ignore[arg-type]
            ):
                with pytest.raises(InvalidInput, match=reply_text):
                    await reply
            assert await outbox.deliveries() == []
        assert not shop.sent

    async def test_delivery_is_not_saved_when_the_record_breaks_a_rule(self) -> None:
        shop = Desk(DecisionKind.REFUND)
        item = shop.review("1")
        async with open_inbox(shop, Kept()) as (inbox, _):
            with pytest.raises(InvalidInput, match="must have an answer; use answer"):
                await inbox.edit_answer(item.ref, "Да", idempotency_key="k")
            with pytest.raises(InvalidInput, match="must be available for"):
                await inbox.decide(shop.now, "d2", idempotency_key="k")
            shop.now = msgspec.structs.replace(
                shop.now, decisions=(Decision("d1", DecisionKind.REFUND, comment_required=True),)
            )
            with pytest.raises(InvalidInput, match="comment must be given"):
                await inbox.decide(shop.now, "d1", idempotency_key="k")
            assert await inbox.outbox.deliveries() == []
            await inbox.answer(item.ref, "Да", idempotency_key="k")
        assert shop.sent == [("1", "Да")]

    async def test_rejection_is_a_final_state(self) -> None:
        shop, store = Shop(every=5), Kept()
        shop.trouble.append("rejected")
        async with open_inbox(shop, store) as (inbox, _):
            for _ in range(2):
                delivery = await inbox.send(shop.chat(), "!", idempotency_key="k")
                assert delivery.state is DeliveryState.REJECTED
                assert delivery.note is not None
                assert "bad words" in delivery.note
                assert not delivery.accepted
            await asyncio.sleep(1000)
        async with open_inbox(shop, store) as (inbox, _):
            again = await inbox.send(shop.chat(), "!", idempotency_key="k")
            assert again == await inbox.outbox.delivery("k")
            assert again.state is DeliveryState.REJECTED
        assert shop.sent == []

    async def test_key_belongs_to_one_decision(self) -> None:
        shop = Desk(DecisionKind.REFUND)
        async with open_inbox(shop, Kept()) as (inbox, _):
            await inbox.decide(shop.now, "d1", idempotency_key="k")
            with pytest.raises(InvalidInput, match=r"it was used to decide .* with d1"):
                await inbox.decide(shop.now, "d2", idempotency_key="k")
            assert (await inbox.decide(shop.now, "d1", idempotency_key="k")).accepted
        assert len(shop.sent) == 1

    async def test_delivery_describes_the_reply(self) -> None:
        shop = Desk(DecisionKind.REFUND)
        async with open_inbox(shop, Kept()) as (inbox, _):
            sent = await inbox.send(shop.chat(), "Да", idempotency_key="s")
            assert (sent.action, sent.target, sent.text) == (
                Action.SEND,
                shop.chat().ref,
                "Да",
            )
            assert (sent.idempotency_key, sent.attempts, sent.note) == ("s", 1, None)
            assert sent.sent_at is not None
            assert sent.accepted
            decided = await inbox.decide(shop.now.ref, "d1", comment="ок", idempotency_key="d")
            assert (decided.action, decided.decision, decided.text) == (Action.DECIDE, "d1", "ок")

    async def test_failed_files_are_reported(self) -> None:
        shop, store = Shop(every=5), Kept()
        inner = shop._send

        async def send(chat: Chat, text: str, files: Sequence[Upload]) -> Receipt:
            await inner(chat, text, files)
            return Receipt(failed_files=("photo.png: too large",))

        shop._send = send  # type: ignore[method-assign]
        photo = Upload("photo.png", b"\x89PNG\r\n\x1a\n")
        async with open_inbox(shop, store) as (inbox, _):
            delivery = await inbox.send(shop.chat(), "Да", files=[photo], idempotency_key="k")
            assert delivery.failed_files == ("photo.png: too large",)
            await asyncio.sleep(31)
            seen = await inbox.outbox.delivery("k")
            assert seen is not None
            assert seen.state is DeliveryState.CONFIRMED
            assert seen.failed_files == ("photo.png: too large",)

    async def test_unsent_delivery_is_retried(self) -> None:
        shop, store = Shop(every=5), Kept()
        shop.trouble.extend(["unreached"] * 3)
        async with open_inbox(shop, store) as (inbox, _):
            delivery = await inbox.send(shop.chat(), "Да", idempotency_key="k")
            assert delivery.state is DeliveryState.PENDING
            assert delivery.note is not None
            assert "no connection" in delivery.note
            await asyncio.sleep(1)
        async with open_inbox(shop, store) as (inbox, _):
            await asyncio.sleep(60)
            assert await state_of(inbox, "k") is DeliveryState.CONFIRMED
        assert shop.sent == [("1", "Да")]

    async def test_delivery_that_can_no_longer_be_sent_is_rejected(self) -> None:
        shop = Shop(every=5)
        tries = 0

        async def send(chat: Chat, text: str, files: Sequence[Upload]) -> Receipt | None:
            nonlocal tries
            tries += 1
            if tries == 1:
                raise DOWN
            raise InvalidInput("send", "text", "must be short by now", text)

        shop._send = send  # type: ignore[method-assign]
        async with open_inbox(shop, Kept()) as (inbox, _):
            await inbox.send(shop.chat(), "Да", idempotency_key="k")
            await asyncio.sleep(TIMEOUT - 10)
            assert await state_of(inbox, "k") is DeliveryState.SENDING
            await asyncio.sleep(1000)
            delivery = await inbox.outbox.delivery("k")
            assert delivery is not None
            assert delivery.state is DeliveryState.REJECTED
            assert "short by now" in str(delivery.note)
        assert tries == 2

    async def test_message_is_sent_with_its_files(self) -> None:
        shop, store = Shop(every=5), Kept()
        shop.trouble.append("unreached")
        got: list[Upload] = []
        inner = shop._send

        async def send(chat: Chat, text: str, files: Sequence[Upload]) -> Receipt | None:
            got[:] = files
            return await inner(chat, text, files)

        shop._send = send  # type: ignore[method-assign]
        photo = Upload("photo.png", b"\x89PNG\r\n\x1a\n")
        async with open_inbox(shop, store) as (inbox, _):
            await inbox.send(shop.chat(), "Да", files=[photo], idempotency_key="k")
        got.clear()
        async with open_inbox(shop, store) as (inbox, _):
            await asyncio.sleep(60)
        assert got == [photo]
        assert await store.work("k") == b""


class Masking(Shop):
    """Shows messages of the seller with another text."""

    def __init__(self, shown: str | None, *, every: float) -> None:
        super().__init__(every=every)
        self.shown = shown
        self.masks = True

    def arrive(
        self,
        text: str | None,
        chat: str = "1",
        author: Author = Author.BUYER,
        at: datetime | None = None,
    ) -> str:
        is_masked = self.masks and author is Author.SELLER
        return super().arrive(self.shown if is_masked else text, chat, author, at)


class TestUnknownOutcome:
    async def test_reply_lost_after_the_effect_is_found(self, follow: bool) -> None:
        shop = Shop(every=5)
        shop.trouble.append("lost after")
        async with open_inbox(shop, Kept(), follow=follow) as (inbox, _):
            delivery = await inbox.send(shop.chat(), "Да", idempotency_key="k")
            assert delivery.state in {DeliveryState.SENDING, DeliveryState.CONFIRMED}
            await asyncio.sleep(10)
            assert await state_of(inbox, "k") is DeliveryState.CONFIRMED
            await asyncio.sleep(1000)
        assert shop.sent == [("1", "Да")]

    async def test_reply_lost_before_the_effect_is_resent_when_definitely_not_sent(
        self, follow: bool
    ) -> None:
        shop = Shop(every=5)
        shop.trouble.append("lost before")
        async with open_inbox(shop, Kept(), follow=follow) as (inbox, _):
            await inbox.send(shop.chat(), "Да", idempotency_key="k")
            await asyncio.sleep(TIMEOUT - 1)
            assert shop.sent == []
            await asyncio.sleep(40)
            assert await state_of(inbox, "k") is DeliveryState.CONFIRMED
            delivery = await inbox.outbox.delivery("k")
            assert delivery is not None
            assert delivery.attempts == 2
        assert shop.sent == [("1", "Да")]

    async def test_many_lost_replies_share_the_rounds_of_the_feed(self) -> None:
        shop = Shop(every=5)
        async with open_inbox(shop, Kept()) as (inbox, _):
            shop.trouble.extend(["lost before"] * 200)
            for number in range(200):
                await inbox.send(shop.chat(), f"Да {number}", idempotency_key=f"k{number}")
            await asyncio.sleep(TIMEOUT + 10)
            assert len(shop.sent) == 200

    async def test_answer_with_the_id_of_the_chat_is_not_a_message(self) -> None:
        shop = Shop(every=5)
        item = shop.review("1")
        async with open_inbox(shop, Kept(), follow=False) as (inbox, _):
            shop.hidden = True
            await inbox.answer(item, "Да", idempotency_key="answer")
            shop.hidden = False
            shop.trouble.append("lost after")
            await inbox.send(shop.chat("1"), "Да", idempotency_key="message")
            await asyncio.sleep(10)
            assert await state_of(inbox, "message") is DeliveryState.CONFIRMED
            await asyncio.sleep(TIMEOUT + 60)
            assert await state_of(inbox, "answer") is DeliveryState.UNKNOWN
        assert shop.sent == [("1", "Да")] * 2

    async def test_late_echo_does_not_cause_a_resend(self) -> None:
        shop = Shop(every=5)
        shop.trouble.append("lost after")
        shop.hidden = True
        async with open_inbox(shop, Kept()) as (inbox, _):
            await inbox.send(shop.chat(), "Да", idempotency_key="k")
            await asyncio.sleep(TIMEOUT - 10)
            shop.arrive("Да", author=Author.SELLER)
            await asyncio.sleep(1000)
            assert await state_of(inbox, "k") is DeliveryState.CONFIRMED
        assert shop.sent == [("1", "Да")]

    async def test_accepted_reply_that_never_appears_becomes_unknown(self, follow: bool) -> None:
        shop = Shop(every=5)
        shop.hidden = True
        async with open_inbox(shop, Kept(), follow=follow) as (inbox, _):
            await inbox.send(shop.chat(), "Да", idempotency_key="k")
            await asyncio.sleep(TIMEOUT + 10)
            assert await state_of(inbox, "k") is DeliveryState.UNKNOWN
            (delivery,) = await inbox.outbox.deliveries(DeliveryState.UNKNOWN)
            assert delivery.note is not None
            assert "not visible within 300 s" in delivery.note
            await asyncio.sleep(1000)
        assert shop.sent == [("1", "Да")]

    async def test_same_text_at_another_time_is_unknown(self, follow: bool) -> None:
        # Either an old message with the same text, or ours with a clock an hour off.
        shop = Shop(clock=lambda: datetime.now(UTC) - timedelta(hours=1))
        shop.trouble.append("lost after")
        async with open_inbox(shop, Kept(), follow=follow) as (inbox, _):
            await inbox.send(shop.chat(), "Да", idempotency_key="k")
            if not follow:
                # Reading starts five minutes before the sending, so that it is not found.
                return
            await asyncio.sleep(1000)
            assert await state_of(inbox, "k") is DeliveryState.UNKNOWN
        assert shop.sent == [("1", "Да")]

    @pytest.mark.parametrize("shown", ["Звоните: +7 9** ***-**-**", "", None])
    @pytest.mark.parametrize("trouble", ["lost after", "hangs"])
    async def test_lost_and_shown_with_another_text_is_unknown(
        self, follow: bool, trouble: Trouble, shown: str | None
    ) -> None:
        # With "hangs", it is shown a minute before the answer is lost.
        shop = Masking(shown, every=5)
        shop.trouble.extend([None, trouble])
        async with open_inbox(shop, Kept(), follow=follow) as (inbox, _):
            shop.masks = False
            await inbox.send(shop.chat(), "До этого", idempotency_key="before")
            shop.masks = True
            await inbox.send(shop.chat(), "Звоните: +7 912 345-67-89", idempotency_key="k")
            await asyncio.sleep(1000)
            assert await state_of(inbox, "before") is DeliveryState.CONFIRMED
            assert await state_of(inbox, "k") is DeliveryState.UNKNOWN
            delivery = await inbox.outbox.delivery("k")
            assert delivery is not None
            assert "belongs to no known delivery" in (delivery.note or "")
            # Its text appears later, as another message.
            shop.masks = False
            if follow:
                shop.arrive("Звоните: +7 912 345-67-89", author=Author.SELLER)
                await asyncio.sleep(20)
                assert await state_of(inbox, "k") is DeliveryState.CONFIRMED
        assert len(shop.sent) == 2

    async def test_killed_and_shown_with_another_text_is_unknown(self, follow: bool) -> None:
        shop, store = Masking("***", every=5), Kept()
        shop.trouble.append("hangs")
        async with open_inbox(shop, store, follow=follow) as (inbox, _):
            sending = asyncio.create_task(inbox.send(shop.chat(), "Да", idempotency_key="k"))
            await asyncio.sleep(20)
            sending.cancel()
        async with open_inbox(shop, store, follow=follow) as (inbox, _):
            await asyncio.sleep(1000)
            assert await state_of(inbox, "k") is DeliveryState.UNKNOWN
        assert shop.sent == [("1", "Да")]

    async def test_operator_does_not_disturb_a_delivery_without_a_lost_answer(
        self, follow: bool
    ) -> None:
        shop = Shop(every=5)
        shop.slow = 20
        async with open_inbox(shop, Kept(), follow=follow) as (inbox, _):
            sending = asyncio.create_task(inbox.send(shop.chat(), "Да", idempotency_key="k"))
            await asyncio.sleep(1)
            shop.arrive("Пишет человек", author=Author.SELLER)
            await asyncio.sleep(10)
            assert await state_of(inbox, "k") is DeliveryState.SENDING
            await sending
            shop.arrive("И ещё", author=Author.SELLER)
            await asyncio.sleep(20)
            assert await state_of(inbox, "k") is DeliveryState.CONFIRMED
        assert shop.sent == [("1", "Да")]

    async def test_operator_in_another_chat_or_long_before_changes_nothing(
        self, follow: bool
    ) -> None:
        shop = Shop(every=5)
        shop.arrive("Давно", author=Author.SELLER, at=datetime.now(UTC) - timedelta(minutes=6))
        shop.arrive("Здравствуйте", author=Author.BUYER)
        shop.trouble.append("lost before")
        async with open_inbox(shop, Kept(), follow=follow) as (inbox, _):
            await inbox.send(shop.chat(), "Да", idempotency_key="k")
            shop.arrive("Другое", chat="2", author=Author.SELLER)
            await asyncio.sleep(TIMEOUT + 60)
            assert await state_of(inbox, "k") is DeliveryState.CONFIRMED
        assert shop.sent == [("1", "Да")]

    async def test_killed_while_sending(self, follow: bool) -> None:
        for trouble, times in (("hangs", 1), ("lost before", 1)):
            shop, store = Shop(every=5), Kept()
            shop.trouble.append(trouble)  # type: ignore[arg-type]
            async with open_inbox(shop, store, follow=follow) as (inbox, _):
                sending = asyncio.create_task(inbox.send(shop.chat(), "Да", idempotency_key="k"))
                await asyncio.sleep(0.1)
                sending.cancel()
            async with open_inbox(shop, store, follow=follow) as (inbox, _):
                await inbox.send(shop.chat(), "Да", idempotency_key="k")
                await asyncio.sleep(TIMEOUT + 60)
                assert await state_of(inbox, "k") is DeliveryState.CONFIRMED
            assert len(shop.sent) == times

    async def test_killed_and_requested_again_at_the_start(self) -> None:
        class Slow(Kept):
            async def enter(
                self, delivery: Delivery, work: bytes, *, owner: str = ""
            ) -> Delivery | None:
                await asyncio.sleep(0.05)
                return await super().enter(delivery, work, owner=owner)

        shop, store = Shop(every=5), Slow()
        shop.trouble.append("lost before")
        async with Inbox(shop, state=store, confirmation_timeout=TIMEOUT) as inbox:
            await inbox.send(shop.chat(), "Да", idempotency_key="k")
        async with Inbox(shop, state=store, confirmation_timeout=TIMEOUT) as inbox:
            # The outbox checks open deliveries meanwhile.
            await inbox.send(shop.chat(), "Да", idempotency_key="k")
            await asyncio.sleep(TIMEOUT + 5)
            assert await state_of(inbox, "k") is DeliveryState.CONFIRMED
        assert shop.sent == [("1", "Да")]

    async def test_failed_lookup_is_retried(self) -> None:
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
            await inbox.send(shop.chat(), "Да", idempotency_key="k")
            await asyncio.sleep(60)
            assert await state_of(inbox, "k") is DeliveryState.CONFIRMED
        assert calls == 4

    @pytest.mark.parametrize("seed", range(40))
    async def test_each_reply_is_sent_once_under_random_faults(self, seed: int) -> None:
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
        same_text, follow = rng.random() < 0.5, rng.random() < 0.7
        keys = [str(number) for number in range(5)]
        for seconds in [*(rng.uniform(0.05, 400) for _ in range(rng.randrange(6))), 2000.0]:
            async with open_inbox(shop, store, follow=follow) as (inbox, _):
                tasks = [
                    asyncio.create_task(
                        inbox.send(shop.chat(), "Да" if same_text else key, idempotency_key=key)
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


class Showing(Shop):
    """Shows another answer, or no feedback at all, once one was given."""

    def __init__(self, shown: Answer | None, *, every: float) -> None:
        super().__init__(every=every)
        self.shown = shown

    async def _answer_feedback(self, feedback: Feedback, text: str) -> Receipt | None:
        receipt = await super()._answer_feedback(feedback, text)
        item = self.items.pop(feedback.ref.id)
        if self.shown is not None:
            self.items[feedback.ref.id] = msgspec.structs.replace(item, answer=self.shown)
        return receipt


class TestAnswers:
    async def test_answer_is_confirmed_when_visible(self) -> None:
        shop = Shop(every=5)
        item = shop.review("f1")
        async with open_inbox(shop, Kept()) as (inbox, _):
            delivery = await inbox.answer(item, "Спасибо", idempotency_key="k")
            assert delivery.state is DeliveryState.ACCEPTED
            await asyncio.sleep(10)
            assert await state_of(inbox, "k") is DeliveryState.CONFIRMED
        assert shop.sent == [("f1", "Спасибо")]

    @pytest.mark.parametrize("trouble", ["lost before", "lost after"])
    async def test_answer_when_the_call_is_lost(self, trouble: Trouble) -> None:
        shop = Shop(every=5)
        item = shop.review("f1")
        shop.trouble.append(trouble)
        async with open_inbox(shop, Kept()) as (inbox, _):
            await inbox.answer(item, "Спасибо", idempotency_key="k")
            await asyncio.sleep(TIMEOUT + 60)
            assert await state_of(inbox, "k") is DeliveryState.CONFIRMED
        assert shop.sent == [("f1", "Спасибо")]

    async def test_answer_when_its_target_was_deleted(self) -> None:
        # It is deleted while its answer is sent, which Wildberries accepts for any id.
        shop = Showing(None, every=5)
        item = shop.review("f1")
        async with open_inbox(shop, Kept()) as (inbox, _):
            delivery = await inbox.answer(item, "Спасибо", idempotency_key="k")
            assert delivery.state is DeliveryState.ACCEPTED
            await asyncio.sleep(10)
            assert await state_of(inbox, "k") is DeliveryState.REJECTED

    @pytest.mark.parametrize(
        ("shown", "state"),
        [
            (Answer("Спасибо", AnswerStatus.PUBLISHED), DeliveryState.CONFIRMED),
            (Answer("Спасибо\n", AnswerStatus.IN_MODERATION), DeliveryState.CONFIRMED),
            (Answer("Спасибо", AnswerStatus.REJECTED), DeliveryState.REJECTED),
            (Answer("Другое", AnswerStatus.PUBLISHED), DeliveryState.REJECTED),
            (Answer("Спасибо", AnswerStatus.DELETED), DeliveryState.UNKNOWN),
            (Answer(""), DeliveryState.UNKNOWN),
        ],
    )
    async def test_visible_answer_determines_the_state(
        self, shown: Answer, state: DeliveryState
    ) -> None:
        shop = Showing(shown, every=5)
        item = shop.review("f1")
        async with open_inbox(shop, Kept()) as (inbox, _):
            await inbox.answer(item, "Спасибо", idempotency_key="k")
            await asyncio.sleep(TIMEOUT + 60)
            assert await state_of(inbox, "k") is state
        assert len(shop.sent) == 1


class Slow(Shop):
    """Shows an answer only when the second one is sent."""

    tries = 0

    async def _with_answer(self, item: Question | Feedback) -> Question | Feedback:
        self.tries += 1
        if self.tries == 1:
            self.hidden = True
            self.trouble.append("lost after")
            return item
        shown = Answer("Спасибо", AnswerStatus.PUBLISHED)
        self.items["f1"] = msgspec.structs.replace(self.items["f1"], answer=shown)
        return msgspec.structs.replace(item, answer=shown)


class TestAlreadyAnswered:
    @pytest.mark.parametrize(
        ("reply_text", "state"),
        [("Спасибо", DeliveryState.CONFIRMED), ("Другое", DeliveryState.REJECTED)],
    )
    async def test_current_answer_determines_the_state_of_a_retry(
        self, reply_text: str, state: DeliveryState
    ) -> None:
        shop = Slow(every=5)
        item = shop.review("f1")
        async with open_inbox(shop, Kept()) as (inbox, _):
            await inbox.answer(item, reply_text, idempotency_key="k")
            await asyncio.sleep(TIMEOUT + 60)
            assert await state_of(inbox, "k") is state
        assert shop.tries == 2

    @pytest.mark.parametrize("reply_text", ["Спасибо", "Другое"])
    async def test_already_answered_target_is_rejected(self, reply_text: str) -> None:
        shop = Shop(every=5)
        item = shop.review("f1")
        answered = msgspec.structs.replace(item, answer=Answer("Спасибо", AnswerStatus.PUBLISHED))
        shop.items["f1"] = answered
        async with open_inbox(shop, Kept()) as (inbox, _):
            replied_to: list[Feedback | Ref] = [answered, answered.ref]
            for number, given in enumerate(replied_to):
                delivery = await inbox.answer(given, reply_text, idempotency_key=f"{number}")
                assert delivery.state is DeliveryState.REJECTED
                assert delivery.note == "it has another answer: Спасибо"
                assert (delivery.attempts, delivery.sent_at) == (0, None)
            await asyncio.sleep(TIMEOUT + 60)
        assert shop.sent == []

    async def test_question_with_an_unknown_answer_is_unknown(self) -> None:
        shop = Shop(every=5)
        item = shop.ask("q1")
        shop.trouble.append("lost before")
        async with open_inbox(shop, Kept()) as (inbox, _):
            await inbox.answer(item.ref, "Да", idempotency_key="k")
            shop.asks["q1"] = msgspec.structs.replace(item, status=QuestionStatus.ANSWERED)
            await asyncio.sleep(10)
            assert await state_of(inbox, "k") is DeliveryState.UNKNOWN
            first = await inbox.answer(item.ref, "Да", idempotency_key="other")
            assert first.state is DeliveryState.REJECTED
            assert first.note == "it has another answer: its text is not known"
        assert shop.sent == []

    @pytest.mark.parametrize("edits", [False, True])
    async def test_feedback_whose_answer_cannot_be_decoded_is_unknown(self, edits: bool) -> None:
        shop = Shop(every=5)
        item = shop.review("f1")
        if edits:
            item = shop.items["f1"] = msgspec.structs.replace(item, answer=Answer(text="Нет"))
        shop.trouble.append("lost before")
        async with open_inbox(shop, Kept()) as (inbox, _):
            act = inbox.edit_answer if edits else inbox.answer
            await act(item.ref, "Да", idempotency_key="k")
            shop.items["f1"] = msgspec.structs.replace(item, answer=None, answer_known=False)
            await asyncio.sleep(10)
            assert await state_of(inbox, "k") is DeliveryState.UNKNOWN
        assert shop.sent == []


class TestRefs:
    """A reply to a ref continues with the ref, after a restart too."""

    @pytest.mark.parametrize("trouble", ["lost before", "lost after", "unreached"])
    @pytest.mark.parametrize("action", list(Action))
    async def test_delivery_continues_in_the_next_run(
        self, action: Action, trouble: Trouble
    ) -> None:
        shop, store = Desk(DecisionKind.REFUND), Kept()
        answer = Answer("Было", AnswerStatus.PUBLISHED)
        item = shop.review("1")
        if action is Action.EDIT_ANSWER:
            shop.items["1"] = msgspec.structs.replace(item, answer=answer)
        question = shop.ask("1")
        shop.trouble.append(trouble)
        async with open_inbox(shop, store) as (inbox, _):
            match action:
                case Action.SEND:
                    call = inbox.send(shop.chat().ref, "Да", idempotency_key="k")
                case Action.ANSWER:
                    call = inbox.answer(item.ref, "Да", idempotency_key="k")
                case Action.EDIT_ANSWER:
                    call = inbox.edit_answer(item.ref, "Да", idempotency_key="k")
                case Action.REJECT:
                    call = inbox.reject(question.ref, "Да", idempotency_key="k")
                case _:
                    call = inbox.decide(shop.now.ref, "d1", comment="Да", idempotency_key="k")
            delivery = await call
            assert (delivery.action, delivery.text) == (action, "Да")
            assert not delivery.accepted or delivery.confirmed
        async with open_inbox(shop, store) as (inbox, _):
            await asyncio.sleep(TIMEOUT + 60)
            decided = action is Action.DECIDE and trouble == "lost after"
            # By an id alone the expected status of the decision is unknown.
            expected = DeliveryState.UNKNOWN if decided else DeliveryState.CONFIRMED
            assert await state_of(inbox, "k") is expected
        assert len(shop.sent) == 1


class TestEdits:
    OLD = Answer("Было", AnswerStatus.PUBLISHED, editable=True)

    @pytest.mark.parametrize(
        ("after", "trouble", "state"),
        [
            (Answer("Стало", AnswerStatus.PUBLISHED), None, DeliveryState.CONFIRMED),
            (Answer(" Стало\n", AnswerStatus.IN_MODERATION), None, DeliveryState.CONFIRMED),
            (Answer("Стало", AnswerStatus.IN_MODERATION), "lost after", DeliveryState.CONFIRMED),
            (Answer("Стало", AnswerStatus.REJECTED), None, DeliveryState.REJECTED),
            (Answer("Третье", AnswerStatus.PUBLISHED), "lost after", DeliveryState.REJECTED),
            (Answer("Третье", AnswerStatus.PUBLISHED), None, DeliveryState.UNKNOWN),
            (Answer("Было", AnswerStatus.DELETED), "lost after", DeliveryState.REJECTED),
            (None, None, DeliveryState.REJECTED),
            (OLD, None, DeliveryState.UNKNOWN),
        ],
    )
    @pytest.mark.parametrize("noun", [Noun.QUESTION, Noun.FEEDBACK])
    async def test_current_record_determines_the_state(
        self, noun: Noun, after: Answer | None, trouble: Trouble | None, state: DeliveryState
    ) -> None:
        shop = Shop(every=5)
        shop.hidden = True
        shop.trouble.append(trouble)
        item: Question | Feedback
        if noun is Noun.QUESTION:
            item = msgspec.structs.replace(shop.ask("1"), answer=self.OLD)
            shop.asks["1"] = msgspec.structs.replace(item, answer=after)
        else:
            item = msgspec.structs.replace(shop.review("1"), answer=self.OLD)
            shop.items["1"] = msgspec.structs.replace(item, answer=after)
        async with open_inbox(shop, Kept()) as (inbox, _):
            await inbox.edit_answer(item, "Стало", idempotency_key="k")
            await asyncio.sleep(TIMEOUT + 60)
            assert await state_of(inbox, "k") is state
        assert shop.sent == [("1", "Стало")]

    async def test_edit_lost_before_the_effect_is_resent(self) -> None:
        shop = Shop(every=5)
        item = msgspec.structs.replace(shop.review("1"), answer=self.OLD)
        shop.items["1"] = item
        shop.trouble.append("lost before")
        async with open_inbox(shop, Kept()) as (inbox, _):
            await inbox.edit_answer(item, "Стало", idempotency_key="k")
            await asyncio.sleep(TIMEOUT + 60)
            assert await state_of(inbox, "k") is DeliveryState.CONFIRMED
        assert shop.sent == [("1", "Стало")]


class TestRejections:
    @pytest.mark.parametrize(
        ("after", "trouble", "state"),
        [
            (QuestionStatus.REJECTED, None, DeliveryState.CONFIRMED),
            (QuestionStatus.REJECTED, "lost after", DeliveryState.CONFIRMED),
            (QuestionStatus.ANSWERED, "lost after", DeliveryState.REJECTED),
            (QuestionStatus.WAITING, None, DeliveryState.UNKNOWN),
            (None, None, DeliveryState.UNKNOWN),
        ],
    )
    async def test_question_status_determines_the_state(
        self, after: QuestionStatus | None, trouble: Trouble | None, state: DeliveryState
    ) -> None:
        shop = Shop(every=5)
        shop.hidden = True
        shop.trouble.append(trouble)
        item = shop.ask("1")
        async with open_inbox(shop, Kept()) as (inbox, _):
            await inbox.reject(item, "не по теме", idempotency_key="k")
            if after is None:
                del shop.asks["1"]
            else:
                shop.asks["1"] = msgspec.structs.replace(item, status=after)
            await asyncio.sleep(TIMEOUT + 60)
            assert await state_of(inbox, "k") is state
        assert shop.sent == [("1", "не по теме")]


class Blind(Shop):
    """A shop without lookups of single records."""

    CAPABILITIES: ClassVar[Capabilities] = {
        Capability.SEND: NATIVE,
        Capability.ANSWER_FEEDBACK: NATIVE,
        Capability.REJECT_QUESTION: NATIVE,
    }
    _messages = Account._messages
    _get_question = Account._get_question
    _get_feedback = Account._get_feedback
    _answer_question = Account._answer_question
    _edit_question_answer = Account._edit_question_answer
    _edit_feedback_answer = Account._edit_feedback_answer
    _streams = Account._streams


class TestWithoutLookup:
    async def test_delivery_without_a_lookup_becomes_unknown(self) -> None:
        shop = Blind()
        item, question = shop.review("1"), shop.ask("1")
        async with open_inbox(shop, Kept(), follow=False) as (inbox, _):
            await inbox.send(shop.chat(), "Да", idempotency_key="s")
            await inbox.answer(item, "Да", idempotency_key="a")
            await inbox.reject(question, "Да", idempotency_key="r")
            await asyncio.sleep(TIMEOUT)
            for delivery in await inbox.outbox.deliveries():
                assert delivery.state is DeliveryState.UNKNOWN
                assert delivery.note is not None
                assert "cannot" in delivery.note
        assert len(shop.sent) == 3


class Desk(Shop):
    """A shop with one return."""

    CAPABILITIES: ClassVar[Capabilities] = {
        **Shop.CAPABILITIES,
        Capability.GET_RETURN: NATIVE,
        Capability.DECIDE: NATIVE,
    }

    def __init__(self, kind: DecisionKind) -> None:
        super().__init__()
        self.decision = Decision("d1", kind, comment_allowed=True)
        self.after = ReturnStatus.APPROVED
        self.now = Return(
            ref=self.ref(Noun.RETURN, "r1"),
            status=ReturnStatus.WAITING_FOR_SELLER,
            decisions=(self.decision,),
        )

    async def _decide(
        self,
        item: Return,
        decision: Decision,
        *,
        comment: str | None,
        reason: str | None,
        amount: Money | None,
    ) -> Receipt | None:
        def effect() -> None:
            self.sent.append((item.ref.id, decision.id))
            self.now = Return(ref=item.ref, status=self.after)

        await self._write(effect)
        return None

    async def _get_return(self, return_id: str, known: Return | None) -> Return:
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
    @pytest.mark.parametrize("by_id", [True, False])
    async def test_decisions_are_carried_out_once(
        self,
        kind: DecisionKind,
        after: ReturnStatus,
        trouble: Trouble | None,
        state: DeliveryState,
        *,
        by_id: bool,
    ) -> None:
        shop = Desk(kind)
        shop.after = after
        shop.trouble.append(trouble)
        async with open_inbox(shop, Kept()) as (inbox, _):
            await inbox.decide(
                shop.now,
                shop.decision.id if by_id else shop.decision,
                comment="по правилам",
                idempotency_key="k",
            )
            await asyncio.sleep(TIMEOUT + 60)
            delivery = await inbox.outbox.delivery("k")
            assert delivery is not None
            assert delivery.state is state
            assert (delivery.decision, delivery.text) == ("d1", "по правилам")
        assert shop.sent == [("r1", "d1")]

    async def test_decisions_on_a_missing_return_become_unknown(self) -> None:
        class Gone(Desk):
            async def _get_return(self, return_id: str, known: Return | None) -> Return:
                raise self._error(NotFound, "no such return", 404)

        shop = Gone(DecisionKind.REFUND)
        async with open_inbox(shop, Kept()) as (inbox, _):
            await inbox.decide(shop.now, "d1", idempotency_key="k")
            await asyncio.sleep(10)
            assert await state_of(inbox, "k") is DeliveryState.UNKNOWN


class TestResolve:
    async def unknown(self, shop: Shop, store: Kept) -> None:
        shop.hidden = True
        async with open_inbox(shop, store) as (inbox, _):
            await inbox.send(shop.chat(), "Да", idempotency_key="k")
            await asyncio.sleep(TIMEOUT + 10)
            assert await state_of(inbox, "k") is DeliveryState.UNKNOWN

    @pytest.mark.parametrize("state", [DeliveryState.CONFIRMED, DeliveryState.REJECTED])
    async def test_delivery_is_resolved_by_a_person(self, state: DeliveryState) -> None:
        shop, store = Shop(every=5), Kept()
        await self.unknown(shop, store)
        resolved = await resolve(store, "k", state)
        assert (resolved.state, resolved.note) == (state, "resolved by a person")
        with pytest.raises(InvalidInput, match=f"it is {state}"):
            await resolve(store, "k", state)
        async with open_inbox(shop, store):
            await asyncio.sleep(1000)
        assert len(shop.sent) == 1

    async def test_delivery_resolved_as_pending_is_resent(self) -> None:
        shop, store = Shop(every=5), Kept()
        await self.unknown(shop, store)
        shop.hidden = False
        async with open_inbox(shop, store) as (inbox, _):
            await inbox.outbox.resolve("k", DeliveryState.PENDING)
            await asyncio.sleep(40)
            assert await state_of(inbox, "k") is DeliveryState.CONFIRMED
        assert len(shop.sent) == 2

    async def test_resolve_requires_an_unknown_delivery(self) -> None:
        shop, store = Shop(every=5), Kept()
        async with open_inbox(shop, store) as (inbox, _):
            await inbox.send(shop.chat(), "Да", idempotency_key="k")
            with pytest.raises(InvalidInput, match="it is accepted"):
                await inbox.outbox.resolve("k", DeliveryState.PENDING)
            with pytest.raises(InvalidInput, match="must be of a delivery"):
                await inbox.outbox.resolve("x", DeliveryState.PENDING)
            with pytest.raises(InvalidInput, match="confirmed, rejected or pending"):
                await inbox.outbox.resolve("k", DeliveryState.SENDING)


class TestStore:
    async def test_reply_is_not_sent_when_it_cannot_be_saved(self) -> None:
        shop = Shop(every=5)

        class Full(Kept):
            async def enter(self, delivery: Delivery, work: bytes, *, owner: str = "") -> Delivery:
                raise StateError("toy.db", "the disk is full")

        async with open_inbox(shop, Full()) as (inbox, _):
            with pytest.raises(StateError, match="full"):
                await inbox.send(shop.chat(), "Да", idempotency_key="k")
        assert shop.sent == []

    async def test_old_keys_are_deleted(self) -> None:
        shop, store = Shop(every=5), Kept()
        old = datetime.now(UTC) - timedelta(days=91)
        for number, state in enumerate(DeliveryState):
            await store.enter(
                Delivery(
                    Ref("toy", "x", Noun.CHAT, "1"),
                    Action.SEND,
                    "",
                    state,
                    old,
                    old,
                    idempotency_key=str(number),
                ),
                b"",
            )
        async with open_inbox(shop, store):
            await asyncio.sleep(1)
        left = {delivery.state for delivery in await store.deliveries()}
        assert left == set(DeliveryState) - {DeliveryState.CONFIRMED, DeliveryState.REJECTED}

    async def test_account_without_the_noun_is_rejected_first(self) -> None:
        async with Inbox(BareAccount("bare"), state=Kept()) as inbox:
            with pytest.raises(Unsupported):
                await inbox.send(Ref("toy", "bare", Noun.CHAT, "1"), "Да", idempotency_key="k")
            assert await inbox.outbox.deliveries() == []

    async def test_delivery_of_a_removed_account_waits_for_the_account(self) -> None:
        shop, other, store = Shop(every=5), Shop("other"), Kept()
        shop.trouble.append("unreached")
        async with Inbox(shop, other, state=store, confirmation_timeout=TIMEOUT) as inbox:
            await inbox.send(shop.chat(), "Да", idempotency_key="k")
            await inbox.remove("shop")
            await asyncio.sleep(100)
            assert await state_of(inbox, "k") is DeliveryState.PENDING
            inbox.add(shop)
            await asyncio.sleep(100)
            assert await state_of(inbox, "k") is DeliveryState.CONFIRMED
        assert shop.sent == [("1", "Да")]


class TestWaiting:
    @pytest.mark.parametrize("seconds", [0, -1.0])
    async def test_confirmation_timeout_must_be_positive(self, seconds: float) -> None:
        with pytest.raises(InvalidInput, match="confirmation_timeout must be more than 0 s"):
            Inbox(state=Kept(), confirmation_timeout=seconds)

    async def test_repeated_send_does_not_wait_for_a_slow_lookup(self) -> None:
        # With a base token of Wildberries the next round may be an hour away.
        shop = Shop(every=3600)
        shop.trouble.append("lost after")
        shop.failing.extend([None] * 3)
        async with open_inbox(shop, Kept()) as (inbox, _):
            await inbox.send(shop.chat(), "Да", idempotency_key="k")
            clock = asyncio.get_running_loop().time
            for _ in range(20):
                await asyncio.sleep(7)
                before = clock()
                await inbox.send(shop.chat(), "Да", idempotency_key="k")
                assert clock() - before < 0.1
        assert len(shop.sent) == 1
