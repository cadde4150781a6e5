import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.account import BareAccount
from tests.support.sources import MemorySource
from wbym.domain import Feedback, Question, Ref, Waiting
from wbym.errors import ConfigError, InboxNotOpen, InvalidInput, Unauthorized, Unsupported
from wbym.inbox import Inbox
from wbym.paging import Chunk, Listing

pytestmark = pytest.mark.looptime

BEGIN = datetime(2026, 5, 1, tzinfo=UTC)


class Toy(BareAccount):
    """An account whose feedbacks are read a page a second."""

    def __init__(
        self,
        name: str,
        pages: Sequence[Sequence[int]] = (),
        *,
        newest_first: bool = True,
        error: Exception | None = None,
    ) -> None:
        super().__init__(name)
        self.pages = pages
        self.newest_first = newest_first
        self.error = error
        self.requests = 0
        self.answered: list[tuple[str, str]] = []

    def feedbacks(self, **_: object) -> Listing[Feedback]:
        def page(token: str | None, _: int | None) -> Chunk[Feedback]:
            self.requests += 1
            place = int(token or 0)
            if self.error is not None and place == len(self.pages):
                raise self.error
            more = place + 1 < len(self.pages) + (self.error is not None)
            minutes = self.pages[place] if self.pages else ()
            items = [
                Feedback(
                    ref=Ref("toy", self.name, str(minute)),
                    created_at=BEGIN + timedelta(minutes=minute),
                )
                for minute in minutes
            ]
            return Chunk(items, len(items), str(place + 1) if more else None)

        return MemorySource(page, latency=1).listing(newest_first=self.newest_first)

    async def answer(self, item: Question | Feedback, text: str) -> None:
        self.answered.append((item.ref.id, text))

    async def edit_answer(self, item: Question | Feedback, text: str) -> None:
        raise NotImplementedError

    async def counts(self) -> Waiting:
        self.requests += 1
        await asyncio.sleep(1)
        if self.error is not None:
            raise self.error
        return Waiting(feedbacks=sum(map(len, self.pages)))


def _revoked() -> Unauthorized:
    return Unauthorized("revoked", marketplace="toy", account="c", endpoint="x", status=401)


def _ids(items: Sequence[Feedback]) -> list[str]:
    return [f"{item.ref.account}{item.ref.id}" for item in items]


async def refuses_everything(inbox: Inbox, why: str) -> None:
    """All that an inbox has, but for how it is closed."""
    record = Feedback(ref=Ref("wildberries", "shop", "1"), created_at=BEGIN)
    given: dict[str, tuple[object, ...]] = {
        "account": ("shop", Toy),
        "add": (Toy("b"),),
        "remove": ("shop",),
        "messages": (record,),
        "send": (record, "Спасибо"),
        "answer": (record, "Спасибо"),
        "edit_answer": (record, "Спасибо"),
        "decisions": (record,),
        "decide": (record, object()),
        "comments": (record,),
        "skip_reaction": (record,),
        "open_chat": (record,),
        "download": (record, object()),
        "hint": ([],),
    }
    names = {name for name in dir(inbox) if not name.startswith("_")}
    for name in sorted(names - {"aclose", "from_config"}):
        with pytest.raises(InboxNotOpen, match=why):
            found = getattr(inbox, name)(*given.get(name, ()))
            await found
    for name in ("send", "answer", "decide"):
        with pytest.raises(InboxNotOpen, match=why):
            await getattr(inbox, name)(*given[name], key="1")


