"""Lists of cards: those that there are, those in the trash, and what was wrong with some."""

from collections.abc import Callable, Sequence
from typing import Literal, TypeVar

import msgspec

from wbym.calls import ApiGroup, Endpoint, Endpoints, Json, Unreadable
from wbym.errors import SetAside
from wbym.paging import ByCursor, Chunk, Listing, by_token
from wbym_wildberries.api.base import Envelope, Locale, check_envelope, itself, within
from wbym_wildberries.api.card_records import (
    Card,
    CardCursor,
    CardErrors,
    CardsPage,
    ErrorsCursor,
    ErrorsPage,
    Original,
    TrashCursor,
    TrashedCard,
    TrashPage,
    keep_original,
)
from wbym_wildberries.api.cursors import Place, place_after, read_cursor, write_cursor
from wbym_wildberries.token import Category

__all__ = ["ENDPOINTS", "CardFilter", "CardLists"]

P = TypeVar("P")
T = TypeVar("T")


class CardFilter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which cards. What is left out does not matter."""

    with_photo: Literal[-1, 0, 1] = msgspec.field(default=-1, name="withPhoto")
    """1 those with pictures, 0 those without, -1 all."""
    text: str | None = msgspec.field(default=None, name="textSearch")
    """In ``vendor_code``, ``nm_id`` or a barcode."""
    tag_ids: Sequence[int] = msgspec.field(default=(), name="tagIDs")
    subject_ids: Sequence[int] = msgspec.field(default=(), name="objectIDs")
    brands: Sequence[str] = ()
    imt_id: int | None = msgspec.field(default=None, name="imtID")
    allowed_categories_only: bool | None = msgspec.field(default=None, name="allowedCategoriesOnly")
    """Only those whose category the seller may sell in, or only the others."""


class _Sort(msgspec.Struct):
    ascending: bool


class _Settings(msgspec.Struct):
    sort: _Sort
    filter: dict[str, object]
    cursor: Place


class _ListBody(msgspec.Struct):
    settings: _Settings


class _ErrorsBody(msgspec.Struct):
    cursor: Place
    order: _Sort


def _errors(envelope: Envelope[ErrorsPage | list[msgspec.Raw]]) -> ErrorsPage:
    check_envelope(envelope)
    if isinstance(envelope.data, ErrorsPage):
        return envelope.data
    if envelope.data:
        raise Unreadable("the envelope holds a list of another kind")
    # Older documents have a list here; an empty one says the same in both.
    return ErrorsPage()


class _RawPage(msgspec.Struct):
    cards: list[msgspec.Raw] = []


class _CardsReply(Json[CardsPage, CardsPage]):
    """A page of cards, each with its bytes."""

    def __init__(self) -> None:
        super().__init__(CardsPage, lambda page: page, records=("cards",), record=Card)

    def decode(self, endpoint: str, body: bytes) -> tuple[CardsPage, tuple[SetAside, ...]]:
        page, aside = super().decode(endpoint, body)
        gone = {one.where for one in aside}
        rows = enumerate(_RAW_PAGE.decode(body).cards)
        kept = [raw for index, raw in rows if f"cards[{index}]" not in gone]
        for card, raw in zip(page.cards, kept, strict=True):
            keep_original(card, Original(raw))
        return page, aside


_RAW_PAGE = msgspec.json.Decoder(_RawPage)
_TABLE = Endpoints("content.cards", host="content", scope=Category.CONTENT.scope)
LIST_PAGES = ByCursor(fields=("updatedAt", "nmID"), size="limit", most=100)
TRASHED_PAGES = ByCursor(fields=("trashedAt", "nmID"), size="limit", most=100)
FAILED_PAGES = ByCursor(fields=("updatedAt", "batchUUID"), size="limit", most=100)

LIST = _TABLE.add(
    "POST",
    "list",
    "/content/v2/get/cards/list",
    _CardsReply(),
    pages=LIST_PAGES,
    writes=False,
)
TRASHED = _TABLE.add(
    "POST",
    "trashed",
    "/content/v2/get/cards/trash",
    itself(TrashPage, records=("cards",), record=TrashedCard),
    buckets=("content",),
    pages=TRASHED_PAGES,
    writes=False,
)
FAILED = _TABLE.add(
    "POST",
    "failed",
    "/content/v2/cards/error/list",
    Json(
        Envelope[ErrorsPage | list[msgspec.Raw]],
        _errors,
        records=("data", "items"),
        record=CardErrors,
    ),
    pages=FAILED_PAGES,
    writes=False,
)

ENDPOINTS = _TABLE.rows


class CardLists(ApiGroup):
    """The lists of ``api.content.cards``."""

    async def list(
        self,
        where: CardFilter | None = None,
        *,
        ascending: bool = True,
        after: CardCursor | None = None,
        limit: int = LIST_PAGES.most,
        locale: Locale | None = None,
    ) -> CardsPage:
        """One page of cards, without those in the trash (POST /content/v2/get/cards/list).

        Args:
            where: Which ones; all, where nothing is said.
            ascending: Those first that were changed longest ago.
            after: The cursor of the page before. A page with fewer cards than asked for is the
                last.
            limit: How many, 1 to 100.
            locale: The language of names and values.

        Raises:
            InvalidInput: ``limit`` is outside its bounds.
        """
        within(LIST.name, "limit", limit, 1, LIST_PAGES.most)
        body = _list_body(where, ascending, place_after(LIST_PAGES, after), limit)
        return await self._call(LIST, query={"locale": locale}, body=body)

    def all_cards(
        self,
        where: CardFilter | None = None,
        *,
        ascending: bool = True,
        locale: Locale | None = None,
        cursor: str | None = None,
    ) -> Listing[Card]:
        """The cards, page by page; arguments as for :meth:`list`.

        In ascending order a card that changes while they are read comes at the end too, so that
        none is missed and one may come twice. Going on from the listing's ``cursor`` later brings
        what was changed since, after that page.
        """

        def read(page: CardsPage) -> tuple[Sequence[Card], str | None]:
            more = page.cursor.total >= LIST_PAGES.most
            return page.cards, write_cursor(LIST_PAGES, page.cursor) if more else None

        def body(place: Place) -> _ListBody:
            return _list_body(where, ascending, place, LIST_PAGES.most)

        return self._walk(LIST, LIST_PAGES, body, read, locale, cursor)

    async def trashed(
        self,
        *,
        text: str | None = None,
        ascending: bool = True,
        after: TrashCursor | None = None,
        limit: int = TRASHED_PAGES.most,
        locale: Locale | None = None,
    ) -> TrashPage:
        """One page of the trash (POST /content/v2/get/cards/trash).

        Args:
            text: In ``vendor_code``, ``nm_id`` or a barcode.
            ascending: Those first that were thrown away longest ago.
            after: The cursor of the page before, as for :meth:`list`.
            limit: How many, 1 to 100.
            locale: The language of names and values.

        Raises:
            InvalidInput: ``limit`` is outside its bounds.
        """
        within(TRASHED.name, "limit", limit, 1, TRASHED_PAGES.most)
        body = _trash_body(text, ascending, place_after(TRASHED_PAGES, after), limit)
        return await self._call(TRASHED, query={"locale": locale}, body=body)

    def all_trashed(
        self,
        *,
        text: str | None = None,
        ascending: bool = True,
        locale: Locale | None = None,
        cursor: str | None = None,
    ) -> Listing[TrashedCard]:
        """The cards in the trash, page by page; arguments as for :meth:`trashed`."""

        def read(page: TrashPage) -> tuple[Sequence[TrashedCard], str | None]:
            more = page.cursor.total >= TRASHED_PAGES.most
            return page.cards, write_cursor(TRASHED_PAGES, page.cursor) if more else None

        def body(place: Place) -> _ListBody:
            return _trash_body(text, ascending, place, TRASHED_PAGES.most)

        return self._walk(TRASHED, TRASHED_PAGES, body, read, locale, cursor)

    async def failed(
        self,
        *,
        ascending: bool = True,
        after: ErrorsCursor | None = None,
        limit: int = FAILED_PAGES.most,
        locale: Locale | None = None,
    ) -> ErrorsPage:
        """One page of what was wrong with cards (POST /content/v2/cards/error/list).

        Each item has the errors of one request. They stay until the cards are sent again and right.

        Args:
            ascending: The oldest first.
            after: The cursor of the page before, where its ``next`` is true.
            limit: How many items, 1 to 100.
            locale: The language of subjects.

        Raises:
            InvalidInput: ``limit`` is outside its bounds.
        """
        within(FAILED.name, "limit", limit, 1, FAILED_PAGES.most)
        body = _errors_body(ascending, place_after(FAILED_PAGES, after), limit)
        return await self._call(FAILED, query={"locale": locale}, body=body)

    def all_failed(
        self, *, ascending: bool = True, locale: Locale | None = None, cursor: str | None = None
    ) -> Listing[CardErrors]:
        """What was wrong with cards, page by page; arguments as for :meth:`failed`."""

        def read(page: ErrorsPage) -> tuple[Sequence[CardErrors], str | None]:
            return page.items, write_cursor(FAILED_PAGES, page.cursor) if page.cursor.next else None

        def body(place: Place) -> _ErrorsBody:
            return _errors_body(ascending, place, FAILED_PAGES.most)

        return self._walk(FAILED, FAILED_PAGES, body, read, locale, cursor)

    def _walk(
        self,
        endpoint: Endpoint[P],
        scheme: ByCursor,
        body: Callable[[Place], object],
        read: Callable[[P], tuple[Sequence[T], str | None]],
        locale: Locale | None,
        cursor: str | None,
    ) -> Listing[T]:
        """A listing: what is sent from a place on, and what a page has and where it ends."""
        read_cursor(endpoint.name, scheme, cursor)

        async def fetch(token: str | None) -> Chunk[T]:
            answer = await self._pipeline.call(
                endpoint,
                query={"locale": locale},
                body=body(read_cursor(endpoint.name, scheme, token)),
                priority=self._priority,
            )
            records, following = read(answer.value)
            aside = answer.set_aside
            return Chunk(records, len(records) + len(aside), following, set_aside=aside)

        return by_token(fetch, method=endpoint.name, cursor=cursor)


def _list_body(
    where: CardFilter | None,
    ascending: bool,
    place: Place,
    limit: int,
) -> _ListBody:
    # Wildberries' own examples always say this one.
    chosen = {"withPhoto": -1} | msgspec.to_builtins(where or CardFilter())
    return _ListBody(_Settings(_Sort(ascending), chosen, place | {"limit": limit}))


def _trash_body(
    text: str | None,
    ascending: bool,
    place: Place,
    limit: int,
) -> _ListBody:
    chosen: dict[str, object] = {"textSearch": text} if text else {}
    return _ListBody(_Settings(_Sort(ascending), chosen, place | {"limit": limit}))


def _errors_body(ascending: bool, place: Place, limit: int) -> _ErrorsBody:
    return _ErrorsBody(place | {"limit": limit}, _Sort(ascending))
