"""Rows that list: requests of pages, cursors, undecodable records."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tests.support.fakes import Scripted, ScriptedTransport, json_response, pipeline
from tests.wbym.calls.shelf import Box, Lists, Page
from wbym.calls import Request
from wbym.domain import UndecodableRecord
from wbym.errors import CursorStuck, InvalidInput, PagingLimit
from wbym.limits import Priority
from wbym.paging import Listing

pytestmark = pytest.mark.looptime


def page_of(*ids: object, **more: object) -> Scripted:
    return json_response({"data": {"boxes": [{"id": id_} for id_ in ids], **more}})


def lists(*script: Scripted) -> tuple[Lists, ScriptedTransport, list[UndecodableRecord]]:
    calls, transport, undecodable = pipeline(*script)
    return Lists(calls), transport, undecodable


def query_of(request: Request) -> str:
    return request.url.partition("?")[2]


def body_of(request: Request) -> Any:  # noqa: ANN401 - JSON
    assert request.body is not None
    return msgspec.json.decode(request.body)


async def ids(listing: Listing[Box]) -> list[int]:
    return [box.id for box in await listing.all()]


class TestByOffset:
    async def test_requests_when_the_total_is_known(self) -> None:
        group, transport, _ = lists(page_of(1, 2, 3, total=6), page_of(4, 5, 6, total=6))
        assert await ids(group.offset(is_open=False)) == [1, 2, 3, 4, 5, 6]
        assert [query_of(request) for request in transport.requests] == [
            "isOpen=false&take=3&skip=0",
            "isOpen=false&take=3&skip=3",
        ]

    async def test_page_when_requested_alone(self) -> None:
        group, transport, _ = lists(page_of(4, total=9))
        page = await group.offset().using(cursor="3", size=2).page()
        assert (page.items, page.cursor, page.next_cursor, page.total) == ([Box(4)], "3", None, 9)
        assert isinstance(page.sent, Page)
        assert query_of(transport.requests[0]) == "take=2&skip=3"

    async def test_list_when_it_is_longer_than_its_cap(self) -> None:
        group, _, _ = lists(*(page_of(n, n + 1, n + 2, total=90) for n in (1, 4, 7)))
        found: list[int] = []
        with pytest.raises(PagingLimit) as caught:
            async for box in group.offset():
                found.append(box.id)
        assert found == [1, 2, 3, 4, 5, 6, 7, 8, 9]
        assert (caught.value.method, caught.value.offset) == ("lists.offset", 9)
        assert caught.value.total == 90

    async def test_records_when_they_are_null(self) -> None:
        group, _, _ = lists(json_response({"data": {"boxes": None}}))
        assert await ids(group.offset()) == []

    async def test_records_when_a_page_is_their_list(self) -> None:
        group, _, undecodable = lists(json_response({"data": [{"id": 1}, {"id": "x"}]}))
        page = await group.bare().page()
        assert page.items == [Box(1)]
        assert [one.where for one in undecodable] == ["data[1]"]

    async def test_total_when_a_function_computes_it(self) -> None:
        group, transport, _ = lists(page_of(1, 2, 3))
        assert await ids(group.totalled(n=3)) == [1, 2, 3]
        assert len(transport.requests) == 1


class TestByToken:
    async def test_requests_when_the_token_is_in_the_query(self) -> None:
        group, transport, _ = lists(page_of(1, next="a&b"), page_of(2, next=""))
        assert await ids(group.token("x", shelf="s")) == [1, 2]
        assert [query_of(request) for request in transport.requests] == [
            "shelf=s&limit=5",
            "shelf=s&limit=5&pageToken=a%26b",
        ]
        assert [body_of(request) for request in transport.requests] == [{"text": "x"}] * 2

    async def test_requests_when_the_token_is_in_the_body(self) -> None:
        group, transport, _ = lists(page_of(1, next=7), page_of(2, next=0))
        assert await ids(group.inside("x")) == [1, 2]
        assert [body_of(request) for request in transport.requests] == [
            {"text": "x"},
            {"text": "x", "from": 7},
        ]

    @pytest.mark.parametrize("cursor", ["x", "0", "-1", "1.5", "٣", "1" * 20, "0" * 5000 + "1"])
    async def test_cursor_when_it_is_not_a_number(self, cursor: str) -> None:
        group, transport, _ = lists()
        with pytest.raises(InvalidInput, match="must be a cursor of this list") as caught:
            await group.inside("x").using(cursor=cursor).page()
        assert (caught.value.method, caught.value.argument) == ("lists.inside", "cursor")
        assert not transport.requests

    async def test_list_when_the_page_marks_the_end(self) -> None:
        group, transport, _ = lists(page_of(1, next=5, count=1), page_of(next=5, count=0))
        assert await ids(group.events()) == [1]
        assert [query_of(request) for request in transport.requests] == ["", "next=5"]

    async def test_list_when_the_page_does_not_mark_the_end(self) -> None:
        # Then the received records are counted.
        group, _, _ = lists(page_of(1, next=5), page_of(next=6))
        assert await ids(group.events()) == [1]

    async def test_list_when_a_short_page_ends_it(self) -> None:
        group, transport, _ = lists(page_of(1, 2, next=5), page_of(3, next=6))
        assert await ids(group.short()) == [1, 2, 3]
        assert len(transport.requests) == 2

    async def test_list_when_an_undecodable_record_shortens_a_page(self) -> None:
        group, _, _ = lists(page_of(1, "x", next=5), page_of(3, next=6))
        assert await ids(group.short()) == [1, 3]


class TestByCursor:
    async def test_requests_when_the_page_has_a_cursor(self) -> None:
        first = {"updatedAt": "2026", "nmID": 5, "total": 2}
        group, transport, _ = lists(
            page_of(1, 2, cursor=first), page_of(3, cursor={"updatedAt": "2027", "total": 1})
        )
        pages = [page async for page in group.cursor("x").pages()]
        assert [page.items for page in pages] == [[Box(1), Box(2)], [Box(3)]]
        assert pages[0].next_cursor == pages[1].cursor == '["2026",5]'
        assert pages[1].next_cursor is None
        assert [body_of(request) for request in transport.requests] == [
            {"settings": {"filter": {"text": "x"}, "cursor": {"limit": 2}}},
            {
                "settings": {
                    "filter": {"text": "x"},
                    "cursor": {"updatedAt": "2026", "nmID": 5, "limit": 2},
                }
            },
        ]

    async def test_size_when_less_than_the_max(self) -> None:
        group, transport, _ = lists(page_of(1, cursor={"updatedAt": "2026", "nmID": 5, "total": 1}))
        page = await group.cursor("x").using(size=1).page()
        assert page.next_cursor is not None
        assert body_of(transport.requests[0])["settings"]["cursor"] == {"limit": 1}

    @pytest.mark.parametrize(
        ("place", "cursor"),
        [
            (None, "[null,null]"),
            ({}, "[null,null]"),
            ({"total": 9}, "[null,null]"),
            ({"updatedAt": "2026", "total": 2}, '["2026",null]'),
            ({"updatedAt": "2026", "nmID": 0, "total": 2}, '["2026",null]'),
            ({"updatedAt": None, "nmID": 5, "total": 2}, "[null,5]"),
        ],
    )
    async def test_list_when_a_full_page_has_an_incomplete_cursor(
        self, place: object, cursor: str
    ) -> None:
        group, transport, _ = lists(page_of(1, 2, cursor=place))
        found: list[int] = []
        with pytest.raises(CursorStuck, match=r"lists\.cursor") as caught:
            async for box in group.cursor("x"):
                found.append(box.id)
        assert found == [1, 2]
        assert caught.value.cursor == cursor
        assert len(transport.requests) == 1

    async def test_page_when_it_is_full_and_its_cursor_is_incomplete(self) -> None:
        group, transport, _ = lists(page_of(1, 2, cursor={"total": 2}))
        page = await group.cursor("x").page()
        assert page.items == [Box(1), Box(2)]
        assert (
            page.next_cursor is not None
        )  # or a caller that pages by hand would take it for the last page
        with pytest.raises(CursorStuck):
            await group.cursor("x").using(cursor=page.next_cursor).page()
        assert len(transport.requests) == 1

    @pytest.mark.parametrize("place", [None, {"updatedAt": "2026", "total": 1}, {"total": 0}])
    async def test_list_when_the_last_page_has_an_incomplete_cursor(self, place: object) -> None:
        group, _, _ = lists(page_of(1, cursor=place))
        assert await ids(group.cursor("x")) == [1]

    @pytest.mark.parametrize(
        "cursor",
        [
            "x",
            "5",
            "[1]",
            '["a",5,6]',
            "[null]",
            "[true,5]",
            '["a",' + "1" * 5000 + "]",
            '{"a":1}',
            "[[],5]",
        ],
    )
    async def test_cursor_when_of_another_list(self, cursor: str) -> None:
        group, transport, _ = lists()
        with pytest.raises(InvalidInput, match="must be a cursor of this list"):
            await group.cursor("x").using(cursor=cursor).page()
        assert not transport.requests


def halved(box: Box) -> float:
    return 10 / box.id


class TestUndecodable:
    @pytest.mark.parametrize(
        ("made", "answer", "where"),
        [
            (
                lambda group: group.offset(),
                b'{"data": {"boxes": [{"id": "x"}, {"id":  0}, {"id": 5}], "total": 3}}',
                "data.boxes",
            ),
            (
                lambda group: group.bare(),
                b'{"data": [{"id": "x"}, {"id":  0}, {"id": 5}]}',
                "data",
            ),
        ],
    )
    async def test_records_when_they_cannot_be_decoded_or_mapped(
        self, made: Callable[[Lists], Listing[Box]], answer: bytes, where: str
    ) -> None:
        response = json_response(msgspec.Raw(answer))
        group, _, reported = lists(response)
        page = await made(group).map(halved).page()
        assert page.items == [2.0]
        assert [(one.where, one.data) for one in page.undecodable] == [
            (f"{where}[0]", b'{"id": "x"}'),
            (f"{where}[1]", b'{"id":  0}'),
        ]
        assert reported == list(page.undecodable)
        assert page.undecodable[1].reason == "ZeroDivisionError: division by zero"
        assert {one.endpoint.partition(".")[0] for one in reported} == {"lists"}

    async def test_records_when_two_are_equal(self) -> None:
        group, _, reported = lists(page_of(5, 0, 0, 2, total=4))
        found = await group.offset().using(size=3).map(halved).all(limit=2)
        assert found == [2.0, 5.0]
        assert [one.where for one in reported] == ["data.boxes[1]", "data.boxes[2]"]


async def test_priority_when_stated() -> None:
    calls, _, _ = pipeline(page_of(1), page_of(1), page_of(1))
    seen: list[Priority | None] = []
    make = calls.call

    async def noting(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        seen.append(kwargs["priority"])
        return await make(*args, **kwargs)

    calls.call = noting  # type: ignore[method-assign]
    await Lists(calls).offset().all()
    await Lists(calls, Priority.BULK).offset().all()
    await Lists(calls, Priority.BULK).offset().using(priority=Priority.INTERACTIVE).all()
    assert seen == [None, Priority.BULK, Priority.INTERACTIVE]
