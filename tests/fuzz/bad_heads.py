"""C and D: headers that make no sense, and statuses that the marketplace did not give."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Final

from tests.fuzz.bad_bodies import FOREIGN

__all__ = ["failing", "headers", "status"]

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


def headers(random: Random) -> dict[str, str]:
    names = random.sample(list(_HEADERS), random.randint(1, 4))
    return {name: random.choice(_HEADERS[name]) for name in names}


_STATUSES: Final = (302, 307, 404, 405, 408, 410, 421, 425, 498, 499)


def status(random: Random) -> tuple[int, bytes]:
    return random.choice(_STATUSES), random.choice(FOREIGN)


def failing(random: Random) -> tuple[int, bytes]:
    return random.choice((500, 502, 503, 504, 520, 521, 599)), random.choice(FOREIGN)
