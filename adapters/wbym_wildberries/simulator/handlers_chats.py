"""The methods of chats."""

from __future__ import annotations

from wbym.testing import (
    Call,
    Handlers,
    JsonObject,
    RecordFields,
    Refusal,
    Response,
    json_response,
    raw_response,
    route,
)
from wbym_wildberries.simulator import limits, replies
from wbym_wildberries.simulator.data_chats import StoredFile, iso
from wbym_wildberries.simulator.state import Cabinet
from wbym_wildberries.simulator.tokens import CATEGORIES

MAX_SIGN = 255
MAX_TEXT = 1000
MAX_FILE = 5 * 1024 * 1024
MAX_FILES = 30 * 1024 * 1024
SCOPE = CATEGORIES["chat"]
_MAX_FORM = 48 * 1024 * 1024
_MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"%PDF-", "application/pdf"),
)


_CHATS = RecordFields(("result",), "chatID", ("goodCard", "lastMessage"))
_EVENTS = RecordFields(
    ("result", "events"),
    "eventID",
    ("message", "clientName", "source", "isNewChat"),
    ("eventType", "sender", "source"),
)


class ChatHandlers(Handlers[Cabinet], scope=SCOPE):
    """Serves the chats of the caller's cabinet."""

    @route("GET", "/api/v1/seller/chats", bucket=limits.CHATS, records=_CHATS)
    async def chats(self, call: Call) -> Response:
        """All chats at once, without paging."""
        listing = self._cabinet(call).chats.listing()
        return raw_response(b'{"result":' + listing + b',"errors":null}')

    @route("GET", "/api/v1/seller/events", bucket=limits.EVENTS, records=_EVENTS)
    async def events(self, call: Call) -> Response:
        """A page of the events of all chats."""
        text = call.query("next")
        after: int | None = None
        if text is not None:
            if not text.lstrip("-").isdecimal() or len(text) > 19:
                raise Refusal(400, "Invalid number")
            after = int(text)
            if after <= 0 or self._cabinet(call).chats.rejects_cursor():
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
        return raw_response(body)

    @route("POST", "/api/v1/seller/message", bucket=limits.MESSAGE)
    async def message(self, call: Call) -> Response:
        """Sends a message with files."""
        fields, files = await _read_form(call)
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
        result: JsonObject = {"addTime": add_time, "chatID": chat.id}
        if self._cabinet(call).options.sign_in_answer:
            result["sign"] = chat.sign
        return json_response({"result": result, "errors": errors})

    @route("GET", "/api/v1/seller/download/{id}", bucket=limits.DOWNLOAD)
    async def download(self, call: Call) -> Response:
        """A file: 202 during moderation, 451 if it was rejected."""
        stored = self._cabinet(call).chats.files.get(call.path("id"))
        if stored is None:
            raise Refusal(400, "invalid fileID", title="invalid fileID")
        if stored.rejected:
            shape = {
                "status": 451,
                "title": "Unavailable for Legal Reasons",
                "origin": "proxy-chats",
                "detail": "moderation error",
                "requestId": replies.request_id(),
            }
            return json_response(shape, status=451, content_type=replies.PROBLEM)
        if stored.ready_at > call.now:
            return json_response({"moderationState": "pending", "retrySeconds": 30}, status=202)
        return raw_response(stored.content, content_type=stored.content_type)


async def _read_form(call: Call) -> tuple[dict[str, str], list[tuple[str, bytes]]]:
    """The fields and files of a form."""
    if not call.request.content_type.startswith("multipart/"):
        raise Refusal(400, "request Content-Type isn't multipart/form-data")
    parts = await call.parts(_MAX_FORM)
    if parts is None:
        raise Refusal(400, "multipart: NextPart: EOF")
    if any(part.is_cut for part in parts):
        raise Refusal(413, response=replies.gateway(call.now, Refusal(413)))
    files = [(part.filename or "file", part.content) for part in parts if part.name == "file"]
    try:
        fields = {p.name: p.content.decode() for p in parts if p.name not in {"", "file"}}
    except UnicodeDecodeError as error:
        raise Refusal(400, "multipart: NextPart: EOF") from error
    return fields, files
