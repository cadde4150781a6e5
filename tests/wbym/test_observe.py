import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tests.support.fakes import ToyDialect, json_response, pipeline
from tests.support.items import FILE, ITEM, READ, SEND, SLOW, UNSENT
from tests.wbym.limits.support import charge
from wbym.calls import Response, RetryPolicy
from wbym.errors import (
    BadRequest,
    CallTimeout,
    ConnectionFailed,
    DeliveryUnknown,
    NotFound,
    QuotaExhausted,
    RateLimited,
)
from wbym.limits import LimitSignal, Quota, Scheduler
from wbym.observe import CallObserver, Observer, current, set_observer


class Attempt(msgspec.Struct):
    attempt: int
    status: int | None
    error: type[BaseException] | None
    waited: float
    seconds: float


class Watched(CallObserver):
    def __init__(self, facts: dict[str, str]) -> None:
        self.facts = facts
        self.attempts: list[Attempt] = []
        self.end: Attempt | None = None

    def attempt_ended(
        self,
        *,
        attempt: int,
        status: int | None,
        error: BaseException | None,
        waited: float,
        seconds: float,
    ) -> None:
        kind = None if error is None else type(error)
        self.attempts.append(Attempt(attempt, status, kind, waited, seconds))

    def ended(
        self,
        *,
        status: int | None,
        error: BaseException | None,
        attempts: int,
        waited: float,
        seconds: float,
    ) -> None:
        assert self.end is None
        kind = None if error is None else type(error)
        self.end = Attempt(attempts, status, kind, waited, seconds)


class Recorder(Observer):
    def __init__(self) -> None:
        self.calls: list[Watched] = []
        self.bans: list[tuple[str, str, datetime]] = []

    def call_began(
        self, *, marketplace: str, account: str, endpoint: str, method: str, address: str
    ) -> CallObserver:
        facts = {
            "marketplace": marketplace,
            "account": account,
            "endpoint": endpoint,
            "method": method,
            "address": address,
        }
        self.calls.append(Watched(facts))
        return self.calls[-1]

    def banned(self, *, marketplace: str, bucket: str, until: datetime) -> None:
        self.bans.append((marketplace, bucket, until))


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    recorder = Recorder()
    set_observer(recorder)
    yield recorder
    assert set_observer(None) is recorder


