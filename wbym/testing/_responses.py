"""The responses of a simulator, before they are sent over HTTP."""

import gzip
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass

import msgspec

_LEVEL = 1
JSON = "application/json"


class Body:
    """Bytes of a response, and the same bytes gzipped once."""

    __slots__ = ("_gzipped", "raw")

    def __init__(self, raw: bytes) -> None:
        self.raw: bytes = raw
        self._gzipped: bytes | None = None

    @property
    def is_gzipped(self) -> bool:
        """Whether the gzipped bytes are ready."""
        return self._gzipped is not None

    def gzipped(self) -> bytes:
        """The gzipped bytes; costs about 8 ms per MB the first time."""
        if self._gzipped is None:
            self._gzipped = gzip.compress(self.raw, compresslevel=_LEVEL, mtime=0)
        return self._gzipped


@dataclass(frozen=True, slots=True)
class Response:
    """Status, body and headers of a response."""

    status: int
    body: Body
    content_type: str
    headers: Mapping[str, str] | None = None
    rate_limited: bool = False
    """Whether a limit was exceeded."""
    dropped: bool = False
    """Whether the connection is closed instead of a response."""


class Refusal(Exception):
    """A request is rejected; the marketplace's `refuse` gives the response its shape.

    Raise it from anywhere a request is handled. A status of 200 is an error inside a response that
    says success.
    """

    def __init__(
        self,
        status: int,
        message: str = "",
        *,
        code: str | None = None,
        title: str | None = None,
        more: object = None,
        response: Response | None = None,
    ) -> None:
        """Describes the error.

        Args:
            status: Status of the response.
            message: The marketplace's text.
            code: The marketplace's code; by default the status's.
            title: A heading for the message; by default the status's phrase.
            more: Further fields of the response.
            response: The whole response, if its shape is special.
        """
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.title = title
        self.more = more
        self.response = response


def json_response(value: object, *, status: int = 200, content_type: str = JSON) -> Response:
    """A response with `value` encoded as JSON.

    Args:
        value: Anything that msgspec encodes.
        status: The HTTP status.
        content_type: The header Content-Type.
    """
    return Response(status, Body(msgspec.json.encode(value)), content_type)


def raw_response(body: Body | bytes, *, status: int = 200, content_type: str = JSON) -> Response:
    """A response with bytes that are encoded already.

    Args:
        body: The bytes.
        status: The HTTP status.
        content_type: The header Content-Type.
    """
    return Response(status, body if isinstance(body, Body) else Body(body), content_type)


def empty_response(status: int) -> Response:
    """A response without a body."""
    return Response(status, Body(b""), "")


class PageCache:
    """The pages served last, up to `limit` bytes; the least recently used is dropped first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pages: OrderedDict[Hashable, Body] = OrderedDict()
        self._size = 0

    def get(self, key: Hashable, build: Callable[[], bytes]) -> Body:
        """The page for this key; built if it is not cached.

        Args:
            key: What the page depends on.
            build: Returns its bytes.
        """
        page = self._pages.get(key)
        if page is not None:
            self._pages.move_to_end(key)
            return page
        page = Body(build())
        self._pages[key] = page
        self._size += len(page.raw)
        while self._size > self._limit and len(self._pages) > 1:
            _, dropped = self._pages.popitem(last=False)
            self._size -= len(dropped.raw)
        return page

    def clear(self) -> None:
        """Drops every page."""
        self._pages.clear()
        self._size = 0
