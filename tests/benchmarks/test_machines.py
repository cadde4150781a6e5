import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from benchmarks.machines import survive
from benchmarks.network import Route, opened
from tests.support.postgres import postgres_server
from tests.support.redis import redis_server

__all__ = ["postgres_server", "redis_server"]


@pytest.mark.server
async def test_each_buyer_is_answered_once_although_machines_are_killed_and_cut_off(
    postgres_server: str, redis_server: str
) -> None:
    survived = await survive(
        20, kills=2, cuts=1, stops=0, seed=3, chats=8, confirmation_timeout=10.0
    )
    for outcome in survived.outcomes:
        assert outcome.messages >= 20
        assert (outcome.unanswered, outcome.twice, outcome.unasked) == (0, 0, 0)
    assert survived.kills >= 2
    # That another process took over, in time, is part of the run.
    assert survived.happened == {"killed": 2, "cut off": 1}


class TestRoute:
    @pytest.fixture
    async def route(self) -> AsyncIterator[Route]:
        """A route to a server that repeats what it is told."""

        async def repeat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(ConnectionResetError):
                while line := await reader.readline():
                    writer.write(line)
            writer.close()

        server = await asyncio.start_server(repeat, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            route = Route(f"postgresql://user:word@127.0.0.1:{port}/test?schema=own")
            async with opened([route]):
                yield route

    async def test_address_is_that_of_the_server_but_for_the_port(self, route: Route) -> None:
        assert route.url == f"postgresql://user:word@127.0.0.1:{route.port}/test?schema=own"

    async def test_nothing_passes_while_it_is_cut(self, route: Route) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", route.port)
        writer.write(b"1\n")
        assert await reader.readline() == b"1\n"
        route.cut()
        writer.write(b"2\n")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.readline(), 0.1)
        route.restore(reset=False)
        assert await reader.readline() == b"2\n"
        writer.close()

    async def test_connections_are_lost_if_it_is_reset(self, route: Route) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", route.port)
        writer.write(b"1\n")
        assert await reader.readline() == b"1\n"
        route.cut()
        writer.write(b"2\n")
        route.restore(reset=True)
        with pytest.raises(ConnectionResetError):
            await reader.readline()
        writer.close()