@pytest.mark.looptime
class TestCalls:
    async def test_call_when_successful(self, recorder: Recorder) -> None:
        calls, _, _ = pipeline(ITEM)
        await calls.call(READ)
        (call,) = recorder.calls
        assert call.facts == {
            "marketplace": "toy",
            "account": "shop",
            "endpoint": "items.read",
            "method": "GET",
            "address": "https://api.example",
        }
        assert call.attempts == [Attempt(1, 200, None, 0, 0)]
        assert call.end == Attempt(1, 200, None, 0, 0)

    async def test_call_when_it_waits_for_a_limit(self, recorder: Recorder) -> None:
        dialect = ToyDialect(quota=Quota(limit=1, period=10, burst=1))
        calls, _, _ = pipeline(ITEM, ITEM, dialect=dialect)
        await calls.call(READ)
        await calls.call(READ)
        end = recorder.calls[1].end
        assert end is not None
        assert end.waited == pytest.approx(10, rel=0.1)
        assert end.seconds == end.waited
        assert recorder.calls[1].attempts == [Attempt(1, 200, None, end.waited, 0)]

    async def test_call_when_rate_limited(self, recorder: Recorder) -> None:
        calls, _, _ = pipeline(Response(429, {"retry": "7"}), Response(204, {}))
        before = datetime.now(UTC)
        await calls.call(SEND, body={})
        (call,) = recorder.calls
        limited, succeeded = call.attempts
        assert limited == Attempt(1, 429, RateLimited, 0, 0)
        assert (succeeded.attempt, succeeded.status, succeeded.error) == (2, 204, None)
        assert succeeded.waited == pytest.approx(7, abs=0.01)
        assert call.end == Attempt(2, 204, None, succeeded.waited, succeeded.waited)
        ((marketplace, bucket, until),) = recorder.bans
        assert (marketplace, bucket) == ("toy", "toy/seller/usual/items")
        assert timedelta(0) <= until - before - timedelta(seconds=7) < timedelta(seconds=5)

    async def test_call_when_retried(self, recorder: Recorder) -> None:
        retry = RetryPolicy(base_delay=4)
        calls, _, _ = pipeline(SLOW, Response(502, {}), UNSENT, ITEM, retry=retry)
        await calls.call(READ)
        (call,) = recorder.calls
        assert [(one.attempt, one.status) for one in call.attempts] == [
            (1, None),
            (2, 502),
            (3, None),
            (4, 200),
        ]
        assert call.attempts[0].error is CallTimeout
        assert call.attempts[2].error is ConnectionFailed
        assert call.end is not None
        assert (call.end.attempt, call.end.error, call.end.waited) == (4, None, 0)
        assert call.end.seconds >= (4 + 8 + 16) / 2

    async def test_call_when_its_outcome_is_unknown(self, recorder: Recorder) -> None:
        calls, _, _ = pipeline(SLOW)
        with pytest.raises(DeliveryUnknown):
            await calls.call(SEND, body={})
        (call,) = recorder.calls
        assert call.attempts == [Attempt(1, None, CallTimeout, 0, 0)]
        assert call.end == Attempt(1, None, DeliveryUnknown, 0, 0)

    async def test_call_when_rejected(self, recorder: Recorder) -> None:
        calls, _, _ = pipeline(json_response({"error": "нет"}, 404))
        with pytest.raises(NotFound):
            await calls.call(READ)
        assert recorder.calls[0].attempts == [Attempt(1, 404, NotFound, 0, 0)]
        assert recorder.calls[0].end == Attempt(1, 404, NotFound, 0, 0)

    async def test_call_when_the_quota_is_exhausted(self, recorder: Recorder) -> None:
        dialect = ToyDialect(quota=Quota(limit=1, period=100, burst=1))
        calls, _, _ = pipeline(ITEM, dialect=dialect, max_wait=5)
        await calls.call(READ)
        with pytest.raises(QuotaExhausted):
            await calls.call(READ)
        assert recorder.calls[1].attempts == [Attempt(1, None, QuotaExhausted, 0, 0)]
        assert recorder.calls[1].end == Attempt(1, None, QuotaExhausted, 0, 0)

    async def test_call_when_cancelled(self, recorder: Recorder) -> None:
        dialect = ToyDialect(quota=Quota(limit=1, period=100, burst=1))
        calls, _, _ = pipeline(ITEM, dialect=dialect)
        await calls.call(READ)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(calls.call(READ), 3)
        assert recorder.calls[1].end == Attempt(1, None, asyncio.CancelledError, 3, 3)

    async def test_call_when_the_path_does_not_fit(self, recorder: Recorder) -> None:
        calls, _, _ = pipeline()
        with pytest.raises(ValueError, match="no parameter group"):
            await calls.call(READ, path={"group": 1})
        assert not recorder.calls

    async def test_download_when_it_begins_at_the_second_attempt(self, recorder: Recorder) -> None:
        calls, _, _ = pipeline(Response(503, {}), Response(200, {}, b"0123456789"))
        async with calls.download(FILE) as file:
            (call,) = recorder.calls
            assert [one.status for one in call.attempts] == [503, 200]
            assert call.end is not None
            await file.read()
        assert (call.end.attempt, call.end.status, call.end.error) == (2, 200, None)

    async def test_call_when_its_response_is_slow(self, recorder: Recorder) -> None:
        calls, _, _ = pipeline(ITEM)
        await calls.call(READ, gate=lambda: asyncio.sleep(2))
        (call,) = recorder.calls
        assert call.attempts == [Attempt(1, 200, None, 0, 2)]
        assert call.end == Attempt(1, 200, None, 0, 2)

    async def test_call_when_the_quota_is_exhausted_by_the_first_attempt(
        self, recorder: Recorder
    ) -> None:
        dialect = ToyDialect(quota=Quota(limit=1, period=100, burst=1))
        calls, _, _ = pipeline(SLOW, dialect=dialect, retry=RetryPolicy(base_delay=4), max_wait=5)
        with pytest.raises(QuotaExhausted):
            await calls.call(READ)
        (call,) = recorder.calls
        assert call.attempts[1] == Attempt(2, None, QuotaExhausted, 0, 0)
        assert call.end is not None
        assert (call.end.attempt, call.end.waited) == (2, 0)

    async def test_ban_when_a_shorter_one_follows(self, recorder: Recorder) -> None:
        """It changes nothing, so it is not reported."""
        scheduler = Scheduler()
        charges = charge()
        async with scheduler.lease(charges) as one, scheduler.lease(charges) as two:
            one.settle(signal=LimitSignal(retry_after=60))
            two.settle(signal=LimitSignal(retry_after=1))
        assert len(recorder.bans) == 1


