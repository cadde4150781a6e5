from __future__ import annotations

import aiohttp
import pytest

from wbym.testing import (
    CabinetContext,
    Call,
    Handlers,
    MarketplaceSimulator,
    ReceivedMessage,
    Refusal,
    Response,
    Route,
    SimulatedCabinet,
    SimulatorOptions,
    decode_base64url,
    encode_base64url,
    json_response,
    route,
)


class Stall(SimulatedCabinet[SimulatorOptions, str]):
    """A cabinet with goods."""

    def __init__(self, context: CabinetContext[SimulatorOptions, str], goods: int) -> None:
        super().__init__(context)
        self.goods = goods

    def records(self) -> dict[str, int]:
        return {"goods": self.goods}

    def received(self) -> list[ReceivedMessage]:
        return [ReceivedMessage("1", each.text) for each in self.written]


class GoodsHandlers(Handlers[Stall], bucket="goods", scope=3):
    @route("POST", "/goods/list", writes=False)
    async def show(self, call: Call) -> Response:
        return json_response(self._cabinet(call).goods)

    @route("GET", "/goods/count", bucket="count", scope=0)
    async def count(self, call: Call) -> Response:
        return json_response(1)


class FormHandlers(Handlers[Stall]):
    @route("POST", "/forms/{size}")
    async def read(self, call: Call) -> Response:
        self._cabinet(call).context.write("form", "1", "Готово")
        parts = await call.parts(int(call.path("size")))
        if parts is None:
            raise Refusal(400)
        return json_response([[p.name, p.content.decode(), p.is_cut] for p in parts])


class Market(MarketplaceSimulator[Stall, str]):
    handlers = (GoodsHandlers, FormHandlers)

    def __init__(self) -> None:
        super().__init__()
        self.cabinets = {
            name: Stall(CabinetContext(SimulatorOptions(), stats=self.stats, now=self.now), goods)
            for name, goods in (("first", 1), ("second", 2))
        }

    def admit(self, call: Call, route: Route) -> None:
        call.seller = call.query("seller") or "first"

    def refuse(self, call: Call, refusal: Refusal, route: Route | None) -> Response:
        return json_response(None, status=refusal.status)


def test_routes_are_declared_by_handlers() -> None:
    stated = [(r.method, r.path, r.bucket, r.scope, r.writes) for r in Market().routes()]
    assert stated == [
        ("POST", "/goods/list", "goods", 3, False),
        ("GET", "/goods/count", "count", 0, False),
        ("POST", "/forms/{size}", "", 0, True),
    ]


def test_records_of_all_cabinets() -> None:
    market = Market()
    assert market.state is market.state_of("first")
    assert market.records() == {"goods": 3}
    with pytest.raises(KeyError):
        market.state_of("third")


async def test_handlers_serve_the_cabinet_of_the_caller() -> None:
    async with Market() as market, aiohttp.ClientSession() as session:
        for seller, goods in (("first", 1), ("second", 2)):
            async with session.post(f"{market.url}/goods/list?seller={seller}") as reply:
                assert await reply.json() == goods


async def test_form_is_read_and_size_limited() -> None:
    async with Market() as market, aiohttp.ClientSession() as session:
        for size, shown in (
            (9, [["text", "да", False], ["file", "cup", False]]),
            (6, [["text", "да", False], ["file", "cu", True]]),
        ):
            form = aiohttp.FormData({"text": "да"}, default_to_multipart=True)
            form.add_field("file", b"cup", filename="cup.txt")
            async with session.post(f"{market.url}/forms/{size}", data=form) as reply:
                assert await reply.json() == shown
        async with session.post(f"{market.url}/forms/9", data=b"no form") as reply:
            assert reply.status == 400
        assert market.stats.effects == {"form": 3}
        assert market.sent() == [ReceivedMessage("1", "Готово")] * 3


def test_base64url_needs_no_padding() -> None:
    assert encode_base64url(b"\xff") == "_w"
    assert decode_base64url("_w") == decode_base64url("_w==") == b"\xff"
    with pytest.raises(ValueError, match="base64url"):
        decode_base64url("?")
