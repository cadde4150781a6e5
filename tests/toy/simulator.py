"""A Toy that runs on a laptop: it judges requests by Toy's rules, and shares nothing with the rest
of the package, so that a misunderstanding cannot hide on both sides."""

from datetime import datetime, timedelta, timezone
from itertools import count
from typing import Any, TypeAlias

import msgspec

from wbym.testing import (
    Buyers,
    Call,
    RecordFields,
    Refusal,
    Response,
    Route,
    SimulatorServer,
    empty_response,
    json_response,
    route,
)

Json: TypeAlias = dict[str, Any]

PAGE = 5
CHATS = RecordFields(("items",), "id", ("buyer",), ("state",))
MESSAGES = RecordFields(("items",), "id", ("text",), ("by",))
FEEDBACKS = RecordFields(("items",), "id", ("text", "reply"), ("replyState",))
KEY = "seller:s3cret"
_BEGIN = datetime(2026, 5, 1, tzinfo=timezone(timedelta(hours=3)))


class ToySimulator(SimulatorServer):
    """One seller's cabinet, without limits."""

    def __init__(self, *, feedbacks: int = 12, chats: int = 7) -> None:
        super().__init__()
        self._minutes = count(1)
        self.feedbacks = {f"f{number}": self._feedback(number) for number in range(feedbacks)}
        self.chats: dict[str, Json] = {}
        self.messages: dict[str, list[Json]] = {}
        for number in range(chats):
            chat_id = self.arrive_message("Здравствуйте!")
            for turn in range(7):
                self._write(chat_id, ("seller", "buyer")[(turn + number) % 2], f"Реплика {turn}")

    def admit(self, call: Call, route: Route) -> None:
        if call.request.headers.get("Authorization") != f"Bearer {KEY}":
            raise Refusal(401)

    def refuse(self, call: Call, refusal: Refusal, route: Route | None) -> Response:
        return json_response({"error": f"status {refusal.status}"}, status=refusal.status)

    def arrive_message(self, text: str) -> str:
        """A buyer begins a chat."""
        chat_id = f"c{len(self.chats)}"
        self.chats[chat_id] = {"id": chat_id, "buyer": "Анна"}
        self.messages[chat_id] = []
        self._write(chat_id, "buyer", text)
        return chat_id

    @property
    def buyers(self) -> "ToyBuyers":
        return ToyBuyers(self)

    @route("GET", "/chats", records=CHATS)
    async def show_chats(self, call: Call) -> Response:
        unread = {"true": "unread", "false": "read"}.get(call.query("unread") or "")
        return self._page(call, [c for c in self.chats.values() if unread in {None, c["state"]}])

    @route("GET", "/chats/{id}/messages", records=MESSAGES)
    async def show_messages(self, call: Call) -> Response:
        found = self.messages.get(call.path("id"))
        if found is None:
            raise Refusal(404)
        return self._page(call, found)

    @route("POST", "/chats/{id}/messages")
    async def send(self, call: Call) -> Response:
        chat_id, text = call.path("id"), await _text(call)
        if chat_id not in self.chats:
            raise Refusal(404)
        if not 1 <= len(text) <= 200:
            raise Refusal(400)
        self._write(chat_id, "seller", text)
        self.stats.effects["message"] += 1
        return empty_response(204)

    @route("GET", "/feedbacks", records=FEEDBACKS)
    async def show_feedbacks(self, call: Call) -> Response:
        state = {"true": "shown", "false": "none"}.get(call.query("answered") or "")
        found = [f for f in self.feedbacks.values() if state in {None, f["replyState"] or "none"}]
        return self._page(call, found)

    @route("GET", "/feedbacks/{id}")
    async def show_feedback(self, call: Call) -> Response:
        found = self.feedbacks.get(call.path("id"))
        if found is None:
            raise Refusal(404)
        return json_response(found)

    @route("POST", "/feedbacks/{id}/reply")
    async def reply(self, call: Call) -> Response:
        text, found = await _text(call), self.feedbacks.get(call.path("id"))
        if found is None:
            raise Refusal(404)
        if found["reply"] or not 3 <= len(text) <= 300:
            raise Refusal(400)
        found.update(reply=text, replyState="shown")
        self.stats.effects["reply"] += 1
        return empty_response(204)

    def _page(self, call: Call, found: list[Json]) -> Response:
        begin = call.query("from") or "0"
        if not begin.isdecimal():
            raise Refusal(400)
        end = int(begin) + PAGE
        following = str(end) if end < len(found) else None
        return json_response({"items": found[int(begin) : end], "next": following})

    def _feedback(self, number: int) -> Json:
        reply, state = ("Спасибо!", "shown") if number % 3 == 0 else (None, None)
        feedback = {"id": f"f{number}", "at": self._moment(), "stars": number % 5 + 1}
        return {**feedback, "text": "Подошло", "reply": reply, "replyState": state}

    def _write(self, chat_id: str, by: str, text: str) -> None:
        messages = self.messages[chat_id]
        message_id = f"{chat_id}-{len(messages)}"
        messages.append({"id": message_id, "at": self._moment(), "by": by, "text": text})
        self.chats[chat_id]["state"] = "unread" if by == "buyer" else "read"

    def _moment(self) -> str:
        return (_BEGIN + timedelta(minutes=next(self._minutes))).isoformat()


class ToyBuyers(Buyers):
    def __init__(self, toy: ToySimulator) -> None:
        self._toy = toy

    def write(self, text: str, *, chat: str | None = None) -> str:
        return self._toy.arrive_message(text)


async def _text(call: Call) -> str:
    return str(msgspec.json.decode(await call.request.read())["text"])
