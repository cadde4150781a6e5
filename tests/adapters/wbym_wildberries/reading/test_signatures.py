"""Chats that are only in WB's events: writing to them works, or raises ChatNotReady."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import wraps
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from tests.adapters.wbym_wildberries.shops import open_shop
from wbym import Inbox
from wbym.account import Account
from wbym.domain import Chat, DeliveryState, Noun, Ref
from wbym.errors import BadRequest, ChatNotReady, InvalidInput
from wbym.feed import EventKind
from wbym.testing import Call, Refusal, Response, eventually
from wbym_wildberries import Wildberries
from wbym_wildberries.simulator import WildberriesSimulator
from wbym_wildberries.simulator.handlers_chats import ChatHandlers

EVENTS = "GET /api/v1/seller/events"
CHATS = "GET /api/v1/seller/chats"
MESSAGES = "POST /api/v1/seller/message"
HELLO = "Здравствуйте! Уже смотрим."


@asynccontextmanager
async def simulated(*, chats: int = 10) -> AsyncIterator[WildberriesSimulator]:
    """The default shop's chats, one of which is not listed."""
    async with WildberriesSimulator(
        feedbacks=0, questions=0, claims=0, cards=0, chats=chats, limits=False
    ) as simulator:
        yield simulator


def arrive(simulator: WildberriesSimulator) -> str:
    """Write as a buyer in a new chat that is not listed yet; returns its id."""
    chats = simulator.state.chats
    before = set(chats.chats)
    chats.arrive("Где заказ?", listed=False)
    (new,) = set(chats.chats) - before
    return new


def show(simulator: WildberriesSimulator, chat_id: str) -> None:
    """Let WB list the chat, with a new signature."""
    simulator.state.chats.chats[chat_id].listed = True
    simulator.state.chats.rotate_signs()


def asked(simulator: WildberriesSimulator, path: str) -> int:
    seen = simulator.stats.paths.get(path)
    return 0 if seen is None else seen.requests


async def unlisted(shop: Wildberries) -> Chat:
    """The chat from the list."""
    listed = {chat.ref for chat in await shop.chats().all()}
    found = await shop.chats(waiting_for_seller=True).all()
    found += await shop.chats(waiting_for_seller=False).all()
    return next(chat for chat in found if chat.ref not in listed)


