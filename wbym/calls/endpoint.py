"""One operation of a marketplace, as data."""

from string import Formatter
from typing import Generic, Literal, TypeVar

import msgspec

from wbym.calls.replies import Reply
from wbym.limits import Cost
from wbym.paging.schemes import Scheme

__all__ = ["Endpoint", "Endpoints", "Method", "places_of"]

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


class Endpoint(msgspec.Struct, Generic[R_co], frozen=True, kw_only=True, eq=False):
    """What is to be known of an operation before it is called. ``R_co`` is what a call returns."""

    name: str
    """Where the typed method is found below ``api``, such as ``"feedbacks.list"``."""
    method: Method
    host: str
    """A name in the adapter's table of hosts."""
    path: str
    """Such as ``/api/v1/seller/download/{id}``."""
    reply: Reply[R_co]
    buckets: tuple[str, ...]
    """Names in the adapter's table of limits; a call counts in all of them."""
    scope: str
    """The token's category, or the access, that the call needs."""
    writes: bool = False
    """Whether a token that may only read is refused."""
    idempotent: bool = True
    """Whether making the call twice does no more than making it once. What sends something to a
    buyer is not idempotent."""
    cost: Cost | None = None
    """How many calls an answer counts as; None for one, whatever it is."""
    single_attempt: bool = False
    """Whether there is one attempt, made at once or refused with ``QuotaExhausted``: for what the
    marketplace forbids to automate."""
    not_found: tuple[int, ...] = ()
    """Statuses besides 404 that say that there is no such object."""
    refusal: object = None
    """The type of a refusal's body, where errors are to have it decoded."""
    pages: Scheme | None = None


class Endpoints:
    """A table of endpoints: the rows of one noun, with what they have in common.

    Args:
        noun: Where the typed methods are found below ``api``, such as ``"feedbacks"``.
        host: A name in the adapter's table of hosts.
        scope: The token's category, or the access, that the calls need.
        buckets: Names in the adapter's table of limits. Where none are said, each row has a bucket
            of its own, by its name.
        cost: How many calls an answer counts as; one, where nothing is said.
    """

    def __init__(
        self,
        noun: str,
        *,
        host: str,
        scope: str,
        buckets: tuple[str, ...] | None = None,
        cost: Cost | None = None,
    ) -> None:
        self._noun = noun
        self._host = host
        self._buckets = buckets
        self._scope = scope
        self._cost = cost
        self._rows: list[Endpoint[object]] = []

    @property
    def rows(self) -> tuple[Endpoint[object], ...]:
        """What was added, in that order."""
        return tuple(self._rows)

    def add(
        self,
        method: Method,
        name: str,
        path: str,
        reply: Reply[R],
        *,
        buckets: tuple[str, ...] | None = None,
        pages: Scheme | None = None,
        writes: bool | None = None,
        idempotent: bool | None = None,
        single_attempt: bool = False,
    ) -> Endpoint[R]:
        """Add a row, and get it back as the endpoint that it is.

        Args:
            method: What HTTP calls it.
            name: Below the noun.
            path: With its places in braces.
            reply: What a call returns.
            buckets: Instead of the table's.
            pages: How it pages.
            writes: Whether a token that may only read is refused; unless said, all but GET.
            idempotent: Whether making the call twice does no more than making it once; unless said,
                what does not write.
            single_attempt: Whether there is one attempt, made at once or refused.
        """
        full_name = f"{self._noun}.{name}"
        writing = method != "GET" if writes is None else writes
        endpoint = Endpoint(
            name=full_name,
            method=method,
            host=self._host,
            path=path,
            reply=reply,
            buckets=buckets or self._buckets or (full_name,),
            scope=self._scope,
            writes=writing,
            idempotent=not writing if idempotent is None else idempotent,
            pages=pages,
            cost=self._cost,
            single_attempt=single_attempt,
        )
        self._rows.append(endpoint)
        return endpoint


def places_of(template: str) -> list[str]:
    """The names of a path's places."""
    return [name for _, name, _, _ in Formatter().parse(template) if name]
