"""What each operation answers, as JSON Schema: the published one, or that of the wire type."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from tests.drift.files import Operation, Route, operations
from tests.support.published import Json
from wbym.calls import Json as JsonReply
from wbym.calls import Optional, Row

__all__ = ["Schema", "Schemas", "json_reply"]

_TEMPLATE: Final = "#/$defs/{name}"
_NOT_OF_THE_ANSWER: Final = {("GET", "/content/v2/tags")}
"""Where the published schema, unlike its example, has no list."""


class Schema(NamedTuple):
    """A schema, and the document that its references are in."""

    document: Mapping[str, Json]
    node: Json


class Schemas:
    """Schemas of one marketplace's answers.

    Args:
        marketplace: Whose.
        folder: The folder of the published files; without it wire types are used.
    """

    def __init__(self, marketplace: str, folder: Path | None) -> None:
        self._marketplace = marketplace
        self._published: Mapping[Route, Operation] = {} if folder is None else operations(folder)
        self._known: dict[tuple[str, str], Schema | None] = {}

    def answer(self, row: Row) -> Schema | None:
        """The body that a success has; None where it has none."""
        key = (row.method, row.path)
        if key not in self._known:
            self._known[key] = self._of_file(row) or _of_wire(row)
        return self._known[key]

    def status(self, row: Row) -> int:
        """The status that a success has."""
        operation = self._published.get(Route(self._marketplace, row.method, row.path))
        if operation is not None:
            for status, _ in operation.answers():
                if status // 100 == 2 and status != 202:
                    return status
        return 204 if json_reply(row) is None and not row.is_download else 200

    def _of_file(self, row: Row) -> Schema | None:
        operation = self._published.get(Route(self._marketplace, row.method, row.path))
        if (row.method, row.path) in _NOT_OF_THE_ANSWER:
            return None
        if operation is None or json_reply(row) is None:
            return None
        for status, stated in operation.answers():
            contents = stated.get("content")
            if status // 100 != 2 or status == 202 or not isinstance(contents, Mapping):
                continue
            content = contents.get("application/json")
            if isinstance(content, Mapping) and content.get("schema") is not None:
                return Schema(operation.document, content["schema"])
        return None


def json_reply(row: Row) -> JsonReply[object, object] | None:
    """What an answer's JSON is decoded as; None where it has none."""
    reply = row.endpoint.reply
    inner = reply.reply if isinstance(reply, Optional) else reply
    return inner if isinstance(inner, JsonReply) else None


def _of_wire(row: Row) -> Schema | None:
    reply = json_reply(row)
    if reply is None:
        return None
    (schema,), parts = msgspec.json.schema_components(
        [reply.wire], ref_template=_TEMPLATE, schema_hook=lambda _: {"type": "string"}
    )
    return Schema({"$defs": parts}, schema)
