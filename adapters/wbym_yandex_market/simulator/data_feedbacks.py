"""Feedbacks and their comments: the records, and how they are generated."""

from __future__ import annotations

import random
from collections.abc import Iterator

import msgspec

from wbym_yandex_market.simulator import texts
from wbym_yandex_market.simulator.dates import DAY, HOUR, moscow
from wbym_yandex_market.simulator.desk import BANNED, DELETED, PUBLISHED
from wbym_yandex_market.simulator.rows import Json, Row

SELLER = "BUSINESS"
BUYER = "USER"
_PICTURES = "https://avatars.mds.yandex.net/get-market-ugc"


class Comment(Row):
    """A comment on a feedback or on another comment."""

    __slots__ = ("author", "by", "feedback", "parent", "revision", "status", "text")

    def __init__(
        self,
        identifier: int,
        feedback: Feedback,
        text: str,
        *,
        by: str,
        author: str | None,
        parent: int | None = None,
        status: str = PUBLISHED,
    ) -> None:
        super().__init__(identifier)
        self.feedback = feedback
        self.text = text
        self.by = by
        self.author = author
        self.parent = parent
        self.status = status
        self.revision = 0

    @property
    def is_ours(self) -> bool:
        """Whether the seller may change it."""
        return self.by == SELLER and self.status != DELETED

    def show(self) -> Json:
        """The record as an answer has it."""
        shown: Json = {"id": self.id, "text": self.text}
        if self.by == SELLER or self.id % 3:
            shown["canModify"] = self.is_ours
        if self.parent is not None:
            shown["parentId"] = self.parent
        if self.author is not None:
            shown["author"] = {"type": self.by, "name": self.author}
        elif self.id % 2:
            shown["author"] = {"type": self.by}
        return {**shown, "status": self.status, "feedbackId": self.feedback.id}


class Feedback(Row):
    """A feedback; its JSON is kept encoded, beside what the filters ask for."""

    __slots__ = ("comments", "created", "needs", "offer", "paid", "rating")

    def __init__(self, identifier: int, created: int, body: Json) -> None:
        super().__init__(identifier, (created, identifier))
        self.created = created
        self.comments: list[Comment] = []
        self.needs = False
        self.rating = 0
        self.offer = ""
        self.paid = False
        self._take({"feedbackId": identifier, "createdAt": moscow(created), **body})

    def _take(self, body: Json) -> None:
        identifiers, statistics = body["identifiers"], body["statistics"]
        if not isinstance(identifiers, dict) or not isinstance(statistics, dict):
            raise TypeError("identifiers and statistics of a feedback are objects")
        self.needs = bool(body["needReaction"])
        self.rating = statistics["rating"]
        self.offer = identifiers.get("offerId", "")
        self.paid = bool(statistics.get("paidAmount"))
        self._raw = msgspec.json.encode(body)

    def show(self) -> Json:
        """The record as an answer has it."""
        return msgspec.json.decode(self.raw, type=Json)

    def update(self, **fields: object) -> None:
        """Changes some fields and counts the comments anew."""
        body = {**self.show(), **fields}
        statistics = body["statistics"]
        if isinstance(statistics, dict):
            statistics["commentsCount"] = sum(
                comment.parent is None and comment.status not in {DELETED, BANNED}
                for comment in self.comments
            )
        self._take(body)


def feedback_body(rng: random.Random, *, order_id: int, needs: bool) -> Json:
    """Everything of a feedback but its id and date."""
    rating = rng.choices((1, 2, 3, 4, 5), (11, 5, 8, 16, 60))[0]
    statistics: Json = {"rating": rating, "commentsCount": 0}
    chance = rng.random()
    if chance < 0.6:
        statistics["recommended"] = rating > 3
    if chance < 0.2 or chance > 0.95:
        statistics["paidAmount"] = rng.choice((50, 100, 250)) if chance < 0.2 else 0
    identifiers: Json = {"orderId": order_id, "offerId": texts.sku(rng.randrange(texts.VOLUMES))}
    if chance > 0.98:
        del identifiers["orderId"]
    body: Json = {"needReaction": needs, "identifiers": identifiers}
    if rng.random() < 0.9:
        body["author"] = rng.choice(texts.NAMES)
    if rng.random() < 0.88:
        words = " ".join(rng.choices(texts.PRAISE if rating > 3 else texts.BLAME, k=2))
        description: Json = {"comment": words}
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


def _media(rng: random.Random) -> Json:
    mark = rng.getrandbits(48)
    media: Json = {
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

    Now and then two share their second, and some lie exactly on an hour or on a midnight: a
    period excludes both its ends, so who cuts it there loses them.
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
            next(ids),
            created,
            feedback_body(rng, order_id=rng.choice(order_ids), needs=at in waiting),
        )
        for at, created in enumerate(times)
    ]


def comment_on(
    rng: random.Random, feedback: Feedback, ids: Iterator[int], cabinet: str
) -> list[Comment]:
    """Comments that a generated feedback already has: some on those that wait, more on others."""
    if rng.random() < (0.9 if feedback.needs else 0.6):
        return []
    if feedback.needs:
        text = rng.choice(texts.REPLIES)
        return [Comment(next(ids), feedback, text, by=BUYER, author=rng.choice(texts.NAMES))]
    status = rng.choices((PUBLISHED, "UNMODERATED", BANNED, DELETED), (88, 5, 4, 3))[0]
    text = rng.choice(texts.THANKS)
    first = Comment(next(ids), feedback, text, by=SELLER, author=cabinet, status=status)
    made = [first]
    if status == PUBLISHED and rng.random() < 0.3:
        name = rng.choice((*texts.NAMES, None))
        made.append(
            Comment(
                next(ids),
                feedback,
                rng.choice(texts.REPLIES),
                by=rng.choice((BUYER, BUYER, BUYER, "BRAND")),
                author=name,
                parent=first.id,
            )
        )
    return made
