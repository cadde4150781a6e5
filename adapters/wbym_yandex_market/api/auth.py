"""The account's Api-Key: its name and scopes."""

import msgspec

from wbym.calls import post
from wbym_yandex_market.api._base import ANY, MarketGroup, Wire

__all__ = ["ApiKey", "Auth", "TokenInfo"]


class ApiKey(Wire, frozen=True):
    """An Api-Key as Market sends it; never its text."""

    name: str | None = None
    """Its name in the seller's cabinet."""
    auth_scopes: list[str] | None = None
    """Such as ``COMMUNICATION``, ``INVENTORY_AND_ORDER_PROCESSING``, ``ALL_METHODS_READ_ONLY``."""


class TokenInfo(Wire, frozen=True):
    """Market's facts of the credential."""

    api_key: ApiKey = msgspec.field(name="apiKey")


class Auth(MarketGroup, scope=ANY):
    """``api.auth``."""

    @post("/v2/auth/token", reads=True)
    async def token(self) -> TokenInfo:
        """The name and scopes of the account's Api-Key; 100 per hour.

        Raises:
            MissingScope: The account has an OAuth token, which Market does not describe.
        """
