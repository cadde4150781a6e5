"""HTTP requests and responses as plain values."""

from collections.abc import Mapping
from typing import Final, TypeAlias

from wbym._reprs import PlainRepr, SecretText, reveal, safe_repr
from wbym.errors import InvalidInput

__all__ = [
    "BodyTooLarge",
    "Part",
    "QueryValue",
    "Request",
    "Response",
    "TransportError",
    "Upload",
]

QueryValue: TypeAlias = str | int | float | bool | None
"""A query parameter: None is omitted, a bool is written as ``true`` or ``false``."""


_MIN_SECRET: Final = 4


class Upload(PlainRepr, frozen=True):
    """A file to send.

    Args:
        name: The file's name, as the buyer sees it.
        content: Its bytes.

    Raises:
        InvalidInput: The name is not a string, is empty or has unprintable characters; the content
            is not bytes.
    """

    name: str
    content: bytes

    def __post_init__(self) -> None:
        name: object = self.name
        if not isinstance(name, str) or not name or not name.isprintable():
            raise InvalidInput("Upload", "name", "must be a printable text", name)
        content: object = self.content
        if not isinstance(content, bytes):
            raise InvalidInput("Upload", "content", "must be bytes", type(content))

    @property
    def content_type(self) -> str | None:
        """JPEG, PNG or PDF by the first bytes, never by the name; None for any other type."""
        for magic, content_type in _MAGIC:
            if self.content.startswith(magic):
                return content_type
        return None

    @safe_repr
    def __repr__(self) -> str:
        return f"Upload({self.name!r}, {len(self.content)} bytes)"


_MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"%PDF-", "application/pdf"),
)


class Part(PlainRepr, frozen=True, gc=False):
    """One part of a multipart body."""

    name: str
    value: str | bytes
    filename: str | None = None
    content_type: str | None = None

    @safe_repr
    def __repr__(self) -> str:
        return f"Part({self.name!r}, {len(self.value)} long)"


class Request(PlainRepr, frozen=True, gc=False):
    """An HTTP request."""

    method: str
    url: str
    """Absolute, percent-encoded, with the query."""
    headers: dict[str, str]
    """Credentials are :class:`wbym.calls.SecretText`."""
    body: bytes | None = None
    """The JSON body; ``headers`` has its content type."""
    parts: tuple[Part, ...] = ()
    """The multipart body; never together with ``body``."""
    address: str = ""
    """Scheme and host, for observers."""
    writes: bool = False
    """Whether it may change something."""
    reads_late: bool = False
    """Whether the caller may leave the answer's body in the network for long."""

    def secrets(self) -> frozenset[str]:
        """The secret texts that it has, each without a word such as ``Bearer`` before it.

        Shorter ones than 4 characters are not secrets, and would be found everywhere.
        """
        sent = [*self.headers.values(), *(part.value for part in self.parts)]
        words = (reveal(text).rpartition(" ")[2] for text in sent if isinstance(text, SecretText))
        return frozenset(word for word in words if len(word) >= _MIN_SECRET)

    @safe_repr
    def __repr__(self) -> str:
        # Headers carry the token and bodies may carry secrets.
        return f"Request({self.method} {self.url})"


class Response(PlainRepr, frozen=True, gc=False):
    """An HTTP response, read to its end."""

    status: int
    headers: Mapping[str, str]
    """Look names up in lower case; the transport's mapping ignores case."""
    body: bytes = b""

    @safe_repr
    def __repr__(self) -> str:
        return f"Response({self.status}, {len(self.body)} bytes)"


class TransportError(Exception):
    """The request failed without a complete answer."""

    def __init__(self, reason: str, *, sent: bool, timeout: bool = False) -> None:
        super().__init__(reason)
        self.sent = sent
        """Whether the request may have reached the marketplace."""
        self.timeout = timeout


class BodyTooLarge(TransportError):
    """The body of an answer is larger than the transport reads into memory."""

    def __init__(self, head: Response, max_size: int) -> None:
        super().__init__(f"the body is larger than {max_size} bytes", sent=True)
        self.head = head
        """The answer without its body."""
