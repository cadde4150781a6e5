"""Common promises of all stores."""

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import TypeAlias, cast

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.postgres import own_schema
from tests.wbym.feed.kept import BEGIN, at, checkpoint, dead_letter, delivery, event, numbers, step
from wbym.account import Hint
from wbym.domain import DeliveryState, Noun, Ref
from wbym.feed import MemoryStore, PostgresStore, SqliteStore, Store
from wbym.feed._delivery import FINAL, OPEN
from wbym.feed._store import Checkpoint, Claim, SeenRecord, Step

PENDING, SENDING, ACCEPTED, CONFIRMED, REJECTED, UNKNOWN = DeliveryState


class Following(PostgresStore):
    """A store that is the reader of whatever account it writes to."""

    async def write(self, step: Step) -> None:
        async with self.reading(step.checkpoint.account, wait=True):
            await super().write(step)


Opened: TypeAlias = SqliteStore | PostgresStore


class Reopened:
    """A store that is closed and reopened between any two calls."""

    def __init__(self, opened: Callable[[], Opened]) -> None:
        self._opened = opened

    def __getattr__(self, name: str) -> Callable[..., Awaitable[object]]:
        async def call(*args: object, **named: object) -> object:
            async with self._opened() as store:
                method: Callable[..., Awaitable[object]] = getattr(store, name)
                return await method(*args, **named)

        return call


