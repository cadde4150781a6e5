"""Overlap polling over a list for tests: where rounds begin, and their records."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tests.wbym.feed.followed import ref
from wbym.account import Batch, Poll, Stream
from wbym.domain import Question, UndecodableRecord
from wbym.errors import InvalidInput, NotFound, ServerError, WbymError
from wbym.feed._polling import (
    Due,
    Failures,
    Overlap,
    OverlapStream,
    Polled,
    StreamId,
    in_order,
    newest_of,
    round_interval,
)
from wbym.limits import Priority, Window
from wbym.paging import Listing, Page, Reading

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
EARLIEST = datetime(2018, 1, 1, tzinfo=UTC)
ID = StreamId("toy", "shop", "questions")
OVERLAP = Overlap(late=4 * HOUR, wide=30 * DAY, retention=45 * DAY, earliest=EARLIEST)


def failure() -> ServerError:
    return ServerError("lost", marketplace="toy", account="shop", endpoint="questions", status=500)


class Wire(msgspec.Struct):
    """A record at the marketplace."""

    id: str
    created: datetime | None
    version: str | None = ""
    changed: datetime | None = None
    fault: bool = False


class Shop:
    """A marketplace's list, both clocks, and the records that a stream showed."""

    def __init__(self, overlap: Overlap = OVERLAP, since: datetime = NOW) -> None:
        self.overlap = overlap
        self.since = since
        self.time = NOW
        self.jumped = timedelta()
        """How far the local clock is ahead."""
        self.records: list[Wire] = []
        self.page_size = 100
        self.begins: list[datetime] = []
        self.priorities: list[Priority | None] = []
        self.read_by_id: list[str] = []
        self.reported: list[UndecodableRecord] = []
        self.fails_on: Callable[[str], WbymError | None] = lambda id_: None
        self.state: bytes | None = None
        self.forget_before: datetime | None = None
        self.versions: dict[str, str] = {}

    def now(self) -> datetime:
        return self.time + self.jumped

    def arrive(self, ago: timedelta = timedelta(), version: str | None = "") -> str:
        self.records.append(Wire(str(len(self.records) + 1), self.time - ago, version))
        return self.records[-1].id

    def listing(self, begin: datetime, wide: bool = False) -> Sequence[Listing[Wire]]:
        self.begins.append(begin)

        async def read(reading: Reading) -> AsyncGenerator[Page[Wire], None]:
            self.priorities.append(reading.priority)
            found = [one for one in self.records if one.created is None or one.created >= begin]
            for start in range(0, max(1, len(found)), self.page_size):
                some = found[start : start + self.page_size]
                for one in some:
                    if (error := self.fails_on(one.id)) is not None:
                        raise error
                yield Page(some, "", None)

        return [Listing(read)]

    async def by_id(self, id_: str) -> Wire:
        self.read_by_id.append(id_)
        if not id_.isdigit():
            raise InvalidInput("questions", "hints", "must be a number", id_)
        if (error := self.fails_on(id_)) is not None:
            raise error
        for one in self.records:
            if one.id == id_:
                return one
        raise NotFound("none", marketplace="toy", account="shop", endpoint="questions")

    def polled(self, wire: Wire) -> Polled:
        if wire.fault:
            raise ValueError("odd")
        question = Question(ref=ref(wire.id), text="?", created_at=wire.created or EARLIEST)
        return Polled(question, wire.created, wire.version, wire.changed)

    def report(self, endpoint: str, where: str, error: Exception, data: bytes) -> UndecodableRecord:
        record = UndecodableRecord.of(
            "toy", "shop", endpoint, where, f"{type(error).__name__}: {error}", data
        )
        self.reported.append(record)
        return record

    def stream(
        self,
        *,
        by_id: bool = True,
        changed: bool = False,
        first_version: str | None = None,
        budget: Window | None = None,
    ) -> Stream:
        return OverlapStream(
            ID,
            self.overlap,
            listings=self.listing,
            polled=self.polled,
            report=self.report,
            every=30.0,
            by_id=self.by_id if by_id else None,
            changed=(lambda begin: self.listing(begin)[0]) if changed else None,
            first_version=first_version,
            budget=None if budget is None else lambda: budget,
            requests=2,
            at_once=2,
            now=self.now,
        )

    async def known(self, noun: str, ids: Collection[str]) -> Mapping[str, str]:
        assert noun == "question"
        return {one: self.versions[one] for one in ids if one in self.versions}

    async def round(
        self,
        stream: Stream,
        *,
        due: bool = True,
        hints: Collection[str] = (),
        stop: int | None = None,
    ) -> list[str]:
        """Poll one round, or its first batches; returns the ids in order."""
        shown: list[str] = []
        request = Poll(self.state, self.since, self.known, due, frozenset(hints))
        async with aclosing(stream.poll(request)) as batches:
            number = 0
            async for batch in batches:
                self._take(batch, shown)
                number += 1
                if number == stop:
                    break
        return shown

    def _take(self, batch: Batch, shown: list[str]) -> None:
        for observation in batch.observations:
            shown.append(observation.record.ref.id)
            if observation.version is not None:
                self.versions[observation.record.ref.id] = observation.version
        self.state = batch.state or self.state
        self.forget_before = batch.forget_before or self.forget_before


