"""The sandbox: other hosts, and one count for most of what it has."""

import pytest

from tests.adapters.wbym_wildberries.api.products import ALL_SCOPES
from wbym.calls import Endpoint
from wbym.errors import InvalidToken, Unsupported
from wbym_wildberries import Token
from wbym_wildberries.api import card_lists, cards, chats, directories, general, prices
from wbym_wildberries.dialect import WildberriesDialect
from wbym_wildberries.simulator import make_token


def dialect(*, sandbox: bool, test: bool = False) -> WildberriesDialect:
    token = Token(make_token(scopes=ALL_SCOPES, test=test))
    return WildberriesDialect("shop", [token], sandbox=sandbox)


def buckets(dialect: WildberriesDialect, endpoint: Endpoint[object]) -> list[str]:
    return [charge.key.bucket for charge in dialect.charges(endpoint, {})]


class TestSandbox:
    def test_charges_when_the_sandbox_counts_methods_together(self) -> None:
        sandbox = dialect(sandbox=True)
        for endpoint in (directories.PARENTS, directories.COLORS, cards.LIMITS, prices.LIST):
            assert buckets(sandbox, endpoint) == ["sandbox"]
            assert buckets(dialect(sandbox=False), endpoint) == list(endpoint.buckets)
        assert buckets(sandbox, card_lists.LIST) == ["content.cards.list"]
        (charge,) = sandbox.charges(directories.PARENTS, {})
        assert charge.quota == sandbox.quota("sandbox", sandbox.tier_of(sandbox.tokens[0]))

    def test_charges_when_a_test_token_opens_it_behind_another_address(self) -> None:
        token = Token(make_token(scopes=ALL_SCOPES, test=True))
        proxied = WildberriesDialect("shop", [token], base_url="http://localhost")
        assert buckets(proxied, directories.PARENTS) == ["sandbox"]

    def test_address_when_there_is_a_sandbox_or_none(self) -> None:
        sandbox = dialect(sandbox=True)
        assert sandbox.address(cards.UPLOAD) == "https://content-api-sandbox.wildberries.ru"
        assert sandbox.address(prices.SET) == "https://discounts-prices-api-sandbox.wildberries.ru"
        for endpoint in (chats.LIST, general.SELLER, general.PING["documents"]):
            with pytest.raises(Unsupported):
                sandbox.address(endpoint)

    def test_token_when_it_is_for_tests_only(self) -> None:
        with pytest.raises(InvalidToken, match="sandbox only"):
            dialect(sandbox=False, test=True).authorize(general.SELLER)
        assert dialect(sandbox=True, test=True).authorize(cards.UPLOAD)
