"""The ground under every marketplace's simulator: an aiohttp server with faults and counts.

A simulator gives a table of routes and decides who is admitted; this module moves the requests,
applies the faults and keeps the counts. It judges nothing.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Generic, Self, TypeVar

from aiohttp import web

from wbym.testing._answers import Answer, Body, Refusal
from wbym.testing._buyers import Buyers
from wbym.testing._faults import FaultKind, Faults
from wbym.testing._options import Options
from wbym.testing._pages import Sent, add_pages
from wbym.testing._spoil import Records, spoil

C = TypeVar("C")
_ZIP_FROM = 1024
_ZIP_IN_THREAD_FROM = 256 * 1024
_HTML = b"<html><head><title>502</title></head><body><h1>Bad Gateway</h1></body></html>"
_ZIPPED = frozenset({"application/json", "application/problem+json"})


@dataclass(slots=True)
class Call:
    """One request on its way through the simulator."""

    request: web.Request
    now: float
    """Wall clock, Unix seconds, with the clock skew."""
    seller: str = ""
    """Whose data it reads; set when the call is admitted."""
    headers: dict[str, str] = field(default_factory=dict)
    """Added to the answer."""
    at_end: list[Callable[[], object]] = field(default_factory=list)
    """Called when the answer is ready to go out, whatever it is."""

    def query(self, name: str) -> str | None:
        """A query parameter; None when it is absent."""
        value: str | None = self.request.rel_url.query.get(name)
        return value


Handler = Callable[[Call], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Route:
    """One method of the marketplace."""

    method: str
    path: str
    handler: Handler
    group: str = ""
    """Which limit it is counted in."""
    scope: int = 0
    """Which access it asks for; its meaning is the marketplace's."""
    writes: bool = False
    records: Records | None = None
    """None when its answer has no records to spoil."""


class Handlers(Generic[C]):
    """The methods of one noun, each of which answers for the cabinet of the caller."""

    def __init__(self, cabinet: Callable[[Call], C]) -> None:
        self._cabinet = cabinet

    def routes(self) -> list[Route]:
        """The table of methods."""
        raise NotImplementedError


@dataclass(slots=True)
class PathStats:
    """The counts of one method."""

    requests: int = 0
    rate_limited: int = 0
    """Answers that the limit was exceeded."""
    statuses: Counter[int] = field(default_factory=Counter)


@dataclass(slots=True)
class Stats:
    """What a simulator has seen."""

    requests: int = 0
    rate_limited: int = 0
    in_flight: int = 0
    peak_in_flight: int = 0
    paths: dict[str, PathStats] = field(default_factory=dict)
    """By `"METHOD /path"`."""
    effects: Counter[str] = field(default_factory=Counter)
    """What was done in the seller's cabinet: `message`, `answer`, `decision` and so on."""
    ignored: Counter[str] = field(default_factory=Counter)
    """What was answered with success and had no effect."""
    faults: Counter[str] = field(default_factory=Counter)

    def clear(self) -> None:
        """Sets every count to zero."""
        self.requests = self.rate_limited = self.peak_in_flight = 0
        self.paths.clear()
        self.effects.clear()
        self.ignored.clear()
        self.faults.clear()


