"""The base of an adapter's typed methods."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from wbym.calls.endpoint import Endpoint
from wbym.calls.messages import Part, QueryValue
from wbym.calls.pipeline import Pipeline
from wbym.limits import Priority

__all__ = ["ApiGroup"]

R = TypeVar("R")


class ApiGroup:
    """The typed methods of one noun, such as ``api.feedbacks``.

    Args:
        pipeline: What makes the calls.
        priority: Who goes first at the limits; None leaves it to each endpoint.
    """

    def __init__(self, pipeline: Pipeline, priority: Priority | None = None) -> None:
        self._pipeline = pipeline
        self._priority = priority

    async def _call(
        self,
        endpoint: Endpoint[R],
        *,
        path: Mapping[str, str | int] | None = None,
        query: Mapping[str, QueryValue] | None = None,
        body: object = msgspec.UNSET,
        parts: Sequence[Part] = (),
        headers: Mapping[str, str] | None = None,
    ) -> R:
        answer = await self._pipeline.call(
            endpoint,
            path=path,
            query=query,
            body=body,
            parts=parts,
            headers=headers,
            priority=self._priority,
        )
        return answer.value
