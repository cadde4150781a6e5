"""Where an argument goes."""

from collections.abc import Sequence
from typing import Annotated

import pytest

from tests.fakes import json_response, pipeline
from wbym.calls import Count, Group, Json, Name, Reply, put
from wbym.errors import InvalidInput


def plain(data: type, /, **_: object) -> Reply[object]:
    return Json(object, lambda body: body)


class Shelf(Group, host="main", scope="goods", envelope=plain):
    @put("/shelf/{id}")
    async def label(self, shelf_id: Annotated[int, Name("id")], text: str) -> object: ...

    @put("/shelf")
    async def fill(self, codes: Annotated[Sequence[str], Count(1)]) -> object: ...


async def test_path_when_the_argument_has_another_name() -> None:
    made, transport, _ = pipeline(json_response(1))
    await Shelf(made).label(7, "cups")
    (request,) = transport.requests
    assert request.url == "https://main.example/shelf/7"
    assert request.body == b'{"text":"cups"}'


async def test_count_when_it_has_no_upper_bound() -> None:
    made, transport, _ = pipeline(json_response(1))
    with pytest.raises(InvalidInput, match=r"fill: codes must have at least 1 values, there are 0"):
        await Shelf(made).fill([])
    await Shelf(made).fill(["a"] * 10_000)
    assert len(transport.requests) == 1