class TestReading:
    async def test_feedbacks_when_read_as_they_come(self) -> None:
        inbox = Inbox(Toy("a", [[9, 7], [5]]), Toy("b", [[8], [6, 4]]))
        begin = asyncio.get_running_loop().time()
        found = await inbox.feedbacks().all()
        assert sorted(_ids(found)) == ["a5", "a7", "a9", "b4", "b6", "b8"]
        assert asyncio.get_running_loop().time() - begin == pytest.approx(2, abs=0.1)

    async def test_feedbacks_when_merged_by_time(self) -> None:
        inbox = Inbox(
            Toy("a", [[9, 7], [5]]), Toy("b", [[1], [8, 4]], newest_first=False), Toy("c", [[6]])
        )
        found = await inbox.feedbacks(by_time=True).all()
        assert _ids(found) == ["a9", "b8", "a7", "c6", "a5", "b4", "b1"]

    async def test_feedbacks_when_there_is_no_account(self) -> None:
        assert await Inbox().feedbacks().all() == []
        assert await Inbox().feedbacks(by_time=True).all() == []

    @pytest.mark.parametrize("by_time", [False, True])
    async def test_reading_when_left_early(self, by_time: bool) -> None:
        toys = [Toy(name, [[minute] for minute in range(99, 0, -1)]) for name in "abc"]
        async with Inbox(*toys) as inbox:
            async for item in inbox.feedbacks(by_time=by_time):
                if item.created_at < BEGIN + timedelta(minutes=95):
                    break
            await asyncio.sleep(0.5)
            requests = [toy.requests for toy in toys]
            await asyncio.sleep(100)
            assert [toy.requests for toy in toys] == requests
        assert len(asyncio.all_tasks()) == 1

    async def test_reading_when_cancelled(self) -> None:
        toys = [Toy(name, [[minute] for minute in range(99)]) for name in "abc"]
        reader = asyncio.create_task(Inbox(*toys).feedbacks().all())
        await asyncio.sleep(5.5)
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        assert len(asyncio.all_tasks()) == 1

    async def test_all_when_limited(self) -> None:
        inbox = Inbox(Toy("a", [[9], [8], [7]]), Toy("b", [[6]]))
        assert len(await inbox.feedbacks().all(limit=2)) == 2
        assert await inbox.feedbacks().all(limit=0) == []
        assert len(asyncio.all_tasks()) == 1

    async def test_buffers_when_the_consumer_is_slow(self) -> None:
        toys = [Toy(name, [[minute] for minute in range(999)]) for name in "ab"]
        async for _ in Inbox(*toys).feedbacks():
            await asyncio.sleep(10_000)
            break
        assert all(toy.requests < 150 for toy in toys)


class TestFailures:
    async def test_reading_when_one_account_of_ten_fails(self) -> None:
        toys = [Toy(name, [[1], [2]]) for name in "abdefghij"]
        inbox = Inbox(*toys, Toy("c", [[1]], error=_revoked()))
        found: list[Feedback] = []
        with pytest.raises(ExceptionGroup, match="1 of 10 accounts failed") as caught:
            async for item in inbox.feedbacks():
                found.append(item)
        assert len(found) == 19
        (error,) = caught.value.exceptions
        assert isinstance(error, Unauthorized)
        assert error.__notes__ == ["account: c"]

    async def test_reading_when_on_error_is_given(self) -> None:
        told: list[tuple[str, Exception]] = []
        error = _revoked()
        inbox = Inbox(
            Toy("a", [[1]]),
            Toy("c", [[2]], error=error),
            on_error=lambda name, error: told.append((name, error)),
        )
        assert sorted(_ids(await inbox.feedbacks().all())) == ["a1", "c2"]
        assert told == [("c", error)]
        assert await inbox.counts() == {"a": Waiting(feedbacks=1)}
        assert len(told) == 2

    async def test_reading_when_an_account_lacks_the_noun(self) -> None:
        with pytest.raises(ExceptionGroup) as caught:
            await Inbox(Toy("a", [[1]])).chats().all()
        assert isinstance(caught.value.exceptions[0], Unsupported)

    async def test_consumer_when_it_raises(self) -> None:
        inbox = Inbox(Toy("a", [[1], [2], [3]]))
        with pytest.raises(RuntimeError, match="mine"):
            async for _ in inbox.feedbacks():
                raise RuntimeError("mine")
        await asyncio.sleep(0.5)
        assert len(asyncio.all_tasks()) == 1


