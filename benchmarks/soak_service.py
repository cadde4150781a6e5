"""A service that answers all events of two accounts, and reports what it holds.

``python -m benchmarks.soak_service PLAN``, the plan as JSON. It prints a sample in JSON before the
inbox is opened, every few seconds while it is open, and after it was closed; closing stdin ends it.
"""

import asyncio
import logging
import os
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

import anyio
import msgspec

from benchmarks.assistant import Plan, open_accounts, reply_to
from benchmarks.measure import resident_mb
from wbym.account import Hint
from wbym.domain import (
    Author,
    Chat,
    Decision,
    DecisionKind,
    DeliveryState,
    Message,
    Noun,
    Ref,
    Return,
)
from wbym.errors import WbymError
from wbym.feed import Event, EventKind
from wbym.inbox import Inbox
from wbym.testing._process import watch_stdin
from wbym_wildberries._limits import BUCKETS, Tier

__all__ = ["UNFINISHED", "Sample", "SoakPlan"]

T = TypeVar("T")

ANSWER: Final = "Спасибо! Передали коллегам."
"""To questions and feedbacks."""
UNFINISHED: Final = frozenset(DeliveryState) - {DeliveryState.CONFIRMED, DeliveryState.REJECTED}
"""States of deliveries that may change."""
_CONCURRENCY: Final = 8
"""Events that are handled at the same time."""
_POLLED: Final = ("questions", "feedbacks", "returns")
_CHOSEN: Final = (
    DecisionKind.REFUND,
    DecisionKind.REFUND_WITHOUT_RETURN,
    DecisionKind.REJECT,
    DecisionKind.CONFIRM_RECEIPT,
)
_READ_BACK: Final = timedelta(minutes=2)
"""How long before an undecodable record was read its chat is read again."""
_COMMENT: Final = "Решение принято по фотографиям."
_RETRY: Final = 0.5
"""Seconds."""
_LULL: Final = 5.0
"""Seconds without an event after which undecodable records are looked into."""
_DESCRIPTORS: Final = Path("/proc/self/fd")


class SoakPlan(msgspec.Struct, frozen=True):
    """The state file, the accounts and the times."""

    shops: Plan
    since: datetime
    every: float
    """Seconds between samples."""
    poll_every: float
    """Seconds between hints to poll questions, feedbacks and returns, which the feed polls every
    half a minute or minute by itself."""


class Sample(msgspec.Struct, frozen=True):
    """What the process holds."""

    seconds: float
    """Since the process began."""
    resident_mb: float
    descriptors: int
    tasks: int
    threads: int
    handled: int
    """Events so far."""
    undecodable: int
    """Undecodable ones among them."""
    unfinished: int
    """Deliveries that are not final, including unknown ones."""


class Service:
    """Answers each event with its id as the idempotency key.

    Args:
        inbox: An open inbox.
        plan: The plan.
    """

    def __init__(self, inbox: Inbox, plan: SoakPlan) -> None:
        self._inbox = inbox
        self._plan = plan
        self._slots = asyncio.Semaphore(_CONCURRENCY)
        self._readings = asyncio.Semaphore(1)
        self._quiet_since = 0.0
        """Loop time of the last event."""
        self.handled = 0
        self.undecodable = 0

    async def run(self) -> None:
        """Answer events until cancelled."""
        async with (
            anyio.create_task_group() as group,
            self._inbox.events(since=self._plan.since, auto_ack=False) as events,
        ):
            async for event in events:
                self._quiet_since = asyncio.get_running_loop().time()
                if event.kind is EventKind.UNDECODABLE:
                    group.start_soon(self._handle, event)
                else:
                    await self._slots.acquire()
                    group.start_soon(self._handle_in_slot, event)

    async def poll(self) -> None:
        """Hint at all lists every few seconds."""
        hints = [Hint(name, stream) for name in self._inbox.accounts for stream in _POLLED]
        while True:
            await _until_done(lambda: self._inbox.hint(hints))
            await anyio.sleep(self._plan.poll_every)

    async def _handle_in_slot(self, event: Event) -> None:
        try:
            await self._handle(event)
        finally:
            self._slots.release()

    async def _handle(self, event: Event) -> None:
        await self._answer(event)
        await _until_done(event.ack)
        self.handled += 1

    async def _answer(self, event: Event) -> None:
        inbox, key = self._inbox, event.id
        match event.kind:
            case EventKind.MESSAGE if event.from_buyer:
                await self._reply(event.message, event.chat)
            case EventKind.QUESTION:
                asked = event.question
                await _until_done(lambda: inbox.answer(asked, ANSWER, idempotency_key=key))
            case EventKind.FEEDBACK:
                given = event.feedback
                await _until_done(lambda: inbox.answer(given, ANSWER, idempotency_key=key))
            case EventKind.RETURN:
                await self._decide(event.return_request, key)
            case EventKind.UNDECODABLE:
                self.undecodable += 1
                # One at a time, and when buyers are quiet, as a person would: at Wildberries all
                # chats share the limit that polling needs.
                async with self._readings:
                    await self._lull()
                    await self._read_again(event)

    async def _lull(self) -> None:
        """Wait until no event has come for some seconds."""
        loop = asyncio.get_running_loop()
        while (left := self._quiet_since + _LULL - loop.time()) > 0:  # noqa: ASYNC110 - it moves
            await anyio.sleep(left)

    async def _reply(self, message: Message, chat: Chat | Ref) -> None:
        ref, text = message.ref, reply_to(message.text or "")
        # The id of the message's own event, which may come as well.
        key = f"{ref.marketplace}/{ref.account}/message/{ref.id}"
        await _until_done(lambda: self._inbox.send(chat, text, idempotency_key=key))

    async def _decide(self, item: Return, key: str) -> None:
        inbox = self._inbox
        offered = await _until_done(lambda: inbox.decisions(item))
        choice = next((one for kind in _CHOSEN for one in offered if one.kind is kind), None)
        if choice is not None:
            await _until_done(lambda: _decided(inbox, item, choice, key))

    async def _read_again(self, event: Event) -> None:
        """Read the messages of the chat of an undecodable record; lists are polled again anyway."""
        if (chat := _chat_of(event)) is None:
            return
        since = max(self._plan.since, event.at - _READ_BACK)

        async def read() -> list[Message]:
            return await self._inbox.messages(chat, since=since).all()

        for message in await _until_done(read):
            if message.author is Author.BUYER and message.sent_at >= since:
                await self._reply(message, chat)


