"""The simulator's control pages, below `/__simulator`: counts, faults, buyers."""

from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from wbym.testing._buyers import act

if TYPE_CHECKING:
    from wbym.testing._server import SimulatorServer


class ReceivedMessage(msgspec.Struct, frozen=True):
    """A message of a seller that a buyer received."""

    chat: str
    """The chat's id."""
    text: str


def add_pages(app: web.Application, simulator: "SimulatorServer") -> None:
    """Adds the pages to an application.

    - `GET stats`: counts of requests, rate limits, effects, faults and records.
    - `GET faults`, `POST faults`: the settings, and a change of some.
    - `POST reset`: sets all counts to zero and drops scripted faults.
    - `POST buyers`: a buyer acts: `{"act": "write", "text": "...", "chat": id}` (without a chat in
      a new one), `"ask"`, `"give_feedback"` (`"rating"`: 1 to 5) or `"open_return"`; `{"id": id}`.
    - `GET sent`: the list of `ReceivedMessage`, in order.
    - `GET written`: the list of `Effect`, the seller's texts and decisions, in order.
    """
    pages = _Pages(simulator)
    app.router.add_get("/__simulator/stats", pages.show_stats)
    app.router.add_get("/__simulator/faults", pages.show_faults)
    app.router.add_post("/__simulator/faults", pages.change_faults)
    app.router.add_post("/__simulator/reset", pages.reset)
    app.router.add_post("/__simulator/buyers", pages.act)
    app.router.add_get("/__simulator/sent", pages.show_sent)
    app.router.add_get("/__simulator/written", pages.show_written)


class _Pages:
    def __init__(self, simulator: "SimulatorServer") -> None:
        self._simulator = simulator

    async def show_stats(self, request: web.Request) -> web.Response:
        stats = self._simulator.stats
        shown = {
            "requests": stats.requests,
            "rate_limited": stats.rate_limited,
            "in_flight": stats.in_flight,
            "peak_in_flight": stats.peak_in_flight,
            "paths": {
                name: {
                    "requests": counts.requests,
                    "rate_limited": counts.rate_limited,
                    "statuses": {str(status): n for status, n in counts.statuses.items()},
                }
                for name, counts in stats.paths.items()
            },
            "effects": stats.effects,
            "ignored": stats.ignored,
            "faults": stats.faults,
            "records": self._simulator.records(),
        }
        return _json(shown)

    async def show_faults(self, request: web.Request) -> web.Response:
        faults = self._simulator.faults
        return _json({**faults.settings(), "next": faults.script})

    async def change_faults(self, request: web.Request) -> web.Response:
        try:
            self._simulator.faults.change(await request.read())
        except ValueError as error:
            return _json({"error": str(error)}, 400)
        return await self.show_faults(request)

    async def reset(self, request: web.Request) -> web.Response:
        self._simulator.stats.clear()
        self._simulator.faults.script.clear()
        return web.Response(status=204)

    async def act(self, request: web.Request) -> web.Response:
        try:
            return _json(act(self._simulator.buyers, await request.read()))
        except ValueError as error:
            return _json({"error": str(error)}, 400)
        except LookupError as error:
            return _json({"error": f"there is no chat {error}"}, 404)
        except NotImplementedError as error:
            return _json({"error": str(error)}, 501)

    async def show_sent(self, request: web.Request) -> web.Response:
        return _json(self._simulator.sent())

    async def show_written(self, request: web.Request) -> web.Response:
        return _json(self._simulator.written())


def _json(shown: object, status: int = 200) -> web.Response:
    raw = msgspec.json.encode(shown)
    return web.Response(status=status, body=raw, content_type="application/json")
