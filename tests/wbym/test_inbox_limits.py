"""``Inbox(limits=)``: accounts whose calls a shared store counts."""

import asyncio
import traceback
from pathlib import Path

import pytest

from tests.support.fakes import ScriptedTransport, json_response
from tests.wbym.feed.shop import Shop
from tests.wbym.limits.test_waiting_for_store import Script
from wbym.domain import DeliveryState
from wbym.errors import AccountNotOpen, ConfigError
from wbym.feed import MemoryStore
from wbym.inbox import Inbox
from wbym.limits import RedisQuotas, Scheduler
from wbym_wildberries import Wildberries
from wbym_wildberries.simulator import make_token

__all__ = ["RedisQuotas"]  # imported before a loop runs, since it reads a file

pytestmark = pytest.mark.looptime

COUNTED = {"data": {"countUnanswered": 5, "countUnansweredToday": 0}, "error": False}


def shop(name: str, **options: object) -> Wildberries:
    transport = ScriptedTransport(*[json_response(COUNTED)] * 3)
    return Wildberries(make_token(), name=name, transport=transport, **options)  # type: ignore[arg-type]


async def count(inbox: Inbox, name: str) -> None:
    await inbox.account(name, Wildberries).api.feedbacks.count_unanswered()


async def test_store_counts_the_calls_of_all_accounts() -> None:
    store = Script()
    async with Inbox(shop("one"), limits=store) as inbox:
        inbox.add(shop("two"))
        await count(inbox, "one")
        await count(inbox, "two")
    assert len(store.asked) == 2
    assert store.told == ["settle", "settle"]


async def test_limits_of_an_account_win() -> None:
    store, own = Script(), Script()
    one, two = shop("one", limits=own), shop("two", scheduler=Scheduler())
    async with Inbox(one, two, limits=store) as inbox:
        await count(inbox, "one")
        await count(inbox, "two")
    assert len(own.asked) == 1
    assert store.asked == []


async def test_limits_come_before_those_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", make_token())
    path = tmp_path / "wbym.toml"
    path.write_text(
        '[shared]\nlimits = "redis://127.0.0.1:1/0"\n[accounts.shop]\n'
        'marketplace = "wildberries"\nsecret_env = "SHOP_TOKEN"\nbase_url = "http://127.0.0.1:1"\n',
        "utf-8",
    )
    store = Script()
    store.away = True
    async with Inbox.from_config(path, limits=store) as inbox:
        with pytest.raises(Exception, match="redis://cache"):
            await count(inbox, "shop")
    assert store.asked


async def test_wrong_address_is_an_error_without_its_password() -> None:
    for address in ("redis://user:pa55@cache/x", "http://user:pa55@cache"):
        with pytest.raises(ConfigError, match=r"^limits: ") as raised:
            Inbox(shop("one"), limits=address)
        assert "pa55" not in str(raised.value)
        found = traceback.TracebackException.from_exception(raised.value, capture_locals=True)
        for frame in list(found.stack)[1:]:
            assert "pa55" not in repr(frame.locals)


async def test_address_is_not_shown() -> None:
    inbox = Inbox(shop("one"), limits="redis://user:pa55@127.0.0.1:1/0")
    assert "pa55" not in repr(vars(inbox))
    await inbox.aclose()


def test_it_needs_a_running_loop() -> None:
    async def make() -> Wildberries:
        return shop("one")

    account = asyncio.run(make())
    with pytest.raises(AccountNotOpen, match="inside a coroutine"):
        Inbox(account, limits="redis://127.0.0.1:1/0")


async def test_reply_stays_pending_until_the_store_is_back() -> None:
    toy = Shop(every=5)
    toy.trouble.extend(["no limits"] * 3)
    async with Inbox(toy, state=MemoryStore()) as inbox:
        delivery = await inbox.send(toy.chat(), "Да", idempotency_key="k")
        assert delivery.state is DeliveryState.PENDING
        assert delivery.note is not None
        assert "redis://cache" in delivery.note
        assert toy.sent == []
        await asyncio.sleep(300)
        assert toy.sent == [("1", "Да")]
