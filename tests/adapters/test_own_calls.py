"""A program's own endpoints, and rows of its own groups."""

from typing import Annotated

import pytest

from tests.adapters.wbym_yandex_market.shops import KEY
from tests.support.fakes import ScriptedTransport, json_response
from wbym.calls import Endpoint, Group, Json, Length, Method, get, post, row
from wbym.errors import InvalidInput, MissingScope, ReadOnlyToken
from wbym.limits import Scheduler
from wbym_wildberries import Tier, Wildberries
from wbym_wildberries._dialect import WildberriesDialect
from wbym_wildberries._token import Category, Token
from wbym_wildberries.api import in_envelope
from wbym_wildberries.api.feedbacks import Feedbacks, Unseen
from wbym_wildberries.simulator import make_token
from wbym_yandex_market import Credential, CredentialKind, YandexMarket
from wbym_yandex_market._dialect import YandexMarketDialect
from wbym_yandex_market.api import MarketGroup

FEEDBACKS = Category.FEEDBACKS_AND_QUESTIONS
CHATS = Category.BUYER_CHAT


def _wildberries(*answers: object, read_only: bool = False) -> Wildberries:
    return Wildberries(
        make_token(read_only=read_only),
        transport=ScriptedTransport(*map(json_response, answers)),
        scheduler=Scheduler(),
    )


def _market(*answers: object) -> YandexMarket:
    return YandexMarket(
        KEY,
        business_id=11,
        transport=ScriptedTransport(*map(json_response, answers)),
        scheduler=Scheduler(),
    )


def _endpoint(
    host: str,
    bucket: str,
    scope: str,
    *,
    method: Method = "GET",
    path: str = "/own",
    writes: bool = False,
) -> Endpoint[object]:
    return Endpoint(
        name="mine",
        method=method,
        host=host,
        path=path,
        reply=Json(object, lambda body: body),
        buckets=(bucket,),
        scope=scope,
        writes=writes,
    )


class TestEqualNames:
    """Two operations with one name share nothing else."""

    READS = _endpoint("feedbacks", "feedbacks-and-questions", FEEDBACKS.scope)
    CHATS = _endpoint("chat", "chats.list", CHATS.scope)

    async def test_token_when_a_writing_operation_has_the_same_name(self) -> None:
        shop = _wildberries({}, read_only=True)
        await shop.call(self.READS)
        writes = _endpoint("feedbacks", "feedbacks-and-questions", FEEDBACKS.scope, writes=True)
        with pytest.raises(ReadOnlyToken):
            await shop.call(writes)

    def test_token_when_categories_need_different_tokens(self) -> None:
        tokens = [Token(make_token(scopes=[one])) for one in ("feedbacks", "chat")]
        dialect = WildberriesDialect("shop", tokens)
        assert [dialect.token_for(one) for one in (self.READS, self.CHATS)] == tokens
        content = _endpoint("content", "content", Category.CONTENT.scope)
        with pytest.raises(MissingScope):
            dialect.token_for(content)

    def test_charges_when_wildberries_counts_separately(self) -> None:
        dialect = WildberriesDialect("shop", [Token(make_token())])
        for one in (self.READS, self.CHATS, self.READS):
            assert [charge.key.bucket for charge in dialect.charges(one, {})] == list(one.buckets)

    def test_charges_when_the_tokens_are_of_two_types(self) -> None:
        tokens = [
            Token(make_token(scopes=["feedbacks"], acc=1)),
            Token(make_token(scopes=["chat"])),
        ]
        dialect = WildberriesDialect("shop", tokens)
        chats = _endpoint("chat", "feedbacks-and-questions", CHATS.scope)
        tiers = [dialect.charges(one, {})[0].key.tier for one in (self.READS, chats)]
        assert tiers == [Tier.BASE, Tier.STANDARD]

    def test_charges_when_market_counts_separately(self) -> None:
        dialect = YandexMarketDialect("shop", Credential(CredentialKind.API_KEY, KEY))
        for bucket in ("feedbacks.list", "chats.list", "feedbacks.list"):
            budget, _ = dialect.charges(_endpoint("market", bucket, "any"), {"businessId": 11})
            assert budget.key.bucket == bucket


