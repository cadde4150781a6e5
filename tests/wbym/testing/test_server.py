from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

import aiohttp
import msgspec
import pytest
import pytest_asyncio

from wbym.testing import (
    Call,
    Faults,
    PageCache,
    RecordFields,
    Refusal,
    Response,
    Route,
    SimulatorOptions,
    SimulatorServer,
    json_response,
    route,
)


class Kiosk(SimulatorServer):
    """The smallest marketplace: a list of two things and a counter."""

    @route("GET", "/items", records=RecordFields(("items",), "id", ("note",), ("kind",)))
    async def items(self, call: Call) -> Response:
        items = [{"id": n, "note": {"text": "да"}, "kind": "new"} for n in range(2)]
        return json_response({"items": items, "next": call.query("next")})

    @route("POST", "/buy")
    async def buy(self, call: Call) -> Response:
        if await call.request.read() == b"two":
            raise Refusal(409, "one at a time")
        self.stats.effects["buy"] += 1
        return json_response({"ok": True})

    def admit(self, call: Call, route: Route) -> None:
        call.headers["X-Seen"] = route.path
        call.headers["X-RateLimit-Remaining"] = "9"
        if call.query("no"):
            raise Refusal(429)

    def refuse(self, call: Call, refusal: Refusal, route: Route | None) -> Response:
        shape = {"error": refusal.message or refusal.status, "at": route.path if route else None}
        answer = json_response(shape, status=refusal.status)
        return replace(answer, rate_limited=refusal.status == 429)

    def records(self) -> Mapping[str, int]:
        return {"items": 2}


@pytest_asyncio.fixture
async def kiosk() -> AsyncIterator[Kiosk]:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    simulator = Kiosk(SimulatorOptions(faults=Faults(seed=1), sleep=sleep))
    simulator.slept = slept  # type: ignore[attr-defined]
    async with simulator:
        yield simulator


@pytest_asyncio.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def get(session: aiohttp.ClientSession, url: str) -> tuple[int, bytes]:
    async with session.get(url) as reply:
        return reply.status, await reply.read()


async def test_unknown_method_and_path_are_rejected(
    kiosk: Kiosk, session: aiohttp.ClientSession
) -> None:
    async with session.post(f"{kiosk.url}/buy", data=b"two") as reply:
        assert reply.status == 409
        assert await reply.json() == {"error": "one at a time", "at": "/buy"}
    status, body = await get(session, f"{kiosk.url}/nowhere")
    assert (status, body) == (404, b'{"error":404,"at":null}')
    assert kiosk.stats.effects["buy"] == 0


async def test_url_is_known_only_while_running() -> None:
    simulator = Kiosk()
    with pytest.raises(RuntimeError):
        _ = simulator.url
    async with simulator:
        assert simulator.url.startswith("http://127.0.0.1:")
    with pytest.raises(RuntimeError):
        _ = simulator.url


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
async def test_dropped_connection_and_its_effect(
    kiosk: Kiosk, session: aiohttp.ClientSession, kind: str
) -> None:
    kiosk.faults.next("/buy", kind)  # type: ignore[arg-type]
    with pytest.raises(aiohttp.ClientConnectionError):
        await session.post(f"{kiosk.url}/buy")
    assert kiosk.stats.effects["buy"] == (kind == "drop_after")
    async with session.post(f"{kiosk.url}/buy") as reply:
        assert reply.status == 200
    assert kiosk.stats.faults[kind] == 1


@pytest.mark.parametrize(
    ("kind", "statuses", "effects"),
    [
        ("error", {500, 502, 503, 504}, 0),
        ("error_after", {500, 502, 503, 504}, 1),
        ("broken_json", {200}, 1),
        ("html_instead_of_json", {200}, 1),
        ("empty_body", {200}, 1),
        ("soft_error", {200}, 1),  # this marketplace lacks the field: nothing changes
    ],
)
async def test_fault_replaces_the_response_before_or_after_the_effect(
    kiosk: Kiosk, session: aiohttp.ClientSession, kind: str, statuses: set[int], effects: int
) -> None:
    kiosk.faults.next("/buy", kind)  # type: ignore[arg-type]
    async with session.post(f"{kiosk.url}/buy") as reply:
        body = await reply.read()
        assert reply.status in statuses
        assert reply.headers["X-Seen"] == "/buy"
    assert kiosk.stats.effects["buy"] == effects
    if kind in {"broken_json", "html_instead_of_json", "empty_body"}:
        with pytest.raises(msgspec.DecodeError):
            msgspec.json.decode(body)


@pytest.mark.parametrize(("kind", "effects"), [("gateway_before", 0), ("gateway_after", 1)])
async def test_gateway_answers_before_or_after_the_effect(
    kiosk: Kiosk, session: aiohttp.ClientSession, kind: str, effects: int
) -> None:
    seen: dict[int, set[bytes]] = {}
    kiosk.faults.next("/buy", kind, times=200)  # type: ignore[arg-type]
    for _ in range(200):
        async with session.post(f"{kiosk.url}/buy", allow_redirects=False) as reply:
            seen.setdefault(reply.status, set()).add((await reply.read())[:1])
            assert ("Location" in reply.headers) == (reply.status < 400)
    assert set(seen) == set(kiosk.faults.gateway_statuses)
    assert set().union(*seen.values()) == {b"<", b"", b"{"}
    assert kiosk.stats.effects["buy"] == 200 * effects
    kiosk.faults.gateway_before, kiosk.faults.gateway_statuses = 1.0, (421,)
    assert (await get(session, f"{kiosk.url}/items"))[0] == 421


