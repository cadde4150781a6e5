"""Wildberries' HTTP: hosts, the token's header, limit headers, error bodies."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from wbym.account import require_address, require_known
from wbym.calls import Endpoint, Refusal, Response, header_number, retry_after
from wbym.errors import (
    InvalidToken,
    MissingScope,
    NotFound,
    ReadOnlyToken,
    ScopeRejected,
    StatusError,
    TokenExpired,
    Unsupported,
)
from wbym.limits import BucketKey, Charge, LimitSignal, Quota
from wbym_wildberries._limits import BUCKETS, SANDBOX, SANDBOX_BUCKETS, Tier
from wbym_wildberries._mapping import MARKETPLACE
from wbym_wildberries._token import Token, TokenType
from wbym_wildberries.api._base import flatten_message, is_unknown_id

__all__ = ["HOSTS", "SANDBOX_HOSTS", "WildberriesDialect"]

HOSTS: Final = {
    "common": "https://common-api.wildberries.ru",
    "users": "https://user-management-api.wildberries.ru",
    "content": "https://content-api.wildberries.ru",
    "prices": "https://discounts-prices-api.wildberries.ru",
    "marketplace": "https://marketplace-api.wildberries.ru",
    "feedbacks": "https://feedbacks-api.wildberries.ru",
    "chat": "https://buyer-chat-api.wildberries.ru",
    "returns": "https://returns-api.wildberries.ru",
    # The adapter calls only ``/ping`` on the hosts below.
    "analytics": "https://seller-analytics-api.wildberries.ru",
    "statistics": "https://statistics-api.wildberries.ru",
    "promotion": "https://advert-api.wildberries.ru",
    "supplies": "https://supplies-api.wildberries.ru",
    "documents": "https://documents-api.wildberries.ru",
    "finance": "https://finance-api.wildberries.ru",
}
"""Addresses by the names that endpoints use."""

SANDBOX_HOSTS: Final = {
    "content": "https://content-api-sandbox.wildberries.ru",
    "prices": "https://discounts-prices-api-sandbox.wildberries.ru",
    "marketplace": "https://marketplace-api-sandbox.wildberries.ru",
    "feedbacks": "https://feedbacks-api-sandbox.wildberries.ru",
    "statistics": "https://statistics-api-sandbox.wildberries.ru",
    "promotion": "https://advert-api-sandbox.wildberries.ru",
}
"""The other hosts, chats and returns among them, have no sandbox."""

BAN_WITHOUT_HEADER: Final = 60.0
"""Seconds to stop for if a 429 does not say how long."""


class _ErrorBody(msgspec.Struct, rename="camel"):
    """The union of WB's error bodies: gateway, envelopes of most services, problem+json."""

    title: object = None
    detail: object = None
    error_text: object = None
    additional_errors: object = None
    errors: object = None
    error: object = None
    message: object = None
    code: object = None
    request_id: object = None
    retry_seconds: object = None
    moderation_state: object = None
    origin: object = None

    def is_wildberries(self) -> bool:
        """Whether it has one of WB's shapes, not a gateway's."""
        if isinstance(self.error, bool) or isinstance(self.error_text, str):
            return True
        if isinstance(self.title, str):
            return any((self.detail, self.request_id, self.origin, self.code))
        return self.code is not None and self.message is not None


_NO_SCOPE: Final = re.compile(r"scope\b.*\bnot allowed", re.IGNORECASE)
_REJECTED: Final = frozenset({400, 410, 422})
"""Statuses with which WB answers an unknown id. A 409 rejects some of several records."""


class _BareError(msgspec.Struct, forbid_unknown_fields=True):
    error: str


_BARE = msgspec.json.Decoder(_BareError)
_TEXTS: Final = ("plain/text", "text/plain")
"""Some content methods refuse in plain text."""
_ERRORS = msgspec.json.Decoder(_ErrorBody | list[_ErrorBody])


