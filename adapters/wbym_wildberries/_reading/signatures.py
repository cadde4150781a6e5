"""The signatures that messages to chats are sent with: no calls.

WB's list of chats has the newest signature of each chat. A chat that is not listed yet has its
signature in its first event, and only there. Signatures are secret, so they are kept in memory
only. The time of a chat's first event is stored instead, so that the event can be read again.
A dropped chat costs those requests again.
"""

from __future__ import annotations  # the API's modules are loaded at their first use

from typing import TYPE_CHECKING

from wbym_wildberries._reading.recent import MAX_CHATS, RecentChats

if TYPE_CHECKING:
    from wbym_wildberries.api import chats as chats_api

__all__ = ["Signatures"]


class _Entry:
    """What is known of a chat; without ``repr``, which would show its signatures."""

    __slots__ = ("began", "is_unsigned", "rejected", "signature")

    def __init__(self) -> None:
        self.signature: str | None = None
        self.rejected: str | None = None
        self.began: int | None = None
        self.is_unsigned = False


class Signatures:
    """The known signatures, by chat id.

    Args:
        max_chats: Max number of chats; beyond it, the least recently used one is dropped.
    """

    def __init__(self, max_chats: int = MAX_CHATS) -> None:
        self._entries: RecentChats[_Entry] = RecentChats(max_chats)

    def __repr__(self) -> str:
        return f"Signatures({len(self._entries)} chats)"

    def get(self, chat_id: str) -> str | None:
        """The newest signature that WB has not rejected; None if not known."""
        entry = self._entries.get(chat_id)
        return None if entry is None else entry.signature

    def began(self, chat_id: str) -> int | None:
        """The time of the chat's first event in Unix milliseconds, if known."""
        entry = self._entries.get(chat_id)
        return None if entry is None else entry.began

    def writable(self, chat_id: str) -> bool | None:
        """Whether the chat has a signature; None if the search is not complete."""
        if self.get(chat_id) is not None:
            return True
        return False if self.is_unsigned(chat_id) else None

    def is_unsigned(self, chat_id: str) -> bool:
        """Whether the feed of events was searched and has no signature of the chat."""
        entry = self._entries.get(chat_id)
        return entry is not None and entry.is_unsigned

    def add_chat(self, chat: chats_api.Chat) -> None:
        """Keep a chat's signature from WB's list, replacing any other."""
        if chat.reply_sign:
            self._entry(chat.chat_id).signature = chat.reply_sign

    def add_event(self, event: chats_api.Event) -> None:
        """Keep a chat's signature from an event, unless a newer one is known."""
        signature = event.reply_sign
        if not signature and not event.is_new_chat:
            return
        if event.is_new_chat:
            self.set_began(event.chat_id, event.add_timestamp)
        entry = self._entry(event.chat_id)
        # Events are read repeatedly, and never have a newer signature than the list.
        if signature and entry.signature is None and signature != entry.rejected:
            entry.signature = signature
        if event.is_new_chat and entry.signature is None:
            entry.is_unsigned = True

    def forget(self, chat_id: str, signature: str) -> None:
        """Forget a signature that WB rejected; a newer one that came meanwhile is kept."""
        entry = self._entry(chat_id)
        entry.rejected = signature
        if entry.signature == signature:
            entry.signature = None

    def set_began(self, chat_id: str, at: int) -> None:
        """Keep the time of a chat's first event in Unix milliseconds; the earliest wins."""
        entry = self._entry(chat_id)
        entry.began = at if entry.began is None else min(at, entry.began)

    def mark_searched(self, chat_id: str) -> None:
        """Note that the whole feed was searched for a chat's signature."""
        self._entry(chat_id).is_unsigned = True

    def _entry(self, chat_id: str) -> _Entry:
        entry = self._entries.get(chat_id)
        if entry is None:
            entry = _Entry()
            self._entries.set(chat_id, entry)
        return entry
