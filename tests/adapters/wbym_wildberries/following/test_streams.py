"""The streams of an account, and their rates."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

import pytest

from tests.adapters.wbym_wildberries.following.follower import Follower
from tests.support.fakes import ScriptedTransport, json_response
from wbym.account import Stream
from wbym.domain import Message
from wbym.limits import Quota, Scheduler
from wbym_wildberries import Tier, Wildberries
from wbym_wildberries.simulator import make_token

EPOCH = datetime.fromtimestamp(0, UTC)


def shop(*tokens: str, quotas: dict[str, Quota] | None = None, **named: Tier | bool) -> Wildberries:
    return Wildberries(
        tokens or make_token(),
        name="shop",
        quotas=quotas,
        scheduler=Scheduler(),
        transport=ScriptedTransport(),
        **named,  # type: ignore[arg-type]
    )


def intervals(account: Wildberries) -> dict[str, float]:
    return {stream.name: stream.every for stream in account.streams()}


class TestIntervals:
    def test_every_when_the_token_is_personal(self) -> None:
        account = shop()
        streams: list[Stream] = list(account.streams())
        assert [stream.name for stream in streams] == ["chats", "questions", "feedbacks", "returns"]
        assert intervals(account) == {"chats": 1, "questions": 30, "feedbacks": 30, "returns": 60}
        assert list(account.streams()) == streams

    def test_every_when_the_token_is_a_base_one(self, caplog: pytest.LogCaptureFixture) -> None:
        account = shop(make_token(acc=1))
        assert "base token" in caplog.text
        caplog.clear()
        caplog.set_level(logging.INFO, "wbym.wildberries")
        slow = {"chats": 3600, "questions": 48 * 60, "feedbacks": 48 * 60, "returns": 7200}
        assert intervals(account) == slow
        intervals(account)
        assert [record.getMessage() for record in caplog.records] == [
            f"shop: polling {name} every {seconds // 60} min: a base token allows no more"
            for name, seconds in slow.items()
        ]

    def test_every_when_the_user_gives_quotas(self) -> None:
        quotas = {
            "chats.events": Quota(limit=1, period=7, burst=1),
            "feedbacks-and-questions": Quota(limit=1, period=20, burst=1),
            "claims.list": Quota(limit=1, period=10, burst=1),
        }
        assert intervals(shop(quotas=quotas)) == {
            "chats": 7,
            "questions": 80,
            "feedbacks": 80,
            "returns": 60,
        }

    def test_every_when_a_base_token_has_a_secret(self) -> None:
        assert intervals(shop(make_token(acc=1), tier=Tier.STANDARD))["chats"] == 1

    def test_every_when_tokens_are_of_two_types(self) -> None:
        base = make_token(scopes=["chat"], acc=1)
        personal = make_token(scopes=["feedbacks"])
        assert intervals(shop(base, personal)) == {"chats": 3600, "questions": 30, "feedbacks": 30}

    def test_every_when_one_of_two_tokens_has_expired(self) -> None:
        expired = make_token(scopes=["chat"], acc=1, expires_in=-1)
        assert intervals(shop(expired, make_token(scopes=["chat"]))) == {"chats": 1}


class TestMissingStreams:
    def test_streams_when_a_category_is_missing(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO, "wbym.wildberries")
        account = shop(make_token(scopes=["feedbacks"]))
        assert list(intervals(account)) == ["questions", "feedbacks"]
        assert len(caplog.records) == 2
        assert "'buyer-chat'" in caplog.text
        assert "'returns'" in caplog.text
        account.streams()
        assert len(caplog.records) == 2

    def test_streams_when_the_sandbox_has_no_host(self) -> None:
        assert list(intervals(shop(sandbox=True))) == ["questions", "feedbacks"]

    def test_streams_when_a_token_has_expired(self) -> None:
        expired = make_token(scopes=["returns"], expires_in=-1)
        assert list(intervals(shop(make_token(scopes=["chat"]), expired))) == ["chats", "returns"]


class TestWaiting:
    """With a base token the next page may take an hour."""

    @pytest.mark.looptime
    async def test_chats_when_more_pages_follow(self) -> None:
        def page(*stamps: int) -> dict[str, object]:
            events = [
                {"chatID": "1", "eventID": str(at), "addTimestamp": at, "sender": "client"}
                for at in stamps
            ]
            following = max(stamps, default=0)
            return {"result": {"next": following, "totalEvents": len(events), "events": events}}

        now = int(datetime.now(UTC).timestamp() * 1000)
        answers = [page(now - 2), {"result": []}, page(now - 1), page()]
        transport = ScriptedTransport(*map(json_response, answers))
        account = Wildberries(make_token(acc=1), transport=transport, scheduler=Scheduler())
        follower = Follower(account.streams()[0], EPOCH)
        begin = asyncio.get_running_loop().time()
        events = await follower.round()
        passed = asyncio.get_running_loop().time() - begin
        assert len([event for event in events if isinstance(event.record, Message)]) == 2
        assert 7200 <= passed < 7300

    @pytest.mark.looptime
    async def test_questions_when_the_second_list_follows(self) -> None:
        empty = {"data": {"questions": []}, "error": False}
        transport = ScriptedTransport(json_response(empty), json_response(empty))
        account = Wildberries(make_token(acc=1), transport=transport, scheduler=Scheduler())
        begin = asyncio.get_running_loop().time()
        follower = Follower(account.streams()[1], datetime.now(UTC) - timedelta(days=1))
        assert await follower.round() == []
        assert 720 <= asyncio.get_running_loop().time() - begin < 800
        assert follower.state is not None
