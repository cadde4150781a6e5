"""Generated claims (requests to return an item)."""

from __future__ import annotations

import random
from datetime import datetime
from typing import cast

from wbym.testing import JsonObject
from wbym_wildberries.simulator import card_ids, texts
from wbym_wildberries.simulator.data_chats import Chat, new_uuid
from wbym_wildberries.simulator.dates import DAY, MOSCOW

WINDOW = 14 * DAY
"""Seconds back that `/claims` shows."""
ACTIONS: tuple[list[str], ...] = (
    ["autorefund1", "approve1", "rejectcustom"],
    ["approve1", "approve2", "reject1", "reject2", "reject3", "rejectcustom"],
    ["approvecc1", "rejectcustom"],
    ["confirmreturngoodcc1"],
    [],
)
CHOICES = (40, 30, 12, 8, 10)
SMARTPHONE_PRICE = 89_990
"""WB checks the IMEI from 40,000 roubles on."""
_SMARTPHONE_EVERY = 8


def claim_time(seconds: float) -> str:
    """Moscow time without a zone, such as `2024-03-26T17:06:12.245611`."""
    return datetime.fromtimestamp(seconds, MOSCOW).replace(tzinfo=None).isoformat()


def draw_actions(rng: random.Random, *, at_least_one: bool = False) -> list[str]:
    """Random actions of a claim that waits for the seller; for some claims WB offers none."""
    weights = [
        weight if actions or not at_least_one else 0
        for actions, weight in zip(ACTIONS, CHOICES, strict=True)
    ]
    return list(rng.choices(ACTIONS, weights)[0])


def new_claim(
    rng: random.Random,
    *,
    made_at: float,
    srid: str,
    waiting: bool = True,
    imei_check: str | None = None,
) -> JsonObject:
    """A claim; waiting ones have actions, the others are decided and archived.

    One with a checked IMEI is about an Apple smartphone, since WB checks no others.
    """
    identifier = new_uuid(rng)
    card = rng.randrange(40)
    photos = f"//photos.wbstatic.net/claim/{identifier}"
    status = 0 if waiting else rng.choice((1, 2))
    comment = "" if waiting else texts.CLAIM_APPROVED if status == 2 else texts.CLAIM_REJECTED
    ordered = made_at - rng.randint(3, 40) * DAY
    updated = made_at if waiting else made_at + rng.randint(60, DAY)
    claim: JsonObject = {
        "id": identifier,
        "claim_type": rng.choice((1, 3)),
        "status": status,
        "status_ex": 0 if waiting else rng.choice((5, 8, 10)),
        "nm_id": card_ids.nm_id(card),
        "user_comment": rng.choice(texts.CLAIM_COMMENTS),
        "wb_comment": comment if comment or rng.random() < 0.5 else None,
        "dt": claim_time(made_at),
        "imt_name": rng.choice((card_ids.product(card)[0], None)),
        "order_dt": claim_time(int(ordered)),
        "dt_update": claim_time(updated),
        "photos": [f"{photos}/{n}.webp" for n in range(1, rng.randint(1, 4))],
        "video_paths": [f"//video.wbstatic.net/claim/{identifier}/1.mp4"] * rng.randint(0, 1),
        "actions": draw_actions(rng) if waiting else [],
        "price": rng.randrange(100, 9000),
        "currency_code": rng.choice(("643", "643", "643", "933", "398")),
        "srid": srid,
        "delivery_dt": claim_time(int(ordered + 0.5 * (made_at - ordered))),
        "origin_id_info": imei_check,
    }
    if imei_check is not None:
        claim.update(imt_name=texts.SMARTPHONE, price=SMARTPHONE_PRICE)
    return claim


def claim_list(
    *, count: int, seed: int, start: float, chats: list[Chat]
) -> list[tuple[float, JsonObject]]:
    """Generates claims of the last 20 days, newest first, with the Unix time of each.

    Those older than 14 days are never shown. Every third is about the order of a chat, every eighth
    about a smartphone whose IMEI was checked.
    """
    rng = random.Random(f"claims {seed}")
    claims: list[tuple[float, JsonObject]] = []
    for number in range(count):
        ago = 90 + (number * 20 * DAY) // max(1, count) + rng.random()
        chat = chats[number % len(chats)] if chats and number % 3 == 0 else None
        good = chat.good if chat is not None else None
        srid = cast("str", good["rid"]) if good else f"v5o_{rng.randrange(10**19)}.0.0"
        waiting = rng.random() < 0.6
        checked = None
        if number % _SMARTPHONE_EVERY == 1:
            checked = texts.IMEI_CHECKS[number // _SMARTPHONE_EVERY % len(texts.IMEI_CHECKS)]
        claim = new_claim(rng, made_at=start - ago, srid=srid, waiting=waiting, imei_check=checked)
        claims.append((start - ago, claim))
    return claims
