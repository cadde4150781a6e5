"""The lists of cards: what is sent for them, how they page, what their answers are."""

from typing import Final

import msgspec

from wbym.calls import Json, Unreadable
from wbym.errors import SetAside
from wbym.paging import ByCursor
from wbym_wildberries.api.base import Envelope, Locale, check_envelope
from wbym_wildberries.api.card_records import (
    Card,
    CardErrors,
    CardFilter,
    CardsPage,
    ErrorsPage,
    Original,
    keep_original,
)

__all__ = [
    "CARD_PAGES",
    "FAILED",
    "FAILED_PAGES",
    "TRASHED_PAGES",
    "CardsReply",
    "failed_body",
    "list_body",
    "trash_body",
]

CARD_PAGES: Final = ByCursor(
    ("updatedAt", "nmID"),
    size="limit",
    max_size=100,
    at=("settings", "cursor"),
    more=lambda cursor, size: cursor.total >= size,
)
TRASHED_PAGES: Final = msgspec.structs.replace(CARD_PAGES, fields=("trashedAt", "nmID"))
FAILED_PAGES: Final = ByCursor(
    ("updatedAt", "batchUUID"),
    size="limit",
    max_size=100,
    at=("cursor",),
    more=lambda cursor, _: cursor.next,
)


class _Sort(msgspec.Struct):
    ascending: bool


class _ListSettings(msgspec.Struct):
    sort: _Sort
    filter: CardFilter


class _ListBody(msgspec.Struct):
    settings: _ListSettings


class _TrashFilter(msgspec.Struct, omit_defaults=True):
    text: str | None = msgspec.field(default=None, name="textSearch")


class _TrashSettings(msgspec.Struct):
    sort: _Sort
    filter: _TrashFilter


class _TrashBody(msgspec.Struct):
    settings: _TrashSettings


class _FailedBody(msgspec.Struct):
    order: _Sort


def list_body(where: CardFilter | None, ascending: bool, locale: Locale | None) -> _ListBody:
    """What is sent for cards, without where to begin."""
    return _ListBody(_ListSettings(_Sort(ascending), where or CardFilter()))


def trash_body(text: str | None, ascending: bool, locale: Locale | None) -> _TrashBody:
    """What is sent for cards in the trash, without where to begin."""
    return _TrashBody(_TrashSettings(_Sort(ascending), _TrashFilter(text or None)))


def failed_body(ascending: bool, locale: Locale | None) -> _FailedBody:
    """What is sent for what was wrong with cards, without where to begin."""
    return _FailedBody(_Sort(ascending))


class _RawPage(msgspec.Struct):
    cards: list[msgspec.Raw] = []


_RAW_PAGE: Final = msgspec.json.Decoder(_RawPage)


class CardsReply(Json[CardsPage, CardsPage]):
    """A page of cards, each with its bytes."""

    def __init__(self) -> None:
        super().__init__(CardsPage, lambda page: page, records=("cards",), record=Card)

    def decode(self, endpoint: str, body: bytes) -> tuple[CardsPage, tuple[SetAside, ...]]:
        """The page, and the records that were set aside; see :class:`wbym.calls.Json`."""
        page, aside = super().decode(endpoint, body)
        gone = {one.where for one in aside}
        rows = enumerate(_RAW_PAGE.decode(body).cards)
        kept = [raw for index, raw in rows if f"cards[{index}]" not in gone]
        for card, raw in zip(page.cards, kept, strict=True):
            keep_original(card, Original(raw))
        return page, aside


def _errors(envelope: Envelope[ErrorsPage | list[msgspec.Raw]]) -> ErrorsPage:
    check_envelope(envelope)
    if isinstance(envelope.data, ErrorsPage):
        return envelope.data
    if envelope.data:
        raise Unreadable("the envelope holds a list of another kind")
    # Older documents have a list here; an empty one says the same in both.
    return ErrorsPage()


FAILED: Final = Json(
    Envelope[ErrorsPage | list[msgspec.Raw]],
    _errors,
    records=("data", "items"),
    record=CardErrors,
)
