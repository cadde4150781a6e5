"""Documents of cards, which are overwritten and checked later.

The values of a verdict are not published; those here are the simulator's own.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast

import msgspec

from wbym.testing import JsonObject
from wbym_wildberries.simulator import data_directories as directories
from wbym_wildberries.simulator.context import Context
from wbym_wildberries.simulator.data_cards import APPROVED
from wbym_wildberries.simulator.state_cards import Cards

REJECTED = "rejected"
TYPES = frozenset({1, 2, 3, 4, 5, 7, 8, 9})
NO_DOCUMENT = "Документ не найден в карточке товара"
NO_TYPE = "Недопустимый тип документа"
_FIRST_ID = 9_000_001


class Document(msgspec.Struct, rename="camel"):
    """A permit in a request; read-only fields are ignored."""

    type: int = 0
    number: str = ""
    product_number: str = ""
    trade_name: str = ""
    applicant: str = ""
    start_date: str = ""
    end_date: str = ""
    is_endless: bool = False
    id: int | None = None


class Documents(msgspec.Struct, rename="camel"):
    """All permits of a card in a request."""

    items: list[Document] = []
    exclude_documents: bool = False


class Permits:
    """The documents of one cabinet's cards.

    Attributes:
        blocked: Cards that are not sold because they lack a permit.
    """

    def __init__(self, cards: Cards, context: Context) -> None:
        """No card is blocked."""
        self._cards = cards
        self._delay = context.options.document_delay
        self._context = context
        self._next_id = _FIRST_ID
        self._checks: dict[int, int] = {}
        self.blocked: set[int] = set()

    # Writing.

    def problems(self, sent: Documents | None, number: int | None) -> list[str]:
        """Errors of documents that were sent.

        Args:
            sent: The documents.
            number: The card that is overwritten; None for a new one.
        """
        if sent is None or sent.exclude_documents:
            return []
        before = None if number is None else self._cards.load(number).get("documents")
        known = _by_id(before)
        found: list[str] = []
        if any(one.id is not None and one.id not in known for one in sent.items):
            found.append(NO_DOCUMENT)
        if any(one.type not in TYPES for one in sent.items):
            found.append(NO_TYPE)
        return found

    def overwritten(self, before: object, sent: Documents) -> JsonObject:
        """The whole object of the card after it is written.

        A document with an id is changed, one without is new, one that was not sent is deleted. A
        changed document has no verdict until it is checked.
        """
        known = _by_id(before)
        sent_items = [] if sent.exclude_documents else sent.items
        items = [self._item(one, known.get(one.id or 0)) for one in sent_items]
        after: JsonObject = {"items": items, "excludeDocuments": sent.exclude_documents}
        if isinstance(before, dict) and "overallVerdict" in before:
            same = (
                len(items) == len(known)
                and all("verdict" in one for one in items)
                and before["excludeDocuments"] == sent.exclude_documents
            )
            if same:
                after["overallVerdict"] = before["overallVerdict"]
        return after

    def _item(self, sent: Document, before: JsonObject | None) -> JsonObject:
        item: JsonObject = msgspec.to_builtins(sent)
        if sent.id is None:
            item["id"] = self._next_id
            self._next_id += 1
        elif before is not None and "verdict" in before:
            same = all(before.get(name) == value for name, value in item.items())
            if same:
                item["verdict"] = before["verdict"]
        return item

    # Checking.

    def check_later(self, number: int) -> None:
        """Checks a written card after the delay, which may be 0."""
        turn = self._checks[number] = self._checks.get(number, 0) + 1
        self._context.after(self._delay, lambda: self._check(number, turn))

    def _check(self, number: int, turn: int) -> None:
        if self._checks[number] != turn or number not in self._cards.live:
            return
        record = self._cards.load(number)
        documents = record.get("documents")
        verdict = REJECTED
        if isinstance(documents, dict):
            for one in documents["items"]:
                one.setdefault("verdict", APPROVED if self._is_valid(one) else REJECTED)
            marked = bool(record.get("kizMarked")) or not record.get("needKiz")
            approved = all(one["verdict"] == APPROVED for one in documents["items"])
            verdict = APPROVED if approved and marked else REJECTED
            documents["overallVerdict"] = verdict
            if documents != self._cards.load(number).get("documents"):
                self._cards.save(number, record)
                self._context.effects["card_verdict"] += 1
        self._block(number, is_permitted=self._is_permitted(record, verdict))

    def _is_permitted(self, record: JsonObject, verdict: str) -> bool:
        if not directories.needs_permit(cast(int, record["subjectID"])):
            return True
        documents = record.get("documents")
        if not isinstance(documents, dict):
            return False
        return verdict == APPROVED and bool(documents["items"] or documents["excludeDocuments"])

    def _is_valid(self, document: JsonObject) -> bool:
        if document.get("isEndless"):
            return True
        try:
            end = datetime.fromisoformat(str(document.get("endDate")))
        except ValueError:
            return False
        end = end if end.tzinfo is not None else end.replace(tzinfo=UTC)
        return end.timestamp() > self._context.now()

    def _block(self, number: int, *, is_permitted: bool) -> None:
        if is_permitted and number in self.blocked:
            self.blocked.remove(number)
            self._context.effects["card_unblocked"] += 1
        elif not is_permitted and number not in self.blocked:
            self.blocked.add(number)
            self._context.effects["card_blocked"] += 1


def _by_id(documents: object) -> dict[int, JsonObject]:
    items = documents.get("items") if isinstance(documents, dict) else None
    return {one["id"]: one for one in items or ()}
