"""Chats, their messages and statuses, from WB's list of chats and its one feed of chat events."""

from __future__ import annotations  # the API's modules are loaded at their first use

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from copy import copy
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import msgspec
from msgspec.structs import replace

from wbym.calls import row
from wbym.domain import Chat, ChatStatus, Message, UndecodableRecord, attach_raw
from wbym.errors import (
    BadRequest,
    ChatNotReady,
    Conflict,
    InvalidInput,
    NotFound,
    Unprocessable,
)
from wbym.limits import Priority
from wbym.paging import Listing, Page, Reading, map_page
from wbym_wildberries import _mapping as mapping
from wbym_wildberries._reading.recent import MAX_CHATS, RecentChats
from wbym_wildberries._reading.signatures import Signatures

if TYPE_CHECKING:
    from wbym_wildberries.api import Api
    from wbym_wildberries.api import chats as chats_api

__all__ = ["ChatReader", "ListedChat", "MappedEvent"]

T = TypeVar("T")

READY_AFTER: Final = 60.0
"""Seconds before the next try to write to a chat; WB does not say when it lists a new chat."""

_SEARCH_SPANS: Final = tuple(timedelta(hours=hours) for hours in (1, 24, 24 * 7, 24 * 30))
"""How far back to search for a chat's first event, step by step, before reading the whole feed."""

_MAX_CLOCK_SKEW: Final = timedelta(minutes=5)
"""By how much WB's clock may be ahead of ours without a list of messages being cut."""

_MILLISECOND = timedelta(milliseconds=1)

_LONG_AGO: Final = datetime.fromtimestamp(0, UTC)

_STATUS = {"client": ChatStatus.WAITING_FOR_SELLER, "seller": ChatStatus.WAITING_FOR_BUYER}


class ListedChat(msgspec.Struct, frozen=True):
    """A chat from WB's list."""

    wire: chats_api.Chat
    chat: Chat


class MappedEvent(msgspec.Struct, Generic[T], frozen=True):
    """An event of WB's feed with its mapped record."""

    event: chats_api.Event
    mapped: T


class _LastMessage(msgspec.Struct):
    """The newest message of a person in a chat, and an event that describes the chat."""

    at: int = -1
    """Unix milliseconds."""
    sender: str | None = None
    introduction: chats_api.Event | None = None

    @property
    def status(self) -> ChatStatus:
        """Whose turn it is after that message."""
        return _STATUS.get(self.sender or "", ChatStatus.UNKNOWN)

    @property
    def waiting_since(self) -> datetime | None:
        """Since when the buyer has been waiting; None if the buyer did not write last."""
        is_waiting = self.status is ChatStatus.WAITING_FOR_SELLER
        return mapping.from_milliseconds(self.at) if is_waiting else None


