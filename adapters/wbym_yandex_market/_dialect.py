"""How Yandex Market speaks HTTP: host, credentials, limit headers, shapes of errors, files."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec

from wbym.account import require_address, require_known
from wbym.calls import Binary, Endpoint, Refusal, Response
from wbym.errors import InvalidInput, MissingScope
from wbym.limits import BucketKey, Charge, LimitSignal, ParallelCap, Window
from wbym_yandex_market._limits import BUCKETS, PARALLEL, Tier
from wbym_yandex_market._mapping import MARKETPLACE
from wbym_yandex_market._token import Credential, CredentialKind
from wbym_yandex_market.api._base import COMMUNICATION, HOST, ApiError, refusal_of

__all__ = ["HOSTS", "KEYS_ONLY", "YandexMarketDialect"]

HOSTS: Final = {HOST: "https://api.partner.market.yandex.ru"}

KEYS_ONLY: Final = frozenset({"auth.token"})
"""Operations that take no OAuth token."""

MARKET: Final = "market.yandex.ru"
"""Its own and its subdomains' files are asked for with the account's credential, no others."""

BAN_WITHOUT_HEADER: Final = 60.0
"""Seconds to stop for when a budget is used up and Market does not say until when."""
PAUSE: Final = 1.0
"""Seconds to stop for when too many calls ran at once."""
_SECOND: Final = 1.0
"""``X-RateLimit-Resource-Until`` has no fractions: the period may end up to this much later."""

_FILE_SAFE = "/%:@!$&'()*+,;=~-._?"


class _ErrorBody(msgspec.Struct):
    """Market's shape, and that of the server before it: ``{"timestamp", "status", "error"}``."""

    errors: list[ApiError] | None = None
    message: object = None
    error: object = None


_ERRORS = msgspec.json.Decoder(_ErrorBody)


