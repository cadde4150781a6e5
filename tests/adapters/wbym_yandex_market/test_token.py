import inspect
import pickle

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.wbym_yandex_market.shops import KEY
from tests.support.fakes import ScriptedTransport, json_response
from wbym.domain import Attachment, Noun, Ref
from wbym.errors import InvalidToken, MissingScope, Unauthorized
from wbym.limits import Scheduler
from wbym_yandex_market import Credential, CredentialKind, YandexMarket
from wbym_yandex_market._limits import Tier

TOKEN = "y0_AgAAAAexampleexample"
MESSAGE = Ref("yandex_market", "yandex_market", Noun.MESSAGE, "1")
REFUSED = {"status": "ERROR", "errors": [{"code": "UNAUTHORIZED", "message": "Api-Key is wrong"}]}


class TestCredential:
    def test_headers_of_a_credential(self) -> None:
        assert Credential(CredentialKind.API_KEY, f" {KEY}\n").headers() == {"Api-Key": KEY}
        oauth = Credential(CredentialKind.OAUTH, TOKEN)
        assert oauth.headers() == {"Authorization": f"Bearer {TOKEN}"}

    @pytest.mark.parametrize("kind", CredentialKind)
    @pytest.mark.parametrize(
        "text",
        ["", "  ", f"Bearer {TOKEN}", f"OAuth {TOKEN}", "Api-Key: x", "a b", "a\r\nX: y", "ключ"],
    )
    def test_credential_when_invalid(self, kind: CredentialKind, text: str) -> None:
        with pytest.raises(InvalidToken) as caught:
            Credential(kind, text, account="shop")
        assert "shop" in str(caught.value)
        assert not text.strip() or text not in str(caught.value)

    @given(st.text(max_size=50))
    def test_credential_of_any_text(self, text: str) -> None:
        try:
            credential = Credential(CredentialKind.API_KEY, text)
        except InvalidToken:
            return
        ((_, value),) = credential.headers().items()
        assert value.isascii()
        assert value.isprintable()

    def test_secret_when_shown(self) -> None:
        credential = Credential(CredentialKind.API_KEY, KEY)
        assert KEY not in repr(credential)
        with pytest.raises(TypeError):
            pickle.dumps(credential)
        with pytest.raises(TypeError):
            msgspec.json.encode(credential)


class TestAccount:
    async def test_account_without_a_credential(self) -> None:
        with pytest.raises(InvalidToken, match="oauth="):
            YandexMarket()

    @pytest.mark.parametrize(
        ("secrets", "titles"),
        [
            ({"secret": [KEY]}, ["Api-Key"]),
            ({"secret": [f" {KEY}\n"]}, ["Api-Key"]),
            ({"oauth": [TOKEN]}, ["OAuth token"]),
            ({"secret": [KEY], "oauth": [TOKEN]}, ["Api-Key", "OAuth token"]),
        ],
    )
    async def test_from_secrets_when_well_formed(
        self, secrets: dict[str, list[str]], titles: list[str]
    ) -> None:
        shop = YandexMarket.from_secrets(secrets, name="shop")
        assert shop.name == "shop"
        assert [one.title for one in shop.credentials()] == titles
        assert shop.credentials()[0].owner == "looked up with the first call"

    @pytest.mark.parametrize(
        "secrets",
        [
            {},
            {"secret": []},
            {"secret": [KEY, f"{KEY}x"]},
            {"secret": [KEY], "oauth": [TOKEN, TOKEN]},
            {"secret": [f"{KEY} 123"]},
            {"oauth": [f"OAuth {TOKEN}"]},
        ],
    )
    async def test_from_secrets_when_malformed(self, secrets: dict[str, list[str]]) -> None:
        with pytest.raises(InvalidToken) as caught:
            YandexMarket.from_secrets(secrets, name="shop")
        assert "shop" in str(caught.value)
        assert KEY not in str(caught.value)
        assert TOKEN not in str(caught.value)

    async def test_from_secrets_with_options(self) -> None:
        options = msgspec.convert(
            {"business_id": 7, "campaign_ids": [5, 6], "subscription": True, "parallel": 2},
            YandexMarket.Options,
        )
        shop = YandexMarket.from_secrets({"secret": [KEY]}, name="shop", options=options)
        assert shop.credentials()[0].owner == "business 7"
        assert await shop._cabinet.campaigns() == (5, 6)
        assert (shop._dialect.tier, shop._parallel) == (Tier.SUBSCRIPTION, 2)

    @pytest.mark.parametrize(
        "options",
        [{"business": 7}, {"business_id": "7"}, {"tier": "base"}, {"name": "x"}, {"quotas": {}}],
    )
    def test_options_when_one_is_unknown(self, options: dict[str, object]) -> None:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(options, YandexMarket.Options)

    def test_arguments_have_the_order_of_all_accounts(self) -> None:
        arguments = list(inspect.signature(YandexMarket).parameters.values())
        assert [one.name for one in arguments] == [
            "api_key",
            "name",
            "oauth",
            "business_id",
            "campaign_ids",
            "subscription",
            "parallel",
            "quotas",
            "base_url",
            "connection",
        ]
        assert {one.kind for one in arguments[1:-1]} == {inspect.Parameter.KEYWORD_ONLY}

    async def test_calls_when_both_credentials_are_given(self) -> None:
        transport = ScriptedTransport(
            json_response({"status": "OK", "result": {"chats": []}}),
            json_response({}),
            json_response({}),
        )
        shop = YandexMarket(
            KEY, business_id=11, oauth=TOKEN, transport=transport, scheduler=Scheduler()
        )
        await shop.chats().all()
        for url in ("https://files.market.yandex.ru/a?b=ё", "https://example.org/a{1}"):
            async with shop.download(MESSAGE, Attachment(url=url)):
                pass
        call, own, foreign = transport.requests
        assert (call.headers["Api-Key"], "Authorization" in call.headers) == (KEY, False)
        assert own.headers["Authorization"] == f"Bearer {TOKEN}"
        assert own.url == "https://files.market.yandex.ru/a?b=%D1%91"
        # Other servers receive no credential.
        assert not {"Authorization", "Api-Key"} & foreign.headers.keys()
        assert foreign.url == "https://example.org/a%7B1%7D"

    async def test_token_when_the_account_has_an_oauth_token(self) -> None:
        transport = ScriptedTransport()
        shop = YandexMarket(oauth=TOKEN, transport=transport, scheduler=Scheduler())
        with pytest.raises(MissingScope, match="OAuth token"):
            await shop.api.auth.token()
        assert not transport.requests

    async def test_credentials_when_read_offline(self) -> None:
        shop = YandexMarket(KEY, oauth=TOKEN)
        key, token = shop.credentials()
        assert any("api.auth.token" in line for line in key.warnings)
        assert any("files only" in line for line in token.warnings)

    async def test_secret_when_everything_is_shown(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(0)
        transport = ScriptedTransport(json_response(REFUSED, 401))
        scheduler = Scheduler()
        shop = YandexMarket(KEY, name="shop", oauth=TOKEN, transport=transport, scheduler=scheduler)
        with pytest.raises(Unauthorized, match="Api-Key is wrong") as caught:
            await shop.chats().all()
        shown = [
            repr(shop),
            repr(shop.credentials()),
            repr(shop.limits()),
            str(caught.value),
            repr(caught.value),
            repr(vars(caught.value)),
            repr(transport.requests),
            caplog.text,
        ]
        for secret in (KEY, TOKEN, KEY.split(":")[1]):
            assert not any(secret in line for line in shown)
