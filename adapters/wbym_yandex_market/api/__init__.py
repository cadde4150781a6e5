"""Every documented method of Yandex Market that is built, typed: one module a noun."""

from wbym.calls import Endpoint, Pipeline
from wbym.limits import Priority
from wbym_yandex_market.api import auth, campaigns, chats, feedbacks, questions, returns
from wbym_yandex_market.api.base import BusinessId

__all__ = ["ENDPOINTS", "Api"]

ENDPOINTS: tuple[Endpoint[object], ...] = (
    *chats.ENDPOINTS,
    *feedbacks.ENDPOINTS,
    *questions.ENDPOINTS,
    *returns.ENDPOINTS,
    *campaigns.ENDPOINTS,
    *auth.ENDPOINTS,
)
"""All that the adapter knows."""


class Api:
    """The typed methods of an account, by noun.

    Each method makes one call; its docstring names the marketplace's method. Where the address
    names the business, it is the account's, which is asked for once if it was not given. Wherever a
    call is made, ``QuotaExhausted``, ``CredentialError`` and ``CallError`` may be raised.
    """

    def __init__(
        self, pipeline: Pipeline, business: BusinessId, priority: Priority | None = None
    ) -> None:
        self._pipeline = pipeline
        self._business = business
        self.chats = chats.Chats(pipeline, business, priority)
        self.feedbacks = feedbacks.Feedbacks(pipeline, business, priority)
        self.questions = questions.Questions(pipeline, business, priority)
        self.returns = returns.Returns(pipeline, business, priority)
        self.campaigns = campaigns.Campaigns(pipeline, priority)
        self.auth = auth.Auth(pipeline, priority)

    def at(self, priority: Priority) -> "Api":
        """The same methods with another priority at the limits."""
        return Api(self._pipeline, self._business, priority)
