"""A mapping that keeps a bounded number of chats."""

from collections import OrderedDict
from typing import Final, Generic, TypeVar

__all__ = ["MAX_CHATS", "RecentChats"]

V = TypeVar("V")

MAX_CHATS: Final = 20_000
"""Chats that an account's reader keeps: some 25 MB with their details and signatures."""


class RecentChats(Generic[V]):
    """Values by chat id. Beyond ``max_chats``, the least recently used chat is dropped.

    Args:
        max_chats: Max number of chats.
    """

    def __init__(self, max_chats: int = MAX_CHATS) -> None:
        self._max_chats = max_chats
        self._values: OrderedDict[str, V] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, chat_id: str) -> V | None:
        """The value of a chat, which counts as used; None if it is not kept."""
        if chat_id in self._values:
            self._values.move_to_end(chat_id)
        return self._values.get(chat_id)

    def set(self, chat_id: str, value: V) -> None:
        """Keep the value of a chat, which counts as used."""
        self._values[chat_id] = value
        self._values.move_to_end(chat_id)
        if len(self._values) > self._max_chats:
            self._values.popitem(last=False)
