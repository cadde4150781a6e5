"""What a simulator answers, before it goes out over HTTP."""

from __future__ import annotations

import gzip
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass

import msgspec

_LEVEL = 1


class Body:
    """Bytes of an answer, and the same bytes gzipped once."""

    __slots__ = ("_gzipped", "raw")

    def __init__(self, raw: bytes) -> None:
        self.raw: bytes = raw
        self._gzipped: bytes | None = None

    @property
    def is_gzipped(self) -> bool:
        """Whether the gzipped bytes are ready."""
        return self._gzipped is not None

    def gzipped(self) -> bytes:
        """The gzipped bytes; costs about 8 ms a MB the first time."""
        if self._gzipped is None:
            self._gzipped = gzip.compress(self.raw, compresslevel=_LEVEL, mtime=0)
        return self._gzipped

    @property
    def size(self) -> int:
        """Bytes held, gzipped ones among them."""
        return len(self.raw) + len(self._gzipped or b"")


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, body and headers of an answer."""

    status: int
    body: Body
    content_type: str
    headers: Mapping[str, str] | None = None
    rate_limited: bool = False
    """The limit was exceeded."""
    dropped: bool = False
    """There is no answer: the connection is closed."""


class Refusal(Exception):
    """A request is refused, from wherever it is read; the marketplace's `refuse` shapes the answer.

    A status of 200 is an error inside of an answer that says success.
    """

    def __init__(
        self,
        status: int,
        message: str = "",
        *,
        code: str | None = None,
        title: str | None = None,
        more: object = None,
        answer: Answer | None = None,
    ) -> None:
        """Says what is wrong.

        Args:
            status: Status of the answer.
            message: In the marketplace's words.
            code: The marketplace's code; by default the status's.
            title: What stands over the message; by default the status's own words.
            more: What else the answer says.
            answer: The whole answer, where it has a shape of its own.
        """
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.title = title
        self.more = more
        self.answer = answer


def json_answer(
    value: object, *, status: int = 200, content_type: str = "application/json"
) -> Answer:
    """An answer that encodes `value`."""
    return Answer(status, Body(msgspec.json.encode(value)), content_type)


def empty_answer(status: int) -> Answer:
    """An answer without a body."""
    return Answer(status, Body(b""), "")


class PageCache:
    """The last pages served, up to `limit` bytes; the oldest goes first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pages: OrderedDict[Hashable, Body] = OrderedDict()
        self._raw = 0

    def get(self, key: Hashable, build: Callable[[], bytes]) -> Body:
        """The page of this key; built when it is not held."""
        page = self._pages.get(key)
        if page is not None:
            self._pages.move_to_end(key)
            return page
        page = Body(build())
        self._pages[key] = page
        self._raw += len(page.raw)
        while self._raw > self._limit and len(self._pages) > 1:
            _, gone = self._pages.popitem(last=False)
            self._raw -= len(gone.raw)
        return page

    def clear(self) -> None:
        """Forgets every page."""
        self._pages.clear()
        self._raw = 0
