"""Feedbacks and their comments: records and generation."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import InitVar, dataclass, field

import msgspec

from wbym.testing import JsonObject
from wbym_yandex_market.simulator import texts
from wbym_yandex_market.simulator.context import BANNED, DELETED, PUBLISHED
from wbym_yandex_market.simulator.data_texts import BUYER, SELLER, ModeratedText
from wbym_yandex_market.simulator.dates import DAY, HOUR, moscow
from wbym_yandex_market.simulator.records import DatedRecord

_PICTURES = "https://avatars.mds.yandex.net/get-market-ugc"


@dataclass(slots=True, eq=False, kw_only=True)
class Comment(ModeratedText):
    """A comment on a feedback or on another comment."""

    feedback: Feedback

    def show(self) -> JsonObject:
        """The record, as in a response."""
        shown: JsonObject = {"id": self.id, "text": self.text}
        shown |= {**self.show_rights(), **self.show_author()}
        return {**shown, "status": self.status, "feedbackId": self.feedback.id}


@dataclass(slots=True, eq=False, kw_only=True)
class Feedback(DatedRecord):
    """A feedback; its JSON is kept encoded, together with the fields that filters need."""

    body: InitVar[JsonObject]
    comments: list[Comment] = field(default_factory=list)
    needs_reaction: bool = False
    rating: int = 0
    offer: str = ""
    paid: bool = False

    def __post_init__(self, body: JsonObject) -> None:
        self._take({"feedbackId": self.id, "createdAt": moscow(self.created), **body})

    def _take(self, body: JsonObject) -> None:
        identifiers, statistics = body["identifiers"], body["statistics"]
        if not isinstance(identifiers, dict) or not isinstance(statistics, dict):
            raise TypeError("identifiers and statistics of a feedback are objects")
        self.needs_reaction = bool(body["needReaction"])
        self.rating = statistics["rating"]
        self.offer = identifiers.get("offerId", "")
        self.paid = bool(statistics.get("paidAmount"))
        self._raw = msgspec.json.encode(body)

    def show(self) -> JsonObject:
        """The record, as in a response."""
        return msgspec.json.decode(self.raw, type=JsonObject)

    def update(self, **fields: object) -> None:
        """Changes some fields and recounts the comments."""
        body = {**self.show(), **fields}
        statistics = body["statistics"]
        if isinstance(statistics, dict):
            statistics["commentsCount"] = sum(
                comment.parent is None and comment.status not in {DELETED, BANNED}
                for comment in self.comments
            )
        self._take(body)


def feedback_body(rng: random.Random, *, order_id: int, needs: bool) -> JsonObject:
    """All fields of a feedback except its id and date."""
    rating = rng.choices((1, 2, 3, 4, 5), (11, 5, 8, 16, 60))[0]
    statistics: JsonObject = {"rating": rating, "commentsCount": 0}
    chance = rng.random()
    if chance < 0.6:
        statistics["recommended"] = rating > 3
    if chance < 0.2 or chance > 0.95:
        statistics["paidAmount"] = rng.choice((50, 100, 250)) if chance < 0.2 else 0
    identifiers: JsonObject = {
        "orderId": order_id,
        "offerId": texts.sku(rng.randrange(texts.VOLUMES)),
    }
    if chance > 0.98:
        del identifiers["orderId"]
    body: JsonObject = {"needReaction": needs, "identifiers": identifiers}
    if rng.random() < 0.9:
        body["author"] = rng.choice(texts.NAMES)
    if rng.random() < 0.88:
        comment_text = " ".join(rng.choices(texts.PRAISE if rating > 3 else texts.BLAME, k=2))
        description: JsonObject = {"comment": comment_text}
        if rng.random() < 0.6:
            description["advantages"] = rng.choice(texts.PLUSES)
        if rng.random() < 0.5:
            description["disadvantages"] = rng.choice(texts.MINUSES)
        if rng.random() < 0.1:
            del description["comment"]
        body["description"] = description
    if rng.random() < 0.3:
        body["media"] = _media(rng)
    body["statistics"] = statistics
    return body


def _media(rng: random.Random) -> JsonObject:
    mark = rng.getrandbits(48)
    media: JsonObject = {
        "photos": [f"{_PICTURES}/{mark:012x}-{n}/orig" for n in range(rng.randint(1, 3))],
    }
    chance = rng.random()
    if chance < 0.3:
        media["videos"] = [f"https://video.market.yandex.net/{mark:x}.m3u8"]
    elif chance < 0.6:
        media["videos"] = None
    elif chance < 0.7:
        media["photos"] = None
    return media


def feedback_list(
    *,
    count: int,
    seed: str,
    start: int,
    days: float,
    open_share: float,
    ids: Iterator[int],
    order_ids: range,
) -> list[Feedback]:
    """Generates feedbacks, oldest first.

    Some share a second, and some are exactly on an hour or a midnight: a period excludes both its
    ends, so splitting it there loses them.
    """
    rng = random.Random(f"feedbacks {seed}")
    span = int(days * DAY)
    times = sorted(start - 60 - rng.randrange(span) for _ in range(count))
    for at in range(count):
        if at % 11 == 3:
            times[at] = times[at - 1]
        elif at % 13 == 5:
            times[at] -= times[at] % HOUR
        elif at % 29 == 7:
            times[at] -= (times[at] + 3 * HOUR) % DAY
    times.sort()
    waiting = set(rng.sample(range(count), round(count * open_share)))
    return [
        Feedback(
            id=next(ids),
            created=created,
            body=feedback_body(rng, order_id=rng.choice(order_ids), needs=at in waiting),
        )
        for at, created in enumerate(times)
    ]


def comment_on(
    rng: random.Random, feedback: Feedback, ids: Iterator[int], cabinet: str
) -> list[Comment]:
    """Comments of a generated feedback: fewer if it needs a reaction."""
    if rng.random() < (0.9 if feedback.needs_reaction else 0.6):
        return []

    def comment(text: str, by: str, author: str | None, parent: int | None = None) -> Comment:
        return Comment(
            id=next(ids), feedback=feedback, text=text, by=by, author=author, parent=parent
        )

    if feedback.needs_reaction:
        return [comment(rng.choice(texts.REPLIES), BUYER, rng.choice(texts.NAMES))]
    status = rng.choices((PUBLISHED, "UNMODERATED", BANNED, DELETED), (88, 5, 4, 3))[0]
    first = comment(rng.choice(texts.THANKS), SELLER, cabinet)
    first.status = status
    thread = [first]
    if status == PUBLISHED and rng.random() < 0.3:
        name = rng.choice((*texts.NAMES, None))
        text = rng.choice(texts.REPLIES)
        thread.append(comment(text, rng.choice((BUYER, BUYER, BUYER, "BRAND")), name, first.id))
    return thread
