"""What is made of WB's one feed of chat events: a chat's messages, and who waits for a reply."""

from collections.abc import Mapping
from contextlib import aclosing
from copy import copy
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from msgspec.structs import replace

from wbym.calls import Pipeline
from wbym.domain import Chat, ChatStatus, Message
from wbym.errors import (
    BadRequest,
    ChatNotReady,
    Conflict,
    InvalidInput,
    NotFound,
    Unprocessable,
)
from wbym.limits import Priority
from wbym.paging import Chunk, Listing, by_token
from wbym_wildberries import mapping
from wbym_wildberries.api import chats as chats_api
from wbym_wildberries.chat_signs import ChatSigns

__all__ = ["ChatReader"]

READY_AFTER: Final = 60.0
"""Seconds after which to write to a chat again; WB does not say when it lists a new one."""

_BACK: Final = tuple(timedelta(hours=hours) for hours in (1, 24, 24 * 7, 24 * 30))
"""How far back a chat's first event is searched for, step by step, before the whole feed is."""

_MILLISECOND = timedelta(milliseconds=1)

_STATUS = {"client": ChatStatus.WAITING_FOR_SELLER, "seller": ChatStatus.WAITING_FOR_BUYER}


class _LastWord(msgspec.Struct):
    """The newest line of a person in a chat, and a line that introduces the chat."""

    at: int = -1
    sender: str | None = None
    introduction: chats_api.Event | None = None


