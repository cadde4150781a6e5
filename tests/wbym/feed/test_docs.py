"""Whether docs/feed.md says what the code does."""

import ast
import asyncio
import re
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from wbym.adapter import Streams
from wbym.feed import DeliveryState, EventKind
from wbym_wildberries import Wildberries
from wbym_wildberries.simulator import WildberriesSimulator, make_token
from wbym_yandex_market import YandexMarket
from wbym_yandex_market.simulator import make_api_key

DOCS = Path(__file__).parents[3] / "docs" / "feed.md"
TEXT = DOCS.read_text("utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)
SCOPES = ("feedbacks", "chat", "returns")


def table(title: str) -> list[list[str]]:
    """The rows of the table below a title, without its head."""
    rows = TEXT.partition(f"<!-- {title} -->\n")[2].partition("\n\n")[0].splitlines()
    return [[cell.strip(" `") for cell in row.strip("|").split("|")] for row in rows[2:]]


def said(seconds: float) -> str:
    for unit, name in ((3600, "h"), (60, "min")):
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds / unit:g} {name}"
    return f"{seconds:g} s"


def paces(account: Streams) -> dict[str, str]:
    return {stream.name: said(stream.every) for stream in account.streams()}


def test_kinds_when_they_are_documented() -> None:
    assert [row[0] for row in table("kinds")] == [*EventKind]


def test_states_when_they_are_documented() -> None:
    assert [row[0] for row in table("states")] == [*DeliveryState]


async def test_paces_when_they_are_documented() -> None:
    async with (
        Wildberries(make_token(scopes=SCOPES)) as personal,
        Wildberries(make_token(scopes=SCOPES, acc=1)) as base,
        YandexMarket(make_api_key(), 1001) as market,
    ):
        found = [paces(account) for account in (personal, base, market)]
    assert table("pace") == [[name, *(each[name] for each in found)] for name in found[0]]


@pytest.mark.parametrize("program", PROGRAMS)
def test_programs_when_compiled(program: str) -> None:
    compile(program, DOCS.name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


async def test_the_first_program_when_a_buyer_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKEN", make_token(scopes=SCOPES))
    program, _, last = PROGRAMS[0].rpartition("\n\n\n")
    assert last == "asyncio.run(main())\n"
    names: dict[str, Callable[[], Coroutine[None, None, None]]] = {}
    exec(compile(program, DOCS.name, "exec"), names)
    async with WildberriesSimulator(limits=False) as simulator:
        Path("wbym.toml").write_text(
            "[accounts.shop]\nmarketplace = 'wildberries'\nsecret_env = 'TOKEN'\n"
            f"base_url = '{simulator.url}'\n"
        )
        service = asyncio.create_task(names["main"]())
        try:
            async with asyncio.timeout(60):
                while not simulator.stats.paths:  # it is at work
                    assert not service.done()
                    await asyncio.sleep(0.01)
                chat = simulator.arrive("Где заказ?")
                while not simulator.sent():
                    assert not service.done()
                    await asyncio.sleep(0.01)
        finally:
            service.cancel()
            await asyncio.gather(service, return_exceptions=True)
    (sent,) = simulator.sent()
    assert (sent.chat, sent.text) == (chat, "Здравствуйте! Вы написали: «Где заказ?». Уже смотрим.")
