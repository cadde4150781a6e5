import math

import pytest

from wbym.account import AccountOptions
from wbym.errors import InvalidInput
from wbym_wildberries import Wildberries
from wbym_wildberries.simulator import make_token
from wbym_yandex_market import YandexMarket
from wbym_yandex_market._account import YandexMarketOptions

PROXY = "http://me:s3cret@10.0.0.1:3128"


class TestOptions:
    @pytest.mark.parametrize(
        ("options", "rule"),
        [
            ({"base_url": "wb.ru"}, "base_url must be an address"),
            ({"proxy": "10.0.0.1"}, "proxy must be the address of an HTTP proxy"),
            ({"timeout": 0}, "timeout must be more than 0 seconds; got 0"),
            ({"timeout": math.inf}, "timeout must be a finite number"),
            ({"max_wait": -1}, "max_wait must be at least 0 seconds; got -1"),
            ({"max_wait": math.nan}, "max_wait must be a finite number"),
        ],
    )
    def test_value_when_out_of_bounds(self, options: dict[str, object], rule: str) -> None:
        with pytest.raises(InvalidInput, match=f"options: {rule}"):
            AccountOptions(**options)  # type: ignore[arg-type]
        with pytest.raises(InvalidInput, match=f"Wildberries: {rule}"):
            Wildberries(make_token(), **options)  # type: ignore[arg-type]

    def test_value_when_out_of_the_adapter_bounds(self) -> None:
        with pytest.raises(InvalidInput, match="options: parallel must be from 1 to 100; got 0"):
            YandexMarketOptions(parallel=0)
        with pytest.raises(InvalidInput, match="YandexMarket: parallel must be from 1 to 100"):
            YandexMarket("key", parallel=0)

    def test_max_wait_when_infinite(self) -> None:
        assert AccountOptions(max_wait=math.inf) == AccountOptions(max_wait=None)
        assert AccountOptions(max_wait=0).max_wait == 0

    async def test_proxy_credentials_when_shown(self) -> None:
        options = YandexMarketOptions(proxy=PROXY, parallel=2)
        assert "Proxy('http://10.0.0.1:3128', with credentials)" in repr(options)
        assert "parallel=2" in repr(options)
        async with YandexMarket.from_secrets(
            {"secret": ["key"]}, name="a", options=options
        ) as shop:
            shown = f"{options!r} {options.__rich_repr__()} {shop!r}"
        assert "s3cret" not in shown
