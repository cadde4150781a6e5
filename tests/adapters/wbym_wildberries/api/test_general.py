"""General: checks before requests, pings above all, and responses."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.adapters.wbym_wildberries.api.products import scripted_with
from tests.adapters.wbym_wildberries.api.scripted import body_of
from tests.support.fakes import json_response
from wbym.calls import row
from wbym.errors import InvalidInput, MissingScope, QuotaExhausted, ServerError
from wbym.limits import Scheduler
from wbym_wildberries import Token, Wildberries
from wbym_wildberries.api.general import General
from wbym_wildberries.api.users import Access, UserAccess
from wbym_wildberries.simulator import make_token

Call = Callable[[Wildberries], Awaitable[object]]

PONG = json_response({"TS": "2026-05-01T12:00:00+03:00", "Status": "OK"})


class TestPing:
    @pytest.mark.looptime
    async def test_fourth_ping_in_half_a_minute(self) -> None:
        shop, transport = scripted_with(*[PONG] * 5)
        assert (await shop.api.general.ping("content")).status == "OK"
        await shop.api.general.ping("content")
        await shop.api.general.ping("content")
        with pytest.raises(QuotaExhausted):
            await shop.api.general.ping("content")
        assert len(transport.requests) == 3
        await shop.api.general.ping("chat")
        assert transport.requests[3].url == "https://buyer-chat-api.wildberries.ru/ping"

    @pytest.mark.looptime
    async def test_pings_in_any_half_minute(self) -> None:
        shop, transport = scripted_with(*[PONG] * 50)
        made: list[float] = []
        clock = asyncio.get_running_loop().time
        while clock() < 200:
            before = len(transport.requests)
            try:
                await shop.api.general.ping()
            except QuotaExhausted:
                await asyncio.sleep(0.5)
            made += [clock()] * (len(transport.requests) - before)
        assert len(made) >= 3 + 5
        for start in made:
            assert sum(start <= at < start + 30 for at in made) <= 3

    async def test_ping_when_it_fails(self) -> None:
        shop, transport = scripted_with(json_response({"detail": "down"}, 503), PONG)
        with pytest.raises(ServerError):
            await shop.api.general.ping()
        assert len(transport.requests) == 1

    async def test_ping_when_the_host_is_unknown(self) -> None:
        shop, transport = scripted_with()
        with pytest.raises(InvalidInput, match="must be one of"):
            await shop.api.general.ping("content-api")
        assert transport.requests == []

    async def test_ping_when_the_token_lacks_the_category(self) -> None:
        shop = Wildberries(make_token(scopes=("chat",)), scheduler=Scheduler())
        with pytest.raises(MissingScope):
            await shop.api.general.ping("content")
        await shop.aclose()


class TestInput:
    @pytest.mark.parametrize(
        ("call", "rule"),
        [
            (lambda shop: shop.api.general.news(), "or from_id must be given"),
            (lambda shop: shop.api.general.news(from_id=-1), "must be at least 0"),
            (lambda shop: shop.api.users.list().using(size=101).page(), "from 1 to 100"),
            (lambda shop: shop.api.users.list().using(size=0).page(), "at least 1"),
            (lambda shop: shop.api.users.list().using(cursor="-1").page(), "a cursor of"),
            (lambda shop: shop.api.users.invite(""), "must have 1 to"),
            (
                lambda shop: shop.api.users.invite("7999", position="я" * 151),
                "0 to 150 characters",
            ),
            (lambda shop: shop.api.users.set_access([]), "at least 1 values"),
        ],
    )
    async def test_call_when_it_breaks_a_rule(self, call: Call, rule: str) -> None:
        shop, transport = scripted_with()
        with pytest.raises(InvalidInput, match=rule):
            await call(shop)
        assert transport.requests == []

    def test_scope_when_any_token_is_allowed(self) -> None:
        token = Token(make_token(scopes=0))
        assert token.covers(row(General.seller).endpoint.scope)
        assert not token.covers(row(General.rating).endpoint.scope)


class TestNews:
    async def test_news_by_day_or_by_id(self) -> None:
        news = {
            "data": [
                {
                    "id": 7369,
                    "header": "Новость",
                    "content": "<p>Текст</p>",
                    "date": "2026-02-06T10:00:00Z",
                    "types": [{"id": 4, "name": "Маркетплейс"}],
                },
                {"header": "без id"},
            ]
        }
        shop, transport = scripted_with(json_response(news), json_response({"data": []}))
        (item,) = await shop.api.general.news(date_from=date(2026, 2, 6))
        assert (item.id, item.header) == (7369, "Новость")
        assert [undecodable.where for undecodable in shop.undecodable] == ["data[1]"]
        assert await shop.api.general.news(from_id=7370) == []
        asked = [parse_qs(urlsplit(request.url).query) for request in transport.requests]
        assert asked == [{"from": ["2026-02-06"]}, {"fromID": ["7370"]}]


class TestUsers:
    async def test_list_when_there_are_several_pages(self) -> None:
        first = {"users": [{"id": n} for n in range(100)], "total": 101}
        shop, transport = scripted_with(
            json_response(first), json_response({"users": [{"id": 100}], "total": 101})
        )
        found = await shop.api.users.list(invited=False).all()
        assert [user.id for user in found] == list(range(101))
        assert [parse_qs(urlsplit(request.url).query) for request in transport.requests] == [
            {"limit": ["100"], "offset": [offset], "isInviteOnly": ["false"]}
            for offset in ("0", "100")
        ]

    async def test_invitation_when_sent(self) -> None:
        shop, transport = scripted_with(*[json_response({"isSuccess": True})] * 2)
        await shop.api.users.invite("79998887766")
        access = [Access(code="balance", disabled=True)]
        await shop.api.users.invite("79998887766", position="Менеджер", access=access)
        assert [body_of(request) for request in transport.requests] == [
            {"invite": {"phoneNumber": "79998887766"}, "access": []},
            {
                "invite": {"phoneNumber": "79998887766", "position": "Менеджер"},
                "access": [{"code": "balance", "disabled": True}],
            },
        ]

    async def test_invitation_when_shown(self) -> None:
        invited = {
            "expiredAt": "2026-05-01T12:00:00Z",
            "inviteID": "a-b",
            "inviteUrl": "https://seller.wildberries.ru/invite/secret",
            "isSuccess": True,
        }
        shop, _ = scripted_with(json_response(invited))
        invitation = await shop.api.users.invite("79998887766")
        assert invitation.invite_url == "https://seller.wildberries.ru/invite/secret"
        assert "secret" not in repr(invitation)

    async def test_set_access_when_the_response_is_empty(self) -> None:
        shop, transport = scripted_with(json_response(None))
        await shop.api.users.set_access(
            [UserAccess(user_id=7, access=[Access(code="balance", disabled=True)])]
        )
        assert transport.requests[0].body == (
            b'{"usersAccesses":[{"userId":7,"access":[{"code":"balance","disabled":true}]}]}'
        )
