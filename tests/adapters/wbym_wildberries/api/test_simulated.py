"""Prices, warehouses, inventory and cards over HTTP, against the simulator."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.adapters.wbym_wildberries.shops import FREELY
from wbym.bulk import Outcome
from wbym.calls import Response, RetryPolicy
from wbym.errors import BadRequest, Conflict, NotFound, StatusError, TaskPending
from wbym.limits import Scheduler
from wbym_wildberries import Wildberries
from wbym_wildberries._dialect import WildberriesDialect
from wbym_wildberries.api.content._card_records import (
    CardGroup,
    NewCard,
    NewSize,
)
from wbym_wildberries.api.content.cards import SentCards
from wbym_wildberries.api.inventory import NewStock
from wbym_wildberries.api.prices import ClubDiscount, NewPrice, SizePrice
from wbym_wildberries.api.warehouses import Contact
from wbym_wildberries.simulator import WildberriesSimulator, make_token
from wbym_wildberries.simulator.limits import STOCKS, STOCKS_DELETE, WAREHOUSES
from wbym_wildberries.simulator.tokens import PERSONAL, SELLER

TOKEN = make_token(scopes=("content", "prices", "marketplace"))
START = 1_790_000_000.0

Call = Callable[[Wildberries], Awaitable[object]]


class Clock:
    """The simulator's clock, moved by the test."""

    def __init__(self) -> None:
        self.passed = 0.0

    def __call__(self) -> float:
        return START + self.passed


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def simulator(clock: Clock) -> AsyncIterator[WildberriesSimulator]:
    async with WildberriesSimulator(
        feedbacks=1,
        questions=1,
        chats=1,
        claims=1,
        cards=1200,
        price_delay=60,
        card_delay=60,
        limits=False,
        wall=clock,
    ) as it:
        yield it


@pytest.fixture
async def shop(simulator: WildberriesSimulator) -> AsyncIterator[Wildberries]:
    async with Wildberries(
        TOKEN, base_url=simulator.url, quotas=FREELY, retry=RetryPolicy(base_delay=0.001)
    ) as it:
        yield it


class TestPrices:
    async def test_goods_when_read_to_the_end(self, shop: Wildberries) -> None:
        found = await shop.api.prices.list().all()
        assert len({good.nm_id for good in found}) == 1200
        again = await shop.api.prices.find([good.nm_id for good in found[:3]])
        assert [good.nm_id for good in again] == [good.nm_id for good in found[:3]]

    async def test_upload_when_waited_for(self, shop: Wildberries, clock: Clock) -> None:
        good, cheap = await shop.api.prices.list().all(limit=2)
        assert good.sizes
        changes = [
            NewPrice(nm_id=good.nm_id, price=int(good.sizes[0].price or 0) + 7),
            NewPrice(nm_id=cheap.nm_id, price=1),
            NewPrice(nm_id=1, price=100),
        ]
        with pytest.raises(TaskPending) as caught:
            await shop.api.prices.upload_and_wait(changes, timeout=0.05, poll=0.01)
        upload_id = caught.value.task
        assert isinstance(upload_id, int)
        pending = await shop.api.prices.pending_state(upload_id)
        assert pending is not None
        assert pending.status == 1
        rows = await shop.api.prices.pending_details(upload_id).all()
        assert [row.status for row in rows] == [1, 1, 1]
        # WB recognizes the repeated upload, and does not process it twice.
        assert (await shop.api.prices.set(changes)).already_exists

        clock.passed = 61
        report = await shop.api.prices.wait(upload_id, goods=changes, poll=0.01)
        assert report.state.status == 5
        done, quarantined, unknown = report.results
        assert done.outcome is Outcome.DONE
        assert "Price Quarantine" in (quarantined.reason or "")
        assert unknown.outcome is Outcome.FAILED
        (row,) = await shop.api.prices.quarantine().all()
        assert (row.nm_id, row.new_price) == (cheap.nm_id, 1)
        (again,) = await shop.api.prices.list(nm_id=good.nm_id).all()
        assert again.sizes
        assert again.sizes[0].price == changes[0].price

    async def test_sizes_with_their_own_prices(self, shop: Wildberries, clock: Clock) -> None:
        goods = (await shop.api.prices.list().page()).items
        nm_id = next(good.nm_id for good in goods if good.editable_size_price)
        sizes = await shop.api.prices.sizes(nm_id).all()
        changes = [SizePrice(nm_id=nm_id, size_id=size.size_id, price=777) for size in sizes]
        upload = await shop.api.prices.set_sizes(changes)
        clock.passed = 61
        report = await shop.api.prices.wait(upload.id, goods=changes, poll=0.01)
        assert report.failed == []
        assert {size.price for size in await shop.api.prices.sizes(nm_id).all()} == {777}

    async def test_discounts_when_already_set(self, shop: Wildberries) -> None:
        (good,) = await shop.api.prices.list().all(limit=1)
        same = ClubDiscount(nm_id=good.nm_id, club_discount=good.club_discount or 0)
        with pytest.raises(BadRequest, match="already set"):
            await shop.api.prices.set_club_discounts([same])

    async def test_batch_when_it_needs_several_uploads(
        self, shop: Wildberries, clock: Clock, simulator: WildberriesSimulator
    ) -> None:
        goods = await shop.api.prices.list().all()
        changes = [NewPrice(nm_id=good.nm_id, discount=(good.discount or 0) + 1) for good in goods]
        batch = await shop.api.prices.upload_all(changes, timeout=0.05, poll=0.01)
        assert batch.counts() == {Outcome.ACCEPTED: 1200}
        clock.passed = 61
        await shop.api.prices.upload_all(batch, poll=0.01)
        assert batch.counts() == {Outcome.DONE: 1200}
        assert simulator.stats.effects["price"] == 1200


