"""Yandex Market for wbym."""

from wbym_yandex_market.account import YandexMarket, YandexMarketOptions
from wbym_yandex_market.limits import Tier
from wbym_yandex_market.token import Credential, CredentialKind

__all__ = ["Credential", "CredentialKind", "Tier", "YandexMarket", "YandexMarketOptions"]
