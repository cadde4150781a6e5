"""The limits of the 25 methods, typed by hand from the specification of 2026-07-17.

A resource is one method, by its `operationId`. Its hourly budget belongs to the business or the
campaign in the URL; if the URL has neither, to the business of the API key or to the user of
the OAuth token. The same ids count the parallel requests, over all resources together.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from wbym.testing import ParallelCap, PeriodBudget

RESOURCES: dict[str, tuple[int, int]] = {
    "getGoodsQuestions": (1000, 5000),
    "getGoodsQuestionAnswers": (1000, 5000),
    "updateGoodsQuestionTextEntity": (500, 1000),
    "getReturnAvailableDecisions": (5000, 5000),
    "getAuthTokenInfo": (100, 100),
    "getChat": (1000, 1000),
    "getChats": (5000, 5000),
    "sendFileToChat": (1000, 1000),
    "getChatHistory": (10_000, 10_000),
    "getChatMessage": (1000, 1000),
    "sendMessageToChat": (1000, 1000),
    "createChat": (1000, 1000),
    "getGoodsFeedbacks": (5000, 10_000),
    "getGoodsFeedbackComments": (5000, 10_000),
    "deleteGoodsFeedbackComment": (1000, 1000),
    "updateGoodsFeedbackComment": (1000, 1000),
    "skipGoodsFeedbacksReaction": (500, 1000),
    "getCampaigns": (1000, 1000),
    "getCampaign": (5000, 5000),
    "getReturn": (7000, 7000),
    "getReturnApplication": (5000, 5000),
    "setReturnDecision": (1000, 1000),
    "submitReturnDecision": (5000, 5000),
    "getReturnPhoto": (5000, 5000),
    "getReturns": (5000, 5000),
}
"""Requests per hour, without and with a subscription."""

Owner = tuple[str, int]
"""The owner of a limit, such as `("campaignId", 100101)`."""


class Limits:
    """The budgets and caps of every owner, each created at the first request."""

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        scale: float,
        hour: float,
        subscription: bool,
        parallel: int,
    ) -> None:
        """Starts without budgets.

        Args:
            clock: Monotonic seconds.
            scale: 10.0 makes every budget ten times as generous.
            hour: Seconds of the period after which a budget is renewed.
            subscription: Whether the sellers have a subscription.
            parallel: Max number of requests of one owner at once.
        """
        self._clock = clock
        self._scale = scale
        self.hour = hour
        self._column = int(subscription)
        self._parallel = parallel
        self._budget = cache(self._new_budget)
        self._cap = cache(self._new_cap)

    def full(self, resource: str) -> int:
        """The whole budget of a resource."""
        return max(1, round(RESOURCES[resource][self._column] * self._scale))

    def budget(self, resource: str, owner: Owner) -> PeriodBudget:
        """The budget of one resource and owner."""
        return self._budget(resource, owner)

    def cap(self, owner: Owner) -> ParallelCap:
        """The cap on one owner's parallel requests."""
        return self._cap(owner)

    def _new_budget(self, resource: str, owner: Owner) -> PeriodBudget:
        return PeriodBudget(limit=self.full(resource), period=self.hour, clock=self._clock)

    def _new_cap(self, owner: Owner) -> ParallelCap:
        return ParallelCap(self._parallel)
