from __future__ import annotations

import asyncio

import aiohttp
import pytest

from wbym.testing import Faults
from wbym_yandex_market.simulator import make_api_key, make_oauth_token

from .conftest import Api, Reply, Run, Time, reason

TOKEN = "/v2/auth/token"
RETURNS = "/v2/campaigns/{}/returns"


def left(reply: Reply) -> tuple[str | None, str | None]:
    return (
        reply.header("X-RateLimit-Resource-Limit"),
        reply.header("X-RateLimit-Resource-Remaining"),
    )


async def spend(api: Api, count: int) -> Reply:
    for _ in range(count - 1):
        assert (await api.post(TOKEN)).status == 200
    return await api.post(TOKEN)


async def test_exhausted_budget_is_420_until_renewed(run: Run, time: Time) -> None:
    simulator, api = await run(limits=True, limit_scale=0.03)
    first = await spend(api, 1)
    assert left(first) == ("3", "2")
    until = "Mon, 21 Sep 2026 15:13:20 GMT"
    assert first.headers["X-RateLimit-Resource-Until"] == until
    time.passed += 1800
    last = await spend(api, 2)
    assert left(last) == ("3", "0")
    limited = await api.post(TOKEN)
    assert reason(limited)[0] == 420
    assert limited.json["errors"][0]["code"] == "METHOD_FAILURE"
    assert left(limited) == ("3", "0")
    assert limited.headers["X-RateLimit-Resource-Until"] == until
    assert simulator.stats.rate_limited == 1
    time.passed += 1800
    again = await spend(api, 1)
    assert (again.status, left(again)) == (200, ("3", "2"))


@pytest.mark.parametrize(("subscription", "limit"), [(False, "5000"), (True, "10000")])
async def test_subscription_has_larger_budgets(run: Run, subscription: bool, limit: str) -> None:
    _, api = await run(limits=True, subscription=subscription)
    reply = await api.business_post("goods-feedback", {})
    assert left(reply) == (limit, str(int(limit) - 1))


async def test_hour_and_scale_may_be_changed(run: Run, time: Time) -> None:
    _, api = await run(limits=True, hour=10, limit_scale=0.01)
    await spend(api, 1)
    assert (await api.post(TOKEN)).status == 420
    time.passed += 10
    assert (await api.post(TOKEN)).status == 200


async def test_budgets_are_per_resource_and_per_id_in_the_url(run: Run) -> None:
    _, api = await run(limits=True, businesses=[1001, 1002])
    replies = [await api.get(RETURNS.format(n)) for n in (100101, 100102, 100101)]
    assert [left(reply)[1] for reply in replies] == ["4999", "4999", "4998"]
    assert left(await api.get(RETURNS.format(100102))) == ("5000", "4998")
    assert left(await api.get("/v2/campaigns/100101")) == ("5000", "4999")
    other = api.with_key(make_api_key(business_id=1002))
    assert left(await other.get("/v2/campaigns/100201/returns")) == ("5000", "4999")
    # Without an id in the URL, the key's business and the token's user have separate budgets.
    assert left(await api.get("/v2/campaigns")) == ("1000", "999")
    user = api.with_headers(Authorization=f"Bearer {make_oauth_token()}")
    assert left(await user.get("/v2/campaigns")) == ("1000", "999")


async def test_4xx_counts(run: Run) -> None:
    _, api = await run(limits=True)
    assert reason(await api.business_get("chat", chatId=5))[0] == 404
    assert reason(await api.business_get("chat"))[0] == 400
    poor = api.with_key(make_api_key(scopes=["pricing"]))
    assert reason(await poor.business_get("chat", chatId=5))[0] == 403
    reply = await api.with_key("nobody").business_get("chat", chatId=5)
    assert (reply.status, left(reply)) == (401, ("1000", "1000"))  # charged to no budget
    assert left(await api.business_get("chat", chatId=5)) == ("1000", "996")


class Gate:
    """A `sleep` that lasts until the gate is opened."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.waiting = 0

    async def __call__(self, seconds: float) -> None:
        self.waiting += 1
        await self.opened.wait()

    async def filled(self, count: int) -> None:
        while self.waiting < count:  # noqa: ASYNC110
            await asyncio.sleep(0)


async def test_fifth_parallel_request_is_rejected(
    run: Run, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    monkeypatch.setattr(time, "sleep", gate)
    simulator, api = await run(limits=True, faults=Faults(latency=1))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(api.business_post("chats", {})) for _ in range(4)]
        await gate.filled(4)
        fifth = await api.business_post("goods-feedback", {})
        assert reason(fifth) == (
            420,
            "Hit rate limit of 4 parallel requests for businessId 1001",
        )
        assert left(fifth) == ("5000", "4999")  # counted all the same
        campaigns = group.create_task(api.get("/v2/campaigns/100101"))
        await gate.filled(5)  # a campaign has its own four
        gate.opened.set()
    assert [task.result().status for task in [*tasks, campaigns]] == [200] * 5
    assert (await api.business_post("chats", {})).status == 200
    assert simulator.peak_parallel(1001) == 4
    assert simulator.stats.rate_limited == 1


async def test_slot_is_returned_after_a_drop_and_an_error(run: Run) -> None:
    faults = Faults()
    _, api = await run(limits=True, parallel=1, faults=faults)
    faults.next("/goods-feedback", "error_after")
    assert (await api.business_post("goods-feedback", {})).status >= 500
    faults.next("/chats", "drop_after")
    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
        await api.business_post("chats", {})
    assert (await api.business_post("chats", {})).status == 200


async def test_without_limits_requests_are_not_counted(run: Run) -> None:
    _, api = await run(limit_scale=0.02)
    assert left(await spend(api, 5)) == ("2", "2")
