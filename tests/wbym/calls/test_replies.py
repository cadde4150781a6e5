"""Decoding of bodies."""

import gc
from collections.abc import Iterator

import msgspec
import pytest

from wbym.calls import Decoded, Json, Optional, Unreadable


class Plan(msgspec.Struct):
    level: str


PLAN = Optional(Json(Plan, lambda plan: plan))


class TestOptional:
    @pytest.mark.parametrize("body", [b"", b" \n", b"{}", b"null"])
    def test_value_when_absent(self, body: bytes) -> None:
        assert PLAN.decode(body) == Decoded(None)

    def test_value_when_present(self) -> None:
        assert PLAN.decode(b'{"level": "high"}') == Decoded(Plan("high"))

    @pytest.mark.parametrize("body", [b"[]", b"<html>", b'{"level": 7}'])
    def test_body_when_it_has_another_shape(self, body: bytes) -> None:
        with pytest.raises(Unreadable):
            PLAN.decode(body)

    def test_statuses_when_requested(self) -> None:
        assert PLAN.accepts(204)
        assert not PLAN.accepts(404)


collected: list[bool] = []
"""Whether the collector was on, for each created record."""


class Item(msgspec.Struct):
    id: int

    def __post_init__(self) -> None:
        collected.append(gc.isenabled())


@pytest.fixture(autouse=True)
def _collector() -> Iterator[None]:
    collected.clear()
    yield
    gc.enable()


ITEMS: Json[list[Item], list[Item]] = Json(list[Item], lambda items: items)


class TestCollector:
    def test_collector_when_decoded(self) -> None:
        items = ITEMS.decode(b'[{"id":1},{"id":2}]').value
        assert [item.id for item in items] == [1, 2]
        assert collected == [False, False]
        assert gc.isenabled()

    def test_collector_when_the_body_is_undecodable(self) -> None:
        with pytest.raises(Unreadable):
            ITEMS.decode(b'[{"id":1},{"id":"two"}]')
        assert collected == [False, False]
        assert gc.isenabled()

    def test_collector_when_the_program_disabled_it(self) -> None:
        gc.disable()
        ITEMS.decode(b'[{"id":1}]')
        assert not gc.isenabled()


class TestSecrets:
    BODY = b'[{"id":1},{"id":"two","key":{"a":"hush"},"n":1.50},{"id":"three"},"hush"]'

    def test_secrets_when_their_record_is_undecodable(self) -> None:
        page: Json[list[Item], list[Item]] = Json(
            list[Item], lambda items: items, record=Item, secrets=frozenset({"key"})
        )
        items, undecodable, _ = page.decode(self.BODY)
        assert [item.id for item in items] == [1]
        data = [one.data for one in undecodable]
        assert data == [b'{"id":"two","key":"***","n":1.50}', b'{"id":"three"}', b'"hush"']
