"""Bodies that no marketplace sends: of gateways, challenge pages and other programs."""

from typing import Final

__all__ = ["FOREIGN"]

FOREIGN: Final = (
    b"",
    b"<html><body>404 page not found</body></html>",
    b"404 page not found",
    b'{"timestamp": 1, "status": 404, "error": "Not Found", "path": "/"}',
    b'{"message": "no Route matched with those values"}',
    b'{"detail": "Not Found"}',
    b'{"errors": null}',
    b'{"errors": []}',
    b"[]",
    b"{}",
    b"null",
    b"7",
    b"\xff\xfe",
    b"[" * 5_000,
)
