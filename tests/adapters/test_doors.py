"""Only rows call a marketplace: nothing else in an adapter does."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from wbym_wildberries import api as wildberries
from wbym_yandex_market import api as yandex_market

ADAPTERS = Path(__file__).parents[2] / "adapters"
SOURCES = {
    str(path.relative_to(ADAPTERS)): path.read_text("utf-8")
    for path in ADAPTERS.rglob("*.py")
    if "simulator" not in path.parts
}

FILES_BY_ADDRESS = {
    ("wbym_yandex_market/_dialect.py", "Endpoint"),
    ("wbym_yandex_market/_reading/files.py", "pipeline.download"),
}
"""Buyers' files, at addresses from Market's records: not an operation with a fixed path."""


def _doors(source: str) -> Iterator[str]:
    """The places where a source creates an endpoint or calls the pipeline."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func).replace("[", ".").split(".")
        if called[-1] in {"call", "download"} and called[-2:-1] in (["pipeline"], ["_pipeline"]):
            yield f"pipeline.{called[-1]}"
        if "Endpoint" in called or called[-1] == "_make":
            yield called[-1] if called[-1] == "_make" else "Endpoint"


def test_only_rows_call_a_marketplace() -> None:
    found = {(name, door) for name, source in SOURCES.items() for door in _doors(source)}
    assert found == FILES_BY_ADDRESS


@pytest.mark.parametrize(
    ("source", "door"),
    [
        ("await self._pipeline.call(endpoint)", "pipeline.call"),
        ("x = api._pipeline.with_max_wait(1).call", None),
        ("pipeline.download(endpoint, path={})", "pipeline.download"),
        ("Endpoint[bytes](name='x')", "Endpoint"),
        ("calls.Endpoint(name='x')", "Endpoint"),
        ("group._make(endpoint, arguments)", "_make"),
    ],
)
def test_calls_outside_rows_are_detected(source: str, door: str | None) -> None:
    tree = source if not source.startswith("await") else f"async def f():\n    {source}"
    assert list(_doors(tree)) == ([] if door is None else [door])


@pytest.mark.parametrize("api", [wildberries, yandex_market], ids=lambda api: api.__name__)
def test_each_path_is_stated_by_its_row(api: object) -> None:
    package = api.__name__.partition(".")[0]  # type: ignore[attr-defined]
    rows = list(api.operations())  # type: ignore[attr-defined]
    names = [endpoint.name for row in rows for endpoint in row.endpoints.values()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+(\.[a-z_]+)+", name) for name in names)
    assert len({(row.method, row.path) for row in rows}) == len(rows)
    outside = [
        text for name, text in SOURCES.items() if name.startswith(package) and "/api/" not in name
    ]
    for row in rows:
        assert not any(f'"{row.path}"' in text for text in outside), row.name


def test_idempotent_writes() -> None:
    """Writes that replace a whole, find an existing record, or repeat a skip."""
    rows = [*wildberries.operations(), *yandex_market.operations()]
    again = {row.name for row in rows if row.endpoint.writes and row.endpoint.idempotent}
    assert again == {
        "warehouses.set_contacts",
        "inventory.update",
        "chats.new",
        "feedbacks.skip_reaction",
    }
    assert all(row.endpoint.idempotent for row in rows if not row.endpoint.writes)
    once = {row.name for row in rows if row.endpoint.single_attempt}
    assert once == {"general.ping"}
