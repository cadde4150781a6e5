"""A transport that answers at once, so that only the SDK takes time."""

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from wbym.calls import Request, Response

__all__ = ["Answered", "Instant"]


class Answered:
    """An exchange with a ready response."""

    def __init__(self, response: Response) -> None:
        self._response = response
        self.head = Response(response.status, response.headers)

    async def read(self) -> Response:
        """The answer."""
        return self._response

    async def chunks(self) -> AsyncIterator[bytes]:
        """Its body in one piece."""
        yield self._response.body


class Instant:
    """Answers every request with the same body; an exchange and its transport in one."""

    def __init__(self, body: bytes) -> None:
        headers = {"x-ratelimit-remaining": "1000000"}
        self.head = Response(200, headers)
        self._whole = Response(200, headers, body)

    def send(self, request: Request) -> Self:
        """The answer, without sending anything."""
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        return None

    async def read(self) -> Response:
        """The answer with its body."""
        return self._whole

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body in one piece."""
        yield self._whole.body

    async def aclose(self) -> None:
        """Close nothing."""
