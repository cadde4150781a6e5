"""The sandbox: other hosts, and one bucket for most methods."""

import pytest

from tests.adapters.wbym_wildberries.api.products import ALL_SCOPES
from wbym.calls import Endpoint, row
from wbym.errors import InvalidToken, Unsupported
from wbym_wildberries import Token
from wbym_wildberries._dialect import WildberriesDialect
from wbym_wildberries.api.chats import Chats
from wbym_wildberries.api.content.cards import Cards
from wbym_wildberries.api.content.directories import Directories
from wbym_wildberries.api.general import General
from wbym_wildberries.api.prices import Prices
from wbym_wildberries.simulator import make_token

PARENTS = row(Directories.parents).endpoint
UPLOAD = row(Cards.upload).endpoint
SELLER = row(General.seller).endpoint


def dialect(*, sandbox: bool, test: bool = False) -> WildberriesDialect:
    token = Token(make_token(scopes=ALL_SCOPES, test=test))
    return WildberriesDialect("shop", [token], sandbox=sandbox)


def buckets(dialect: WildberriesDialect, endpoint: Endpoint[object]) -> list[str]:
    return [charge.key.bucket for charge in dialect.charges(endpoint, {})]


class TestSandbox:
    def test_charges_when_the_sandbox_counts_methods_together(self) -> None:
        sandbox = dialect(sandbox=True)
        for endpoint in (
            PARENTS,
            row(Directories.colors).endpoint,
            row(Cards.limits).endpoint,
            row(Prices.list).endpoint,
        ):
            assert buckets(sandbox, endpoint) == ["sandbox"]
            assert buckets(dialect(sandbox=False), endpoint) == list(endpoint.buckets)
        assert buckets(sandbox, row(Cards.list).endpoint) == ["content.cards.list"]
        (charge,) = sandbox.charges(PARENTS, {})
        assert charge.quota == sandbox.quota("sandbox", sandbox.tier_of(sandbox.tokens[0]))

    def test_charges_when_a_test_token_is_used_behind_another_address(self) -> None:
        token = Token(make_token(scopes=ALL_SCOPES, test=True))
        proxied = WildberriesDialect("shop", [token], base_url="http://localhost")
        assert buckets(proxied, PARENTS) == ["sandbox"]

    def test_address_with_and_without_a_sandbox(self) -> None:
        sandbox = dialect(sandbox=True)
        assert sandbox.address(UPLOAD) == "https://content-api-sandbox.wildberries.ru"
        assert (
            sandbox.address(row(Prices.set).endpoint)
            == "https://discounts-prices-api-sandbox.wildberries.ru"
        )
        for endpoint in (
            row(Chats.list).endpoint,
            SELLER,
            row(General.ping).endpoints["documents"],
        ):
            with pytest.raises(Unsupported):
                sandbox.address(endpoint)

    def test_token_when_only_for_tests(self) -> None:
        with pytest.raises(InvalidToken, match="sandbox only"):
            dialect(sandbox=False, test=True).authorize(SELLER)
        assert dialect(sandbox=True, test=True).authorize(UPLOAD)
