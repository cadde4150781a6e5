import inspect
import pickle
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes import ScriptedTransport
from wbym.calls import Upload, row
from wbym.errors import (
    InvalidToken,
    MissingScope,
    ReadOnlyToken,
    TokenExpired,
    Unsupported,
    WbymError,
)
from wbym.limits import Scheduler
from wbym_wildberries import Category, Tier, Token, TokenType, Wildberries
from wbym_wildberries._dialect import WildberriesDialect
from wbym_wildberries.api.feedbacks import Feedbacks
from wbym_wildberries.simulator import make_token


def _shop(
    *tokens: str, sandbox: bool = False, base_url: str | None = None, tier: Tier | None = None
) -> tuple[Wildberries, ScriptedTransport]:
    transport = ScriptedTransport()
    shop = Wildberries(
        tokens,
        name="shop",
        transport=transport,
        scheduler=Scheduler(),
        sandbox=sandbox,
        base_url=base_url,
        tier=tier,
    )
    return shop, transport


class TestToken:
    def test_token_when_read(self) -> None:
        token = Token(make_token(sid="s-1", acc=4, scopes=["feedbacks", "chat"], expires_in=3600))
        assert token.seller == "s-1"
        assert token.type is TokenType.SERVICE
        assert token.categories == {Category.FEEDBACKS_AND_QUESTIONS, Category.BUYER_CHAT}
        assert not token.read_only
        assert not token.test
        assert abs(token.expires_at - datetime.now(UTC) - timedelta(hours=1)) < timedelta(minutes=1)

    @pytest.mark.parametrize(
        ("acc", "kind", "tier"),
        [
            (1, TokenType.BASE, Tier.BASE),
            (2, TokenType.TEST, Tier.STANDARD),
            (3, TokenType.PERSONAL, Tier.STANDARD),
            (4, TokenType.SERVICE, Tier.STANDARD),
            (None, TokenType.UNKNOWN, Tier.STANDARD),
        ],
    )
    def test_type_of_a_token(self, acc: int | None, kind: TokenType, tier: Tier) -> None:
        token = Token(make_token(acc=acc))  # type: ignore[arg-type]
        assert token.type is kind
        assert WildberriesDialect("shop", [token]).tier_of(token) is tier

    @pytest.mark.parametrize(
        "text",
        ["", "abc", "a.b", "a.b.c", "a.!!!.c", "Bearer a.b.c", "eyJhIjoxfQ.eyJhIjoxfQ.c", "a..b"],
    )
    def test_token_when_invalid(self, text: str) -> None:
        with pytest.raises(InvalidToken) as caught:
            Token(text, account="shop")
        assert "shop" in str(caught.value)
        assert not text or text not in str(caught.value)

    @given(st.text(max_size=80))
    def test_token_of_any_text(self, text: str) -> None:
        with pytest.raises(InvalidToken):
            Token(text)

    def test_secret_when_shown(self) -> None:
        text = make_token()
        token = Token(text)
        assert token.headers == {"Authorization": text}
        assert text not in repr(token)
        assert text.split(".")[2] not in repr(token)
        with pytest.raises(TypeError):
            pickle.dumps(token)
        with pytest.raises(TypeError):
            msgspec.json.encode(token)


