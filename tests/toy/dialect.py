"""Toy's HTTP."""

from collections.abc import Mapping, Sequence

import msgspec

from wbym.account import require_address
from wbym.calls import Endpoint, Refusal, Response
from wbym.limits import BucketKey, Charge, LimitSignal, Quota

MARKETPLACE = "toy"
URL = "https://api.toy.example"
QUOTA = Quota(limit=100, period=1, burst=1000)
"""The limit of reading, and of writing."""


class ToyDialect:
    marketplace = MARKETPLACE

    def __init__(self, account: str, key: str, base_url: str | None) -> None:
        self.account = account
        self.url = require_address("Toy", base_url) or URL
        self.owners = (f"{key.partition(':')[0]}@{self.url}",)
        """A key is ``SELLER:SECRET``: all keys of one seller count together."""
        self._key = key

    def address(self, endpoint: Endpoint[object]) -> str:
        return self.url

    def authorize(self, endpoint: Endpoint[object]) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._key}"}

    def charges(
        self, endpoint: Endpoint[object], path: Mapping[str, str | int]
    ) -> Sequence[Charge]:
        return [
            Charge(BucketKey(MARKETPLACE, *self.owners, "usual", name), QUOTA)
            for name in endpoint.buckets
        ]

    def signal(self, response: Response) -> LimitSignal | None:
        if response.status != 429:
            return None
        return LimitSignal(retry_after=float(response.headers.get("retry-after", "60")))

    def refusal(self, response: Response) -> Refusal | None:
        try:
            return Refusal(msgspec.json.decode(response.body, type=dict[str, str])["error"])
        except (msgspec.DecodeError, UnicodeDecodeError, KeyError):
            return Refusal("not JSON")
