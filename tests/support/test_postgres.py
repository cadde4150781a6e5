"""The helpers of tests on PostgreSQL."""

from typing import cast

import asyncpg

from tests.support.postgres import execute_on


class Deadlocked:
    """A connection whose first scripts are in a deadlock."""

    def __init__(self, deadlocks: int) -> None:
        self.left = deadlocks
        self.executed: list[str] = []

    async def execute(self, script: str) -> None:
        if self.left:
            self.left -= 1
            raise asyncpg.DeadlockDetectedError("deadlock detected")
        self.executed.append(script)


async def test_script_in_a_deadlock_is_repeated() -> None:
    connection = Deadlocked(deadlocks=3)
    await execute_on(cast("asyncpg.Connection[asyncpg.Record]", connection), "DROP TABLE a")
    assert connection.executed == ["DROP TABLE a"]
