"""Log records, and their description in docs/observability.md."""

import ast
import logging
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import cast, get_type_hints

import pytest

from tests.support.fakes import json_response, pipeline
from tests.support.items import READ
from tests.toy import Toy, ToySimulator
from tests.toy.simulator import KEY
from wbym.calls import Response, TransportError
from wbym.observe import LogFacts

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "observability.md"
LOUDNESS = {"debug", "info", "warning", "error", "exception", "critical", "log"}
NOTHING_KNOWN = {
    "wbym/observe.py": 1,
    "wbym/cli/listen_server.py": 1,
    "wbym/feed/_consumer.py": 1,
    "wbym/feed/_feed.py": 1,
    "wbym/feed/_outbox.py": 1,
    "wbym/feed/_patience.py": 2,
    "wbym/feed/_postgres.py": 1,
    "wbym/feed/_schema.py": 1,
    "wbym/feed/_sqlite.py": 1,
    "wbym/inbox/_dispatch.py": 2,
    "wbym/inbox/_handlers.py": 1,
}
"""Log calls without an account: of observers, of feed and outbox as a whole, of stores, of
handlers, of connections."""


class TestRecords:
    @pytest.mark.looptime
    async def test_records_when_a_call_is_retried(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO, "wbym")
        lost = TransportError("", sent=True, timeout=True)
        calls, _, _ = pipeline(Response(429, {"retry": "7"}), lost, json_response({"id": 1}))
        await calls.call(READ)
        known = {"marketplace": "toy", "account": "shop", "endpoint": "items.read"}
        assert [(record.name, _extras(record)) for record in caplog.records] == [
            ("wbym.limits", {"marketplace": "toy", "bucket": "toy/seller/usual/items"}),
            ("wbym.calls", {**known, "status": 429, "attempt": 1}),
            ("wbym.calls", {**known, "status": None, "attempt": 2}),
        ]

    async def test_record_when_something_is_undecodable(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with (
            ToySimulator() as simulator,
            Toy(KEY, name="shop", base_url=simulator.url) as shop,
        ):
            simulator.faults.next("/feedbacks", "bad_record")
            await shop.feedbacks().all()
        (record,) = caplog.records
        assert record.name == "wbym.toy"
        known = {"marketplace": "toy", "account": "shop", "endpoint": "feedbacks.list"}
        assert _extras(record) == known


class TestCode:
    def test_log_calls_have_the_facts(self) -> None:
        """Each log call has the known facts, by the names of ``LogFacts``."""
        silent: Counter[str] = Counter()
        for name, call in _calls():
            if call.func.attr in LOUDNESS and ast.unparse(call.func.value) in {"_log", "logger"}:
                extra = next((it.value for it in call.keywords if it.arg == "extra"), None)
                assert not isinstance(extra, ast.Dict), f"{name}:{call.lineno}: use LogFacts"
                silent[name] += extra is None
        assert +silent == NOTHING_KNOWN

    def test_loggers_are_documented(self) -> None:
        """Each is documented."""
        documented = set(re.findall(r"^\| `([\w.]+)` \|", _section("## Log records"), re.MULTILINE))
        found = {
            call.args[0].value
            for _, call in _calls()
            if call.func.attr == "getLogger" and isinstance(call.args[0], ast.Constant)
        }
        assert found - {"wbym"} == documented  # the command line fetches it to silence it

    def test_opentelemetry_is_imported_in_one_module(self) -> None:
        """One module imports it, and no module imports that one."""
        for name, tree in _modules():
            for node in ast.walk(tree):
                if isinstance(node, ast.Import | ast.ImportFrom) and name != "wbym/otel.py":
                    assert "otel" not in ast.unparse(node)
                    assert "opentelemetry" not in ast.unparse(node)


class TestDocumentation:
    def test_facts_when_they_are_documented(self) -> None:
        rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", _section("<!-- facts -->"), re.MULTILINE)
        assert {name: kinds.replace("`", "").replace(", ", " | ") for name, kinds in rows} == {
            name: kind.__name__ if isinstance(kind, type) else str(kind)
            for name, kind in get_type_hints(LogFacts).items()
        }


class _MethodCall(ast.Call):
    func: ast.Attribute


def _modules() -> Iterator[tuple[str, ast.Module]]:
    """Every module outside the simulators, by its path."""
    for package in ("wbym", "adapters/wbym_wildberries", "adapters/wbym_yandex_market"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if "simulator" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))


def _calls() -> Iterator[tuple[str, _MethodCall]]:
    for name, tree in _modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                yield name, cast("_MethodCall", node)


def _section(title: str) -> str:
    """The documentation from a title to the next one."""
    rest = DOCS.read_text("utf-8").partition(f"{title}\n")[2]
    assert rest
    return re.split(r"^(?:## |<!-- )", rest, maxsplit=1, flags=re.MULTILINE)[0]


def _extras(record: logging.LogRecord) -> dict[str, object]:
    plain = vars(logging.makeLogRecord({})).keys() | {"message", "asctime"}
    return {name: value for name, value in vars(record).items() if name not in plain}
