"""What the account's Api-Key may do."""

import msgspec

from wbym.calls import ApiGroup, Endpoints
from wbym_yandex_market.api.base import HOST, Wire, enveloped
from wbym_yandex_market.api.campaigns import ANY

__all__ = ["ApiKey", "Auth", "TokenInfo"]


class ApiKey(Wire, frozen=True):
    """An Api-Key as Market sends it; never its text."""

    name: str | None = None
    """As it is called in the seller's cabinet."""
    auth_scopes: list[str] | None = None
    """Such as ``COMMUNICATION``, ``INVENTORY_AND_ORDER_PROCESSING``, ``ALL_METHODS_READ_ONLY``."""


class TokenInfo(Wire, frozen=True):
    """What Market tells of the credential."""

    api_key: ApiKey = msgspec.field(name="apiKey")


_TABLE = Endpoints("auth", host=HOST, scope=ANY)

TOKEN = _TABLE.add("POST", "token", "/v2/auth/token", enveloped(TokenInfo), writes=False)

ENDPOINTS = _TABLE.rows


class Auth(ApiGroup):
    """``api.auth``."""

    async def token(self) -> TokenInfo:
        """What the account's Api-Key is called and may do (POST v2/auth/token, 100 an hour).

        Raises:
            MissingScope: The account has an OAuth token, for which Market does not tell it.
        """
        return await self._call(TOKEN)
