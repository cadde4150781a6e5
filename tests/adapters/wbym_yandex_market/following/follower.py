"""A follower of a stream in tests: stores what the feed would store, and counts records."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import aclosing, asynccontextmanager
from copy import copy
from datetime import UTC, datetime
from typing import Self

from wbym.account import Batch, Observation, Observed, Poll, Stream
from wbym.calls import AiohttpTransport, Exchange, Request, RetryPolicy
from wbym.domain import Chat, Message
from wbym.limits import Scheduler, Window
from wbym_yandex_market import YandexMarket
from wbym_yandex_market._following.streams import open_streams
from wbym_yandex_market.simulator import YandexMarketSimulator, make_api_key

START = 1_790_000_000.0  # 2026-09-21


class Time:
    """The clocks of the simulator and of the streams, which run at the same rate."""

    def __init__(self, start: float = START) -> None:
        self.start = start
        self.passed = 0.0
        self.jumped = 0.0
        """Seconds that our wall clock is ahead of Market's."""

    def clock(self) -> float:
        return self.passed

    def market(self) -> float:
        return self.start + self.passed

    def wall(self) -> float:
        return self.start + self.passed + self.jumped

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.wall(), UTC)


class Watched(AiohttpTransport):
    """Reports each request before it is sent; raising fails the request."""

    def __init__(self) -> None:
        super().__init__()
        self.before: Callable[[Request], None] = lambda request: None
        self.asked: Counter[str] = Counter()
        """Requests by the last part of their path."""

    @asynccontextmanager
    async def send(self, request: Request) -> AsyncIterator[Exchange]:
        self.before(request)
        self.asked[request.url.partition("?")[0].rpartition("/")[2]] += 1
        async with super().send(request) as exchange:
            yield exchange


def watched_shop(
    market: YandexMarketSimulator, quotas: Mapping[str, Window] | None = None
) -> tuple[YandexMarket, Watched]:
    transport = Watched()
    shop = YandexMarket(
        make_api_key(),
        name="shop",
        business_id=1001,
        base_url=market.url,
        scheduler=Scheduler(),
        retry=RetryPolicy(max_attempts=2, base_delay=0.001),
        quotas=quotas,
        transport=transport,
    )
    return shop, transport


class Follower:
    """Follows one stream as the feed does, which stores each batch as a whole."""

    def __init__(
        self, shop: YandexMarket, name: str, time: Time, since: datetime, *, at_once: int = 4
    ) -> None:
        self.shop = shop
        self.at_once = at_once
        self.name = name
        self.time = time
        self.since = since
        self.stream = self._open()
        self.state: bytes | None = None
        self.begun = False
        self.retained_since: datetime | None = None
        self.versions: dict[str, str] = {}
        self.shown: Counter[str] = Counter()
        self.events: list[Observed] = []
        self.asked: list[list[str]] = []

    def _open(self) -> Stream:
        shop, time = self.shop, self.time
        streams = open_streams(
            shop.api,
            shop._cabinet,
            shop._dialect.quota,
            shop._pipeline.report,
            at_once=self.at_once,
            now=lambda: time.now,
            clock=time.clock,
        )
        return next(one for one in streams if one.name == self.name)

    def restarted(self) -> Self:
        """Another follower that resumes from the stored state."""
        twin = copy(self)
        twin.stream = self._open()
        return twin

    async def known(self, noun: str, ids: Collection[str]) -> Mapping[str, str]:
        self.asked.append(list(ids))
        found = {one: self.versions.get(f"{noun}/{one}") for one in ids}
        return {one: version for one, version in found.items() if version is not None}

    async def round(
        self, *, due: bool = True, hints: Collection[str] = (), stop: int | None = None
    ) -> list[Batch]:
        """Poll once; with ``stop`` the poll is killed after that number of stored batches."""
        batches: list[Batch] = []
        if stop == 0:
            return batches
        request = Poll(self.state, self.since, self.known, due, frozenset(hints))
        async with aclosing(self.stream.poll(request)) as polled:
            async for batch in polled:
                batches.append(batch)
                self._take(batch)
                if len(batches) == stop:
                    return batches
        self.begun = self.begun or due
        return batches

    def _take(self, batch: Batch) -> None:
        for observation in batch.observations:
            self._see(observation)
        self.state = batch.state or self.state
        if batch.forget_before is not None:
            self.retained_since = max(
                batch.forget_before, self.retained_since or batch.forget_before
            )

    def _see(self, observation: Observation) -> None:
        record = observation.record
        key = f"{type(record).__name__.lower()}/{record.ref.id}"
        self.shown[key] += 1
        known = self.versions.get(key)
        old = (
            self.retained_since is not None
            and observation.at < self.retained_since
            and not isinstance(record, Chat)
        )
        if known == (observation.version or "") or (
            known is not None and observation.version is None
        ):
            return
        if known is None and old:
            return
        self.versions[key] = observation.version or ""
        if known is None and not self.begun and observation.at < self.since:
            return
        if known is None or not isinstance(record, Chat):
            self.events.append(record)

    @property
    def messages(self) -> list[Message]:
        return [one for one in self.events if isinstance(one, Message)]

    @property
    def texts(self) -> list[str | None]:
        return [one.text for one in self.messages]
