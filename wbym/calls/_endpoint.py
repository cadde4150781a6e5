"""One operation of a marketplace, as data."""

from string import Formatter
from typing import Generic, Literal, TypeVar

import msgspec

from wbym.calls._replies import Reply
from wbym.limits import Cost

__all__ = ["Endpoint", "Method", "path_parameters"]

R_co = TypeVar("R_co", covariant=True)

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
"""HTTP methods."""


class Endpoint(msgspec.Struct, Generic[R_co], frozen=True, kw_only=True, eq=False):
    """The description of an operation. ``R_co`` is the type that a call returns."""

    name: str
    """The path of the typed method below ``api``, such as ``"feedbacks.list"``."""
    method: Method
    host: str
    """A name from the adapter's table of hosts."""
    path: str
    """Such as ``/api/v1/seller/download/{id}``."""
    reply: Reply[R_co]
    buckets: tuple[str, ...]
    """Names from the adapter's table of limits; a call counts in all of them."""
    scope: str
    """The token category or access scope that the call needs."""
    writes: bool = False
    """Whether the call needs a token with write access."""
    idempotent: bool = True
    """Whether making the call twice has the same effect as making it once. A call that sends
    something to a buyer is not idempotent."""
    cost: Cost | None = None
    """How many calls an answer counts as; None for one, whatever the status."""
    single_attempt: bool = False
    """Whether the call is attempted only once, either immediately or not at all
    (``QuotaExhausted``): for methods that the marketplace forbids to automate."""
    not_found: tuple[int, ...] = ()
    """Statuses besides 404 that mean that the object does not exist."""
    refusal: object = None
    """The type of an error body, decoded into the error's ``details``; None to leave it out."""


def path_parameters(template: str) -> list[str]:
    """The names of the path parameters of a template."""
    return [name for _, name, _, _ in Formatter().parse(template) if name]
