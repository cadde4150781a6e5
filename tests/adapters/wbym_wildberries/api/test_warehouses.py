"""The seller's warehouses: checks before requests, requests, the cost of a 4XX."""

from collections.abc import Awaitable, Callable

import pytest

from tests.adapters.wbym_wildberries.api.scripted import LOST, NO_CONTENT, body_of, scripted
from tests.support.fakes import json_response
from wbym.errors import DeliveryUnknown, InvalidInput, NotFound
from wbym_wildberries import Wildberries
from wbym_wildberries.api.warehouses import Contact

Call = Callable[[Wildberries], Awaitable[object]]

PHONE = "+79998887766"


class TestInput:
    @pytest.mark.parametrize(
        ("call", "rule"),
        [
            (lambda shop: shop.api.warehouses.create("", 15), "1 to 200 characters"),
            (lambda shop: shop.api.warehouses.create("я" * 201, 15), "1 to 200 characters"),
            (lambda shop: shop.api.warehouses.create("Склад", 0), "at least 1"),
            (lambda shop: shop.api.warehouses.update(2, "", 15), "1 to 200 characters"),
            (lambda shop: shop.api.warehouses.update(2, "Склад", -1), "at least 1"),
            (
                lambda shop: shop.api.warehouses.set_contacts(2, [Contact(phone=PHONE)] * 6),
                "0 to 5 values",
            ),
            (
                lambda shop: shop.api.warehouses.set_contacts(
                    2, [Contact(phone=PHONE, comment="я" * 1001)]
                ),
                "0 to 1000 characters",
            ),
            (
                lambda shop: shop.api.warehouses.set_contacts(2, [Contact(phone="89998887766")]),
                r"begin with one of \+7",
            ),
        ],
    )
    async def test_call_when_it_breaks_a_rule(self, call: Call, rule: str) -> None:
        shop, transport = scripted()
        with pytest.raises(InvalidInput, match=rule):
            await call(shop)
        assert transport.requests == []

    async def test_name_when_it_has_the_max_length(self) -> None:
        shop, _ = scripted(json_response({"id": 2}, 201))
        assert await shop.api.warehouses.create("я" * 200, 1) == 2


class TestWarehouses:
    async def test_list_when_a_record_is_undecodable(self) -> None:
        shop, _ = scripted(json_response([{"id": 1, "isDeleting": True}, {"name": "?"}]))
        (warehouse,) = await shop.api.warehouses.list()
        assert (warehouse.id, warehouse.is_deleting) == (1, True)
        assert [undecodable.where for undecodable in shop.undecodable] == ["[1]"]

    @pytest.mark.parametrize(
        "call",
        [
            lambda shop: shop.api.warehouses.create("Склад", 15),
            lambda shop: shop.api.warehouses.update(2, "Склад", 15),
            lambda shop: shop.api.warehouses.delete(2),
        ],
    )
    async def test_call_when_its_outcome_is_unknown(self, call: Call) -> None:
        shop, transport = scripted(LOST)
        with pytest.raises(DeliveryUnknown):
            await call(shop)
        assert len(transport.requests) == 1

    async def test_contacts_when_all_are_removed(self) -> None:
        # The whole list is replaced, so a lost response is resolved by sending it again.
        shop, transport = scripted(LOST, NO_CONTENT)
        await shop.api.warehouses.set_contacts(2, [])
        assert [body_of(request) for request in transport.requests] == [{"contacts": []}] * 2

    async def test_contacts_when_empty(self) -> None:
        shop, _ = scripted(json_response({"contacts": None}), json_response({}))
        assert not await shop.api.warehouses.contacts(2)
        assert not await shop.api.warehouses.contacts(2)

    @pytest.mark.looptime
    async def test_bucket_when_calls_are_rejected(self) -> None:
        rejection = json_response({"code": "NotFound", "message": "Not found"}, 404)
        shop, _ = scripted(rejection, json_response([]))
        with pytest.raises(NotFound, match="Not found"):
            await shop.api.warehouses.delete(2)
        (bucket,) = shop.limits()
        spent = bucket.limit - bucket.left
        assert (bucket.key.bucket, round(spent)) == ("warehouses", 10)
        await shop.api.warehouses.list()
        (bucket,) = shop.limits()
        assert round(bucket.limit - bucket.left) == 11
