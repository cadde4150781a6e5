"""The modules that an adapter's import loads, and those loaded at first use."""

import subprocess
import sys

import pytest

NOT_YET = {
    "aiohttp.web",
    "anyio.to_thread",
    "opentelemetry",
    "pyarrow",
    "rich",
    "sqlite3",
    "tomllib",
    "typer",
    "wbym.cli",
    "wbym._config",
    "wbym.export",
    "wbym.feed",
    "wbym.inbox",
    "wbym.otel",
    "wbym.testing",
}
"""Modules of the core and of others that only some programs need."""


@pytest.mark.parametrize(
    ("adapter", "not_yet"),
    [
        ("wbym_wildberries", {"_facts", "_following", "simulator"}),
        ("wbym_yandex_market", {"_facts", "_following", "simulator"}),
    ],
)
def test_modules_when_an_adapter_is_imported(adapter: str, not_yet: set[str]) -> None:
    code = f"import sys, {adapter}; print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(shown.stdout.split())
    api = f"{adapter}.api."
    # The neutral face states bounds of operations; nouns wait for `account.api`.
    nouns = {name.removeprefix(api) for name in loaded if name.startswith(api)}
    assert nouns == {"_base", "_bounds"}
    assert not loaded & (NOT_YET | {f"{adapter}.{name}" for name in not_yet})


@pytest.mark.parametrize("adapter", ["wbym_wildberries", "wbym_yandex_market"])
def test_modules_when_raw_is_called(adapter: str) -> None:
    """``raw`` imports the modules of the API at its first call."""
    code = (
        f"import sys; from {adapter} import raw; from wbym import InvalidInput\n"
        "before = set(sys.modules)\n"
        "try: raw('text')\n"
        "except InvalidInput: print(*set(sys.modules) - before)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {f"{adapter}.api.chats", f"{adapter}.api.feedbacks"} <= set(shown.stdout.split())
