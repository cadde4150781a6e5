"""docs/feed.md matches the code."""

from pathlib import Path

from wbym.account import Account
from wbym.domain import DeliveryState
from wbym.feed import EventKind
from wbym_wildberries import Wildberries
from wbym_wildberries.simulator import make_token
from wbym_yandex_market import YandexMarket
from wbym_yandex_market.simulator import make_api_key

DOCS = Path(__file__).parents[3] / "docs" / "feed.md"
TEXT = DOCS.read_text("utf-8")
SCOPES = ("feedbacks", "chat", "returns")


def table(title: str) -> list[list[str]]:
    """The rows of the table below a title, without its header."""
    rows = TEXT.partition(f"<!-- {title} -->\n")[2].partition("\n\n")[0].splitlines()
    return [[cell.strip(" `") for cell in row.strip("|").split("|")] for row in rows[2:]]


def interval_text(seconds: float) -> str:
    for unit, name in ((3600, "h"), (60, "min")):
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds / unit:g} {name}"
    return f"{seconds:g} s"


def intervals(account: Account) -> dict[str, str]:
    return {stream.name: interval_text(stream.every) for stream in account.streams()}


def test_kinds_when_they_are_documented() -> None:
    assert [row[0] for row in table("kinds")] == [*EventKind]


def test_states_when_they_are_documented() -> None:
    assert [row[0] for row in table("states")] == [*DeliveryState]


async def test_rates_when_they_are_documented() -> None:
    async with (
        Wildberries(make_token(scopes=SCOPES)) as personal,
        Wildberries(make_token(scopes=SCOPES, acc=1)) as base,
        YandexMarket(make_api_key(), business_id=1001) as market,
    ):
        found = [intervals(account) for account in (personal, base, market)]
    assert table("pace") == [[name, *(each[name] for each in found)] for name in found[0]]
