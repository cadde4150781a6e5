"""``examples/nightly_export``."""

from pathlib import Path

import duckdb
import pytest

from examples.nightly_export.nightly_export import answer_times, export, ratings
from tests.support.documents import config, environment
from wbym_wildberries.simulator import WildberriesSimulator
from wbym_yandex_market.simulator import YandexMarketSimulator

pytestmark = [
    pytest.mark.wildberries_simulator(feedbacks=40, questions=5, chats=3, claims=4),
    pytest.mark.yandex_market_simulator(feedbacks=30, questions=5, chats=3, returns=4),
]


async def test_everything_is_read_and_added_to(
    wildberries_simulator: WildberriesSimulator,
    yandex_market_simulator: YandexMarketSimulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    wb, ym = wildberries_simulator, yandex_market_simulator
    for name, value in environment(wb.url, ym.url).items():
        monkeypatch.setenv(name, value)
    settings = tmp_path / "wbym.toml"
    settings.write_text(config(wb.url, ym.url), "utf-8")

    assert await export(settings, tmp_path)
    assert "feedbacks.parquet: 70 rows, 70 of them new" in capsys.readouterr().out
    assert {path.stem for path in tmp_path.glob("*.parquet")} == {
        "feedbacks",
        "questions",
        "returns",
        "chats",
        "messages",
    }
    rated = ratings(tmp_path)
    assert rated["feedbacks"].sum() == 70
    assert rated["rating"].is_sorted()
    assert [(account, count) for account, count, _ in answer_times(tmp_path)] == [
        ("shop-wb", 40),
        ("shop-ym", 30),
    ]

    wb.buyers.give_feedback("Бьётся", rating=1)
    assert await export(settings, tmp_path)
    assert "feedbacks.parquet: 71 rows, 1 of them new" in capsys.readouterr().out
    with duckdb.connect() as database:
        found = database.execute(
            "SELECT text FROM read_parquet(?) WHERE rating = 1 AND text = 'Бьётся'",
            [str(tmp_path / "feedbacks.parquet")],
        ).fetchall()
    assert len(found) == 1


async def test_one_account_fails(
    wildberries_simulator: WildberriesSimulator,
    yandex_market_simulator: YandexMarketSimulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    wb, ym = wildberries_simulator, yandex_market_simulator
    for name, value in environment(wb.url, ym.url).items():
        monkeypatch.setenv(name, value)
    settings = tmp_path / "wbym.toml"
    settings.write_text(config(wb.url, ym.url), "utf-8")
    ym.faults.error_statuses = (403,)
    ym.faults.error_rate = 1.0
    assert not await export(settings, tmp_path)
    shown = capsys.readouterr()
    assert "feedbacks.parquet: 40 rows" in shown.out
    assert "shop-ym: " in shown.err
