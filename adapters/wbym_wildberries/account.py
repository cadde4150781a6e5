"""A Wildberries seller's account: its tokens, its limits, its calls."""

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import ClassVar, Final, Self, TypeVar

import aiohttp

from wbym.account import AccountBase, Capabilities, CatalogRow, CheckReport, CredentialFacts, Stream
from wbym.calls import (
    DEFAULT_MAX_WAIT,
    AiohttpTransport,
    Pipeline,
    RetryPolicy,
    Transport,
    row,
)
from wbym.errors import InvalidToken, SetAside
from wbym.limits import BucketState, Quota, Scheduler, shared_scheduler
from wbym.observe import LogFacts
from wbym_wildberries.api import Api
from wbym_wildberries.api.feedbacks import Feedbacks
from wbym_wildberries.capabilities import CAPABILITIES
from wbym_wildberries.catalog import catalog, facts
from wbym_wildberries.chat_reader import ChatReader
from wbym_wildberries.check import check
from wbym_wildberries.dialect import WildberriesDialect
from wbym_wildberries.limits import BUCKETS, Tier
from wbym_wildberries.mapping import MARKETPLACE
from wbym_wildberries.sweeps import Sweeps
from wbym_wildberries.token import Token

__all__ = ["Account"]

R = TypeVar("R")

logger = logging.getLogger("wbym.wildberries")


class Account(AccountBase):
    """What every account has; :class:`wbym_wildberries.Wildberries` adds what it can do."""

    marketplace: ClassVar[str] = MARKETPLACE
    capabilities: ClassVar[Capabilities] = CAPABILITIES

    def __init__(
        self,
        token: str | Iterable[str],
        *,
        name: str = MARKETPLACE,
        base_url: str | None = None,
        sandbox: bool = False,
        session: aiohttp.ClientSession | None = None,
        scheduler: Scheduler | None = None,
        max_wait: float | None = DEFAULT_MAX_WAIT,
        timeout: float = 60.0,
        retry: RetryPolicy | None = None,
        tier: Tier | None = None,
        quotas: Mapping[str, Quota] | None = None,
        on_set_aside: Callable[[SetAside], None] | None = None,
        transport: Transport | None = None,
    ) -> None:
        texts = [token] if isinstance(token, str) else list(token)
        if not texts:
            raise InvalidToken(name, "no token is given")
        tokens = [Token(text, account=name) for text in texts]
        if len({token.seller for token in tokens}) > 1:
            raise InvalidToken(name, "the tokens are of several sellers: make an account of each")
        super().__init__(name, on_set_aside)
        self.tokens: Final = tuple(tokens)
        self._dialect = WildberriesDialect(
            name, tokens, base_url=base_url, sandbox=sandbox, tier=tier, quotas=quotas
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
        self._chats = ChatReader(self._pipeline, name)
        self.api: Final = Api(self._pipeline)
        """Every documented method that is built, typed."""
        self.sweep: Final = Sweeps(self._pipeline, name, self._feedbacks_bucket)
        """Whole archives of feedbacks and questions."""
        self._warn()

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
        """An account from its token, or from several of one seller with white space between."""
        return cls(secret.split(), name=name, base_url=base_url, max_wait=max_wait)

    def credentials(self) -> list[CredentialFacts]:
        """What each token says of itself, read offline."""
        return [facts(token, self._dialect.tier_of(token)) for token in self.tokens]

    async def check(self, *, online: bool = True, ping: bool = False) -> CheckReport:
        """What the account can do: by its tokens, by WB's limits, and by what WB says.

        Args:
            online: Whether WB is asked who the seller is (GET /api/v1/seller-info), with one of the
                tokens; with a base token once a day at most.
            ping: Whether each host that the tokens open is asked too (GET /ping), once and with the
                token that it would be called with. WB blocks who does that more than three times in
                30 s; this process never does, so leave it to people and not to a loop.
        """
        return await check(self._dialect, self.api, online=online, ping=ping)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, seller {self.tokens[0].seller})"

    def limits(self) -> list[BucketState]:
        """The buckets that this account's seller has used: used, left, waiting, next free."""
        owners = {self._dialect.owner(token) for token in self.tokens}
        return [
            state
            for state in self._scheduler.buckets()
            if state.key.marketplace == MARKETPLACE and state.key.owner in owners
        ]

    @cached_property
    def _streams(self) -> tuple[Stream, ...]:
        from wbym_wildberries.streams import open_streams  # loads the feed

        return open_streams(self._pipeline, self._dialect, self._chats)

    def _feedbacks_bucket(self) -> BucketState | None:
        charges = self._dialect.charges(row(Feedbacks.list).endpoint, {})
        keys = {charge.key for charge in charges}
        return next((state for state in self._scheduler.buckets() if state.key in keys), None)

    def _warn(self) -> None:
        for token in self.tokens:
            if self._dialect.tier_of(token) is Tier.BASE:
                slow, slowest = (
                    BUCKETS[name][Tier.BASE].interval / 60
                    for name in ("feedbacks-and-questions", "chats.list")
                )
                logger.warning(
                    "%s: a base token allows a call to feedbacks and questions every %.0f min, and "
                    "to chats and claims every %.0f min; a personal or service token far more",
                    self.name,
                    slow,
                    slowest,
                    extra=LogFacts(marketplace=MARKETPLACE, account=self.name),
                )
                return