async def test_odd_headers_replace_limits_and_dates(
    kiosk: Kiosk, session: aiohttp.ClientSession
) -> None:
    kiosk.faults.odd_headers = 1.0
    seen: dict[str, set[str]] = {}
    for _ in range(100):
        async with session.post(f"{kiosk.url}/buy") as reply:
            assert (reply.status, await reply.json()) == (200, {"ok": True})
            assert reply.headers["X-Seen"] == "/buy"
            for name in ("X-RateLimit-Remaining", "Date", "Retry-After"):
                seen.setdefault(name, set()).add(reply.headers[name])
    assert kiosk.stats.effects["buy"] == 100
    assert all({"inf", "1e400", "nan", "-5"} < values for values in seen.values())


async def test_bad_bytes_are_in_one_record(kiosk: Kiosk, session: aiohttp.ClientSession) -> None:
    kiosk.faults.bad_bytes = 1.0
    seen: set[bytes] = set()
    good = b'{"id":%d,"note":{"text":"\xd0\xb4\xd0\xb0"},"kind":"new"}'
    bad = (b"\x01", rb"\ud83d", b"\xd0\xd0", b'\xd0"', b"NaN")
    for _ in range(200):
        _, raw = await get(session, f"{kiosk.url}/items")
        assert sum(good % number in raw for number in range(2)) == 1
        with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
            msgspec.json.decode(raw)
        seen |= {each for each in bad if each in raw}
    assert {b"\x01", rb"\ud83d", b"NaN"} < seen
    async with session.post(f"{kiosk.url}/buy") as reply:  # has no records
        assert await reply.json() == {"ok": True}


@pytest.mark.parametrize(("body", "start"), [("html", b"<html>"), ("empty", b""), ("json", b"{")])
async def test_error_body_may_be_html_or_empty(
    kiosk: Kiosk, session: aiohttp.ClientSession, body: str, start: bytes
) -> None:
    kiosk.faults.error_rate = 1.0
    kiosk.faults.error_body = body  # type: ignore[assignment]
    kiosk.faults.error_statuses = (503,)
    status, raw = await get(session, f"{kiosk.url}/items")
    assert status == 503
    assert raw.startswith(start)
    assert bool(raw) == bool(start)


async def test_latency_jitter_and_spoiled_pages(
    kiosk: Kiosk, session: aiohttp.ClientSession
) -> None:
    kiosk.faults.latency = 2.0
    kiosk.faults.arrival_jitter = 0.5
    kiosk.faults.nulls = 1.0
    _, raw = await get(session, f"{kiosk.url}/items")
    assert [item["note"] for item in msgspec.json.decode(raw)["items"]] == [None, None]
    jitter, latency = kiosk.slept  # type: ignore[attr-defined]
    assert 0 <= jitter <= 0.5
    assert latency == 2.0


async def test_stats_count_requests_rate_limits_and_effects(
    kiosk: Kiosk, session: aiohttp.ClientSession
) -> None:
    await get(session, f"{kiosk.url}/items")
    await get(session, f"{kiosk.url}/items?no=1")
    assert (await get(session, f"{kiosk.url}/nothing"))[0] == 404
    await session.post(f"{kiosk.url}/buy")
    stats = msgspec.json.decode((await get(session, f"{kiosk.url}/__simulator/stats"))[1])
    assert (stats["requests"], stats["rate_limited"]) == (4, 1)
    assert stats["paths"]["GET /items"] == {
        "requests": 2,
        "rate_limited": 1,
        "statuses": {"200": 1, "429": 1},
    }
    assert (stats["effects"], stats["records"]) == ({"buy": 1}, {"items": 2})
    async with session.post(f"{kiosk.url}/__simulator/reset") as reply:
        assert reply.status == 204
    stats = msgspec.json.decode((await get(session, f"{kiosk.url}/__simulator/stats"))[1])
    assert (stats["requests"], stats["effects"]) == (0, {})


async def test_faults_are_changed_over_http(kiosk: Kiosk, session: aiohttp.ClientSession) -> None:
    url = f"{kiosk.url}/__simulator/faults"
    async with session.post(url, data=b'{"next":[{"path":"/items","kind":"error"}]}') as reply:
        assert (await reply.json())["next"] == [{"path": "/items", "kind": "error", "times": 1}]
    assert (await get(session, f"{kiosk.url}/items"))[0] >= 500
    async with session.post(url, data=b'{"latency":"x"}') as reply:
        assert reply.status == 400
    assert msgspec.json.decode((await get(session, url))[1])["latency"] == 0.0


async def test_simulator_without_buyers(kiosk: Kiosk, session: aiohttp.ClientSession) -> None:
    url = f"{kiosk.url}/__simulator/buyers"
    async with session.post(url, data=b'{"act":"write","text":"?"}') as reply:
        assert (reply.status, await reply.json()) == (
            501,
            {"error": "this simulator has no buyers' messages"},
        )
    assert await get(session, f"{kiosk.url}/__simulator/sent") == (200, b"[]")
    assert await get(session, f"{kiosk.url}/__simulator/written") == (200, b"[]")


def test_cache_forgets_the_oldest_page_over_its_limit() -> None:
    cache = PageCache(limit=25)
    built: list[str] = []

    def page(key: str) -> bytes:
        def build() -> bytes:
            built.append(key)
            return b"0123456789"

        return cache.get(key, build).raw

    for key in ("a", "b", "a", "c", "a", "b"):
        page(key)
    assert built == ["a", "b", "c", "b"]
