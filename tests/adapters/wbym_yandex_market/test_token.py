import pickle

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.wbym_yandex_market.shops import KEY
from tests.fakes import ScriptedTransport, json_response
from wbym.domain import Attachment
from wbym.errors import InvalidToken, MissingScope, Unauthorized
from wbym.limits import Scheduler
from wbym_yandex_market import Credential, CredentialKind, YandexMarket

TOKEN = "y0_AgAAAAexampleexample"
REFUSED = {"status": "ERROR", "errors": [{"code": "UNAUTHORIZED", "message": "Api-Key is wrong"}]}


class TestCredential:
    def test_headers_when_asked(self) -> None:
        assert Credential(CredentialKind.API_KEY, f" {KEY}\n").headers() == {"Api-Key": KEY}
        oauth = Credential(CredentialKind.OAUTH, TOKEN)
        assert oauth.headers() == {"Authorization": f"Bearer {TOKEN}"}

    @pytest.mark.parametrize("kind", CredentialKind)
    @pytest.mark.parametrize(
        "text",
        ["", "  ", f"Bearer {TOKEN}", f"OAuth {TOKEN}", "Api-Key: x", "a b", "a\r\nX: y", "ключ"],
    )
    def test_credential_when_it_is_none(self, kind: CredentialKind, text: str) -> None:
        with pytest.raises(InvalidToken) as caught:
            Credential(kind, text, account="shop")
        assert "shop" in str(caught.value)
        assert not text.strip() or text not in str(caught.value)

    @given(st.text(max_size=50))
    def test_credential_when_it_is_any_text(self, text: str) -> None:
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
    async def test_account_when_there_is_no_credential(self) -> None:
        with pytest.raises(InvalidToken, match="oauth="):
            YandexMarket()

    @pytest.mark.parametrize(
        ("secret", "header", "business"),
        [
            (KEY, "Api-Key", None),
            (f"{KEY} 123\n", "Api-Key", 123),
            (f"oauth:{TOKEN}", "Authorization", None),
            (f"123 oauth:{TOKEN}", "Authorization", 123),
            (f"{KEY}\noauth:{TOKEN}\n7", "Api-Key", 7),
        ],
    )
    async def test_from_secret_when_it_is_well_formed(
        self, secret: str, header: str, business: int | None
    ) -> None:
        shop = YandexMarket.from_secret(secret, name="shop")
        assert shop.name == "shop"
        first = shop.credentials()[0]
        assert first.owner == (f"business {business}" if business else "found with the first call")
        assert first.title == {"Api-Key": "Api-Key", "Authorization": "OAuth token"}[header]

    @pytest.mark.parametrize(
        "secret", ["", "123", f"{KEY} {KEY}x", f"{KEY} 1 2", f"oauth:{TOKEN} oauth:{TOKEN}"]
    )
    async def test_from_secret_when_it_is_not(self, secret: str) -> None:
        with pytest.raises(InvalidToken) as caught:
            YandexMarket.from_secret(secret, name="shop")
        assert KEY not in str(caught.value)
        assert TOKEN not in str(caught.value)

    async def test_calls_when_both_credentials_are_given(self) -> None:
        transport = ScriptedTransport(
            json_response({"status": "OK", "result": {"chats": []}}),
            json_response({}),
            json_response({}),
        )
        shop = YandexMarket(KEY, 11, oauth=TOKEN, transport=transport, scheduler=Scheduler())
        await shop.chats().all()
        for url in ("https://files.market.yandex.ru/a?b=ё", "https://example.org/a{1}"):
            async with shop.download(Attachment(url=url)):
                pass
        call, own, foreign = transport.requests
        assert (call.headers["Api-Key"], "Authorization" in call.headers) == (KEY, False)
        assert own.headers["Authorization"] == f"Bearer {TOKEN}"
        assert own.url == "https://files.market.yandex.ru/a?b=%D1%91"
        # Strangers' servers get no credential.
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
        assert any("api.auth.token" in words for words in key.warnings)
        assert any("files only" in words for words in token.warnings)

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
            assert not any(secret in words for words in shown)
