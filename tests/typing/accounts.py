"""Calls of an account, an inbox, a sweep and an export."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from typing import assert_type

from wbym import (
    Account,
    Capability,
    Chat,
    Decision,
    Delivery,
    Download,
    Event,
    Feedback,
    Inbox,
    Listing,
    Message,
    Outbox,
    Page,
    Question,
    Ref,
    Return,
    Sweep,
    WaitingCounts,
)
from wbym.account import Capabilities, CheckReport, Supported
from wbym.export import Export, Exported
from wbym.export import Noun as Exports
from wbym.limits import BucketState
from wbym.testing import FakeAccount
from wbym_wildberries import Wildberries
from wbym_yandex_market import YandexMarket


async def read(shop: Account, ref: Ref, chat: Chat, feedback: Feedback, since: datetime) -> None:
    """Lists, records by their refs, and what an account tells of itself."""
    assert_type(shop.chats(), Listing[Chat])
    assert_type(shop.messages(chat), Listing[Message])
    assert_type(shop.messages(chat.ref, since=since), Listing[Message])
    assert_type(shop.questions(answered=False), Listing[Question])
    assert_type(shop.feedbacks(since=since, rating={1, 2}), Listing[Feedback])
    assert_type(shop.returns(is_open=True), Listing[Return])
    assert_type(await shop.get(ref, Feedback), Feedback)
    assert_type(await shop.get(feedback), Feedback)
    assert_type(await shop.counts(), WaitingCounts)
    assert_type(await shop.check(), CheckReport)
    assert_type(shop.capabilities, Capabilities)
    assert_type(shop.capabilities[Capability.FEEDBACKS], Supported)
    assert_type(shop.limits(), list[BucketState])
    assert_type(shop.name, str)


async def list_records(listing: Listing[Feedback]) -> None:
    """What a list gives."""
    async for feedback in listing:
        assert_type(feedback, Feedback)
    async for page in listing.pages():
        assert_type(page, Page[Feedback])
        assert_type(page.items, Sequence[Feedback])
        assert_type(page.next_cursor, str | None)
    assert_type(await listing.all(limit=100), list[Feedback])
    assert_type(listing.map(lambda one: one.text), Listing[str])
    assert_type(listing.using(size=10, prefetch=2), Listing[Feedback])


async def reply(shop: Account, chat: Chat, item: Return, question: Question) -> None:
    """What each reply gives."""
    assert_type(await shop.send(chat, "text"), Delivery)
    assert_type(await shop.answer(question, "text"), Delivery)
    assert_type(await shop.edit_answer(question.ref, "text"), Delivery)
    assert_type(await shop.reject(question, "reason"), Delivery)
    decisions = await shop.decisions(item)
    assert_type(decisions, list[Decision])
    assert_type(await shop.decide(item, decisions[0]), Delivery)


def download(shop: Account, message: Message) -> None:
    """A file of a message."""
    assert_type(
        shop.download(message, message.attachments[0]), AbstractAsyncContextManager[Download]
    )


async def merge(inbox: Inbox, feedback: Feedback) -> None:
    """An inbox has the calls of its accounts, and events."""
    assert_type(inbox.feedbacks(newest_first=True), Listing[Feedback])
    assert_type(await inbox.counts(), dict[str, WaitingCounts])
    assert_type(inbox.accounts, Mapping[str, Account])
    assert_type(inbox.account("shop", Wildberries), Wildberries)
    assert_type(await inbox.answer(feedback, "text", idempotency_key="one"), Delivery)
    assert_type(inbox.outbox, Outbox)
    async for event in inbox.events():
        assert_type(event, Event)
        assert_type(event.chat, Chat)
        assert_type(event.feedback, Feedback)


async def sweep(shop: Account, since: datetime) -> None:
    """Archives."""
    found = shop.sweep.feedbacks(since=since)
    assert_type(found, Sweep[Feedback])
    async for page in found.pages():
        assert_type(page.items, Sequence[Feedback])


async def write(shop: Account) -> None:
    """An export."""
    assert_type(await Export([shop], Exports.FEEDBACKS, Path("feedbacks.csv")).run(), Exported)


def build() -> None:
    """Accounts of each adapter take their options and the common ones."""
    shops: Sequence[Account] = (
        Wildberries("token", name="wb", timeout=5.0),
        YandexMarket("key", name="ym", business_id=1, proxy=None),
        FakeAccount(),
    )
    Inbox(*shops, state="wbym.db")


async def refuse(shop: Account, chat: Chat) -> None:
    """Were one of these taken, the checker would call its comment unused."""
    await shop.send(chat)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await shop.answer(chat, "text")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    shop.feedbacks(rating="five")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    chat.ref = chat.ref  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    Wildberries("token", retries=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
