"""The seller and its account: is the way open, news, who it is, what it subscribes to."""

from datetime import date, datetime
from typing import Final, Literal

import msgspec

from wbym.calls import ApiGroup, Endpoint, Endpoints, Reply
from wbym.errors import InvalidInput, SetAside
from wbym_wildberries.api.base import Wire, enveloped, itself
from wbym_wildberries.hosts import HOSTS
from wbym_wildberries.token import ANY, Category

__all__ = [
    "General",
    "NewsItem",
    "NewsType",
    "Pong",
    "Rating",
    "Seller",
    "Subscription",
    "TariffOption",
    "TariffOptions",
    "TariffPackage",
    "TariffPromotion",
]

NEWS_MOST: Final = 100
"""News in one answer."""


class Pong(Wire, frozen=True):
    """The answer to a ping."""

    status: str | None = msgspec.field(default=None, name="Status")
    """``OK``."""
    ts: str | None = msgspec.field(default=None, name="TS")
    """The time there."""


class NewsType(Wire, frozen=True):
    """What a piece of news is about."""

    id: int | None = None
    name: str | None = None


class NewsItem(Wire, frozen=True):
    """A piece of news of the seller's portal."""

    id: int
    header: str | None = None
    content: str | None = None
    """HTML."""
    date: str | None = None
    types: list[NewsType] | None = None


class Seller(Wire, frozen=True):
    """Who the seller is."""

    name: str | None = None
    sid: str | None = None
    """The seller's UUID, the same as in its tokens."""
    tin: str | None = None
    """The taxpayer's number."""
    trade_mark: str | None = None
    country: str | None = None
    """Where the seller is registered."""


class Subscription(Wire, frozen=True):
    """The seller's subscription to Jam."""

    state: str | None = None
    """``active`` or ``inactive``."""
    level: str | None = None
    """``standard``, ``advanced`` or ``premium``."""
    activation_source: str | None = None
    """``jam`` or ``constructor``."""
    since: datetime | None = None
    """When it was first activated."""
    till: datetime | None = None
    """When what is paid ends, or ended."""


class TariffPromotion(Wire, frozen=True):
    """A lower price for an option, for a time."""

    commission_rate: float | None = None
    """Percent of the turnover."""
    expires_at: datetime | None = None


class TariffOption(Wire, frozen=True):
    """An option of the tariff; in a package only ``id``, ``name`` and ``slug``."""

    id: str | None = None
    name: str | None = None
    slug: str | None = None
    status: str | None = None
    """``active``, ``pendingActivation`` or ``pendingDeactivation``."""
    activated_at: datetime | None = None
    expires_at: datetime | None = None
    """Before it the option cannot be given up."""
    period_duration: float | None = None
    commission_rate: float | None = None
    """Percent of the turnover; absent where there is a promotion."""
    promotion: TariffPromotion | None = None


class TariffPackage(Wire, frozen=True):
    """Options that are bought together."""

    id: str | None = None
    name: str | None = None
    slug: str | None = None
    status: str | None = None
    """As an option's."""
    activated_at: datetime | None = None
    expires_at: datetime | None = None
    period_duration: float | None = None
    commission_rate: float | None = None
    options: list[TariffOption] | None = None


class TariffOptions(Wire, frozen=True):
    """What of the tariff is switched on."""

    options: list[TariffOption] | None = None
    """Those outside of packages."""
    packages: list[TariffPackage] | None = None
    active_option_count: float | None = None
    active_package_count: float | None = None
    total_commission_rate: float | None = None
    """Percent of the turnover, for all of them."""


class Rating(Wire, frozen=True):
    """How buyers rate the seller."""

    valuation: float | None = None
    feedback_count: int | None = None


class _Perhaps(Reply[Subscription | None]):
    """A subscription, or an empty body where there never was one."""

    def __init__(self) -> None:
        self._reply = itself(Subscription)

    def accepts(self, status: int) -> bool:
        return self._reply.accepts(status)

    def decode(
        self, endpoint: str, body: bytes
    ) -> tuple[Subscription | None, tuple[SetAside, ...]]:
        if body.strip() in {b"", b"{}", b"null"}:
            return None, ()
        return self._reply.decode(endpoint, body)


_TABLE = Endpoints("general", host="common", scope=ANY)

