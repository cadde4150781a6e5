"""Chats with buyers: opening, listing, history, messages, files."""

from collections.abc import Collection
from typing import Final

import msgspec

from wbym.calls import Endpoints, Part, Upload
from wbym.errors import InvalidInput
from wbym.paging import ByToken
from wbym_yandex_market.api.base import (
    COMMUNICATION,
    HOST,
    BusinessGroup,
    acknowledged,
    enveloped,
    length,
    page_query,
    positive,
)
from wbym_yandex_market.api.chat_records import (
    Chat,
    ChatContext,
    ChatsPage,
    HistoryPage,
    Message,
    NewChat,
    Status,
)

__all__ = [
    "Chat",
    "ChatContext",
    "Chats",
    "ChatsPage",
    "HistoryPage",
    "Message",
    "NewChat",
    "Status",
]

TEXT_LEAST: Final = 1
TEXT_MOST: Final = 4096
"""Characters."""
FILE_MOST: Final = 5 * 1024 * 1024
"""Bytes; one file a call."""
PAGE_MOST: Final = 20
HISTORY_MOST: Final = 100

_TABLE = Endpoints("chats", host=HOST, scope=COMMUNICATION)

# Market answers with the chat that is there already, so that a second call does nothing more.
NEW = _TABLE.add(
    "POST", "new", "/v2/businesses/{businessId}/chats/new", enveloped(NewChat), repeatable=True
)
LIST = _TABLE.add(
    "POST",
    "list",
    "/v2/businesses/{businessId}/chats",
    enveloped(ChatsPage, records="chats", record=Chat),
    pages=ByToken(token="pageToken", size="limit", most=PAGE_MOST),
    writes=False,
)
GET = _TABLE.add("GET", "get", "/v2/businesses/{businessId}/chat", enveloped(Chat))
HISTORY = _TABLE.add(
    "POST",
    "history",
    "/v2/businesses/{businessId}/chats/history",
    enveloped(HistoryPage, records="messages", record=Message),
    pages=ByToken(token="pageToken", size="limit", most=HISTORY_MOST),
    writes=False,
)
MESSAGE = _TABLE.add(
    "GET", "message", "/v2/businesses/{businessId}/chats/message", enveloped(Message)
)
SEND = _TABLE.add("POST", "send", "/v2/businesses/{businessId}/chats/message", acknowledged())
SEND_FILE = _TABLE.add(
    "POST", "send_file", "/v2/businesses/{businessId}/chats/file/send", acknowledged()
)

ENDPOINTS = _TABLE.rows


class _NewBody(msgspec.Struct):
    context: ChatContext


class _ListBody(msgspec.Struct, rename="camel", omit_defaults=True):
    contexts: list[ChatContext] | None = None
    context_types: list[str] | None = None
    types: list[str] | None = None
    statuses: list[str] | None = None


class _HistoryBody(msgspec.Struct, rename="camel", omit_defaults=True):
    message_id_from: int | None = None


class _SendBody(msgspec.Struct):
    message: str


def list_body(
    *,
    contexts: Collection[ChatContext] | None = None,
    context_types: Collection[str] | None = None,
    types: Collection[str] | None = None,
    statuses: Collection[str] | None = None,
) -> _ListBody:
    """The filters of the list; those that are empty or None filter nothing."""
    for context in contexts or ():
        positive(LIST.name, "contexts", context.id)
    return _ListBody(
        list(dict.fromkeys(contexts or ())) or None,
        list(dict.fromkeys(context_types or ())) or None,
        list(dict.fromkeys(types or ())) or None,
        list(dict.fromkeys(statuses or ())) or None,
    )


def history_body(message_id_from: int | None = None) -> _HistoryBody:
    """From which message on."""
    if message_id_from is not None:
        positive(HISTORY.name, "message_id_from", message_id_from)
    return _HistoryBody(message_id_from)


def check_text(text: str) -> str:
    """Refuse a text that Market would refuse.

    Raises:
        InvalidInput: It has not 1 to 4,096 characters.
    """
    return length(SEND.name, "text", text, TEXT_LEAST, TEXT_MOST)


def check_file(file: Upload) -> Upload:
    """Refuse a file that Market would refuse.

    Raises:
        InvalidInput: It has more than 5 MB.
    """
    if len(file.content) > FILE_MOST:
        raise InvalidInput(SEND_FILE.name, "file", f"must have at most {FILE_MOST} bytes", file)
    return file


