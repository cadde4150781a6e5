"""Yandex Market's side: lists by their filters, chats, answers, and what writes change."""

from datetime import UTC, datetime, timedelta
from typing import Final

from tests.fuzz.places import put
from tests.fuzz.values import NOW, Tree, iso
from tests.fuzz.world import Answer, Asked, Record, World

__all__ = ["BUSINESS", "CAMPAIGN", "YandexMarketWorld"]

BUSINESS: Final = 11
CAMPAIGN: Final = 21


class YandexMarketWorld(World):
    """Records of Yandex Market that go together."""

    def envelope(self, tree: Tree) -> Tree:
        if not isinstance(tree, dict):
            return tree
        made = {name: value for name, value in tree.items() if name != "errors"}
        return made | {"status": "OK"} if "status" in made else made

    def arrange(self, name: str, records: list[Record]) -> None:
        for number, record in enumerate(records):
            record.at = NOW - timedelta(hours=5 * number + 1)
            record.flag = number % 2 == 1
            if isinstance(record.tree, dict) and record.is_good:
                self._arrange(name, record)

    def _arrange(self, name: str, record: Record) -> None:
        assert record.at is not None
        tree, at = record.tree, iso(record.at)
        match name:
            case "feedbacks.list":
                tree["createdAt"] = at
                put(tree, ("statistics", "commentsCount"), 1 if record.flag else 0)
                tree["statistics"].setdefault("rating", 5)
            case "questions.list":
                tree["createdAt"] = at
            case "feedbacks.comments" | "questions.answers":
                tree |= {"author": {"type": "BUSINESS", "name": "Shop"}, "canModify": True}
                tree |= {"status": "PUBLISHED", "text": "Спасибо"}
            case "chats.list":
                tree |= {"createdAt": at, "updatedAt": at}
                tree["status"] = "WAITING_FOR_CUSTOMER" if record.flag else "NEW"
            case "chats.history":
                tree["createdAt"] = at
            case "returns.list":
                tree |= {
                    "creationDate": at,
                    "updateDate": at,
                    "orderId": 7000 + int(str(record.id)),
                }
                tree["refundStatus"] = "REFUNDED" if record.flag else "WAITING_FOR_DECISION"
                tree["returnType"] = "RETURN"
                positions = [{"returnItemId": 900 + int(str(record.id)), "count": 1}]
                tree["items"] = [{"shopSku": "a", "count": 1, "decisions": positions}]
            case "campaigns.list":
                tree |= {"id": CAMPAIGN, "business": {"id": BUSINESS, "name": "Shop"}}
                tree["apiAvailability"] = "AVAILABLE"
                record.id = CAMPAIGN

    def special(self, asked: Asked) -> Answer | None:
        name = asked.row.name
        match name:
            case "feedbacks.list":
                found = self._of_period(asked, name, "feedbackIds", "dateTimeFrom", "dateTimeTo")
                return self.page(asked, found)
            case "questions.list":
                found = self._of_period(asked, name, "questionIds", "dateFrom", "dateTo")
                if asked.value("needAnswer"):
                    found = [record for record in found if not record.flag]
                return self.page(asked, found)
            case "feedbacks.comments" | "questions.answers":
                return self.page(asked, self._under(asked))
            case "chats.list":
                statuses = asked.value("statuses")
                found = [
                    record
                    for record in self.records(name)
                    if not statuses or record.tree.get("status") in statuses
                ]
                return self.page(asked, found)
            case "returns.list":
                statuses = (asked.value("statuses") or "").split(",")
                found = [
                    record
                    for record in self.records(name)
                    if statuses == [""] or record.tree.get("refundStatus") in statuses
                ]
                return self.page(asked, found)
            case "campaigns.list":
                return self.page(asked, self.records(name)[:1])
            case "returns.decisions":
                possible = [{"decisionType": "REFUND_MONEY"}]
                return Answer(put(self.body(name), ("result", "availableDecisions"), possible))
            case "chats.get" | "returns.get" | "chats.message":
                return self._one(asked)
            case _:
                return None

    def _of_period(self, asked: Asked, name: str, ids: str, since: str, until: str) -> list[Record]:
        wanted = asked.value(ids)
        begin, end = _moment(asked.value(since)), _moment(asked.value(until))
        if end is not None and until == "dateTo":
            end += timedelta(days=1)
        return [
            record
            for record in self.records(name)
            if record.at is not None
            and (not wanted or record.id in wanted)
            and (begin is None or record.at >= begin)
            and (end is None or record.at <= end)
        ]

    def _under(self, asked: Asked) -> list[Record]:
        """Comments of a feedback or answers to a question: only those that are answered have."""
        name = asked.row.name
        listed, key = (
            ("feedbacks.list", "feedbackId")
            if name == "feedbacks.comments"
            else ("questions.list", "questionId")
        )
        if asked.row is self.target:
            return self.records(name)
        over = {record.id for record in self.records(listed) if record.flag}
        return self.records(name) if asked.value(key) in over else []

    def _one(self, asked: Asked) -> Answer | None:
        listed, key = {
            "chats.get": ("chats.list", "chatId"),
            "returns.get": ("returns.list", "returnId"),
            "chats.message": ("chats.history", "messageId"),
        }[asked.row.name]
        for record in self.records(listed):
            if str(record.id) == str(asked.value(key)):
                return Answer(put(self.body(asked.row.name), ("result",), record.tree))
        return None

    def took(self, asked: Asked) -> None:
        super().took(asked)
        match asked.row.name:
            case "chats.send":
                self._write("chats.history", {"message": asked.value("message")})
            case "feedbacks.update_comment":
                self._answer("feedbacks", "comments", asked.value("feedbackId"), _text(asked))
            case "questions.update":
                parent = asked.value("parentEntityId") or {}
                self._answer("questions", "answers", parent.get("id"), asked.value("text"))
            case "returns.submit_decision":
                for record in self.records("returns.list"):
                    if str(record.id) == asked.path["returnId"]:
                        record.tree["refundStatus"] = "DECISION_MADE"

    def _write(self, name: str, fields: Tree) -> None:
        records = self.records(name)
        made = self.make(name, 500 + len(records))
        made.at = datetime.now(UTC)
        made.tree |= {"createdAt": iso(made.at), "sender": "PARTNER", **fields}
        records.append(made)

    def _answer(self, noun: str, answers: str, item: object, text: object) -> None:
        for record in self.records(f"{noun}.list"):
            if record.id == item:
                record.flag = True
                if noun == "feedbacks":
                    put(record.tree, ("statistics", "commentsCount"), 1)
        mine = {"author": {"type": "BUSINESS", "name": "Shop"}, "canModify": True}
        records = self.records(f"{noun}.{answers}")
        for record in records:
            record.tree |= {"text": text}
        self._write(f"{noun}.{answers}", {"text": text, "status": "PUBLISHED", **mine})


def _text(asked: Asked) -> object:
    comment = asked.value("comment")
    return comment.get("text") if isinstance(comment, dict) else asked.value("text")


def _moment(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