class TestWarehouses:
    async def test_warehouse_when_created_updated_and_deleted(self, shop: Wildberries) -> None:
        free = [office for office in await shop.api.warehouses.offices() if not office.selected]
        made = await shop.api.warehouses.create("Новый склад", free[0].id)
        await shop.api.warehouses.update(made, "Другое имя", free[0].id)
        by_id = {warehouse.id: warehouse for warehouse in await shop.api.warehouses.list()}
        assert by_id[made].name == "Другое имя"
        await shop.api.warehouses.delete(made)
        assert made not in {
            one.id for one in await shop.api.warehouses.list() if not one.is_deleting
        }
        with pytest.raises(NotFound):
            await shop.api.warehouses.delete(1)

    async def test_contacts_when_overwritten(self, shop: Wildberries) -> None:
        warehouses = await shop.api.warehouses.list()
        courier = next(one.id for one in warehouses if one.delivery_type == 3)
        contacts = [Contact(phone="+79998887766", comment="Звонить с 10 до 21 часа.")]
        await shop.api.warehouses.set_contacts(courier, contacts)
        assert await shop.api.warehouses.contacts(courier) == contacts
        await shop.api.warehouses.set_contacts(courier, [])
        assert not await shop.api.warehouses.contacts(courier)

    async def test_stock_when_set_read_and_deleted(self, shop: Wildberries) -> None:
        warehouse = (await shop.api.warehouses.list())[0].id
        goods = await shop.api.prices.list().all()
        sizes = [size.size_id for good in goods for size in good.sizes or ()]
        assert len(sizes) > 1000
        wanted = [NewStock(chrt_id=size, amount=17) for size in sizes]
        wrong = NewStock(chrt_id=1, amount=5)
        batch = await shop.api.inventory.update_all(warehouse, [*wanted[:5], wrong, *wanted[5:]])
        assert [stock for stock, _ in batch.failed] == [wrong]
        amounts = await shop.api.inventory.read_all(warehouse, sizes)
        assert {result.value.amount if result.value else 0 for _, result in amounts} == {17}
        await shop.api.inventory.delete_all(warehouse, sizes)
        left = await shop.api.inventory.read(warehouse, sizes[:1000])
        assert not [stock for stock in left if stock.amount]
        with pytest.raises(Conflict):
            await shop.api.inventory.update(warehouse, [wrong])