class WildberriesDialect:
    """The HTTP dialect of one Wildberries account.

    Args:
        account: The account's name.
        tokens: The account's tokens, all of one seller.
        base_url: One server instead of WB's hosts.
        sandbox: Whether to call WB's sandbox hosts instead of the real ones.
        tier: The row of limits to use instead of the one that each token's type implies.
        quotas: Limits by bucket name that replace the published ones.
    """

    marketplace: Final = MARKETPLACE

    def __init__(
        self,
        account: str,
        tokens: Sequence[Token],
        *,
        base_url: str | None = None,
        sandbox: bool = False,
        tier: Tier | None = None,
        quotas: Mapping[str, Quota] | None = None,
    ) -> None:
        self.account: Final = account
        self.tokens: Final = tuple(tokens)
        self._base_url = require_address("Wildberries", base_url)
        self._sandbox = sandbox
        self._tier = tier
        self._quotas = dict(quotas or {})
        require_known("Wildberries", "quotas", self._quotas, BUCKETS)
        # Not by endpoint name: callers choose names, and several endpoints may share one.
        self._chosen: dict[tuple[str, bool], Token] = {}
        self._charges: dict[tuple[Token, tuple[str, ...]], tuple[Charge, ...]] = {}

    def address(self, endpoint: Endpoint[object]) -> str:
        """The host, without a trailing slash."""
        if self._base_url is not None:
            return self._base_url
        require_known(endpoint.name, "host", (endpoint.host,), HOSTS)
        if not self._sandbox:
            return HOSTS[endpoint.host]
        if endpoint.host not in SANDBOX_HOSTS:
            raise Unsupported(MARKETPLACE, endpoint.name, "sandbox", True)
        return SANDBOX_HOSTS[endpoint.host]

    def authorize(self, endpoint: Endpoint[object]) -> Mapping[str, str]:
        """The raw token, without ``Bearer``."""
        return self.token_for(endpoint).headers

    def token_for(self, endpoint: Endpoint[object]) -> Token:
        """The account's token for a call.

        Raises:
            MissingScope: No token has the category.
            ReadOnlyToken: The call writes, and the tokens that have the category are read-only.
            TokenExpired: All suitable tokens are expired.
            InvalidToken: All suitable tokens are for the sandbox only.
        """
        need = endpoint.scope, endpoint.writes
        chosen = self._chosen.get(need)
        if chosen is None or datetime.now(UTC) >= chosen.expires_at:
            chosen = self._chosen[need] = self._choose(endpoint)
        return chosen

    def _choose(self, endpoint: Endpoint[object]) -> Token:
        fit = self._tokens_covering(endpoint)
        if endpoint.writes:
            fit = [token for token in fit if not token.read_only]
            if not fit:
                reason = f"the token for {endpoint.scope!r} is read-only"
                raise ReadOnlyToken(self.account, reason, method=endpoint.name)
        now = datetime.now(UTC)
        alive = [token for token in fit if not token.is_expired(now)]
        if not alive:
            until = max(token.expires_at for token in fit)
            reason = f"the token for {endpoint.scope!r} expired on {until:%Y-%m-%d %H:%M} UTC"
            raise TokenExpired(self.account, reason, method=endpoint.name)
        if self._base_url is None and not self._sandbox:
            alive = [token for token in alive if not token.test]
            if not alive:
                reason = "a test token works in the sandbox only: pass sandbox=True"
                raise InvalidToken(self.account, reason, method=endpoint.name)
        return alive[0]

    def _tokens_covering(self, endpoint: Endpoint[object]) -> list[Token]:
        fit = [token for token in self.tokens if token.covers(endpoint.scope)]
        if not fit:
            have = sorted({c.scope for token in self.tokens for c in token.categories})
            reason = (
                f"no token has the category {endpoint.scope!r} (they have: "
                f"{', '.join(have) or 'none'}); create one in the seller's cabinet and pass it too"
            )
            raise MissingScope(self.account, reason, method=endpoint.name)
        return fit

    def missing(self, endpoint: Endpoint[object]) -> str | None:
        """What the account lacks for a call, such as ``the category content``; None if nothing."""
        try:
            self.address(endpoint)
            self.token_for(endpoint)
        except Unsupported:
            return "a sandbox: Wildberries has none for this host"
        except MissingScope:
            return f"the category {endpoint.scope}"
        except ReadOnlyToken:
            return f"a token for {endpoint.scope} that may write"
        except TokenExpired:
            return f"a token for {endpoint.scope} that has not expired"
        except InvalidToken:
            return "a token that is not for the sandbox only"
        return None

    def tier_of(self, token: Token) -> Tier:
        """The row of limits that applies to a token."""
        return self._tier or (Tier.BASE if token.type is TokenType.BASE else Tier.STANDARD)

    def owner(self, token: Token) -> str:
        """The owner of the limits that a token's calls use: the seller, per server called."""
        where = self._base_url or ("sandbox" if self._sandbox else "")
        return f"{token.seller}@{where}" if where else token.seller

    @property
    def owners(self) -> set[str]:
        """The owners of the limits that the account's calls use."""
        return {self.owner(token) for token in self.tokens}

    def charges(
        self, endpoint: Endpoint[object], path: Mapping[str, str | int]
    ) -> Sequence[Charge]:
        """The endpoint's buckets, owned by the seller of its token.

        Raises:
            InvalidInput: The endpoint names an unknown bucket.
        """
        token = self.token_for(endpoint)
        charges = self._charges.get((token, endpoint.buckets))
        if charges is None:
            require_known(endpoint.name, "buckets", endpoint.buckets, BUCKETS)
            tier, owner = self.tier_of(token), self.owner(token)
            charges = tuple(
                Charge(BucketKey(MARKETPLACE, owner, tier, bucket), self.quota(bucket, tier))
                for bucket in self._buckets(endpoint, token)
            )
            self._charges[token, endpoint.buckets] = charges
        return charges

    def _buckets(self, endpoint: Endpoint[object], token: Token) -> Sequence[str]:
        if not (self._sandbox or token.test):
            return endpoint.buckets
        return [SANDBOX if name in SANDBOX_BUCKETS else name for name in endpoint.buckets]

    def interval_of(self, endpoint: Endpoint[object]) -> tuple[Tier, float]:
        """The row of limits of an endpoint's calls, and the seconds between them.

        An expired token is enough to know it, so that rounds can be planned.

        Raises:
            MissingScope: No token has the category.
        """
        now = datetime.now(UTC)
        token = min(self._tokens_covering(endpoint), key=lambda token: token.is_expired(now))
        tier = self.tier_of(token)
        buckets = self._buckets(endpoint, token)
        return tier, max(self.quota(bucket, tier).interval for bucket in buckets)

    def quota(self, bucket: str, tier: Tier) -> Quota:
        """The limit of a bucket."""
        return self._quotas.get(bucket) or BUCKETS[bucket][tier]

    def signal(self, response: Response) -> LimitSignal | None:
        """``X-Ratelimit-Remaining``, and on 429 ``-Retry`` and ``-Limit``, in seconds."""
        headers = response.headers
        if response.status == 429:
            retry = _retry(headers)
            limit = header_number(headers.get("x-ratelimit-limit"))
            return LimitSignal(
                limit=None if limit is None else int(limit),
                retry_after=BAN_WITHOUT_HEADER if retry is None else retry,
            )
        remaining = header_number(headers.get("x-ratelimit-remaining"))
        return None if remaining is None else LimitSignal(remaining=int(remaining))

    def refusal(self, response: Response) -> Refusal | None:
        """WB's own text, from any of its error bodies; None for another body, except with 429."""
        retry = _retry(response.headers)
        error = _error_in(response)
        if error is None:
            return (
                Refusal(_snippet(response), retry_after=retry) if response.status == 429 else None
            )
        title, code, request_id, seconds, short_error, *texts = map(
            flatten_message,
            (
                error.title,
                error.code,
                error.request_id,
                error.retry_seconds,
                error.error,
                error.detail,
                error.error_text,
                error.message,
                error.additional_errors,
                error.moderation_state,
                error.errors,
            ),
        )
        text = "; ".join(filter(None, dict.fromkeys(texts))) or short_error
        message = f"{title}: {text}" if title and text and title != text else text or title
        return Refusal(
            message or _snippet(response),
            code=code or None,
            request_id=request_id or None,
            retry_after=header_number(seconds) if retry is None else retry,
            kind=_kind(response.status, " ".join(filter(None, (title, text, short_error)))),
        )


