"""What Market sends of chats and messages."""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from wbym.calls import Range

from wbym_yandex_market.api.base import Paging, Wire

__all__ = ["Chat", "ChatContext", "ChatsPage", "HistoryPage", "Message", "NewChat", "Status"]

Status: TypeAlias = Literal[
    "NEW",
    "WAITING_FOR_CUSTOMER",
    "WAITING_FOR_PARTNER",
    "WAITING_FOR_ARBITER",
    "WAITING_FOR_MARKET",
    "FINISHED",
]
"""Whose turn it is; a new chat waits for the seller too."""


class Customer(Wire, frozen=True):
    """The buyer."""

    name: str | None = None
    """As it is shown in Yandex's services."""
    public_id: str | None = None


class FullContext(Wire, frozen=True):
    """What a chat is about."""

    type: str | None = None
    """``ORDER``, ``RETURN`` or ``DIRECT``, which the buyer began."""
    customer: Customer | None = None
    campaign_id: int | None = None
    order_id: int | None = None
    """With orders and returns."""
    return_id: int | None = None
    """With returns."""


class Chat(Wire, frozen=True):
    """A chat as Market sends it."""

    chat_id: int
    context: FullContext | None = None
    type: str | None = None
    """``CHAT``, or ``ARBITRAGE``: a dispute."""
    status: str | None = None
    """A word of :data:`Status`, or a new one."""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    """When the last message was written."""
    order_id: int | None = None
    """Market sends it no more since October 2026: see ``context``."""


class ChatsPage(Wire, frozen=True):
    """One page of chats."""

    chats: list[Chat]
    paging: Paging | None = None


class Payload(Wire, frozen=True):
    """A file of a message."""

    name: str | None = None
    url: str | None = None
    size: int | None = None
    """Bytes."""


class Message(Wire, frozen=True):
    """A message as Market sends it."""

    message_id: int
    created_at: datetime
    sender: str | None = None
    """``PARTNER`` (the shop), ``CUSTOMER``, ``MARKET`` (automatic) or ``SUPPORT``."""
    message: str | None = None
    payload: list[Payload] | None = None
    """Files; there may be files without a text."""


class HistoryPage(Wire, frozen=True):
    """One page of a chat's messages."""

    messages: list[Message]
    context: FullContext | None = None
    paging: Paging | None = None
    order_id: int | None = None
    """Market sends it no more since October 2026: see ``context``."""


class NewChat(Wire, frozen=True):
    """A chat that was opened, or was there already."""

    chat_id: int


class ChatContext(Wire, frozen=True):
    """An order or a return that chats are about."""

    type: Literal["ORDER", "RETURN"]
    id: Annotated[int, Range(1)]
