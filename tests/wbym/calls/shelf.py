"""Rows of a marketplace that has boxes on shelves: all forms that rows have."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from enum import Enum
from types import NoneType
from typing import Annotated, Any, Generic, TypeVar

import msgspec

from wbym.calls import (
    Body,
    Commas,
    Count,
    Download,
    Form,
    Group,
    Header,
    Json,
    Length,
    MaxSize,
    Name,
    Nothing,
    Query,
    Range,
    Refusal,
    Refused,
    Reply,
    Secret,
    UnixSeconds,
    UnixSecondsCeil,
    Upload,
    WholeBody,
    at_least_one,
    delete,
    exactly_one,
    get,
    in_order,
    patch,
    post,
    put,
)
from wbym.limits import Cost
from wbym.paging import ByCursor, ByOffset, ByToken, Listing

T = TypeVar("T")


class Colour(Enum):
    RED = "red"


class Box(msgspec.Struct, frozen=True):
    id: int
    text: str | None = None


class Place(msgspec.Struct, rename="camel"):
    updated_at: str | None = None
    nm_id: int | None = msgspec.field(default=None, name="nmID")
    total: int = 0


class Page(msgspec.Struct):
    count: int | None = None
    boxes: list[Box] | None = None
    next: str | int | None = None
    total: int | None = None
    cursor: Place | None = None


class Stock(msgspec.Struct, rename="camel"):
    box_id: int
    amount: Annotated[int, Range(0, 100)]


class NoStock(msgspec.Struct):
    missing: list[int]


class Envelope(msgspec.Struct, Generic[T]):
    data: T | None = None
    error: str | None = None


def _open(envelope: Envelope[T]) -> T | None:
    if envelope.error:
        raise Refused(Refusal(envelope.error))
    return envelope.data


def in_data(
    data: Any,  # noqa: ANN401 - a type
    /,
    *,
    records: tuple[str, ...] = (),
    record: type | None = None,
) -> Reply[Any]:
    if data is NoneType:
        return Nothing()
    path = ("data", *records) if record else ()
    return Json(Envelope[data], _open, records=path, record=record)


def bare(
    data: Any,  # noqa: ANN401 - a type
    /,
    *,
    records: tuple[str, ...] = (),
    record: type | None = None,
) -> Reply[Any]:
    return Json(data, lambda value: value, records=records, record=record)


def nested(text: str, colour: Colour | None) -> dict[str, object]:
    return {"kind": "box", "inside": {"text": text, "colour": colour and colour.value}}


def not_both_seven(arguments: Mapping[str, Any]) -> tuple[str, str] | None:
    both = arguments["nm_id"] == arguments["imt_id"] == 7
    return ("nm_id", "must not be 7 together with imt_id") if both else None


class Base(Group, host="main", scope="goods", envelope=in_data, cost=Cost(by_class={4: 10})):
    """The common base of the groups."""


class Boxes(Base, bucket="all", noun="shelf.boxes"):
    """Operations without lists."""

    @get("/boxes/{boxId}/name")
    async def name(self, box_id: int, *, deep: bool = False) -> str:
        """One value."""

    @get("/boxes/{boxId}")
    async def find(self, box_id: Annotated[int, Range(1)]) -> Box | None:
        """A box, or nothing.

        Args:
            box_id: Which box.
        """

    @get("/boxes/some")
    async def some(
        self, *, ids: Annotated[Collection[int], Count(1, 3), Commas()]
    ) -> Sequence[Box]:
        """Several records."""

    @get("/boxes/names", envelope=bare)
    async def names(self) -> Sequence[str]:
        """Several values, without the envelope."""

    @get("/boxes/period", rules=[in_order("since", "until")], reply=Nothing())
    async def period(
        self,
        *,
        since: UnixSeconds | None = None,
        until: UnixSecondsCeil | None = None,
        at: datetime | None = None,
        day: date | None = None,
        colour: Colour | None = None,
        text: str = "",
        from_: int | None = None,
    ) -> None:
        """Times and lists in the query."""

    @post("/boxes")
    async def add(
        self,
        text: Annotated[str, Length(2, 10)],
        *,
        nm_id: Annotated[int | None, Name("nmID")] = None,
        sizes: Collection[int] | None = None,
        at: datetime | None = None,
        colour: Colour | None = None,
        token: Annotated[str | None, Query(), Secret()] = None,
    ) -> None:
        """Arguments in the body, and one in the path."""

    @patch("/boxes", rules=[exactly_one("nm_id", "imt_id"), not_both_seven])
    async def choose(self, *, nm_id: int | None = None, imt_id: int | None = None) -> None:
        """One of two."""

    @patch("/boxes/some", rules=[at_least_one("nm_id", "imt_id"), not_both_seven])
    async def change(self, *, nm_id: int | None = None, imt_id: int | None = None) -> None:
        """Some of two."""

    @patch("/boxes/sign", rules=[exactly_one("sign", "token")])
    async def sign(
        self,
        *,
        sign: Annotated[str | None, Secret()] = None,
        token: Annotated[str, Secret()] | None = None,
    ) -> None:
        """One of two secrets."""

    @put("/boxes/stocks/{shelfId}", refusal=NoStock, not_found=(409,), idempotent=True)
    async def stock(
        self, shelf_id: int, stocks: Annotated[Collection[Stock], Count(1, 9), WholeBody()]
    ) -> None:
        """A bare array."""

    @post("/boxes/files", host="files", scope="media", buckets=("one", "two"), cost=Cost())
    async def upload(
        self,
        nm_id: Annotated[int, Header("X-Nm-Id")],
        files: Annotated[Collection[Upload], Form("uploadfile"), MaxSize(9)],
        *,
        note: Annotated[str, Form("note")] = "",
    ) -> None:
        """A form."""

    @post("/boxes/nested", body=nested, reads=True)
    async def nest(self, text: str, colour: Colour | None = None) -> Box:
        """A body that a function builds."""

    @get("/boxes/{boxId}/file")
    def file(self, box_id: int) -> AbstractAsyncContextManager[Download]:
        """A file."""

    @get("/ping", hosts={"main": "goods", "files": "media"}, single_attempt=True)
    async def ping(self, host: str) -> Box:
        """One operation of several hosts."""

    @get("/shelves/{shelfId}/boxes/{boxId}")
    async def on_shelf(self, box_id: int) -> Box:
        """The account fills in its shelf."""

    @post("/boxes/send")
    async def _send(
        self, text: Annotated[str, Length(1, 5)], sign: Annotated[str, Length(1, 5), Secret()]
    ) -> None: ...

    async def send(self, text: str) -> None:
        """An ordinary method over a row."""
        await self._send(text, "s3cret")

    @delete("/boxes/{boxId}")
    async def delete(self, box_id: int, *, sku_ids: Annotated[Collection[int], Body()]) -> None:
        """A body of a method that usually has none."""

    async def _known(self, place: str) -> str | int:
        return "s/7" if place == "shelfId" else await super()._known(place)


class Lists(Base):
    """Operations that list; each has a separate bucket."""

    @get("/offset", pages=ByOffset("take", "skip", 3, max_offset=6), page=Page, total="total")
    def offset(self, *, is_open: bool | None = None) -> Listing[Box]:
        """By offset."""

    @get("/bare", pages=ByOffset("take", "skip", 3))
    def bare(self) -> Listing[Box]:
        """A page is a list of records."""

    @post("/token", reads=True, pages=ByToken("pageToken", size="limit", max_size=5), page=Page)
    def token(self, text: str, *, shelf: Annotated[str | None, Query()] = None) -> Listing[Box]:
        """By token, in the query."""

    @post("/inside", reads=True, pages=ByToken("from", where="body", is_number=True), page=Page)
    def inside(self, text: str) -> Listing[Box]:
        """By token, in the body."""

    @get("/events", pages=ByToken("next", end="count"), page=Page)
    def events(self) -> Listing[Box]:
        """Always names a next page."""

    @get("/short", pages=ByToken("next", size="limit", max_size=2, ends_short=True), page=Page)
    def short(self) -> Listing[Box]:
        """Names a next page after the last."""

    @post(
        "/cursor",
        reads=True,
        pages=ByCursor(
            ("updatedAt", "nmID"),
            size="limit",
            max_size=2,
            at=("settings", "cursor"),
            more=lambda cursor, size: cursor.total >= size,
        ),
        page=Page,
        body=lambda text: {"settings": {"filter": {"text": text}}},
    )
    def cursor(self, text: str) -> Listing[Box]:
        """By the cursor of the previous page."""

    @get(
        "/kind",
        pages=ByOffset("take", "skip", 3),
        page=Page,
        total=lambda page, values: values["n"],
    )
    def totalled(self, *, n: int) -> Listing[Box]:
        """The total is computed by a function."""


class Words(Base, spelling=None, envelope=bare):
    """Names as in Python, without an envelope."""

    @get("/words/{word_id}")
    async def word(self, word_id: int, user_id: int) -> Box:
        """One."""