class ChatReader:
    """Reads chats, and keeps what most events lack: products, orders, signatures.

    Args:
        api: The account's operations.
        account: The account's name.
        max_chats: Max number of chats to keep; beyond it, the least recently used one is dropped.
    """

    def __init__(self, api: Api, account: str, *, max_chats: int = MAX_CHATS) -> None:
        self._api = api
        self._chats = api.chats
        self._account = account
        self._signatures: Final = Signatures(max_chats)
        self._known: RecentChats[Chat] = RecentChats(max_chats)

    def with_max_wait(self, max_wait: float | None) -> ChatReader:
        """A copy of the reader whose calls wait for their limits at most ``max_wait`` seconds.

        Both share their knowledge of chats.
        """
        twin = copy(self)
        twin._api = self._api.with_max_wait(max_wait)  # noqa: SLF001 - a twin
        twin._chats = twin._api.chats  # noqa: SLF001
        return twin

    @property
    def signatures(self) -> Signatures:
        """The known signatures."""
        return self._signatures

    async def find_signature(self, chat: Chat) -> str:
        """The signature that messages to a chat are sent with.

        A known signature costs no request. Otherwise WB's list is read, and if the list lacks the
        chat, the chat's first event in the feed.

        Raises:
            InvalidInput: WB does not know the chat.
            ChatNotReady: WB has not given the chat a signature yet.
            WbymError: A call failed.
        """
        chat_id = chat.ref.id
        if (known := self._signatures.get(chat_id)) is not None:
            return known
        try:
            for item in (await self.listed(Priority.INTERACTIVE)).items:
                if item.wire.chat_id == chat_id:
                    # Again, since more chats than are kept may be newer.
                    self._signatures.add_chat(item.wire)
            is_seen = self._signatures.get(chat_id) is not None or await self._search(chat)
        except (BadRequest, NotFound, Conflict, Unprocessable) as error:
            # WB rejected the reading, not the message.
            raise _not_ready(chat, f"its signature cannot be read ({error})") from error
        if (found := self._signatures.get(chat_id)) is not None:
            return found
        if not is_seen:
            rule = "must be known to WB: neither its list of chats nor its events have this chat"
            raise InvalidInput("send", "chat", rule, chat_id)
        raise _not_ready(chat, "Wildberries gives no signature for this chat until it lists it")

    async def _search(self, chat: Chat) -> bool:
        """Read a chat's first event, which may have its signature; False if WB has no such chat.

        If the time of that event is not known, the feed is read backwards from the chat's last
        event, once.
        """
        chat_id = chat.ref.id
        began = self._signatures.began(chat_id)
        if began is None and chat.created_at is not None:
            began = mapping.milliseconds(chat.created_at)
        if began is not None:
            # One less, since the feed begins after the time in the request.
            await self.page(max(1, began - 1), priority=Priority.INTERACTIVE)
            return True
        is_seen = chat.updated_at is not None
        if self._signatures.is_unsigned(chat_id):
            return is_seen
        end = None if chat.updated_at is None else mapping.milliseconds(chat.updated_at)
        last = mapping.milliseconds(datetime.now(UTC)) if end is None else end
        begins = [max(1, last - back // _MILLISECOND) for back in _SEARCH_SPANS]
        for begin in (*begins, None):
            is_seen |= await self._read_until(chat_id, begin, end)
            if (
                self._signatures.began(chat_id) is not None
                or self._signatures.get(chat_id) is not None
            ):
                return True
            end = begin
        if is_seen:
            self._signatures.mark_searched(chat_id)
        return is_seen

    async def _read_until(self, chat_id: str, begin: int | None, end: int | None) -> bool:
        """Read the feed between two times; whether it has events of the chat."""
        cursor = None if begin is None else str(begin)
        feed = self._events(_itself).using(cursor=cursor, priority=Priority.INTERACTIVE)
        is_seen = False
        async with aclosing(feed.records()) as lines:
            async for line in lines:
                if end is not None and line.event.add_timestamp > end:
                    break
                if line.event.chat_id != chat_id:
                    continue
                is_seen = True
                if self._signatures.began(chat_id) is not None:
                    break
        return is_seen

    async def find(self, chat_id: str) -> Chat | None:
        """A chat by its id: from WB's list, or from its last event; None if neither has it."""
        for item in (await self.listed()).items:
            if item.chat.ref.id == chat_id:
                return item.chat
        found: Chat | None = None
        async for line in self._events(
            lambda event: self.chat_of(event) if event.chat_id == chat_id else None
        ):
            found = line.mapped or found
        return found

    async def find_message(self, message_id: str) -> Message | None:
        """A message by its id; None if the feed does not have it."""
        feed = self._events(
            lambda event: self._message(event) if event.event_id == message_id else None
        )
        async with aclosing(feed.records()) as lines:
            async for line in lines:
                if line.mapped is not None:
                    return line.mapped
        return None

    async def listed(self, priority: Priority | None = None) -> Page[ListedChat]:
        """All chats that WB lists; keeps their signatures."""
        return await self._listed().using(priority=priority).page()

    def _listed(self) -> Listing[ListedChat]:
        def made(wire: chats_api.Chat) -> ListedChat:
            self._signatures.add_chat(wire)  # also if the chat is undecodable
            return ListedChat(wire, mapping.chat(wire, self._account))

        def kept(items: Sequence[ListedChat]) -> Sequence[ListedChat]:
            # The newest last: if there are more chats than are kept, those are.
            for item in sorted(items, key=_last_changed):
                self._signatures.add_chat(item.wire)
                self._remember(item.chat)
            return items

        return self._chats.list().map(made).map_pages(kept)

    def chat_of(self, event: chats_api.Event) -> Chat:
        """An event's chat as of that event, with details from the list or its first event."""
        last = _LastMessage(event.add_timestamp, event.sender)
        return self._of_event(event, last, known=self._known.get(event.chat_id))

    async def page(
        self, after: int | None, *, priority: Priority | None = None
    ) -> Page[MappedEvent[Message]]:
        """One page of the feed's messages after a time in Unix milliseconds, oldest first.

        The feed's end is an empty page without a next cursor. :meth:`chat_of` works for each event
        of the page.
        """
        cursor = None if after is None else str(after)
        feed = self._chats.events().using(cursor=cursor, priority=priority)

        def made(event: chats_api.Event) -> Message:
            self.chat_of(event)  # if it fails, the event is undecodable
            return self._message(event)

        return self._lines(await feed.page(), made)

    def _message(self, event: chats_api.Event) -> Message:
        return mapping.message(event, self._account)

    def _lines(
        self, page: Page[chats_api.Event], make: Callable[[chats_api.Event], T]
    ) -> Page[MappedEvent[T]]:
        """A page's events with their mapped records, sorted by time: WB promises no order.

        Keeps the details of their chats.
        """

        def line(event: chats_api.Event) -> MappedEvent[T]:
            if event.is_new_chat and self._known.get(event.chat_id) is None:
                self._remember(mapping.chat_of_event(event, self._account))
            return MappedEvent(event, make(event))

        for event in sorted(page.items, key=_added):
            self._signatures.add_event(event)
        made = map_page(page, line)
        return replace(made, items=sorted(made.items, key=lambda line: _added(line.event)))

    def _events(self, make: Callable[[chats_api.Event], T]) -> Listing[MappedEvent[T]]:
        """The feed, oldest first, each event once with its mapped record.

        WB may repeat events at the borders of pages. Its feed ends with an empty page, which a busy
        shop never gets: the list ends at an event since it was begun.
        """

        async def read(reading: Reading) -> AsyncGenerator[Page[MappedEvent[T]], None]:
            seen: set[str] = set()
            end = mapping.milliseconds(datetime.now(UTC) + _MAX_CLOCK_SKEW)
            async with aclosing(self._chats.events().read(reading)) as pages:
                async for page in pages:
                    lines = self._lines(page, make)
                    fresh = [line for line in lines.items if line.event.event_id not in seen]
                    # Only the next page can repeat it: both borders have the same time.
                    seen = {line.event.event_id for line in lines.items}
                    yield replace(lines, items=fresh)
                    if any(_added(line.event) > end for line in lines.items):
                        return

        return Listing(read)

    def messages(self, chat_id: str, *, since: datetime | None) -> Listing[Message]:
        """A chat's messages, oldest first; a cursor overrides ``since``."""
        events = self._events(
            lambda event: self._message(event) if event.chat_id == chat_id else None
        )

        async def read(reading: Reading) -> AsyncGenerator[Page[Message], None]:
            async with aclosing(events.read(reading)) as pages:
                async for page in pages:
                    found = [line.mapped for line in page.items if line.mapped is not None]
                    bad = tuple(one for one in page.undecodable if _mentions(one, chat_id))
                    yield Page(found, page.cursor, page.next_cursor, None, bad)

        feed = Listing(read)
        return feed if since is None else feed.using(cursor=_cursor_at(since))

    def all_messages(self, since: datetime) -> Listing[Message]:
        """The messages of all chats, oldest first; a cursor overrides ``since``."""
        events = self._events(self._message).using(cursor=_cursor_at(since))
        return events.map_pages(lambda page: [line.mapped for line in page])

    def chats(self, *, waiting: bool | None) -> Listing[Chat]:
        """The account's chats; with ``waiting`` each has its status."""
        listed = self._listed()
        if waiting is None:
            return listed.map_pages(lambda page: [item.chat for item in page])

        async def read(reading: Reading) -> AsyncGenerator[Page[Chat], None]:
            async with aclosing(listed.read(reading)) as pages:
                async for page in pages:
                    chats = await self._with_statuses(page.items, waiting, reading.priority)
                    yield Page(chats, page.cursor, page.next_cursor, None, page.undecodable)

        return Listing(read)

    async def _with_statuses(
        self, listed: Sequence[ListedChat], waiting: bool, priority: Priority | None
    ) -> list[Chat]:
        """The chats that wait for the seller, or the others, unlisted chats included."""
        last = await self._last_messages(listed, priority)
        found = [_with_status(item, last.get(item.wire.chat_id, _NO_MESSAGE)) for item in listed]
        known = {item.wire.chat_id for item in listed}
        found += [
            self._of_event(message.introduction, message)
            for chat_id, message in last.items()
            if chat_id not in known and message.introduction is not None
        ]
        return [chat for chat in found if (chat.status is ChatStatus.WAITING_FOR_SELLER) is waiting]

    def _of_event(
        self, event: chats_api.Event, last: _LastMessage, *, known: Chat | None = None
    ) -> Chat:
        return mapping.chat_of_event(
            event,
            self._account,
            last.status,
            waiting_since=last.waiting_since,
            known=known,
            began=self._signatures.began(event.chat_id),
            writable=self._signatures.writable(event.chat_id),
        )

    def _remember(self, chat: Chat) -> None:
        self._known.set(chat.ref.id, replace(chat))  # a copy is without the wire object

    async def _last_messages(
        self, listed: Sequence[ListedChat], priority: Priority | None
    ) -> dict[str, _LastMessage]:
        """Who wrote last in each chat, without WB's automatic messages.

        The feed since the oldest last message has the last message of every chat. If that is an
        automatic one, the person's message before it may be older: then the whole feed is read.
        """
        listed_last = [item.wire.last_message for item in listed]
        stamps = [
            None
            if wire is None or mapping.moment_of_stamp(wire.add_timestamp) is None
            else wire.add_timestamp
            for wire in listed_last
        ]
        known = [stamp for stamp in stamps if stamp]
        found: dict[str, _LastMessage] = {}
        if known and len(known) == len(stamps):
            # One less, since the feed begins after the time in the request.
            await self._read_last_messages(found, str(max(1, min(known) - 1)), priority)
            if all(found.get(item.wire.chat_id, _NO_MESSAGE).sender for item in listed):
                return found
        await self._read_last_messages(found, None, priority)
        for chat_id, message in found.items():
            if message.introduction is None or not message.introduction.reply_sign:
                self._signatures.mark_searched(chat_id)
        return found

    async def _read_last_messages(
        self, found: dict[str, _LastMessage], cursor: str | None, priority: Priority | None
    ) -> None:
        # Each event is mapped to its chat, so that undecodable chats are left out.
        feed = self._events(self.chat_of).using(cursor=cursor, priority=priority)
        async for line in feed:
            event = line.event
            last = found.setdefault(event.chat_id, _LastMessage())
            if last.introduction is None or event.is_new_chat:
                last.introduction = event
            if event.sender in _STATUS and event.add_timestamp >= last.at:
                last.at, last.sender = event.add_timestamp, event.sender


def _cursor_at(since: datetime) -> str:
    """The cursor of the events at or after a time."""
    # One less, since the feed begins after the time in the request.
    return str(max(1, int(since.timestamp() * 1000) - 1))


def _added(event: chats_api.Event) -> int:
    return event.add_timestamp


def _last_changed(item: ListedChat) -> datetime:
    return item.chat.updated_at or _LONG_AGO


def _mentions(record: UndecodableRecord, chat_id: str) -> bool:
    return chat_id.encode() in record.data


def _itself(event: chats_api.Event) -> chats_api.Event:
    return event


def _not_ready(chat: Chat, reason: str) -> ChatNotReady:
    from wbym_wildberries.api.chats import Chats

    return ChatNotReady(
        str(chat.ref),
        method=row(Chats.send).name,
        reason=reason,
        retry_after=READY_AFTER,
    )


_NO_MESSAGE = _LastMessage()


def _with_status(listed: ListedChat, last: _LastMessage) -> Chat:
    chat = replace(listed.chat, status=last.status, waiting_since=last.waiting_since)
    attach_raw(chat, listed.wire)
    return chat
