"""The operations of the published files: paths, parameters, replies, limits."""

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from tests.drift.shapes import UNKNOWN, Field, Shape, either, of_schema
from tests.support.published import Json, resolve

__all__ = ["Listed", "Operation", "Route", "listed", "operations", "schemas_of"]

FILES: Final = {
    "wildberries": "wildberries/*.json",
    "yandex_market": "yandex-market/openapi.json",
}
"""The files of each marketplace, without Yandex Market's notifications, which are not methods."""

_METHODS: Final = ("get", "post", "put", "patch", "delete")


class Route(NamedTuple):
    """The identity of an operation."""

    marketplace: str
    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.marketplace} {self.method} {self.path}"


class Operation(msgspec.Struct, frozen=True):
    """One operation of a published file."""

    route: Route
    document: Mapping[str, Json]
    node: Mapping[str, Json]
    servers: tuple[str, ...]
    """The operation's addresses, the sandbox's included; empty if the file has none."""

    @property
    def text(self) -> str:
        """The file's prose about the operation and its parts."""
        return " ".join(_texts(self.document, self.node, ()))

    @property
    def deprecated(self) -> bool:
        """Whether the file marks it as deprecated."""
        return self.node.get("deprecated") is True

    def parameters(self) -> Iterator[tuple[str, Field]]:
        """The parameters by their places, such as ``query.limit``."""
        for one in _list(self.node.get("parameters")):
            stated = resolve(self.document, one)
            if not isinstance(stated, Mapping):
                continue
            shape = of_schema(self.document, stated.get("schema"))
            needed, old = stated.get("required") is True, stated.get("deprecated") is True
            yield f"{stated['in']}.{stated['name']}", Field(shape, needed, old)

    def body(self) -> tuple[str, Shape] | None:
        """``body`` or ``part`` with its shape; None if nothing is sent."""
        stated = resolve(self.document, self.node.get("requestBody"))
        if not isinstance(stated, Mapping):
            return None
        contents = stated.get("content")
        if not isinstance(contents, Mapping):
            return "body", UNKNOWN
        kind = next(iter(contents))
        return ("part" if kind.startswith("multipart") else "body"), self._content(contents[kind])

    def reply(self) -> Shape:
        """The shape of a successful response."""
        found = []
        for status, stated in self.answers():
            contents = stated.get("content")
            # 202 means not ready yet.
            if status // 100 != 2 or status == 202 or not isinstance(contents, Mapping):
                continue
            if "application/json" in contents:
                found.append(self._content(contents["application/json"]))
        return either(found)

    def answers(self) -> Iterator[tuple[int, Mapping[str, Json]]]:
        """The responses by status."""
        answers = self.node.get("responses")
        assert isinstance(answers, Mapping)
        for status in sorted(answers):
            stated = resolve(self.document, answers[status])
            if status.isdigit() and isinstance(stated, Mapping):
                yield int(status), stated

    def _content(self, stated: Json) -> Shape:
        schema = stated.get("schema") if isinstance(stated, Mapping) else None
        return of_schema(self.document, schema)


class Listed(
    msgspec.Struct, frozen=True, rename={"limit_or_lower": "limit_base_token_or_subscription"}
):
    """A row of the coverage table."""

    marketplace: str
    method: str
    path: str
    required: str
    host: str
    sandbox_host: str
    token_category: str
    limit: str
    limit_or_lower: str
    cost: str

    @property
    def route(self) -> Route:
        """The operation of the row."""
        return Route(self.marketplace, self.method, self.path)


def operations(folder: Path) -> dict[Route, Operation]:
    """All operations of the files in a folder."""
    found: dict[Route, Operation] = {}
    for marketplace, pattern in FILES.items():
        paths = sorted(folder.glob(pattern))
        if not paths:
            raise FileNotFoundError(f"{folder} has no {pattern}")
        for path in paths:
            document = json.loads(path.read_text("utf-8"))
            for operation in _operations(marketplace, document):
                found[operation.route] = operation
    return found


def _operations(marketplace: str, document: Mapping[str, Json]) -> Iterator[Operation]:
    paths = document.get("paths")
    assert isinstance(paths, Mapping)
    for path, item in paths.items():
        assert isinstance(item, Mapping)
        for method in _METHODS:
            node = item.get(method)
            if not isinstance(node, Mapping):
                continue
            stated = node.get("servers") or item.get("servers") or document.get("servers")
            servers = tuple(str(one["url"]) for one in _list(stated) if isinstance(one, Mapping))
            route = Route(marketplace, method.upper(), path)
            yield Operation(route, document, node, servers)


def schemas_of(
    marketplace: str, found: Mapping[Route, Operation]
) -> dict[str, tuple[Mapping[str, Json], Json]]:
    """The named schemas of a marketplace's files, each with its file."""
    schemas: dict[str, tuple[Mapping[str, Json], Json]] = {}
    for route, operation in found.items():
        parts = operation.document.get("components")
        named = parts.get("schemas") if isinstance(parts, Mapping) else None
        if route.marketplace == marketplace and isinstance(named, Mapping):
            schemas |= {name: (operation.document, schema) for name, schema in named.items()}
    return schemas


def listed(folder: Path) -> dict[Route, Listed]:
    """The coverage table."""
    with (folder / "coverage.tsv").open(encoding="utf-8") as file:
        table = [msgspec.convert(row, Listed) for row in csv.DictReader(file, delimiter="\t")]
    return {row.route: row for row in table}


def _texts(document: Mapping[str, Json], node: Json, within: tuple[str, ...]) -> Iterator[str]:
    if isinstance(node, Mapping):
        name = str(node.get("$ref", ""))
        if name and name not in within:
            yield from _texts(document, resolve(document, node), (*within, name))
        for key, inner in node.items():
            if key in {"description", "title", "summary"} and isinstance(inner, str):
                yield re.sub(r"\s+", " ", inner)
            elif key not in {"responses", "examples", "example"}:
                yield from _texts(document, inner, within)
    for inner in _list(node):
        yield from _texts(document, inner, within)


def _list(value: Json) -> list[Json]:
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else []
