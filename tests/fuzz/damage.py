"""What goes wrong with an answer, by kind; each says what must be true all the same."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from enum import Enum
from random import Random
from typing import Any, Final

import msgspec

from tests.fuzz.places import leaves, put
from tests.fuzz.values import NOW, Tree

__all__ = ["KINDS", "Kind", "Must", "Scope", "encode"]

HALF: Final = "\ud83d"
"""Half of a surrogate pair."""


class Scope(Enum):
    """What a kind of damage is done to."""

    NOTHING = "nothing"
    RECORD = "one record of a page"
    BODY = "the body of an answer that was read"
    LIST = "the body of a page"
    HEADERS = "the headers of a success"
    WRITTEN = "the body after a write"
    STATUS = "the status"
    ENDLESS = "the pages of a list"


class Must(Enum):
    """What must be true of a list, besides what must always be."""

    ALL = "every good record is delivered, and there is no error"
    FIRST = "every good record that was sent is delivered"
    UNREADABLE = "the page is refused as unreadable"
    EMPTY = "the list is empty"
    SAFE = "nothing but what always must be"


class Kind(msgspec.Struct, frozen=True):
    """One kind of damage."""

    letter: str
    """Of the issue: A bytes and values, B envelopes, C after a write, D gateways, I lists."""
    name: str
    scope: Scope
    must: Must = Must.ALL
    change: Callable[..., Any] | None = None

    def __str__(self) -> str:
        return f"{self.letter}: {self.name}"


def encode(tree: Tree) -> bytes:
    """JSON; halves of surrogate pairs are escaped."""
    return (
        json.dumps(tree, ensure_ascii=False)
        .encode("utf-8", "surrogatepass")
        .replace(HALF.encode("utf-8", "surrogatepass"), rb"\ud83d")
    )


# A: bytes of a record. Each takes the chooser and the record, and gives its bytes.

_HOLE: Final = "@hole@"


def _in_text(raw: bytes) -> Callable[[Random, Tree], bytes]:
    """Bytes in one of the record's texts, or in a field that is not used."""

    def change(random: Random, record: Tree) -> bytes:
        texts = [path for path, value in leaves(record) if isinstance(value, str)]
        # An id is worth nothing in pieces: what has one is judged by its place.
        places: list[Any] = [*texts, ("notUsed",)]
        place = random.choice(places[1:] if len(places) > 1 else places)
        changed = put(msgspec.json.decode(msgspec.json.encode(record)), place, f"Ива{_HOLE}")
        return encode(changed).replace(_HOLE.encode(), raw)

    return change


def _as_value(raw: bytes) -> Callable[[Random, Tree], bytes]:
    """Raw JSON, or what is none, instead of one of the values."""

    def change(random: Random, record: Tree) -> bytes:
        places = [path for path, _ in leaves(record)][1:]
        place = random.choice([*places, ("notUsed",)])
        changed = put(msgspec.json.decode(msgspec.json.encode(record)), place, _HOLE)
        return encode(changed).replace(f'"{_HOLE}"'.encode(), raw)

    return change


def _number(raw: bytes) -> Callable[[Random, Tree], bytes]:
    """A number that is none, instead of one of the numbers."""

    def change(random: Random, record: Tree) -> bytes:
        numbers = [path for path, value in leaves(record) if type(value) in {int, float}]
        place = random.choice(numbers or [("notUsed",)])
        changed = put(msgspec.json.decode(msgspec.json.encode(record)), place, _HOLE)
        return encode(changed).replace(f'"{_HOLE}"'.encode(), raw)

    return change


def _time(*texts: str) -> Callable[[Random, Tree], bytes]:
    """A time that there is not, or hardly, instead of one of the times."""

    def change(random: Random, record: Tree) -> bytes:
        times = [
            path
            for path, value in leaves(record)
            if isinstance(value, str) and value[:2] == "20" and value[4:5] == "-"
        ]
        place = random.choice(times or [("notUsed",)])
        copy = msgspec.json.decode(msgspec.json.encode(record))
        return encode(put(copy, place, random.choice(texts)))

    return change


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