class Chats(BusinessGroup):
    """``api.chats``. Each method has an hourly budget of its own."""

    async def new(self, context: ChatContext) -> NewChat:
        """Open a chat about an order or a return (POST v2/businesses/{}/chats/new, 1,000 an hour).

        If there is one already, that one is answered, so a repetition does nothing more.

        Args:
            context: The order; or the return, for FBY, FBS and Express only.

        Raises:
            InvalidInput: The id is none.
            NotFound: There is no such order or return of this seller.
        """
        positive(NEW.name, "context", context.id)
        return await self._ask(NEW, body=_NewBody(context))

    async def list(
        self,
        *,
        contexts: Collection[ChatContext] | None = None,
        context_types: Collection[str] | None = None,
        types: Collection[str] | None = None,
        statuses: Collection[Status] | None = None,
        limit: int | None = None,
        page_token: str | None = None,
    ) -> ChatsPage:
        """One page of the chats (POST v2/businesses/{}/chats, 5,000 an hour).

        Args:
            contexts: About these orders and returns.
            context_types: ``ORDER``, ``RETURN``, ``DIRECT``.
            types: ``CHAT``, ``ARBITRAGE``.
            statuses: In these statuses.
            limit: How many, 1 to 20; Market gives 10 where nothing is said.
            page_token: ``paging.next_page_token`` of the page before.

        Raises:
            InvalidInput: ``limit`` is outside its bounds, or an id is none.
        """
        query = page_query(LIST.name, page_token, limit, PAGE_MOST)
        body = list_body(
            contexts=contexts, context_types=context_types, types=types, statuses=statuses
        )
        return await self._ask(LIST, query=query, body=body)

    async def get(self, chat_id: int) -> Chat:
        """One chat by its id (GET v2/businesses/{}/chat, 1,000 an hour).

        Raises:
            InvalidInput: The id is none.
            NotFound: There is no such chat.
        """
        return await self._ask(GET, query={"chatId": positive(GET.name, "chat_id", chat_id)})

    async def history(
        self,
        chat_id: int,
        *,
        message_id_from: int | None = None,
        limit: int | None = None,
        page_token: str | None = None,
    ) -> HistoryPage:
        """One page of a chat's messages (POST v2/businesses/{}/chats/history, 10,000 an hour).

        Args:
            chat_id: Which chat.
            message_id_from: From this message on, itself included.
            limit: How many, 1 to 100; Market gives 50 where nothing is said.
            page_token: ``paging.next_page_token`` of the page before.

        Raises:
            InvalidInput: A number is outside its bounds.
            NotFound: There is no such chat.
        """
        query = page_query(HISTORY.name, page_token, limit, HISTORY_MOST)
        query["chatId"] = positive(HISTORY.name, "chat_id", chat_id)
        return await self._ask(HISTORY, query=query, body=history_body(message_id_from))

    async def message(self, chat_id: int, message_id: int) -> Message:
        """One message by its id (GET v2/businesses/{}/chats/message, 1,000 an hour).

        Raises:
            InvalidInput: An id is none.
            NotFound: There is no such message.
        """
        return await self._ask(
            MESSAGE,
            query={
                "chatId": positive(MESSAGE.name, "chat_id", chat_id),
                "messageId": positive(MESSAGE.name, "message_id", message_id),
            },
        )

    async def send(self, chat_id: int, text: str) -> None:
        """Send a message (POST v2/businesses/{}/chats/message, 1,000 an hour). Not repeatable.

        Market does not tell the message's id.

        Args:
            chat_id: To which chat.
            text: 1 to 4,096 characters.

        Raises:
            InvalidInput: The text is empty or too long.
            NotFound: There is no such chat.
            DeliveryUnknown: It may or may not have been sent.
        """
        query = {"chatId": positive(SEND.name, "chat_id", chat_id)}
        await self._ask(SEND, query=dict(query), body=_SendBody(check_text(text)))

    async def send_file(self, chat_id: int, file: Upload) -> None:
        """Send a file (POST v2/businesses/{}/chats/file/send, 1,000 an hour). Not repeatable.

        Args:
            chat_id: To which chat.
            file: At most 5 MB; Market publishes no list of types.

        Raises:
            InvalidInput: The file is too big.
            NotFound: There is no such chat.
            DeliveryUnknown: It may or may not have been sent.
        """
        check_file(file)
        query = {"chatId": positive(SEND_FILE.name, "chat_id", chat_id)}
        kind = file.content_type or "application/octet-stream"
        part = Part("file", file.content, file.name, kind)
        await self._ask(SEND_FILE, query=dict(query), parts=[part])
