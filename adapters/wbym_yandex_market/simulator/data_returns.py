"""Returns and unredeemed orders: records and generation."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from wbym.testing import JsonObject
from wbym_yandex_market.simulator import texts
from wbym_yandex_market.simulator.data_campaigns import Campaign, Orders
from wbym_yandex_market.simulator.dates import DAY, HOUR, moscow
from wbym_yandex_market.simulator.records import Record

REFUND_STATUSES = frozenset(
    {
        "STARTED_BY_USER",
        "REFUND_IN_PROGRESS",
        "REFUNDED",
        "FAILED",
        "WAITING_FOR_DECISION",
        "DECISION_MADE",
        "REFUNDED_WITH_BONUSES",
        "REFUNDED_BY_SHOP",
        "CANCELLED",
        "REJECTED",
        "COMPLETE_WITHOUT_REFUND",
        "PREMODERATION_DISPUTE",
        "PREMODERATION_DECISION_WAITING",
        "PREMODERATION_DECISION_MADE",
        "PREMODERATION_SELECT_DELIVERY",
        "UNKNOWN",
    }
)
SHIPMENT_STATUSES = (
    "CREATED",
    "RECEIVED",
    "IN_TRANSIT",
    "READY_FOR_PICKUP",
    "PICKED",
    "LOST",
    "EXPIRED",
    "CANCELLED",
    "FULFILMENT_RECEIVED",
    "PREPARED_FOR_UTILIZATION",
    "NOT_IN_DEMAND",
    "UTILIZED",
    "READY_FOR_EXPROPRIATION",
    "RECEIVED_FOR_EXPROPRIATION",
    "UNKNOWN",
)
WAITING = {True: "WAITING_FOR_DECISION", False: "PREMODERATION_DECISION_WAITING"}
"""By whether the campaign is DBS."""
DECIDED = {True: "DECISION_MADE", False: "PREMODERATION_DECISION_MADE"}
REASONS = (
    "ISSUE_WITH_THE_PRODUCT_WAS_NOT_CONFIRMED",
    "MECHANICAL_DAMAGE",
    "WARRANTY_PERIOD_HAS_EXPIRED",
    "CONFIGURATION_OR_PACKAGING_COMPROMISED",
    "PRODUCT_APPEARANCE_COMPROMISED",
    "WARRANTY_TERMS_VIOLATED",
    "DEVICE_ACTIVATED",
)
_POSSIBLE = {
    True: (
        "REFUND_MONEY_INCLUDING_SHIPMENT",
        "REPAIR",
        "REPLACE",
        "SEND_TO_EXAMINATION",
        "OTHER_DECISION",
    ),
    False: ("FAST_REFUND_MONEY", "SEND_TO_EXAMINATION", "REPLACE"),
}
_WHY = (
    ("BAD_QUALITY", "NOT_WORKING"),
    ("BAD_QUALITY", "DAMAGED"),
    ("DOES_NOT_FIT", "USER_CHANGED_MIND"),
    ("WRONG_ITEM", "WRONG_COLOR"),
    ("DAMAGE_DELIVERY", None),
    ("UNKNOWN", "UNKNOWN"),
)
MAX_PERCENT = 70


def rubles(kopecks: int) -> JsonObject:
    """A sum, as in `CurrencyValueDTO` and `BasePriceDTO`."""
    value = kopecks // 100 if kopecks % 100 == 0 else kopecks / 100
    return {"value": value, "currencyId": "RUR"}


@dataclass(slots=True)
class Item:
    """A position of a return."""

    id: int
    """`returnItemId`."""
    sku: str
    market_sku: int | None
    count: int
    price: int
    """Kopecks, for all of them."""
    reason: tuple[str, str | None]
    comment: str | None
    images: tuple[str, ...]
    decision: str | None = None
    refund: int | None = None
    """Kopecks, once decided."""
    seller_comment: str | None = None
    shipping: int | None = None
    """Compensation of the way back, in kopecks."""


@dataclass(frozen=True, slots=True)
class Possible:
    """One decision that the seller may take."""

    decision: str
    reasons: tuple[str, ...] = ()
    bounds: tuple[int, int] | None = None
    """Min and max compensation, in kopecks."""

    def show(self) -> JsonObject:
        """The record, as in a response."""
        shown: JsonObject = {"decisionType": self.decision}
        if self.reasons:
            shown["decisionReasonTypes"] = list(self.reasons)
        if self.bounds is not None:
            shown["partialCompensationBounds"] = {
                "minAmount": rubles(self.bounds[0]),
                "maxAmount": rubles(self.bounds[1]),
                "maxPercent": MAX_PERCENT,
            }
        return shown


@dataclass(slots=True, eq=False, kw_only=True)
class Return(Record):
    """A return, or an unredeemed order."""

    campaign: Campaign
    order_id: int
    created: int
    items: list[Item]
    redeemed: bool
    refund_status: str | None
    shipment: str | None
    fast: bool
    possible: Sequence[Possible] = ()
    updated: int = field(init=False)
    drafts: dict[int, tuple[str, str | None, int | None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.updated = self.created

    @property
    def is_dbs(self) -> bool:
        """Whether the shop delivers by itself."""
        return self.campaign.placement == "DBS"

    @property
    def waits(self) -> bool:
        """Whether it awaits the seller's decision."""
        return self.refund_status == WAITING[self.is_dbs]

    def show(self) -> JsonObject:
        """The record, as in a response."""
        total = sum(item.refund if item.refund is not None else item.price for item in self.items)
        shown: JsonObject = {
            "id": self.id,
            "orderId": self.order_id,
            "creationDate": moscow(self.created),
            "updateDate": moscow(self.updated),
        }
        if self.redeemed:
            shown["refundStatus"] = self.refund_status
        if self.shipment is not None:
            shown |= {"logisticPickupPoint": _point(self.id), "shipmentStatus": self.shipment}
            shown["shipmentRecipientType"] = ("SHOP", "DELIVERY_SERVICE", "POST")[self.id % 3]
            if self.shipment == "READY_FOR_PICKUP":
                shown["pickupTillDate"] = moscow(self.updated + 7 * DAY)
        if self.redeemed:
            shown |= {"amount": rubles(total), "fastReturn": self.fast}
        shown["items"] = [self._item(item) for item in self.items]
        shown["returnType"] = "RETURN" if self.redeemed else "UNREDEEMED"
        return shown

    def _item(self, item: Item) -> JsonObject:
        shown: JsonObject = {"shopSku": item.sku, "count": item.count}
        if item.market_sku is not None:
            shown["marketSku"] = item.market_sku
        if self.redeemed:
            shown["decisions"] = [_decision(item)]
        elif item.id % 2:
            shown["decisions"] = None
        if self.shipment is not None:
            instance: JsonObject = {
                "status": "CREATED",
                "stockType": "FIT" if item.id % 2 else "DEFECT",
            }
            if item.id % 3 == 0:
                instance["cis"] = f"010460{item.id:014d}21abcdEf"
            if item.id % 4 == 0:
                instance["imei"] = f"35{item.id:013d}"[:15]
            shown["instances"] = [dict(instance) for _ in range(item.count)]
            if item.id % 3 == 1:
                shown["tracks"] = [{"trackCode": f"RA{item.id % 10**9:09d}RU"}]
        elif item.id % 2:
            shown |= {"instances": None, "tracks": None}
        return shown


