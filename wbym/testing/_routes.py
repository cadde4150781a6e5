"""The methods of a simulator: each is a handler that states its own route."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aiohttp import BodyPartReader, web

from wbym.testing._responses import Response
from wbym.testing._spoil import RecordFields

F = TypeVar("F", bound=Callable[..., Awaitable[Response]])
_ROUTE = "__simulated_route__"
_CHUNK = 1 << 16


@dataclass(slots=True)
class Call:
    """One request to the simulator."""

    request: web.Request
    now: float
    """Unix time of the marketplace, clock skew included."""
    seller: Any = None
    """Key of the caller's cabinet; set on admission."""
    headers: dict[str, str] = field(default_factory=dict)
    """Added to the response."""
    at_end: list[Callable[[], object]] = field(default_factory=list)
    """Called when the response is ready, successful or not."""

    def query(self, name: str) -> str | None:
        """A query parameter; None if it is absent."""
        value: str | None = self.request.rel_url.query.get(name)
        return value

    def path(self, name: str) -> str:
        """A variable part of the path."""
        return self.request.match_info[name]

    async def parts(self, max_size: int) -> "list[FormPart] | None":
        """The parts of a multipart form; content over `max_size` bytes in all is cut.

        Returns:
            None if the form cannot be read or has parts within parts.
        """
        found: list[FormPart] = []
        left = max_size
        try:
            reader = await self.request.multipart()
            while (part := await reader.next()) is not None:
                if not isinstance(part, BodyPartReader):
                    return None
                content = bytearray()
                cut = False
                while chunk := await part.read_chunk(_CHUNK):
                    cut = cut or len(chunk) > left
                    content += chunk[: max(0, left)]
                    left -= len(chunk)
                found.append(FormPart(part.name or "", part.filename, bytes(content), cut))
        except (ValueError, AssertionError):
            return None
        return found


@dataclass(frozen=True, slots=True)
class FormPart:
    """A field or file of a multipart form."""

    name: str
    filename: str | None
    content: bytes
    is_cut: bool
    """Whether the content was larger than the limit of the form."""


Handler = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Route:
    """One method of the marketplace."""

    method: str
    path: str
    handler: Handler
    bucket: str = ""
    """The limit that counts it; "" for none."""
    scope: int = 0
    """The required access; the meaning is the marketplace's."""
    writes: bool = False
    """Whether it writes."""
    records: RecordFields | None = None
    """The records of its response; None if faults cannot spoil any."""


@dataclass(frozen=True, slots=True)
class _Stated:
    method: str
    path: str
    bucket: str | None
    scope: int | None
    writes: bool
    records: RecordFields | None


def route(
    method: str,
    path: str,
    *,
    bucket: str | None = None,
    scope: int | None = None,
    writes: bool | None = None,
    records: RecordFields | None = None,
) -> Callable[[F], F]:
    """States which method of the marketplace a handler serves.

    Args:
        method: Of HTTP.
        path: As published, with variable parts in braces.
        bucket: The limit that counts it; by default the class's.
        scope: The required access; by default the class's.
        writes: Whether it writes; by default unless `method` is GET.
        records: The records of its response, for faults that spoil them.
    """
    stated = _Stated(
        method, path, bucket, scope, method != "GET" if writes is None else writes, records
    )

    def state(handler: F) -> F:
        setattr(handler, _ROUTE, stated)
        return handler

    return state


def routes_of(owner: object, *, bucket: str = "", scope: int = 0) -> list[Route]:
    """The routes of an object's methods, in the order of the source."""
    names = dict.fromkeys(name for kind in reversed(type(owner).__mro__) for name in vars(kind))
    found: list[Route] = []
    for name in names:
        stated = getattr(getattr(type(owner), name), _ROUTE, None)
        if isinstance(stated, _Stated):
            found.append(
                Route(
                    stated.method,
                    stated.path,
                    getattr(owner, name),
                    bucket if stated.bucket is None else stated.bucket,
                    scope if stated.scope is None else stated.scope,
                    stated.writes,
                    stated.records,
                )
            )
    return found