_WRONG: Final[Mapping[type, Sequence[Tree]]] = {
    str: (5, 0.5, True, [], {}, ["x"], {"x": "y"}, None, HALF),
    int: ("5", "x", 1.5, 1e40, 10**25, -1, -(10**25), 2**63, True, [], {}, None),
    float: ("5", "x", 1e40, 1e308, -1e40, 10**25, [], {}, None),
    bool: ("true", 1, [], {}, None),
    dict: ("x", 5, [], None, True),
    list: ("x", 5, {}, None, [None], [[]], [5], ["x"], [{}], True),
    type(None): ("x", 5, [], {}, True, 1.5),
}


def _wrong_type(random: Random, record: Tree) -> bytes:
    copy = msgspec.json.decode(msgspec.json.encode(record))
    place, value = random.choice(list(leaves(copy)))
    return encode(put(copy, place, random.choice(_WRONG[type(value)])))


def _absent(random: Random, record: Tree) -> bytes:
    copy = msgspec.json.decode(msgspec.json.encode(record))
    name = random.choice(list(copy))
    return encode({key: value for key, value in copy.items() if key != name})


def _no_object(random: Random, record: Tree) -> bytes:
    return random.choice([b"null", b"[]", b'"x"', b"5", b"{}", b"true", b"[[]]", b'{"":""}'])


_RECENT: Final = (NOW - timedelta(days=3)).replace(tzinfo=None).isoformat()
_DEEP: Final = b"[" * 1000 + b"]" * 1000
_DEEP_OBJECT: Final = b'{"a":' * 1000 + b"1" + b"}" * 1000
_BOTTOMLESS: Final = b"[" * 100_000 + b"]" * 100_000

