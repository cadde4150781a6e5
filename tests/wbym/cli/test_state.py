"""The option ``--state`` with the address of a database, and ``[shared] state``."""

import asyncio
from pathlib import Path

import pytest

from tests.support.postgres import fetch, own_schema, postgres_server, schema_of
from tests.wbym.cli.conftest import Run
from tests.wbym.cli.test_outbox import delivery
from wbym.domain import DeliveryState
from wbym.feed import PostgresStore

__all__ = ["postgres_server"]


@pytest.mark.parametrize("configured", [False, True])
def test_outbox_in_a_database(
    run: Run,
    postgres_server: str,
    configured: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)

    async def enter(url: str) -> None:
        async with PostgresStore(url) as store:
            await store.enter(delivery("k", DeliveryState.UNKNOWN), b"")

    async def state(url: str) -> DeliveryState | None:
        async with PostgresStore(url) as store:
            found = await store.delivery("k")
            return found.state if found else None

    async def look() -> None:
        async with own_schema(postgres_server) as url:
            await enter(url)
            arguments = ["--state", url]
            if configured:
                arguments = []
                text = f'[shared]\nstate = "{url}"\n[accounts.a]\nmarketplace = "wildberries"'
                (tmp_path / "wbym.toml").write_text(text, "utf-8")
            done = await asyncio.to_thread(run, "outbox", "resolve", "k", "confirmed", *arguments)
            assert done.exit_code == 0, done.output
            assert await state(url) is DeliveryState.CONFIRMED

    asyncio.run(look())


@pytest.mark.parametrize(
    "command",
    [
        ("outbox", "list"),
        ("outbox", "show", "k"),
        ("outbox", "resolve", "k", "confirmed"),
        ("dead-letters", "list"),
        ("dead-letters", "drop", "--all"),
    ],
    ids=" ".join,
)
def test_database_without_a_state_is_an_error_and_stays_empty(
    run: Run, postgres_server: str, command: tuple[str, ...]
) -> None:
    async def look() -> None:
        async with own_schema(postgres_server) as url:
            done = await asyncio.to_thread(run, *command, "--state", url)
            assert done.exit_code == 1
            assert "has no state" in done.stderr.replace("\n", " ")
            query = "SELECT to_regnamespace($1) IS NULL"
            ((is_absent,),) = await fetch(postgres_server, query, schema_of(url))
            assert is_absent

    asyncio.run(look())


def test_wrong_address_is_an_error_without_its_password(run: Run) -> None:
    done = run("outbox", "list", "--state", "postgresql://wbym:pa55word@127.0.0.1:1/wbym")
    assert done.exit_code == 1
    assert "postgresql://wbym@127.0.0.1:1/wbym: " in done.stderr.replace("\n", "")
    assert "pa55word" not in done.output