def _decision(item: Item) -> JsonObject:
    shown: JsonObject = {"returnItemId": item.id, "count": item.count, "reasonType": item.reason[0]}
    comment = item.seller_comment or item.comment
    if comment is not None:
        shown["comment"] = comment
    if item.reason[1] is not None:
        shown["subreasonType"] = item.reason[1]
    if item.decision is not None:
        shown["decisionType"] = item.decision
    elif item.id % 2:
        shown["decisionType"] = "UNKNOWN"
    refund = item.price if item.refund is None else item.refund
    shown["amount"] = rubles(refund)
    if item.shipping is not None:
        shown["partnerCompensationAmount"] = rubles(item.shipping)
    if item.images:
        shown["images"] = list(item.images)
    elif item.id % 2:
        shown["images"] = None
    return shown


def _point(number: int) -> JsonObject:
    point: JsonObject = {
        "id": 10_000_000 + number % 97,
        "name": "Пункт вывоза на Песочной",
        "address": {
            "country": "Россия",
            "city": "Казань",
            "street": "улица Песочная",
            "house": f"{number % 40 + 1}к2",
            "postcode": "420029",
        },
        "type": "PICKUP_POINT" if number % 2 else "WAREHOUSE",
    }
    if number % 3:
        point |= {"instruction": "Вход со двора, возьмите паспорт.", "logisticPartnerId": 1_005_372}
    return point