NEWS = _TABLE.add(
    "GET", "news", "/api/communications/v2/news", enveloped(list[NewsItem], record=NewsItem)
)
SELLER = _TABLE.add("GET", "seller", "/api/v1/seller-info", itself(Seller))
SUBSCRIPTION = _TABLE.add("GET", "subscription", "/api/common/v1/subscriptions", _Perhaps())
TARIFF_OPTIONS = _TABLE.add(
    "GET",
    "tariff_options",
    "/api/common/v1/tariff-constructor/options",
    itself(TariffOptions),
)

_RATING_TABLE = Endpoints("general", host="feedbacks", scope=Category.FEEDBACKS_AND_QUESTIONS.scope)
RATING = _RATING_TABLE.add("GET", "rating", "/api/common/v1/rating", itself(Rating))

_SCOPES: Final = {
    "common": ANY,
    "chat": Category.BUYER_CHAT.scope,
    "feedbacks": Category.FEEDBACKS_AND_QUESTIONS.scope,
}
"""Of hosts that are not called like the category that opens them."""

PING: Final[dict[str, Endpoint[Pong]]] = {
    host: Endpoints("general", host=host, scope=_SCOPES.get(host, host)).add(
        "GET", f"ping.{host}", "/ping", itself(Pong), once=True
    )
    for host in HOSTS
}
"""By host."""

ENDPOINTS = (*_TABLE.rows, *_RATING_TABLE.rows, *PING.values())


class General(ApiGroup):
    """``api.general``; any token opens it, but for the rating and the pings of other hosts."""

    async def ping(self, host: str = "common") -> Pong:
        """Ask one host whether it takes the token (GET /ping). Never call it from a program's loop.

        Wildberries blocks who automates it, and says that it does not tell whether a service is up.
        So it is called once, at once: never after waiting, and never again after a failure. Three
        in a row are let through, and then one in 30 s.

        Args:
            host: A name of ``wbym_wildberries.hosts.HOSTS``, such as ``"content"``.

        Raises:
            InvalidInput: There is no such host.
            QuotaExhausted: It would be one too many; no request was made.
            Unauthorized: The host does not take the token.
        """
        if host not in PING:
            raise InvalidInput("general.ping", "host", f"must be one of {sorted(PING)}", host)
        return await self._call(PING[host])

    async def news(
        self, *, date_from: date | None = None, from_id: int | None = None
    ) -> list[NewsItem]:
        """News of the seller's portal, 100 at most (GET /api/communications/v2/news).

        1 call a minute, 10 at once; with a base token 1 an hour.

        Args:
            date_from: Those of this day and later.
            from_id: Those from this one on, itself included. To read on, give the highest id plus
                one.

        Raises:
            InvalidInput: Neither is given: WB needs one of the two.
        """
        if date_from is None and from_id is None:
            raise InvalidInput(NEWS.name, "date_from", "or from_id must be given", None)
        if from_id is not None and from_id < 0:
            raise InvalidInput(NEWS.name, "from_id", "must be 0 or more", from_id)
        day = None if date_from is None else date_from.strftime("%Y-%m-%d")
        return await self._call(NEWS, query={"from": day, "fromID": from_id})

    async def seller(self) -> Seller:
        """Who the seller is (GET /api/v1/seller-info).

        1 call a minute, 10 at once; with a base token 1 a day.
        """
        return await self._call(SELLER)

    async def subscription(self) -> Subscription | None:
        """The subscription to Jam (GET /api/common/v1/subscriptions); None where there never was.

        1 call a minute, 10 at once. Wildberries takes service tokens only.

        Raises:
            Forbidden: The token is of another type.
        """
        return await self._call(SUBSCRIPTION)

    async def tariff_options(self, *, locale: Literal["ru", "en"] | None = None) -> TariffOptions:
        """Options of the tariff (GET /api/common/v1/tariff-constructor/options).

        1 call a minute, 10 at once. Wildberries takes service tokens only.

        Args:
            locale: The language of names; Russian, where nothing is said.

        Raises:
            Forbidden: The token is of another type.
            NotFound: The seller has no options.
        """
        return await self._call(TARIFF_OPTIONS, query={"locale": locale})

    async def rating(self) -> Rating:
        """How buyers rate the seller (GET /api/common/v1/rating). 1 call a minute.

        It needs the category of feedbacks and questions, and a service token.

        Raises:
            Forbidden: The token is of another type.
        """
        return await self._call(RATING)
