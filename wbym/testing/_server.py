"""The HTTP server of every simulator: routes, faults, counts.

A simulator states its routes and admits callers; this module dispatches the requests,
applies the faults and keeps the counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from email.utils import formatdate
from typing import Self

from aiohttp import web

from wbym.testing._buyers import Buyers
from wbym.testing._cabinets import Effect
from wbym.testing._faults import FaultKind, Faults
from wbym.testing._options import SimulatorOptions
from wbym.testing._pages import ReceivedMessage, add_pages
from wbym.testing._replies import Reply
from wbym.testing._responses import Body, Refusal, Response, empty_response, raw_response
from wbym.testing._routes import Call, Route, routes_of
from wbym.testing._spoil import spoil
from wbym.testing._stats import PathStats, Stats

_ZIP_FROM = 1024
_ZIP_IN_THREAD_FROM = 256 * 1024
_HTML = b"<html><head><title>502</title></head><body><h1>Bad Gateway</h1></body></html>"
_GATEWAY_PAGES = (
    (b"<html><head><title>Error</title></head><body>nginx</body></html>", "text/html"),
    (b"", ""),
    (b'{"message":"no Route matched with those values"}', "application/json"),
)
_ODD_NUMBERS = ("inf", "1e400", "nan", "-5", "9" * 400, "soon", "")
_ODD_TIMES = (
    "Fri, 31 Dec 9999 23:59:59 -1200",
    "Mon, 01 Jan 0001 00:00:00 +1400",
    "Thu, 26 Nov 2026 12:00:00 +999999",
    "Thu, 99 Nov 2026 99:99:99 GMT",
    *_ODD_NUMBERS,
)
_ZIPPED = frozenset({"application/json", "application/problem+json"})


class SimulatorServer:
    """An HTTP server on 127.0.0.1 that simulates a marketplace: `async with` starts and stops it.

    Subclasses have methods with `route`, and override `admit`, `refuse` and, if the marketplace
    reports errors under status 200, `soft_failure`.
    """

    def __init__(self, options: SimulatorOptions | None = None) -> None:
        """Creates a stopped server.

        Args:
            options: Its faults, clock and other options; by default none.
        """
        options = SimulatorOptions() if options is None else options
        self.faults: Faults = Faults() if options.faults is None else options.faults
        self.stats: Stats = Stats()
        self._wall = options.wall
        self._sleep = options.sleep
        self._runner: web.AppRunner | None = None
        self._url = ""

    # To override.

    def routes(self) -> Sequence[Route]:
        """Every method that the simulator serves; by default its own methods with `route`."""
        return routes_of(self)

    def admit(self, call: Call, route: Route) -> None:
        """Checks who calls, and counts the request in its limit.

        Args:
            call: The request.
            route: The method that it is for.

        Raises:
            Refusal: The request is rejected or rate limited.
        """
        raise NotImplementedError

    def settle(self, call: Call, route: Route, response: Response) -> None:
        """Charges what a response costs beyond its request; by default nothing.

        Called before the response is sent, if the request was admitted and no fault stopped it
        before it had its effect.

        Args:
            call: The request.
            route: The method that it is for.
            response: The answer.
        """

    def refuse(self, call: Call, refusal: Refusal, route: Route | None) -> Response:
        """The response to a rejected request, in the marketplace's shape.

        Args:
            call: The request.
            refusal: The reason; without a message for an unknown path (404), a body that is too
                large (413) and faults (5xx).
            route: The method that rejects it; None if none was reached.
        """
        raise NotImplementedError

    def soft_failure(self, call: Call, route: Route) -> Response | None:
        """A response 200 with an error inside; None if the marketplace has none.

        Args:
            call: The request.
            route: The method that it is for.
        """
        return None

    def records(self) -> Mapping[str, int]:
        """Counts of records by kind."""
        return {}

    def shown(self) -> Mapping[str, object]:
        """Further fields for the line of JSON that a process prints, such as a token."""
        return {}

    def sent(self) -> Sequence[ReceivedMessage]:
        """The seller's messages that buyers received, in order."""
        return ()

    def written(self) -> Sequence[Effect[str]]:
        """The seller's texts and decisions that had an effect, in order."""
        return ()

    @property
    def token(self) -> str:
        """A credential of the first seller that may call every method.

        Raises:
            NotImplementedError: The simulator needs no credential, or states none.
        """
        raise NotImplementedError("this simulator states no token")

    @property
    def replies(self) -> Sequence[Reply]:
        """The first seller's replies that took effect, in order; see `MarketplaceSimulator`."""
        return ()

    @property
    def buyers(self) -> Buyers:
        """The buyers of the first seller; by default all their acts raise."""
        return Buyers()

    # For users.

    @property
    def url(self) -> str:
        """The address of the running server, with its port.

        Raises:
            RuntimeError: The simulator is not running.
        """
        if not self._url:
            raise RuntimeError("the simulator does not run")
        return self._url

    def now(self) -> float:
        """The marketplace's Unix time, with the clock skew."""
        return self._wall() + self.faults.clock_skew

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Starts serving; port 0 takes any free port.

        Args:
            host: The address to listen on.
            port: 0 takes any free port.
        """
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

    # One request.

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
                    response = await self._handle(call, route)
                except ConnectionResetError:  # the client disconnected while sending its body
                    response = _DROPPED
                sent = await self._send(call, response)
            finally:
                stats.in_flight -= 1
                for action in call.at_end:
                    action()
            counts = stats.paths.get(name)
            if counts is None:
                counts = stats.paths[name] = PathStats()
            counts.requests += 1
            counts.statuses[0 if response.dropped else response.status] += 1
            if response.rate_limited:
                stats.rate_limited += 1
                counts.rate_limited += 1
            return sent

        return serve

    async def _handle(self, call: Call, route: Route) -> Response:
        faults = self.faults
        if faults.arrival_jitter:
            await self._sleep(faults.random.uniform(0.0, faults.arrival_jitter))
            call.now = self.now()
        try:
            self.admit(call, route)
        except Refusal as refusal:
            return self._rejected(call, refusal, None)
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
        if "gateway_before" in plan:
            return self._gateway()
        if "soft_error" in plan:
            soft = self.soft_failure(call, route)
            if soft is not None:
                return soft
        try:
            response = await route.handler(call)
        except Refusal as refusal:
            response = self._rejected(call, refusal, route)
        except web.HTTPRequestEntityTooLarge:
            response = self._rejected(call, Refusal(413), None)
        self.settle(call, route, response)
        return self._spoiled(call, route, response, plan)

    def _spoiled(
        self, call: Call, route: Route, response: Response, plan: frozenset[FaultKind]
    ) -> Response:
        faults = self.faults
        if plan:
            if "drop_after" in plan:
                return _DROPPED
            if "error_after" in plan:
                return self._error(call)
            if "gateway_after" in plan:
                return self._gateway()
            if "html_instead_of_json" in plan:
                return raw_response(_HTML, content_type="text/html")
            if "empty_body" in plan:
                return raw_response(b"")
        if route.records is not None and response.status == 200:
            nulls = 1.0 if "nulls" in plan else faults.nulls
            new_values = 1.0 if "unknown_values" in plan else faults.unknown_values
            if nulls or new_values or plan & {"bad_record", "bad_bytes"}:
                body = spoil(
                    response.body.raw,
                    route.records,
                    nulls=nulls,
                    unknown_values=new_values,
                    bad_record="bad_record" in plan,
                    bad_bytes="bad_bytes" in plan,
                    rng=faults.random,
                )
                response = replace(response, body=Body(body))
        if "broken_json" in plan and response.body.raw:
            raw = response.body.raw
            response = replace(response, body=Body(raw[: len(raw) // 2]))
        if "odd_headers" in plan:
            odd = self._odd_headers({**call.headers, **(response.headers or {})})
            response = replace(response, headers=odd)
        return response

    def _error(self, call: Call) -> Response:
        status = self.faults.random.choice(self.faults.error_statuses)
        if self.faults.error_body == "html":
            return raw_response(_HTML, status=status, content_type="text/html")
        if self.faults.error_body == "empty":
            return empty_response(status)
        return self._rejected(call, Refusal(status), None)

    def _gateway(self) -> Response:
        random = self.faults.random
        status = random.choice(self.faults.gateway_statuses)
        body, content_type = random.choice(_GATEWAY_PAGES)
        redirect = {"Location": "https://gateway.example/check"} if 300 <= status < 400 else None
        return Response(status, Body(body), content_type, redirect)

    def _odd_headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The headers with each limit, and the date, replaced by nonsense."""
        random = self.faults.random
        limits = [name for name in headers if "ratelimit" in name.lower()]
        odd = {name: random.choice(_ODD_TIMES) for name in (*limits, "Date", "Retry-After")}
        return {**headers, **odd}

    def _rejected(self, call: Call, refusal: Refusal, route: Route | None) -> Response:
        return refusal.response or self.refuse(call, refusal, route)

    async def _send(self, call: Call, response: Response) -> web.StreamResponse:
        request = call.request
        if response.dropped:
            if request.transport is not None:
                request.transport.abort()
            await asyncio.sleep(0)
            return web.Response()
        headers = call.headers
        if self.faults.clock_skew:
            headers["Date"] = formatdate(self.now(), usegmt=True)
        if response.headers:
            headers = {**headers, **response.headers}
        if response.content_type:
            headers["Content-Type"] = response.content_type
        body = response.body
        raw = body.raw
        if (
            self.faults.gzip
            and len(raw) >= _ZIP_FROM
            and response.content_type.partition(";")[0] in _ZIPPED
            and "gzip" in request.headers.get("Accept-Encoding", "")
        ):
            headers["Content-Encoding"] = "gzip"
            raw = (
                await asyncio.to_thread(body.gzipped)
                if len(raw) >= _ZIP_IN_THREAD_FROM and not body.is_gzipped
                else body.gzipped()
            )
        return web.Response(status=response.status, body=raw, headers=headers)

    async def _unknown(self, request: web.Request) -> web.StreamResponse:
        self.stats.requests += 1
        counts = self.stats.paths.setdefault(f"{request.method} (unknown)", PathStats())
        counts.requests += 1
        counts.statuses[404] += 1
        call = Call(request, self.now())
        return await self._send(call, self._rejected(call, Refusal(404), None))


_DROPPED = Response(0, Body(b""), "", dropped=True)