class TestRejections:
    """Calls that no token covers fail before a request."""

    async def _rejected(self, kind: type[WbymError], shop: Wildberries, message: str) -> None:
        with pytest.raises(kind, match=message):
            await shop.api.chats.send("sign", "Привет", files=[Upload("a.pdf", b"%PDF-")])

    async def test_call_when_the_category_is_missing(self) -> None:
        shop, transport = _shop(make_token(scopes=["feedbacks"]))
        await self._rejected(MissingScope, shop, "buyer-chat.*feedbacks-and-questions")
        assert not transport.requests

    async def test_call_when_the_token_may_only_read(self) -> None:
        shop, transport = _shop(make_token(read_only=True))
        await self._rejected(ReadOnlyToken, shop, "is read-only")
        assert not transport.requests

    async def test_call_when_the_token_is_expired(self) -> None:
        shop, transport = _shop(make_token(expires_in=-10))
        await self._rejected(TokenExpired, shop, "expired on")
        assert not transport.requests

    async def test_call_when_the_token_is_for_tests(self) -> None:
        shop, transport = _shop(make_token(acc=2, test=True))
        await self._rejected(InvalidToken, shop, "sandbox=True")
        assert not transport.requests

    async def test_call_when_the_sandbox_lacks_the_host(self) -> None:
        shop, transport = _shop(make_token(acc=2, test=True), sandbox=True)
        await self._rejected(Unsupported, shop, "sandbox")
        assert not transport.requests

    def test_account_when_tokens_are_of_two_sellers(self) -> None:
        with pytest.raises(InvalidToken, match="several sellers"):
            _shop(make_token(sid="a"), make_token(sid="b"))

    def test_account_without_a_token(self) -> None:
        with pytest.raises(InvalidToken, match="no token"):
            _shop()


class TestFacts:
    def test_credentials_when_read_offline(self) -> None:
        shop, _ = _shop(make_token(scopes=["feedbacks"], expires_in=86_400 * 5))
        (facts,) = shop.credentials()
        assert facts.title == "personal token"
        assert facts.scopes == ("feedbacks-and-questions",)
        assert facts.warnings == ("expires in 4 days",)

    def test_credentials_when_the_token_is_base(self, caplog: pytest.LogCaptureFixture) -> None:
        shop, _ = _shop(make_token(acc=1))
        (facts,) = shop.credentials()
        assert any("base token" in message for message in facts.warnings)
        assert "every 12 min" in caplog.text
        assert "every 60 min" in caplog.text

    def test_credentials_when_a_base_token_has_a_secret(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        shop, _ = _shop(make_token(acc=1), tier=Tier.STANDARD)
        assert not shop.credentials()[0].warnings
        assert not caplog.text

    def test_catalog_when_listed(self) -> None:
        rows = Wildberries.catalog()
        assert len(rows) == 100
        assert rows[0].host == "https://feedbacks-api.wildberries.ru"
        assert rows[0].limit == "3 per 1 s, every 333 ms, burst 6"
        assert rows[0].lower_limit == "5 per 1 h, every 12 min, burst 1"

    async def test_from_secrets_with_several_tokens(self) -> None:
        tokens = [make_token(scopes=["chat"]), make_token(scopes=["returns"])]
        async with Wildberries.from_secrets({"secret": tokens}, name="shop") as shop:
            assert len(shop.tokens) == 2
            assert shop.name == "shop"

    @pytest.mark.parametrize(
        "secrets", [{}, {"secret": []}, {"secret": ["no token"]}, {"oauth": ["x"]}]
    )
    async def test_from_secrets_without_a_token(self, secrets: dict[str, list[str]]) -> None:
        with pytest.raises(InvalidToken, match="shop"):
            Wildberries.from_secrets(secrets, name="shop")

    async def test_from_secrets_with_options(self) -> None:
        options = msgspec.convert({"sandbox": True, "tier": "base"}, Wildberries.Options)
        token = make_token()
        shop = Wildberries.from_secrets({"secret": [token]}, name="shop", options=options)
        assert shop._dialect.tier_of(shop.tokens[0]) is Tier.BASE
        assert "sandbox" in shop._dialect.address(row(Feedbacks.list).endpoint)

    @pytest.mark.parametrize(
        "options",
        [{"tokens": []}, {"tier": "fast"}, {"business_id": 7}, {"sandbox": 1}, {"quotas": {}}],
    )
    def test_options_when_one_is_unknown(self, options: dict[str, object]) -> None:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(options, Wildberries.Options)

    def test_arguments_have_the_order_of_all_accounts(self) -> None:
        arguments = list(inspect.signature(Wildberries).parameters.values())
        assert [one.name for one in arguments] == [
            "token",
            "name",
            "sandbox",
            "tier",
            "quotas",
            "base_url",
            "connection",
        ]
        assert {one.kind for one in arguments[1:-1]} == {inspect.Parameter.KEYWORD_ONLY}
