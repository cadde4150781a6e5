"""How much the statements of the store in PostgreSQL read, with and without statistics."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.support.postgres import execute, fetch, schema_of
from tests.wbym.feed.kept import delivery, step
from wbym._postgres import Postgres, Result
from wbym.domain import DeliveryState
from wbym.feed import PostgresStore

STORED = 20_000


@pytest.fixture(params=[False, True], ids=["no statistics", "statistics"])
async def full(postgres: str, request: pytest.FixtureRequest) -> AsyncIterator[PostgresStore]:
    """A store with many seen records, events and confirmed deliveries of one account."""
    async with PostgresStore(postgres) as store, store.reading("shop", wait=False):
        await store.write(step(1))
        await store.enter(delivery(), b"work")
        numbers = f"generate_series(1, {STORED}) AS n"
        await execute(
            postgres,
            f"""
            SET search_path TO {schema_of(postgres)};
            INSERT INTO seen_record SELECT id, 'message/' || n, '', 1, now() FROM stream, {numbers};
            INSERT INTO event (id, account, kind, at, record)
                SELECT n, 'shop', 'message', now(), '' FROM {numbers};
            INSERT INTO delivery (key, account, target, state, owner, updated_at, body, work)
                SELECT key || n, account, target || n, 'confirmed', '', updated_at, body, ''
                FROM delivery, {numbers};
            """,
        )
        if request.param:
            for table in ("seen_record", "event", "delivery"):
                await execute(postgres, f"ANALYZE {schema_of(postgres)}.{table}")
        yield store


class TestStatements:
    async def test_read_no_more_than_they_are_about(
        self, full: PostgresStore, postgres: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        statements = []
        executed = Postgres.fetch

        async def fetched(
            self: Postgres, query: str, *values: object, timeout: float, urgent: bool
        ) -> Result:
            statements.append((query, values))
            return await executed(self, query, *values, timeout=timeout, urgent=urgent)

        monkeypatch.setattr(Postgres, "fetch", fetched)
        keys = [f"message/{number}" for number in range(STORED - 999, STORED + 1)]
        assert len(await full.seen_records("shop", "chats", keys)) == 1000
        assert len(await full.events(["shop"], after=STORED // 2, limit=100)) == 100
        await full.write(step(2, seen_records=keys, deliveries=[delivery()]))
        await full.confirm([STORED, STORED + 1])
        await full.open_deliveries(["shop"])
        await full.deliveries([DeliveryState.SENDING], ["shop"])
        await full.delivered_to(delivery().target)
        await full.enter(delivery(), b"work")
        await full.move(delivery(), was=[DeliveryState.SENDING])
        monkeypatch.undo()
        assert len(statements) >= 9
        for query, executed_with in statements:
            # A repeated step has the number of the first one, and does nothing.
            values = [uuid4() if isinstance(one, UUID) else one for one in executed_with]
            ((plan,),) = await fetch(postgres, f"EXPLAIN (ANALYZE, FORMAT JSON) {query}", *values)
            assert max(read(json.loads(plan)[0]["Plan"])) < 3000, query


def read(node: dict[str, Any]) -> Iterator[float]:
    """The rows that each node of a plan has read."""
    removed = sum(value for name, value in node.items() if name.startswith("Rows Removed"))
    yield (node["Actual Rows"] + removed) * node["Actual Loops"]
    for child in node.get("Plans", ()):
        yield from read(child)
