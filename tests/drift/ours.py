"""The SDK's side: each marketplace's endpoints, limits and hosts, and its methods' samples."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeVar

import msgspec

from tests.drift import calls_wildberries, calls_yandex_market
from tests.drift.files import Route
from tests.drift.samples import PIPELINE, Method, business, noted
from wbym.calls import Endpoint
from wbym.limits import Quota, Window
from wbym_wildberries import api as wildberries
from wbym_wildberries import hosts as wildberries_hosts
from wbym_wildberries import limits as wildberries_limits
from wbym_wildberries.api import general
from wbym_yandex_market import api as yandex_market
from wbym_yandex_market import dialect as yandex_market_dialect
from wbym_yandex_market import limits as yandex_market_limits

__all__ = ["MARKETPLACES", "Marketplace"]

Shop = TypeVar("Shop")
Tier = TypeVar("Tier", bound=str)


class Marketplace(msgspec.Struct, frozen=True):
    """What the SDK says of one."""

    name: str
    endpoints: tuple[Endpoint[object], ...]
    hosts: Mapping[str, str]
    sandbox_hosts: Mapping[str, str]
    buckets: Mapping[str, Mapping[str, Quota | Window]]
    tiers: Mapping[str, str]
    """Ours by the file's name of a token's type, or of a subscription."""
    methods: tuple[Method, ...]

    def routes(self) -> dict[Route, Endpoint[object]]:
        """The endpoints by what they are known by."""
        return {Route(self.name, one.method, one.path): one for one in self.endpoints}

    def methods_of(self, endpoint: Endpoint[object]) -> list[Method]:
        """The samples that call an endpoint."""
        return [method for method in self.methods if method.sent().endpoint is endpoint]


def _noted(api: object, calls: Iterable[Callable[[Shop], object]]) -> Iterator[Method]:
    for call in calls:
        yield noted(api, call)


def _buckets(
    table: Mapping[str, Mapping[Tier, Quota]] | Mapping[str, Mapping[Tier, Window]],
) -> dict[str, dict[str, Quota | Window]]:
    return {name: {str(tier): quota for tier, quota in row.items()} for name, row in table.items()}


MARKETPLACES: Final = (
    Marketplace(
        name="wildberries",
        # The files have one row for the pings of all hosts.
        endpoints=tuple(
            endpoint
            for endpoint in wildberries.ENDPOINTS
            if endpoint not in general.PING.values() or endpoint is general.PING["common"]
        ),
        hosts=wildberries_hosts.HOSTS,
        sandbox_hosts=wildberries_hosts.SANDBOX_HOSTS,
        buckets=_buckets(wildberries_limits.BUCKETS),
        tiers={
            "Personal": wildberries_limits.Tier.STANDARD,
            "Service": wildberries_limits.Tier.STANDARD,
            "Base with secret": wildberries_limits.Tier.STANDARD,
            "Base": wildberries_limits.Tier.BASE,
        },
        methods=tuple(
            _noted(
                wildberries.Api(PIPELINE),
                [
                    *calls_wildberries.COMMUNICATION.values(),
                    *calls_wildberries.PRICES.values(),
                    *calls_wildberries.CONTENT.values(),
                    *(call for _, call in calls_wildberries.OTHERS),
                    *calls_wildberries.DOWNLOADS.values(),
                ],
            )
        ),
    ),
    Marketplace(
        name="yandex_market",
        endpoints=yandex_market.ENDPOINTS,
        hosts=yandex_market_dialect.HOSTS,
        sandbox_hosts={},
        buckets=_buckets(yandex_market_limits.BUCKETS),
        tiers={
            "none": yandex_market_limits.Tier.STANDARD,
            "medium": yandex_market_limits.Tier.SUBSCRIPTION,
        },
        methods=tuple(
            _noted(
                yandex_market.Api(PIPELINE, business),
                [
                    *calls_yandex_market.CALLS.values(),
                    *(call for _, call in calls_yandex_market.OTHERS),
                    *calls_yandex_market.DOWNLOADS.values(),
                ],
            )
        ),
    ),
)
