"""Accounts of commands that reach their marketplace through a proxy."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from tests.wbym.cli.conftest import Run
from wbym_wildberries.simulator import make_token


class _Proxy(BaseHTTPRequestHandler):
    """Answers in the place of every server."""

    seen: ClassVar[list[tuple[str, str | None]]] = []

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers.get("Proxy-Authorization")))
        body = b'{"status": 401, "title": "unauthorized", "detail": "no"}'
        self.send_response(401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's word
        """Print nothing."""


@pytest.fixture
def proxy() -> Iterator[str]:
    _Proxy.seen.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Proxy) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("how", ["file", "file trust_env", "variable", "variable trust_env"])
def test_check(
    how: str, run: Run, proxy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    address = f"http://me:s3cret@{proxy}"
    where, _, trusts = how.partition(" ")
    if trusts:
        monkeypatch.setenv("HTTP_PROXY", address)
    if where == "file":
        (tmp_path / "a.token").write_text(make_token())
        option = "trust_env = true" if trusts else f'proxy = "{address}"'
        (tmp_path / "wbym.toml").write_text(
            '[accounts.a]\nmarketplace = "wildberries"\nsecret_file = "a.token"\n'
            f'base_url = "http://api.example"\n{option}\n'
        )
    else:
        monkeypatch.setenv("WBYM_WILDBERRIES_TOKEN", make_token())
        monkeypatch.setenv("WBYM_WILDBERRIES_BASE_URL", "http://api.example")
        option = "TRUST_ENV" if trusts else "PROXY"
        monkeypatch.setenv(f"WBYM_WILDBERRIES_{option}", "true" if trusts else address)
    result = run("check")
    assert "seller: no answer: " in result.stdout
    assert _Proxy.seen == [("http://api.example/api/v1/seller-info", "Basic bWU6czNjcmV0")]
    assert "s3cret" not in result.output
