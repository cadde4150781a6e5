"""Chats with buyers and their messages."""

from datetime import datetime
from enum import StrEnum

import msgspec

from wbym.domain._common import Author, Buyer, Order, Product, Record
from wbym.domain._ref import Ref

__all__ = ["Attachment", "Chat", "ChatKind", "ChatStatus", "Message"]


class ChatStatus(StrEnum):
    """Whose turn it is."""

    WAITING_FOR_SELLER = "waiting_for_seller"
    WAITING_FOR_BUYER = "waiting_for_buyer"
    WAITING_FOR_MARKETPLACE = "waiting_for_marketplace"
    CLOSED = "closed"
    UNKNOWN = "unknown"
    """The marketplace does not say (WB's list of chats), or uses a word that is not known."""


class ChatKind(StrEnum):
    """What a chat is about."""

    ORDER = "order"
    RETURN = "return"
    DIRECT = "direct"
    """The buyer began it, about the shop or its goods."""
    DISPUTE = "dispute"
    UNKNOWN = "unknown"


class Chat(Record, frozen=True, gc=False):
    """A conversation with one buyer."""

    ref: Ref
    status: ChatStatus = ChatStatus.UNKNOWN
    kind: ChatKind = ChatKind.UNKNOWN
    buyer: Buyer | None = None
    product: Product | None = None
    order: Order | None = None
    return_id: str | None = None
    """The return that the chat is about, where there is one."""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    """When the last message was written."""
    last_text: str | None = None
    """The text of the last message, where the list of chats tells it."""
    writable: bool | None = None
    """Whether a message could be sent to it when it was read; None where that is not known before
    it is tried. ``send`` raises ``ChatNotReady`` where it cannot be written to yet."""

    waiting_since: datetime | None = None
    """Since when the buyer waits for a reply; None where nobody waits, or it is not known."""

    @property
    def waiting_for_seller(self) -> bool | None:
        """Whether the buyer waits for a reply; None where the marketplace does not say."""
        if self.status is ChatStatus.UNKNOWN:
            return None
        return self.status is ChatStatus.WAITING_FOR_SELLER


class Attachment(msgspec.Struct, frozen=True, gc=False):
    """A file or picture in a message."""

    id: str | None = None
    """What ``download`` takes; None where the file is read by its address alone."""
    name: str | None = None
    content_type: str | None = None
    size: int | None = None
    """Bytes."""
    url: str | None = None


class Message(Record, frozen=True, gc=False):
    """One message of a chat."""

    ref: Ref
    chat: Ref
    author: Author
    sent_at: datetime
    text: str | None = None
    """None where a message has no words: files only, or an automatic line without text."""
    attachments: tuple[Attachment, ...] = ()
