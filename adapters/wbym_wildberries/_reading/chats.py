"""What is made of WB's one feed of chat events: a chat's messages, and who waits for a reply."""

from __future__ import annotations  # the API's modules are loaded when they are first asked for

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from copy import copy
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import msgspec
from msgspec.structs import replace

from wbym.calls import row
from wbym.domain import Chat, ChatStatus, Message, attach_raw
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
from wbym_wildberries._reading.signatures import Signatures

if TYPE_CHECKING:
    from wbym_wildberries.api import Api
    from wbym_wildberries.api import chats as chats_api

__all__ = ["ChatReader", "Line", "Listed"]

T = TypeVar("T")

READY_AFTER: Final = 60.0
"""Seconds after which to write to a chat again; WB does not say when it lists a new one."""

_BACK: Final = tuple(timedelta(hours=hours) for hours in (1, 24, 24 * 7, 24 * 30))
"""How far back a chat's first event is searched for, step by step, before the whole feed is."""

_MILLISECOND = timedelta(milliseconds=1)

_STATUS = {"client": ChatStatus.WAITING_FOR_SELLER, "seller": ChatStatus.WAITING_FOR_BUYER}


class Listed(msgspec.Struct, frozen=True):
    """A chat of WB's list."""

    wire: chats_api.Chat
    chat: Chat


class Line(msgspec.Struct, Generic[T], frozen=True):
    """An event of WB's feed, and what is made of it."""

    event: chats_api.Event
    made: T


class _LastWord(msgspec.Struct):
    """The newest line of a person in a chat, and a line that introduces the chat."""

    at: int = -1
    """Unix milliseconds."""
    sender: str | None = None
    introduction: chats_api.Event | None = None

    @property
    def status(self) -> ChatStatus:
        """Whose turn it is after it."""
        return _STATUS.get(self.sender or "", ChatStatus.UNKNOWN)

    @property
    def waiting_since(self) -> datetime | None:
        """Since when the buyer waits; None where it was not the buyer who wrote last."""
        is_waiting = self.status is ChatStatus.WAITING_FOR_SELLER
        return mapping.from_milliseconds(self.at) if is_waiting else None