class TestUnknown:
    """An unknown bucket or host is named before anything is sent."""

    async def test_bucket_when_unknown_to_wildberries(self) -> None:
        with pytest.raises(InvalidInput, match=r"mine: buckets must be among .*'chats.list'"):
            await _wildberries().call(_endpoint("feedbacks", "mine", FEEDBACKS.scope))

    async def test_host_when_unknown_to_wildberries(self) -> None:
        endpoint = _endpoint("mine", "feedbacks-and-questions", FEEDBACKS.scope)
        with pytest.raises(InvalidInput, match=r"mine: host must be among .*'feedbacks'"):
            await _wildberries().call(endpoint)

    async def test_host_when_unknown_to_market(self) -> None:
        with pytest.raises(InvalidInput, match=r"mine: host must be among .'market'"):
            await _market().call(_endpoint("mine", "chats.list", "any"))

    async def test_bucket_when_unknown_to_market(self) -> None:
        with pytest.raises(InvalidInput, match=r"mine: buckets must be among .*'chats.list'"):
            await _market().call(_endpoint("market", "mine", "any"))


def _circular() -> list[object]:
    body: list[object] = []
    body.append(body)
    return body


UNSEEN = {"data": {"hasNewQuestions": True, "hasNewFeedbacks": False}}


class TestCall:
    @pytest.mark.parametrize("of_class", [True, False])
    async def test_call_when_given_the_method(self, of_class: bool) -> None:
        shop = _wildberries(UNSEEN)
        method = Feedbacks.unseen if of_class else shop.api.feedbacks.unseen
        assert await shop.call(method) == Unseen(has_new_questions=True, has_new_feedbacks=False)

    @pytest.mark.parametrize("operation", ["feedbacks.list", len, None, Feedbacks])
    async def test_call_when_the_operation_is_invalid(self, operation: object) -> None:
        with pytest.raises(InvalidInput, match=r"call: operation must be an Endpoint or a row"):
            await _wildberries().call(operation)  # type: ignore[call-overload]

    async def test_call_when_a_value_is_not_in_the_path(self) -> None:
        with pytest.raises(InvalidInput, match=r"feedbacks.list: path must have no value for x"):
            await _wildberries().call(row(Feedbacks.list), path={"x": 1})

    @pytest.mark.parametrize("body", [object(), _circular(), {"at": {1: len}}])
    async def test_call_when_the_body_is_not_json(self, body: object) -> None:
        with pytest.raises(InvalidInput, match=r"feedbacks.answer: body must be JSON"):
            await _wildberries().call(row(Feedbacks.answer), body=body)

    async def test_call_when_a_text_of_the_body_has_a_lone_surrogate(self) -> None:
        with pytest.raises(
            InvalidInput, match=r"feedbacks.answer: body must not have a lone surrogate"
        ):
            await _wildberries().call(row(Feedbacks.answer), body={"text": "\ud83d"})


class Own(
    Group,
    host="feedbacks",
    bucket="feedbacks-and-questions",
    scope=FEEDBACKS.scope,
    envelope=in_envelope,
):
    """A program's own group for Wildberries."""

    @post("/own")
    async def say(self, text: Annotated[str, Length(2, 5)]) -> int:
        """Send a text."""


class OwnOfMarket(MarketGroup, scope="any"):
    """A program's own group for Market."""

    @get("/v2/businesses/{businessId}/own", buckets=["chats.list"])
    async def own(self) -> int:
        """Something of the business."""


class Nameless(Group, host="feedbacks", scope=FEEDBACKS.scope, envelope=in_envelope):
    """A group without a bucket."""

    @get("/own")
    async def own(self) -> int:
        """Something."""


class TestGroup:
    async def test_group_of_wildberries(self) -> None:
        shop = _wildberries({"data": 7})
        own = shop.group(Own)
        assert await own.say("Да") == 7
        with pytest.raises(InvalidInput, match=r"own.say: text must have 2 to 5 characters"):
            await own.say("Конечно")
        assert [state.key.bucket for state in shop.limits()] == ["feedbacks-and-questions"]

    async def test_group_of_market(self) -> None:
        transport = ScriptedTransport(json_response({"status": "OK", "result": 7}))
        shop = YandexMarket(KEY, business_id=11, transport=transport, scheduler=Scheduler())
        assert await shop.group(OwnOfMarket).own() == 7
        assert "/v2/businesses/11/own" in transport.requests[0].url

    async def test_group_without_a_bucket(self) -> None:
        with pytest.raises(InvalidInput, match=r"nameless.own: buckets must be among"):
            await _wildberries().group(Nameless).own()

    def test_group_when_invalid(self) -> None:
        for shop in (_wildberries(), _market()):
            with pytest.raises(InvalidInput, match=r"group: kind must be a class of operations"):
                shop.group(Unseen)  # type: ignore[type-var]
