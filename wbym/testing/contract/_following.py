"""Tests that an inbox can follow the account."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from wbym.account import Account, Capability
from wbym.domain import Ref
from wbym.feed import Event, EventKind, MemoryStore
from wbym.inbox import Inbox
from wbym.paging._parts import EPOCH
from wbym.testing.contract._base import Contract
from wbym.testing.contract._harness import Harness
from wbym.testing.contract._nouns import NOUNS, read, states

__all__ = ["FollowContract", "events"]

_WITHIN = 20.0
"""Max seconds for expected events to arrive."""
_WRITTEN = "Здравствуйте, подскажите про заказ"
_REPLY = "Здравствуйте! Уже разбираемся."


async def events(harness: Harness, account: Account) -> None:
    """Every listed record is an event once; then only new records are, our own reply marked so."""
    listed = {
        _id(record.ref)
        for noun in NOUNS
        if states(account.capabilities, noun)
        for record in await read(account, noun)
    }
    store = MemoryStore()
    async with _followed(harness, store) as inbox:
        received = [event async for event in _until(inbox, lambda seen: listed <= seen)]
    assert len({event.id for event in received}) == len(received), "an event was delivered twice"
    assert all(event.at.tzinfo is not None for event in received)
    places = {event.id: place for place, event in enumerate(received)}
    for event in received:
        if event.kind is EventKind.MESSAGE:
            assert places[_id(event.chat.ref)] < places[event.id], "a message before its chat"

    harness.simulator.buyers.write(_WRITTEN)
    async with _followed(harness, store) as inbox:
        message = await _next_message(inbox, received)
        assert message.message.text == _WRITTEN
        assert message.from_buyer
    if not states(account.capabilities, Capability.SEND):
        return
    async with _followed(harness, store) as inbox:
        await inbox.send(message.chat, _REPLY, idempotency_key=message.id)
        echo = await _next_message(inbox, [*received, message])
        assert echo.message.text == _REPLY
        assert echo.sent_as == message.id


class FollowContract(Contract):
    """Tests of the events in case of errors."""

    async def test_events_when_a_record_is_undecodable(
        self, harness: Harness, shop: Account, noun: Capability
    ) -> None:
        """The record is an event once, with its bytes; the others of its page are delivered."""
        if not states(shop.capabilities, Capability.EVENTS):
            pytest.skip("the account cannot be followed")
        if noun is Capability.CHATS:
            pytest.skip("chats also come from their messages")
        store = MemoryStore()
        harness.fail_next(noun, "bad_record")
        async with _followed(harness, store) as inbox:
            ended = _until(inbox, lambda seen: any("/undecodable/" in id_ for id_ in seen))
            found = [event async for event in ended]
        last = found[-1]
        assert last.undecodable.data
        assert last.undecodable.reason
        assert last.account == shop.name
        rest = {_id(record.ref) for record in await read(shop, noun)}
        async with _followed(harness, store) as inbox:
            seen = {event.id for event in found}
            # The undecodable record is skipped.
            again = [
                event async for event in _until(inbox, lambda new: len(rest - seen - new) <= 1)
            ]
        assert last.id not in {event.id for event in again}


@asynccontextmanager
async def _followed(harness: Harness, store: MemoryStore) -> AsyncIterator[Inbox]:
    """An inbox over the account; a new inbox polls at once, and resumes from the store."""
    async with (
        asyncio.timeout(_WITHIN),
        Inbox(harness.account(), state=store, confirmation_timeout=_WITHIN) as inbox,
    ):
        yield inbox


async def _until(inbox: Inbox, enough: Callable[[set[str]], bool]) -> AsyncIterator[Event]:
    seen: set[str] = set()
    events = inbox.events(since=EPOCH)
    while not enough(seen):
        event = await anext(events)
        seen.add(event.id)
        yield event
        await event.ack()


async def _next_message(inbox: Inbox, before: Sequence[Event]) -> Event:
    """The next message; only its chat may come before it."""
    known = {event.id for event in before}
    async for event in inbox.events(since=EPOCH):
        assert event.id not in known, "a confirmed event was delivered again"
        assert event.kind in {EventKind.CHAT, EventKind.MESSAGE}
        if event.kind is EventKind.MESSAGE:
            await event.ack()
            return event
    raise AssertionError("the events ended")


def _id(ref: Ref) -> str:
    """The id of the event of a new record."""
    return f"{ref.marketplace}/{ref.account}/{ref.noun}/{ref.id}"