def new_return(
    rng: random.Random,
    identifier: int,
    *,
    item_ids: Iterator[int],
    campaign: Campaign,
    order_id: int,
    created: int,
    waits: bool,
    redeemed: bool = True,
) -> Return:
    """A return that awaits a decision, or a closed one."""
    is_dbs = campaign.placement == "DBS"
    items = [_new_item(rng, next(item_ids), redeemed) for _ in range(rng.choice((1, 1, 1, 2)))]
    status: str | None = None
    if redeemed:
        over = ("REFUNDED", "REFUND_IN_PROGRESS", "REJECTED", "CANCELLED", "REFUNDED_WITH_BONUSES")
        status = WAITING[is_dbs] if waits else rng.choice((*over, DECIDED[is_dbs]))
    shipment = rng.choice(SHIPMENT_STATUSES[:9]) if not redeemed or rng.random() < 0.7 else None
    if waits:
        shipment = None if is_dbs or rng.random() < 0.5 else "CREATED"
    generated = Return(
        id=identifier,
        campaign=campaign,
        order_id=order_id,
        created=created,
        items=items,
        redeemed=redeemed,
        refund_status=status,
        shipment=shipment,
        fast=redeemed and shipment is None and rng.random() < 0.3,
        possible=_possible(rng, is_dbs, items) if waits else (),
    )
    if redeemed and not waits:
        generated.updated = created + rng.randrange(HOUR, 5 * DAY)
        for item in items:
            declined = status in {"REJECTED", "CANCELLED"}
            item.decision = "DECLINE_REFUND" if declined else "REFUND_MONEY"
            if rng.random() < 0.3:
                item.shipping = 25_000
    return generated


def _new_item(rng: random.Random, identifier: int, redeemed: bool) -> Item:
    sku, _, _, price = texts.product(rng.randrange(texts.VOLUMES))
    count = rng.choice((1, 1, 1, 2))
    hashes = tuple(f"{rng.getrandbits(128):032x}" for _ in range(rng.randrange(3)))
    return Item(
        identifier,
        sku,
        rng.randrange(10**8, 10**11) if rng.random() < 0.9 else None,
        count,
        price * count,
        rng.choice(_WHY),
        rng.choice((*texts.RETURN_COMMENTS, None)),
        hashes if redeemed else (),
    )


def _possible(rng: random.Random, is_dbs: bool, items: list[Item]) -> list[Possible]:
    cheapest = min(item.price for item in items)
    reasons = tuple(sorted(rng.sample(REASONS, 3)))
    return [
        Possible("REFUND_MONEY"),
        Possible("DECLINE_REFUND", reasons),
        Possible("PARTIAL_MONEY_REFUND", (), (cheapest // 100, cheapest * MAX_PERCENT // 100)),
        *(Possible(one) for one in _POSSIBLE[is_dbs] if rng.random() < 0.7),
    ]


def return_list(
    *,
    campaigns: Sequence[Campaign],
    orders: Orders,
    count: int,
    seed: str,
    start: int,
    open_share: float,
    window: float,
    ids: Iterator[int],
    item_ids: Iterator[int],
) -> list[Return]:
    """Generates returns, oldest first; open ones are recent. One order may have several."""
    if not campaigns:
        return []
    rng = random.Random(f"returns {seed}")
    waiting = round(count * open_share)
    times = sorted(start - 3 * DAY - rng.randrange(57 * DAY) for _ in range(count - waiting))
    youth = max(2, int(window * 0.9))
    times += sorted(start - 60 - rng.randrange(youth) for _ in range(waiting))
    generated: list[Return] = []
    for number, created in enumerate(times):
        again = generated[-1].order_id if generated and number % 7 == 6 else None
        order_id = orders.ids[-1 - number % len(orders.ids)] if again is None else again
        campaign = orders.campaign(order_id)
        if campaign is None:
            raise ValueError("a generated order has a campaign")
        waits = number >= count - waiting
        generated.append(
            new_return(
                rng,
                next(ids),
                item_ids=item_ids,
                campaign=campaign,
                order_id=order_id,
                created=created,
                waits=waits,
                redeemed=waits or rng.random() < 0.75,
            )
        )
    return generated
