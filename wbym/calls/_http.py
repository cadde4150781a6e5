"""One request and one response as values: what to send and what came back, without a connection."""

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from wbym.errors import InvalidInput

__all__ = ["Part", "QueryValue", "Request", "Response", "TransportError", "Upload"]

QueryValue: TypeAlias = str | int | float | bool | None
"""A parameter in the address: None is left out, a bool is written ``true`` or ``false``."""


class Upload(msgspec.Struct, frozen=True):
    """A file to send.

    Args:
        name: The file's name, as the buyer sees it.
        content: Its bytes.

    Raises:
        InvalidInput: The name is not a text, is empty or has characters that cannot be printed; the
            content is not bytes.
    """

    name: str
    content: bytes

    def __post_init__(self) -> None:
        name: object = self.name
        if not isinstance(name, str) or not name or not name.isprintable():
            raise InvalidInput("Upload", "name", "must be a text that can be printed", name)
        content: object = self.content
        if not isinstance(content, bytes):
            raise InvalidInput("Upload", "content", "must be bytes", type(content))

    @property
    def content_type(self) -> str | None:
        """JPEG, PNG or PDF by its first bytes, never by its name; None if it is none of them."""
        for magic, content_type in _MAGIC:
            if self.content.startswith(magic):
                return content_type
        return None

    def __repr__(self) -> str:
        return f"Upload({self.name!r}, {len(self.content)} bytes)"


_MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"%PDF-", "application/pdf"),
)


class Part(msgspec.Struct, frozen=True, gc=False):
    """One part of a multipart body."""

    name: str
    value: str | bytes
    filename: str | None = None
    content_type: str | None = None

    def __repr__(self) -> str:
        return f"Part({self.name!r}, {len(self.value)} long)"


class Request(msgspec.Struct, frozen=True, gc=False):
    """What to send."""

    method: str
    url: str
    """Absolute, percent-encoded, with its query."""
    headers: dict[str, str]
    body: bytes | None = None
    """A JSON body; ``headers`` has its content type."""
    parts: tuple[Part, ...] = ()
    """A multipart body; never together with ``body``."""
    address: str = ""
    """Scheme and host, for those who watch."""

    def __repr__(self) -> str:
        # Headers carry the token and bodies may carry secrets.
        return f"Request({self.method} {self.url})"


class Response(msgspec.Struct, frozen=True, gc=False):
    """What came back, read to its end."""

    status: int
    headers: Mapping[str, str]
    """Looked up in lower case; the transport's mapping ignores case."""
    body: bytes = b""

    def __repr__(self) -> str:
        return f"Response({self.status}, {len(self.body)} bytes)"


class TransportError(Exception):
    """No whole answer came."""

    def __init__(self, reason: str, *, sent: bool, timeout: bool = False) -> None:
        super().__init__(reason)
        self.sent = sent
        """Whether the request may have reached the marketplace."""
        self.timeout = timeout
