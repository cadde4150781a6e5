"""The methods of chats."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from wbym.testing import Call, Handlers, RecordFields, Refusal, Response, raw_response, route
from wbym_yandex_market.simulator import replies
from wbym_yandex_market.simulator.data_chats import Chat, File
from wbym_yandex_market.simulator.requests import body, limit, number, segment, token, unique
from wbym_yandex_market.simulator.state import Cabinet
from wbym_yandex_market.simulator.tokens import TALK

MAX_FILE = 5 * 1024 * 1024
_MAX_FORM = MAX_FILE + 1024 * 1024
_PATH = "/v2/businesses/{businessId}/chats"
_CHAT_FIELDS = ("type", "status")
_MESSAGE_FIELDS = (("message", "payload"), ("sender",))
Id = Annotated[int, Meta(ge=1)]
Text = Annotated[str, Meta(min_length=1, max_length=4096)]
Status = Literal[
    "NEW",
    "WAITING_FOR_CUSTOMER",
    "WAITING_FOR_PARTNER",
    "WAITING_FOR_ARBITER",
    "WAITING_FOR_MARKET",
    "FINISHED",
]


class _Context(msgspec.Struct, frozen=True):
    type: Literal["ORDER", "RETURN"]
    id: Id


class _New(msgspec.Struct):
    context: _Context | None = None


class _List(msgspec.Struct, rename="camel"):
    contexts: list[_Context] | None = None
    context_types: list[Literal["ORDER", "RETURN", "DIRECT"]] | None = None
    types: list[Literal["CHAT", "ARBITRAGE"]] | None = None
    statuses: list[Status] | None = None


class _History(msgspec.Struct, rename="camel"):
    message_id_from: Id | None = None


class _Message(msgspec.Struct):
    message: Text


class ChatHandlers(Handlers[Cabinet], scope=TALK):
    """Serves the chats of the business in the URL, and the files of their messages."""

    def _chat(self, call: Call) -> Chat:
        return self._cabinet(call).chats.get(number(call, "chatId"))

    @route("POST", f"{_PATH}/new", bucket="createChat")
    async def new(self, call: Call) -> Response:
        """Returns the chat about an order or a return, or creates it."""
        asked = await body(call, _New)
        if asked.context is None:
            raise Refusal(400, "context must be given")
        chat = self._cabinet(call).chats.open(asked.context.type, asked.context.id)
        return replies.result({"chatId": chat.id})

    @route(
        "POST",
        _PATH,
        bucket="getChats",
        writes=False,
        records=RecordFields(("result", "chats"), "chatId", (), _CHAT_FIELDS),
    )
    async def list(self, call: Call) -> Response:
        """Chats, the newest first, by the time of their creation."""
        asked = await body(call, _List)
        size, after = limit(call, 10, 20), token(call)
        for field in msgspec.structs.fields(_List):
            unique(getattr(asked, field.name), field.encode_name)
        page = self._cabinet(call).chats.rows.page(
            limit=size, token=after, wanted=_wanted(asked), newest_first=True
        )
        return replies.page("chats", page)

    @route(
        "GET",
        _PATH[:-1],
        bucket="getChat",
        records=RecordFields(("result",), "chatId", (), _CHAT_FIELDS),
    )
    async def one(self, call: Call) -> Response:
        """One chat."""
        return replies.result_raw(self._chat(call).raw)

    @route(
        "POST",
        f"{_PATH}/history",
        bucket="getChatHistory",
        writes=False,
        records=RecordFields(("result", "messages"), "messageId", *_MESSAGE_FIELDS),
    )
    async def history(self, call: Call) -> Response:
        """The oldest messages first, `messageIdFrom` among them."""
        asked = await body(call, _History)
        size, after = limit(call, 50, 100), token(call)
        chat = self._chat(call)
        first = asked.message_id_from
        if first in chat.deleted:
            raise Refusal(404, f"Message {first} not found")
        span = chat.messages.between(None if first is None else first - 1)
        page = chat.messages.page(limit=size, token=after, span=span)
        extra = b'"context":%b,' % msgspec.json.encode(chat.show_context())
        return replies.page("messages", page, extra)

    @route(
        "GET",
        f"{_PATH}/message",
        bucket="getChatMessage",
        records=RecordFields(("result",), "messageId", *_MESSAGE_FIELDS),
    )
    async def message(self, call: Call) -> Response:
        """One message."""
        wanted = number(call, "messageId")
        return replies.result_raw(self._chat(call).messages.get(wanted).raw)

    @route("POST", f"{_PATH}/message", bucket="sendMessageToChat")
    async def send(self, call: Call) -> Response:
        """Sends a text; the response does not name the message."""
        chat = self._chat(call)
        asked = await body(call, _Message)
        self._cabinet(call).chats.send(chat, asked.message, None)
        return replies.empty()

    @route("POST", f"{_PATH}/file/send", bucket="sendFileToChat")
    async def send_file(self, call: Call) -> Response:
        """Sends one file."""
        chat = self._chat(call)
        file = await _read_file(call)
        self._cabinet(call).chats.send(chat, None, file)
        return replies.empty()

    @route("GET", "/files/{businessId}/{messageId}/{number}")
    async def file(self, call: Call) -> Response:
        """A file of a message, at its `url`; not a method of the API."""
        cabinet = self._cabinet(call)
        if cabinet.options.files_need_oauth and "Api-Key" in call.request.headers:
            raise Refusal(403, "Api-Key is not accepted here")
        place = call.path("number")
        if not place.isdecimal():
            raise Refusal(404)
        found = cabinet.chats.file(segment(call, "messageId"), int(place))
        if found is None:
            raise Refusal(404)
        kind = mimetypes.guess_type(found.name)[0] or "application/octet-stream"
        return raw_response(found.content, content_type=kind)


def _wanted(asked: _List) -> Callable[[Chat], bool] | None:
    """The filter of a list; None if all chats are wanted."""
    if asked == _List():
        return None
    contexts = None
    if asked.contexts is not None:
        contexts = {(context.type, context.id) for context in asked.contexts}
    context_types, types, statuses = asked.context_types, asked.types, asked.statuses

    def wanted(chat: Chat) -> bool:
        about = chat.return_id if chat.context == "RETURN" else chat.order_id
        return (
            (statuses is None or chat.status in statuses)
            and (types is None or chat.kind in types)
            and (context_types is None or chat.context in context_types)
            and (contexts is None or (chat.context, about) in contexts)
        )

    return wanted


async def _read_file(call: Call) -> File:
    """The only file of a form.

    Raises:
        Refusal: No file or several files are given, or it is empty or too large.
    """
    if call.request.content_type != "multipart/form-data":
        raise Refusal(415)
    parts = await call.parts(_MAX_FORM)
    if parts is None:
        raise Refusal(400, "Form is not readable")
    if any(part.is_cut for part in parts):
        raise Refusal(400, f"File is larger than {MAX_FILE} bytes")
    files = [File(part.filename or "file", part.content) for part in parts if part.name == "file"]
    if len(files) != 1:
        raise Refusal(400, f"Exactly one file is expected, got {len(files)}")
    if not 0 < len(files[0].content) <= MAX_FILE:
        raise Refusal(400, f"Size of the file must be between 1 and {MAX_FILE} bytes")
    return files[0]
