"""The methods of labels (tags)."""

from __future__ import annotations

import msgspec

from wbym.testing import Call, Handlers, RecordFields, Refusal, Response, route
from wbym_wildberries.simulator import replies
from wbym_wildberries.simulator.handlers_directories import SCOPE
from wbym_wildberries.simulator.limits import LABELS
from wbym_wildberries.simulator.requests import body_of, camel_with_ids, digits
from wbym_wildberries.simulator.state import Cabinet
from wbym_wildberries.simulator.state_labels import COLORS, MAX_LABELS, MAX_NAME_LENGTH, Label

NO_LABEL = "Такого ярлыка не существует"
TAKEN = "Ярлык с таким именем уже существует"
TOO_MANY = "Исчерпан лимит на создание ярлыков"
BAD_NAME = "Недопустимое значение наименования ярлыка"


class _Label(msgspec.Struct):
    name: str = ""
    color: str = ""


class _Link(msgspec.Struct, rename=camel_with_ids):
    nm_id: int
    tags_ids: list[int]


class LabelHandlers(Handlers[Cabinet], bucket=LABELS, scope=SCOPE):
    """Serves the labels of the caller's cabinet."""

    @route("GET", "/content/v2/tags", records=RecordFields(("data",), "id", (), ("color",)))
    async def show(self, call: Call) -> Response:
        """All labels."""
        return replies.content_response([*self._cabinet(call).labels.all.values()])

    @route("POST", "/content/v2/tag")
    async def create(self, call: Call) -> Response:
        """Creates a label."""
        labels = self._cabinet(call).labels
        body = await _label(call)
        if labels.is_taken(body.name):
            raise Refusal(400, TAKEN)
        if len(labels.all) >= MAX_LABELS:
            raise Refusal(400, TOO_MANY)
        labels.create(body.name, body.color)
        return replies.content_response(None)

    @route("PATCH", "/content/v2/tag/{id}")
    async def update(self, call: Call) -> Response:
        """Changes a label: 200 with an error inside if it does not exist."""
        cabinet = self._cabinet(call)
        label = _named(call, cabinet)
        body = await _label(call)
        if label is None:
            raise Refusal(200, replies.BAD_REQUEST)
        if body.name != label.name and cabinet.labels.is_taken(body.name):
            raise Refusal(400, TAKEN)
        cabinet.labels.update(label, body.name, body.color)
        return replies.content_response(None)

    @route("DELETE", "/content/v2/tag/{id}")
    async def delete(self, call: Call) -> Response:
        """Deletes a label: 200 with an error inside if it does not exist."""
        cabinet = self._cabinet(call)
        label = _named(call, cabinet)
        if label is None:
            raise Refusal(200, NO_LABEL)
        cabinet.labels.delete(label)
        return replies.content_response(None)

    @route("POST", "/content/v2/tag/nomenclature/link")
    async def link(self, call: Call) -> Response:
        """Sets all labels of a card."""
        cabinet = self._cabinet(call)
        body = await body_of(call, _Link, Refusal(400, replies.BAD_REQUEST))
        number = cabinet.cards.find(body.nm_id)
        if number is None or len(body.tags_ids) > MAX_LABELS:
            raise Refusal(400, replies.BAD_REQUEST)
        if any(identifier not in cabinet.labels.all for identifier in body.tags_ids):
            raise Refusal(400, replies.BAD_REQUEST)
        cabinet.labels.link(number, body.tags_ids)
        return replies.content_response(None)


async def _label(call: Call) -> _Label:
    body = await body_of(call, _Label, Refusal(400, replies.BAD_REQUEST))
    if body.color not in COLORS:
        raise Refusal(400, replies.BAD_REQUEST)
    if not 1 <= len(body.name) <= MAX_NAME_LENGTH:
        text = f"Слишком длинное название ярлыка. Разрешено не более {MAX_NAME_LENGTH} символов"
        raise Refusal(400, BAD_NAME, more={"description": text})
    return body


def _named(call: Call, cabinet: Cabinet) -> Label | None:
    identifier = digits(call.path("id"))
    if identifier is None:
        raise Refusal(400, NO_LABEL)
    return cabinet.labels.all.get(identifier)
