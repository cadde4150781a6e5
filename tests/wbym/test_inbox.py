import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

import pytest
from msgspec.structs import replace

from tests.support.account import BareAccount
from tests.support.sources import MemorySource
from wbym.account import Capabilities, Capability, Filters, ReadOptions, Support, Supported
from wbym.domain import DeliveryState, Feedback, Noun, Ref, WaitingCounts
from wbym.errors import (
    AccountsFailed,
    ConfigError,
    InboxNotOpen,
    InvalidInput,
    RefError,
    Unauthorized,
    Unsupported,
)
from wbym.feed import MemoryStore
from wbym.inbox import Inbox
from wbym.paging import Chunk, Listing
from wbym.testing import FakeAccount

pytestmark = pytest.mark.looptime

BEGIN = datetime(2026, 5, 1, tzinfo=UTC)


class Toy(BareAccount):
    """An account whose feedbacks are read at one page per second."""

    CAPABILITIES: ClassVar[Capabilities] = MappingProxyType(
        dict.fromkeys(
            (
                Capability.FEEDBACKS,
                Capability.FEEDBACKS_ANSWERED,
                Capability.FEEDBACKS_PERIOD,
                Capability.ANSWER_FEEDBACK,
            ),
            Supported(Support.NATIVE),
        )
    )
    EARLIEST: ClassVar[datetime] = BEGIN - timedelta(days=1)

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

    def _feedbacks(self, filters: Filters, options: ReadOptions) -> Listing[Feedback]:
        def page(token: str | None, _: int | None) -> Chunk[Feedback]:
            self.requests += 1
            place = int(token or 0)
            if self.error is not None and place == len(self.pages):
                raise self.error
            more = place + 1 < len(self.pages) + (self.error is not None)
            minutes = self.pages[place] if self.pages else ()
            items = [item for item in map(self._made, minutes) if _is_within(item, filters)]
            return Chunk(items, len(minutes), str(place + 1) if more else None)

        return MemorySource(page, latency=1).listing(newest_first=self.newest_first)

    def _made(self, minute: int) -> Feedback:
        ref = Ref("toy", self.name, Noun.FEEDBACK, str(minute))
        return Feedback(ref=ref, created_at=BEGIN + timedelta(minutes=minute))

    async def _answer_feedback(self, feedback: Feedback, text: str) -> None:
        self.answered.append((feedback.ref.id, text))

    async def counts(self) -> WaitingCounts:
        self.requests += 1
        await asyncio.sleep(1)
        if self.error is not None:
            raise self.error
        return WaitingCounts(feedbacks=sum(map(len, self.pages)))


def _is_within(item: Feedback, filters: Filters) -> bool:
    begin, end = filters.since or BEGIN, filters.until or datetime.max.replace(tzinfo=UTC)
    return begin <= item.created_at <= end


def _revoked() -> Unauthorized:
    return Unauthorized("revoked", marketplace="toy", account="c", endpoint="x", status=401)


def _ids(items: Sequence[Feedback]) -> list[str]:
    return [f"{item.ref.account}{item.ref.id}" for item in items]