@pytest.fixture(params=["memory", "sqlite", "sqlite, reopened", "postgres"])
async def keeps(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """A store, tested for its stored data only."""
    kind, _, reopened = request.param.partition(", ")
    async with AsyncExitStack() as stack:
        if kind == "memory":
            yield MemoryStore()
            return
        if kind == "sqlite":
            opened: Callable[[], Opened] = partial(SqliteStore, tmp_path / "state.db")
        else:
            # Not an argument: the other stores are tested without a server.
            server = request.getfixturevalue("postgres_server")
            opened = partial(Following, await stack.enter_async_context(own_schema(server)))
        if reopened:
            yield cast(Store, Reopened(opened))
        else:
            yield await stack.enter_async_context(opened())


class TestCheckpoints:
    async def test_checkpoint_when_never_read(self, keeps: Store) -> None:
        await keeps.write(step())
        assert await keeps.checkpoint("shop", "questions") is None
        assert await keeps.checkpoint("other", "chats") is None

    async def test_every_field_round_trips(self, keeps: Store) -> None:
        point = Checkpoint("shop", "chats", at(1), b"\x00\xff", begun=True, retained_since=at(2))
        await keeps.write(Step(point))
        assert await keeps.checkpoint("shop", "chats") == point

    async def test_last_write_wins(self, keeps: Store) -> None:
        await keeps.write(
            Step(Checkpoint("shop", "chats", at(1), b"1", begun=True, retained_since=at(2)))
        )
        await keeps.write(Step(Checkpoint("shop", "questions", at(3))))
        last = Checkpoint("shop", "chats", at(4))
        await keeps.write(Step(last))
        assert await keeps.checkpoint("shop", "chats") == last
        assert await keeps.checkpoint("shop", "questions") == Checkpoint("shop", "questions", at(3))


class TestSeenRecords:
    async def test_only_requested_known_records_are_returned(self, keeps: Store) -> None:
        await keeps.write(step(seen_records=["a", "b"]))
        assert (await keeps.seen_records("shop", "chats", ["b", "c"])).keys() == {"b"}
        assert await keeps.seen_records("shop", "chats", []) == {}
        assert await keeps.seen_records("shop", "questions", ["a"]) == {}
        assert await keeps.seen_records("other", "chats", ["a"]) == {}

    async def test_last_write_wins(self, keeps: Store) -> None:
        await keeps.write(step(seen_records=["a", "b"]))
        seen_records = {"a": SeenRecord("word", 7, None)}
        await keeps.write(Step(checkpoint(), seen_records=seen_records))
        assert await keeps.seen_records("shop", "chats", ["a"]) == seen_records
        assert (await keeps.seen_records("shop", "chats", ["b"]))["b"] == SeenRecord("1", 1, BEGIN)

    async def test_records_before_the_horizon_are_deleted(self, keeps: Store) -> None:
        seen_records = {
            "old": SeenRecord("", 1, at(1)),
            "edge": SeenRecord("", 1, at(2)),
            "ever": SeenRecord("", 1, None),
        }
        await keeps.write(Step(checkpoint(), seen_records=seen_records))
        await keeps.write(Step(checkpoint(stream="questions"), seen_records=seen_records))
        late = {"late and old": SeenRecord("", 1, at(0)), "late": SeenRecord("", 1, at(3))}
        await keeps.write(Step(checkpoint(), seen_records=late, forget_before=at(2)))
        found = await keeps.seen_records("shop", "chats", [*seen_records, *late])
        assert found.keys() == {"edge", "ever", "late"}
        assert await keeps.seen_records("shop", "questions", list(seen_records)) == seen_records

    async def test_hundred_thousand_records_are_requested_at_once(self, keeps: Store) -> None:
        keys = [f"message/{number}" for number in range(100_000)]
        await keeps.write(step(seen_records=keys[::1000]))
        assert (await keeps.seen_records("shop", "chats", keys)).keys() == set(keys[::1000])


class TestEvents:
    async def test_every_field_round_trips(self, keeps: Store) -> None:
        plain = event(1)
        full = msgspec.structs.replace(plain, chat=b"\x00chat", sent_as="key")
        await keeps.write(Step(checkpoint(), [plain, full]))
        first, second = await keeps.events(["shop"], after=0, limit=9)
        assert 0 < first.seq < second.seq
        assert first == msgspec.structs.replace(plain, seq=first.seq)
        assert second == msgspec.structs.replace(full, seq=second.seq)

    async def test_oldest_first_of_the_accounts(self, keeps: Store) -> None:
        await keeps.write(step(3, 1, account="a"))
        await keeps.write(step(2, account="b"))
        await keeps.write(step(9, account="c"))
        await keeps.write(step(5, account="a", stream="questions"))
        assert await numbers(keeps, "a", "b") == ["3", "1", "2", "5"]
        assert await numbers(keeps, "b") == ["2"]
        assert await numbers(keeps, "d") == []
        assert await numbers(keeps, "a", "b", limit=2) == ["3", "1"]
        second = (await keeps.events(["a"], after=0, limit=2))[1].seq
        assert await numbers(keeps, "a", "b", after=second) == ["2", "5"]

    async def test_confirmed_events_are_not_returned(self, keeps: Store) -> None:
        await keeps.write(step(1, 2, 3))
        first, _, third = await keeps.events(["shop"], after=0, limit=9)
        await keeps.confirm([first.seq, third.seq])
        await keeps.confirm([first.seq, 999])
        await keeps.confirm([])
        assert await numbers(keeps) == ["2"]

    async def test_sequence_numbers_are_not_reused(self, keeps: Store) -> None:
        await keeps.write(step(1))
        (first,) = await keeps.events(["shop"], after=0, limit=9)
        await keeps.confirm([first.seq])
        await keeps.write(step(2))
        assert await numbers(keeps, after=first.seq) == ["2"]

    async def test_backlog_by_account(self, keeps: Store) -> None:
        assert await keeps.backlog() == {}
        await keeps.write(step(1, 2, account="a"))
        await keeps.write(step(1, account="b"))
        assert await keeps.backlog() == {"a": 2, "b": 1}
        await keeps.confirm([one.seq for one in await keeps.events(["a"], after=0, limit=9)])
        assert await keeps.backlog() == {"b": 1}


class TestDeadLetters:
    async def test_event_becomes_a_dead_letter(self, keeps: Store) -> None:
        await keeps.write(step(1, 2))
        await keeps.write(step(3, account="other"))
        first, second = await keeps.events(["shop"], after=0, limit=9)
        (third,) = await keeps.events(["other"], after=0, limit=9)
        letters = [dead_letter(second, 5), dead_letter(third, 6), dead_letter(first, 7)]
        for letter in reversed(letters):
            await keeps.lay_aside(letter)
        assert await keeps.backlog() == {}
        assert await keeps.dead_letters() == letters
        assert await keeps.dead_letters(["shop"]) == [letters[0], letters[2]]
        assert await keeps.dead_letters([]) == []

    async def test_confirmed_event_is_not_laid_aside(self, keeps: Store) -> None:
        await keeps.write(step(1))
        (one,) = await keeps.events(["shop"], after=0, limit=9)
        await keeps.confirm([one.seq])
        await keeps.lay_aside(dead_letter(one))
        assert await keeps.dead_letters() == []

    async def test_redelivered_event_comes_last(self, keeps: Store) -> None:
        await keeps.write(step(1, 2))
        first, second = await keeps.events(["shop"], after=0, limit=9)
        await keeps.lay_aside(dead_letter(first))
        assert await keeps.redeliver(first.id)
        assert not await keeps.redeliver(first.id)
        assert await keeps.dead_letters() == []
        kept, again = await keeps.events(["shop"], after=0, limit=9)
        assert kept == second
        assert again == msgspec.structs.replace(first, seq=again.seq)
        assert again.seq > second.seq

    async def test_later_failure_replaces_the_former(self, keeps: Store) -> None:
        await keeps.write(step(1))
        (one,) = await keeps.events(["shop"], after=0, limit=9)
        await keeps.lay_aside(dead_letter(one))
        await keeps.write(step(1))
        (again,) = await keeps.events(["shop"], after=0, limit=9)
        await keeps.lay_aside(later := dead_letter(again, 9))
        assert await keeps.dead_letters() == [later]

    async def test_dropped_letter_is_gone(self, keeps: Store) -> None:
        await keeps.write(step(1))
        (one,) = await keeps.events(["shop"], after=0, limit=9)
        await keeps.lay_aside(dead_letter(one))
        assert await keeps.drop_dead_letter(one.id)
        assert not await keeps.drop_dead_letter(one.id)
        assert not await keeps.redeliver(one.id)
        assert await keeps.dead_letters() == []
        assert await keeps.backlog() == {}


class TestDeliveries:
    async def test_delivery_is_entered_once(self, keeps: Store) -> None:
        first = delivery(note="первая")
        assert await keeps.enter(first, b"work", owner="me") is None
        assert await keeps.enter(delivery(note="second"), b"other work", owner="you") == first
        assert await keeps.open_deliveries(["shop"]) == [Claim(first, "me")]
        assert await keeps.delivery("key") == first
        assert await keeps.work("key") == b"work"

    async def test_unknown_key_has_no_delivery(self, keeps: Store) -> None:
        assert await keeps.delivery("key") is None
        assert await keeps.work("key") == b""
        await keeps.drop("key")
        assert not await keeps.move(delivery(), was=list(DeliveryState))
        assert await keeps.delivery("key") is None

    @pytest.mark.parametrize("stands", DeliveryState)
    async def test_delivery_moves_only_from_the_named_states(
        self, keeps: Store, stands: DeliveryState
    ) -> None:
        await keeps.enter(standing := delivery(state=stands), b"")
        moved = delivery(state=UNKNOWN, note="moved")
        assert not await keeps.move(moved, was=set(DeliveryState) - {stands})
        assert not await keeps.move(moved, was=[])
        assert await keeps.delivery("key") == standing
        assert await keeps.move(moved, was=[stands])
        assert await keeps.delivery("key") == moved
        assert await keeps.deliveries([UNKNOWN]) == [moved]

    async def test_delivery_moves_only_by_its_owner(self, keeps: Store) -> None:
        await keeps.enter(one := delivery(), b"", owner="me")
        assert not await keeps.move(one, was=[SENDING], held_by="you", owner="you")
        assert not await keeps.move(one, was=[SENDING], held_by="", owner="you")
        assert await keeps.move(one, was=[SENDING], held_by="me", owner="you")
        assert not await keeps.move(one, was=[SENDING], held_by="me", owner="you")
        assert await keeps.move(one, was=[SENDING], owner="")
        assert not await keeps.move(one, was=[SENDING], held_by="you", owner="you")
        assert await keeps.move(one, was=[SENDING], held_by="", owner="you")

    async def test_owner_is_unchanged_when_not_given(self, keeps: Store) -> None:
        await keeps.enter(delivery(), b"", owner="me")
        await keeps.move(moved := delivery(state=ACCEPTED), was=[SENDING], held_by="me")
        assert await keeps.open_deliveries(["shop"]) == [Claim(moved, "me")]
        await keeps.write(step(deliveries=[seen := delivery(state=ACCEPTED, note="seen")]))
        assert await keeps.open_deliveries(["shop"]) == [Claim(seen, "me")]

    async def test_open_deliveries_of_accounts(self, keeps: Store) -> None:
        for state in DeliveryState:
            await keeps.enter(delivery(f"{state}", state), b"", owner="me")
            await keeps.enter(delivery(f"other {state}", state, account="other"), b"")
        found = await keeps.open_deliveries(["shop"])
        assert [one.delivery.state for one in found] == [PENDING, SENDING, ACCEPTED]
        assert {one.owner for one in found} == {"me"}
        assert len(await keeps.open_deliveries(["shop", "other"])) == 6
        assert await keeps.open_deliveries([]) == []

    @pytest.mark.parametrize("state", DeliveryState)
    async def test_payload_is_kept_until_the_final_state(
        self, keeps: Store, state: DeliveryState
    ) -> None:
        await keeps.enter(delivery(), b"work")
        assert await keeps.move(delivery(state=state), was=[SENDING])
        assert await keeps.work("key") == (b"" if state in FINAL else b"work")

    async def test_dropped_keys_can_be_reused(self, keeps: Store) -> None:
        await keeps.enter(delivery(note="first"), b"work")
        await keeps.drop("key")
        assert await keeps.delivery("key") is None
        assert await keeps.work("key") == b""
        second = delivery(note="second")
        assert await keeps.enter(second, b"other work") is None
        assert await keeps.work("key") == b"other work"

    async def test_deliveries_are_listed_oldest_first(self, keeps: Store) -> None:
        one, two, three = delivery("z"), delivery("a", UNKNOWN), delivery("m", account="other")
        for new in (one, two, three):
            await keeps.enter(new, b"")
        await keeps.move(one := delivery("z", ACCEPTED), was=[SENDING])
        assert await keeps.deliveries() == [one, two, three]
        assert await keeps.deliveries([ACCEPTED, SENDING]) == [one, three]
        assert await keeps.deliveries(accounts=["shop"]) == [one, two]
        assert await keeps.deliveries(OPEN, ["other"]) == [three]
        assert await keeps.deliveries([]) == []
        assert await keeps.deliveries(accounts=[]) == []

    async def test_deliveries_to_one_target(self, keeps: Store) -> None:
        mine = [delivery("z"), delivery("a", CONFIRMED)]
        target = mine[0].target
        elsewhere = msgspec.structs.replace(target, id="2")
        question = msgspec.structs.replace(target, noun=Noun.QUESTION)
        others = [
            delivery("b", account="other"),
            msgspec.structs.replace(delivery("c"), target=elsewhere),
            msgspec.structs.replace(delivery("d"), target=question),
        ]
        for new in (mine[0], *others, mine[1]):
            await keeps.enter(new, b"")
        assert await keeps.delivered_to(target) == mine
        assert await keeps.delivered_to(elsewhere) == others[1:2]
        assert await keeps.delivered_to(question) == others[2:]
        assert await keeps.delivered_to(Ref("toy", "shop", Noun.CHAT, "3")) == []

    async def test_old_final_deliveries_are_deleted(self, keeps: Store) -> None:
        for state in DeliveryState:
            for minutes in (1, 2, 3):
                await keeps.enter(delivery(f"{state}{minutes}", state, minutes=minutes), b"")
        await keeps.forget_deliveries(at(2))
        gone = {"confirmed1", "rejected1"}
        kept = {one.idempotency_key for one in await keeps.deliveries()}
        assert len(kept) == 16
        assert not kept & gone

    async def test_payload_of_megabytes_round_trips(self, keeps: Store) -> None:
        work = bytes(range(256)) * 40_000
        await keeps.enter(delivery(), work)
        assert await keeps.work("key") == work


class TestDeliveriesInSteps:
    @pytest.mark.parametrize("stands", DeliveryState)
    async def test_delivery_is_updated_unless_final(
        self, keeps: Store, stands: DeliveryState
    ) -> None:
        await keeps.enter(standing := delivery(state=stands), b"work")
        seen = delivery(state=CONFIRMED, note="seen")
        await keeps.write(step(deliveries=[seen]))
        assert await keeps.delivery("key") == (standing if stands in FINAL else seen)
        assert await keeps.work("key") == (b"work" if stands in FINAL else b"")

    async def test_delivery_is_not_created_by_an_update(self, keeps: Store) -> None:
        await keeps.write(step(deliveries=[delivery(state=CONFIRMED)]))
        assert await keeps.deliveries() == []


class TestHints:
    async def test_hint_is_kept_until_dropped(self, keeps: Store) -> None:
        one, two = Hint("a", "chats", "1"), Hint("a", "chats")
        await keeps.hint([one, Hint("b", "chats", "1"), two])
        found = await keeps.hints(["a"])
        assert [hint for _, hint in found] == [one, two]
        await keeps.drop_hints([found[0][0], 999])
        assert await keeps.hints(["a"]) == found[1:]
        assert len(await keeps.hints(["a", "b"])) == 2
        assert await keeps.hints([]) == []

    async def test_equal_hint_added_during_a_round_is_kept(self, keeps: Store) -> None:
        hint, other = Hint("a", "chats", "1"), Hint("a", "chats", "2")
        await keeps.hint([hint, other])
        followed = [number for number, _ in await keeps.hints(["a"])]
        await keeps.hint([hint])
        again = await keeps.hints(["a"])
        assert [one for _, one in again] == [other, hint]
        await keeps.drop_hints(followed)
        assert await keeps.hints(["a"]) == again[1:]

    async def test_hint_numbers_are_not_reused(self, keeps: Store) -> None:
        await keeps.hint([Hint("a", "chats")])
        ((number, _),) = await keeps.hints(["a"])
        await keeps.drop_hints([number])
        await keeps.hint([Hint("a", "chats")])
        await keeps.drop_hints([number])
        assert len(await keeps.hints(["a"])) == 1


ACCOUNTS = st.sampled_from(["a", "b", "магазин"])
STREAMS = st.sampled_from(["chats", "questions"])
KEYS = st.sampled_from(["k1", "k2", "k3"])
OWNERS = st.sampled_from(["", "me", "you"])
MOMENTS = st.integers(0, 5).map(at)
STATES = st.sampled_from(list(DeliveryState))
FEW = st.sets(STATES)
CHECKPOINTS = st.builds(
    Checkpoint,
    ACCOUNTS,
    STREAMS,
    MOMENTS,
    st.none() | st.binary(max_size=2),
    st.booleans(),
    st.none() | MOMENTS,
)
MEMOS = st.builds(SeenRecord, st.text(max_size=2), st.integers(1, 9), st.none() | MOMENTS)
DELIVERIES = st.builds(delivery, KEYS, STATES, account=ACCOUNTS, minutes=st.integers(0, 5))
STEPS = st.builds(
    Step,
    CHECKPOINTS,
    st.lists(st.builds(event, st.integers(1, 9), ACCOUNTS), max_size=3),
    st.dictionaries(KEYS, MEMOS, max_size=3),
    st.none() | MOMENTS,
    st.lists(DELIVERIES, max_size=2),
)
HINTS = st.builds(Hint, ACCOUNTS, STREAMS, st.sampled_from(["", "1"]))


Call: TypeAlias = tuple[str, tuple[object, ...], dict[str, object]]


def _call(
    name: str, *args: st.SearchStrategy[object], **named: st.SearchStrategy[object]
) -> st.SearchStrategy[Call]:
    return st.tuples(st.just(name), st.tuples(*args), st.fixed_dictionaries(named))


NUMBERS = st.sets(st.integers(1, 12), max_size=4)
LOOKS = [
    _call("checkpoint", ACCOUNTS, STREAMS),
    _call("seen_records", ACCOUNTS, STREAMS, st.sets(KEYS)),
    _call("events", st.sets(ACCOUNTS), after=st.integers(0, 6), limit=st.integers(1, 5)),
    _call("backlog"),
    _call("delivery", KEYS),
    _call("work", KEYS),
    _call("deliveries", st.none() | FEW, st.none() | st.sets(ACCOUNTS)),
    _call("open_deliveries", st.sets(ACCOUNTS)),
    _call("hints", st.sets(ACCOUNTS)),
]
CHANGES = [
    _call("write", STEPS),
    _call("write", STEPS),
    _call("confirm", NUMBERS),
    _call("enter", DELIVERIES, st.binary(max_size=2), owner=OWNERS),
    _call("enter", DELIVERIES, st.binary(max_size=2), owner=OWNERS),
    _call("move", DELIVERIES, was=FEW, held_by=st.none() | OWNERS, owner=st.none() | OWNERS),
    _call("drop", KEYS),
    _call("forget_deliveries", MOMENTS),
    _call("hint", st.lists(HINTS, max_size=3, unique_by=str)),
    _call("drop_hints", NUMBERS),
]
ALL: list[Call] = [
    *[("checkpoint", (a, s), {}) for a in ("a", "b", "магазин") for s in ("chats", "questions")],
    *[("seen_records", (a, s, ["k1", "k2", "k3"]), {}) for a in ("a", "b") for s in ("chats",)],
    *[("work", (key,), {}) for key in ("k1", "k2", "k3")],
    ("events", (["a", "b", "магазин"],), {"after": 0, "limit": 999}),
    ("deliveries", (), {}),
    ("open_deliveries", (["a", "b", "магазин"],), {}),
    ("hints", (["a", "b", "магазин"],), {}),
]
"""All stored data."""


REOPEN: Call = ("reopen", (), {})


@given(calls=st.lists(st.one_of(*CHANGES, *LOOKS, st.just(REOPEN)), max_size=25))
async def test_reopened_file_equals_the_memory_store(calls: list[Call]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        await compare(calls, lambda: SqliteStore(Path(folder) / "state.db"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=st.lists(st.one_of(*CHANGES, *LOOKS, st.just(REOPEN)), max_size=25))
async def test_reopened_database_equals_the_memory_store(
    postgres_server: str, calls: list[Call]
) -> None:
    async with own_schema(postgres_server) as url:
        await compare(calls, lambda: Following(url))


async def compare(calls: Iterable[Call], opened: Callable[[], Opened]) -> None:
    """Make the same calls to a store and to one in memory."""
    memory = MemoryStore()
    store = await opened().__aenter__()
    try:
        for name, args, named in [*calls, *ALL]:
            if name == "reopen":
                await store.aclose()
                store = await opened().__aenter__()
            else:
                expected = await getattr(memory, name)(*args, **named)
                assert await getattr(store, name)(*args, **named) == expected, name
    finally:
        await store.aclose()
