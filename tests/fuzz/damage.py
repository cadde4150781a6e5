"""What goes wrong with an answer, by kind; each says what must be true all the same."""

from collections.abc import Callable
from enum import Enum
from typing import Any, Final

import msgspec

from tests.fuzz.bad_bodies import (
    ODD,
    before,
    beside,
    beside_wrong,
    cut,
    instead,
    list_of_another_type,
    no_list,
    null_list,
    refusal_wrong,
)
from tests.fuzz.bad_heads import failing, headers, status
from tests.fuzz.bad_records import RECORD_KINDS
from tests.fuzz.wrong import DEEP

__all__ = ["KINDS", "Kind", "Must", "Scope"]


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


HONEST: Final = Kind("-", "nothing is wrong", Scope.NOTHING)

KINDS: Final[tuple[Kind, ...]] = (
    HONEST,
    *(Kind("A", name, Scope.RECORD, change=change) for name, change in RECORD_KINDS.items()),
    Kind("A", "a BOM before the body", Scope.BODY, change=before(b"\xef\xbb\xbf")),
    Kind("A", "the envelope is not UTF-8", Scope.BODY, change=beside(b'"\xd0"')),
    Kind("A", "half a pair in the envelope", Scope.BODY, change=beside(rb'"\ud83d"')),
    Kind("A", "a control character in the envelope", Scope.BODY, change=beside(b'"\x01"')),
    Kind("A", "cp1251 in the envelope", Scope.BODY, change=beside(b'"\xcf\xf0"')),
    Kind("A", "a deep value in the envelope", Scope.BODY, change=beside(DEEP)),
    Kind("A", "NaN in the envelope", Scope.BODY, change=beside(b"NaN")),
    Kind("B", "a wrong type beside the records", Scope.LIST, change=beside_wrong),
    Kind("B", "a wrong type where it says ok", Scope.LIST, Must.SAFE, change=refusal_wrong),
    Kind(
        "B",
        "another object",
        Scope.LIST,
        Must.UNREADABLE,
        change=instead(b'{"title":"degraded"}', b"{}", b'{"data":{}}', b'{"result":{}}'),
    ),
    Kind("B", "an envelope without the list", Scope.LIST, Must.UNREADABLE, change=no_list),
    Kind("B", "null for the list", Scope.LIST, Must.EMPTY, change=null_list),
    Kind("B", "no list", Scope.LIST, Must.UNREADABLE, change=list_of_another_type),
    Kind("B", "a body that is cut", Scope.LIST, Must.SAFE, change=cut),
    Kind("B", "any body", Scope.BODY, Must.SAFE, change=instead(*ODD)),
    Kind("C", "odd headers", Scope.HEADERS, change=headers),
    Kind("C", "an odd body", Scope.WRITTEN, change=instead(*ODD)),
    Kind("C", "a wrong type in the body", Scope.WRITTEN, change=beside_wrong),
    Kind("D", "a gateway once", Scope.STATUS, change=status),
    Kind("D", "a gateway always", Scope.STATUS, Must.SAFE, change=status),
    Kind("D", "a server that fails once", Scope.STATUS, change=failing),
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
