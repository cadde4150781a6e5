"""The methods of chats."""

from __future__ import annotations

from aiohttp import BodyPartReader, web

from wbym.testing._answers import Answer, Body, Refusal, json_answer
from wbym.testing._server import Call, Handlers, Route
from wbym.testing._spoil import Records
from wbym_wildberries.simulator import limits, replies
from wbym_wildberries.simulator.data_chats import StoredFile, iso
from wbym_wildberries.simulator.shelf import Json
from wbym_wildberries.simulator.state import Cabinet
from wbym_wildberries.simulator.tokens import CATEGORIES

MAX_SIGN = 255
MAX_TEXT = 1000
MAX_FILE = 5 * 1024 * 1024
MAX_FILES = 30 * 1024 * 1024
SCOPE = CATEGORIES["chat"]
_READ_AT_MOST = 48 * 1024 * 1024
_MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"%PDF-", "application/pdf"),
)


class ChatHandlers(Handlers[Cabinet]):
    """Serves the chats of the caller's cabinet."""

    def routes(self) -> list[Route]:
        """The table of methods; each has a limit of its own."""
        chats = Records(("result",), "chatID", ("goodCard", "lastMessage"), ())
        events = Records(
            ("result", "events"),
            "eventID",
            ("message", "clientName", "source", "isNewChat"),
            ("eventType", "sender", "source"),
        )
        path = "/api/v1/seller"
        return [
            Route("GET", f"{path}/chats", self.chats, limits.CHATS, SCOPE, False, chats),
            Route("GET", f"{path}/events", self.events, limits.EVENTS, SCOPE, False, events),
            Route("POST", f"{path}/message", self.message, limits.MESSAGE, SCOPE, True),
            Route("GET", f"{path}/download/{{id}}", self.download, limits.DOWNLOAD, SCOPE),
        ]

    async def chats(self, call: Call) -> Answer:
        """`GET /api/v1/seller/chats`: all at once, without paging."""
        listing = self._cabinet(call).chats.listing()
        return Answer(200, Body(b'{"result":' + listing + b',"errors":null}'), "application/json")

    async def events(self, call: Call) -> Answer:
        """`GET /api/v1/seller/events`."""
        text = call.query("next")
        after: int | None = None
        if text is not None:
            if not text.lstrip("-").isdecimal() or len(text) > 19:
                raise Refusal(400, "Invalid number")
            after = int(text)
            if after <= 0 or self._cabinet(call).chats.refuses_cursor():
                raise Refusal(400, 'Invalid value for "next"')
        page = self._cabinet(call).chats.page(after)
        times = b""
        if page.count:
            newest, oldest = iso(page.newest).encode(), iso(page.oldest).encode()
            times = b'"newestEventTime":"%s","oldestEventTime":"%s",' % (newest, oldest)
        body = b'{"result":{"next":%d,%s"totalEvents":%d,"events":%s},"errors":null}' % (
            page.next,
            times,
            page.count,
            page.events,
        )
        return Answer(200, Body(body), "application/json")

    async def message(self, call: Call) -> Answer:
        """`POST /api/v1/seller/message`."""
        fields, files = await _read_form(call.request)
        sign = fields.get("replySign", "")
        text = fields.get("message") or None
        chats = self._cabinet(call).chats
        chat = chats.by_sign(sign) if 0 < len(sign) <= MAX_SIGN else None
        if chat is None:
            raise Refusal(400, "Invalid signature")
        if (text is None and not files) or (text is not None and len(text) > MAX_TEXT):
            raise Refusal(400, 'Invalid value for "message"')
        taken: list[tuple[str, StoredFile]] = []
        for name, content in files:
            mark = f"{len(content):011X}"
            if len(content) > MAX_FILE:
                raise Refusal(400, f"{mark}: attachment too big. Max size: 5MiB")
            kind = next((kind for magic, kind in _MAGIC if content.startswith(magic)), None)
            if kind is None:
                raise Refusal(400, f'{mark}: "{name}" has unsupported mime type')
            taken.append((name, StoredFile(content, kind)))
        if sum(len(content) for _, content in files) > MAX_FILES:
            raise Refusal(400, "attachments too big. Max total size: 30MiB")
        add_time, errors = chats.send(chat, text, taken)
        result: Json = {"addTime": add_time, "chatID": chat.id}
        if self._cabinet(call).options.sign_in_answer:
            result["sign"] = chat.sign
        return json_answer({"result": result, "errors": errors})

    async def download(self, call: Call) -> Answer:
        """`GET /api/v1/seller/download/{id}`: 202 in moderation, 451 after a refusal."""
        stored = self._cabinet(call).chats.files.get(call.request.match_info["id"])
        if stored is None:
            raise Refusal(400, "invalid fileID", title="invalid fileID")
        if stored.refused:
            shape = {
                "status": 451,
                "title": "Unavailable for Legal Reasons",
                "origin": "proxy-chats",
                "detail": "moderation error",
                "requestId": replies.request_id(),
            }
            return json_answer(shape, status=451, content_type=replies.PROBLEM)
        if stored.ready_at > call.now:
            return json_answer({"moderationState": "pending", "retrySeconds": 30}, status=202)
        return Answer(200, Body(stored.content), stored.content_type)


async def _read_form(
    request: web.Request,
) -> tuple[dict[str, str], list[tuple[str, bytes]]]:
    """The fields and files of a form."""
    if not request.content_type.startswith("multipart/"):
        raise Refusal(400, "request Content-Type isn't multipart/form-data")
    fields: dict[str, str] = {}
    files: list[tuple[str, bytes]] = []
    left = _READ_AT_MOST
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if not isinstance(part, BodyPartReader):
                raise Refusal(400, "nested multipart is not supported")
            content = bytearray()
            while chunk := await part.read_chunk(1 << 16):
                content += chunk
                left -= len(chunk)
                if left < 0:
                    raise web.HTTPRequestEntityTooLarge(_READ_AT_MOST, _READ_AT_MOST - left)
            if part.name == "file":
                files.append((part.filename or "file", bytes(content)))
            elif part.name is not None:
                fields[part.name] = content.decode()
    except (ValueError, AssertionError) as error:
        raise Refusal(400, "multipart: NextPart: EOF") from error
    return fields, files
