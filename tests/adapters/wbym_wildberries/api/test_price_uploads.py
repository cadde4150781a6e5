"""Uploads awaited to their end, in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest

from tests.adapters.wbym_wildberries.api.scripted import LOST, enveloped, rejected
from tests.support.fakes import ScriptedExchange
from wbym.bulk import Batch, Outcome, follow
from wbym.calls import Exchange, Request, Response, RetryPolicy
from wbym.errors import BadRequest, DeliveryUnknown, InvalidInput, QuotaExhausted, TaskPending
from wbym.limits import Scheduler
from wbym_wildberries import Wildberries
from wbym_wildberries.api.prices import ClubDiscount, NewPrice, PriceItem, SizePrice, Uploaded
from wbym_wildberries.simulator import make_token

pytestmark = pytest.mark.looptime

Row = dict[str, object]
_EPOCH = datetime(2026, 5, 1, tzinfo=UTC)


class PriceService:
    """Accepts uploads and processes each some seconds later."""

    def __init__(self, *, takes: float = 10.0, status: int = 3) -> None:
        self.takes = takes
        self.status = status
        self.errors: dict[int, str] = {}
        """Error texts by article or size."""
        self.hidden: set[int] = set()
        """Articles that the details lack."""
        self.uploads: list[tuple[float, list[dict[str, int]]]] = []
        self.failures: dict[int, Callable[[], Response]] = {}
        """Failures by the number of the request."""
        self.requests: list[tuple[float, str]] = []

    @property
    def paths(self) -> list[str]:
        return [path for _, path in self.requests]

    @asynccontextmanager
    async def send(self, request: Request) -> AsyncIterator[Exchange]:
        url = urlsplit(request.url)
        self.requests.append((asyncio.get_running_loop().time(), url.path))
        await asyncio.sleep(0.05)
        failure = self.failures.get(len(self.requests))
        if failure is not None:
            yield ScriptedExchange(failure())
        elif request.method == "POST":
            yield ScriptedExchange(self._take(request))
        else:
            query = dict(parse_qsl(url.query))
            yield ScriptedExchange(self._tell(url.path, query))

    async def aclose(self) -> None:
        """Close nothing."""

    def _take(self, request: Request) -> Response:
        now = asyncio.get_running_loop().time()
        self.uploads.append((now, msgspec.json.decode(request.body or b"")["data"]))
        return enveloped({"id": len(self.uploads), "alreadyExists": False})

    def _tell(self, path: str, query: dict[str, str]) -> Response:
        upload_id = int(query["uploadID"])
        at, goods = self.uploads[upload_id - 1]
        if asyncio.get_running_loop().time() < at + self.takes:
            return enveloped(None)
        if path == "/api/v2/history/tasks":
            return enveloped({"uploadID": upload_id, "status": self.status})
        begin, size = int(query["offset"]), int(query["limit"])
        rows = [self._row(good) for good in reversed(goods) if good["nmID"] not in self.hidden]
        page = rows[begin : begin + size]
        return enveloped({"uploadID": upload_id, "historyGoods": page})

    def _row(self, good: dict[str, int]) -> Row:
        error = self.errors.get(good.get("sizeID", good["nmID"]))
        return {**good, "status": 3 if error else 2, "errorText": error}


def open_at(service: PriceService, **options: float) -> Wildberries:
    return Wildberries(
        make_token(scopes=("prices",)),
        transport=service,
        scheduler=Scheduler(),
        retry=RetryPolicy(max_attempts=1),
        **options,  # type: ignore[arg-type]
    )


def now() -> float:
    return asyncio.get_running_loop().time()


def goods(count: int) -> list[NewPrice]:
    return [NewPrice(nm_id=nm_id, price=100) for nm_id in range(1, count + 1)]


class TestFollow:
    async def test_polls_when_processing_takes_long(self) -> None:
        asked: list[float] = []

        async def ask() -> str | None:
            asked.append(now())
            return "done" if now() >= 20 else None

        assert await follow(ask, method="toy.wait", task=1, poll=5) == "done"
        assert asked == [1, 3, 7, 12, 17, 22]

    async def test_polls_when_they_fail_temporarily(self) -> None:
        async def ask() -> str | None:
            if now() < 10:
                raise QuotaExhausted("b", retry_at=_EPOCH, wait=1, max_wait=0)
            return "done"

        assert await follow(ask, method="toy.wait", task=1, poll=5) == "done"

    async def test_error_when_the_timeout_is_over(self) -> None:
        async def ask() -> None:
            raise QuotaExhausted("b", retry_at=_EPOCH, wait=1, max_wait=0)

        with pytest.raises(TaskPending, match="not done after 30 s") as caught:
            await follow(ask, method="toy.wait", task=17, timeout=30, poll=5)
        assert caught.value.task == 17
        assert isinstance(caught.value.__cause__, QuotaExhausted)
        assert now() == 30


class TestOneUpload:
    async def test_results_when_all_goods_are_set(self) -> None:
        service = PriceService()
        report = await open_at(service).api.prices.upload_and_wait(goods(3))
        assert [result.outcome for result in report.results] == [Outcome.DONE] * 3
        ids = [result.value.good.nm_id for result in report.results if result.value.good]  # type: ignore[union-attr]
        assert ids == [1, 2, 3]
        assert (report.upload_id, report.state.status, report.failed) == (1, 3, [])
        assert service.paths.count("/api/v2/upload/task") == 1
        assert service.paths[-1] == "/api/v2/history/goods/task"
        assert 10 <= now() <= 10 + 5 + 1

    async def test_results_when_some_goods_have_errors(self) -> None:
        service = PriceService(status=5)
        service.errors[2] = "Item has been moved to Price Quarantine"
        service.hidden.add(3)
        report = await open_at(service).api.prices.upload_and_wait(goods(3))
        assert [(result.outcome, result.reason) for result in report.results] == [
            (Outcome.DONE, None),
            (Outcome.FAILED, "Item has been moved to Price Quarantine"),
            (Outcome.FAILED, "WB does not list it in the upload"),
        ]
        assert len(report.failed) == 2

    @pytest.mark.parametrize(
        ("status", "reason"), [(4, "the upload was cancelled"), (6, "WB gave no reason")]
    )
    async def test_results_when_no_price_was_set(self, status: int, reason: str) -> None:
        report = await open_at(PriceService(status=status)).api.prices.upload_and_wait(goods(2))
        assert [result.outcome for result in report.results] == [Outcome.FAILED] * 2
        assert report.results[0].reason == reason

    async def test_results_when_sizes_of_one_good_are_set(self) -> None:
        service = PriceService(status=5)
        service.errors[8] = "size"
        sizes = [SizePrice(nm_id=1, size_id=size, price=5) for size in (7, 8, 9)]
        report = await open_at(service).api.prices.upload_and_wait(sizes)
        outcomes = [result.outcome for result in report.results]
        assert outcomes == [Outcome.DONE, Outcome.FAILED, Outcome.DONE]
        assert service.paths[0] == "/api/v2/upload/task/size"

    async def test_upload_of_club_discounts(self) -> None:
        service = PriceService()
        discounts = [ClubDiscount(nm_id=1, club_discount=5)]
        report = await open_at(service).api.prices.upload_and_wait(discounts)
        assert [result.outcome for result in report.results] == [Outcome.DONE]
        assert service.paths[0] == "/api/v2/upload/task/club-discount"

    async def test_upload_when_its_types_are_mixed(self) -> None:
        service = PriceService()
        mixed: list[PriceItem] = [*goods(1), ClubDiscount(nm_id=1, club_discount=5)]
        with pytest.raises(InvalidInput, match="must be of one type"):
            await open_at(service).api.prices.upload_and_wait(mixed)
        assert service.requests == []

    async def test_upload_when_wb_rejects_it(self) -> None:
        service = PriceService()
        service.failures[1] = lambda: rejected("The specified prices are already set")
        with pytest.raises(BadRequest, match="already set"):
            await open_at(service).api.prices.upload_and_wait(goods(1))
        assert len(service.requests) == 1

    async def test_upload_when_its_outcome_is_unknown(self) -> None:
        service = PriceService()
        service.failures[1] = _lose
        with pytest.raises(DeliveryUnknown):
            await open_at(service).api.prices.upload_and_wait(goods(1))
        assert len(service.requests) == 1

    async def test_waiting_when_the_timeout_is_over(self) -> None:
        service = PriceService(takes=100)
        shop = open_at(service)
        with pytest.raises(TaskPending) as caught:
            await shop.api.prices.upload_and_wait(goods(2), timeout=30)
        assert caught.value.task == 1
        assert now() == pytest.approx(30, abs=0.2)
        report = await shop.api.prices.wait(1, goods=goods(2))
        assert [result.outcome for result in report.results] == [Outcome.DONE] * 2
        assert service.paths.count("/api/v2/upload/task") == 1

    async def test_wait_when_only_the_id_is_known(self) -> None:
        service = PriceService()
        shop = open_at(service)
        upload = await shop.api.prices.set(goods(2))
        report = await shop.api.prices.wait(upload.id)
        found = [result.value.good.nm_id for result in report.results if result.value.good]  # type: ignore[union-attr]
        assert found == [2, 1]

    async def test_waiting_when_a_poll_fails(self) -> None:
        service = PriceService()
        service.failures[2] = lambda: Response(503, {}, b"")
        service.failures[3] = _lose
        report = await open_at(service).api.prices.upload_and_wait(goods(1))
        assert [result.outcome for result in report.results] == [Outcome.DONE]
        assert len(service.uploads) == 1

    async def test_wait_when_a_poll_is_rejected(self) -> None:
        service = PriceService()
        service.failures[2] = lambda: rejected("Invalid request parameters")
        with pytest.raises(TaskPending, match="Invalid request parameters") as caught:
            await open_at(service).api.prices.upload_and_wait(goods(1))
        assert caught.value.task == 1

    async def test_waiting_when_cancelled(self) -> None:
        service = PriceService(takes=100)
        task = asyncio.create_task(open_at(service).api.prices.upload_and_wait(goods(1)))
        await asyncio.sleep(20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        asked = len(service.requests)
        await asyncio.sleep(60)
        assert len(service.requests) == asked

    async def test_other_calls_when_several_uploads_are_waited_for(self) -> None:
        service = PriceService(takes=1000)
        shop = open_at(service)
        upload = await shop.api.prices.set(goods(1))
        waits = [asyncio.create_task(shop.api.prices.wait(upload.id, poll=1)) for _ in range(20)]
        await asyncio.sleep(30)
        begin = now()
        await shop.api.prices.state(upload.id)
        assert now() - begin <= 0.6 + 0.1
        for task in waits:
            task.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


class TestManyUploads:
    async def test_batch_when_it_needs_several_uploads(self) -> None:
        service = PriceService(takes=30, status=5)
        service.errors[1700] = "нет"
        seen: list[str] = []
        batch = await open_at(service).api.prices.upload_all(
            goods(2500), progress=lambda batch: seen.append(repr(batch))
        )
        assert [len(sent) for _, sent in service.uploads] == [1000, 1000, 500]
        assert [(good.nm_id, result.reason) for good, result in batch.failed] == [(1700, "нет")]
        assert batch.counts() == {Outcome.DONE: 2499, Outcome.FAILED: 1}
        assert seen[:3] == [
            "Batch(1500 not_tried, 1000 accepted)",
            "Batch(500 not_tried, 2000 accepted)",
            "Batch(2500 accepted)",
        ]
        assert len(seen) == 6
        # All uploads are worked on at the same time.
        assert now() <= 45

    async def test_batch_when_the_timeout_is_over(self) -> None:
        service = PriceService(takes=100)
        shop = open_at(service)
        batch = await shop.api.prices.upload_all(goods(1500), timeout=20)
        assert isinstance(batch.stopped, TaskPending)
        assert batch.counts() == {Outcome.ACCEPTED: 1500}
        assert not batch.finished
        again = await shop.api.prices.upload_all(batch)
        assert again.stopped is None
        assert batch.counts() == {Outcome.DONE: 1500}
        assert again is batch
        assert len(service.uploads) == 2

    async def test_batch_when_an_upload_is_lost(self) -> None:
        service = PriceService()
        service.failures[2] = _lose
        shop = open_at(service)
        batch = await shop.api.prices.upload_all(goods(2500))
        assert batch.counts() == {Outcome.DONE: 1500, Outcome.UNKNOWN: 1000}
        await shop.api.prices.upload_all(batch)
        assert [len(sent) for _, sent in service.uploads] == [1000, 500]

    async def test_batch_when_the_limits_are_exhausted(self) -> None:
        service = PriceService()
        shop = open_at(service, max_wait=0.0)
        batch = Batch[NewPrice, Uploaded](goods(8000))
        await shop.api.prices.upload_all(batch)
        assert isinstance(batch.stopped, QuotaExhausted)
        sent = len(service.uploads)
        assert 1 <= sent <= 5
        assert batch.counts() == {Outcome.NOT_TRIED: 8000 - 1000 * sent, Outcome.DONE: 1000 * sent}
        for _ in range(10):
            await asyncio.sleep(60)
            await shop.api.prices.upload_all(batch)
        assert batch.counts() == {Outcome.DONE: 8000}
        assert len(service.uploads) == 8

    async def test_batch_when_a_good_is_repeated(self) -> None:
        service = PriceService()
        twice = [*goods(2), NewPrice(nm_id=1, price=200)]
        await open_at(service).api.prices.upload_all(twice)
        sent = [[(good["nmID"], good["price"]) for good in data] for _, data in service.uploads]
        assert sent == [[(1, 100), (2, 100)], [(1, 200)]]


def _lose() -> Response:
    raise LOST
