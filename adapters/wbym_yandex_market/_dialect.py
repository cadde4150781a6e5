"""Yandex Market's HTTP: host, credentials, limit headers, error bodies, files."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec

from wbym.account import require_address, require_known
from wbym.calls import Binary, Endpoint, Refusal, Response, header_number, header_time, retry_after
from wbym.errors import InvalidInput, MissingScope
from wbym.limits import BucketKey, Charge, LimitSignal, ParallelCap, Window
from wbym_yandex_market._limits import BUCKETS, PARALLEL, Tier
from wbym_yandex_market._mapping import MARKETPLACE
from wbym_yandex_market._token import Credential, CredentialKind
from wbym_yandex_market.api._base import COMMUNICATION, HOST, ApiError, refusal_of

__all__ = ["HOSTS", "KEYS_ONLY", "YandexMarketDialect"]

HOSTS: Final = {HOST: "https://api.partner.market.yandex.ru"}

KEYS_ONLY: Final = frozenset({"auth.token"})
"""Operations that do not accept an OAuth token."""

MARKET: Final = "market.yandex.ru"
"""Only files on this domain and its subdomains are requested with the account's credential."""

BAN_WITHOUT_HEADER: Final = 60.0
"""Seconds to stop for if a budget is used up and Market does not say until when."""
PAUSE: Final = 1.0
"""Seconds to stop for after too many concurrent calls."""
_SECOND: Final = 1.0
"""``X-RateLimit-Resource-Until`` has no fractions: the period may end up to a second later."""

_PARALLEL: Final = re.compile(rb"(\d{1,4}) parallel requests")
"""Market's words for the cap on concurrent calls that a call exceeded."""

_FILE_SAFE = "/%:@!$&'()*+,;=~-._?"


class _ErrorBody(msgspec.Struct):
    """Market's error body. A gateway's has a number as ``status``, and no errors."""

    status: object = None
    errors: list[ApiError] | None = None


_ERRORS = msgspec.json.Decoder(_ErrorBody)


class YandexMarketDialect:
    """The HTTP dialect of one Yandex Market account.

    Args:
        account: The account's name.
        credential: The credential of the calls.
        file_credential: The credential for buyers' files; by default ``credential``.
        base_url: One server instead of Market's host.
        tier: With a subscription or without.
        parallel: Max concurrent calls per business or campaign.
        quotas: Budgets by bucket name that replace the published ones.
        clock: Unix seconds, for deadlines if a response has no date.
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
        """The owners of the buckets that the account has used."""
        self._file_credential = file_credential or credential
        self._base_url = require_address("YandexMarket", base_url)
        self._parallel = ParallelCap(parallel)
        self._quotas = dict(quotas or {})
        require_known("YandexMarket", "quotas", self._quotas, BUCKETS)
        self._clock = clock
        # Not by endpoint name: callers choose names, and several endpoints may share one.
        self._charges: dict[tuple[tuple[str, ...], str], tuple[Charge, ...]] = {}

    def address(self, endpoint: Endpoint[object]) -> str:
        """The host, without a trailing slash."""
        host = HOSTS.get(endpoint.host)
        if host is None and not _is_market(endpoint.host):
            if "://" not in endpoint.host:  # not the host of a file
                require_known(endpoint.name, "host", (endpoint.host,), HOSTS)
            return endpoint.host
        return self._base_url or host or endpoint.host

    def authorize(self, endpoint: Endpoint[object]) -> Mapping[str, str]:
        """``Api-Key``, or ``Authorization: Bearer`` for OAuth; nothing for third-party servers.

        Raises:
            MissingScope: The method is for Api-Keys only, and the account has none.
        """
        if endpoint.host not in HOSTS:
            own = _is_market(endpoint.host) or endpoint.host == self._base_url
            return self._file_credential.headers() if own else {}
        if endpoint.name in KEYS_ONLY and self.credential.kind is not CredentialKind.API_KEY:
            reason = "Market describes Api-Keys only, and this account has an OAuth token"
            raise MissingScope(self.account, reason, method=endpoint.name)
        return self.credential.headers()

    def file(self, url: str) -> Endpoint[bytes]:
        """The endpoint that downloads a buyer's file from its address.

        Raises:
            InvalidInput: The address is not an HTTPS address.
        """
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        secure = parts.scheme == "https" or origin == self._base_url
        if not secure or not parts.hostname or "@" in parts.netloc:
            raise InvalidInput("download", "url", "must be an HTTPS address", url)
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
        """The method's budget first, to which headers refer, then the cap on concurrent calls.

        Raises:
            InvalidInput: The endpoint names an unknown bucket.
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

        The ban lasts until ``-Until`` if the budget is used up. Otherwise there were too many
        concurrent calls, and a short pause is enough; the error's text says how many are allowed.
        """
        headers = response.headers
        limit = _to_int(headers.get("x-ratelimit-resource-limit"))
        remaining = _to_int(headers.get("x-ratelimit-resource-remaining"))
        left = self._seconds_left(headers)
        pause = parallel = None
        if response.status in {420, 429}:
            stated_cap = _PARALLEL.search(response.body)
            if stated_cap is not None:
                parallel = int(stated_cap[1])
            # An end in the past says nothing; an immediate retry would be rate limited again.
            spent = remaining == 0 and parallel is None
            stated = left if spent else None
            default = BAN_WITHOUT_HEADER if spent else PAUSE
            pause = stated or retry_after(headers) or default
        elif limit is None and remaining is None and left is None:
            return None
        return LimitSignal(
            limit=limit,
            remaining=remaining,
            retry_after=pause,
            resets_at=None if left is None else self._clock() + left,
            parallel=parallel,
        )

    def refusal(self, response: Response) -> Refusal | None:
        """Market's own text; None for a body of another shape, except with 420 and 429."""
        request_id = response.headers.get("x-market-req-id")
        pause = None
        if response.status in {420, 429}:
            signal = self.signal(response)
            pause = None if signal is None else signal.retry_after
        try:
            error = _ERRORS.decode(response.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            error = _ErrorBody()
        if error.errors or error.status == "ERROR":
            refusal = refusal_of(error.errors or ())
            return Refusal(refusal.message, refusal.code, request_id, pause)
        if pause is None:
            return None
        return Refusal(_snippet(response.body), request_id=request_id, retry_after=pause)

    def _seconds_left(self, headers: Mapping[str, str]) -> float | None:
        """Seconds until the budget is reset, by Market's own clock if the response has a date."""
        until = header_time(headers.get("x-ratelimit-resource-until"))
        if until is None:
            return None
        now = header_time(headers.get("date"))
        return max(0.0, until + _SECOND - (self._clock() if now is None else now))


def _is_market(origin: str) -> bool:
    parts = urlsplit(origin)
    host = parts.hostname or ""
    return parts.scheme == "https" and (host == MARKET or host.endswith(f".{MARKET}"))


def _to_int(text: str | None) -> int | None:
    number = header_number(text)
    return None if number is None else int(number)


def _snippet(body: bytes) -> str:
    return " ".join(body[:200].decode("utf-8", "replace").split()) or "the response is empty"
