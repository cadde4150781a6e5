"""A transport with scripted responses, and the dialect of an invented marketplace."""

from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeAlias

import msgspec

from wbym.calls import (
    Dialect,
    Endpoint,
    Exchange,
    Pipeline,
    Refusal,
    Request,
    Response,
    RetryPolicy,
    TransportError,
)
from wbym.domain import UndecodableRecord
from wbym.limits import BucketKey, Charge, LimitSignal, Quota, Scheduler

Scripted: TypeAlias = Response | TransportError | Callable[[Request], Response]


def json_response(
    body: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    return Response(status, dict(headers or {}), msgspec.json.encode(body))


class ScriptedExchange:
    def __init__(self, response: Response) -> None:
        self._response = response
        self.head = Response(response.status, response.headers)

    async def read(self) -> Response:
        return self._response

    async def chunks(self) -> AsyncIterator[bytes]:
        body = self._response.body
        for start in range(0, len(body), 4):
            yield body[start : start + 4]


class ScriptedTransport:
    """Returns scripted responses in order, and records the requests."""

    def __init__(self, *script: Scripted) -> None:
        self.script = deque(script)
        self.requests: list[Request] = []
        self.closed = False

    @asynccontextmanager
    async def send(self, request: Request) -> AsyncIterator[Exchange]:
        self.requests.append(request)
        answer = self.script.popleft()
        if isinstance(answer, TransportError):
            raise answer
        yield ScriptedExchange(answer if isinstance(answer, Response) else answer(request))

    async def aclose(self) -> None:
        self.closed = True


class ToyDialect:
    """A marketplace that rejects with ``{"error": ..., "code": ..., "id": ...}``."""

    marketplace = "toy"
    owners = ("seller",)

    def __init__(
        self, secret: str = "s3cret", quota: Quota | None = None, account: str = "shop"
    ) -> None:
        self.account = account
        self._secret = secret
        self._quota = quota or Quota(limit=1000, period=1, burst=1000)

    def address(self, endpoint: Endpoint[object]) -> str:
        return f"https://{endpoint.host}.example"

    def authorize(self, endpoint: Endpoint[object]) -> Mapping[str, str]:
        return {"Authorization": self._secret}

    def charges(
        self, endpoint: Endpoint[object], path: Mapping[str, str | int]
    ) -> Sequence[Charge]:
        return [
            Charge(BucketKey("toy", "seller", "usual", name), self._quota)
            for name in endpoint.buckets
        ]

    def signal(self, response: Response) -> LimitSignal | None:
        if response.status == 429:
            return LimitSignal(retry_after=float(response.headers.get("retry", "1")))
        return None

    def refusal(self, response: Response) -> Refusal | None:
        if response.status == 202:
            return None
        try:
            said = msgspec.json.decode(response.body, type=dict[str, str])
        except msgspec.DecodeError:
            return Refusal("no JSON")
        return Refusal(said.get("error", ""), said.get("code"), said.get("id"))


def pipeline(
    *script: Scripted,
    dialect: Dialect | None = None,
    scheduler: Scheduler | None = None,
    retry: RetryPolicy | None = None,
    max_wait: float | None = 300.0,
) -> tuple[Pipeline, ScriptedTransport, list[UndecodableRecord]]:
    """A pipeline over a script, its transport, and its undecodable records."""
    transport = ScriptedTransport(*script)
    undecodable: list[UndecodableRecord] = []
    made = Pipeline(
        dialect=dialect or ToyDialect(),
        transport=transport,
        scheduler=scheduler or Scheduler(),
        retry=retry,
        max_wait=max_wait,
        on_undecodable=undecodable.append,
    )
    return made, transport, undecodable
