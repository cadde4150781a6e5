"""What is made of WB's one feed of chat events: a chat's messages, and who waits for a reply."""

from collections.abc import Mapping
from copy import copy
from datetime import datetime

import msgspec
from msgspec.structs import replace

from wbym.calls import Pipeline
from wbym.domain import Chat, ChatStatus, Message
from wbym.errors import InvalidInput
from wbym.limits import Priority
from wbym.paging import Chunk, Listing, by_token
from wbym_wildberries import mapping
from wbym_wildberries.api import chats as chats_api

__all__ = ["ChatReader"]

_STATUS = {"client": ChatStatus.WAITING_FOR_SELLER, "seller": ChatStatus.WAITING_FOR_BUYER}


class _LastWord(msgspec.Struct):
    """The newest line of a person in a chat, and a line that introduces the chat."""

    at: int = -1
    sender: str | None = None
    introduction: chats_api.Event | None = None


class ChatReader:
    """Reads chats, and knows of them what events do not tell: signatures, products, orders.

    Args:
        pipeline: What makes the calls.
        account: The account's name.
    """

    def __init__(self, pipeline: Pipeline, account: str) -> None:
        self._pipeline = pipeline
        self._account = account
        self._signs: dict[str, str] = {}
        self._known: dict[str, Chat] = {}

    def waiting(self, max_wait: float | None) -> "ChatReader":
        """A reader like it, whose calls wait so many seconds for their limits at most.

        What the two get to know of chats they know together.
        """
        twin = copy(self)
        twin._pipeline = self._pipeline.waiting(max_wait)  # noqa: SLF001 - a twin of this class
        return twin

    def sign(self, chat_id: str) -> str | None:
        """The newest signature seen for a chat, or None."""
        return self._signs.get(chat_id)

    async def listed(self, priority: Priority | None) -> Chunk[chats_api.Chat]:
        """All chats that WB lists, their signatures remembered."""
        answer = await self._pipeline.call(chats_api.LIST, priority=priority)
        found = answer.value.result or []
        for wire in found:
            if wire.reply_sign:
                self._signs[wire.chat_id] = wire.reply_sign
            self._know(mapping.chat(wire, self._account))
        return Chunk(found, len(found), set_aside=answer.set_aside)

    def chat_of(self, event: chats_api.Event) -> Chat:
        """An event's chat as of that event, with what the list or its first event told of it."""
        status = _STATUS.get(event.sender or "", ChatStatus.UNKNOWN)
        return mapping.chat_of_event(
            event, self._account, status, known=self._known.get(event.chat_id)
        )

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
            if event.reply_sign:
                self._signs[event.chat_id] = event.reply_sign
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
                mapping.chat_of_event(word.introduction, account, _status(words, chat_id))
                for chat_id, word in words.items()
                if chat_id not in known and word.introduction is not None
            ]
            items = [
                chat for chat in found if (chat.status is ChatStatus.WAITING_FOR_SELLER) is waiting
            ]
            return Chunk(items, listed.count, set_aside=listed.set_aside)

        return by_token(fetch, method="chats")

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


_NOBODY = _LastWord()


def _status(words: Mapping[str, _LastWord], chat_id: str) -> ChatStatus:
    return _STATUS.get(words.get(chat_id, _NOBODY).sender or "", ChatStatus.UNKNOWN)
