"""Wildberries' side: lists by their filters, chats with their feed, and what writes change."""

from datetime import UTC, datetime, timedelta

from tests.fuzz.places import put, records_path
from tests.fuzz.values import NOW, Tree, iso
from tests.fuzz.world import Answer, Asked, Record, World
from wbym.calls import SecretText, reveal

__all__ = ["WildberriesWorld"]


class WildberriesWorld(World):
    """Records of Wildberries that go together."""

    def envelope(self, tree: Tree) -> Tree:
        if not isinstance(tree, dict):
            return tree
        nothing = {"error": False, "errorText": "", "additionalErrors": None, "errors": None}
        return {name: nothing.get(name, value) for name, value in tree.items()}

    def arrange(self, name: str, records: list[Record]) -> None:
        for number, record in enumerate(records):
            record.at = NOW - timedelta(hours=5 * number + 1)
            record.flag = number % 2 == 1
            if isinstance(record.tree, dict) and record.is_good:
                self._arrange(name, record)
        if name == "chats.events":
            records.reverse()

    def _arrange(self, name: str, record: Record) -> None:
        assert record.at is not None
        tree = record.tree
        stamp = int(record.at.timestamp() * 1000)
        if name in {"feedbacks.list", "questions.list"}:
            tree["createdDate"] = iso(record.at)
            # Whatever the schema says, an answer is where one was given.
            tree["answer"] = (
                {"text": "Спасибо", "state": "wbRu", "editable": True} if record.flag else None
            )
            tree["state"] = "wbRu" if record.flag else "suppliersPortalSynch"
        elif name == "claims.list":
            tree["dt"] = record.at.replace(tzinfo=None).isoformat()
            tree["actions"] = [] if record.flag else ["autorefund1", "approve1", "rejectcustom"]
            tree["status"] = 2 if record.flag else 0
        elif name == "chats.list":
            tree["replySign"] = f"sign-{record.id}"
            tree["lastMessage"] = {"text": "Есть?", "addTimestamp": stamp}
        elif name == "chats.events":
            chats = self.records("chats.list")
            tree["chatID"] = self.random.choice(chats).id
            tree["addTimestamp"] = stamp
            tree["sender"] = self.random.choice(["client", "client", "seller", "wb"])
            tree["eventType"], tree["isNewChat"] = "message", False

    def special(self, asked: Asked) -> Answer | None:
        name = asked.row.name
        match name:
            case "feedbacks.list" | "questions.list":
                return self.page(asked, self._chosen(asked, self.records(name)))
            case "feedbacks.archive":
                found = [record for record in self.records("feedbacks.list") if record.flag]
                return self.page(asked, found)
            case "claims.list":
                return self.page(asked, self._claims(asked))
            case "chats.events":
                return self._events(asked)
            case "feedbacks.get" | "questions.get":
                return self._one(asked, f"{name.split('.')[0]}.list")
            case "feedbacks.count" | "questions.count":
                chosen = self._chosen(asked, self.records(f"{name.split('.')[0]}.list"))
                return Answer(put(self.body(name), ("data",), len(chosen)))
            case _:
                return None

    def _chosen(self, asked: Asked, records: list[Record]) -> list[Record]:
        wanted = asked.query.get("isAnswered")
        since, until = (asked.query.get(key) for key in ("dateFrom", "dateTo"))
        chosen = [
            record
            for record in records
            if record.at is not None
            and (wanted is None or record.flag is (wanted == "true"))
            and (since is None or record.at >= _second(since))
            and (until is None or record.at < _second(until) + timedelta(seconds=1))
        ]
        return sorted(chosen, key=_time, reverse=asked.query.get("order") != "dateAsc")

    def _claims(self, asked: Asked) -> list[Record]:
        is_archive, wanted = asked.query.get("is_archive") == "true", asked.query.get("id")
        return [
            record
            for record in self.records("claims.list")
            if record.flag is is_archive and wanted in {None, record.id}
        ]

    def _events(self, asked: Asked) -> Answer | None:
        if self.endless is not None and asked.row is self.target:
            return self.page(asked, self.records("chats.events"))
        since = int(asked.query.get("next") or 0)
        later = [one for one in self.records("chats.events") if _stamp(one) > since][:3]
        answer = self.page(asked, later)
        answer.records = later
        beside: Tree = answer.tree["result"]
        beside["totalEvents"] = len(later)
        beside["next"] = _stamp(later[-1]) if later else since or int(NOW.timestamp() * 1000)
        return answer

    def _one(self, asked: Asked, listed: str) -> Answer | None:
        for record in self.records(listed):
            if record.id == asked.query.get("id"):
                return Answer(put(self.body(asked.row.name), ("data",), record.tree))
        return None

    def took(self, asked: Asked) -> None:
        super().took(asked)
        match asked.row.name:
            case "chats.send":
                sign = asked.parts.get("replySign")
                sign = reveal(sign) if isinstance(sign, SecretText) else str(sign)
                self._send(str(sign), str(asked.parts.get("message", "")))
            case "feedbacks.answer" | "feedbacks.edit_answer":
                self._answer("feedbacks.list", asked)
            case "questions.update":
                self._answer("questions.list", asked)
            case "claims.decide":
                for record in self.records("claims.list"):
                    if record.id == asked.value("id"):
                        record.flag = True
                        record.tree |= {"actions": [], "status": 2}

    def _send(self, signature: str, text: str) -> None:
        events = self.records("chats.events")
        event = self.make("chats.events", 500 + len(events))
        now = datetime.now(UTC)
        event.at = now
        event.tree |= {
            "chatID": signature.removeprefix("sign-"),
            "addTimestamp": int(now.timestamp() * 1000) + len(events),
            "sender": "seller",
            "eventType": "message",
            "isNewChat": False,
            "message": {"text": text},
        }
        events.append(event)

    def _answer(self, listed: str, asked: Asked) -> None:
        answer = asked.value("answer")
        text = answer.get("text") if isinstance(answer, dict) else asked.value("text")
        for record in self.records(listed):
            if record.id == asked.value("id"):
                record.flag = True
                state = asked.value("state") or "wbRu"
                record.tree |= {
                    "answer": {"text": text, "state": "wbRu", "editable": True},
                    "state": state,
                }

    def page(self, asked: Asked, records: list[Record]) -> Answer:
        answer = super().page(asked, records)
        if asked.row.name in {"feedbacks.list", "questions.list", "feedbacks.archive"}:
            path = records_path(asked.row)
            everything = self.records(asked.row.name.split(".")[0] + ".list")
            if self.endless is None:
                beside: Tree = answer.tree[path[0]]
                beside["countUnanswered"] = sum(not one.flag for one in everything)
                beside["countArchive"] = sum(one.flag for one in everything)
        return answer


def _second(text: str) -> datetime:
    return datetime.fromtimestamp(int(text), UTC)


def _time(record: Record) -> datetime:
    return record.at or NOW


def _stamp(record: Record) -> int:
    return int(_time(record).timestamp() * 1000)