def _chat_of(event: Event) -> Chat | Ref | None:
    """The chat of an undecodable message; None if it is another record, or its chat is unknown."""
    try:
        return event.chat
    except TypeError:
        record = event.undecodable
    if record.endpoint != "chats.events":
        return None
    found = msgspec.json.decode(record.data, type=dict[str, object], strict=False)
    return Ref(record.ref.marketplace, event.account, Noun.CHAT, str(found["chatID"]))


async def _decided(inbox: Inbox, item: Return, choice: Decision, key: str) -> None:
    await inbox.decide(
        item,
        choice,
        comment=_COMMENT if choice.comment_required else None,
        reason=next(iter(choice.reasons), None),
        amount=choice.min_amount if choice.amount_required else None,
        idempotency_key=key,
    )


async def _until_done(call: Callable[[], Awaitable[T]]) -> T:
    """Repeat a call while it raises passing errors."""
    while True:
        try:
            return await call()
        except WbymError as error:
            if not error.retryable:
                raise
        await anyio.sleep(_RETRY)


class Samples:
    """Prints samples of this process."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def show(self, service: Service | None, unfinished: int) -> None:
        """Print one."""
        sample = Sample(
            time.monotonic() - self._began,
            resident_mb(),
            len(os.listdir(_DESCRIPTORS)) - 1,  # without the folder itself
            len(asyncio.all_tasks()),
            threading.active_count(),
            0 if service is None else service.handled,
            0 if service is None else service.undecodable,
            unfinished,
        )
        sys.stdout.write(msgspec.json.encode(sample).decode() + "\n")
        sys.stdout.flush()

    async def run(self, inbox: Inbox, service: Service, every: float) -> None:
        """Print one every few seconds."""
        while True:
            await anyio.sleep(every)
            unfinished = await _until_done(lambda: inbox.outbox.deliveries(*UNFINISHED))
            self.show(service, len(unfinished))


async def main(plan: SoakPlan) -> None:
    """Answer until stdin is closed."""
    ended, loop = asyncio.Event(), asyncio.get_running_loop()

    def end() -> None:
        loop.call_soon_threadsafe(ended.set)

    watch_stdin(end)
    samples = Samples()
    samples.show(None, 0)
    shops = plan.shops
    accounts = open_accounts(shops, BUCKETS["chats.events"][Tier.STANDARD])
    async with Inbox(
        *accounts, state=shops.state, confirmation_timeout=shops.confirmation_timeout
    ) as inbox:
        service = Service(inbox, plan)
        async with anyio.create_task_group() as group:
            group.start_soon(service.run)
            group.start_soon(service.poll)
            group.start_soon(samples.run, inbox, service, plan.every)
            await ended.wait()
            group.cancel_scope.cancel()
    samples.show(service, 0)


if __name__ == "__main__":
    logging.getLogger("wbym").setLevel(logging.ERROR)  # faults are part of the plan
    asyncio.run(main(msgspec.json.decode(sys.argv[1], type=SoakPlan)))
