"""Generated cards: a pool of bodies, and for each number its identifiers and dates spliced in.

A body is created and encoded once; a card joins about twenty pieces of bytes, so a page of a
hundred is ready in about half a millisecond and a hundred thousand cards hold little memory.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from wbym.testing import JsonObject
from wbym_wildberries.simulator import card_ids, texts
from wbym_wildberries.simulator import data_directories as directories
from wbym_wildberries.simulator.dates import DAY, exact_time

MICROS = 1_000_000
_VARIANTS = 24
"""Bodies of each kind of product."""
_OLDEST = 900 * DAY
_MARK = b"#"
"""A placeholder for ids and dates; no generated text has it."""
_SIZED = {
    105: (("37", "37"), ("38", "38"), ("39", "39"), ("40", "40"), ("41", "41")),
    219: (("S", "44"), ("M", "46"), ("L", "48"), ("XL", "50")),
}
"""Sizes by subject; cards of other subjects have one."""
_ONE_SIZE = (("0", ""),)
_SAMPLES = {
    directories.COLOR: tuple(name for name, _ in directories.COLORS),
    directories.COMPOSITION: ("хлопок 50%, акрил 50%", "сталь", "керамика"),
    12: ("однотонный", "полоска", "клетка"),
    50: ("свободный крой", "без запаха", "складной"),
    15_000_001: ("3926909709",),
    90_702: ("12 месяцев", "2 года"),
}
"""Values of generated cards for characteristics without a directory."""
_SIZES_OF_PHOTO = ("big", "c246x328", "c516x688", "square", "tm")
APPROVED = "approved"
"""The verdict on all generated documents; the real value is not published."""
PHOTO_HOST = "https://basket-10.wbbasket.ru"


def photo_path(nm: int) -> str:
    """The folder of an item's pictures."""
    return f"vol{nm // 100_000}/part{nm // 1000}/{nm}"


def photo(nm: int | str, place: int) -> JsonObject:
    """The links of one picture of a card."""
    path = nm if isinstance(nm, str) else photo_path(nm)
    return {size: f"{PHOTO_HOST}/{path}/images/{size}/{place}.webp" for size in _SIZES_OF_PHOTO}


def video(nm: int | str) -> str:
    """The link of a card's video."""
    path = nm if isinstance(nm, str) else photo_path(nm)
    return f"https://videonme-basket-12.wbbasket.ru/{path}/hls/1440p/index.m3u8"


def sizes_of(subject_id: int) -> tuple[tuple[str, str], ...]:
    """Seller's and buyer's size of each size of a generated card."""
    return _SIZED.get(subject_id, _ONE_SIZE)


@dataclass(frozen=True, slots=True)
class _Pattern:
    """The JSON between the ids and dates."""

    subject: bytes
    title: bytes
    pictures: list[bytes]
    rest: bytes
    photos: int
    age: int
    """Microseconds from its creation to its last change."""


def _pattern(rng: random.Random, kind: int) -> _Pattern:
    name, subject, subject_id = texts.PRODUCTS[kind]
    photos = 0 if rng.random() < 0.15 else rng.randint(1, 6)
    pictures: JsonObject = {"photos": [photo(_MARK.decode(), n + 1) for n in range(photos)]}
    if photos and rng.random() < 0.1:
        pictures["video"] = video(_MARK.decode())
    rest: JsonObject = {}
    if rng.random() < 0.1:
        rest["wholesale"] = {"enabled": True, "quantum": rng.randint(2, 200)}
    rest["dimensions"] = {
        "length": rng.randint(5, 60),
        "width": rng.randint(5, 40),
        "height": rng.randint(1, 30),
        "weightBrutto": rng.randint(40, 6000) / 1000,
        "isValid": rng.random() < 0.9,
    }
    rest["characteristics"] = _characteristics(rng, subject_id)
    title: JsonObject = {
        "title": name,
        "description": " ".join(rng.choices(texts.PRAISE, k=rng.randint(2, 6))),
        "needKiz": directories.is_marked(subject_id),
        "kizMarked": directories.is_marked(subject_id),
    }
    return _Pattern(
        _inside({"subjectID": subject_id, "subjectName": subject}),
        _inside(title),
        _inside(pictures).split(_MARK),
        _inside(rest),
        photos,
        rng.randint(0, 60 * DAY) * MICROS + rng.randrange(MICROS),
    )


def _characteristics(rng: random.Random, subject_id: int) -> list[JsonObject]:
    values: list[JsonObject] = []
    for one in directories.characteristics(subject_id).values():
        if not one.required and rng.random() < 0.4:
            continue
        value: object
        if one.kind == directories.NUMBER:
            value = rng.randint(10, 3000)
        else:
            value = [
                rng.choice(_SAMPLES.get(one.id) or sorted(directories.DIRECTORY_VALUES[one.id]))
            ]
        values.append({"id": one.id, "name": one.name, "value": value})
    return values


