"""One operation of a marketplace, as data."""

from string import Formatter
from typing import Generic, Literal, TypeVar

import msgspec

from wbym.calls._replies import Reply
from wbym.limits import Cost

__all__ = ["Endpoint", "Method", "path_parameters"]

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


def path_parameters(template: str) -> list[str]:
    """The names of a path's places."""
    return [name for _, name, _, _ in Formatter().parse(template) if name]
