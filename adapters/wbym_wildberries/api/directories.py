"""What cards are described with: categories, subjects, characteristics and their words."""

from collections.abc import Sequence
from typing import Final

import msgspec

from wbym.calls import ApiGroup, Endpoints, QueryValue
from wbym.errors import InvalidInput
from wbym.paging import ByOffset, ByToken, Chunk, Listing, Turn, by_offset, by_token
from wbym_wildberries.api.base import Locale, Wire, enveloped, itself, within
from wbym_wildberries.token import Category

__all__ = [
    "Brand",
    "BrandsPage",
    "Characteristic",
    "Color",
    "Country",
    "Directories",
    "HsCode",
    "ParentCategory",
    "Subject",
]


class ParentCategory(Wire, frozen=True):
    """A category of subjects."""

    id: int
    name: str | None = None
    is_visible: bool | None = None


class Subject(Wire, frozen=True):
    """What a card is, such as socks."""

    subject_id: int = msgspec.field(name="subjectID")
    subject_name: str | None = None
    parent_id: int | None = msgspec.field(default=None, name="parentID")
    parent_name: str | None = None


class Characteristic(Wire, frozen=True):
    """What a card of a subject may tell."""

    charc_id: int = msgspec.field(name="charcID")
    name: str | None = None
    subject_id: int | None = msgspec.field(default=None, name="subjectID")
    subject_name: str | None = None
    required: bool | None = None
    unit_name: str | None = None
    max_count: int | None = None
    """How many values it may have; 0 for any number."""
    popular: bool | None = None
    charc_type: int | None = None
    """1 texts, 4 a number, 0 not used."""
    has_filter: bool | None = None
    """Whether buyers choose by it."""
    is_variable: bool | None = None
    """Whether the variants of a product differ by it."""
    exist_named_field: bool | None = None
    """Whether an upload or update of a card gives the value in a field of its own, such as
    ``brand``, instead of in ``characteristics``."""


class Color(Wire, frozen=True):
    """A colour."""

    name: str
    parent_name: str | None = None


class Country(Wire, frozen=True):
    """A country of origin."""

    name: str
    id: int | None = None
    full_name: str | None = None


class HsCode(Wire, frozen=True):
    """A customs code."""

    tnved: str
    is_kiz: bool | None = None
    """Whether it needs marking codes."""


class Brand(Wire, frozen=True):
    """A brand."""

    id: int
    name: str | None = None
    logo_url: str | None = None


class BrandsPage(Wire, frozen=True):
    """One page of brands."""

    brands: list[Brand]
    next: int | None = None
    """What to ask the next page with; None after the last."""
    total: int | None = None


_TABLE = Endpoints(
    "content.directories", host="content", buckets=("content",), scope=Category.CONTENT.scope
)
_WORDS = ("content.characteristics",)
_STRINGS = enveloped(list[str])
SUBJECTS_PAGES: Final = ByOffset(size="limit", offset="offset", most=1000)

PARENTS = _TABLE.add(
    "GET",
    "parents",
    "/content/v2/object/parent/all",
    enveloped(list[ParentCategory], record=ParentCategory),
)
SUBJECTS = _TABLE.add(
    "GET",
    "subjects",
    "/content/v2/object/all",
    enveloped(list[Subject], record=Subject),
    pages=SUBJECTS_PAGES,
)
CHARACTERISTICS = _TABLE.add(
    "GET",
    "characteristics",
    "/content/v2/object/charcs/{subjectId}",
    enveloped(list[Characteristic], record=Characteristic),
)
COLORS = _TABLE.add(
    "GET",
    "colors",
    "/content/v2/directory/colors",
    enveloped(list[Color], record=Color),
    buckets=_WORDS,
)
KINDS = _TABLE.add("GET", "kinds", "/content/v2/directory/kinds", _STRINGS, buckets=_WORDS)
COUNTRIES = _TABLE.add(
    "GET",
    "countries",
    "/content/v2/directory/countries",
    enveloped(list[Country], record=Country),
)
SEASONS = _TABLE.add("GET", "seasons", "/content/v2/directory/seasons", _STRINGS, buckets=_WORDS)
VAT = _TABLE.add("GET", "vat", "/content/v2/directory/vat", _STRINGS, buckets=_WORDS)
HS_CODES = _TABLE.add(
    "GET",
    "hs_codes",
    "/content/v2/directory/tnved",
    enveloped(list[HsCode], record=HsCode),
)
BRANDS = _TABLE.add(
    "GET",
    "brands",
    "/api/content/v1/brands",
    itself(BrandsPage, records=("brands",), record=Brand),
    buckets=("content.brands",),
    pages=ByToken(token="next"),
)

ENDPOINTS = _TABLE.rows