class TestAccounts:
    async def test_answer_when_routed(self) -> None:
        a, b = Toy("a", [[1]]), Toy("b", [[2]])
        inbox = Inbox(a, b)
        for feedback in await inbox.feedbacks().all():
            await inbox.answer(feedback, "Спасибо")
        assert (a.answered, b.answered) == ([("1", "Спасибо")], [("2", "Спасибо")])

    @pytest.mark.parametrize("ref", [Ref("toy", "z", "1"), Ref("other", "a", "1")])
    async def test_answer_when_the_account_is_foreign(self, ref: Ref) -> None:
        inbox = Inbox(Toy("a"))
        with pytest.raises(InvalidInput, match="account of this inbox"):
            await inbox.answer(Feedback(ref=ref, created_at=BEGIN), "Спасибо")

    async def test_account_when_asked_for_by_type(self) -> None:
        toy = Toy("a")
        inbox = Inbox(toy)
        assert inbox.account("a", Toy) is toy
        assert dict(inbox.accounts) == {"a": toy}
        with pytest.raises(InvalidInput, match="one of \\['a'\\]"):
            inbox.account("b", Toy)

    async def test_add_when_the_name_is_taken(self) -> None:
        inbox = Inbox(Toy("a"))
        with pytest.raises(InvalidInput, match="new"):
            inbox.add(Toy("a"))

    async def test_remove_when_it_is_being_read(self) -> None:
        a, b = Toy("a", [[minute] for minute in range(9)]), Toy("b", [[1], [2], [3]])
        async with Inbox(a, b) as inbox:
            reader = asyncio.create_task(inbox.feedbacks().all())
            await asyncio.sleep(1.5)
            await inbox.remove("a")
            inbox.add(Toy("c", [[7]]))
            assert a.closed
            assert sorted(_ids(await reader)) == ["a0", "b1", "b2", "b3"]
            assert "c7" in _ids(await inbox.feedbacks().all())
            with pytest.raises(InvalidInput, match="one of"):
                await inbox.remove("a")
        assert b.closed

    async def test_counts_when_all_are_asked_at_once(self) -> None:
        inbox = Inbox(Toy("a", [[1, 2]]), Toy("b", [[3]]))
        begin = asyncio.get_running_loop().time()
        counts = await inbox.counts()
        assert {name: waiting.total for name, waiting in counts.items()} == {"a": 2, "b": 1}
        assert asyncio.get_running_loop().time() - begin == pytest.approx(1, abs=0.1)

    async def test_counts_when_one_fails(self) -> None:
        inbox = Inbox(Toy("a"), Toy("c", error=_revoked()))
        with pytest.raises(ExceptionGroup, match="1 of 2"):
            await inbox.counts()


class TestConfig:
    @pytest.fixture
    def write(self, tmp_path: Path) -> Callable[[str], Path]:
        def write(text: str) -> Path:
            path = tmp_path / "wbym.toml"
            path.write_text(text, "utf-8")
            return path

        return write

    async def test_inbox_when_made_from_a_file(
        self, write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from wbym_wildberries.simulator import make_token

        monkeypatch.setenv("SHOP_TOKEN", make_token())
        path = write('[accounts.shop]\nmarketplace = "wildberries"\nsecret_env = "SHOP_TOKEN"\n')
        async with Inbox.from_config(path) as inbox:
            assert list(inbox.accounts) == ["shop"]

    @pytest.mark.parametrize("state", [None, "state.db"])
    async def test_inbox_when_it_is_not_entered(
        self, write: Callable[[str], Path], state: str | None
    ) -> None:
        path = write('[accounts.shop]\nmarketplace = "wildberries"\nsecret_env = "SHOP_TOKEN"\n')
        await refuses_everything(Inbox.from_config(path, state=state), "async with")

    async def test_inbox_when_it_is_closed(
        self, write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from wbym_wildberries.simulator import make_token

        monkeypatch.setenv("SHOP_TOKEN", make_token())
        path = write('[accounts.shop]\nmarketplace = "wildberries"\nsecret_env = "SHOP_TOKEN"\n')
        async with Inbox.from_config(path) as inbox:
            pass
        await refuses_everything(inbox, "closed")
        with pytest.raises(InboxNotOpen, match="make a new one"):
            await inbox.__aenter__()

    async def test_inbox_when_it_is_closed_without_being_entered(self) -> None:
        toy = Toy("a")
        inbox = Inbox(toy)
        await inbox.aclose()
        assert toy.closed
        with pytest.raises(InboxNotOpen, match="closed"):
            inbox.feedbacks()

    async def test_inbox_when_the_state_is_not_opened(self, tmp_path: Path) -> None:
        inbox = Inbox(Toy("a"), state=tmp_path / "state.db")
        with pytest.raises(InboxNotOpen, match="async with"):
            inbox.events()
        with pytest.raises(InvalidInput, match="must name a file"):
            Inbox(Toy("a")).events()

    async def test_inbox_when_the_file_is_wrong(self, write: Callable[[str], Path]) -> None:
        path = write('[accounts.shop]\nmarketplace = "ozon"\nsecret_env = "SHOP_TOKEN"\n')
        with pytest.raises(ConfigError, match=r"accounts\.shop\.marketplace \(line 2\)"):
            async with Inbox.from_config(path):
                pass
