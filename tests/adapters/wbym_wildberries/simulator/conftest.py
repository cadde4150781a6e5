from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import aiohttp
import msgspec
import pytest
import pytest_asyncio

from wbym_wildberries.simulator import WildberriesSimulator, make_token
from wbym_wildberries.simulator.tokens import CATEGORIES

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
    """Plain aiohttp, with a token."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str) -> None:
        self.session = session
        self.url = url
        self.token = token

    def with_token(self, token: str) -> Api:
        return Api(self.session, self.url, token)

    async def call(self, method: str, path: str, **how: Json) -> Reply:
        headers = {"Authorization": self.token, **how.pop("headers", {})}
        async with self.session.request(method, self.url + path, headers=headers, **how) as reply:
            return Reply(reply.status, reply.headers, await reply.read())

    async def get(self, path: str, **params: Json) -> Reply:
        text = {
            name: str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in params.items()
        }
        return await self.call("GET", path, params=text)

    async def send(self, method: str, path: str, body: object) -> Reply:
        return await self.call(method, path, json=body)

    async def post(self, path: str, body: object) -> Reply:
        return await self.send("POST", path, body)


class Run(Protocol):
    async def __call__(self, **options: Json) -> tuple[WildberriesSimulator, Api]: ...


@pytest_asyncio.fixture
async def run(time: Time) -> AsyncIterator[Run]:
    """Starts a simulator with options; returns it with a client."""
    started: list[WildberriesSimulator] = []
    async with aiohttp.ClientSession() as session:

        async def start(**options: Json) -> tuple[WildberriesSimulator, Api]:
            options.setdefault("limits", False)
            simulator = WildberriesSimulator(
                clock=time.clock, wall=time.wall, sleep=time.sleep, **options
            )
            await simulator.start()
            started.append(simulator)
            token = make_token(now=time.wall(), scopes=CATEGORIES)
            return simulator, Api(session, simulator.url, token)

        yield start
        for simulator in started:
            await simulator.stop()
