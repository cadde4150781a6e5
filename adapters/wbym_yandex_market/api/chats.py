"""Chats with buyers: opening, listing, history, messages, files."""

from collections.abc import Collection
from typing import Annotated, Final, Literal

from wbym.calls import Form, Length, MaxSize, Name, Query, Unique, Upload, get, post
from wbym.paging import Listing
from wbym_yandex_market.api.base import COMMUNICATION, Id, MarketGroup, pages
from wbym_yandex_market.api.chat_records import (
    Chat,
    ChatContext,
    ChatsPage,
    HistoryPage,
    Message,
    NewChat,
    Status,
)

__all__ = ["FILE_SIZE", "MESSAGE", "Chat", "ChatContext", "Chats", "Message", "NewChat", "Status"]

MESSAGE: Final = Length(1, 4096)
FILE_SIZE: Final = MaxSize(5 * 1024 * 1024)

ChatId = Annotated[Id, Query()]
"""The chat's number, in the address."""


class Chats(MarketGroup, scope=COMMUNICATION):
    """``api.chats``. Each method has an hourly budget of its own, which its text states."""

    # Market answers with the chat that is there already, so a second call does nothing more.
    @post("/v2/businesses/{businessId}/chats/new", idempotent=True)
    async def new(self, context: ChatContext) -> NewChat:
        """Open a chat about an order or a return, or find the one that is there; 1,000 an hour.

        The deprecated ``orderId`` is not offered.

        Args:
            context: The order; or the return, for FBY, FBS and Express only.

        Raises:
            NotFound: There is no such order or return of this seller.
        """

    @post("/v2/businesses/{businessId}/chats", reads=True, pages=pages(max_size=20), page=ChatsPage)
    def list(
        self,
        *,
        contexts: Annotated[Collection[ChatContext], Unique()] | None = None,
        context_types: Collection[Literal["ORDER", "RETURN", "DIRECT"]] | None = None,
        types: Collection[Literal["CHAT", "ARBITRAGE"]] | None = None,
        statuses: Collection[Status] | None = None,
    ) -> Listing[Chat]:
        """Chats; 5,000 requests an hour.

        Args:
            contexts: About these orders and returns.
            context_types: What they are about; ``DIRECT`` was begun by the buyer.
            types: Ordinary chats, or disputes.
            statuses: In these statuses.
        """

    @post(
        "/v2/businesses/{businessId}/chats/history",
        reads=True,
        pages=pages(max_size=100),
        page=HistoryPage,
    )
    def history(self, chat_id: ChatId, *, message_id_from: Id | None = None) -> Listing[Message]:
        """A chat's messages, oldest first; 10,000 requests an hour.

        Args:
            chat_id: Which chat.
            message_id_from: From this message on, itself included.

        Raises:
            NotFound: While reading: there is no such chat.
        """

    @get("/v2/businesses/{businessId}/chats/message")
    async def message(self, chat_id: Id, message_id: Id) -> Message:
        """One message; 1,000 an hour.

        Raises:
            NotFound: There is no such message.
        """

    @post("/v2/businesses/{businessId}/chats/message")
    async def send(self, chat_id: ChatId, text: Annotated[str, Name("message"), MESSAGE]) -> None:
        """Send a message; 1,000 an hour. Market does not tell the message's id.

        Raises:
            NotFound: There is no such chat.
            DeliveryUnknown: It may or may not have been sent.
        """

    @post("/v2/businesses/{businessId}/chats/file/send")
    async def send_file(
        self, chat_id: ChatId, file: Annotated[Upload, Form("file"), FILE_SIZE]
    ) -> None:
        """Send a file, of whatever type: Market publishes no list; 1,000 an hour.

        Raises:
            NotFound: There is no such chat.
            DeliveryUnknown: It may or may not have been sent.
        """

    @get("/v2/businesses/{businessId}/chat")
    async def get(self, chat_id: Id) -> Chat:
        """One chat; 1,000 an hour.

        Raises:
            NotFound: There is no such chat.
        """