class TestBegin:
    @pytest.mark.parametrize(
        ("since", "begin"),
        [
            (NOW, NOW - 30 * DAY),
            (NOW + DAY, NOW - 30 * DAY),
            (EARLIEST + DAY, EARLIEST),
            (datetime.min.replace(tzinfo=UTC), EARLIEST),
        ],
    )
    async def test_first_round(self, since: datetime, begin: datetime) -> None:
        shop = Shop(since=since)
        await shop.round(shop.stream())
        assert shop.begins == [begin]

    async def test_round_when_records_arrived(self) -> None:
        shop = Shop()
        stream = shop.stream()
        first = shop.arrive(-2 * HOUR)
        shop.time += 3 * HOUR
        assert await shop.round(stream) == [first]
        assert shop.forget_before == NOW + 2 * HOUR - 45 * DAY
        await shop.round(stream)
        assert shop.begins[1] == NOW + 2 * HOUR - 4 * HOUR

    async def test_round_when_nothing_arrives(self) -> None:
        shop = Shop()
        await shop.round(shop.stream())
        shop.time += 59 * DAY
        for _ in range(2):
            await shop.round(shop.stream())
        assert shop.begins[1:] == [NOW - 30 * DAY, NOW - 4 * HOUR]

    async def test_round_when_nothing_arrives_and_the_overlap_is_short(self) -> None:
        shop = Shop(msgspec.structs.replace(OVERLAP, quiet=20 * DAY))
        await shop.round(shop.stream())
        shop.time += 59 * DAY
        await shop.round(shop.stream())
        await shop.round(shop.stream())
        last = NOW + 59 * DAY
        assert shop.begins[1:] == [NOW - 30 * DAY, last - 20 * DAY - 4 * HOUR]

    async def test_round_when_the_local_clock_was_far_ahead(self) -> None:
        shop = Shop(msgspec.structs.replace(OVERLAP, quiet=20 * DAY))
        stream = shop.stream()
        shop.jumped = 400 * DAY
        shop.since = shop.now()
        shop.state = msgspec.json.encode({"newest": NOW, "read": 0.0, "long": [0.0, 0.0]})
        await shop.round(stream)
        shop.jumped = timedelta()
        await shop.round(stream)
        assert shop.begins[-1] == NOW - 30 * DAY
        await shop.round(stream)
        assert shop.begins[-1] == NOW - 4 * HOUR

    @pytest.mark.parametrize("field", ["created", "changed"])
    async def test_round_when_a_time_is_in_the_future(self, field: str) -> None:
        shop = Shop()
        shop.records = [msgspec.structs.replace(Wire("1", NOW), **{field: NOW + 400 * DAY})]
        await shop.round(shop.stream())
        shop.time += MINUTE
        await shop.round(shop.stream())
        assert shop.begins[-1] == NOW - 4 * HOUR

    async def test_round_when_a_record_changed_later(self) -> None:
        shop = Shop()
        shop.records = [Wire("1", NOW - DAY, changed=NOW + HOUR), Wire("2", None)]
        shop.time += 2 * HOUR
        await shop.round(shop.stream())
        await shop.round(shop.stream())
        assert shop.begins[-1] == NOW + HOUR - 4 * HOUR


class TestWideRounds:
    async def test_round_when_a_wide_one_is_due(self) -> None:
        shop = Shop()
        await shop.round(shop.stream())
        late = shop.arrive(ago=5 * HOUR)
        found = []
        for _ in range(3):  # neither rounds in between nor a restart delay it
            shop.time += 20 * MINUTE
            found.append(await shop.round(shop.stream()))
        assert found == [[], [], [late]]
        assert await shop.round(shop.stream()) == []

    async def test_round_when_the_local_clock_was_set_back(self) -> None:
        shop = Shop()
        await shop.round(shop.stream())
        late = shop.arrive(ago=5 * HOUR)
        shop.jumped = -400 * DAY
        assert await shop.round(shop.stream()) == [late]
        assert await shop.round(shop.stream()) == []

    async def test_round_when_not_due(self) -> None:
        shop = Shop()
        await shop.round(shop.stream())
        shop.time += 2 * HOUR
        new = shop.arrive()
        late = shop.arrive(ago=7 * HOUR)
        assert await shop.round(shop.stream(), due=False, hints=[""]) == [new]
        assert await shop.round(shop.stream()) == [late, new]

    async def test_priority_when_a_round_is_wide(self) -> None:
        shop = Shop()
        for passed in (timedelta(), MINUTE, HOUR):
            shop.time += passed
            await shop.round(shop.stream())
        assert shop.priorities == [Priority.BULK, None, Priority.BULK]


