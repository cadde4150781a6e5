"""Lookups of messages whose outcome is not known, in the messages of their chats.

The feed reads the messages of each chat anyway, and confirms ours. It misses a message that the
marketplace shows late, at a time that the feed has passed, and one with another text that it read
before the answer was lost. So before a message is sent again, its chat is read. Where one list has
the messages of all chats, all lookups of an account that wait for it share one reading.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Final, TypeAlias

import anyio

from wbym.account import Account, Capability, Hint, has
from wbym.domain import (
    Author,
    Chat,
    Delivery,
    DeliveryState,
    Message,
    Ref,
    UndecodableRecord,
)
from wbym.errors import StateError
from wbym.feed._delivery import FINAL, key_of
from wbym.feed._matching import (
    MAX_CLOCK_SKEW,
    describe_doubt,
    find_delivery,
    find_possible_delivery,
    is_of_chat,
    same_text,
)
from wbym.feed._resolution import NOT_FOUND, Resolution, confirmed, unknown
from wbym.feed._store import Store
from wbym.observe import LogFacts

__all__ = ["MessageLookups", "PollNow"]

logger: logging.Logger = logging.getLogger("wbym.outbox")

PollNow: TypeAlias = Callable[[str, str, str], Awaitable[bool]]
"""``await poll_now(account, stream, id)``: make the feed read an object; False if it cannot."""

_STREAM: Final = "chats"
_GATHER: Final = 0.1
"""Seconds before a shared reading begins: many answers are usually lost at once."""


class MessageLookups:
    """Finds messages of unknown outcome.

    Args:
        store: Where deliveries are saved.
        poll_now: Makes the feed read a chat.
        limiter: Returns the limiter of an account's concurrent readings of single chats.
    """

    def __init__(
        self,
        store: Store,
        *,
        poll_now: PollNow,
        limiter: Callable[[Account], anyio.CapacityLimiter],
    ) -> None:
        self._store = store
        self._poll_now = poll_now
        self._limiter = limiter
        self._shared: dict[str, _SharedReading] = {}

    async def find(
        self, account: Account, delivery: Delivery, chat: Chat | Ref, *, is_last: bool
    ) -> Resolution:
        """Look for the message of a delivery.

        While its outcome is not known, a message of the seller that belongs to no delivery, and an
        undecodable record of the chat, make it UNKNOWN.

        Args:
            account: The account that sent it.
            delivery: The delivery.
            chat: Its chat.
            is_last: Whether the message is sent again if it is not found.

        Raises:
            WbymError: The chat could not be read.
        """
        readable = has(account.CAPABILITIES, Capability.MESSAGES)
        # All that wait for the feed share its next round, however many they are.
        followed = await self._poll_now(account.name, _STREAM, delivery.target.id)
        if followed:
            standing = await self._store.delivery(key_of(delivery))
            if standing is None:
                return NOT_FOUND
            if standing.state in {*FINAL, DeliveryState.UNKNOWN}:
                return Resolution(standing.state, standing.id, standing.note)
            if standing.state is not DeliveryState.SENDING or not (is_last and readable):
                return NOT_FOUND
        elif not readable:
            return unknown("this account cannot read the messages of its chats")
        else:
            await self._hint(account, delivery.target)
        search = _Search(delivery, is_followed=followed, is_last=is_last)
        if account._all_messages(search.since) is not None:  # noqa: SLF001 - hooks are for this
            shared = self._shared.setdefault(account.name, _SharedReading())
            await shared.join(search, lambda searches: self._read_all(account, searches))
        else:
            async with self._limiter(account):
                await self._read_one(account, search, chat)
        if search.is_doubtful:
            search.reconsider(await self._store.delivered_to(search.chat))
        return search.found

    async def _hint(self, account: Account, chat: Ref) -> None:
        """Make the process that follows the account read the chat.

        What the buyer wrote just before our message is not among the waiting chats any more.
        """
        if not has(account.CAPABILITIES, Capability.NOTIFICATIONS):
            return  # a feed without notifications reads all messages, and looks for no such hints
        try:
            if await self._store.checkpoint(account.name, _STREAM) is not None:
                await self._store.hint([Hint(account.name, _STREAM, chat.id)])
        except StateError as error:
            logger.warning(
                "%s: what the buyer wrote just before our message may be read late: %s",
                chat,
                error,
                extra=LogFacts(account=account.name),
            )

    async def _read_one(self, account: Account, search: "_Search", chat: Chat | Ref) -> None:
        """Read the messages of one chat."""
        search.begin(await self._store.delivered_to(search.chat))
        # Some marketplaces cannot filter messages by time.
        filters = has(account.CAPABILITIES, Capability.MESSAGES_SINCE)
        listing = account.messages(chat, since=search.since if filters else None)
        async for page in listing.pages():
            search.add(page.items, page.undecodable)
            if search.is_over:
                return

    async def _read_all(self, account: Account, searches: Sequence["_Search"]) -> None:
        """Read the messages of all chats, once for all searches."""
        for search in searches:
            search.begin(await self._store.delivered_to(search.chat))
        since = min(search.since for search in searches)
        # While messages keep arriving, the list has no end.
        until = max(search.until for search in searches)
        listing = account._all_messages(since)  # noqa: SLF001 - hooks are for this
        if listing is None:
            return
        async for page in listing.pages():
            for search in searches:
                search.add(
                    [message for message in page.items if message.chat == search.chat],
                    [one for one in page.undecodable if is_of_chat(one, search.chat.id)],
                )
            is_read = any(message.sent_at > until for message in page.items)
            if is_read or all(search.is_over for search in searches):
                return


class _Search:
    """The search for one message; without I/O.

    Args:
        delivery: Its delivery.
        is_followed: Whether the feed reads the chat: then the feed alone confirms the delivery.
        is_last: Whether the message is sent again if it is not found.
    """

    def __init__(self, delivery: Delivery, *, is_followed: bool, is_last: bool) -> None:
        self.chat = delivery.target
        sent_at = delivery.sent_at or delivery.created_at
        self.since = sent_at - MAX_CLOCK_SKEW
        # The answer was lost at the latest then, so the message is not newer.
        latest = max(sent_at, delivery.updated_at) + MAX_CLOCK_SKEW
        self.until = latest if is_last else datetime.now(UTC)
        """The newest time by the marketplace's clock that the message may have; unless this is the
        last search, about now is enough."""
        self.is_over = False
        """Whether further messages cannot change what was found."""
        self._delivery = delivery
        self._is_followed = is_followed
        self._known: set[str] = set()
        self._open: list[Delivery] = []
        self._taken: set[str | None] = set()
        self._confirmed: Message | None = None
        self._doubts: list[Message | UndecodableRecord] = []

    @property
    def found(self) -> Resolution:
        """What was found so far."""
        if self._confirmed is not None:
            return confirmed(self._confirmed.ref.id)
        if self._doubts:
            return unknown(describe_doubt(self._delivery, self._doubts[-1]))
        return NOT_FOUND

    @property
    def is_doubtful(self) -> bool:
        """Whether a message was found that belongs to no delivery, and may be this one."""
        return any(isinstance(one, Message) for one in self._doubts)

    def begin(self, deliveries: Sequence[Delivery]) -> None:
        """Begin a reading, with all deliveries to the chat as they were before it."""
        self.is_over, self._confirmed = False, None
        self._doubts.clear()
        self._known = {key_of(one) for one in deliveries}
        self._taken = {other.id for other in deliveries}
        self._open = [one for one in deliveries if one.state not in FINAL and one.attempts]

    def add(self, messages: Sequence[Message], undecodable: Sequence[UndecodableRecord]) -> None:
        """Compare the delivery with further records of its chat, oldest first."""
        if undecodable and self._delivery.state is DeliveryState.SENDING:
            self._doubts.append(undecodable[0])
        for message in messages:
            if self.is_over:
                return
            if (
                message.author is Author.SELLER
                and message.ref.id not in self._taken
                and message.sent_at >= self.since
            ):
                self._compare(message)

    def _compare(self, message: Message) -> None:
        mine = self._delivery
        other = find_delivery(message, self._open)
        if other is not None and other.idempotency_key != mine.idempotency_key:
            self._open.remove(other)
        elif other is not None and not self._is_followed:
            self._confirmed, self.is_over = message, True
        elif other is not None or find_possible_delivery(message, [mine]) is not None:
            self._doubts.append(message)

    def reconsider(self, deliveries: Sequence[Delivery]) -> None:
        """Drop doubts about messages that were sent during the reading.

        Args:
            deliveries: All deliveries to the chat, as they are after the reading: a delivery is
                saved before its message is sent.
        """
        taken = {one.id for one in deliveries}
        sent = [one for one in deliveries if one.attempts and key_of(one) not in self._known]

        def is_explained(one: Message | UndecodableRecord) -> bool:
            if not isinstance(one, Message):
                return False
            # With the same text, it may be either.
            is_other = not same_text(one.text or "", self._delivery.text)
            return one.ref.id in taken or (is_other and find_delivery(one, sent) is not None)

        self._doubts = [one for one in self._doubts if not is_explained(one)]


class _Turn:
    """A search that waits for a reading."""

    is_over = False
    error: Exception | None = None


class _SharedReading:
    """Readings of one list for several searches: those that wait share the next reading.

    A search never joins a reading that has begun, which may miss a message that was shown since.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._waiting: dict[_Search, _Turn] = {}

    async def join(
        self, search: _Search, read: Callable[[Sequence[_Search]], Awaitable[None]]
    ) -> None:
        """Wait until a reading that began after this call has ended.

        Args:
            search: The search.
            read: Reads the list for several searches; all of them raise its error.
        """
        turn = self._waiting[search] = _Turn()
        try:
            async with self._lock:
                # If a reading was cancelled, the next search in line repeats it.
                if not turn.is_over:
                    await self._read(read)
        finally:
            del self._waiting[search]
        if turn.error is not None:
            raise turn.error

    async def _read(self, read: Callable[[Sequence[_Search]], Awaitable[None]]) -> None:
        await anyio.sleep(_GATHER)
        batch = {search: turn for search, turn in self._waiting.items() if not turn.is_over}
        error: Exception | None = None
        try:
            await read(list(batch))
        except Exception as failed:  # noqa: BLE001 - each search raises it
            error = failed
        for turn in batch.values():
            turn.is_over, turn.error = True, error
