"""The transport of a case: it answers each request from the world, damaged where the case says."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from random import Random
from typing import Final

import msgspec

from tests.fuzz.damage import Kind, Scope
from tests.fuzz.schemas import json_reply
from tests.fuzz.world import HERE, Answer, Asked, Routes, World
from tests.fuzz.wrong import encode
from tests.support.fakes import ScriptedExchange
from wbym.calls import Exchange, Request, Response, Row, TransportError

__all__ = ["CaseTransport", "Sent"]

FILE: Final = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


class Sent(msgspec.Struct, frozen=True):
    """A request that came, and what became of it."""

    row: Row
    status: int
    taken: bool
    """Whether the marketplace did what was asked."""
    damaged: bool
    headers: Mapping[str, str]


class CaseTransport:
    """Answers from a world, and counts.

    Args:
        world: What answers.
        routes: Which operation a request is of.
        kind: What goes wrong.
        random: Chooses how.
        target: Whose answers go wrong; None: that of the request with the number ``nth``.
        nth: Counted from 0.
        most: Requests after which the case has not ended.
    """

    def __init__(
        self,
        world: World,
        routes: Routes,
        kind: Kind,
        random: Random,
        *,
        target: Row | None,
        nth: int,
        most: int,
    ) -> None:
        self.world: Final = world
        self.kind: Final = kind
        self.target = target
        self.sent: Final[list[Sent]] = []
        self.answers: Final[Counter[str]] = Counter()
        self.unknown: Final[list[str]] = []
        self.too_many = asyncio.Event()
        self._routes = routes
        self._random = random
        self._nth = nth
        self._max_requests = most
        self._is_hurt = False
        """Whether a record was chosen to be damaged."""

    @asynccontextmanager
    async def send(self, request: Request) -> AsyncIterator[Exchange]:
        await asyncio.sleep(0.01)
        yield ScriptedExchange(self._respond(request))

    async def aclose(self) -> None:
        """There is nothing to close."""

    def _respond(self, request: Request) -> Response:
        if len(self.sent) >= self._max_requests:
            self.too_many.set()
            raise TransportError("the case has had its requests", sent=False)
        try:
            asked = self._routes.asked(request)
        except LookupError as error:
            self.unknown.append(str(error))
            return Response(404, {}, b"")
        if self.target is None and len(self.sent) == self._nth:
            self.target = asked.row
        self.world.target = self.target
        response, taken, damaged = self._answered(asked)
        self.sent.append(Sent(asked.row, response.status, taken, damaged, response.headers))
        self.answers[str(self.kind) if damaged else "-: honest"] += 1
        return response

    def _answered(self, asked: Asked) -> tuple[Response, bool, bool]:
        """The response, whether a write was taken, and whether it is damaged."""
        row, kind = asked.row, self.kind
        is_target = row is self.target
        writes = row.endpoint.writes
        if is_target and kind.scope is Scope.STATUS:
            times = sum(one.damaged for one in self.sent)
            if times == 0 or "always" in kind.name:
                assert kind.change is not None
                status, body = kind.change(self._random)
                taken = writes and self._random.random() < 0.3
                if taken:
                    self.world.took(asked)
                return Response(status, {"content-type": "text/html"}, body), taken, True
        if writes:
            self.world.took(asked)
        if not writes or json_reply(row) is not None:
            body, damaged = self._body(asked)
            status = self.world.status(row) if body is not None else 404
        else:
            body, damaged, status = b"", False, self.world.status(row)
        if is_target and kind.scope is Scope.WRITTEN and writes and json_reply(row) is None:
            assert kind.change is not None
            _, finish = kind.change(self._random, {}, ())
            body, damaged = finish(b""), True
        headers: Mapping[str, str] = {}
        if is_target and kind.scope is Scope.HEADERS and status < 300:
            assert kind.change is not None
            headers, damaged = kind.change(self._random), True
        if body is None:
            # As both marketplaces say it.
            body = (
                b'{"title":"not found","detail":"no such object","errors":[{"code":"NOT_FOUND"}]}'
            )
        return Response(status, headers, body), writes, damaged

    def _body(self, asked: Asked) -> tuple[bytes | None, bool]:
        row, kind = asked.row, self.kind
        if row.is_download:
            return FILE, False
        answer = self.world.answer(asked)
        if answer is None:
            return (b"", False) if json_reply(row) is None else (None, False)
        damaged = False
        if row is self.target:
            if kind.scope is Scope.RECORD and answer.records is not None:
                damaged = self._hurt(answer)
            elif kind.scope is Scope.ENDLESS:
                damaged = True
        tree, finish = answer.tree, bytes
        if row is self.target and kind.change is not None and self._is_of_body(asked):
            path = answer.path if answer.records is not None else ()
            tree, finish = kind.change(self._random, tree, path)
            damaged = True
        return finish(_written(tree, answer)), damaged

    def _is_of_body(self, asked: Asked) -> bool:
        match self.kind.scope:
            case Scope.BODY:
                return True
            case Scope.LIST:
                return asked.row.endpoint.reply is not None
            case Scope.WRITTEN:
                return asked.row.endpoint.writes
            case _:
                return False

    def _hurt(self, answer: Answer) -> bool:
        """Damage one of the records, once and for all; whether one of them is damaged."""
        assert answer.records is not None
        good = [record for record in answer.records if record.is_good]
        if not self._is_hurt and good:
            self._is_hurt = True
            chosen = self._random.choice(good)
            assert self.kind.change is not None
            chosen.raw = self.kind.change(self._random, chosen.tree)
        return any(not record.is_good for record in answer.records)


def _written(tree: object, answer: Answer) -> bytes:
    raw = b",".join(
        encode(record.tree) if record.raw is None else record.raw for record in answer.records or ()
    )
    return encode(tree).replace(encode(HERE), raw, 1)
