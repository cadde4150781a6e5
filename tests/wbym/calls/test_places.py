"""The place of an argument: path, query or body."""

from collections.abc import Collection, Sequence
from enum import Enum
from typing import Annotated

import msgspec
import pytest

from tests.support.fakes import json_response, pipeline
from wbym.calls import (
    Commas,
    Count,
    Endpoint,
    Group,
    Json,
    Name,
    Nothing,
    Reply,
    WholeBody,
    get,
    post,
    put,
)
from wbym.errors import InvalidInput
from wbym.paging import ByOffset, ByToken, Listing


def plain(data: type, /, **_: object) -> Reply[object]:
    return Json(object, lambda body: body)


class Cup(msgspec.Struct):
    tags: list[str]


class Glaze(Enum):
    BLUE = "blue"
    TWO = "blue,red"


class Shelf(Group, host="main", scope="goods", envelope=plain):
    @put("/shelf/{id}")
    async def label(self, shelf_id: Annotated[int, Name("id")], text: str) -> object: ...

    @put("/shelf")
    async def fill(self, codes: Annotated[Sequence[str], Count(1)]) -> object: ...

    @post("/cups", reads=True, pages=ByToken("next", where="body"))
    def cups(self, like: Cup, codes: Sequence[str]) -> Listing[Cup]:
        """By the body's fields."""
        raise NotImplementedError

    @post("/same", reads=True, pages=ByOffset("take", "skip", 1))
    def same(self, cups: Annotated[Sequence[Cup], WholeBody()]) -> Listing[Cup]:
        """By the whole body."""
        raise NotImplementedError

    @get("/glazed")
    async def glazed(
        self,
        *,
        glazes: Annotated[Collection[str | Glaze], Commas()] = (),
        ids: Annotated[Collection[int], Commas()] | None = None,
    ) -> object: ...

    @get("/cups/{cupId}/of/{maker}")
    async def cup(self, cup_id: int, maker: str) -> object: ...


async def test_path_when_the_argument_has_another_name() -> None:
    made, transport, _ = pipeline(json_response(1))
    await Shelf(made).label(7, "cups")
    (request,) = transport.requests
    assert request.url == "https://main.example/shelf/7"
    assert request.body == b'{"text":"cups"}'


async def test_count_without_an_upper_bound() -> None:
    made, transport, _ = pipeline(json_response(1))
    with pytest.raises(InvalidInput, match=r"fill: codes must have at least 1 values, has 0"):
        await Shelf(made).fill([])
    await Shelf(made).fill(["a"] * 10_000)
    assert len(transport.requests) == 1


async def test_body_when_arguments_change_after_the_call() -> None:
    made, transport, _ = pipeline(json_response([]), json_response([]))
    cup, codes, cups = Cup(["a"]), ["a"], [Cup(["a"])]
    shelf = Shelf(made)
    lists = shelf.cups(cup, codes), shelf.same(cups)
    for changed in cup.tags, codes, cups[0].tags:
        changed.append("JUNK")
    cups.clear()
    for one in lists:
        await one.page()
    first, second = transport.requests
    assert first.body == b'{"like":{"tags":["a"]},"codes":["a"]}'
    assert second.body == b'[{"tags":["a"]}]'


@pytest.mark.parametrize(
    ("glazes", "rule"),
    [
        ([], "must have at least 1 value"),
        ([""], "must have values without commas"),
        (["blue", " "], "must have values without commas"),
        (["blue", "red,green"], "must have values without commas"),
        ([Glaze.TWO], "must have values without commas"),
    ],
)
async def test_list_argument_when_a_value_has_a_comma(glazes: list[str], rule: str) -> None:
    made, transport, _ = pipeline(json_response(1))
    with pytest.raises(InvalidInput, match=f"shelf.glazed: glazes {rule}"):
        await Shelf(made).glazed(glazes=glazes)
    assert not transport.requests


async def test_list_argument_when_joined_with_commas() -> None:
    made, transport, _ = pipeline(*[json_response(1)] * 3)
    shelf = Shelf(made)
    await shelf.glazed()
    await shelf.glazed(glazes=(), ids=None)  # as by default
    await shelf.glazed(glazes=["a b", Glaze.BLUE], ids=[1, 2])
    assert [request.url.partition("/glazed")[2] for request in transport.requests] == [
        "",
        "",
        "?glazes=a+b%2Cblue&ids=1%2C2",
    ]


@pytest.mark.parametrize("maker", ["", ".", ".."])
async def test_path_when_an_argument_would_vanish(maker: str) -> None:
    made, transport, _ = pipeline(json_response(1))
    with pytest.raises(InvalidInput, match=r"shelf\.cup: maker must not be blank, '\.' or '\.\.'"):
        await Shelf(made).cup(1, maker)
    own = Endpoint(
        name="mine",
        method="GET",
        host="main",
        path="/mine/{one}",
        reply=Nothing(),
        buckets=("mine",),
        scope="goods",
    )
    with pytest.raises(InvalidInput, match="mine: one must not be blank"):
        await made.call(own, path={"one": maker})
    assert not transport.requests


async def test_path_when_an_argument_has_dots_and_more() -> None:
    made, transport, _ = pipeline(json_response(1))
    await Shelf(made).cup(1, "...")
    assert transport.requests[0].url.endswith("/cups/1/of/...")
