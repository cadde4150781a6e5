"""The stream of chats and their messages, from WB's one feed of chat events."""

import logging
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from wbym.account import Batch, Observation, Poll
from wbym.calls import row
from wbym.domain import Chat, Message
from wbym.errors import BadRequest, CursorStuck, NotFound, WbymError
from wbym.feed._polling import StreamId
from wbym.paging import TICK
from wbym_wildberries import _mapping as mapping
from wbym_wildberries._following.checkpoint import ChatCheckpoint, Reading
from wbym_wildberries._reading.chats import ChatReader, MappedEvent
from wbym_wildberries.api.chats import Chats, Event

__all__ = ["ChatStream"]

RETENTION: Final = timedelta(days=2)
"""How long the feed keeps the ids of seen records."""

LIST_MAX_WAIT: Final = 5.0
"""Max seconds that messages are delayed to read their chats' details from WB's list."""

_CHECKPOINTS = msgspec.json.Decoder(ChatCheckpoint)


class ChatStream:
    """The stream ``chats``: each chat once, before its messages, which are in order.

    Args:
        chats: Reads the account's chats.
        account: The account's name.
        every: Seconds between the starts of rounds.
        now: Our clock.
    """

    name: Final = "chats"

    def __init__(
        self, chats: ChatReader, account: str, *, every: float, now: Callable[[], datetime]
    ) -> None:
        self.every: Final = every
        # A base token may have to wait an hour for the next page.
        self._chats = chats.with_max_wait(None)
        self._impatient = chats.with_max_wait(LIST_MAX_WAIT)
        self._id = StreamId(mapping.MARKETPLACE, account, self.name)
        self._now = now
        self._has_list = False

    async def poll(self, request: Poll) -> AsyncGenerator[Batch, None]:
        """Read to the end, or to the first event since the round began; see ``Stream.poll``.

        The first round begins an hour before ``since``, and yields the chats that WB lists; if
        ``since`` is not after 1970, it begins at the beginning of the feed.

        Raises:
            CursorStuck: WB returned the cursor of the request as the next one.
            WbymError: A call failed.
        """
        now = self._now()
        listed: Collection[str] = ()
        if request.state is None:
            place = ChatCheckpoint.first(request.since, now)
            if place.next is not None:
                listed, batch = await self._list_chats(request.since)
                yield batch
        else:
            place = _CHECKPOINTS.decode(request.state)
        reading = Reading(place, now, begins=request.state is None)
        stored = request.state
        shown: set[str] = set()
        while True:
            try:
                page = await self._chats.page(reading.cursor)
            except (BadRequest, NotFound) as error:
                if not reading.retreat():
                    raise
                self._warn(error, reading.cursor)
                continue
            if page.next_cursor is None and not page.items and not page.undecodable:
                break
            if not shown:
                await self._load_chat_list()
            observations = [
                *self._id.undecodable(page.undecodable, now),
                *await self._observe(page.items, request, shown, listed),
            ]
            cursor = page.next_cursor
            is_lost = cursor is not None and not cursor.isdecimal()
            following = None if cursor is None or is_lost else int(cursor)
            if is_lost or not reading.advance([line.event for line in page.items], following):
                yield Batch(observations)
                raise CursorStuck(row(Chats.events).name, reading.cursor)
            stored = msgspec.json.encode(reading.place)
            yield Batch(observations, stored, self._retained_since(reading.place.newest))
            if any(
                mapping.from_milliseconds(line.event.add_timestamp) > now for line in page.items
            ):
                # While messages keep arriving, no page is empty: the next round continues.
                break
        if (state := msgspec.json.encode(reading.place)) != stored:
            yield Batch((), state)

    async def _list_chats(self, since: datetime) -> tuple[Collection[str], Batch]:
        """List the chats: their ids, and an observation of each chat that is definitely not new.

        A chat with a message since then may be new or old: its first event in the feed decides. A
        chat without a message yet counts as not listed.
        """
        listed = await self._chats.listed()
        self._has_list = True
        chats = [item.chat for item in listed.items if _has_message(item.chat)]
        times = [(chat, chat.updated_at or since - TICK) for chat in chats]
        observations = [Observation(chat, at) for chat, at in times if at < since]
        return {chat.ref.id for chat in chats}, Batch(observations)

    async def _load_chat_list(self) -> None:
        """Read WB's list once, for the details of chats that most events lack.

        If that takes too long, messages are delivered without these details rather than late.
        """
        if self._has_list:
            return
        try:
            await self._impatient.listed()
        except WbymError as error:
            self._id.log(
                logging.INFO,
                "chats are delivered without product and order: they could not be listed: %s",
                error,
            )
        else:
            self._has_list = True

    async def _observe(
        self,
        lines: Sequence[MappedEvent[Message]],
        request: Poll,
        shown: set[str],
        listed: Collection[str],
    ) -> list[Observation]:
        """The observations of a page of events; adds the chats among them to ``shown``."""
        unsure = {line.event.chat_id for line in lines} - shown
        if unsure:
            known = await request.known("chat", unsure)
            shown.update(known)
            for chat_id, began in known.items():
                if began:
                    self._chats.signatures.set_began(chat_id, int(began))
        observations = []
        for line in lines:
            event = line.event
            at = mapping.from_milliseconds(event.add_timestamp)
            chat = self._chats.chat_of(event)
            if event.chat_id not in shown:
                shown.add(event.chat_id)
                is_old = event.chat_id in listed and not event.is_new_chat
                seen_at = min(at, request.since - TICK) if is_old else at
                # The time of the first event is kept, to read it again for the signature.
                began = str(event.add_timestamp) if event.is_new_chat else ""
                observations.append(Observation(chat, seen_at, began))
            if _is_message(event):
                observations.append(Observation(line.mapped, at, chat=chat))
            else:
                message = "event %s of the unknown type %r is not a message"
                self._id.log(logging.INFO, message, event.event_id, event.event_type)
        return observations

    def _retained_since(self, newest: int | None) -> datetime | None:
        if newest is None:
            return None
        # A time in the future, by WB's mistake, must not move the retention horizon there.
        return min(mapping.from_milliseconds(newest), self._now()) - RETENTION

    def _warn(self, error: BadRequest | NotFound, cursor: int | None) -> None:
        begin = "its beginning" if cursor is None else f"{mapping.from_milliseconds(cursor):%F %T}"
        message = "rereading the feed of chats from %s: %s"
        self._id.log(logging.WARNING, message, begin, error)


def _has_message(chat: Chat) -> bool:
    """Whether a listed chat has a last message, although its time may be unreadable."""
    return chat.updated_at is not None or chat.last_text is not None


def _is_message(event: Event) -> bool:
    """Whether an event is a message: WB documents no other type; with content it always is."""
    return event.event_type in {None, "message"} or event.message is not None