class ChatReader:
    """Reads chats, and knows of them what most events do not tell: products, orders, signatures.

    Args:
        api: The account's operations.
        account: The account's name.
    """

    def __init__(self, api: Api, account: str) -> None:
        self._api = api
        self._chats = api.chats
        self._account = account
        self._signatures: Final = Signatures()
        self._known: dict[str, Chat] = {}

    def with_max_wait(self, max_wait: float | None) -> ChatReader:
        """A reader like it, whose calls wait for their limits at most ``max_wait`` seconds.

        What the two get to know of chats they know together.
        """
        twin = copy(self)
        twin._api = self._api.with_max_wait(max_wait)  # noqa: SLF001 - a twin
        twin._chats = twin._api.chats  # noqa: SLF001
        return twin

    @property
    def signatures(self) -> Signatures:
        """What is known of signatures."""
        return self._signatures

    async def find_signature(self, chat: Chat) -> str:
        """The signature that a message to a chat is to be sent with.

        One that is known costs nothing; else WB's list is read, and if that lacks the chat, the
        feed of events where the chat began.

        Raises:
            InvalidInput: WB knows no such chat.
            ChatNotReady: WB tells no signature of it yet.
            WbymError: A call failed.
        """
        chat_id = chat.ref.id
        if (known := self._signatures.get(chat_id)) is not None:
            return known
        try:
            await self.listed(Priority.INTERACTIVE)
            is_seen = self._signatures.get(chat_id) is not None or await self._search(chat)
        except (BadRequest, NotFound, Conflict, Unprocessable) as error:
            # It is the reading that was refused, and not the message.
            raise _not_ready(chat, f"its signature cannot be read ({error})") from error
        if (found := self._signatures.get(chat_id)) is not None:
            return found
        if not is_seen:
            rule = "must be one that WB knows: neither its list of chats nor its events have it"
            raise InvalidInput("send", "chat", rule, chat_id)
        raise _not_ready(chat, "Wildberries tells no signature of this chat until it lists it")

    async def _search(self, chat: Chat) -> bool:
        """Read the event that began a chat, which may have its signature; whether there is a chat.

        Where it is not known when that was, the feed is read backwards from the chat's last event,
        once.
        """
        chat_id = chat.ref.id
        began = self._signatures.began(chat_id)
        if began is None and chat.created_at is not None:
            began = mapping.milliseconds(chat.created_at)
        if began is not None:
            # One less, for the feed begins after the time that it is asked with.
            await self.page(max(1, began - 1), priority=Priority.INTERACTIVE)
            return True
        is_seen = chat.updated_at is not None
        if self._signatures.is_unsigned(chat_id):
            return is_seen
        end = None if chat.updated_at is None else mapping.milliseconds(chat.updated_at)
        last = mapping.milliseconds(datetime.now(UTC)) if end is None else end
        begins = [max(1, last - back // _MILLISECOND) for back in _BACK]
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
        """Read the feed after a time and up to another; whether it has events of a chat."""
        cursor = None if begin is None else str(begin)
        feed = self._events(_itself).using(cursor=cursor, priority=Priority.INTERACTIVE)
        is_seen = False
        async with aclosing(feed.records()) as lines:
            async for line in lines:
                if end is not None and line.event.add_timestamp > end:
                    break
                is_seen |= line.event.chat_id == chat_id
        return is_seen

    async def find(self, chat_id: str) -> Chat | None:
        """A chat by its id: from WB's list, or made of its last event; None if neither has it."""
        for one in (await self.listed()).items:
            if one.chat.ref.id == chat_id:
                return one.chat
        found: Chat | None = None
        async for line in self._events(
            lambda event: self.chat_of(event) if event.chat_id == chat_id else None
        ):
            found = line.made or found
        return found

    async def find_message(self, message_id: str) -> Message | None:
        """A message by its id; None if the feed has none."""
        feed = self._events(
            lambda event: self._message(event) if event.event_id == message_id else None
        )
        async with aclosing(feed.records()) as lines:
            async for line in lines:
                if line.made is not None:
                    return line.made
        return None

    async def listed(self, priority: Priority | None = None) -> Page[Listed]:
        """All chats that WB lists, their signatures remembered."""
        return await self._listed().using(priority=priority).page()

    def _listed(self) -> Listing[Listed]:
        def made(wire: chats_api.Chat) -> Listed:
            self._signatures.add_chat(wire)
            chat = mapping.chat(wire, self._account)
            self._know(chat)
            return Listed(wire, chat)

        return self._chats.list().map(made)

    def chat_of(self, event: chats_api.Event) -> Chat:
        """An event's chat as of that event, with what the list or its first event told of it."""
        word = _LastWord(event.add_timestamp, event.sender)
        return self._of_event(event, word, known=self._known.get(event.chat_id))

    async def page(
        self, after: int | None, *, priority: Priority | None = None
    ) -> Page[Line[Message]]:
        """The messages of a stretch of the feed after a time in Unix milliseconds, oldest first.

        The feed's end is an empty page without a next cursor. Of each event :meth:`chat_of` can be
        made.
        """
        cursor = None if after is None else str(after)
        feed = self._chats.events().using(cursor=cursor, priority=priority)

        def made(event: chats_api.Event) -> Message:
            self.chat_of(event)  # an event that it fails on is set aside here, with the others
            return self._message(event)

        return self._lines(await feed.page(), made)

    def _message(self, event: chats_api.Event) -> Message:
        return mapping.message(event, self._account)

    def _lines(
        self, page: Page[chats_api.Event], make: Callable[[chats_api.Event], T]
    ) -> Page[Line[T]]:
        """A page's events with what is made of each, in order of time, which WB does not promise.

        What they tell of their chats is remembered.
        """

        def line(event: chats_api.Event) -> Line[T]:
            if event.is_new_chat and event.chat_id not in self._known:
                self._know(mapping.chat_of_event(event, self._account))
            return Line(event, make(event))

        for event in sorted(page.items, key=_added):
            self._signatures.add_event(event)
        made = map_page(page, line)
        return replace(made, items=sorted(made.items, key=lambda line: _added(line.event)))

    def _events(self, make: Callable[[chats_api.Event], T]) -> Listing[Line[T]]:
        """The feed, oldest first, each event once and with what is made of it.

        WB may repeat events at the borders of pages.
        """

        async def read(reading: Reading) -> AsyncGenerator[Page[Line[T]], None]:
            seen: set[str] = set()
            async with aclosing(self._chats.events().read(reading)) as pages:
                async for page in pages:
                    lines = self._lines(page, make)
                    fresh = [line for line in lines.items if line.event.event_id not in seen]
                    # It can come again on the next page only: both borders have the same time.
                    seen = {line.event.event_id for line in lines.items}
                    yield replace(lines, items=fresh)

        return Listing(read)

    def messages(self, chat_id: str, *, since: datetime | None) -> Listing[Message]:
        """A chat's messages, oldest first; read from a cursor on, ``since`` says nothing more."""
        feed = self._events(
            lambda event: self._message(event) if event.chat_id == chat_id else None
        ).map_pages(lambda page: [line.made for line in page if line.made is not None])
        if since is not None:
            # One less, for the feed begins after the time that it is asked with.
            return feed.using(cursor=str(max(1, int(since.timestamp() * 1000) - 1)))
        return feed

    def chats(self, *, waiting: bool | None) -> Listing[Chat]:
        """The account's chats, with whose turn it is where ``waiting`` is asked for."""
        listed = self._listed()
        if waiting is None:
            return listed.map_pages(lambda page: [one.chat for one in page])

        async def read(reading: Reading) -> AsyncGenerator[Page[Chat], None]:
            async with aclosing(listed.read(reading)) as pages:
                async for page in pages:
                    chats = await self._with_turns(page.items, waiting, reading.priority)
                    yield Page(chats, page.cursor, page.next_cursor, None, page.undecodable)

        return Listing(read)

    async def _with_turns(
        self, listed: Sequence[Listed], waiting: bool, priority: Priority | None
    ) -> list[Chat]:
        """The chats that wait for the seller, or the others; those too that only events know."""
        words = await self._last_words(listed, priority)
        found = [_with_turn(one, words.get(one.wire.chat_id, _NOBODY)) for one in listed]
        known = {one.wire.chat_id for one in listed}
        found += [
            self._of_event(word.introduction, word)
            for chat_id, word in words.items()
            if chat_id not in known and word.introduction is not None
        ]
        return [chat for chat in found if (chat.status is ChatStatus.WAITING_FOR_SELLER) is waiting]

    def _of_event(
        self, event: chats_api.Event, word: _LastWord, *, known: Chat | None = None
    ) -> Chat:
        return mapping.chat_of_event(
            event,
            self._account,
            word.status,
            waiting_since=word.waiting_since,
            known=known,
            began=self._signatures.began(event.chat_id),
            writable=self._signatures.writable(event.chat_id),
        )

    def _know(self, chat: Chat) -> None:
        self._known[chat.ref.id] = replace(chat)  # a copy is without the wire object

    async def _last_words(
        self, listed: Sequence[Listed], priority: Priority | None
    ) -> dict[str, _LastWord]:
        """Who wrote last in each chat, leaving WB's automatic lines out.

        Every chat's last message is in the feed from the oldest of them on. Where that is a line of
        WB's own, the person's line before it may be older still: then the whole feed is read.
        """
        last = [one.wire.last_message for one in listed]
        stamps = [None if one is None else one.add_timestamp for one in last]
        known = [stamp for stamp in stamps if stamp]
        words: dict[str, _LastWord] = {}
        if known and len(known) == len(stamps):
            # One less, for the feed begins after the time that it is asked with.
            await self._read_words(words, str(max(1, min(known) - 1)), priority)
            if all(words.get(one.wire.chat_id, _NOBODY).sender for one in listed):
                return words
        await self._read_words(words, None, priority)
        for chat_id in words:
            self._signatures.mark_searched(chat_id)
        return words

    async def _read_words(
        self, words: dict[str, _LastWord], cursor: str | None, priority: Priority | None
    ) -> None:
        # What cannot be shown is no chat that waits, so the chat of each event is made here.
        feed = self._events(self.chat_of).using(cursor=cursor, priority=priority)
        async for line in feed:
            event = line.event
            word = words.setdefault(event.chat_id, _LastWord())
            if word.introduction is None or event.is_new_chat:
                word.introduction = event
            if event.sender in _STATUS and event.add_timestamp >= word.at:
                word.at, word.sender = event.add_timestamp, event.sender


def _added(event: chats_api.Event) -> int:
    return event.add_timestamp


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


_NOBODY = _LastWord()


def _with_turn(listed: Listed, word: _LastWord) -> Chat:
    chat = replace(listed.chat, status=word.status, waiting_since=word.waiting_since)
    attach_raw(chat, listed.wire)
    return chat
