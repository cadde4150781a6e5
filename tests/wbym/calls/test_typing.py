"""A row keeps its signature: mypy checks these calls, which are never awaited or read."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import assert_type

import pytest

from tests.support.fakes import json_response, pipeline
from tests.wbym.calls.shelf import Box, Boxes, Lists
from wbym.calls import Download
from wbym.errors import InvalidInput
from wbym.paging import Listing, Page


async def test_types_accepted_by_a_checker() -> None:
    calls, transport, _ = pipeline(json_response({"data": {"id": 1}}), json_response({"data": []}))
    boxes, lists = Boxes(calls), Lists(calls)
    assert_type(await boxes.find(1), Box | None)
    assert_type(await boxes.some(ids=[1]), Sequence[Box])
    assert_type(boxes.file(1), AbstractAsyncContextManager[Download])
    assert_type(lists.offset(is_open=True), Listing[Box])
    assert_type(lists.offset().map(lambda box: box.id), Listing[int])
    assert_type(lists.offset().using(size=1), Listing[Box])
    assert len(transport.requests) == 2


async def test_types_rejected_by_a_checker() -> None:
    # If mypy accepted one of these, it would report an unused comment.
    calls, transport, _ = pipeline(json_response({"data": {"boxes": []}}))
    boxes, lists = Boxes(calls), Lists(calls)
    with pytest.raises(InvalidInput):
        await boxes.find("1")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        await boxes.find()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        await boxes.find(1, deep=True)  # type: ignore[call-arg]
    with pytest.raises(InvalidInput):
        lists.offset(is_open="yes")  # type: ignore[arg-type]
    assert not transport.requests
    assert_type(await lists.offset().page(), Page[Box])