_RECORD_KINDS: Final[Mapping[str, Callable[[Random, Tree], bytes]]] = {
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
    "nesting 1,000 deep": _as_value(_DEEP),
    "objects 1,000 deep": _as_value(_DEEP_OBJECT),
    "nesting 100,000 deep": _as_value(_BOTTOMLESS),
    "Python's None": _as_value(b"None"),
    "a time in year 1": _time(
        "0001-01-01T00:00:00", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "0001-01-01"
    ),
    "a time in year 9999": _time(
        "9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-14:00"
    ),
    "a time without a zone": _time(_RECENT, _RECENT.replace("T", " ")),
    "no time": _time("", "вчера", "2026-13-45T99:99:99Z", "0000-00-00T00:00:00Z", "1777636800"),
    "a time with a strange zone": _time(
        f"{_RECENT}+23:59", f"{_RECENT}-23:59", f"{_RECENT}+99:99", f"{_RECENT} MSK"
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


# A and B: bodies. Each takes the chooser, the body without records and their place.


def _before(raw: bytes) -> Callable[..., tuple[Tree, Callable[[bytes], bytes]]]:
    def change(random: Random, tree: Tree, _: Sequence[str]) -> tuple[Tree, Any]:
        return tree, lambda body: raw + body

    return change


def _beside(raw: bytes) -> Callable[..., tuple[Tree, Callable[[bytes], bytes]]]:
    """A field of the envelope that nobody reads, with these bytes as its value."""

    def change(random: Random, tree: Tree, path: Sequence[str]) -> tuple[Tree, Any]:
        if not isinstance(tree, dict):
            return tree, lambda body: body
        depth = random.randint(0, max(len(path) - 1, 0))
        inner = put(tree, [*path[:depth], "notUsed"], _HOLE)
        return inner, lambda body: body.replace(f'"{_HOLE}"'.encode(), raw)

    return change


_MATTERS: Final = {"error", "errors", "errorText", "additionalErrors", "status"}
"""Fields of an envelope that say whether it is a refusal."""


def _beside_wrong(random: Random, tree: Tree, path: Sequence[str]) -> tuple[Tree, Any]:
    """A field beside the records has another type, or is absent."""
    places = [
        place
        for place, _ in leaves(tree)
        if tuple(path[: len(place)]) != place
        and place[: len(path)] != tuple(path)
        and place[0] not in _MATTERS
    ]
    if not places or not isinstance(tree, dict):
        return tree, lambda body: body
    place = random.choice(places)
    value: Tree = tree
    for step in place:
        value = value[step]
    wrong = random.choice(
        [*_WRONG[type(value)], "169…", 10**25, 1e40] if path else _WRONG[type(value)]
    )
    return put(tree, place, wrong), lambda body: body


def _refusal_wrong(random: Random, tree: Tree, path: Sequence[str]) -> tuple[Tree, Any]:
    """A field that says whether it is a refusal has another type."""
    if not isinstance(tree, dict):
        return tree, lambda body: body
    name = random.choice(sorted(_MATTERS & tree.keys()) or ["error"])
    return {**tree, name: random.choice(["x", 5, [], {}, [5], [{}], [None], None])}, lambda b: b


def _instead(*bodies: bytes) -> Callable[..., tuple[Tree, Callable[[bytes], bytes]]]:
    def change(random: Random, tree: Tree, _: Sequence[str]) -> tuple[Tree, Any]:
        chosen = random.choice(bodies)
        return tree, lambda body: chosen

    return change


def _null_list(random: Random, tree: Tree, path: Sequence[str]) -> tuple[Tree, Any]:
    return put(tree, path, None), lambda body: body


def _no_list(random: Random, tree: Tree, path: Sequence[str]) -> tuple[Tree, Any]:
    """The envelope is there, and the list is not."""
    return put(tree, path[:-1], {}) if len(path) > 1 else {"title": "degraded"}, lambda body: body


def _list_of_another_type(random: Random, tree: Tree, path: Sequence[str]) -> tuple[Tree, Any]:
    return put(tree, path, random.choice(["x", 5, {}, True, {"a": []}])), lambda body: body


def _cut(random: Random, tree: Tree, _: Sequence[str]) -> tuple[Tree, Any]:
    return tree, lambda body: body[: random.randint(0, max(len(body) - 1, 0))]


PAGE: Final = b"<!DOCTYPE html><html><head><title>Error</title></head><body>nginx</body></html>"

_FOREIGN: Final = (
    PAGE,
    b"",
    b'{"fault":{"faultstring":"Gateway","detail":{"errorcode":"policies.ratelimit"}}}',
    b"[]",
    b"null",
    b'"Not Found"',
    b'{"hello":"world"}',
    b"42",
    b"{",
    b"\xff\xfe\x00",
    b"Service unavailable",
)

_ODD: Final = (*_FOREIGN, b"{}", b'{"data":null}', b'{"result":{}}', b"true", _DEEP)

# C: headers.

_HEADERS: Final[Mapping[str, Sequence[str]]] = {
    "x-ratelimit-remaining": ("inf", "1e400", "nan", "-inf", "-5", "1e40", "", "x", "٣", "9" * 400),
    "x-ratelimit-limit": ("inf", "1e400", "nan", "-1", "0", "x"),
    "x-ratelimit-retry": ("inf", "1e400", "nan", "-1", "x"),
    "x-ratelimit-reset": ("inf", "1e400", "nan", "x"),
    "x-ratelimit-resource-limit": ("inf", "1e400", "nan", "-1", "x", "1e40", "9" * 5000),
    "x-ratelimit-resource-remaining": ("inf", "1e400", "nan", "-1", "x", "1e40", "9" * 5000),
    "x-ratelimit-resource-until": (
        "Fri, 31 Dec 9999 23:59:59 -1200",
        "Mon, 01 Jan 0001 00:00:00 +1400",
        "Fri, 01 May 2026 12:00:00 +9999",
        "Fri, 01 May 2026 12:00:00 -999999999999",
        "Fri, 99 May 2026 99:99:99 GMT",
        "inf",
        "",
        "0",
    ),
    "date": (
        "Fri, 31 Dec 9999 23:59:59 -1200",
        "Mon, 01 Jan 0001 00:00:00 +1400",
        "Fri, 01 May 2026 12:00:00 +99999999",
        "x",
        "",
    ),
    "retry-after": ("inf", "1e400", "-1", "x", "Fri, 31 Dec 9999 23:59:59 -1200"),
    "content-length": ("x", "-1", "٣", "²"),
    "content-type": ("", "text/html", "x" * 300),
    "x-market-req-id": ("", "\u200b"),
}


def _headers(random: Random) -> dict[str, str]:
    names = random.sample(list(_HEADERS), random.randint(1, 4))
    return {name: random.choice(_HEADERS[name]) for name in names}


# D: statuses.

STATUSES: Final = (302, 307, 404, 405, 408, 410, 421, 425, 498, 499)


def _status(random: Random) -> tuple[int, bytes]:
    return random.choice(STATUSES), random.choice(_FOREIGN)


def _failing(random: Random) -> tuple[int, bytes]:
    return random.choice((500, 502, 503, 504, 520, 521, 599)), random.choice(_FOREIGN)


HONEST: Final = Kind("-", "nothing is wrong", Scope.NOTHING)

KINDS: Final[tuple[Kind, ...]] = (
    HONEST,
    *(Kind("A", name, Scope.RECORD, change=change) for name, change in _RECORD_KINDS.items()),
    Kind("A", "a BOM before the body", Scope.BODY, change=_before(b"\xef\xbb\xbf")),
    Kind("A", "the envelope is not UTF-8", Scope.BODY, change=_beside(b'"\xd0"')),
    Kind("A", "half a pair in the envelope", Scope.BODY, change=_beside(rb'"\ud83d"')),
    Kind("A", "a control character in the envelope", Scope.BODY, change=_beside(b'"\x01"')),
    Kind("A", "cp1251 in the envelope", Scope.BODY, change=_beside(b'"\xcf\xf0"')),
    Kind("A", "a deep value in the envelope", Scope.BODY, change=_beside(_DEEP)),
    Kind("A", "NaN in the envelope", Scope.BODY, change=_beside(b"NaN")),
    Kind("B", "a wrong type beside the records", Scope.LIST, change=_beside_wrong),
    Kind("B", "a wrong type where it says ok", Scope.LIST, Must.SAFE, change=_refusal_wrong),
    Kind(
        "B",
        "another object",
        Scope.LIST,
        Must.UNREADABLE,
        change=_instead(b'{"title":"degraded"}', b"{}", b'{"data":{}}', b'{"result":{}}'),
    ),
    Kind("B", "an envelope without the list", Scope.LIST, Must.UNREADABLE, change=_no_list),
    Kind("B", "null for the list", Scope.LIST, Must.EMPTY, change=_null_list),
    Kind("B", "no list", Scope.LIST, Must.UNREADABLE, change=_list_of_another_type),
    Kind("B", "a body that is cut", Scope.LIST, Must.SAFE, change=_cut),
    Kind("B", "any body", Scope.BODY, Must.SAFE, change=_instead(*_ODD)),
    Kind("C", "odd headers", Scope.HEADERS, change=_headers),
    Kind("C", "an odd body", Scope.WRITTEN, change=_instead(*_ODD)),
    Kind("C", "a wrong type in the body", Scope.WRITTEN, change=_beside_wrong),
    Kind("D", "a gateway once", Scope.STATUS, change=_status),
    Kind("D", "a gateway always", Scope.STATUS, Must.SAFE, change=_status),
    Kind("D", "a server that fails once", Scope.STATUS, change=_failing),
    *(
        Kind("I", name, Scope.ENDLESS, Must.FIRST)
        for name in (
            "the same page and token",
            "new tokens with the same page",
            "tokens A, B, A, B",
            "new tokens with empty pages",
            "a total too high",
            "a total too low",
            "a negative total",
        )
    ),
)
