"""Accounts for tests."""

from collections.abc import Collection

import aiohttp

from wbym.calls import RetryPolicy
from wbym.limits import Scheduler
from wbym_yandex_market import YandexMarket
from wbym_yandex_market.simulator import YandexMarketSimulator, make_api_key

KEY = "ACMA:abcdefghijklmnop:0123456789"
"""A key that simulators need not accept."""


def open_shop(
    simulator: YandexMarketSimulator,
    api_key: str | None = None,
    *,
    business_id: int | None = None,
    oauth: str | None = None,
    campaign_ids: Collection[int] | None = None,
    session: aiohttp.ClientSession | None = None,
    scheduler: Scheduler | None = None,
    max_wait: float | None = 300.0,
) -> YandexMarket:
    """The simulator's seller, with quick retries."""
    return YandexMarket(
        api_key if api_key is not None or oauth is not None else make_api_key(),
        name="shop",
        oauth=oauth,
        business_id=business_id,
        campaign_ids=campaign_ids,
        base_url=simulator.url,
        session=session,
        scheduler=scheduler,
        max_wait=max_wait,
        retry=RetryPolicy(base_delay=0.001),
    )
