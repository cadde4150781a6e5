"""Yandex Market for wbym."""

from wbym_yandex_market.adapter import YandexMarket
from wbym_yandex_market.limits import Tier
from wbym_yandex_market.token import Credential, CredentialKind

__all__ = ["Credential", "CredentialKind", "Tier", "YandexMarket"]
