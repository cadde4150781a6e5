"""Cards and files that tests send."""

from __future__ import annotations

import struct
from io import BytesIO

import aiohttp

from .conftest import Api, Json

LIST = "/content/v2/get/cards/list"
TRASH = "/content/v2/get/cards/trash"
IMAGE = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", 900, 1200) + bytes(64)
VIDEO = b"\x00\x00\x00\x18ftypmp42" + bytes(64)


def variant(code: str, **fields: Json) -> Json:
    """A valid card."""
    return {
        "vendorCode": code,
        "brand": "Лад",
        "title": "Кроссовки беговые",
        "description": "Лёгкие",
        "dimensions": {"length": 30, "width": 20, "height": 12, "weightBrutto": 0.9},
        "characteristics": [{"id": 14177449, "value": ["red"]}, {"id": 25471, "value": 700}],
        "sizes": [{"techSize": "41", "wbSize": "41", "price": 4000}],
        **fields,
    }


def multipart(content: bytes, name: str = "uploadfile") -> aiohttp.FormData:
    form = aiohttp.FormData()
    kind = "application/octet-stream"
    form.add_field(name, BytesIO(content), filename="file", content_type=kind)
    return form


async def read_all(
    api: Api,
    path: str = LIST,
    *,
    limit: int = 100,
    ascending: bool = True,
    cursor: Json = None,
    **wanted: Json,
) -> list[Json]:
    """Every card after a cursor."""
    found: list[Json] = []
    cursor = dict(cursor or {})
    while True:
        settings = {
            "sort": {"ascending": ascending},
            "cursor": {**cursor, "limit": limit},
            "filter": {"withPhoto": -1, **wanted},
        }
        reply = await api.post(path, {"settings": settings})
        assert reply.status == 200, reply.raw
        page = reply.json
        assert page["cursor"]["total"] == len(page["cards"]) <= limit
        found += page["cards"]
        if page["cursor"]["total"] < limit:
            return found
        cursor = {name: value for name, value in page["cursor"].items() if name != "total"}


async def card(api: Api, text: object, path: str = LIST) -> Json:
    """The one card with this item number, article or barcode."""
    (found,) = await read_all(api, path, textSearch=str(text))
    return found
