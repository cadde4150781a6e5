"""What a body becomes."""

import msgspec
import pytest

from wbym.calls import Json, Optional, Unreadable


class Plan(msgspec.Struct):
    level: str


PLAN = Optional(Json(Plan, lambda plan: plan))


class TestOptional:
    @pytest.mark.parametrize("body", [b"", b" \n", b"{}", b"null"])
    def test_value_when_there_is_none(self, body: bytes) -> None:
        assert PLAN.decode("shop.plan", body) == (None, ())

    def test_value_when_there_is_one(self) -> None:
        assert PLAN.decode("shop.plan", b'{"level": "high"}') == (Plan("high"), ())

    @pytest.mark.parametrize("body", [b"[]", b"<html>", b'{"level": 7}'])
    def test_body_when_it_is_something_else(self, body: bytes) -> None:
        with pytest.raises(Unreadable):
            PLAN.decode("shop.plan", body)

    def test_statuses_when_asked_for(self) -> None:
        assert PLAN.accepts(204)
        assert not PLAN.accepts(404)
