"""The JSON of an update: what it says, laid over the card as it was read."""

from collections.abc import Mapping
from typing import Final, cast

import msgspec

from wbym_wildberries.api.card_documents import Document, Documents
from wbym_wildberries.api.card_records import (
    Card,
    CardDimensions,
    CardSize,
    CardUpdate,
    CardValue,
    Dimensions,
    SizeUpdate,
    Value,
    Wholesale,
)

__all__ = ["KeepsCard", "update_json"]


class _Shape(msgspec.Struct, frozen=True, kw_only=True):
    """Which fields of an object, or of a list's items, are typed here."""

    names: frozenset[str]
    key: str | None = None
    """What tells the items apart, where it is a list."""
    inside: "Mapping[str, _Shape]" = {}
    read_only: frozenset[str] = frozenset()


def _names(*structs: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(
        field.encode_name for struct in structs for field in msgspec.structs.fields(struct)
    )


_CARD: Final = _Shape(
    names=_names(Card, CardUpdate) - {"original"},
    inside={
        "sizes": _Shape(names=_names(CardSize, SizeUpdate), key="chrtID"),
        "characteristics": _Shape(
            names=_names(CardValue, Value), key="id", read_only=frozenset({"name"})
        ),
        "dimensions": _Shape(names=_names(CardDimensions, Dimensions)),
        "wholesale": _Shape(names=_names(Wholesale)),
        "documents": _Shape(
            names=_names(Documents),
            read_only=frozenset({"overallVerdict"}),
            inside={
                "items": _Shape(names=_names(Document), key="id", read_only=frozenset({"verdict"}))
            },
        ),
    },
)

_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw] | None)
_ITEM: Final = msgspec.json.Decoder(dict[str, object] | None)
_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw] | None)
_NULL: Final = msgspec.Raw(b"null")


def update_json(update: CardUpdate) -> bytes:
    """What is sent for one card.

    Fields that are typed here are as the update says. All others are those of ``original``, byte
    for byte: of the card, of the objects inside, and of the items of its lists, which are told
    apart by their ids, or without one by what is typed.
    """
    bare = msgspec.structs.replace(update, original=b"")
    said: dict[str, object] = msgspec.to_builtins(bare)
    if not isinstance(update.documents, Documents):
        del said["documents"]
    read = msgspec.Raw(update.original) if update.original else _NULL
    return msgspec.json.encode(_laid_over(read, said, _CARD))


class KeepsCard(msgspec.Struct, frozen=True):
    """An update neither loses what its card has nor gives it what another one has."""

    def broken(self, update: CardUpdate, /) -> str | None:
        """See :class:`wbym.calls.Rule`."""
        if not update.original:
            return None
        try:
            card = msgspec.json.decode(update.original, type=Card)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return f"must have the original of a card as Wildberries sent it ({error})"
        if card.nm_id != update.nm_id:
            return f"must have the original of card {update.nm_id}, not that of {card.nm_id}"
        return None


def _laid_over(read: msgspec.Raw, said: object, shape: _Shape) -> object:
    if said is None:
        return None
    if shape.key is None:
        return _object_over(read, cast(Mapping[str, object], said), shape)
    before: dict[bytes, list[msgspec.Raw]] = {}
    for item in _LIST.decode(read) or ():
        before.setdefault(_name(_ITEM.decode(item) or {}, shape), []).append(item)
    found: list[object] = []
    for one in cast(list[dict[str, object]], said):
        same = before.get(_name(one, shape))
        found.append(_object_over(same.pop(0) if same else _NULL, one, shape))
    return found


def _name(item: Mapping[str, object], shape: _Shape) -> bytes:
    """What tells an item of a list from the others: its id, or without one all that is typed."""
    name = item.get(shape.key or "")
    if name is None:
        typed = shape.names - shape.read_only
        name = {field: item[field] for field in typed if item.get(field) is not None}
    return msgspec.json.encode(name, order="sorted")


def _object_over(
    read: msgspec.Raw, said: Mapping[str, object], shape: _Shape
) -> Mapping[str, object]:
    before = _OBJECT.decode(read) or {}
    laid: dict[str, object] = {
        name: value for name, value in before.items() if name not in shape.names
    }
    for name, value in said.items():
        if name in shape.inside:
            laid[name] = _laid_over(before.get(name, _NULL), value, shape.inside[name])
        elif name not in shape.read_only:
            laid[name] = value
    return laid