class TestBatches:
    async def test_batch_when_records_come_in_any_order(self) -> None:
        shop = Shop()
        newer, older = shop.arrive(), shop.arrive(ago=HOUR)
        shop.records.append(Wire("3", None))
        shop.since = NOW - 2 * HOUR
        assert await shop.round(shop.stream()) == ["3", older, newer]

    async def test_round_when_it_fails_half_way(self) -> None:
        shop = Shop()
        stream = shop.stream()
        await shop.round(stream)
        before = shop.state, shop.forget_before
        shop.time += 2 * HOUR
        ids = [shop.arrive() for _ in range(5)]
        shop.page_size = 2
        shop.fails_on = lambda id_: failure() if id_ == ids[3] else None
        with pytest.raises(ServerError):
            await shop.round(stream)
        assert set(shop.versions) == set(ids[:2])
        assert (shop.state, shop.forget_before) == before
        shop.fails_on = lambda id_: None
        assert await shop.round(stream) == ids

    async def test_round_when_it_is_cut_short(self) -> None:
        shop = Shop()
        ids = [shop.arrive() for _ in range(5)]
        shop.page_size = 2
        for stop in (1, 2, 3):
            assert await shop.round(shop.stream(), stop=stop) == ids[: 2 * stop]
            assert shop.state is None
        assert await shop.round(shop.stream()) == ids
        assert shop.state is not None

    async def test_record_when_undecodable(self) -> None:
        shop = Shop()
        good = shop.arrive()
        shop.records.append(Wire("2", NOW, fault=True))
        stream = shop.stream()
        batches = [b async for b in stream.poll(Poll(None, NOW, shop.known))]
        first, second = batches[0].observations
        assert isinstance(first.record, UndecodableRecord)
        assert first.at == NOW
        assert second.record.ref.id == good
        assert [one.reason for one in shop.reported] == ["ValueError: odd"]
        shop.state = batches[-1].state
        assert len(await shop.round(stream, due=False, hints=["2"])) == 1
        assert len(shop.reported) == 2

    async def test_version_when_the_list_lacks_it(self) -> None:
        shop = Shop()
        shop.arrive(version=None)
        stream = shop.stream(first_version="waiting")
        await shop.round(stream)
        assert shop.versions == {"1": "waiting"}
        shop.versions["1"] = "answered"
        await shop.round(stream)
        assert shop.versions == {"1": "answered"}


