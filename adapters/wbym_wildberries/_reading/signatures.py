"""The signatures that messages to chats are sent with: no calls.

WB's list of chats has the newest signature of each chat. A chat that is not listed yet has its
signature in its first event, and only there. Signatures are secret, so they are kept in memory
only. The time of a chat's first event is stored instead, so that the event can be read again.
"""

from __future__ import annotations  # the API's modules are loaded at their first use

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wbym_wildberries.api import chats as chats_api

__all__ = ["Signatures"]


class Signatures:
    """The known signatures, by chat id."""

    def __init__(self) -> None:
        self._signatures: dict[str, str] = {}
        self._rejected: dict[str, str] = {}
        self._begun: dict[str, int] = {}
        self._unsigned: set[str] = set()

    def __repr__(self) -> str:
        return f"Signatures({len(self._signatures)} chats)"

    def get(self, chat_id: str) -> str | None:
        """The newest signature that WB has not rejected; None if not known."""
        return self._signatures.get(chat_id)

    def began(self, chat_id: str) -> int | None:
        """The time of the chat's first event in Unix milliseconds, if known."""
        return self._begun.get(chat_id)

    def writable(self, chat_id: str) -> bool | None:
        """Whether the chat has a signature; None if the search is not complete."""
        if chat_id in self._signatures:
            return True
        return False if chat_id in self._unsigned else None

    def is_unsigned(self, chat_id: str) -> bool:
        """Whether the feed of events was searched and has no signature of the chat."""
        return chat_id in self._unsigned

    def add_chat(self, chat: chats_api.Chat) -> None:
        """Keep a chat's signature from WB's list, replacing any other."""
        if chat.reply_sign:
            self._signatures[chat.chat_id] = chat.reply_sign

    def add_event(self, event: chats_api.Event) -> None:
        """Keep a chat's signature from an event, unless a newer one is known."""
        chat_id, signature = event.chat_id, event.reply_sign
        if event.is_new_chat:
            self.set_began(chat_id, event.add_timestamp)
        # Events are read repeatedly, and never have a newer signature than the list.
        if (
            signature
            and chat_id not in self._signatures
            and signature != self._rejected.get(chat_id)
        ):
            self._signatures[chat_id] = signature
        if event.is_new_chat and chat_id not in self._signatures:
            self._unsigned.add(chat_id)

    def forget(self, chat_id: str, signature: str) -> None:
        """Forget a signature that WB rejected; a newer one that came meanwhile is kept."""
        self._rejected[chat_id] = signature
        if self._signatures.get(chat_id) == signature:
            del self._signatures[chat_id]

    def set_began(self, chat_id: str, at: int) -> None:
        """Keep the time of a chat's first event in Unix milliseconds; the earliest wins."""
        self._begun[chat_id] = min(at, self._begun.get(chat_id, at))

    def mark_searched(self, chat_id: str) -> None:
        """Note that the whole feed was searched for a chat's signature."""
        self._unsigned.add(chat_id)
