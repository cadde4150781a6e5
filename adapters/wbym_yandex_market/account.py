"""The part of an account that has no nouns: its credentials, its business, its limits, any call."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Self, TypeVar

import aiohttp

from wbym.adapter import (
    AccountBase,
    Capabilities,
    CatalogRow,
    CheckReport,
    CredentialFacts,
    OnHints,
    TrustedProxy,
)
from wbym.calls import (
    DEFAULT_MAX_WAIT,
    AiohttpTransport,
    Endpoint,
    Group,
    Pipeline,
    Range,
    RetryPolicy,
    Transport,
    require,
)
from wbym.errors import InvalidToken, SetAside
from wbym.limits import BucketState, Scheduler, Window, shared_scheduler
from wbym_yandex_market.api import Api
from wbym_yandex_market.api.base import Id, MarketGroup
from wbym_yandex_market.cabinet import Cabinet
from wbym_yandex_market.capabilities import CAPABILITIES
from wbym_yandex_market.catalog import catalog, facts
from wbym_yandex_market.dialect import YandexMarketDialect
from wbym_yandex_market.limits import PARALLEL, Tier
from wbym_yandex_market.mapping import MARKETPLACE
from wbym_yandex_market.notifications import MARKET_NETWORKS, RATE
from wbym_yandex_market.sweeps import Sweeps
from wbym_yandex_market.token import Credential, CredentialKind

if TYPE_CHECKING:
    from aiohttp import web

__all__ = ["Account"]

G = TypeVar("G", bound=Group)


class Account(AccountBase):
    """What every account of Market has; arguments and errors as for ``YandexMarket``."""

    marketplace: ClassVar[str] = MARKETPLACE
    capabilities: ClassVar[Capabilities] = CAPABILITIES

    def __init__(
        self,
        api_key: str | None = None,
        business_id: int | None = None,
        name: str = MARKETPLACE,
        *,
        oauth: str | None = None,
        campaign_ids: Collection[int] | None = None,
        base_url: str | None = None,
        session: aiohttp.ClientSession | None = None,
        scheduler: Scheduler | None = None,
        max_wait: float | None = DEFAULT_MAX_WAIT,
        timeout: float = 60.0,
        retry: RetryPolicy | None = None,
        subscription: bool = False,
        parallel: int = PARALLEL,
        quotas: Mapping[str, Window] | None = None,
        on_set_aside: Callable[[SetAside], None] | None = None,
        transport: Transport | None = None,
    ) -> None:
        kinds = ((CredentialKind.API_KEY, api_key), (CredentialKind.OAUTH, oauth))
        self._credentials: Final = [
            Credential(kind, text, account=name) for kind, text in kinds if text is not None
        ]
        if not self._credentials:
            raise InvalidToken(name, "give an Api-Key (api_key=) or an OAuth token (oauth=)")
        require("YandexMarket", "business_id", business_id, Id | None)
        require("YandexMarket", "campaign_ids", campaign_ids, Collection[Id] | None)
        require("YandexMarket", "parallel", parallel, Annotated[int, Range(1, 100)])
        super().__init__(name, on_set_aside)
        self._parallel = parallel
        self._tier = Tier.SUBSCRIPTION if subscription else Tier.STANDARD
        self._dialect = YandexMarketDialect(
            name,
            self._credentials[0],
            file_credential=self._credentials[-1],
            base_url=base_url,
            tier=self._tier,
            parallel=parallel,
            quotas=quotas,
        )
        self._scheduler = scheduler or shared_scheduler()
        self._pipeline = Pipeline(
            dialect=self._dialect,
            transport=transport or AiohttpTransport(session=session, timeout=timeout),
            scheduler=self._scheduler,
            retry=retry,
            max_wait=max_wait,
            on_set_aside=self.keep,
        )
        self.api: Final = Api(self._pipeline, self._business)
        """Every documented method that is built, typed."""
        self._cabinet = Cabinet(self.api, name, business_id, campaign_ids)
        self.sweep: Final = Sweeps(self.api, name, parallel, self._bucket_of)
        """Whole archives of feedbacks and questions."""

    @classmethod
    def catalog(cls) -> list[CatalogRow]:
        """Every endpoint that the adapter knows."""
        return catalog()

    @classmethod
    def from_secret(
        cls,
        secret: str,
        *,
        name: str,
        base_url: str | None = None,
        max_wait: float | None = DEFAULT_MAX_WAIT,
    ) -> Self:
        """An account from its credentials, and its business's id, with white space between.

        An Api-Key as it is, an OAuth token after ``oauth:``, the id in digits: ``KEY``,
        ``KEY 123``, ``oauth:TOKEN 123``, ``KEY oauth:TOKEN 123``. As for the constructor, with both
        credentials the OAuth token is for buyers' files only.

        Raises:
            InvalidToken: There is no credential, or there are more words than these.
        """
        keys: list[str] = []
        tokens: list[str] = []
        numbers: list[int] = []
        for word in secret.split():
            if word.startswith("oauth:"):
                tokens.append(word.removeprefix("oauth:"))
            elif word.isascii() and word.isdigit() and len(word) < 20:
                numbers.append(int(word))
            else:
                keys.append(word)
        if max(len(keys), len(tokens), len(numbers)) > 1 or not (keys or tokens):
            reason = "the secret is an Api-Key or oauth:TOKEN, and the business's id if wanted"
            raise InvalidToken(name, reason)
        return cls(
            next(iter(keys), None),
            next(iter(numbers), None),
            name,
            oauth=next(iter(tokens), None),
            base_url=base_url,
            max_wait=max_wait,
        )

    def credentials(self) -> list[CredentialFacts]:
        """What is known of the credentials; they say nothing of themselves without a request."""
        return self._facts(None)

    def _facts(self, scopes: Sequence[str] | None) -> list[CredentialFacts]:
        business = self._cabinet.known_business
        return [
            facts(
                credential,
                business_id=business,
                files_only=place > 0,
                scopes=None if place else scopes,
            )
            for place, credential in enumerate(self._credentials)
        ]

    async def check(self, *, online: bool = True, ping: bool = False) -> CheckReport:
        """What the account can do: by its credentials, by Market's limits, and by what Market says.

        Args:
            online: Whether Market is asked what the key opens (POST v2/auth/token; not with an
                OAuth token) and which shops there are (GET v2/campaigns).
            ping: Changes nothing: Market has one host, and these two ask it.
        """
        from wbym_yandex_market.check import check

        return await check(self._dialect, self.api, self._cabinet, self._facts, online=online)

    def __repr__(self) -> str:
        business = self._cabinet.known_business
        return f"{type(self).__name__}({self.name!r}, business {business or 'not known yet'})"

    def limits(self) -> list[BucketState]:
        """The buckets that this account has used: used, left, waiting, next free."""
        return [
            state
            for state in self._scheduler.buckets()
            if state.key.marketplace == MARKETPLACE and state.key.owner in self._dialect.owners
        ]

    def _bucket_of(self, endpoint: Endpoint[object]) -> BucketState | None:
        business = self._cabinet.known_business
        if business is None:
            return None
        keys = {charge.key for charge in self._dialect.charges(endpoint, {"businessId": business})}
        states = (state for state in self._scheduler.buckets() if state.key in keys)
        return next((state for state in states if state.kind != "parallel"), None)

    def receiver(
        self,
        on_hints: OnHints,
        *,
        proxy: TrustedProxy | None = None,
        networks: Collection[str] = MARKET_NETWORKS,
        rate: float = RATE,
    ) -> "web.Application":
        """An application for ``app.add_subapp("/shop", ...)`` that takes Market's notifications.

        It answers at ``/shop`` and ``/shop/notification``, and looks up the account's shops once,
        when it starts. It refuses what does not come from Market's addresses, and notifications of
        other businesses; see ``wbym_yandex_market.notifications.receiver``.

        Args:
            on_hints: Stores what a notification hints at, before it is answered; with orders and
                pings it is not called.
            proxy: Whose word is taken for where a notification came from; nobody's without it.
            networks: Where notifications may come from, for tests and simulators.
            rate: How many are taken a second at most, and at once; from 1 on.

        Raises:
            InvalidInput: A network is none.
        """
        # Only those that take notifications load aiohttp's server and the notifications' records.
        from wbym_yandex_market.notifications.receiver import make_receiver

        return make_receiver(self._cabinet, on_hints, proxy=proxy, networks=networks, rate=rate)

    async def _business(self) -> int:
        return await self._cabinet.business()

    def _bind(self, kind: type[G]) -> G:
        if issubclass(kind, MarketGroup):
            return kind(self._pipeline, self._business)
        return super()._bind(kind)

    async def _known(self, method: str, place: str) -> str | int:
        if place == "businessId":
            return await self._business()
        return await super()._known(method, place)
