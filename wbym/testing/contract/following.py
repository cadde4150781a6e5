"""How an account proves that the feed can follow it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager

import pytest

from wbym.account import Adapter, Capability, Poll, Streams
from wbym.domain import Chat, Feedback, Message, Question, Return
from wbym.feed import Event, EventKind, Feed, MemoryStore
from wbym.paging.parts import EPOCH
from wbym.testing.contract.base import Contract
from wbym.testing.contract.harness import Harness
from wbym.testing.contract.nouns import NOUNS, Neutral, lacks, read, stated

__all__ = ["FollowContract", "ask_events", "events"]

_WITHIN = 20.0
"""Seconds in which what is there must come."""
_WRITTEN = "Здравствуйте, подскажите про заказ"
_REPLY = "Здравствуйте! Уже разбираемся."
_NOUNS = {
    Chat: "chat",
    Message: "message",
    Question: "question",
    Feedback: "feedback",
    Return: "return",
}


async def ask_events(account: Adapter) -> None:
    """Poll each stream once."""
    if not isinstance(account, Streams):
        raise lacks(account, "events")

    async def known(noun: str, ids: Iterable[str]) -> dict[str, str]:
        return {}

    for stream in account.streams():
        async for _ in stream.poll(Poll(None, EPOCH, known)):
            pass


async def events(harness: Harness, account: Adapter) -> None:
    """All that the lists hold comes once; then only what is new, and our own reply as ours."""
    listed = {
        _id(account, record)
        for noun in NOUNS
        if stated(account.capabilities, noun) is not None
        for record in await read(account, noun)
    }
    store = MemoryStore()
    async with _followed(account, store) as feed:
        came = [event async for event in _until(feed, lambda seen: listed <= seen)]
    assert len({event.id for event in came}) == len(came), "an event came twice"
    assert all(event.at.tzinfo is not None for event in came)
    places = {event.id: place for place, event in enumerate(came)}
    for event in came:
        if event.kind is EventKind.MESSAGE:
            assert places[_id(account, event.chat)] < places[event.id], "a message before its chat"

    harness.arrive_message(_WRITTEN)
    async with _followed(account, store) as feed:
        message = await _next_message(feed, came)
        assert message.message.text == _WRITTEN
        assert message.from_buyer
    if stated(account.capabilities, Capability.SEND) is None:
        return
    async with _followed(account, store) as feed:
        await feed.outbox.send(message.chat, _REPLY, key=message.id)
        echo = await _next_message(feed, [*came, message])
        assert echo.message.text == _REPLY
        assert echo.sent_as == message.id


class FollowContract(Contract):
    """What the feed is told when something is wrong."""

    async def test_events_when_a_record_cannot_be_read(
        self, harness: Harness, shop: Adapter, noun: Capability
    ) -> None:
        """It is told with its bytes, once, and the others of its page come."""
        if not isinstance(shop, Streams):
            pytest.skip("the account cannot be followed")
        if noun is Capability.CHATS:
            pytest.skip("chats are known from their messages too")
        store = MemoryStore()
        harness.fail_next(noun, "bad_record")
        async with _followed(shop, store) as feed:
            found = [event async for event in _until(feed, _has_unreadable)]
        last = found[-1]
        assert last.unreadable.data
        assert last.unreadable.reason
        assert last.account == shop.name
        rest = {_id(shop, record) for record in await read(shop, noun)}
        async with _followed(shop, store) as feed:
            seen = {event.id for event in found}
            # The one that was spoilt is read past.
            again = [event async for event in _until(feed, lambda new: len(rest - seen - new) <= 1)]
        assert last.id not in {event.id for event in again}


def _has_unreadable(seen: set[str]) -> bool:
    return any("/unreadable/" in id_ for id_ in seen)


@asynccontextmanager
async def _followed(account: Adapter, store: MemoryStore) -> AsyncIterator[Feed]:
    """A feed over the account; a new one polls at once, and finds the store as it was left."""
    feed = Feed({account.name: account}, store, settle_after=_WITHIN)
    feed.outbox.start()
    try:
        async with asyncio.timeout(_WITHIN):
            yield feed
    finally:
        await feed.aclose()


async def _until(feed: Feed, enough: Callable[[set[str]], bool]) -> AsyncIterator[Event]:
    seen: set[str] = set()
    events = feed.events(since=EPOCH)
    while not enough(seen):
        event = await anext(events)
        seen.add(event.id)
        yield event
        await event.ack()


async def _next_message(feed: Feed, before: Sequence[Event]) -> Event:
    """The next message; what comes before it is its chat at most."""
    known = {event.id for event in before}
    async for event in feed.events(since=EPOCH):
        assert event.id not in known, "a confirmed event came again"
        assert event.kind in {EventKind.CHAT, EventKind.MESSAGE}
        if event.kind is EventKind.MESSAGE:
            await event.ack()
            return event
    raise AssertionError("the events ended")


def _id(account: Adapter, record: Neutral) -> str:
    return f"{account.marketplace}/{account.name}/{_NOUNS[type(record)]}/{record.ref.id}"
