"""The signatures that messages to chats are sent with, as WB tells them: no calls.

WB's list of chats has the newest one of each chat. A chat that the list lacks yet has one in the
event that began it, and only there. They are secret: they stay in memory, and what is stored
instead is when a chat began, so that the event can be read again.
"""

from __future__ import annotations  # the API's modules are loaded when they are first asked for

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wbym_wildberries.api import chats as chats_api

__all__ = ["Signatures"]


class Signatures:
    """What is known of signatures, by the ids of their chats."""

    def __init__(self) -> None:
        self._signatures: dict[str, str] = {}
        self._refused: dict[str, str] = {}
        self._begun: dict[str, int] = {}
        self._unsigned: set[str] = set()

    def __repr__(self) -> str:
        return f"Signatures({len(self._signatures)} chats)"

    def get(self, chat_id: str) -> str | None:
        """The newest signature that is not known to be refused; None if there is none."""
        return self._signatures.get(chat_id)

    def began(self, chat_id: str) -> int | None:
        """When the chat's first event was added, in Unix milliseconds, where that is known."""
        return self._begun.get(chat_id)

    def writable(self, chat_id: str) -> bool | None:
        """Whether there is a signature; None if it has not been looked for everywhere."""
        if chat_id in self._signatures:
            return True
        return False if chat_id in self._unsigned else None

    def is_unsigned(self, chat_id: str) -> bool:
        """Whether the feed of events was searched for a signature, and has none."""
        return chat_id in self._unsigned

    def add_chat(self, chat: chats_api.Chat) -> None:
        """Take a chat's signature from WB's list, in place of any other."""
        if chat.reply_sign:
            self._signatures[chat.chat_id] = chat.reply_sign

    def add_event(self, event: chats_api.Event) -> None:
        """Take a chat's signature from an event, unless a newer one is known."""
        chat_id, signature = event.chat_id, event.reply_sign
        if event.is_new_chat:
            self.set_beginning(chat_id, event.add_timestamp)
        # Events are read again and again, and never have a newer signature than the list.
        if (
            signature
            and chat_id not in self._signatures
            and signature != self._refused.get(chat_id)
        ):
            self._signatures[chat_id] = signature
        if event.is_new_chat and chat_id not in self._signatures:
            self._unsigned.add(chat_id)

    def forget(self, chat_id: str, signature: str) -> None:
        """Forget a signature that WB refused; another one may have come meanwhile."""
        self._refused[chat_id] = signature
        if self._signatures.get(chat_id) == signature:
            del self._signatures[chat_id]

    def set_beginning(self, chat_id: str, at: int) -> None:
        """Take when a chat began, in Unix milliseconds; the earliest time stands."""
        self._begun[chat_id] = min(at, self._begun.get(chat_id, at))

    def mark_searched(self, chat_id: str) -> None:
        """The whole feed was searched for a chat's signature."""
        self._unsigned.add(chat_id)
