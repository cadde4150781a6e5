"""Every documented method of Wildberries that is built, typed: one module a noun."""

from wbym.calls import Endpoint, Pipeline
from wbym.limits import Priority
from wbym_wildberries.api import chats, claims, feedbacks, pins, questions

__all__ = ["ENDPOINTS", "Api"]

ENDPOINTS: tuple[Endpoint[object], ...] = (
    *feedbacks.ENDPOINTS,
    *questions.ENDPOINTS,
    *pins.ENDPOINTS,
    *chats.ENDPOINTS,
    *claims.ENDPOINTS,
)
"""All that the adapter knows."""


class Api:
    """The typed methods of an account, by noun.

    Each method makes one call; its docstring names the marketplace's method. Wherever a call is
    made, ``QuotaExhausted``, ``CredentialError`` and ``CallError`` may be raised.
    """

    def __init__(self, pipeline: Pipeline, priority: Priority | None = None) -> None:
        self._pipeline = pipeline
        self.feedbacks = feedbacks.Feedbacks(pipeline, priority)
        self.questions = questions.Questions(pipeline, priority)
        self.pins = pins.Pins(pipeline, priority)
        self.chats = chats.Chats(pipeline, priority)
        self.claims = claims.Claims(pipeline, priority)

    def at(self, priority: Priority) -> "Api":
        """The same methods with another priority at the limits."""
        return Api(self._pipeline, priority)
