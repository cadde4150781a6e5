"""Every documented method of Wildberries that is built, typed: one module a noun."""

from wbym.calls import Endpoint, Pipeline
from wbym.limits import Priority
from wbym_wildberries.api import (
    chats,
    claims,
    content,
    feedbacks,
    general,
    inventory,
    pins,
    price_tasks,
    prices,
    questions,
    users,
    warehouses,
)

__all__ = ["ENDPOINTS", "Api"]

ENDPOINTS: tuple[Endpoint[object], ...] = (
    *feedbacks.ENDPOINTS,
    *questions.ENDPOINTS,
    *pins.ENDPOINTS,
    *chats.ENDPOINTS,
    *claims.ENDPOINTS,
    *general.ENDPOINTS,
    *users.ENDPOINTS,
    *content.ENDPOINTS,
    *prices.ENDPOINTS,
    *warehouses.ENDPOINTS,
    *inventory.ENDPOINTS,
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
        self.general = general.General(pipeline, priority)
        self.users = users.Users(pipeline, priority)
        self.content = content.Content(pipeline, priority)
        self.prices = price_tasks.Prices(pipeline, priority)
        self.warehouses = warehouses.Warehouses(pipeline, priority)
        self.inventory = inventory.Inventory(pipeline, priority)

    def at(self, priority: Priority) -> "Api":
        """The same methods with another priority at the limits."""
        return Api(self._pipeline, priority)
