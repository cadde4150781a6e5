from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import aiohttp
import msgspec
import pytest
import pytest_asyncio

from wbym_yandex_market.simulator import YandexMarketSimulator, make_api_key

Json: TypeAlias = Any
"""A decoded JSON value, or one to be encoded."""
START = 1_790_000_000.0  # 2026-09-21


@dataclass
class Time:
    """Both clocks of a simulator; `sleep` advances them without waiting."""

    passed: float = 0.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return 1000.0 + self.passed

    def wall(self) -> float:
        return START + self.passed

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.passed += seconds


@pytest.fixture
def time() -> Time:
    return Time()


@dataclass
class Reply:
    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def json(self) -> Json:
        return msgspec.json.decode(self.raw)

    def header(self, name: str) -> str | None:
        return self.headers.get(name)


class Api:
    """Plain aiohttp, with an API key or other headers of the caller."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        who: Mapping[str, str],
        business: int = 1001,
    ) -> None:
        self.session = session
        self.url = url
        self.who = who
        self.business = business

    def with_key(self, key: str) -> Api:
        return Api(self.session, self.url, {"Api-Key": key}, self.business)

    def with_headers(self, **headers: str) -> Api:
        return Api(self.session, self.url, headers, self.business)

    async def call(self, method: str, path: str, **how: Json) -> Reply:
        headers = {**self.who, **how.pop("headers", {})}
        params = {name: str(value) for name, value in how.pop("params", {}).items()}
        async with self.session.request(
            method, self.url + path, headers=headers, params=params, **how
        ) as reply:
            return Reply(reply.status, reply.headers, await reply.read())

    async def get(self, path: str, **params: Json) -> Reply:
        return await self.call("GET", path, params=params)

    async def post(self, path: str, body: object = None, **params: Json) -> Reply:
        return await self.call("POST", path, params=params, json=body)

    async def business_post(self, path: str, body: object = None, **params: Json) -> Reply:
        """Of version 2."""
        return await self.post(f"/v2/businesses/{self.business}/{path}", body, **params)

    async def business_get(self, path: str, **params: Json) -> Reply:
        return await self.get(f"/v2/businesses/{self.business}/{path}", **params)

    async def questions(self, path: str = "", body: object = None, **params: Json) -> Reply:
        return await self.post(
            f"/v1/businesses/{self.business}/goods-questions{path}", body or {}, **params
        )

    async def read_all(self, path: str, name: str, body: object = None, **params: Json) -> Json:
        """Every record of a list, page by page."""
        records: list[Json] = []
        method = "GET" if body is None else "POST"
        while True:
            how: Json = {} if body is None else {"json": body}
            reply = await self.call(method, path, params=params, **how)
            assert reply.status == 200, reply.raw
            result = reply.json["result"]
            records += result[name]
            following = result["paging"].get("nextPageToken")
            if following is None:
                return records
            params["page_token"] = following


def reason(reply: Reply) -> tuple[int, str]:
    """Status and message of an error, whose shape is checked."""
    assert set(reply.json) == {"status", "errors"}, reply.raw
    assert reply.json["status"] == "ERROR"
    (error,) = reply.json["errors"]
    assert set(error) == {"code", "message"}
    return reply.status, error["message"]


class Run(Protocol):
    async def __call__(self, **options: Json) -> tuple[YandexMarketSimulator, Api]: ...


@pytest_asyncio.fixture
async def run(time: Time) -> AsyncIterator[Run]:
    """Starts a simulator with options; returns it with a client."""
    started: list[YandexMarketSimulator] = []
    async with aiohttp.ClientSession() as session:

        async def start(**options: Json) -> tuple[YandexMarketSimulator, Api]:
            options.setdefault("limits", False)
            simulator = YandexMarketSimulator(
                clock=time.clock, wall=time.wall, sleep=time.sleep, **options
            )
            await simulator.start()
            started.append(simulator)
            return simulator, Api(session, simulator.url, {"Api-Key": make_api_key()})

        yield start
        for simulator in started:
            await simulator.stop()
