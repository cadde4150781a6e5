"""Chats of one cabinet: the feed of events, signatures, sent messages and their files."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from wbym.testing import JsonObject
from wbym_wildberries.simulator.context import Context
from wbym_wildberries.simulator.data_chats import (
    Chat,
    ChatData,
    StoredFile,
    attached,
    event,
    iso,
    new_chat,
    new_sign,
)


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message that the seller sent and the buyer received."""

    chat_id: str
    text: str | None
    files: tuple[str, ...]
    """Names of the files that were accepted."""
    add_time: int
    """Unix milliseconds, as in the response."""


@dataclass(frozen=True, slots=True)
class EventsPage:
    """One response of `/events`."""

    events: bytes
    """JSON list."""
    count: int
    next: int
    oldest: int
    newest: int


class Chats:
    """The chats of one cabinet."""

    def __init__(self, data: ChatData, context: Context) -> None:
        self.chats = data.chats
        self.files = data.files
        self.sent: list[SentMessage] = []
        """Every message sent, in order."""
        self._times = [moment for moment, _ in data.events]
        self._events = [msgspec.json.encode(new) for _, new in data.events]
        self._by_sign = {chat.sign: chat for chat in data.chats.values()}
        self._context = context
        self._rng = random.Random(f"chats at work {context.options.seed}")
        self._given = 0  # the greatest `next` that was returned
        self._rejected_files = 0
        self._rejected_cursors = 0
        self._listing: bytes | None = None

    @property
    def event_count(self) -> int:
        """Number of events in the feed."""
        return len(self._events)

    def listing(self) -> bytes:
        """JSON list of the chats that `/chats` shows."""
        if self._listing is None:
            rows = [self._row(chat) for chat in self.chats.values() if chat.listed]
            self._listing = msgspec.json.encode(rows)
        return self._listing

    def _row(self, chat: Chat) -> JsonObject:
        row: JsonObject = {
            "chatID": chat.id,
            "replySign": chat.sign,
            "clientName": chat.client_name,
        }
        if int(chat.client_id) % 2:  # the older specification has it, the newer has not
            row["clientID"] = chat.client_id
        if chat.good is not None:
            row["goodCard"] = chat.good
        if chat.last_at:
            row["lastMessage"] = {"text": chat.last_text, "addTimestamp": chat.last_at}
        return row

    def page(self, after: int | None) -> EventsPage:
        """The events strictly later than `after`, oldest page first, shuffled within the page.

        A page ends only where the time changes, so events of one millisecond stay together and
        `next` (the time of the newest) skips none of them.
        """
        begin = 0 if after is None else bisect_right(self._times, after)
        end = min(len(self._times), begin + self._context.options.page_of_events)
        while begin < end < len(self._times) and self._times[end] == self._times[end - 1]:
            end += 1
        if begin == end:
            following = after if after is not None else int(self._context.now() * 1000)
            if after is None:
                self._given = max(self._given, following)
            return EventsPage(b"[]", 0, following, 0, 0)
        order = list(range(begin, end))
        random.Random(f"{self._context.options.seed} {begin} {end}").shuffle(order)
        newest = self._times[end - 1]
        self._given = max(self._given, newest)
        events = b"[" + b",".join(self._events[at] for at in order) + b"]"
        return EventsPage(events, end - begin, newest, self._times[begin], newest)

    def reject_cursors(self, times: int = 1) -> None:
        """The next requests with `next` are rejected with 400, as if it were not a cursor."""
        self._rejected_cursors += times

    def rejects_cursor(self) -> bool:
        """Whether a request with `next` is rejected now; uses up one of `reject_cursors`."""
        if not self._rejected_cursors:
            return False
        self._rejected_cursors -= 1
        return True

    def by_sign(self, sign: str) -> Chat | None:
        """The chat with this current signature."""
        return self._by_sign.get(sign)

    def rotate_signs(self) -> None:
        """Gives every chat a new signature; the old ones are rejected from now on."""
        for chat in self.chats.values():
            chat.sign = new_sign(self._rng, chat)
        self._by_sign = {chat.sign: chat for chat in self.chats.values()}
        self._listing = None

    def reject_files(self, times: int = 1) -> None:
        """The next messages with files are sent without them, and `errors` names them."""
        self._rejected_files += times

    def send(
        self, chat: Chat, text: str | None, files: Sequence[tuple[str, StoredFile]]
    ) -> tuple[int, list[str]]:
        """Sends a message.

        Returns:
            Its time in Unix milliseconds and the errors about its files.
        """
        errors: list[str] = []
        if files and self._rejected_files:
            self._rejected_files -= 1
            errors = [f"{name}: failed to upload attachment" for name, _ in files]
            files = ()
        now = self._context.now()
        add_time = int(now * 1000)
        names = tuple(name for name, _ in files)
        self.sent.append(SentMessage(chat.id, text, names, add_time))
        self._context.write("message", chat.id, text or "")
        self._context.effects["file"] += len(files)
        chat.listed = True
        attachments: JsonObject = {}
        for name, stored in files:
            stored.ready_at = now + self._context.options.moderation
            entry = attached(self._rng, self.files, now=now, name=name, stored=stored)
            kind = "files" if "name" in entry else "images"
            entries = attachments.setdefault(kind, [])
            if isinstance(entries, list):
                entries.append(entry)
        echo = event(
            self._rng,
            chat,
            sender="seller",
            source="seller-public-api",
            text=text,
            attachments=attachments or None,
        )
        delay = self._context.options.echo_delay
        self._context.after(delay, lambda: self._append(chat, echo, None))
        return add_time, errors

    def arrive(
        self,
        text: str | None = "Здравствуйте!",
        *,
        chat_id: str | None = None,
        sender: Literal["client", "seller", "wb"] = "client",
        source: str | None = "rusite",
        listed: bool = True,
        at: int | None = None,
        attachments: JsonObject | None = None,
    ) -> str:
        """Adds an event; without `chat_id` it opens a new chat.

        Args:
            text: None for a message without text.
            chat_id: The chat.
            sender: Who wrote it.
            source: Where it was written; None omits it.
            listed: Whether `/chats` shows a new chat at once.
            at: Unix milliseconds; by default now, and later than everything read so far. A
                time that was already passed makes a message that only an overlapping read finds.
            attachments: As in the specification.

        Returns:
            The event's id.

        Raises:
            KeyError: The chat does not exist.
        """
        is_new = chat_id is None
        if chat_id is None:
            chat = new_chat(self._rng, now=self._context.now(), listed=listed)
            self.chats[chat.id] = chat
            self._by_sign[chat.sign] = chat
        else:
            chat = self.chats[chat_id]
        new = event(
            self._rng,
            chat,
            sender=sender,
            source=source,
            text=text,
            is_new=is_new,
            attachments=attachments,
        )
        self._append(chat, new, at)
        return str(new["eventID"])

    def _append(self, chat: Chat, new: JsonObject, at: int | None) -> None:
        if at is None:
            newest = self._times[-1] if self._times else 0
            at = max(int(self._context.now() * 1000), newest + 1, self._given + 1)
        new["addTimestamp"] = at
        new["addTime"] = iso(at)
        place = bisect_right(self._times, at)
        self._times.insert(place, at)
        self._events.insert(place, msgspec.json.encode(new))
        if at >= chat.last_at:
            message = new.get("message")
            chat.last_text = str(message.get("text", "")) if isinstance(message, dict) else ""
            chat.last_at = at
        self._listing = None
