"""The seller and its account: is the way open, news, who it is, what it subscribes to."""

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


_FEEDBACKS: Final = Category.FEEDBACKS_AND_QUESTIONS.scope
_SCOPES: Final = {"common": ANY, "chat": Category.BUYER_CHAT.scope, "feedbacks": _FEEDBACKS}
"""Of hosts that are not called like the category that opens them."""


class General(Group, host="common", scope=ANY, envelope=as_is):
    """``api.general``; any token opens it, but for the rating and the pings of other hosts."""

    @get("/ping", hosts={host: _SCOPES.get(host, host) for host in PING_HOSTS}, single_attempt=True)
    async def ping(self, host: str = "common") -> Pong:
        """Ask one host whether it takes the token. Never call it from a program's loop.

        Wildberries blocks who automates it, and says that it does not tell whether a service is up.
        So it is called once, at once: never after waiting, and never again after a failure. Three
        in a row are let through, and then one in 30 s.

        Args:
            host: A name of ``wbym_wildberries._dialect.HOSTS``, such as ``"content"``.

        Raises:
            QuotaExhausted: It would be one too many; no request was made.
            Unauthorized: The host does not take the token.
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
        """News of the seller's portal, 100 at most.

        1 call a minute, 10 at once; with a base token 1 an hour. WB needs one of the arguments.

        Args:
            date_from: Those of this day and later.
            from_id: Those from this one on, itself included. To read on, give the highest id plus
                one.
        """
        ...

    @get("/api/v1/seller-info")
    async def seller(self) -> Seller:
        """Who the seller is.

        1 call a minute, 10 at once; with a base token 1 a day.
        """
        ...

    @get("/api/common/v1/subscriptions", reply=Optional(as_is(Subscription)))
    async def subscription(self) -> Subscription | None:
        """The subscription to Jam; None where there never was one.

        1 call a minute, 10 at once. Wildberries takes service tokens only.

        Raises:
            Forbidden: The token is of another type.
        """
        ...

    @get("/api/common/v1/tariff-constructor/options")
    async def tariff_options(self, *, locale: Literal["ru", "en"] | None = None) -> TariffOptions:
        """Options of the tariff.

        1 call a minute, 10 at once. Wildberries takes service tokens only.

        Args:
            locale: The language of names; Russian by default.

        Raises:
            Forbidden: The token is of another type.
            NotFound: The seller has no options.
        """
        ...

    @get("/api/common/v1/rating", host="feedbacks", scope=_FEEDBACKS)
    async def rating(self) -> Rating:
        """How buyers rate the seller. 1 call a minute.

        It needs the category of feedbacks and questions, and a service token.

        Raises:
            Forbidden: The token is of another type.
        """
        ...
