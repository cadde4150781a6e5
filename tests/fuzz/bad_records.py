"""A: one record of a page that is damaged. Each kind takes the chooser and the record's tree."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any, Final

import msgspec

from tests.fuzz.places import leaves, put
from tests.fuzz.values import NOW, Tree, iso
from tests.fuzz.wrong import DEEP, HOLE, WRONG, encode

__all__ = ["RECORD_KINDS"]


def _in_text(raw: bytes) -> Callable[[Random, Tree], bytes]:
    """Bytes in one of the record's texts, or in a field that is not used."""

    def change(random: Random, record: Tree) -> bytes:
        texts = [
            path
            for path, value in leaves(record)
            if isinstance(value, str) and path != ("eventType",)  # an unknown type is skipped
        ]
        # An id is worth nothing in pieces: what has one is judged by its place.
        places: list[Any] = [*texts, ("notUsed",)]
        place = random.choice(places[1:] if len(places) > 1 else places)
        changed = put(msgspec.json.decode(msgspec.json.encode(record)), place, f"Ива{HOLE}")
        return encode(changed).replace(HOLE.encode(), raw)

    return change


def _as_value(raw: bytes) -> Callable[[Random, Tree], bytes]:
    """Raw JSON, or what is none, instead of one of the values."""

    def change(random: Random, record: Tree) -> bytes:
        places = [path for path, _ in leaves(record)][1:]
        place = random.choice([*places, ("notUsed",)])
        changed = put(msgspec.json.decode(msgspec.json.encode(record)), place, HOLE)
        return encode(changed).replace(f'"{HOLE}"'.encode(), raw)

    return change


def _number(raw: bytes) -> Callable[[Random, Tree], bytes]:
    """A number that is none, instead of one of the numbers."""

    def change(random: Random, record: Tree) -> bytes:
        numbers = [path for path, value in leaves(record) if type(value) in {int, float}]
        place = random.choice(numbers or [("notUsed",)])
        changed = put(msgspec.json.decode(msgspec.json.encode(record)), place, HOLE)
        return encode(changed).replace(f'"{HOLE}"'.encode(), raw)

    return change


def _time(*texts: str) -> Callable[[Random, Tree], bytes]:
    """A time that there is not, or hardly, instead of one of the times."""
    return _written_otherwise(*(lambda _, text=text: text for text in texts))


def _written_otherwise(*ways: Callable[[str], str]) -> Callable[[Random, Tree], bytes]:
    """One of the times is written in another way."""

    def change(random: Random, record: Tree) -> bytes:
        times = [
            (path, value)
            for path, value in leaves(record)
            if isinstance(value, str) and value[:2] == "20" and value[4:5] == "-"
        ]
        place, text = random.choice(times or [(("notUsed",), iso(NOW))])
        copy = msgspec.json.decode(msgspec.json.encode(record))
        return encode(put(copy, place, random.choice(ways)(text)))

    return change


def _nearly_a_day(text: str) -> str:
    """The same moment, in a zone that is a day away."""
    zone = timezone(timedelta(hours=23, minutes=59))
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(zone).isoformat()


def _stamp(random: Random, record: Tree) -> bytes:
    """Unix milliseconds become micro- or nanoseconds, or are of no time at all."""
    stamps = [
        (path, value)
        for path, value in leaves(record)
        if isinstance(value, int) and value > 1_000_000_000_000
    ]
    place, stamp = random.choice(stamps or [(("notUsed",), 1)])
    wrong = random.choice([stamp * 1000, stamp * 1_000_000, -stamp, 2**62, 10**25, 0])
    return encode(put(msgspec.json.decode(msgspec.json.encode(record)), place, wrong))


def _wrong_type(random: Random, record: Tree) -> bytes:
    copy = msgspec.json.decode(msgspec.json.encode(record))
    place, value = random.choice(list(leaves(copy)))
    return encode(put(copy, place, random.choice(WRONG[type(value)])))


def _absent(random: Random, record: Tree) -> bytes:
    copy = msgspec.json.decode(msgspec.json.encode(record))
    name = random.choice(list(copy))
    return encode({key: value for key, value in copy.items() if key != name})


def _no_object(random: Random, record: Tree) -> bytes:
    return random.choice([b"null", b"[]", b'"x"', b"5", b"{}", b"true", b"[[]]", b'{"":""}'])


_DEEP_OBJECT: Final = b'{"a":' * 1000 + b"1" + b"}" * 1000
_BOTTOMLESS: Final = b"[" * 100_000 + b"]" * 100_000

RECORD_KINDS: Final[Mapping[str, Callable[[Random, Tree], bytes]]] = {
    "bytes that are not UTF-8": _in_text(b"\xd0"),
    "half of a surrogate pair, escaped": _in_text(rb"\ud83d"),
    "half of a surrogate pair, as bytes": _in_text(b"\xed\xa0\xbd"),
    "the other half of a pair": _in_text(rb"\udc4d\ud83d"),
    "a control character": _in_text(b"\x01"),
    "a line break in a text": _in_text(b"\n"),
    "a NUL": _in_text(b"\x00"),
    "cp1251": _in_text("Привет".encode("cp1251")),
    "an escape that there is not": _in_text(rb"\x41"),
    "half an escape": _in_text(rb"\u12"),
    "NaN": _number(b"NaN"),
    "Infinity": _number(b"-Infinity"),
    "a number with a zero before it": _number(b"007"),
    "1e40": _number(b"1e40"),
    "1e400": _number(b"1e400"),
    "10**25": _number(b"1" + b"0" * 25),
    "a number of 5,000 digits": _number(b"1" * 5000),
    "-0.0": _number(b"-0.0"),
    "nesting 1,000 deep": _as_value(DEEP),
    "objects 1,000 deep": _as_value(_DEEP_OBJECT),
    "nesting 100,000 deep": _as_value(_BOTTOMLESS),
    "Python's None": _as_value(b"None"),
    "a time in year 1": _time(
        "0001-01-01T00:00:00", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "0001-01-01"
    ),
    "a time in year 9999": _time(
        "9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-14:00"
    ),
    "a time without a zone": _written_otherwise(
        lambda text: text[:19], lambda text: text[:19].replace("T", " ")
    ),
    "no time": _time("", "вчера", "2026-13-45T99:99:99Z", "0000-00-00T00:00:00Z", "1777636800"),
    "a time with a strange zone": _written_otherwise(
        _nearly_a_day, lambda text: f"{text[:19]}+99:99", lambda text: f"{text[:19]} MSK"
    ),
    "a stamp that is none": _stamp,
    "a wrong type": _wrong_type,
    "two wrong types": lambda random, record: _wrong_type(
        random, msgspec.json.decode(_plain(_wrong_type(random, record)))
    ),
    "a field less": _absent,
    "no object": _no_object,
}


def _plain(body: bytes) -> bytes:
    """JSON that msgspec reads too."""
    return body.replace(rb"\ud83d", b"?")
