"""The methods of labels (tags)."""

from __future__ import annotations

import msgspec

from wbym.testing._answers import Answer, Refusal
from wbym.testing._server import Call, Handlers, Route
from wbym.testing._spoil import Records
from wbym_wildberries.simulator import replies
from wbym_wildberries.simulator.handlers_directories import SCOPE
from wbym_wildberries.simulator.limits import LABELS
from wbym_wildberries.simulator.requests import body_of
from wbym_wildberries.simulator.state import Cabinet
from wbym_wildberries.simulator.state_labels import COLORS, LONGEST, MOST, Label
from wbym_wildberries.simulator.wire import camel_with_ids

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


class LabelHandlers(Handlers[Cabinet]):
    """Serves the labels of the caller's cabinet."""

    def routes(self) -> list[Route]:
        """The table of methods."""
        base = "/content/v2"
        rows = Records(("data",), "id", (), ("color",))
        return [
            Route("GET", f"{base}/tags", self.show, LABELS, SCOPE, False, rows),
            Route("POST", f"{base}/tag", self.create, LABELS, SCOPE, True),
            Route("PATCH", f"{base}/tag/{{id}}", self.update, LABELS, SCOPE, True),
            Route("DELETE", f"{base}/tag/{{id}}", self.delete, LABELS, SCOPE, True),
            Route("POST", f"{base}/tag/nomenclature/link", self.link, LABELS, SCOPE, True),
        ]

    async def show(self, call: Call) -> Answer:
        """`GET /content/v2/tags`."""
        labels = self._cabinet(call).labels.all.values()
        return replies.content_answer(
            [{"id": label.id, "color": label.color, "name": label.name} for label in labels]
        )

    async def create(self, call: Call) -> Answer:
        """`POST /content/v2/tag`."""
        labels = self._cabinet(call).labels
        body = await _label(call)
        if labels.is_taken(body.name):
            raise Refusal(400, TAKEN)
        if len(labels.all) >= MOST:
            raise Refusal(400, TOO_MANY)
        labels.create(body.name, body.color)
        return replies.content_answer(None)

    async def update(self, call: Call) -> Answer:
        """`PATCH /content/v2/tag/{id}`: 200 with an error inside for a label that is not there."""
        cabinet = self._cabinet(call)
        label = _named(call, cabinet)
        body = await _label(call)
        if label is None:
            raise Refusal(200, replies.BAD_REQUEST)
        if body.name != label.name and cabinet.labels.is_taken(body.name):
            raise Refusal(400, TAKEN)
        cabinet.labels.update(label, body.name, body.color)
        return replies.content_answer(None)

    async def delete(self, call: Call) -> Answer:
        """`DELETE /content/v2/tag/{id}`: 200 with an error inside for a label that is not there."""
        cabinet = self._cabinet(call)
        label = _named(call, cabinet)
        if label is None:
            raise Refusal(200, NO_LABEL)
        cabinet.labels.delete(label)
        return replies.content_answer(None)

    async def link(self, call: Call) -> Answer:
        """`POST /content/v2/tag/nomenclature/link`: the card has exactly these labels then."""
        cabinet = self._cabinet(call)
        body = await body_of(call, _Link)
        number = None if body is None else cabinet.cards.find(body.nm_id)
        if body is None or number is None or len(body.tags_ids) > MOST:
            raise Refusal(400, replies.BAD_REQUEST)
        if any(identifier not in cabinet.labels.all for identifier in body.tags_ids):
            raise Refusal(400, replies.BAD_REQUEST)
        cabinet.labels.link(number, body.tags_ids)
        return replies.content_answer(None)


async def _label(call: Call) -> _Label:
    body = await body_of(call, _Label)
    if body is None or body.color not in COLORS:
        raise Refusal(400, replies.BAD_REQUEST)
    if not 1 <= len(body.name) <= LONGEST:
        text = f"Слишком длинное название ярлыка. Разрешено не более {LONGEST} символов"
        raise Refusal(400, BAD_NAME, more={"description": text})
    return body


def _named(call: Call, cabinet: Cabinet) -> Label | None:
    text = call.request.match_info["id"]
    if not (text.isascii() and text.isdigit()):
        raise Refusal(400, NO_LABEL)
    return cabinet.labels.all.get(int(text))