def _inside(fields: JsonObject) -> bytes:
    return msgspec.json.encode(fields)[1:-1]


_BRANDS = tuple(msgspec.json.encode(name) for name in texts.BRANDS)


class CardData:
    """The generated cards of one seller."""

    def __init__(self, *, count: int, seed: int, start: int) -> None:
        """Creates the pool of bodies.

        Args:
            count: Number of cards.
            seed: Of the bodies.
            start: Unix time of the generation; every card was last changed before it.
        """
        rng = random.Random(f"cards {seed}")
        self.count = count
        self._first = (start - _OLDEST) * MICROS
        self._span = (_OLDEST - DAY) * MICROS
        kinds = range(len(texts.PRODUCTS))
        self._pools = [[_pattern(rng, kind) for _ in range(_VARIANTS)] for kind in kinds]
        self._sizes = [_size_writer(sizes_of(product[2])) for product in texts.PRODUCTS]

    def updated(self, number: int) -> int:
        """When a card was last changed, Unix microseconds; never decreases as the number grows.

        Occasionally two cards have equal times.
        """
        if number % 7 == 3:
            number -= 1
        return self._first + number * self._span // max(1, self.count) // 10 * 10

    def photos(self, number: int) -> int:
        """How many pictures a card has."""
        return self._pattern(number).photos

    def _pattern(self, number: int) -> _Pattern:
        kind = number % len(self._pools)
        return self._pools[kind][(number * 2_654_435_761 >> 9) % _VARIANTS]

    def render(self, number: int) -> bytes:
        """JSON of a card."""
        body = self._pattern(number)
        nm = card_ids.nm_id(number)
        updated = self.updated(number)
        return b"".join(
            (
                b'{"nmID":%d,"imtID":%d,"nmUUID":"01bda0b1-5c0b-736c-b2be-%012x",'
                % (nm, card_ids.imt_id(number), number),
                body.subject,
                b',"vendorCode":"',
                card_ids.vendor_code(number).encode(),
                b'","brand":',
                _BRANDS[number % len(_BRANDS)],
                b",",
                body.title,
                b",",
                photo_path(nm).encode().join(body.pictures),
                b",",
                body.rest,
                b',"sizes":[',
                self._sizes[number % len(self._sizes)](number),
                b"]",
                _permits(number),
                b',"tags":[],"createdAt":"',
                exact_time(updated - body.age),
                b'","updatedAt":"',
                exact_time(updated),
                b'"}',
            )
        )


def _permits(number: int) -> bytes:
    """GTIN and documents of a card, if it has any."""
    found = b',"gtin":"046%011d"' % number if number % 2 else b""
    subject_id = card_ids.product(number)[2]
    if directories.needs_permit(subject_id) or number % 5 == 2:
        return found + _PERMITS % (4_000_001 + 2 * number, 4_000_002 + 2 * number)
    return found + _NO_PERMIT if number % 5 == 4 else found


def _permit(kind: int, number: str, end: str) -> JsonObject:
    return {
        "type": kind,
        "number": number,
        "productNumber": "",
        "tradeName": "",
        "applicant": texts.SUPPLIERS[0],
        "startDate": "2024-02-01",
        "endDate": end,
        "isEndless": not end,
        "verdict": APPROVED,
    }


def _documents(items: list[JsonObject]) -> bytes:
    documents = {"items": items, "excludeDocuments": not items, "overallVerdict": APPROVED}
    return b"," + _inside({"documents": documents})


_PERMITS = _documents(
    [
        {**_permit(2, "ЕАЭС N RU Д-RU.РА01.В.10203/24", "2039-02-01"), "id": _MARK.decode()},
        {**_permit(3, "RU.77.01.34.008.Е.000101.02.24", ""), "id": _MARK.decode()},
    ]
).replace(b'"%s"' % _MARK, b"%d")
_NO_PERMIT = _documents([])


def _size_writer(sizes: tuple[tuple[str, str], ...]) -> Callable[[int], bytes]:
    template = ",".join(
        f'{{"chrtID":%d,"techSize":"{tech}","wbSize":"{size}","skus":["%s"]}}'
        for tech, size in sizes
    ).encode()

    def write(number: int) -> bytes:
        pieces: list[object] = []
        for place in range(len(sizes)):
            chrt = card_ids.chrt_id(number, place)
            pieces += (chrt, card_ids.sku(chrt).encode())
        return template % tuple(pieces)

    return write
