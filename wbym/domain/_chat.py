"""Chats with buyers and their messages."""

from datetime import datetime
from enum import StrEnum

import msgspec

from wbym.domain._common import Author, Buyer, Order, Product, Record
from wbym.domain._ref import Ref

__all__ = ["Attachment", "Chat", "ChatKind", "ChatStatus", "Message"]


class ChatStatus(StrEnum):
    """Who has to reply."""

    WAITING_FOR_SELLER = "waiting_for_seller"
    WAITING_FOR_BUYER = "waiting_for_buyer"
    WAITING_FOR_MARKETPLACE = "waiting_for_marketplace"
    CLOSED = "closed"
    UNKNOWN = "unknown"
    """The marketplace does not say (WB's list of chats), or uses an unknown status."""


class ChatKind(StrEnum):
    """What a chat is about."""

    ORDER = "order"
    RETURN = "return"
    DIRECT = "direct"
    """The buyer started it, about the shop or its goods."""
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
    """The return that the chat is about, if any."""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    """When the last message was written."""
    last_text: str | None = None
    """The text of the last message, if the list of chats includes it."""
    writable: bool | None = None
    """Whether the chat accepted messages when it was read; None if only trying can show it.
    ``send`` raises ``ChatNotReady`` if the chat does not accept messages yet."""

    waiting_since: datetime | None = None
    """When the buyer began to wait for a reply; None if nobody waits or the time is not known."""

    @property
    def waiting_for_seller(self) -> bool | None:
        """Whether the buyer waits for a reply; None if the marketplace does not say."""
        if self.status is ChatStatus.UNKNOWN:
            return None
        return self.status is ChatStatus.WAITING_FOR_SELLER


class Attachment(msgspec.Struct, frozen=True, gc=False):
    """A file or picture in a message."""

    id: str | None = None
    """The id for ``download``; None if the file is read by its ``url`` alone."""
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
    """None if the message has no text: files only, or an automatic message without text."""
    attachments: tuple[Attachment, ...] = ()