class TestHints:
    async def test_hint_when_the_record_does_not_exist(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO", "wbym.toy")
        shop = Shop()
        old = shop.arrive(ago=400 * DAY)
        shop.state = msgspec.json.encode({"newest": NOW})
        before = shop.state
        assert await shop.round(shop.stream(), due=False, hints=[old, "999", "no-id"]) == [old]
        assert (shop.begins, shop.state) == ([], before)
        assert caplog.text.count("shop: ignored a hint") == 2

    async def test_hint_when_it_fails(self, caplog: pytest.LogCaptureFixture) -> None:
        shop = Shop()
        first, second = shop.arrive(), shop.arrive()
        third = shop.arrive()
        shop.fails_on = lambda id_: failure() if id_ == first and shop.begins == [] else None
        with pytest.raises(ServerError):
            await shop.round(shop.stream(), hints=[first, second, ""])
        assert set(shop.versions) == {first, second, third}, "the round went on"
        assert shop.state is not None
        assert f"shop: questions {first} could not be read" in caplog.text

    async def test_hint_when_records_cannot_be_read_by_id(self) -> None:
        shop = Shop()
        stream = shop.stream(by_id=False, changed=True)
        await shop.round(stream)
        before = shop.state
        new = shop.arrive()
        assert await shop.round(stream, due=False, hints=["7"]) == [new]
        assert shop.begins[1:] == [NOW - 4 * HOUR]
        assert shop.state == before

    async def test_hint_when_rounds_read_all_records(self) -> None:
        shop = Shop()
        stream = shop.stream(by_id=False)
        await shop.round(stream)
        new = shop.arrive()
        assert await shop.round(stream, due=False, hints=["7"]) == [new]
        assert await shop.round(stream, hints=["7"]) == [new]
        assert len(shop.begins) == 3

    async def test_poll_when_not_due_and_without_hints(self) -> None:
        shop = Shop()
        assert await shop.round(shop.stream(), due=False) == []
        assert shop.begins == []


class TestRate:
    async def test_every_when_a_normal_round_is_long(self) -> None:
        shop = Shop()
        stream = shop.stream(budget=Window(limit=100, period=3600))
        assert stream.every == 2 * 36 / 0.5
        for _ in range(5):
            shop.arrive()
        shop.page_size = 1
        await shop.round(stream)
        assert stream.every == 144, "the first round does not count"
        await shop.round(stream)
        assert stream.every == 5 * 144
        assert shop.stream().every == 30, "no budget is no bound"

    async def test_wide_rounds_when_they_are_long(self) -> None:
        shop = Shop()
        stream = shop.stream(budget=Window(limit=100, period=3600))
        for _ in range(20):
            shop.arrive(ago=5 * HOUR)
        shop.page_size = 1
        for passed in (0, 3600, 3600, 2159, 1):  # 20 pages, 2 requests each: 5760 s
            shop.time += timedelta(seconds=passed)
            await shop.round(stream)
        is_wide = [priority is Priority.BULK for priority in shop.priorities]
        assert is_wide == [True, True, False, False, True]


class TestStored:
    """States of earlier versions can be read."""

    async def test_state_when_wildberries_stored_it(self) -> None:
        shop = Shop()
        shop.state = b'{"newest":"2026-05-01T09:30:15Z","wide_at":"2026-05-01T11:30:00.123456Z"}'
        late = shop.arrive(ago=5 * DAY)
        assert await shop.round(shop.stream()) == [late]
        newest = datetime(2026, 5, 1, 9, 30, 15, tzinfo=UTC)
        await shop.round(shop.stream())
        assert shop.begins == [newest - 30 * DAY, newest - 4 * HOUR]
        assert shop.forget_before == newest - 45 * DAY

    async def test_state_when_yandex_market_stored_it(self) -> None:
        shop = Shop(msgspec.structs.replace(OVERLAP, quiet=20 * DAY))
        began = NOW.timestamp() - 1800
        shop.state = b'{"newest":"2026-05-01T09:30:15Z","read":%f,"long":[%f,3600.0]}' % (
            NOW.timestamp() - 60,
            began,
        )
        newest = datetime(2026, 5, 1, 9, 30, 15, tzinfo=UTC)
        await shop.round(shop.stream())
        shop.time += 30 * MINUTE
        await shop.round(shop.stream())
        assert shop.begins == [newest - 4 * HOUR, newest - 30 * DAY]

    def test_due_when_yandex_markets_chats_stored_it(self) -> None:
        due = msgspec.json.decode(b"[1777636800.0,600.0]", type=Due)
        assert due == Due(NOW.timestamp(), 600.0)
        assert msgspec.json.encode(due) == b"[1777636800.0,600.0]"


class TestParts:
    @pytest.mark.parametrize(
        ("passed", "is_over"), [(0, False), (59, False), (60, True), (10**9, True), (-1, True)]
    )
    def test_due_after_a_time(self, passed: float, is_over: bool) -> None:
        due = Due(NOW.timestamp(), 60.0)
        assert due.is_over(NOW + timedelta(seconds=passed)) is is_over

    def test_newest_when_times_are_odd(self) -> None:
        assert newest_of(NOW - DAY, [None, NOW - HOUR, NOW - 2 * DAY], NOW) == NOW - HOUR
        assert newest_of(NOW - DAY, [NOW + DAY], NOW) == NOW
        assert newest_of(NOW - DAY, [], NOW) == NOW - DAY

    def test_round_interval_when_a_share_is_taken(self) -> None:
        assert round_interval(Window(limit=60, period=3600), 3, 0.25) == 720

    def test_failures_when_there_are_several(self) -> None:
        failures = Failures(ID)
        failures.raise_first()
        assert not failures
        first = failure()
        failures.add("1", first)
        failures.add("2", failure())
        assert failures
        with pytest.raises(ServerError) as raised:
            failures.raise_first()
        assert raised.value is first

    @pytest.mark.looptime
    async def test_in_order_when_calls_end_in_another(self) -> None:
        running, most = 0, 0

        def call(number: int) -> Callable[[], "asyncio.Future[int | None]"]:
            async def run() -> int | None:
                nonlocal running, most
                running += 1
                most = max(most, running)
                await asyncio.sleep(5 - number)
                running -= 1
                return None if number == 2 else number

            return lambda: asyncio.ensure_future(run())

        found = [one async for one in in_order([call(n) for n in range(5)], 2)]
        assert (found, most) == ([0, 1, 3, 4], 2)

    @pytest.mark.looptime
    async def test_in_order_when_left_early(self) -> None:
        cancelled: list[int] = []

        async def run(number: int) -> int:
            try:
                await asyncio.sleep(number)
            except asyncio.CancelledError:
                cancelled.append(number)
                raise
            return number

        calls = [lambda: run(1), lambda: run(9), lambda: run(9)]
        async with aclosing(in_order(calls, 2)) as found:
            assert await anext(found) == 1
        assert cancelled == [9, 9]
