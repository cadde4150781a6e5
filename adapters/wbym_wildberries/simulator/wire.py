"""How Wildberries writes the names of fields."""

from __future__ import annotations

_CAPITALS = {"id": "ID", "ids": "IDs", "imt": "IMT", "uuid": "UUID"}


def camel_with_ids(name: str) -> str:
    """The name of a field in the older services: `nmID`, where newer ones have `nmId`."""
    first, *rest = name.split("_")
    return first + "".join(_CAPITALS.get(part, part.capitalize()) for part in rest)
