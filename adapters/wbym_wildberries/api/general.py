"""The seller and the account: ping, news, seller, subscriptions, rating."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Final, Literal

import msgspec

from wbym.calls import Group, Name, Optional, Range, at_least_one, get
from wbym_wildberries._limits import PING_HOSTS
from wbym_wildberries._token import ANY, Category
from wbym_wildberries.api._base import Wire, as_is, in_envelope

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


class Pong(Wire, frozen=True):
    """The response to a ping."""

    status: str | None = msgspec.field(default=None, name="Status")
    """``OK``."""
    ts: str | None = msgspec.field(default=None, name="TS")
    """The server's time."""


class NewsType(Wire, frozen=True):
    """The subject of a news item."""

    id: int | None = None
    name: str | None = None


class NewsItem(Wire, frozen=True):
    """A news item of the seller's portal."""

    id: int
    header: str | None = None
    content: str | None = None
    """HTML."""
    date: str | None = None
    types: list[NewsType] | None = None


class Seller(Wire, frozen=True):
    """The seller."""

    name: str | None = None
    sid: str | None = None
    """The seller's UUID, as in the seller's tokens."""
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
    """When the paid period ends or ended."""


class TariffPromotion(Wire, frozen=True):
    """A temporary lower price of an option."""

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
    """The option cannot be cancelled before this time."""
    period_duration: float | None = None
    commission_rate: float | None = None
    """Percent of the turnover; absent with a promotion."""
    promotion: TariffPromotion | None = None


class TariffPackage(Wire, frozen=True):
    """Options that are bought together."""

    id: str | None = None
    name: str | None = None
    slug: str | None = None
    status: str | None = None
    """The same values as an option's."""
    activated_at: datetime | None = None
    expires_at: datetime | None = None
    period_duration: float | None = None
    commission_rate: float | None = None
    options: list[TariffOption] | None = None


class TariffOptions(Wire, frozen=True):
    """The active options of the tariff."""

    options: list[TariffOption] | None = None
    """Options outside of packages."""
    packages: list[TariffPackage] | None = None
    active_option_count: float | None = None
    active_package_count: float | None = None
    total_commission_rate: float | None = None
    """Percent of the turnover, for all options and packages."""


class Rating(Wire, frozen=True):
    """Buyers' rating of the seller."""

    valuation: float | None = None
    feedback_count: int | None = None


_FEEDBACKS: Final = Category.FEEDBACKS_AND_QUESTIONS.scope
_SCOPES: Final = {"common": ANY, "chat": Category.BUYER_CHAT.scope, "feedbacks": _FEEDBACKS}
"""The scopes of hosts whose names differ from their token category."""


class General(Group, host="common", scope=ANY, envelope=as_is):
    """``api.general``; any token covers it, except the rating and the pings of other hosts."""

    @get("/ping", hosts={host: _SCOPES.get(host, host) for host in PING_HOSTS}, single_attempt=True)
    async def ping(self, host: str = "common") -> Pong:
        """Check whether a host accepts the token. Never call it in a loop.

        Wildberries blocks callers that automate pings, and says that they do not show whether a
        service is up. So a ping is sent once and at once: it never waits, and is never retried. The
        limit is three in a row, then one per 30 s.

        Args:
            host: A name of ``wbym_wildberries._dialect.HOSTS``, such as ``"content"``.

        Raises:
            QuotaExhausted: The limit is reached; no request was made.
            Unauthorized: The host does not accept the token.
        """
        ...

    @get(
        "/api/communications/v2/news",
        rules=[at_least_one("date_from", "from_id")],
        envelope=in_envelope,
    )
    async def news(
        self,
        *,
        date_from: Annotated[date | None, Name("from")] = None,
        from_id: Annotated[int | None, Name("fromID"), Range(0)] = None,
    ) -> Sequence[NewsItem]:
        """News of the seller's portal, at most 100.

        1 call per minute, 10 at once; with a base token 1 per hour. WB requires one argument.

        Args:
            date_from: Since this day, included.
            from_id: From this id, included. To continue, pass the highest id plus one.
        """
        ...

    @get("/api/v1/seller-info")
    async def seller(self) -> Seller:
        """The seller.

        1 call per minute, 10 at once; with a base token 1 per day.
        """
        ...

    @get("/api/common/v1/subscriptions", reply=Optional(as_is(Subscription)))
    async def subscription(self) -> Subscription | None:
        """The subscription to Jam, for a service token; None if the seller never had one.

        1 call per minute, 10 at once.

        Raises:
            Forbidden: The token is of another type.
        """
        ...

    @get("/api/common/v1/tariff-constructor/options")
    async def tariff_options(self, *, locale: Literal["ru", "en"] | None = None) -> TariffOptions:
        """Options of the tariff, for a service token.

        1 call per minute, 10 at once.

        Args:
            locale: The language of names; Russian by default.

        Raises:
            Forbidden: The token is of another type.
            NotFound: The seller has no options.
        """
        ...

    @get("/api/common/v1/rating", host="feedbacks", scope=_FEEDBACKS)
    async def rating(self) -> Rating:
        """Buyers' rating of the seller, for a service token. 1 call per minute.

        The token needs the category of feedbacks and questions.

        Raises:
            Forbidden: The token is of another type.
        """
        ...
