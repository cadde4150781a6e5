"""Typed methods for the documented operations of Wildberries: one module per noun.

A noun's module is loaded at the first use of its operations.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from wbym.account import show_exports
from wbym.calls import Endpoint, Pipeline, Row, rows_of
from wbym.limits import BucketState, Priority
from wbym_wildberries.api._base import in_envelope

if TYPE_CHECKING:
    from wbym_wildberries.api.chats import Chats
    from wbym_wildberries.api.claims import Claims
    from wbym_wildberries.api.content import Content
    from wbym_wildberries.api.feedbacks import Feedbacks
    from wbym_wildberries.api.general import General
    from wbym_wildberries.api.inventory import Inventory
    from wbym_wildberries.api.pins import Pins
    from wbym_wildberries.api.prices import Prices
    from wbym_wildberries.api.questions import Questions
    from wbym_wildberries.api.users import Users
    from wbym_wildberries.api.warehouses import Warehouses

__all__ = ["Api", "endpoints", "in_envelope", "operations"]

show_exports(__name__, __all__)


def operations() -> Iterator[Row]:
    """All operations, noun by noun; loads all their modules."""
    from wbym_wildberries.api import (
        chats,
        claims,
        content,
        feedbacks,
        general,
        inventory,
        pins,
        prices,
        questions,
        users,
        warehouses,
    )

    return rows_of(
        feedbacks.Feedbacks,
        questions.Questions,
        pins.Pins,
        chats.Chats,
        claims.Claims,
        general.General,
        users.Users,
        *content.GROUPS,
        prices.Prices,
        warehouses.Warehouses,
        inventory.Inventory,
    )


def endpoints() -> Iterator[Endpoint[object]]:
    """All endpoints: one per operation, or one per host of an operation with several."""
    return (endpoint for row in operations() for endpoint in row.endpoints.values())


class Api:
    """The operations of an account, by noun.

    A method checks its arguments before it sends anything: ``InvalidInput`` names the argument and
    the rule. Any call may raise ``QuotaExhausted``, ``CredentialError`` and ``CallError``.

    Args:
        pipeline: Makes the calls.
        priority: The priority of the calls at the limits; None for each operation's default.
    """

    def __init__(self, pipeline: Pipeline, priority: Priority | None = None) -> None:
        self._pipeline = pipeline
        self._priority = priority

    @cached_property
    def feedbacks(self) -> "Feedbacks":
        """Feedbacks, and answers to them."""
        from wbym_wildberries.api.feedbacks import Feedbacks

        return Feedbacks(self._pipeline, self._priority)

    @cached_property
    def questions(self) -> "Questions":
        """Questions, and answers to them."""
        from wbym_wildberries.api.questions import Questions

        return Questions(self._pipeline, self._priority)

    @cached_property
    def pins(self) -> "Pins":
        """Pinned feedbacks."""
        from wbym_wildberries.api.pins import Pins

        return Pins(self._pipeline, self._priority)

    @cached_property
    def chats(self) -> "Chats":
        """Chats with buyers."""
        from wbym_wildberries.api.chats import Chats

        return Chats(self._pipeline, self._priority)

    @cached_property
    def claims(self) -> "Claims":
        """Buyers' claims for returns."""
        from wbym_wildberries.api.claims import Claims

        return Claims(self._pipeline, self._priority)

    @cached_property
    def general(self) -> "General":
        """The seller and the seller's account."""
        from wbym_wildberries.api.general import General

        return General(self._pipeline, self._priority)

    @cached_property
    def users(self) -> "Users":
        """The users of the seller's account."""
        from wbym_wildberries.api.users import Users

        return Users(self._pipeline, self._priority)

    @cached_property
    def content(self) -> "Content":
        """Cards, their media, tags, directories and recommendations."""
        from wbym_wildberries.api.content import Content

        return Content(self._pipeline, self._priority)

    @cached_property
    def prices(self) -> "Prices":
        """Prices and discounts."""
        from wbym_wildberries.api.prices import Prices

        return Prices(self._pipeline, self._priority)

    @cached_property
    def warehouses(self) -> "Warehouses":
        """The seller's warehouses."""
        from wbym_wildberries.api.warehouses import Warehouses

        return Warehouses(self._pipeline, self._priority)

    @cached_property
    def inventory(self) -> "Inventory":
        """Stock in the seller's warehouses."""
        from wbym_wildberries.api.inventory import Inventory

        return Inventory(self._pipeline, self._priority)

    @property
    def calls(self) -> int:
        """Calls begun; retries of a call do not count."""
        return self._pipeline.calls

    def bucket_of(
        self, endpoint: Endpoint[object], path: Mapping[str, str | int]
    ) -> BucketState | None:
        """The bucket of an endpoint's calls, once it exists.

        Args:
            endpoint: The operation.
            path: Its path parameters.
        """
        return self._pipeline.bucket_of(endpoint, path)

    def at(self, priority: Priority | None) -> "Api":
        """The same operations with another priority at the limits; None changes nothing."""
        return self if priority is None else Api(self._pipeline, priority)

    def with_max_wait(self, max_wait: float | None) -> "Api":
        """The same operations, waiting for their limits at most ``max_wait`` seconds."""
        return Api(self._pipeline.with_max_wait(max_wait), self._priority)