class TestSending:
    async def test_send_to_every_waiting_chat(self) -> None:
        async with simulated() as simulator, open_shop(simulator) as shop:
            waiting = await shop.chats(waiting_for_seller=True).all()
            for chat in waiting:
                assert chat.writable is not False
                await shop.send(chat, HELLO)
            replied = {sent.chat_id for sent in simulator.state.sent}
            assert replied == {chat.ref.id for chat in waiting}
            assert len(simulator.state.sent) == len(waiting)

    async def test_send_when_the_list_lacks_the_chat(self) -> None:
        async with simulated() as simulator:
            async with open_shop(simulator) as shop:
                chat = await unlisted(shop)
            # Another process, which knows only the chat and the time of its last message.
            async with open_shop(simulator) as shop:
                await shop.send(replace(chat, created_at=None), HELLO)
            assert [sent.chat_id for sent in simulator.state.sent] == [chat.ref.id]

    async def test_send_when_the_time_of_the_first_event_is_known(self) -> None:
        async with simulated() as simulator:
            chat_id = arrive(simulator)
            async with open_shop(simulator) as shop:
                chats = await shop.chats(waiting_for_seller=True).all()
            chat = next(chat for chat in chats if chat.ref.id == chat_id)
            assert chat.created_at is not None
            before = asked(simulator, EVENTS)
            async with open_shop(simulator) as shop:
                await shop.send(chat, HELLO)
            assert asked(simulator, EVENTS) == before + 1
            assert len(simulator.state.sent) == 1

    async def test_send_when_only_the_id_is_known(self) -> None:
        async with simulated() as simulator:
            chat_id = arrive(simulator)
            async with open_shop(simulator) as shop:
                await shop.send(Chat(ref=Ref("wildberries", "shop", Noun.CHAT, chat_id)), HELLO)
            assert [sent.chat_id for sent in simulator.state.sent] == [chat_id]

    async def test_send_when_the_signature_of_the_event_is_rejected(self) -> None:
        async with simulated() as simulator, open_shop(simulator) as shop:
            chat_id = arrive(simulator)
            chats = await shop.chats(waiting_for_seller=True).all()
            chat = next(chat for chat in chats if chat.ref.id == chat_id)
            assert chat.writable is True
            simulator.state.chats.rotate_signs()  # and WB still does not list the chat
            with pytest.raises(ChatNotReady):
                await shop.send(chat, HELLO)
            with pytest.raises(ChatNotReady, match="until it lists it") as caught:
                await shop.send(chat, HELLO)
            assert caught.value.retryable
            assert caught.value.retry_after > 0
            assert str(chat.ref) in str(caught.value)
            assert "idempotency_key=" in str(caught.value)
            # A rejected signature is not tried again.
            assert asked(simulator, MESSAGES) == 1
            again = await shop.chats(waiting_for_seller=True).all()
            assert [c.writable for c in again if c.ref.id == chat_id] == [False]
            show(simulator, chat_id)
            await shop.send(chat, HELLO)
            assert [sent.text for sent in simulator.state.sent] == [HELLO]

    async def test_send_when_a_listed_signature_is_rejected_repeatedly(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with simulated() as simulator, open_shop(simulator) as shop:
            chat = (await shop.chats().all())[0]
            monkeypatch.setattr(simulator.state.chats, "by_sign", lambda sign: None)
            with pytest.raises(BadRequest, match="Invalid signature"):
                await shop.send(chat, HELLO)
            assert asked(simulator, MESSAGES) == 1

    async def test_send_when_an_old_event_is_read_again(self) -> None:
        """An event never has a newer signature than the list."""
        async with simulated() as simulator, open_shop(simulator) as shop:
            chat_id = arrive(simulator)
            show(simulator, chat_id)
            chats = await shop.chats(waiting_for_seller=True).all()
            chat = next(chat for chat in chats if chat.ref.id == chat_id)
            await shop.messages(chat).all()
            await shop.send(chat, HELLO)
            assert asked(simulator, MESSAGES) == 1

    async def test_send_when_the_list_is_rejected(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The message itself was not rejected, so it can be sent later."""

        @wraps(ChatHandlers.chats)
        async def rejected(_: ChatHandlers, call: Call) -> Response:
            raise Refusal(400, "not now")

        with monkeypatch.context() as patched:
            patched.setattr(ChatHandlers, "chats", rejected)
            async with simulated() as simulator, open_shop(simulator) as shop:
                chat_id = next(iter(simulator.state.chats.chats))
                with pytest.raises(ChatNotReady, match="not now"):
                    await shop.send(Chat(ref=Ref("wildberries", "shop", Noun.CHAT, chat_id)), HELLO)
                assert asked(simulator, MESSAGES) == 0

    async def test_send_when_the_chat_does_not_exist(self) -> None:
        async with simulated(chats=2) as simulator, open_shop(simulator) as shop:
            with pytest.raises(InvalidInput, match="known to WB"):
                await shop.send(Chat(ref=Ref("wildberries", "shop", Noun.CHAT, "1:none")), HELLO)
            assert asked(simulator, MESSAGES) == 0

    async def test_messages_when_many_are_sent_at_once(self) -> None:
        async with simulated() as simulator, open_shop(simulator) as shop:
            chat = await unlisted(shop)
            await asyncio.gather(*(shop.send(chat, f"{HELLO} {n}") for n in range(5)))
            assert len(simulator.state.sent) == 5


def opened(simulator: WildberriesSimulator, state: Path) -> Inbox:
    return Inbox(open_shop(simulator), state=state, confirmation_timeout=0.5)


async def message_in(inbox: Inbox, chat_id: str) -> tuple[str, Chat]:
    """The next message in a chat: the id of the unconfirmed event, and its chat."""
    async with inbox.events(auto_ack=False) as events:
        async for event in events:
            if event.kind is EventKind.MESSAGE and event.chat.ref.id == chat_id:
                return event.id, event.chat
    raise AssertionError("the events ended")


@asynccontextmanager
async def begun(simulator: WildberriesSimulator, state: Path) -> AsyncIterator[str]:
    """A followed seller with a message in an unlisted chat; returns the chat's id."""
    async with opened(simulator, state) as inbox, inbox.events() as events:
        first = asyncio.ensure_future(anext(events))
        await eventually(
            lambda: bool(inbox.streams) and all(stream.read_at for stream in inbox.streams)
        )
        chat_id = arrive(simulator)
        await first
        yield chat_id


class TestFollowing:
    async def test_reply_when_the_process_is_another(self, tmp_path: Path) -> None:
        state = tmp_path / "wbym.db"
        async with simulated() as simulator, asyncio.timeout(20):
            async with begun(simulator, state) as chat_id:
                pass
            # The state knows the chat by now, and its later messages lack its first time.
            simulator.state.chats.arrive("Ау?", chat_id=chat_id)
            async with opened(simulator, state) as inbox:
                key, chat = await message_in(inbox, chat_id)
                before = asked(simulator, EVENTS)
                delivery = await inbox.send(chat, HELLO, idempotency_key=key)
                assert delivery.state is DeliveryState.ACCEPTED
                assert asked(simulator, EVENTS) <= before + 3  # the feed continues meanwhile
            assert [sent.chat_id for sent in simulator.state.sent] == [chat_id]
            assert chat.created_at is not None

    async def test_reply_without_a_signature(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("wbym.feed._open_delivery._RETRIES", (0.05, 0.1))
        state = tmp_path / "wbym.db"
        async with simulated() as simulator, asyncio.timeout(20):
            async with begun(simulator, state) as chat_id:
                pass
            simulator.state.chats.rotate_signs()
            async with opened(simulator, state) as inbox:
                key, chat = await message_in(inbox, chat_id)
                delivery = await inbox.send(chat, HELLO, idempotency_key=key)
                assert delivery.state is DeliveryState.PENDING
                assert "lists" in (delivery.note or "")
                with pytest.raises(ChatNotReady):
                    await inbox.send(chat, HELLO)
                assert not simulator.state.sent
            async with opened(simulator, state) as inbox:
                await asyncio.sleep(0.3)
                assert not simulator.state.sent
                show(simulator, chat_id)
                await eventually(lambda: bool(simulator.state.sent))
                await asyncio.sleep(1.5)  # it is looked up, found, and not sent again
                (delivery,) = await inbox.outbox.deliveries()
                assert delivery.state is DeliveryState.CONFIRMED
            assert [sent.text for sent in simulator.state.sent] == [HELLO]

    async def test_signatures_are_not_in_the_state(self, tmp_path: Path) -> None:
        state = tmp_path / "wbym.db"
        async with simulated() as simulator, asyncio.timeout(20):
            async with begun(simulator, state) as chat_id:
                sign = simulator.state.chats.chats[chat_id].sign
            async with opened(simulator, state) as inbox:
                key, chat = await message_in(inbox, chat_id)
                await inbox.send(chat, HELLO, idempotency_key=key)
                account: Account = inbox.account("shop", Wildberries)
                shown = [repr(chat), repr(account), repr(vars(account)), str(chat)]
                shown.append(msgspec.json.encode(chat).decode())
            secret = sign.rpartition(":")[2]
            assert not [text for text in shown if secret in text]
            files = [file for file in tmp_path.iterdir() if file.is_file()]
            assert files
            assert not [file for file in files if secret.encode() in file.read_bytes()]