class TestCards:
    async def test_upload_when_a_card_has_errors(self, shop: Wildberries, clock: Clock) -> None:
        cards = shop.api.content.cards
        (card,) = await cards.list().all(limit=1)
        assert card.subject_id is not None
        assert card.sizes
        sizes = [NewSize(tech_size="42", wb_size="42", skus=card.sizes[0].skus or ())]
        group = CardGroup(
            subject_id=card.subject_id,
            variants=[
                NewCard(vendor_code="новая-1", sizes=sizes),
                NewCard(vendor_code="новая-2"),
            ],
        )
        with pytest.raises(TaskPending) as caught:
            await cards.upload_and_wait([group], timeout=0.05, poll=0.01)
        clock.passed = 61
        task = caught.value.task
        assert isinstance(task, SentCards)
        found = await cards.wait(task, poll=0.01)
        assert "уже используется" in (found["новая-1"].reason or "")
        made = found["новая-2"].value
        assert made is not None
        assert made.vendor_code == "новая-2"

    async def test_update_when_cards_are_overwritten(
        self, shop: Wildberries, clock: Clock, simulator: WildberriesSimulator
    ) -> None:
        cards = shop.api.content.cards
        there = await cards.list().all(limit=250)
        updates = [
            card.to_update(documents=card.documents, title="Новое название") for card in there
        ]
        batch = await cards.update_all(updates, timeout=0.05, poll=0.01)
        assert batch.counts() == {Outcome.ACCEPTED: 250}
        clock.passed = 61
        await cards.update_all(batch, poll=0.01)
        assert batch.counts() == {Outcome.DONE: 250}
        assert simulator.stats.effects["card_edit"] == 250

    async def test_trash_when_cards_are_trashed_and_recovered(self, shop: Wildberries) -> None:
        cards = shop.api.content.cards
        nm_ids = [card.nm_id for card in await cards.list().all(limit=1100)]
        thrown = await cards.trash_all(nm_ids)
        assert thrown.counts() == {Outcome.DONE: 1100}
        assert {card.nm_id for card in await cards.trashed().all()} >= set(nm_ids)
        back = await cards.recover_all(nm_ids)
        assert back.counts() == {Outcome.DONE: 1100}


class TestCosts:
    @pytest.fixture
    async def limited(self) -> AsyncIterator[WildberriesSimulator]:
        async with WildberriesSimulator(feedbacks=1, questions=1, chats=1, claims=1, cards=3) as it:
            yield it

    @pytest.mark.parametrize("returned", [True, False])
    @pytest.mark.parametrize(
        ("call", "bucket", "group", "cost"),
        [
            (lambda shop: shop.api.inventory.read(1, [1]), "inventory", STOCKS, 10),
            (
                lambda shop: shop.api.inventory.update(100_201, [NewStock(chrt_id=1, amount=5)]),
                "inventory",
                STOCKS,
                10,
            ),
            (lambda shop: shop.api.inventory.delete(1, [1]), "inventory.delete", STOCKS_DELETE, 10),
            (lambda shop: shop.api.warehouses.delete(1), "warehouses", WAREHOUSES, 10),
            (lambda shop: shop.api.warehouses.create("Склад", 15), "warehouses", WAREHOUSES, 10),
        ],
    )
    async def test_bucket_when_a_call_is_rejected(
        self,
        limited: WildberriesSimulator,
        monkeypatch: pytest.MonkeyPatch,
        call: Call,
        bucket: str,
        group: str,
        cost: int,
        returned: bool,
    ) -> None:
        """Our count equals the simulator's, with or without headers."""
        if not returned:
            monkeypatch.setattr(WildberriesDialect, "signal", _silent)
        async with Wildberries(TOKEN, base_url=limited.url, scheduler=Scheduler()) as shop:
            began = time.monotonic()
            with pytest.raises(StatusError):
                await call(shop)
            (state,) = shop.limits()
            passed = time.monotonic() - began
            theirs = limited._access.buckets.of(sid=SELLER, acc=PERSONAL, secret=False, group=group)
            assert state.key.bucket == bucket
            assert abs(state.left - theirs.peek()) < 1
            # Deleting allows two calls at once: the other eight wait.
            # On a busy machine part of the cost is refilled by now.
            spent, whole = state.limit - state.left, min(cost, state.limit)
            assert whole - passed / theirs.interval - 0.5 < spent < whole + 0.5
            owed = max(0.0, (1 - theirs._tokens) * theirs.interval)
            assert state.next_free == pytest.approx(owed, abs=1)


def _silent(dialect: WildberriesDialect, response: Response) -> None:
    """A dialect that reads no headers."""
