"""Endpoints of an invented marketplace of items, for tests of calls."""

import msgspec

from tests.support.fakes import json_response
from wbym.calls import Binary, Endpoint, Json, Nothing, TransportError


class Item(msgspec.Struct):
    id: int


def _itself(item: Item) -> Item:
    return item


READ = Endpoint(
    name="items.read",
    method="GET",
    host="api",
    path="/items",
    reply=Json(Item, _itself),
    buckets=("items",),
    scope="items",
)
SEND = Endpoint(
    name="items.send",
    method="POST",
    host="api",
    path="/items",
    reply=Nothing(),
    buckets=("items",),
    scope="items",
    writes=True,
    idempotent=False,
)
FILE = Endpoint(
    name="items.file",
    method="GET",
    host="api",
    path="/file",
    reply=Binary(),
    buckets=("items",),
    scope="items",
)
ITEM = json_response({"id": 1})
SLOW = TransportError("", sent=True, timeout=True)
UNSENT = TransportError("no route", sent=False, timeout=False)
