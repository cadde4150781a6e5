"""Typed methods for the documented operations of Yandex Market: one module per noun.

A noun's module is loaded at the first use of its operations.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from wbym.account import show_exports
from wbym.calls import Endpoint, Pipeline, Row, rows_of
from wbym.limits import BucketState, Priority
from wbym_yandex_market.api._base import BusinessId, MarketGroup

if TYPE_CHECKING:
    from wbym_yandex_market.api.auth import Auth
    from wbym_yandex_market.api.campaigns import Campaigns
    from wbym_yandex_market.api.chats import Chats
    from wbym_yandex_market.api.feedbacks import Feedbacks
    from wbym_yandex_market.api.questions import Questions
    from wbym_yandex_market.api.returns import Returns

__all__ = ["Api", "MarketGroup", "operations"]

show_exports(__name__, __all__)


def operations() -> Iterator[Row]:
    """All operations, noun by noun; loads all their modules."""
    from wbym_yandex_market.api import auth, campaigns, chats, feedbacks, questions, returns

    return rows_of(
        chats.Chats,
        feedbacks.Feedbacks,
        questions.Questions,
        returns.Returns,
        campaigns.Campaigns,
        auth.Auth,
    )


class Api:
    """The operations of an account, by noun.

    A method checks its arguments before it sends anything: ``InvalidInput`` names the argument and
    the rule. A business in a path is the account's, which is looked up once if it was not given.
    Any call may raise ``QuotaExhausted``, ``CredentialError`` and ``CallError``.

    Args:
        pipeline: Makes the calls.
        business: Returns the account's business.
        priority: The priority of the calls at the limits; None for each operation's default.
    """

    def __init__(
        self, pipeline: Pipeline, business: BusinessId, priority: Priority | None = None
    ) -> None:
        self._pipeline = pipeline
        self._business = business
        self._priority = priority

    @cached_property
    def chats(self) -> "Chats":
        """Chats with buyers."""
        from wbym_yandex_market.api.chats import Chats

        return Chats(self._pipeline, self._business, self._priority)

    @cached_property
    def feedbacks(self) -> "Feedbacks":
        """Feedbacks, and comments under them."""
        from wbym_yandex_market.api.feedbacks import Feedbacks

        return Feedbacks(self._pipeline, self._business, self._priority)

    @cached_property
    def questions(self) -> "Questions":
        """Questions, and answers to them."""
        from wbym_yandex_market.api.questions import Questions

        return Questions(self._pipeline, self._business, self._priority)

    @cached_property
    def returns(self) -> "Returns":
        """Returns, and decisions about them."""
        from wbym_yandex_market.api.returns import Returns

        return Returns(self._pipeline, self._business, self._priority)

    @cached_property
    def campaigns(self) -> "Campaigns":
        """The seller's shops."""
        from wbym_yandex_market.api.campaigns import Campaigns

        return Campaigns(self._pipeline, self._business, self._priority)

    @cached_property
    def auth(self) -> "Auth":
        """The Api-Key's name and scopes."""
        from wbym_yandex_market.api.auth import Auth

        return Auth(self._pipeline, self._business, self._priority)

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
        return self if priority is None else Api(self._pipeline, self._business, priority)

    def with_max_wait(self, max_wait: float | None) -> "Api":
        """The same operations, waiting for their limits at most ``max_wait`` seconds."""
        return Api(self._pipeline.with_max_wait(max_wait), self._business, self._priority)
