from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from wbym.domain import Author, Noun, Ref
from wbym.testing import ReceivedMessage, SimulatorProcess
from wbym.testing._process import command_line
from wbym_wildberries import Wildberries
from wbym_wildberries.simulator import WildberriesSimulator
from wbym_wildberries.simulator.options import Options


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_process_serves_and_ends() -> None:
    async with SimulatorProcess(
        "wbym_wildberries.simulator", "--feedbacks", "300", "--no-limits"
    ) as simulator:
        pid = simulator.pid
        assert simulator.shown["records"]["feedbacks"] == 300  # type: ignore[index]
        headers = {"Authorization": str(simulator.shown["token"])}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(f"{simulator.url}/api/v1/seller/chats") as reply,
        ):
            assert reply.status == 200
        await simulator.change_faults(latency=0.0, next=[{"path": "/x", "kind": "error"}])
        with pytest.raises(ValueError, match="unknown setting"):
            await simulator.change_faults(lattency=1)
        stats = await simulator.stats()
        assert stats["requests"] == 1
    assert not alive(pid)


async def test_process_ends_when_its_stdin_closes() -> None:
    simulator = SimulatorProcess("wbym_wildberries.simulator", "--feedbacks", "1")
    async with simulator:
        process = simulator._process
        assert process is not None
        assert process.stdin is not None
        process.stdin.close()
        async with asyncio.timeout(60):
            assert await process.wait() == 0


async def test_process_that_cannot_start_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="ended before"):
        async with SimulatorProcess("wbym_wildberries.simulator", "--feedbacks", "many"):
            pass


async def test_buyers_when_they_write_over_http() -> None:
    module = "wbym_wildberries.simulator"
    async with SimulatorProcess(module, "--chats", "2", "--no-limits") as process:
        token = str(process.shown["token"])
        async with Wildberries(token, base_url=process.url) as shop:
            begun = datetime.now(UTC) - timedelta(seconds=2)
            first = await process.buyers.write("Где заказ?")
            second = await process.buyers.write("Добрый день!")
            assert await process.buyers.write("Ау!", chat=first) == first
            chats = {chat.ref.id: chat async for chat in shop.chats()}
            assert len({first, second} & chats.keys()) == 2
            received = [item async for item in shop.messages(chats[first], since=begun)]
            assert [item.text for item in received] == ["Где заказ?", "Ау!"]
            assert {item.author for item in received} == {Author.BUYER}
            assert await process.sent() == []
            await shop.send(chats[second], "Здравствуйте!")
            await shop.send(chats[first], "В пути.")
            feedback = await process.buyers.give_feedback("Бьётся", rating=1)
            await shop.answer(Ref(shop.marketplace, shop.name, Noun.FEEDBACK, feedback), "Заменим.")
        written = [(one.kind, one.id, one.text) for one in await process.written()]
        assert written == [
            ("message", second, "Здравствуйте!"),
            ("message", first, "В пути."),
            ("answer", feedback, "Заменим."),
        ]
        assert await process.sent() == [
            ReceivedMessage(second, "Здравствуйте!"),
            ReceivedMessage(first, "В пути."),
        ]


def test_command_line_has_every_option() -> None:
    given = command_line(Options, "x").parse_args(
        ["--feedbacks", "7", "--no-pins-allowed", "--moderation", "1.5", "--error-rate", "0.1"]
    )
    assert (given.feedbacks, given.pins_allowed, given.moderation) == (7, False, 1.5)
    assert (given.cards, given.price_delay, given.subscribed) == (40, 0.0, True)
    assert (given.error_rate, given.page_of_events, given.exit_with_parent) == (0.1, 50, False)


async def test_fixture_runs_a_simulator(wildberries_simulator: WildberriesSimulator) -> None:
    assert wildberries_simulator.url.startswith("http://127.0.0.1:")
