"""Cards split into legal calls and awaited, in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from tests.adapters.wbym_wildberries.api.scripted import LOST, rejected
from tests.support.fakes import ScriptedExchange, json_response
from wbym.bulk import Batch, Outcome
from wbym.calls import Exchange, Request, Response, RetryPolicy
from wbym.errors import BadRequest, DeliveryUnknown, TaskPending
from wbym.limits import Quota, Scheduler
from wbym_wildberries import Wildberries
from wbym_wildberries._limits import BUCKETS
from wbym_wildberries.api.content._card_records import (
    CardGroup,
    CardUpdate,
    LeaveOut,
    NewCard,
    NewSize,
    SizeUpdate,
)
from wbym_wildberries.api.content.cards import Merge, SentCards
from wbym_wildberries.simulator import make_token

pytestmark = pytest.mark.looptime

START = datetime(2026, 5, 1, tzinfo=UTC)
FREELY = dict.fromkeys(BUCKETS, Quota(limit=1_000_000, period=1, burst=1_000_000))

Body = dict[str, Any]


def _stamp(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat()


def update_of(nm_id: int, vendor_code: str) -> CardUpdate:
    return CardUpdate(
        nm_id=nm_id,
        vendor_code=vendor_code,
        sizes=[SizeUpdate(chrt_id=7)],
        documents=LeaveOut.DOCUMENTS,
    )


class CardService:
    """Accepts cards, and lists them or their errors some seconds later."""

    def __init__(self, *, cards: int = 3, takes: float = 60.0) -> None:
        self.takes = takes
        self.wrong: dict[str, str] = {}
        """Error texts by ``vendor_code``."""
        self.notes: Body | None = None
        self.cards: list[Body] = [
            {"nmID": number, "vendorCode": f"old{number}", "at": number - 1000.0}
            for number in range(1, cards + 1)
        ]
        self.batches: list[Body] = [
            {"batchUUID": "b0", "errors": {"new1": ["from before"]}, "at": -500.0}
        ]
        self.sent: list[tuple[str, Any]] = []
        self.failures: dict[int, Callable[[], Response]] = {}
        """Failures by the number of the sending call."""

    @asynccontextmanager
    async def send(self, request: Request) -> AsyncIterator[Exchange]:
        await asyncio.sleep(0.05)
        path = request.url.removeprefix("https://content-api.wildberries.ru/content/v2/")
        body = msgspec.json.decode(request.body or b"null")
        if path == "get/cards/list":
            yield ScriptedExchange(self._list(body["settings"]))
        elif path == "cards/error/list":
            rows = sorted(self._seen(self.batches), key=lambda row: -float(row["at"]))
            items = [row | {"updatedAt": _stamp(row["at"])} for row in rows]
            data = {"items": items, "cursor": {"next": False}}
            yield ScriptedExchange(json_response({"data": data, "error": False}))
        else:
            self.sent.append((path, body))
            failure = self.failures.get(len(self.sent))
            if failure is not None:
                yield ScriptedExchange(failure())
            else:
                self._take(path, body)
                answer = {"data": None, "error": False, "additionalErrors": self.notes}
                yield ScriptedExchange(json_response(answer))

    async def aclose(self) -> None:
        """Close nothing."""

    def _seen(self, rows: list[Body]) -> list[Body]:
        now = asyncio.get_running_loop().time()
        return [row for row in rows if float(row["at"]) <= now]

    def _list(self, settings: Body) -> Response:
        ascending, cursor = settings["sort"]["ascending"], settings["cursor"]
        rows = sorted(self._seen(self.cards), key=lambda row: (row["at"], row["nmID"]))
        if not ascending:
            rows.reverse()
        if "nmID" in cursor:
            after = (cursor["updatedAt"], cursor["nmID"])
            rows = [row for row in rows if (_stamp(row["at"]), row["nmID"]) > after]
        page = [row | {"updatedAt": _stamp(row["at"])} for row in rows[: cursor["limit"]]]
        at = {"total": len(page)}
        if page:
            at |= {"updatedAt": page[-1]["updatedAt"], "nmID": page[-1]["nmID"]}
        return json_response({"cards": page, "cursor": at})

    def _take(self, path: str, body: list[Body]) -> None:
        at = asyncio.get_running_loop().time() + self.takes
        variants: list[Body] = []
        if path == "cards/upload":
            variants = [card for group in body for card in group["variants"]]
        elif path == "cards/update":
            variants = body
        codes = [card["vendorCode"] for card in variants]
        errors = {code: [self.wrong[code]] for code in codes if code in self.wrong}
        for code in codes:
            if code not in errors:
                made = len(self.cards) + 1
                self.cards.append({"nmID": made, "vendorCode": code, "at": at})
        if errors:
            number = len(self.batches)
            self.batches.append({"batchUUID": f"b{number}", "errors": errors, "at": at})


def open_at(service: CardService) -> Wildberries:
    return Wildberries(
        make_token(scopes=("content",)),
        transport=service,
        scheduler=Scheduler(),
        quotas=FREELY,
        retry=RetryPolicy(max_attempts=1),
    )


def groups(count: int, *, size: int = 1) -> list[CardGroup]:
    return [
        CardGroup(
            subject_id=105,
            variants=[
                NewCard(vendor_code=f"new{group * size + one}", sizes=[NewSize(skus=["1"])])
                for one in range(size)
            ],
        )
        for group in range(count)
    ]


def _lose() -> Response:
    raise LOST


class TestOneCall:
    async def test_results_when_some_cards_have_errors(self) -> None:
        service = CardService()
        service.wrong["new2"] = "Не указан обязательный параметр"
        found = await open_at(service).api.content.cards.upload_and_wait(groups(2, size=2))
        assert list(found) == ["new0", "new1", "new2", "new3"]
        # An earlier error is not taken for one of this upload.
        assert found["new1"].outcome is Outcome.DONE
        assert found["new2"].reason == "Не указан обязательный параметр"
        card = found["new3"].value
        assert card is not None
        assert card.vendor_code == "new3"
        assert len(service.sent) == 1
        assert 60 <= asyncio.get_running_loop().time() <= 60 + 20 + 2

    async def test_results_without_cards(self) -> None:
        service = CardService(cards=0)
        found = await open_at(service).api.content.cards.upload_and_wait(groups(150 // 30, size=30))
        assert {result.outcome for result in found.values()} == {Outcome.DONE}
        assert len(found) == 150

    async def test_update_when_processing_takes_long(self) -> None:
        update = update_of(2, "old2")
        found = await open_at(CardService()).api.content.cards.update_and_wait([update])
        assert found["old2"].outcome is Outcome.DONE
        assert asyncio.get_running_loop().time() >= 60

    async def test_waiting_when_the_timeout_is_over(self) -> None:
        service = CardService(takes=600)
        cards = open_at(service).api.content.cards
        with pytest.raises(TaskPending, match="not done after 100 s") as caught:
            await cards.upload_and_wait(groups(1), timeout=100)
        task = caught.value.task
        assert isinstance(task, SentCards)
        assert task.codes == ("new0",)
        found = await cards.wait(task)
        assert found["new0"].outcome is Outcome.DONE
        assert len(service.sent) == 1

    async def test_upload_when_its_outcome_is_unknown(self) -> None:
        service = CardService()
        service.failures[1] = _lose
        with pytest.raises(DeliveryUnknown):
            await open_at(service).api.content.cards.upload_and_wait(groups(1))
        assert len(service.sent) == 1


class TestManyCalls:
    async def test_upload_when_the_groups_exceed_one_call(self) -> None:
        service = CardService()
        service.wrong["new401"] = "нет"
        seen: list[str] = []
        batch = await open_at(service).api.content.cards.upload_all(
            groups(250, size=2), progress=lambda batch: seen.append(repr(batch))
        )
        assert [len(body) for _, body in service.sent] == [100, 100, 50]
        assert batch.counts() == {Outcome.DONE: 249, Outcome.FAILED: 1}
        assert batch.failed[0][1].reason == "new401: нет"
        assert seen[0] == "Batch(150 not_tried, 100 accepted)"
        assert seen[-1] == "Batch(249 done, 1 failed)"

    async def test_upload_when_its_bodies_are_large(self) -> None:
        service = CardService()
        large = [
            CardGroup(
                subject_id=105,
                variants=[
                    NewCard(
                        vendor_code=f"new{group * 30 + one}",
                        sizes=[NewSize(skus=["1"])],
                        description="я" * 5000,
                    )
                    for one in range(30)
                ],
            )
            for group in range(50)
        ]
        await open_at(service).api.content.cards.upload_all(large)
        sizes = [len(msgspec.json.encode(body)) for _, body in service.sent]
        assert len(sizes) == 2
        assert max(sizes) <= 10_000_000

    async def test_upload_when_the_timeout_is_over(self) -> None:
        service = CardService(takes=300)
        cards = open_at(service).api.content.cards
        batch = await cards.upload_all(groups(150), timeout=60)
        assert isinstance(batch.stopped, TaskPending)
        assert batch.counts() == {Outcome.ACCEPTED: 150}
        again = await cards.upload_all(batch)
        assert again.stopped is None
        assert batch.counts() == {Outcome.DONE: 150}
        assert len(service.sent) == 2

    async def test_update_when_calls_are_lost_and_rejected(self) -> None:
        service = CardService(takes=5)
        service.failures = {1: _lose, 2: lambda: rejected("Неверный запрос")}
        updates = [update_of(number, f"code{number}") for number in range(1, 7001)]
        updates.append(update_of(9000, ""))
        cards = open_at(service).api.content.cards
        batch = await cards.update_all(updates)
        assert [len(body) for _, body in service.sent] == [3000, 3000, 1000]
        counted = {Outcome.UNKNOWN: 3000, Outcome.FAILED: 3001, Outcome.DONE: 1000}
        assert batch.counts() == counted
        await cards.update_all(batch)
        assert len(service.sent) == 3

    async def test_trash_when_wb_reports_an_error_of_a_card(self) -> None:
        service = CardService()
        service.notes = {"1500": "Карточка не найдена"}
        batch = await open_at(service).api.content.cards.trash_all(range(2001))
        assert [len(body["nmIDs"]) for _, body in service.sent] == [1000, 1000, 1]
        assert [(item, result.reason) for item, result in batch.failed] == [
            (1500, "Карточка не найдена")
        ]

    async def test_recover_when_stop_is_true(self) -> None:
        service = CardService()
        service.failures[2] = lambda: rejected("нет")
        batch = await open_at(service).api.content.cards.recover_all(range(2500), stop=True)
        assert isinstance(batch.stopped, BadRequest)
        counted = {Outcome.NOT_TRIED: 500, Outcome.DONE: 1000, Outcome.FAILED: 1000}
        assert batch.counts() == counted

    async def test_trash_when_one_is_not_an_article(self) -> None:
        service = CardService()
        batch = await open_at(service).api.content.cards.trash_all([1, "2", 3])  # type: ignore[list-item]
        assert [body["nmIDs"] for _, body in service.sent] == [[1, 3]]
        assert [result.reason for _, result in batch.failed] == ["must be an integer"]

    async def test_merge_when_a_group_is_too_large(self) -> None:
        service = CardService()
        merges = Batch[Merge, None]([Merge(7, [1, 2]), Merge(8, list(range(1, 32))), Merge(9, [3])])
        await open_at(service).api.content.cards.merge_all(merges)
        assert [body["targetIMT"] for _, body in service.sent] == [7, 9]
        assert "1 to 30 values" in (merges.failed[0][1].reason or "")
