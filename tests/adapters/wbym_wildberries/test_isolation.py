"""A record whose mapping fails: it is kept with its bytes, others are delivered."""

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import pytest

from tests.adapters.wbym_wildberries.following.follower import Follower
from wbym.domain import Chat, Message, Noun, Ref, Return, UndecodableRecord
from wbym.errors import UnreadableReply
from wbym_wildberries import Wildberries
from wbym_wildberries import _mapping as mapping
from wbym_wildberries.simulator import WildberriesSimulator

EPOCH = datetime.fromtimestamp(0, UTC)


class Spoiled:
    """Make the mapping of one record of a noun fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(self, noun: str, bad: str, key: Callable[[object], object]) -> None:
        healthy = getattr(mapping, noun)

        def fails(wire: object, *args: object, **named: object) -> object:
            if key(wire) == bad:
                raise ValueError("a new kind of record")
            return healthy(wire, *args, **named)

        self._monkeypatch.setattr(mapping, noun, fails)


@pytest.fixture
def spoil(monkeypatch: pytest.MonkeyPatch) -> Spoiled:
    return Spoiled(monkeypatch)


def by_id(wire: object) -> object:
    return getattr(wire, "id")  # noqa: B009 - of any record


def by_event(wire: object) -> object:
    return getattr(wire, "event_id")  # noqa: B009


def by_chat(wire: object) -> object:
    return getattr(wire, "chat_id")  # noqa: B009


def assert_undecodable(shop: Wildberries, method: str, identifier: str) -> None:
    """Assert that one record was undecodable, once or repeatedly, with its bytes."""
    assert {(one.endpoint, one.reason) for one in shop.undecodable} == {
        (method, "ValueError: a new kind of record")
    }
    for one in shop.undecodable:
        assert identifier in msgspec.json.decode(one.data, type=dict[str, object]).values()


@pytest.mark.parametrize("noun", ["feedbacks", "questions"])
class TestNouns:
    async def test_list_when_one_is_undecodable(
        self, noun: str, shop: Wildberries, spoil: Spoiled
    ) -> None:
        everything = [item.ref.id for item in await getattr(shop, noun)().all()]
        spoil(noun[:-1], everything[3], by_id)
        pages = [page async for page in getattr(shop, noun)().pages()]
        found = [item.ref.id for page in pages for item in page.items]
        assert found == [one for one in everything if one != everything[3]]
        assert_undecodable(shop, f"{noun}.list", everything[3])
        assert [one for page in pages for one in page.undecodable] == list(shop.undecodable)

    async def test_sweep_when_one_is_undecodable(
        self, noun: str, shop: Wildberries, spoil: Spoiled
    ) -> None:
        everything = [item.ref.id for item in await getattr(shop.sweep, noun)().all()]
        spoil(noun[:-1], everything[3], by_id)
        pages = [page async for page in getattr(shop.sweep, noun)().pages()]
        found = [item.ref.id for page in pages for item in page.items]
        assert found == [one for one in everything if one != everything[3]]
        assert_undecodable(shop, f"sweep.{noun}", everything[3])
        assert [one for page in pages for one in page.undecodable] == list(shop.undecodable)

    async def test_stream_when_one_is_undecodable(
        self, noun: str, shop: Wildberries, spoil: Spoiled
    ) -> None:
        everything = [item.ref.id for item in await getattr(shop, noun)().all()]
        spoil(noun[:-1], everything[3], by_id)
        (stream,) = (one for one in shop.streams() if one.name == noun)
        follower = Follower(stream, EPOCH)
        events = [event.record for event in await follower.round()]
        bad = [record for record in events if isinstance(record, UndecodableRecord)]
        assert len(bad) == 1
        assert everything[3].encode() in bad[0].data
        good = {record.ref.id for record in events if record not in bad}
        assert good == set(everything) - {everything[3]}
        assert await follower.round() == []  # the same bytes are the same record

    async def test_hint_when_it_cannot_be_mapped(
        self, noun: str, shop: Wildberries, spoil: Spoiled
    ) -> None:
        everything = [item.ref.id for item in await getattr(shop, noun)().all()]
        spoil(noun[:-1], everything[3], by_id)
        (stream,) = (one for one in shop.streams() if one.name == noun)
        events = await Follower(stream, EPOCH).round(due=False, hints=everything[3:5])
        good = [event.id for event in events if not isinstance(event.record, UndecodableRecord)]
        assert good == [everything[4]]
        assert len(events) == 2


class TestClaims:
    async def test_claims_when_one_is_undecodable(self, shop: Wildberries, spoil: Spoiled) -> None:
        everything = [item.ref.id for item in await shop.returns().all()]
        spoil("return_request", everything[3], by_id)
        assert len(await shop.returns().all()) == len(everything) - 1
        assert_undecodable(shop, "claims.list", everything[3])
        (stream,) = (one for one in shop.streams() if one.name == "returns")
        events = [event.record for event in await Follower(stream, EPOCH).round()]
        (bad,) = (record for record in events if isinstance(record, UndecodableRecord))
        assert everything[3].encode() in bad.data
        assert len(events) == len(everything)


class TestChats:
    async def test_messages_when_one_is_undecodable(
        self, shop: Wildberries, spoil: Spoiled
    ) -> None:
        chat = (await shop.chats().all())[0]
        everything = [message.ref.id for message in await shop.messages(chat).all()]
        spoil("message", everything[1], by_event)
        found = [message.ref.id for message in await shop.messages(chat).all()]
        assert found == [one for one in everything if one != everything[1]]
        assert_undecodable(shop, "chats.events", everything[1])

    @pytest.mark.parametrize("waiting", [None, True, False])
    async def test_chats_when_one_is_undecodable(
        self, shop: Wildberries, spoil: Spoiled, *, waiting: bool | None
    ) -> None:
        everything = {chat.ref.id for chat in await shop.chats(waiting_for_seller=waiting).all()}
        bad = min(everything)
        spoil("chat", bad, by_chat)
        spoil("chat_of_event", bad, by_chat)
        found = {chat.ref.id for chat in await shop.chats(waiting_for_seller=waiting).all()}
        assert found == everything - {bad}
        assert shop.undecodable
        data = b"".join(one.data for one in shop.undecodable)
        assert data.count(b'"replySign":') == data.count(b'"replySign":"***"')
        assert waiting is not None or b'"replySign":' in data

    async def test_stream_when_an_event_cannot_be_mapped(
        self, shop: Wildberries, simulator: WildberriesSimulator, spoil: Spoiled
    ) -> None:
        chats = await shop.chats().all()
        everything = [m.ref.id for chat in chats for m in await shop.messages(chat).all()]
        spoil("message", everything[0], by_event)
        (stream,) = (one for one in shop.streams() if one.name == "chats")
        follower = Follower(stream, EPOCH)
        events = [event.record for event in await follower.round()]
        (bad,) = (record for record in events if isinstance(record, UndecodableRecord))
        assert everything[0].encode() in bad.data
        found = {record.ref.id for record in events if isinstance(record, Message)}
        assert found >= set(everything[1:])
        assert {record.ref.id for record in events if isinstance(record, Chat)}
        chat, later = simulator.state.arrive_message("Ещё вопрос"), await follower.round()
        assert chat
        assert [event for event in later if isinstance(event.record, Message)]

    async def test_stream_when_a_chat_cannot_be_mapped(
        self, shop: Wildberries, spoil: Spoiled
    ) -> None:
        chats = await shop.chats().all()
        everything = {m.ref.id: chat for chat in chats for m in await shop.messages(chat).all()}
        bad = chats[0].ref.id
        spoil("chat", bad, by_chat)
        spoil("chat_of_event", bad, by_chat)
        (stream,) = (one for one in shop.streams() if one.name == "chats")
        events = [event.record for event in await Follower(stream, EPOCH).round()]
        found = {record.ref.id for record in events if isinstance(record, Message)}
        wanted = {one for one, chat in everything.items() if chat.ref.id != bad}
        assert wanted <= found
        assert any(isinstance(record, UndecodableRecord) for record in events)

    async def test_listing_when_read_twice(self, shop: Wildberries) -> None:
        chat = (await shop.chats().all())[0]
        messages = shop.messages(chat)
        first = await messages.page()
        assert first.items
        assert (await messages.page()).items == first.items
        assert await messages.all() == await messages.all()


async def test_get_when_the_claim_is_undecodable(
    shop: Wildberries, simulator: WildberriesSimulator
) -> None:
    claim = Ref(shop.marketplace, shop.name, Noun.RETURN, simulator.state.claims.arrive())
    simulator.faults.next("/claims", "bad_record")
    with pytest.raises(UnreadableReply, match="cannot be decoded"):
        await shop.get(claim, Return)
    assert (await shop.get(claim, Return)).ref == claim
