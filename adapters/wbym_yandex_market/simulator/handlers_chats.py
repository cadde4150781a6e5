"""The methods of chats."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from typing import Annotated, Literal

import msgspec
from aiohttp import BodyPartReader, web
from msgspec import Meta

from wbym.testing._answers import Answer, Body, Refusal
from wbym.testing._server import Call, Handlers, Route
from wbym.testing._spoil import Records
from wbym_yandex_market.simulator import replies
from wbym_yandex_market.simulator.data_chats import Chat, File
from wbym_yandex_market.simulator.requests import body, limit, number, token, unique, whole
from wbym_yandex_market.simulator.state import Cabinet
from wbym_yandex_market.simulator.tokens import TALK, TALK_READ

MAX_FILE = 5 * 1024 * 1024
_READ_AT_MOST = MAX_FILE + 1024 * 1024
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


class ChatHandlers(Handlers[Cabinet]):
    """Serves the chats of the business in the URL."""

    def routes(self) -> list[Route]:
        """The table of methods, and the files that messages lead to."""
        listed = Records(("result", "chats"), "chatId", (), ("type", "status"))
        single = Records(("result",), "chatId", (), ("type", "status"))
        history = Records(("result", "messages"), "messageId", ("message", "payload"), ("sender",))
        message = Records(("result",), "messageId", ("message", "payload"), ("sender",))
        path = "/v2/businesses/{businessId}/chats"
        read, write = TALK_READ, TALK
        return [
            Route("POST", f"{path}/new", self.new, "createChat", write, True),
            Route("POST", path, self.list, "getChats", read, False, listed),
            Route("GET", path[:-1], self.one, "getChat", read, False, single),
            Route("POST", f"{path}/history", self.history, "getChatHistory", read, False, history),
            Route("GET", f"{path}/message", self.message, "getChatMessage", read, False, message),
            Route("POST", f"{path}/message", self.send, "sendMessageToChat", write, True),
            Route("POST", f"{path}/file/send", self.send_file, "sendFileToChat", write, True),
            Route("GET", "/files/{businessId}/{messageId}/{number}", self.file, "", read),
        ]

    def _chat(self, call: Call) -> Chat:
        return self._cabinet(call).chats.get(number(call, "chatId"))

    async def new(self, call: Call) -> Answer:
        """`POST .../chats/new`: gives the chat that there is, or makes one."""
        asked = await body(call, _New)
        if asked.context is None:
            raise Refusal(400, "context must be given")
        chat = self._cabinet(call).chats.open(asked.context.type, asked.context.id)
        return replies.result({"chatId": chat.id})

    async def list(self, call: Call) -> Answer:
        """`POST .../chats`: the newest chats first, by the time of their creation."""
        asked = await body(call, _List)
        size, after = limit(call, 10, 20), token(call)
        for field in msgspec.structs.fields(_List):
            unique(getattr(asked, field.name), field.encode_name)
        page = self._cabinet(call).chats.rows.page(
            limit=size, token=after, wanted=_wanted(asked), newest_first=True
        )
        return replies.page("chats", page)

    async def one(self, call: Call) -> Answer:
        """`GET .../chat`."""
        return replies.result_raw(self._chat(call).raw)

    async def history(self, call: Call) -> Answer:
        """`POST .../chats/history`: the oldest messages first, `messageIdFrom` among them."""
        asked = await body(call, _History)
        size, after = limit(call, 50, 100), token(call)
        chat = self._chat(call)
        first = asked.message_id_from
        if first in chat.deleted:
            raise Refusal(404, f"Message {first} not found")
        span = chat.messages.span(None if first is None else first - 1)
        page = chat.messages.page(limit=size, token=after, span=span)
        extra = b'"context":%b,' % msgspec.json.encode(chat.show_context())
        return replies.page("messages", page, extra)

    async def message(self, call: Call) -> Answer:
        """`GET .../chats/message`."""
        wanted = number(call, "messageId")
        found = self._chat(call).messages.find(wanted)
        if found is None:
            raise Refusal(404, f"Message {wanted} not found")
        return replies.result_raw(found.raw)

    async def send(self, call: Call) -> Answer:
        """`POST .../chats/message`: the answer does not name the message."""
        chat = self._chat(call)
        asked = await body(call, _Message)
        self._cabinet(call).chats.send(chat, asked.message, None)
        return replies.empty()

    async def send_file(self, call: Call) -> Answer:
        """`POST .../chats/file/send`: one file."""
        chat = self._chat(call)
        file = await _read_file(call.request)
        self._cabinet(call).chats.send(chat, None, file)
        return replies.empty()

    async def file(self, call: Call) -> Answer:
        """A file of a message, where its `url` leads; not a method of the API."""
        cabinet = self._cabinet(call)
        if cabinet.options.files_need_oauth and "Api-Key" in call.request.headers:
            raise Refusal(403, "Api-Key is not accepted here")
        info = call.request.match_info
        place = info["number"]
        if not place.isdecimal():
            raise Refusal(404)
        found = cabinet.chats.file(whole(info["messageId"], "messageId"), int(place))
        if found is None:
            raise Refusal(404)
        kind = mimetypes.guess_type(found.name)[0] or "application/octet-stream"
        return Answer(200, Body(found.content), kind)


def _wanted(asked: _List) -> Callable[[Chat], bool] | None:
    """The filter of a list; None when everything is wanted."""
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


async def _read_file(request: web.Request) -> File:
    """The only file of a form.

    Raises:
        Refusal: When there is none, more than one, or it is empty or too large.
    """
    if request.content_type != "multipart/form-data":
        raise Refusal(415)
    files: list[File] = []
    left = _READ_AT_MOST
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            content = bytearray()
            if not isinstance(part, BodyPartReader):
                raise Refusal(400, "Nested multipart is not supported")
            while chunk := await part.read_chunk(1 << 16):
                content += chunk
                left -= len(chunk)
                if left < 0:
                    raise Refusal(400, f"File is larger than {MAX_FILE} bytes")
            if part.name == "file":
                files.append(File(part.filename or "file", bytes(content)))
    except (ValueError, AssertionError) as error:
        raise Refusal(400, "Form is not readable") from error
    if len(files) != 1:
        raise Refusal(400, f"Exactly one file is expected, got {len(files)}")
    if not 0 < len(files[0].content) <= MAX_FILE:
        raise Refusal(400, f"Size of the file must be between 1 and {MAX_FILE} bytes")
    return files[0]