def _kind(status: int, text: str) -> type[StatusError] | None:
    """The class of an error whose text says more than its status."""
    if status == 401:
        return ScopeRejected if _NO_SCOPE.search(text) else None
    return NotFound if status in _REJECTED and is_unknown_id(text) else None


def _single(errors: _ErrorBody | list[_ErrorBody]) -> _ErrorBody:
    """Merge a list of errors, which stock updates return, into one."""
    if isinstance(errors, _ErrorBody):
        return errors
    first = errors[0] if errors else _ErrorBody()
    return msgspec.structs.replace(first, message=[error.message for error in errors])


def _retry(headers: Mapping[str, str]) -> float | None:
    """The pause that WB's own header states, or ``Retry-After``; seconds."""
    own = header_number(headers.get("x-ratelimit-retry"))
    return retry_after(headers) if own is None else own


def _error_in(response: Response) -> _ErrorBody | None:
    """The error in a body of WB's; None if the body is not."""
    body = response.body
    try:
        error = _single(_ERRORS.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        is_text = response.headers.get("content-type", "").startswith(_TEXTS)
        return _ErrorBody(message=body.decode("utf-8", "replace")) if is_text and body else None
    return error if error.is_wildberries() or _is_bare(response) else None


def _is_bare(response: Response) -> bool:
    """Whether it is ``{"error": "..."}`` alone, with which ``cards.move`` refuses."""
    try:
        _BARE.decode(response.body)
    except msgspec.DecodeError:
        return False
    return response.status == 400


def _snippet(response: Response) -> str:
    return (
        " ".join(response.body[:200].decode("utf-8", "replace").split()) or "the response is empty"
    )
