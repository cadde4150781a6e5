"""Yandex Market for wbym."""

from wbym.account import show_exports
from wbym_yandex_market._account import YandexMarket, YandexMarketOptions
from wbym_yandex_market._limits import Tier
from wbym_yandex_market._raw import raw
from wbym_yandex_market._token import Credential, CredentialKind

__all__ = ["Credential", "CredentialKind", "Tier", "YandexMarket", "YandexMarketOptions", "raw"]

show_exports(__name__, __all__)
