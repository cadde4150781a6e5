"""The files of a return: the buyer's photos and the application."""

from __future__ import annotations

import zlib

from wbym_yandex_market.simulator.data_returns import Return

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xd9"


def photo(image: str) -> tuple[bytes, str]:
    """Bytes and type of a buyer's photo: a PNG of one pixel, or the frame of a JPEG."""
    if int(image, 16) % 2:
        return _JPEG, "image/jpeg"
    head = b"\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00"
    pixel = zlib.compress(b"\x00" + bytes.fromhex(image[:6]))
    chunks = ((b"IHDR", head), (b"IDAT", pixel), (b"IEND", b""))
    return _PNG + b"".join(_chunk(name, data) for name, data in chunks), "image/png"


def _chunk(name: bytes, data: bytes) -> bytes:
    check = zlib.crc32(name + data).to_bytes(4, "big")
    return len(data).to_bytes(4, "big") + name + data + check


def application(item: Return) -> bytes:
    """The buyer's application, as a PDF."""
    text = f"Application for return {item.id} of order {item.order_id}"
    return (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n% " + text.encode() + b"\n"
        b"trailer<</Root 1 0 R>>\n%%EOF\n"
    )