async def rejects_all_calls(inbox: Inbox, why: str) -> None:
    """The stored attributes of an inbox, without those of its closing."""
    record = Feedback(ref=Ref("wildberries", "shop", Noun.FEEDBACK, "1"), created_at=BEGIN)
    given: dict[str, tuple[object, ...]] = {
        "account": ("shop", Toy),
        "add": (Toy("b"),),
        "remove": ("shop",),
        "messages": (record,),
        "send": (record, "Спасибо"),
        "answer": (record, "Спасибо"),
        "edit_answer": (record, "Спасибо"),
        "get": (record,),
        "reject": (record, "Спасибо"),
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
    for name in ("send", "answer", "edit_answer", "reject", "decide"):
        with pytest.raises(InboxNotOpen, match=why):
            await getattr(inbox, name)(*given[name], idempotency_key="1")


class TestReading:
    async def test_feedbacks_when_unordered(self) -> None:
        inbox = Inbox(Toy("a", [[9, 7], [5]]), Toy("b", [[8], [6, 4]]))
        begin = asyncio.get_running_loop().time()
        found = await inbox.feedbacks().all()
        assert sorted(_ids(found)) == ["a5", "a7", "a9", "b4", "b6", "b8"]
        assert asyncio.get_running_loop().time() - begin == pytest.approx(2, abs=0.1)

    async def test_feedbacks_when_newest_first(self) -> None:
        inbox = Inbox(
            Toy("a", [[9, 7], [5]]), Toy("b", [[1], [8, 4]], newest_first=False), Toy("c", [[6]])
        )
        found = await inbox.feedbacks(newest_first=True).all()
        assert _ids(found) == ["a9", "b8", "a7", "c6", "a5", "b4", "b1"]

    async def test_feedbacks_without_an_account(self) -> None:
        assert await Inbox().feedbacks().all() == []
        assert await Inbox().feedbacks(newest_first=True).all() == []

    async def test_feedbacks_when_all_time_is_requested(self) -> None:
        inbox = Inbox(Toy("a", [[1], [8, 4]], newest_first=False))
        always = datetime.fromtimestamp(0, UTC), datetime.max.replace(tzinfo=UTC)
        found = await inbox.feedbacks(since=always[0], until=always[1], newest_first=True).all()
        assert _ids(found) == ["a8", "a4", "a1"]
        assert not await inbox.feedbacks(until=always[0], newest_first=True).all()

    async def test_feedbacks_when_accounts_are_fake(self) -> None:
        late = Feedback(ref=Ref("fake", "fake", Noun.FEEDBACK, "1"), created_at=BEGIN)
        early = replace(late, ref=replace(late.ref, id="2"), created_at=BEGIN - timedelta(days=9e4))
        inbox = Inbox(FakeAccount(feedbacks=[early, late]))
        assert await inbox.feedbacks(newest_first=True).all() == [late, early]
        assert await inbox.questions(newest_first=True).all() == []

    async def test_feedbacks_when_a_marketplace_has_no_earliest_date(self) -> None:
        class Young(Toy):
            EARLIEST = BareAccount.EARLIEST

        inbox = Inbox(Young("a", [[1], [8, 4]], newest_first=False))
        assert _ids(await inbox.feedbacks(newest_first=True).all()) == ["a8", "a4", "a1"]

    @pytest.mark.parametrize("newest_first", [False, True])
    async def test_reading_when_left_early(self, newest_first: bool) -> None:
        toys = [Toy(name, [[minute] for minute in range(99, 0, -1)]) for name in "abc"]
        async with Inbox(*toys) as inbox:
            async for item in inbox.feedbacks(newest_first=newest_first):
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
        with pytest.raises(AccountsFailed, match="1 of 10 accounts failed") as caught:
            async for item in inbox.feedbacks():
                found.append(item)
        assert len(found) == 19
        (error,) = caught.value.exceptions
        assert isinstance(error, Unauthorized)
        assert error.__notes__ == ["account: c"]

    async def test_reading_when_on_error_is_given(self) -> None:
        reported: list[tuple[str, Exception]] = []
        error = _revoked()
        inbox = Inbox(
            Toy("a", [[1]]),
            Toy("c", [[2]], error=error),
            on_error=lambda name, error: reported.append((name, error)),
        )
        assert sorted(_ids(await inbox.feedbacks().all())) == ["a1", "c2"]
        assert reported == [("c", error)]
        assert await inbox.counts() == {"a": WaitingCounts(feedbacks=1)}
        assert len(reported) == 2

    async def test_reading_when_no_account_has_the_noun(self) -> None:
        with pytest.raises(Unsupported, match="chats: is not supported by toy"):
            Inbox(Toy("a", [[1]])).chats()

    async def test_reading_when_an_account_lacks_the_noun(self) -> None:
        inbox = Inbox(BareAccount("bare"), Toy("a", [[1]]))
        assert _ids(await inbox.feedbacks().all()) == ["a1"]

    async def test_reading_when_an_account_lacks_a_filter(self) -> None:
        other = FakeAccount(name="fake")
        inbox = Inbox(other, Toy("a", [[1]]))
        with pytest.raises(AccountsFailed, match="1 of 2") as caught:
            await inbox.feedbacks(rating=[5]).all()
        assert isinstance(caught.value.exceptions[0], Unsupported)
        with pytest.raises(Unsupported):
            Inbox(Toy("a")).feedbacks(rating=[5])

    async def test_reading_when_a_filter_is_invalid(self) -> None:
        with pytest.raises(InvalidInput, match="rating"):
            Inbox(Toy("a"), FakeAccount(name="fake")).feedbacks(rating=[6])

    async def test_consumer_when_it_raises(self) -> None:
        inbox = Inbox(Toy("a", [[1], [2], [3]]))
        with pytest.raises(RuntimeError, match="mine"):
            async for _ in inbox.feedbacks():
                raise RuntimeError("mine")
        await asyncio.sleep(0.5)
        assert len(asyncio.all_tasks()) == 1

    @pytest.mark.parametrize("newest_first", [False, True])
    async def test_feedbacks_when_on_error_raises(self, newest_first: bool) -> None:
        def refuse(account: str, error: Exception) -> None:
            raise LookupError(account)

        inbox = Inbox(Toy("a", [[1]]), Toy("c", [[2]], error=_revoked()), on_error=refuse)
        with pytest.raises(LookupError, match="c"):
            await asyncio.wait_for(inbox.feedbacks(newest_first=newest_first).all(), 60)


class TestCursors:
    @pytest.mark.parametrize("newest_first", [False, True])
    async def test_feedbacks_when_read_on_from_any_page(self, newest_first: bool) -> None:
        def inbox() -> Inbox:
            return Inbox(
                Toy("a", [[9, 7], [5]]),
                Toy("b", [[8], [6, 4], [3]]),
                Toy("c", [[1], [2]], newest_first=False),
            )

        pages = [page async for page in inbox().feedbacks(newest_first=newest_first).pages()]
        everything = {one for page in pages for one in _ids(page.items)}
        assert len(everything) == 9
        read: set[str] = set()
        for page in pages:
            again = inbox().feedbacks(newest_first=newest_first, cursor=page.cursor)
            found = await again.all()
            assert read | set(_ids(found)) == everything
            read |= set(_ids(page.items))
            if page.next_cursor is not None:
                rest = inbox().feedbacks(newest_first=newest_first, cursor=page.next_cursor)
                assert read | set(_ids(await rest.all())) == everything
                if not newest_first:
                    assert read.isdisjoint(_ids(await rest.all()))
        assert pages[-1].next_cursor is None

    async def test_feedbacks_when_an_account_is_new(self) -> None:
        first = Inbox(Toy("a", [[3], [2], [1]]))
        pages = [page async for page in first.feedbacks().pages()]
        both = Inbox(Toy("a", [[3], [2], [1]]), Toy("b", [[5], [4]]))
        rest = await both.feedbacks(cursor=pages[1].next_cursor).all()
        assert sorted(_ids(rest)) == ["a1", "b4", "b5"]

    async def test_feedbacks_when_an_account_failed(self) -> None:
        inbox = Inbox(Toy("a", [[1]]), Toy("c", [[2]], error=_revoked()))
        listing = inbox.feedbacks()
        cursors: list[str | None] = []
        with pytest.raises(AccountsFailed):
            async for page in listing.pages():
                cursors.append(page.next_cursor)
        mended = Inbox(Toy("a", [[1]]), Toy("c", [[2], [3]]))
        assert _ids(await mended.feedbacks(cursor=cursors[-1]).all()) == ["c3"]

    @pytest.mark.parametrize("cursor", ["x", "[]", '{"a": 5}', "{"])
    async def test_feedbacks_when_the_cursor_is_invalid(self, cursor: str) -> None:
        with pytest.raises(InvalidInput, match="cursor of an inbox"):
            await Inbox(Toy("a", [[1]])).feedbacks(cursor=cursor).all()

    async def test_windows_when_a_list_is_unordered(self) -> None:
        minutes = [60 * 24 * day for day in (100, 3, 50, 0, 99)]
        toy = Toy("a", [minutes[:2], minutes[2:]], newest_first=False)
        found = await Inbox(toy).feedbacks(newest_first=True).all()
        assert [item.ref.id for item in found] == [str(one) for one in sorted(minutes)[::-1]]
        since, until = BEGIN + timedelta(days=3), BEGIN + timedelta(days=99)
        found = await Inbox(toy).feedbacks(newest_first=True, since=since, until=until).all()
        assert [item.ref.id for item in found] == [str(60 * 24 * day) for day in (99, 50, 3)]

    async def test_windows_when_a_shop_is_small(self) -> None:
        toy = Toy("a", [[3, 1, 2]], newest_first=False)
        until = BEGIN + timedelta(days=365 * 20)
        found = await Inbox(toy).feedbacks(newest_first=True, until=until).all()
        assert _ids(found) == ["a3", "a2", "a1"]
        assert toy.requests <= 5  # each window costs the next caller the room of a call

    @pytest.mark.parametrize("cursor", ["x", "2026-01-01T00:00:00"])
    async def test_windows_when_the_cursor_is_invalid(self, cursor: str) -> None:
        toy = Toy("a", [[1]], newest_first=False)
        with pytest.raises(AccountsFailed) as caught:
            await Inbox(toy).feedbacks(newest_first=True, cursor=f'{{"a": "{cursor}"}}').all()
        (error,) = caught.value.exceptions
        assert isinstance(error, InvalidInput)
        assert error.argument == "cursor"


class Markup(str):
    """A str subclass of template engines."""

    __slots__ = ()


_ANY: dict[str, Callable[[Inbox, object], object]] = {
    "account": lambda inbox, it: inbox.account(it, FakeAccount),  # type: ignore[arg-type]
    "account's kind": lambda inbox, it: inbox.account("fake", it),  # type: ignore[arg-type]
    "remove": lambda inbox, it: inbox.remove(it),  # type: ignore[arg-type]
    "open_chat": lambda inbox, it: inbox.open_chat(order_id=1, account=it),  # type: ignore[arg-type]
    "get": lambda inbox, it: inbox.get(Ref("fake", it, Noun.CHAT, "1")),  # type: ignore[arg-type]
    "send": lambda inbox, it: inbox.send(Ref(it, "fake", Noun.CHAT, "1"), "Да"),  # type: ignore[arg-type]
    "keyed send": lambda inbox, it: inbox.send(
        Ref("fake", it, Noun.CHAT, "1"),  # type: ignore[arg-type]
        "Да",
        idempotency_key="1",
    ),
    "key": lambda inbox, it: inbox.send(
        Ref("fake", "fake", Noun.CHAT, "1"),
        "Да",
        idempotency_key=it,  # type: ignore[arg-type]
    ),
    "cursor": lambda inbox, it: inbox.chats(cursor=it),  # type: ignore[arg-type]
    "priority": lambda inbox, it: inbox.chats(priority=it),  # type: ignore[arg-type]
    "events": lambda inbox, it: inbox.events(since=it),  # type: ignore[arg-type]
    "auto_ack": lambda inbox, it: inbox.events(auto_ack=it),  # type: ignore[arg-type]
    "hint": lambda inbox, it: inbox.hint([it]),  # type: ignore[list-item]
    "delivery": lambda inbox, it: inbox.outbox.delivery(it),  # type: ignore[arg-type]
    "deliveries": lambda inbox, it: inbox.outbox.deliveries(it),  # type: ignore[arg-type]
    "resolve": lambda inbox, it: inbox.outbox.resolve(it, DeliveryState.CONFIRMED),  # type: ignore[arg-type]
    "resolved": lambda inbox, it: inbox.outbox.resolve("1", it),  # type: ignore[arg-type]
}


class TestArguments:
    @pytest.mark.parametrize("value", [[], 2**70, b"x", 1.5, Markup("x")], ids=repr)
    @pytest.mark.parametrize("method", _ANY)
    async def test_argument_when_its_type_is_wrong(self, method: str, value: object) -> None:
        async with Inbox(FakeAccount(), state=MemoryStore()) as inbox:
            with pytest.raises(InvalidInput):
                found = _ANY[method](inbox, value)
                if isinstance(found, Awaitable):
                    await found
            assert not await inbox.outbox.deliveries()

    @pytest.mark.parametrize("broken", ["\ud83d", 5, Markup("x")], ids=repr)
    async def test_answer_when_a_record_is_created_by_hand(self, broken: str) -> None:
        ref = Ref("fake", "fake", Noun.FEEDBACK, "1")
        feedback = Feedback(ref=ref, created_at=BEGIN, text=broken)
        async with Inbox(FakeAccount(), state=MemoryStore()) as inbox:
            with pytest.raises(InvalidInput, match="must be a record as the marketplace sent it"):
                await inbox.answer(feedback, "Спасибо", idempotency_key="1")
            assert not await inbox.outbox.deliveries()


class TestAccounts:
    async def test_answer_when_routed(self) -> None:
        a, b = Toy("a", [[1]]), Toy("b", [[2]])
        inbox = Inbox(a, b)
        for feedback in await inbox.feedbacks().all():
            delivery = await inbox.answer(feedback, "Спасибо")
            assert delivery.accepted
            assert delivery.target == feedback.ref
        assert (a.answered, b.answered) == ([("1", "Спасибо")], [("2", "Спасибо")])

    @pytest.mark.parametrize(
        "ref",
        [
            Ref("toy", "z", Noun.FEEDBACK, "1"),
            Ref("other", "a", Noun.FEEDBACK, "1"),
        ],
    )
    async def test_answer_when_the_account_is_foreign(self, ref: Ref) -> None:
        inbox = Inbox(Toy("a"))
        for item in (ref, Feedback(ref=ref, created_at=BEGIN)):
            with pytest.raises(RefError, match="account of this inbox"):
                await inbox.answer(item, "Спасибо")

    async def test_answer_when_the_item_is_invalid(self) -> None:
        for item in ("toy/a/feedback/1", None, 5):
            with pytest.raises(InvalidInput, match="must be a record or its Ref"):
                await Inbox(Toy("a")).answer(item, "Спасибо")  # type: ignore[arg-type]

    @pytest.mark.parametrize("seconds", [0, -1, float("nan"), None, "300", True])
    def test_confirmation_timeout_when_not_positive(self, seconds: float) -> None:
        with pytest.raises(InvalidInput, match="confirmation_timeout"):
            Inbox(confirmation_timeout=seconds)

    @pytest.mark.parametrize("name", ["", " ", "\ud83d", None, 5])
    def test_name_when_invalid(self, name: str) -> None:
        with pytest.raises(InvalidInput, match="name must"):
            FakeAccount(name=name)

    async def test_reply_with_a_key_but_without_a_state(self) -> None:
        toy = Toy("a")
        item = Feedback(ref=Ref("toy", "a", Noun.FEEDBACK, "1"), created_at=BEGIN)
        with pytest.raises(InvalidInput, match="idempotency_key requires a state"):
            await Inbox(toy).answer(item, "Спасибо", idempotency_key="crm-1")
        assert not toy.answered

    async def test_account_when_requested_by_type(self) -> None:
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

    async def test_remove_while_the_account_is_read(self) -> None:
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

    async def test_counts_when_all_are_requested_at_once(self) -> None:
        inbox = Inbox(Toy("a", [[1, 2]]), Toy("b", [[3]]))
        begin = asyncio.get_running_loop().time()
        counts = await inbox.counts()
        assert {name: waiting.total for name, waiting in counts.items()} == {"a": 2, "b": 1}
        assert asyncio.get_running_loop().time() - begin == pytest.approx(1, abs=0.1)

    async def test_counts_when_one_fails(self) -> None:
        inbox = Inbox(Toy("a"), Toy("c", error=_revoked()))
        with pytest.raises(AccountsFailed, match=r"1 of 2 accounts failed: c \(Unauthorized\)"):
            await inbox.counts()

    async def test_counts_when_on_error_raises(self) -> None:
        def stop(name: str, error: Exception) -> None:
            raise KeyError(name)

        inbox = Inbox(Toy("a"), Toy("c", error=_revoked()), on_error=stop)
        with pytest.raises(KeyError, match="c"):
            await inbox.counts()


class TestConfig:
    @pytest.fixture
    def write(self, tmp_path: Path) -> Callable[[str], Path]:
        def write(text: str) -> Path:
            path = tmp_path / "wbym.toml"
            path.write_text(text, "utf-8")
            return path

        return write

    async def test_inbox_when_created_from_a_file(
        self, write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from wbym_wildberries.simulator import make_token

        monkeypatch.setenv("SHOP_TOKEN", make_token())
        path = write('[accounts.shop]\nmarketplace = "wildberries"\nsecret_env = "SHOP_TOKEN"\n')
        async with Inbox.from_config(path) as inbox:
            assert list(inbox.accounts) == ["shop"]

    async def test_inbox_of_the_environment(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from wbym_wildberries.simulator import make_token

        monkeypatch.chdir(tmp_path)
        with pytest.raises(ConfigError, match="WBYM_WILDBERRIES_TOKEN"):
            async with Inbox.from_config():
                pass
        monkeypatch.setenv("WBYM_WILDBERRIES_TOKEN", make_token())
        async with Inbox.from_config() as inbox:
            assert list(inbox.accounts) == ["wildberries"]

    async def test_inbox_of_the_usual_file(
        self, write: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from wbym_wildberries.simulator import make_token

        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("SHOP_TOKEN", make_token())
        write('[accounts.shop]\nmarketplace = "wildberries"\nsecret_env = "SHOP_TOKEN"\n')
        async with Inbox.from_config() as inbox:
            assert list(inbox.accounts) == ["shop"]

    @pytest.mark.parametrize("state", [None, "state.db"])
    async def test_inbox_when_not_entered(
        self, write: Callable[[str], Path], state: str | None
    ) -> None:
        path = write('[accounts.shop]\nmarketplace = "wildberries"\nsecret_env = "SHOP_TOKEN"\n')
        await rejects_all_calls(Inbox.from_config(path, state=state), "async with")

    async def test_inbox_when_closed(
        self, write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from wbym_wildberries.simulator import make_token

        monkeypatch.setenv("SHOP_TOKEN", make_token())
        path = write('[accounts.shop]\nmarketplace = "wildberries"\nsecret_env = "SHOP_TOKEN"\n')
        async with Inbox.from_config(path) as inbox:
            pass
        await rejects_all_calls(inbox, "closed")
        with pytest.raises(InboxNotOpen, match="create a new one"):
            await inbox.__aenter__()

    async def test_inbox_when_closed_without_being_entered(self) -> None:
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

    async def test_inbox_when_the_file_is_invalid(self, write: Callable[[str], Path]) -> None:
        path = write('[accounts.shop]\nmarketplace = "ozon"\nsecret_env = "SHOP_TOKEN"\n')
        with pytest.raises(ConfigError, match=r"accounts\.shop\.marketplace \(line 2\)"):
            async with Inbox.from_config(path):
                pass
