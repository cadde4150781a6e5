from __future__ import annotations

from collections import Counter

import pytest

from wbym.testing import Faults
from wbym_wildberries.simulator import make_token
from wbym_wildberries.simulator.access import SECRET_HEADER

from .conftest import START, Json, Reply, Run, Time

FQ = "/api/v1/feedbacks/count-unanswered"


async def test_feedbacks_and_questions_share_a_burst_of_six(run: Run, time: Time) -> None:
    simulator, api = await run(limits=True)
    paths = [FQ, "/api/v1/questions/count-unanswered", "/api/feedbacks/v1/pins/limits"] * 2
    left = [(await api.get(path)).header("X-Ratelimit-Remaining") for path in paths]
    assert left == ["5", "4", "3", "2", "1", "0"]
    limited = await api.get(FQ)
    assert limited.status == 429
    assert limited.json["title"] == "too many requests"
    assert limited.json["detail"].startswith("limited by ")
    assert limited.json["statusText"] == "Too Many Requests"
    assert limited.header("X-Ratelimit-Remaining") is None
    assert limited.header("Retry-After") is None
    assert limited.header("X-Ratelimit-Retry") == "1"
    assert limited.header("X-Ratelimit-Limit") == "6"
    assert limited.header("X-Ratelimit-Reset") == "2"
    assert (simulator.stats.requests, simulator.stats.rate_limited) == (7, 1)


async def test_request_before_retry_is_rejected_again(run: Run, time: Time) -> None:
    simulator, api = await run(limits=True)
    for _ in range(7):
        await api.get(FQ)
    time.passed += 0.9  # the bucket has tokens again, but X-Ratelimit-Retry was one second
    assert (await api.get(FQ)).status == 429
    time.passed += 0.1
    assert (await api.get(FQ)).status == 200
    assert simulator.stats.rate_limited == 2


async def test_bucket_refills_three_a_second(run: Run, time: Time) -> None:
    _, api = await run(limits=True)
    statuses: Counter[int] = Counter()
    for _ in range(60):
        statuses[(await api.get(FQ)).status] += 1
        time.passed += 1 / 3
    assert statuses == {200: 60}


@pytest.mark.parametrize(
    ("method", "path", "burst", "retry"),
    [
        ("GET", "/api/v1/seller/chats", 10, "1"),
        ("GET", "/api/v1/seller/events", 10, "1"),
        ("POST", "/api/v1/seller/message", 10, "1"),
        ("GET", "/api/v1/seller/download/x", 10, "1"),
        ("GET", "/api/v1/claims", 10, "3"),
        ("PATCH", "/api/v1/claim", 10, "3"),
    ],
)
async def test_chats_and_claims_have_separate_limits(
    run: Run, method: str, path: str, burst: int, retry: str
) -> None:
    _, api = await run(limits=True)
    replies: list[Reply] = [await api.call(method, path) for _ in range(burst + 1)]
    assert [reply.status == 429 for reply in replies] == [False] * burst + [True]
    assert replies[-1].header("X-Ratelimit-Retry") == retry
    other = "/api/v1/seller/chats" if path != "/api/v1/seller/chats" else "/api/v1/claims"
    assert (await api.get(other, is_archive="true")).status == 200


@pytest.mark.parametrize(
    ("path", "retry"),
    [
        (FQ, "720"),
        ("/api/v1/seller/events", "3600"),
        ("/api/v1/seller/download/x", "360"),
        ("/api/v1/claims", "3600"),
    ],
)
@pytest.mark.parametrize("acc", [1, None])
async def test_base_token_has_a_limit_of_minutes(
    run: Run, path: str, retry: str, acc: Json
) -> None:
    _, api = await run(limits=True)
    api = api.with_token(make_token(now=START, acc=acc))
    assert (await api.get(path)).status != 429
    limited = await api.get(path)
    assert (limited.status, limited.header("X-Ratelimit-Retry")) == (429, retry)


async def test_base_with_secret_counts_with_the_service_token(run: Run) -> None:
    _, api = await run(limits=True)
    base = api.with_token(make_token(now=START, acc=1))
    service = api.with_token(make_token(now=START, acc=4))
    for _ in range(3):
        assert (await base.call("GET", FQ, headers={SECRET_HEADER: "s"})).status == 200
        assert (await service.get(FQ)).status == 200
    assert (await service.get(FQ)).status == 429


async def test_buckets_are_per_seller_and_per_type(run: Run) -> None:
    _, api = await run(limits=True)
    last = [await api.get(FQ) for _ in range(7)][-1]
    assert last.status == 429
    for token in (make_token(now=START, sid="other"), make_token(now=START, acc=4)):
        assert (await api.with_token(token).get(FQ)).status == 200
    again = make_token(now=START + 60, scopes=["feedbacks"])  # another token, the same seller
    assert (await api.with_token(again).get(FQ)).status == 429


async def test_ban_stops_one_bucket_for_its_time(run: Run, time: Time) -> None:
    _, api = await run(limits=True, ban_seconds=18_236)
    last = [await api.get(FQ) for _ in range(7)][-1]
    assert last.header("X-Ratelimit-Retry") == "18236"
    time.passed += 18_000
    assert (await api.get(FQ)).header("X-Ratelimit-Retry") == "236"
    assert (await api.get("/api/v1/seller/chats")).status == 200
    time.passed += 236
    assert (await api.get(FQ)).status == 200


async def test_limits_are_lifted_or_scaled(run: Run) -> None:
    _, api = await run(limits=False)
    assert {(await api.get(FQ)).header("X-Ratelimit-Remaining") for _ in range(20)} == {"6"}
    _, api = await run(limits=True, limit_scale=1000)
    for _ in range(6):
        await api.get(FQ)
    assert (await api.get(FQ)).header("X-Ratelimit-Reset") == "1"


async def test_rejected_token_is_not_counted_and_shows_the_remainder(run: Run) -> None:
    _, api = await run(limits=True)
    weak = api.with_token(make_token(now=START, scopes=["chat"]))
    reply = [await weak.get(FQ) for _ in range(8)][-1]
    assert (reply.status, reply.header("X-Ratelimit-Remaining")) == (401, "6")


async def test_header_case_varies(run: Run) -> None:
    _, api = await run(limits=True)
    names = set()
    for _ in range(6):
        reply = await api.get(FQ)
        names |= {name for name in reply.headers if name.lower() == "x-ratelimit-remaining"}
    assert len(names) == 3


async def test_request_is_counted_after_its_jitter(run: Run, time: Time) -> None:
    _, api = await run(limits=True, faults=Faults(arrival_jitter=2.0))
    for _ in range(12):  # a second in transit, on average: the bucket never empties
        assert (await api.get(FQ)).status == 200
    assert all(0 <= seconds <= 2 for seconds in time.slept)
