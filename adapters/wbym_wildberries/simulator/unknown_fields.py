"""Fields of cards that a later Wildberries has and this simulator does not know.

A test gives them to a card. An update overwrites them like all others: one that is not sent is
lost. A field that the card does not have is ignored, as Wildberries ignores unknown fields.
"""

from __future__ import annotations

from collections.abc import Mapping

from wbym.testing import JsonObject

_CARD = frozenset(
    {
        *("nmID", "imtID", "nmUUID", "subjectID", "subjectName", "needKiz", "photos", "video"),
        *("tags", "createdAt", "updatedAt", "vendorCode", "brand", "title", "description"),
        *("kizMarked", "wholesale", "dimensions", "characteristics", "sizes", "documents", "gtin"),
    }
)
_OBJECTS = {
    "dimensions": frozenset({"length", "width", "height", "weightBrutto", "isValid"}),
    "wholesale": frozenset({"enabled", "quantum"}),
    "documents": frozenset({"items", "excludeDocuments", "overallVerdict"}),
}
_DOCUMENT = frozenset(
    {
        *("type", "number", "productNumber", "tradeName", "applicant", "startDate", "endDate"),
        *("isEndless", "id", "verdict"),
    }
)
_SIZE = frozenset({"chrtID", "techSize", "wbSize", "skus"})
_VALUE = frozenset({"id", "name", "value"})


def overwrite_unknown_fields(record: JsonObject, before: JsonObject, sent: JsonObject) -> None:
    """Adds to a written card the unknown fields that it had before and that were sent.

    Args:
        record: The written card without those fields.
        before: The card before the update.
        sent: The update as received.
    """
    _overwrite(record, before, sent, _CARD)
    for name, known in _OBJECTS.items():
        if name in record:
            _overwrite(record[name], before.get(name), sent.get(name), known)
    _overwrite_items(record, before, sent, "sizes", "chrtID", _SIZE)
    _overwrite_items(record, before, sent, "characteristics", "id", _VALUE)
    if "documents" in record:
        old, new = before.get("documents"), sent.get("documents")
        _overwrite_items(record["documents"], old, new, "items", "id", _DOCUMENT)


def _overwrite(record: object, before: object, sent: object, known: frozenset[str]) -> None:
    if not (isinstance(record, dict) and isinstance(before, dict) and isinstance(sent, dict)):
        return
    for name in before.keys() - known:
        record.pop(name, None)
        if name in sent:
            record[name] = sent[name]


def _overwrite_items(
    record: object, before: object, sent: object, name: str, key: str, known: frozenset[str]
) -> None:
    old, new = _by_key(before, name, key), _by_key(sent, name, key)
    for number, item in _by_key(record, name, key).items():
        _overwrite(item, old.get(number), new.get(number), known)


def _by_key(holder: object, name: str, key: str) -> Mapping[object, object]:
    items = holder.get(name) if isinstance(holder, dict) else None
    return {item[key]: item for item in items or () if isinstance(item, dict) and key in item}
