"""Feedbacks and questions of one cabinet, and the rules of answering them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from wbym.testing import JsonObject, PageCache
from wbym_wildberries.simulator.context import Context
from wbym_wildberries.simulator.dates import DAY, moscow_time, utc_time
from wbym_wildberries.simulator.record_store import RecordStore

EDIT_WINDOW = 60 * DAY
_CACHE = 512 * 1024 * 1024


class DatedRecords:
    """Feedbacks or questions of one cabinet."""

    def __init__(self, store: RecordStore, context: Context) -> None:
        self.store = store
        self.pages = PageCache(_CACHE)
        self._context = context

    @property
    def open_count(self) -> int:
        """Number of open ones."""
        return len(self.store.lists[False])

    @property
    def archive_count(self) -> int:
        """Number of processed ones."""
        return len(self.store.lists[True])

    def open_today(self) -> int:
        """Number of open ones that were created today, by Moscow time."""
        midnight = int((self._context.now() + 3 * 3600) // DAY * DAY - 3 * 3600)
        _, low, high = self.store.select(processed=False, date_from=midnight)
        return high - low

    def has_unseen(self) -> bool:
        """Whether one of the open ones was not viewed."""
        return any(not self.store.load(n)["wasViewed"] for n in reversed(self.store.lists[False]))

    def get(self, identifier: str) -> JsonObject | None:
        """A copy of one record; None if it does not exist."""
        number = self.store.find(identifier)
        return None if number is None else self.store.load(number)

    def raw(self, identifier: str) -> bytes | None:
        """JSON of one record; None if it does not exist."""
        number = self.store.find(identifier)
        return None if number is None else self.store.raw(number)

    def hide(self, identifier: str) -> None:
        """Hides a record from every list, as a late index does; `show` brings it back."""
        number = self.store.find(identifier)
        if number is not None:
            self.store.hide(number)
            self.pages.clear()

    def show(self, identifier: str) -> None:
        """Brings back a hidden record."""
        number = self.store.ids.number(identifier)
        if number is not None:
            self.store.show(number)
            self.pages.clear()

    def _save(self, number: int, record: JsonObject) -> None:
        self.store.save(number, record)
        self.pages.clear()

    def _change_answer(self, number: int, **values: object) -> Callable[[], None]:
        def change() -> None:
            record = self.store.load(number)
            answer = record["answer"]
            if isinstance(answer, dict):
                answer.update(values)
                self._save(number, record)

        return change


def _answer_of(record: JsonObject) -> JsonObject | None:
    answer = record.get("answer")
    return answer if isinstance(answer, dict) and answer.get("text") else None


class Feedbacks(DatedRecords):
    """The feedbacks of one cabinet."""

    def answer(self, identifier: str, text: str) -> bool:
        """Answers a feedback once; False if that had no effect."""
        number = self.store.find(identifier)
        record = {} if number is None else self.store.load(number)
        if number is None or _answer_of(record) is not None:
            self._context.ignored["answer"] += 1
            return False
        self._put(number, record, text, editable=True)
        self._context.at(
            self._context.now() + EDIT_WINDOW, self._change_answer(number, editable=False)
        )
        self.store.process(number)
        self._context.write("answer", identifier, text)
        return True

    def edit(self, identifier: str, text: str) -> bool:
        """Edits an answer, once within 60 days; False if that had no effect."""
        number = self.store.find(identifier)
        record = {} if number is None else self.store.load(number)
        answer = _answer_of(record)
        if number is None or answer is None or not answer.get("editable"):
            self._context.ignored["edit"] += 1
            return False
        self._put(number, record, text, editable=False)
        self._context.write("edit", identifier, text)
        return True

    def _put(self, number: int, record: JsonObject, text: str, *, editable: bool) -> None:
        waits = self._context.options.moderation > 0
        state = "reviewRequired" if waits else "wbRu"
        record["answer"] = {"text": text, "state": state, "editable": editable}
        record["state"] = "wbRu"
        record["wasViewed"] = True
        self._save(number, record)
        if waits:
            end = self._context.now() + self._context.options.moderation
            self._context.at(end, self._publish(number, text))

    def _publish(self, number: int, text: str) -> Callable[[], None]:
        def publish() -> None:
            record = self.store.load(number)
            answer = record["answer"]
            waiting = isinstance(answer, dict) and answer.get("state") == "reviewRequired"
            if waiting and isinstance(answer, dict) and answer.get("text") == text:
                answer["state"] = "wbRu"
                self._save(number, record)

        return publish

    def reject_answer(self, identifier: str) -> None:
        """Moderation rejects the seller's answer.

        Raises:
            KeyError: The feedback does not exist.
        """
        number = self.store.find(identifier)
        if number is None:
            raise KeyError(identifier)
        self._change_answer(number, state="rejected")()

    def ask_return(self, identifier: str) -> Literal["done", "unknown", "unable", "repeated"]:
        """Asks the buyer to return the item."""
        number = self.store.find(identifier)
        if number is None:
            return "unknown"
        record = self.store.load(number)
        if not record["isAbleReturnProductOrders"]:
            return "repeated" if record["returnProductOrdersDate"] else "unable"
        record["isAbleReturnProductOrders"] = False
        record["returnProductOrdersDate"] = utc_time(int(self._context.now())).decode()
        self._save(number, record)
        self._context.effects["return"] += 1
        return "done"

    def arrive(self, record: JsonObject, *, nm_id: int, created: int) -> str:
        """Adds an open feedback; a date in the past is a feedback that was indexed late."""
        dated = {
            **record,
            "createdDate": moscow_time(created).decode(),
            "lastOrderCreatedAt": moscow_time(created - 5 * DAY).decode(),
            "parentFeedbackId": None,
            "childFeedbackId": None,
        }
        identifier = self.store.add(dated, created=created, nm_id=nm_id)
        self.pages.clear()
        return identifier


class Questions(DatedRecords):
    """The questions of one cabinet."""

    def view(self, identifier: str, *, viewed: bool) -> bool:
        """Marks a question as viewed; False if it does not exist."""
        number = self.store.find(identifier)
        if number is None:
            return False
        record = self.store.load(number)
        record["wasViewed"] = viewed
        self._save(number, record)
        self._context.effects["question_view"] += 1
        return True

    def reject(self, identifier: str, text: str) -> Literal["done", "unknown", "rejected"]:
        """Rejects an open question."""
        number = self.store.find(identifier)
        if number is None:
            return "unknown"
        record = self.store.load(number)
        if record["state"] != "suppliersPortalSynch":
            return "rejected"
        record.update(state="none", wasViewed=True)
        self._save(number, record)
        self.store.process(number)
        self._context.write("question_reject", identifier, text)
        return "done"

    def answer(self, identifier: str, text: str) -> Literal["done", "unknown", "rejected"]:
        """Answers a question, or edits the answer once within 60 days."""
        number = self.store.find(identifier)
        if number is None:
            return "unknown"
        record = self.store.load(number)
        before = _answer_of(record)
        now = self._context.now()
        if before is None:
            date = utc_time(int(now)).decode()[:-1] + ".118703704Z"
            record["answer"] = {"text": text, "editable": True, "createDate": date}
            self._context.at(now + EDIT_WINDOW, self._change_answer(number, editable=False))
        elif before.get("editable"):
            before.update(text=text, editable=False)
        else:
            return "rejected"
        record.update(state="wbRu", wasViewed=True)
        self._save(number, record)
        self.store.process(number)
        kind = "question_answer" if before is None else "question_edit"
        self._context.write(kind, identifier, text)
        return "done"

    def arrive(self, record: JsonObject, *, nm_id: int, created: int) -> str:
        """Adds an open question."""
        date = utc_time(created).decode()[:-1] + ".769513469Z"
        dated = {**record, "createdDate": date, "answer": None}
        identifier = self.store.add(dated, created=created, nm_id=nm_id)
        self.pages.clear()
        return identifier