class Broken(Observer):
    def __init__(self, call: CallObserver | None) -> None:
        self._call = call

    def call_began(
        self, *, marketplace: str, account: str, endpoint: str, method: str, address: str
    ) -> CallObserver:
        if self._call is None:
            raise KeyError("broken")
        return self._call

    def banned(self, *, marketplace: str, bucket: str, until: datetime) -> None:
        raise KeyError("broken")

    def events_delivered(self, *, account: str, kind: str, lag_seconds: float) -> None:
        raise KeyError("broken")

    def poll_ended(
        self,
        *,
        account: str,
        stream: str,
        events: int,
        seconds: float,
        error: BaseException | None = None,
    ) -> None:
        raise KeyError("broken")

    def backlog(self, *, account: str, count: int) -> None:
        raise KeyError("broken")

    def delivery_moved(
        self, *, account: str, action: str, state_from: str | None, state_to: str
    ) -> None:
        raise KeyError("broken")


class BrokenCall(CallObserver):
    def attempt_ended(
        self,
        *,
        attempt: int,
        status: int | None,
        error: BaseException | None,
        waited: float,
        seconds: float,
    ) -> None:
        raise KeyError("broken")

    def ended(
        self,
        *,
        status: int | None,
        error: BaseException | None,
        attempts: int,
        waited: float,
        seconds: float,
    ) -> None:
        raise KeyError("broken")


@pytest.fixture
def _nobody() -> Iterator[None]:
    yield
    set_observer(None)


@pytest.mark.usefixtures("_nobody")
class TestBroken:
    @pytest.mark.looptime
    @pytest.mark.parametrize("call", [None, BrokenCall()])
    async def test_call_when_the_observer_raises(
        self, call: CallObserver | None, caplog: pytest.LogCaptureFixture
    ) -> None:
        set_observer(Broken(call))
        calls, _, _ = pipeline(Response(429, {"retry": "1"}), *[ITEM] * 3)
        for _ in range(3):
            assert (await calls.call(READ)).value.id == 1
        logged = [record.getMessage().partition(" ")[0] for record in caplog.records]
        methods = (
            ["BrokenCall.attempt_ended", "BrokenCall.ended"] if call else ["Broken.call_began"]
        )
        assert sorted(logged) == sorted(["Broken.banned", *methods])  # each once
        assert {record.name for record in caplog.records} == {"wbym.observe"}

    @pytest.mark.looptime
    async def test_call_when_the_call_and_the_observer_fail(self) -> None:
        set_observer(Broken(BrokenCall()))
        calls, _, _ = pipeline(Response(400, {}))
        with pytest.raises(BadRequest):
            await calls.call(READ)

    def test_feed_when_the_observer_raises(self, caplog: pytest.LogCaptureFixture) -> None:
        set_observer(Broken(None))
        for _ in range(2):
            current().events_delivered(account="shop", kind="message", lag_seconds=1)
            current().poll_ended(account="shop", stream="chats", events=1, seconds=1)
            current().backlog(account="shop", count=1)
            current().delivery_moved(
                account="shop", action="send", state_from=None, state_to="pending"
            )
        assert len(caplog.records) == 4

    def test_observer_when_it_stops_the_program(self) -> None:
        class Stop(Observer):
            def backlog(self, *, account: str, count: int) -> None:
                raise KeyboardInterrupt

        set_observer(Stop())
        with pytest.raises(KeyboardInterrupt):
            current().backlog(account="shop", count=1)


@pytest.mark.usefixtures("_nobody")
class TestSetObserver:
    def test_observer_when_replaced(self) -> None:
        first, second = Observer(), Observer()
        assert set_observer(first) is None
        assert set_observer(second) is first
        assert set_observer(None) is second
        assert set_observer(None) is None

    def test_current_without_an_observer(self) -> None:
        silent = current()
        assert type(silent) is Observer
        set_observer(Recorder())
        set_observer(None)
        assert current() is silent
