"""Chats with buyers: opening, listing, history, messages, files."""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from wbym.calls import Form, Name, Query, Upload, get, post
from wbym.paging import Listing
from wbym_yandex_market.api._base import (
    COMMUNICATION,
    Id,
    MarketGroup,
    Paging,
    Several,
    Wire,
    WireId,
    pages,
)
from wbym_yandex_market.api._bounds import CHATS_PAGE, FILE_SIZE, HISTORY_PAGE, MESSAGE

__all__ = ["Chat", "ChatContext", "Chats", "Message", "NewChat", "Status"]

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
    """The name shown in Yandex's services."""
    public_id: str | None = None


class FullContext(Wire, frozen=True):
    """The subject of a chat."""

    type: str | None = None
    """``ORDER``, ``RETURN`` or ``DIRECT``, which a buyer started."""
    customer: Customer | None = None
    campaign_id: int | None = None
    order_id: int | None = None
    """For orders and returns."""
    return_id: int | None = None
    """For returns."""


class Chat(Wire, frozen=True):
    """A chat as Market sends it."""

    chat_id: WireId
    context: FullContext | None = None
    type: str | None = None
    """``CHAT``, or ``ARBITRAGE``: a dispute."""
    status: str | None = None
    """A value of :data:`Status`, or a new one."""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    """The time of the last message."""
    order_id: int | None = None
    """Market stopped sending it in October 2026: see ``context``."""


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

    message_id: WireId
    created_at: datetime
    sender: str | None = None
    """``PARTNER`` (the shop), ``CUSTOMER``, ``MARKET`` (automatic) or ``SUPPORT``."""
    message: str | None = None
    payload: list[Payload] | None = None
    """Files; a message may have files without a text."""


class HistoryPage(Wire, frozen=True):
    """One page of a chat's messages."""

    messages: list[Message]
    context: FullContext | None = None
    paging: Paging | None = None
    order_id: int | None = None
    """Market stopped sending it in October 2026: see ``context``."""


class NewChat(Wire, frozen=True):
    """A new chat, or an existing one."""

    chat_id: WireId


class ChatContext(Wire, frozen=True):
    """The subject of chats: an order or a return."""

    type: Literal["ORDER", "RETURN"]
    id: Id


ChatId = Annotated[Id, Query()]
"""The chat's id, in the query."""


class Chats(MarketGroup, scope=COMMUNICATION):
    """``api.chats``. Each method has its own hourly budget, stated in its docstring."""

    # Market returns an existing chat, so a second call changes nothing.
    @post("/v2/businesses/{businessId}/chats/new", idempotent=True)
    async def new(self, context: ChatContext) -> NewChat:
        """Open a chat about an order or a return, or find the existing one; 1,000 per hour.

        The deprecated ``orderId`` is not supported.

        Args:
            context: The order, or the return, which is for FBY, FBS and Express only.

        Raises:
            NotFound: This seller has no such order or return.
        """

    @post(
        "/v2/businesses/{businessId}/chats",
        reads=True,
        pages=pages(CHATS_PAGE),
        page=ChatsPage,
    )
    def list(
        self,
        *,
        contexts: Several[ChatContext] | None = None,
        context_types: Several[Literal["ORDER", "RETURN", "DIRECT"]] | None = None,
        types: Several[Literal["CHAT", "ARBITRAGE"]] | None = None,
        statuses: Several[Status] | None = None,
    ) -> Listing[Chat]:
        """Chats; 5,000 requests per hour.

        Args:
            contexts: About these orders and returns.
            context_types: About these subjects; ``DIRECT`` chats were started by buyers.
            types: Ordinary chats, or disputes.
            statuses: In these statuses.
        """

    @post(
        "/v2/businesses/{businessId}/chats/history",
        reads=True,
        pages=pages(HISTORY_PAGE),
        page=HistoryPage,
    )
    def history(self, chat_id: ChatId, *, message_id_from: Id | None = None) -> Listing[Message]:
        """A chat's messages, oldest first; 10,000 requests per hour.

        Args:
            chat_id: The chat.
            message_id_from: From this message, included.

        Raises:
            NotFound: While reading: the chat does not exist.
        """

    @get("/v2/businesses/{businessId}/chats/message")
    async def message(self, chat_id: Id, message_id: Id) -> Message:
        """One message; 1,000 per hour.

        Raises:
            NotFound: The message does not exist.
        """

    @post("/v2/businesses/{businessId}/chats/message")
    async def send(self, chat_id: ChatId, text: Annotated[str, Name("message"), MESSAGE]) -> None:
        """Send a message; 1,000 per hour. Market does not return the message's id.

        Raises:
            NotFound: The chat does not exist.
            DeliveryUnknown: It may or may not have been sent.
        """

    @post("/v2/businesses/{businessId}/chats/file/send")
    async def send_file(
        self, chat_id: ChatId, file: Annotated[Upload, Form("file"), FILE_SIZE]
    ) -> None:
        """Send a file of any type: Market publishes no list of types; 1,000 per hour.

        Raises:
            NotFound: The chat does not exist.
            DeliveryUnknown: It may or may not have been sent.
        """

    @get("/v2/businesses/{businessId}/chat")
    async def get(self, chat_id: Id) -> Chat:
        """One chat; 1,000 per hour.

        Raises:
            NotFound: The chat does not exist.
        """
