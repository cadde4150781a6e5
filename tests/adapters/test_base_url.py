"""The values of ``base_url``."""

from collections.abc import Callable

import pytest

from wbym.account import Account
from wbym.errors import InvalidInput
from wbym_wildberries import Wildberries
from wbym_wildberries.simulator import make_token
from wbym_yandex_market import YandexMarket


@pytest.mark.parametrize("base_url", ["", "127.0.0.1:8080", "http://"])
@pytest.mark.parametrize(
    "make",
    [
        lambda base_url: Wildberries(make_token(), base_url=base_url),
        lambda base_url: YandexMarket("key", base_url=base_url),
        lambda base_url: Wildberries.from_secrets(
            {"secret": [make_token()]},
            name="a",
            options=Wildberries.Options(base_url=base_url),
        ),
        lambda base_url: YandexMarket.from_secrets(
            {"secret": ["key"]}, name="a", options=YandexMarket.Options(base_url=base_url)
        ),
    ],
)
async def test_base_url_when_not_an_address(make: Callable[[str], Account], base_url: str) -> None:
    with pytest.raises(InvalidInput, match="base_url must be an address"):
        make(base_url)