class Directories(ApiGroup):
    """``api.content.directories``.

    100 calls a minute, 5 at once, for parents, subjects, characteristics, countries and HS codes
    together, and as many for colours, kinds, seasons and VAT together; with a base token 2 an hour
    for these. ``locale`` is the language of names; Russian, where nothing is said.
    """

    async def parents(self, *, locale: Locale | None = None) -> Sequence[ParentCategory]:
        """All parent categories (GET /content/v2/object/parent/all)."""
        return await self._call(PARENTS, query={"locale": locale})

    async def subjects(
        self,
        *,
        name: str | None = None,
        parent_id: int | None = None,
        limit: int = SUBJECTS_PAGES.most,
        offset: int = 0,
        locale: Locale | None = None,
    ) -> Sequence[Subject]:
        """One page of subjects (GET /content/v2/object/all).

        Args:
            name: A part of the name, in any of the languages.
            parent_id: Those of one category.
            limit: How many, 1 to 1,000.
            offset: After how many.
            locale: The language of names.

        Raises:
            InvalidInput: A number is outside its bounds.
        """
        within(SUBJECTS.name, "limit", limit, 1, SUBJECTS_PAGES.most)
        within(SUBJECTS.name, "offset", offset, 0, 2**63 - 1)
        query = {"locale": locale, "name": name, "parentID": parent_id}
        return await self._call(SUBJECTS, query=query | {"limit": limit, "offset": offset})

    def all_subjects(
        self,
        *,
        name: str | None = None,
        parent_id: int | None = None,
        locale: Locale | None = None,
        cursor: str | None = None,
    ) -> Listing[Subject]:
        """The subjects, page by page; arguments as for :meth:`subjects`."""
        query: dict[str, QueryValue] = {"locale": locale, "name": name, "parentID": parent_id}

        async def fetch(offset: int, size: int, turn: Turn) -> Chunk[Subject]:
            answer = await self._pipeline.call(
                SUBJECTS,
                query=query | {"limit": size, "offset": offset},
                priority=self._priority,
                turn=turn,
            )
            found, aside = answer.value, answer.set_aside
            return Chunk(found, len(found) + len(aside), set_aside=aside)

        return by_offset(fetch, SUBJECTS_PAGES, method=SUBJECTS.name, cursor=cursor)

    async def characteristics(
        self, subject_id: int, *, locale: Locale | None = None
    ) -> Sequence[Characteristic]:
        """What cards of a subject tell (GET /content/v2/object/charcs/{subjectId})."""
        return await self._call(
            CHARACTERISTICS, path={"subjectId": subject_id}, query={"locale": locale}
        )

    async def colors(self, *, locale: Locale | None = None) -> Sequence[Color]:
        """Words for the colour (GET /content/v2/directory/colors)."""
        return await self._call(COLORS, query={"locale": locale})

    async def kinds(self, *, locale: Locale | None = None) -> Sequence[str]:
        """Words for whom it is for (GET /content/v2/directory/kinds)."""
        return await self._call(KINDS, query={"locale": locale})

    async def countries(self, *, locale: Locale | None = None) -> Sequence[Country]:
        """Words for the country of origin (GET /content/v2/directory/countries)."""
        return await self._call(COUNTRIES, query={"locale": locale})

    async def seasons(self, *, locale: Locale | None = None) -> Sequence[str]:
        """Words for the season (GET /content/v2/directory/seasons)."""
        return await self._call(SEASONS, query={"locale": locale})

    async def vat(self, *, locale: Locale | None = None) -> Sequence[str]:
        """Words for the VAT rate (GET /content/v2/directory/vat)."""
        return await self._call(VAT, query={"locale": locale})

    async def hs_codes(
        self, subject_id: int, *, search: int | None = None, locale: Locale | None = None
    ) -> Sequence[HsCode]:
        """Customs codes of a subject (GET /content/v2/directory/tnved).

        Args:
            subject_id: Which subject.
            search: Those that have these digits.
            locale: The language of names.
        """
        query = {"subjectID": subject_id, "search": search, "locale": locale}
        return await self._call(HS_CODES, query=query)

    async def brands(self, subject_id: int, *, next: int | None = None) -> BrandsPage:  # noqa: A002
        """One page of a subject's brands (GET /api/content/v1/brands).

        1 call a second, 5 at once; with a base token 1 an hour. The sandbox does not have it.

        Args:
            subject_id: Which subject.
            next: What the page before says.

        Raises:
            NotFound: There are none.
        """
        return await self._call(BRANDS, query={"subjectId": subject_id, "next": next})

    def all_brands(self, subject_id: int, *, cursor: str | None = None) -> Listing[Brand]:
        """A subject's brands, page by page."""
        if cursor is not None and not cursor.isdigit():
            raise InvalidInput(BRANDS.name, "cursor", "must be a cursor of this list", cursor)

        async def fetch(token: str | None) -> Chunk[Brand]:
            answer = await self._pipeline.call(
                BRANDS, query={"subjectId": subject_id, "next": token}, priority=self._priority
            )
            page, aside = answer.value, answer.set_aside
            following = None if page.next is None else str(page.next)
            count = len(page.brands) + len(aside)
            return Chunk(page.brands, count, following, page.total, aside)

        return by_token(fetch, method=BRANDS.name, cursor=cursor)
