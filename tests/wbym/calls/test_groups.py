"""Inheritance of groups, and malformed rows."""

import pytest

from tests.support.fakes import json_response, pipeline
from tests.wbym.calls.shelf import Box, bare
from wbym.calls import Group, get, row, rows_of

pytestmark = pytest.mark.looptime


class Plain(Group, host="main", scope="goods", bucket="all", spelling=None, envelope=bare):
    @get("/plain")
    async def plain(self, *, box_id: int) -> Box:
        """One."""
        raise NotImplementedError

    @get("/other")
    async def other(self) -> Box:
        """Another."""
        raise NotImplementedError

    @get("/hidden")
    async def hidden(self) -> Box:
        """Optional."""
        raise NotImplementedError


class Inherited(Plain):
    @get("/own")
    async def own(self, *, box_id: int) -> Box:
        """A row of this group only."""
        raise NotImplementedError

    async def hidden(self) -> Box:
        """Not an operation here."""
        return Box(0)


class Moved(Inherited, host="files", spelling="camel", noun="boxes.moved"):
    @get("/moved")
    async def other(self) -> Box:
        """Overrides the row of the base."""
        raise NotImplementedError


async def url_of(group: type[Group], name: str, **arguments: object) -> str:
    calls, transport, _ = pipeline(json_response({"id": 1}))
    assert await getattr(group(calls), name)(**arguments) == Box(1)
    return transport.requests[0].url


class TestInheritance:
    async def test_spelling_when_not_stated(self) -> None:
        assert await url_of(Inherited, "own", box_id=1) == "https://main.example/own?box_id=1"
        assert await url_of(Inherited, "plain", box_id=1) == "https://main.example/plain?box_id=1"

    async def test_inherited_row_when_its_group_states_more(self) -> None:
        assert await url_of(Moved, "plain", box_id=1) == "https://files.example/plain?boxId=1"
        assert await url_of(Moved, "own", box_id=1) == "https://files.example/own?boxId=1"
        assert await url_of(Moved, "other") == "https://files.example/moved"
        assert await url_of(Plain, "plain", box_id=1) == "https://main.example/plain?box_id=1"

    async def test_inherited_method_that_hides_a_row(self) -> None:
        calls, transport, _ = pipeline()
        assert await Moved(calls).hidden() == Box(0)
        assert not transport.requests

    def test_names_when_rows_are_inherited(self) -> None:
        assert row(Plain.plain).name == "plain.plain"
        assert row(Moved.plain).name == "boxes.moved.plain"
        assert row(Moved.plain).endpoint.buckets == ("all",)
        assert sorted(one.name for one in rows_of(Moved)) == [
            "boxes.moved.other",
            "boxes.moved.own",
            "boxes.moved.plain",
        ]


class Wrong(Group, host="main", scope="goods", envelope=bare):
    @get("/untyped")
    async def untyped(self):  # type: ignore[no-untyped-def]  # noqa: ANN201
        """Lacks the return annotation."""

    @get("/typeless")
    async def typeless(self, it) -> Box:  # type: ignore[no-untyped-def]  # noqa: ANN001
        """Lacks the annotation of its parameter."""
        raise NotImplementedError

    @get("/forgotten")
    def forgotten(self) -> Box:
        """Is not async."""
        raise NotImplementedError


class NoGroup:
    @get("/homeless")
    async def homeless(self) -> Box:
        """Its class is not a group."""
        raise NotImplementedError


class TestWrongRows:
    async def test_call_when_the_row_lacks_its_return_type(self) -> None:
        calls, transport, _ = pipeline(json_response({"id": 1}))
        with pytest.raises(TypeError, match=r"Wrong\.untyped must have a return annotation"):
            await Wrong(calls).untyped()  # type: ignore[no-untyped-call]
        assert not transport.requests

    async def test_call_when_the_row_lacks_a_parameter_type(self) -> None:
        calls, transport, _ = pipeline(json_response({"id": 1}))
        with pytest.raises(TypeError, match=r"Wrong\.typeless must annotate it with a type"):
            await Wrong(calls).typeless(1)
        assert not transport.requests

    async def test_call_when_the_row_is_not_async(self) -> None:
        calls, transport, _ = pipeline(json_response({"id": 1}))
        with pytest.raises(TypeError, match=r"Wrong\.forgotten must be async, a list or"):
            Wrong(calls).forgotten()
        assert not transport.requests

    async def test_call_when_the_class_is_not_a_group(self) -> None:
        with pytest.raises(TypeError, match=r"NoGroup\.homeless must be in a Group"):
            await NoGroup().homeless()
        with pytest.raises(TypeError, match=r"NoGroup\.homeless must be in a Group"):
            row(NoGroup.homeless).name  # noqa: B018