class YandexMarketDialect:
    """One account's way of speaking to Yandex Market.

    Args:
        account: The account's name.
        credential: What the calls are made with.
        file_credential: What buyers' files are asked for with; the same, where nothing is said.
        base_url: One server instead of Market's host.
        tier: With subscription or without.
        parallel: Calls under way at once per business or campaign.
        quotas: Budgets by bucket's name, instead of the published ones.
        clock: Unix seconds, for deadlines where an answer has no date.
    """

    marketplace: Final = MARKETPLACE

    def __init__(
        self,
        account: str,
        credential: Credential,
        *,
        file_credential: Credential | None = None,
        base_url: str | None = None,
        tier: Tier = Tier.STANDARD,
        parallel: int = PARALLEL,
        quotas: Mapping[str, Window] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.account: Final = account
        self.credential: Final = credential
        self.tier: Final = tier
        self.owners: Final[set[str]] = set()
        """Whose buckets the account has used."""
        self._file_credential = file_credential or credential
        self._base_url = require_address("YandexMarket", base_url)
        self._parallel = ParallelCap(parallel)
        self._quotas = dict(quotas or {})
        require_known("YandexMarket", "quotas", self._quotas, BUCKETS)
        self._clock = clock
        # By what they depend on: names are the caller's, and several endpoints may have one.
        self._charges: dict[tuple[tuple[str, ...], str], tuple[Charge, ...]] = {}

    def address(self, endpoint: Endpoint[object]) -> str:
        """The host, without a slash at the end."""
        host = HOSTS.get(endpoint.host)
        if host is None and not _is_market(endpoint.host):
            if "://" not in endpoint.host:  # it is no file's
                require_known(endpoint.name, "host", (endpoint.host,), HOSTS)
            return endpoint.host
        return self._base_url or host or endpoint.host

    def authorize(self, endpoint: Endpoint[object]) -> Mapping[str, str]:
        """``Api-Key``, or ``Authorization: Bearer`` for OAuth; nothing for strangers' servers.

        Raises:
            MissingScope: The method is for Api-Keys only, and the account has none.
        """
        if endpoint.host not in HOSTS:
            own = _is_market(endpoint.host) or endpoint.host == self._base_url
            return self._file_credential.headers() if own else {}
        if endpoint.name in KEYS_ONLY and self.credential.kind is not CredentialKind.API_KEY:
            reason = "Market tells what an Api-Key may do, and this account has an OAuth token"
            raise MissingScope(self.account, reason, method=endpoint.name)
        return self.credential.headers()

    def file(self, url: str) -> Endpoint[bytes]:
        """The call that reads a buyer's file from its address.

        Raises:
            InvalidInput: It is no address over HTTPS.
        """
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        secure = parts.scheme == "https" or origin == self._base_url
        if not secure or not parts.hostname or "@" in parts.netloc:
            raise InvalidInput("download", "url", "must be an address over HTTPS", url)
        query = f"?{quote(parts.query, safe=_FILE_SAFE)}" if parts.query else ""
        return Endpoint(
            name="chats.download",
            method="GET",
            host=origin,
            path=f"{quote(parts.path, safe=_FILE_SAFE)}{query}",
            reply=Binary(),
            buckets=(),
            scope=COMMUNICATION,
        )

    def charges(
        self, endpoint: Endpoint[object], path: Mapping[str, str | int]
    ) -> Sequence[Charge]:
        """The method's budget first, which headers speak of, and the places for calls at once.

        Raises:
            InvalidInput: The endpoint names a bucket that there is not.
        """
        if "businessId" in path:
            who = f"business-{path['businessId']}"
        elif "campaignId" in path:
            who = f"campaign-{path['campaignId']}"
        else:
            who = f"key-{self.credential.fingerprint}"
        charges = self._charges.get((endpoint.buckets, who))
        if charges is None:
            require_known(endpoint.name, "buckets", endpoint.buckets, BUCKETS)
            owner = f"{who}@{self._base_url}" if self._base_url else who
            self.owners.add(owner)
            charges = (
                *(
                    Charge(BucketKey(MARKETPLACE, owner, self.tier, bucket), self.quota(bucket))
                    for bucket in endpoint.buckets
                ),
                Charge(BucketKey(MARKETPLACE, owner, "any", "parallel"), self._parallel),
            )
            self._charges[endpoint.buckets, who] = charges
        return charges

    def quota(self, bucket: str) -> Window:
        """The budget of a bucket."""
        return self._quotas.get(bucket) or BUCKETS[bucket][self.tier]

    def signal(self, response: Response) -> LimitSignal | None:
        """``X-RateLimit-Resource-Limit``, ``-Remaining`` and ``-Until``; 420 is a ban.

        Where the budget is used up, until ``-Until``; else too many calls ran at once, and a short
        pause is enough.
        """
        headers = response.headers
        limit = _whole(headers.get("x-ratelimit-resource-limit"))
        remaining = _whole(headers.get("x-ratelimit-resource-remaining"))
        left = self._left(headers)
        retry_after = None
        if response.status in {420, 429}:
            # An end that is past tells nothing; to ask at once again would only be refused.
            retry_after = left or BAN_WITHOUT_HEADER if remaining == 0 else PAUSE
        elif limit is None and remaining is None and left is None:
            return None
        return LimitSignal(
            limit=limit,
            remaining=remaining,
            retry_after=retry_after,
            resets_at=None if left is None else self._clock() + left,
        )

    def refusal(self, response: Response) -> Refusal | None:
        """Market's own words; of HTML and empty bodies only that they are."""
        request_id = response.headers.get("x-market-req-id")
        retry_after = None
        if response.status in {420, 429}:
            signal = self.signal(response)
            retry_after = signal.retry_after if signal is not None else None
        body = response.body
        if not body:
            return Refusal("the answer is empty", request_id=request_id, retry_after=retry_after)
        try:
            error = _ERRORS.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            message = f"no JSON: {_snippet(body)}"
            return Refusal(message, request_id=request_id, retry_after=retry_after)
        if error.errors:
            said = refusal_of(error.errors)
            return Refusal(said.message, said.code, request_id, retry_after)
        words = [word for word in (error.message, error.error) if isinstance(word, str) and word]
        message = words[0] if words else _snippet(body)
        return Refusal(message, request_id=request_id, retry_after=retry_after)

    def _left(self, headers: Mapping[str, str]) -> float | None:
        """Seconds until the budget is whole again, by Market's own clock where it tells it."""
        until = _date(headers.get("x-ratelimit-resource-until"))
        if until is None:
            return None
        now = _date(headers.get("date"))
        return max(0.0, until + _SECOND - (self._clock() if now is None else now))


def _is_market(origin: str) -> bool:
    parts = urlsplit(origin)
    host = parts.hostname or ""
    return parts.scheme == "https" and (host == MARKET or host.endswith(f".{MARKET}"))


@lru_cache(maxsize=256)
def _date(text: str | None) -> float | None:
    """An RFC 822 date as Unix seconds; one without a zone is taken as GMT."""
    if not text:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    zone = moment.tzinfo
    return (moment if zone is not None else moment.replace(tzinfo=UTC)).timestamp()


def _whole(text: str | None) -> int | None:
    try:
        return None if not text else max(0, int(float(text)))
    except (ValueError, OverflowError):
        return None


def _snippet(body: bytes) -> str:
    return " ".join(body[:200].decode("utf-8", "replace").split())
