"""A Toy that runs on a laptop: it judges requests by Toy's rules, and shares nothing with the rest
of the package, so that a misunderstanding cannot hide on both sides."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec

from wbym.testing.answers import Answer, empty_answer, json_answer
from wbym.testing.faults import Faults
from wbym.testing.server import Call, Route, SimulatorServer
from wbym.testing.spoil import Records

PAGE = 5
KEY = "seller:s3cret"
_BEGIN = datetime(2026, 5, 1, tzinfo=timezone(timedelta(hours=3)))


class ToySimulator(SimulatorServer):
    """One seller's cabinet; nothing in it is limited."""

    def __init__(
        self, *, feedbacks: int = 12, chats: int = 7, faults: Faults | None = None
    ) -> None:
        super().__init__(faults=faults)
        self._times = _moments()
        self.feedbacks = [self._feedback(number) for number in range(feedbacks)]
        self.chats: dict[str, dict[str, Any]] = {}
        self.messages: dict[str, list[dict[str, Any]]] = {}
        for number in range(chats):
            chat_id = self.arrive_message("Здравствуйте!")
            for turn in range(7):
                self._write(
                    chat_id, "buyer" if (turn + number) % 2 else "seller", f"Реплика {turn}"
                )

    def routes(self) -> list[Route]:
        chats = Records(("items",), "id", ("buyer",), ("state",))
        messages = Records(("items",), "id", ("text",), ("by",))
        feedbacks = Records(("items",), "id", ("text", "reply"), ("replyState",))
        return [
            Route("GET", "/chats", self.show_chats, records=chats),
            Route("GET", "/chats/{id}/messages", self.show_messages, records=messages),
            Route("POST", "/chats/{id}/messages", self.send),
            Route("GET", "/feedbacks", self.show_feedbacks, records=feedbacks),
            Route("POST", "/feedbacks/{id}/reply", self.reply),
        ]

    def admit(self, call: Call, route: Route) -> Answer | None:
        known = call.request.headers.get("Authorization") == f"Bearer {KEY}"
        return None if known else self.failure(call, 401)

    def failure(self, call: Call, status: int) -> Answer:
        return json_answer({"error": f"status {status}"}, status=status)

    def records(self) -> dict[str, int]:
        return {
            "chats": len(self.chats),
            "messages": sum(map(len, self.messages.values())),
            "feedbacks": len(self.feedbacks),
        }

    def arrive_message(self, text: str) -> str:
        """A buyer begins a chat."""
        chat_id = f"c{len(self.chats)}"
        self.chats[chat_id] = {"id": chat_id, "buyer": "Анна"}
        self.messages[chat_id] = []
        self._write(chat_id, "buyer", text)
        return chat_id

    async def show_chats(self, call: Call) -> Answer:
        wanted = {None: {"unread", "read"}, "true": {"unread"}, "false": {"read"}}
        states = wanted[call.query("unread")]
        return self._page(call, [c for c in self.chats.values() if c["state"] in states])

    async def show_messages(self, call: Call) -> Answer:
        found = self.messages.get(call.request.match_info["id"])
        return self.failure(call, 404) if found is None else self._page(call, found)

    async def send(self, call: Call) -> Answer:
        chat_id, text = call.request.match_info["id"], await _text(call)
        if chat_id not in self.chats:
            return self.failure(call, 404)
        if not 1 <= len(text) <= 200:
            return self.failure(call, 400)
        self._write(chat_id, "seller", text)
        self.stats.effects["message"] += 1
        return empty_answer(204)

    async def show_feedbacks(self, call: Call) -> Answer:
        answered = call.query("answered")
        return self._page(
            call,
            [
                feedback
                for feedback in self.feedbacks
                if answered is None or (feedback["reply"] is not None) == (answered == "true")
            ],
        )

    async def reply(self, call: Call) -> Answer:
        text = await _text(call)
        for feedback in self.feedbacks:
            if feedback["id"] == call.request.match_info["id"]:
                if feedback["reply"] is not None or not 3 <= len(text) <= 300:
                    return self.failure(call, 400)
                feedback.update(reply=text, replyState="shown")
                self.stats.effects["reply"] += 1
                return empty_answer(204)
        return self.failure(call, 404)

    def _page(self, call: Call, found: list[dict[str, Any]]) -> Answer:
        begin = call.query("from") or "0"
        if not begin.isdecimal():
            return self.failure(call, 400)
        end = int(begin) + PAGE
        return json_answer(
            {"items": found[int(begin) : end], "next": str(end) if end < len(found) else None}
        )

    def _feedback(self, number: int) -> dict[str, Any]:
        return {
            "id": f"f{number}",
            "at": next(self._times),
            "stars": number % 5 + 1,
            "text": "Подошло",
            "reply": "Спасибо!" if number % 3 == 0 else None,
            "replyState": "shown" if number % 3 == 0 else None,
        }

    def _write(self, chat_id: str, by: str, text: str) -> None:
        messages = self.messages[chat_id]
        message_id = f"{chat_id}-{len(messages)}"
        messages.append({"id": message_id, "at": next(self._times), "by": by, "text": text})
        self.chats[chat_id]["state"] = "unread" if by == "buyer" else "read"


def _moments() -> Iterator[str]:
    moment = _BEGIN
    while True:
        moment += timedelta(minutes=1)
        yield moment.isoformat()


async def _text(call: Call) -> str:
    return str(msgspec.json.decode(await call.request.read())["text"])