class SimulatorServer:
    """A marketplace on 127.0.0.1: `async with` starts and stops it.

    Subclasses give `routes`, `admit`, `refuse` and, where the marketplace does so, `soft_failure`.
    """

    def __init__(self, options: Options | None = None) -> None:
        """Makes a stopped server."""
        options = Options() if options is None else options
        self.faults: Faults = Faults() if options.faults is None else options.faults
        self.stats: Stats = Stats()
        self._wall = options.wall
        self._sleep = options.sleep
        self._runner: web.AppRunner | None = None
        self._url = ""

    # What a marketplace gives.

    def routes(self) -> Sequence[Route]:
        """Every method that the simulator serves."""
        raise NotImplementedError

    def admit(self, call: Call, route: Route) -> None:
        """Lets a request in, and counts it in its limit.

        Raises:
            Refusal: When it is not let in.
        """
        raise NotImplementedError

    def settle(self, call: Call, route: Route, answer: Answer) -> None:
        """Counts what an answer costs beyond its request, before it goes out; by default nothing.

        Only for requests that were let in and that no fault stopped before they had their effect.
        """

    def refuse(self, call: Call, refusal: Refusal, route: Route | None) -> Answer:
        """A refusal in the marketplace's shape.

        Args:
            call: The request.
            refusal: What is wrong; without a message for an unknown path (404), a body that is too
                large (413) and faults (5xx).
            route: The method that refuses; None before any has been reached.
        """
        raise NotImplementedError

    def soft_failure(self, call: Call, route: Route) -> Answer | None:
        """An answer 200 with an error inside; None where the marketplace has none."""
        return None

    def records(self) -> Mapping[str, int]:
        """How many records of each kind there are."""
        return {}

    def shown(self) -> Mapping[str, object]:
        """More facts for the line of JSON that a process prints: its token, for one."""
        return {}

    def sent(self) -> Sequence[Sent]:
        """The messages that buyers got, in order."""
        return ()

    @property
    def buyers(self) -> Buyers:
        """Those of the first seller; by default they do nothing."""
        return Buyers()

    # What it offers.

    @property
    def url(self) -> str:
        """Such as `http://127.0.0.1:40001`.

        Raises:
            RuntimeError: When the simulator does not run.
        """
        if not self._url:
            raise RuntimeError("the simulator does not run")
        return self._url

    def now(self) -> float:
        """The marketplace's Unix time, with the clock skew."""
        return self._wall() + self.faults.clock_skew

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Starts serving; port 0 takes any free port."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        for route in self.routes():
            app.router.add_route(route.method, route.path, self._serving(route))
        add_pages(app, self)
        app.router.add_route("*", "/{tail:.*}", self._unknown)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        address = self._runner.addresses[0]
        self._url = f"http://{address[0]}:{address[1]}"

    async def stop(self) -> None:
        """Stops serving and closes every connection."""
        self._url = ""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    # How one request goes.

    def _serving(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        name = f"{route.method} {route.path}"

        async def serve(request: web.Request) -> web.StreamResponse:
            stats = self.stats
            stats.requests += 1
            stats.in_flight += 1
            stats.peak_in_flight = max(stats.peak_in_flight, stats.in_flight)
            call = Call(request, self.now())
            try:
                try:
                    answer = await self._answer(call, route)
                except ConnectionResetError:  # the client went away while it sent its body
                    answer = _DROPPED
                response = await self._respond(call, answer)
            finally:
                stats.in_flight -= 1
                for action in call.at_end:
                    action()
            counts = stats.paths.get(name)
            if counts is None:
                counts = stats.paths[name] = PathStats()
            counts.requests += 1
            counts.statuses[0 if answer.dropped else answer.status] += 1
            if answer.rate_limited:
                stats.rate_limited += 1
                counts.rate_limited += 1
            return response

        return serve

    async def _answer(self, call: Call, route: Route) -> Answer:
        faults = self.faults
        if faults.arrival_jitter:
            await self._sleep(faults.random.uniform(0.0, faults.arrival_jitter))
            call.now = self.now()
        try:
            self.admit(call, route)
        except Refusal as refusal:
            return self._refused(call, refusal, None)
        plan = faults.plan(call.request.path)
        for kind in plan:
            self.stats.faults[kind] += 1
        if faults.latency:
            await self._sleep(faults.latency)
            call.now = self.now()
        if "drop_before" in plan:
            return _DROPPED
        if "error" in plan:
            return self._error(call)
        if "soft_error" in plan:
            soft = self.soft_failure(call, route)
            if soft is not None:
                return soft
        try:
            answer = await route.handler(call)
        except Refusal as refusal:
            answer = self._refused(call, refusal, route)
        except web.HTTPRequestEntityTooLarge:
            answer = self._refused(call, Refusal(413), None)
        self.settle(call, route, answer)
        return self._spoiled(call, route, answer, plan)

    def _spoiled(
        self, call: Call, route: Route, answer: Answer, plan: frozenset[FaultKind]
    ) -> Answer:
        faults = self.faults
        if plan:
            if "drop_after" in plan:
                return _DROPPED
            if "error_after" in plan:
                return self._error(call)
            if "html_instead_of_json" in plan:
                return Answer(200, Body(_HTML), "text/html")
            if "empty_body" in plan:
                return Answer(200, Body(b""), "application/json")
        if route.records is not None and answer.status == 200:
            nulls = 1.0 if "nulls" in plan else faults.nulls
            words = 1.0 if "unknown_words" in plan else faults.unknown_words
            if nulls or words or "bad_record" in plan:
                body = spoil(
                    answer.body.raw,
                    route.records,
                    nulls=nulls,
                    unknown_words=words,
                    bad_record="bad_record" in plan,
                    rng=faults.random,
                )
                answer = Answer(answer.status, Body(body), answer.content_type)
        if "broken_json" in plan and answer.body.raw:
            raw = answer.body.raw
            answer = Answer(answer.status, Body(raw[: len(raw) // 2]), answer.content_type)
        return answer

    def _error(self, call: Call) -> Answer:
        status = self.faults.random.choice(self.faults.error_statuses)
        if self.faults.error_body == "html":
            return Answer(status, Body(_HTML), "text/html")
        if self.faults.error_body == "empty":
            return Answer(status, Body(b""), "")
        return self._refused(call, Refusal(status), None)

    def _refused(self, call: Call, refusal: Refusal, route: Route | None) -> Answer:
        return refusal.answer or self.refuse(call, refusal, route)

    async def _respond(self, call: Call, answer: Answer) -> web.StreamResponse:
        request = call.request
        if answer.dropped:
            if request.transport is not None:
                request.transport.abort()
            await asyncio.sleep(0)
            return web.Response()
        headers = call.headers
        if answer.headers:
            headers = {**headers, **answer.headers}
        if self.faults.clock_skew:
            headers["Date"] = formatdate(self.now(), usegmt=True)
        if answer.content_type:
            headers["Content-Type"] = answer.content_type
        body = answer.body
        raw = body.raw
        if (
            self.faults.gzip
            and len(raw) >= _ZIP_FROM
            and answer.content_type.partition(";")[0] in _ZIPPED
            and "gzip" in request.headers.get("Accept-Encoding", "")
        ):
            headers["Content-Encoding"] = "gzip"
            raw = (
                await asyncio.to_thread(body.gzipped)
                if len(raw) >= _ZIP_IN_THREAD_FROM and not body.is_gzipped
                else body.gzipped()
            )
        return web.Response(status=answer.status, body=raw, headers=headers)

    async def _unknown(self, request: web.Request) -> web.StreamResponse:
        self.stats.requests += 1
        counts = self.stats.paths.setdefault(f"{request.method} (unknown)", PathStats())
        counts.requests += 1
        counts.statuses[404] += 1
        call = Call(request, self.now())
        return await self._respond(call, self._refused(call, Refusal(404), None))


_DROPPED = Answer(0, Body(b""), "", dropped=True)