class ChatReader:
    """Reads chats, and knows of them what most events do not tell: products, orders, signatures.

    Args:
        pipeline: What makes the calls.
        account: The account's name.
    """

    def __init__(self, pipeline: Pipeline, account: str) -> None:
        self._pipeline = pipeline
        self._account = account
        self._signs: Final = ChatSigns()
        self._known: dict[str, Chat] = {}

    def waiting(self, max_wait: float | None) -> "ChatReader":
        """A reader like it, whose calls wait so many seconds for their limits at most.

        What the two get to know of chats they know together.
        """
        twin = copy(self)
        twin._pipeline = self._pipeline.waiting(max_wait)  # noqa: SLF001 - a twin of this class
        return twin

    @property
    def signs(self) -> ChatSigns:
        """What is known of signatures."""
        return self._signs

    async def sign(self, chat: Chat) -> str:
        """The signature that a message to a chat is to be sent with.

        One that is known costs nothing; else WB's list is read, and if that lacks the chat, the
        feed of events where the chat began.

        Raises:
            InvalidInput: WB knows no such chat.
            ChatNotReady: WB tells no signature of it yet.
            WbymError: A call failed.
        """
        chat_id = chat.ref.id
        if (known := self._signs.get(chat_id)) is not None:
            return known
        try:
            await self.listed(Priority.INTERACTIVE)
            is_seen = self._signs.get(chat_id) is not None or await self._search(chat)
        except (BadRequest, NotFound, Conflict, Unprocessable) as error:
            # It is the reading that was refused, and not the message.
            raise _not_ready(chat, f"its signature cannot be read ({error})") from error
        if (found := self._signs.get(chat_id)) is not None:
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
        began = self._signs.began(chat_id)
        if began is None and chat.created_at is not None:
            began = mapping.milliseconds(chat.created_at)
        if began is not None:
            # One less, for the feed begins after the time that it is asked with.
            await self.page(max(1, began - 1), Priority.INTERACTIVE)
            return True
        is_seen = chat.updated_at is not None
        if self._signs.is_unsigned(chat_id):
            return is_seen
        end = None if chat.updated_at is None else mapping.milliseconds(chat.updated_at)
        last = mapping.milliseconds(datetime.now(UTC)) if end is None else end
        begins = [max(1, last - back // _MILLISECOND) for back in _BACK]
        for begin in (*begins, None):
            is_seen |= await self._read_until(chat_id, begin, end)
            if self._signs.began(chat_id) is not None or self._signs.get(chat_id) is not None:
                return True
            end = begin
        if is_seen:
            self._signs.searched(chat_id)
        return is_seen

    async def _read_until(self, chat_id: str, begin: int | None, end: int | None) -> bool:
        """Read the feed after a time and up to another; whether it has events of a chat."""
        cursor = None if begin is None else str(begin)
        feed = self.events(cursor=cursor, method="send", priority=Priority.INTERACTIVE)
        is_seen = False
        async with aclosing(feed.records()) as events:
            async for event in events:
                if end is not None and event.add_timestamp > end:
                    break
                is_seen |= event.chat_id == chat_id
        return is_seen

    async def listed(self, priority: Priority | None) -> Chunk[chats_api.Chat]:
        """All chats that WB lists, their signatures remembered."""
        answer = await self._pipeline.call(chats_api.LIST, priority=priority)
        found = answer.value.result or []
        for wire in found:
            self._signs.listed(wire)
            self._know(mapping.chat(wire, self._account))
        return Chunk(found, len(found), set_aside=answer.set_aside)

    def chat_of(self, event: chats_api.Event) -> Chat:
        """An event's chat as of that event, with what the list or its first event told of it."""
        status = _STATUS.get(event.sender or "", ChatStatus.UNKNOWN)
        return self._of_event(event, status, known=self._known.get(event.chat_id))

    async def page(
        self, after: int | None, priority: Priority | None = None
    ) -> Chunk[chats_api.Event]:
        """A stretch of the feed after a time in Unix milliseconds, in order of time.

        Its count is 0 at the feed's end; its token, in such milliseconds too, where it goes on.
        """
        query = chats_api.events_query(after)
        answer = await self._pipeline.call(chats_api.EVENTS, query=query, priority=priority)
        result = answer.value.result
        events = sorted(result.events or (), key=lambda event: event.add_timestamp)
        for event in events:
            self._signs.told(event)
            if event.is_new_chat and event.chat_id not in self._known:
                self._know(mapping.chat_of_event(event, self._account))
        following = str(result.next) if result.total_events and result.next else None
        return Chunk(events, result.total_events, following, set_aside=answer.set_aside)

    def events(
        self, *, cursor: str | None, method: str, priority: Priority | None
    ) -> Listing[chats_api.Event]:
        """The feed from a time in Unix milliseconds on, oldest first, each event once.

        WB promises no order within a page, and may repeat events at its borders.
        """
        if cursor and not cursor.isdigit():
            raise InvalidInput(method, "cursor", "must be a cursor of this list", cursor)
        seen: set[str] = set()

        async def fetch(token: str | None) -> Chunk[chats_api.Event]:
            page = await self.page(int(token) if token else None, priority)
            fresh = [event for event in page.items if event.event_id not in seen]
            # An event can come again on the next page only: both borders have the same time.
            seen.clear()
            seen.update(event.event_id for event in page.items)
            return Chunk(fresh, page.count, page.token, set_aside=page.set_aside)

        return by_token(fetch, method=method, cursor=cursor)

    def messages(
        self,
        chat_id: str,
        *,
        since: datetime | None,
        cursor: str | None,
        priority: Priority | None,
    ) -> Listing[Message]:
        """A chat's messages, oldest first."""
        if cursor is None and since is not None:
            # One less, for the feed begins after the time that it is asked with.
            cursor = str(max(1, int(since.timestamp() * 1000) - 1))
        events = self.events(cursor=cursor, method="messages", priority=priority)
        account = self._account
        return events.map(
            lambda page: [mapping.message(e, account) for e in page if e.chat_id == chat_id]
        )

    def chats(self, *, waiting: bool | None, priority: Priority | None) -> Listing[Chat]:
        """The account's chats, with whose turn it is where ``waiting`` is asked for."""
        account = self._account

        async def fetch(_: str | None) -> Chunk[Chat]:
            listed = await self.listed(priority)
            if waiting is None:
                items = [mapping.chat(wire, account) for wire in listed.items]
                return Chunk(items, listed.count, set_aside=listed.set_aside)
            words = await self._last_words(listed, priority)
            found = [
                mapping.chat(wire, account, _status(words, wire.chat_id)) for wire in listed.items
            ]
            known = {wire.chat_id for wire in listed.items}
            found += [
                self._of_event(word.introduction, _status(words, chat_id))
                for chat_id, word in words.items()
                if chat_id not in known and word.introduction is not None
            ]
            items = [
                chat for chat in found if (chat.status is ChatStatus.WAITING_FOR_SELLER) is waiting
            ]
            return Chunk(items, listed.count, set_aside=listed.set_aside)

        return by_token(fetch, method="chats")

    def _of_event(
        self, event: chats_api.Event, status: ChatStatus, *, known: Chat | None = None
    ) -> Chat:
        return mapping.chat_of_event(
            event,
            self._account,
            status,
            known=known,
            began=self._signs.began(event.chat_id),
            writable=self._signs.writable(event.chat_id),
        )

    def _know(self, chat: Chat) -> None:
        self._known[chat.ref.id] = replace(chat)  # a copy is without the wire object

    async def _last_words(
        self, listed: Chunk[chats_api.Chat], priority: Priority | None
    ) -> dict[str, _LastWord]:
        """Who wrote last in each chat, leaving WB's automatic lines out.

        Every chat's last message is in the feed from the oldest of them on. Where that is a line of
        WB's own, the person's line before it may be older still: then the whole feed is read.
        """
        stamps = [
            wire.last_message.add_timestamp if wire.last_message is not None else None
            for wire in listed.items
        ]
        known = [stamp for stamp in stamps if stamp]
        words: dict[str, _LastWord] = {}
        if known and len(known) == len(stamps):
            # One less, for the feed begins after the time that it is asked with.
            await self._read_words(words, str(max(1, min(known) - 1)), priority)
            if all(words.get(wire.chat_id, _NOBODY).sender for wire in listed.items):
                return words
        await self._read_words(words, None, priority)
        for chat_id in words:
            self._signs.searched(chat_id)
        return words

    async def _read_words(
        self, words: dict[str, _LastWord], cursor: str | None, priority: Priority | None
    ) -> None:
        async for event in self.events(cursor=cursor, method="chats", priority=priority):
            word = words.setdefault(event.chat_id, _LastWord())
            if word.introduction is None or event.is_new_chat:
                word.introduction = event
            if event.sender in _STATUS and event.add_timestamp >= word.at:
                word.at, word.sender = event.add_timestamp, event.sender


def _not_ready(chat: Chat, reason: str) -> ChatNotReady:
    return ChatNotReady(
        str(chat.ref), method=chats_api.SEND.name, reason=reason, retry_after=READY_AFTER
    )


_NOBODY = _LastWord()


def _status(words: Mapping[str, _LastWord], chat_id: str) -> ChatStatus:
    return _STATUS.get(words.get(chat_id, _NOBODY).sender or "", ChatStatus.UNKNOWN)
