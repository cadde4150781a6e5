"""Directories for cards: categories, subjects, characteristics and their values."""

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec

from wbym.calls import Group, Name, get
from wbym.paging import ByOffset, ByToken, Listing
from wbym_wildberries._token import Category
from wbym_wildberries.api._base import Locale, Wire, as_is, in_envelope

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
    """The kind of a product, such as socks."""

    subject_id: int = msgspec.field(name="subjectID")
    subject_name: str | None = None
    parent_id: int | None = msgspec.field(default=None, name="parentID")
    parent_name: str | None = None


class Characteristic(Wire, frozen=True):
    """A characteristic that cards of a subject may have."""

    charc_id: int = msgspec.field(name="charcID")
    name: str | None = None
    subject_id: int | None = msgspec.field(default=None, name="subjectID")
    subject_name: str | None = None
    required: bool | None = None
    unit_name: str | None = None
    max_count: int | None = None
    """Max number of values; 0 for any number."""
    popular: bool | None = None
    charc_type: int | None = None
    """1 texts, 4 a number, 0 not used."""
    has_filter: bool | None = None
    """Whether buyers can filter by it."""
    is_variable: bool | None = None
    """Whether the variants of a product differ by it."""
    exist_named_field: bool | None = None
    """Whether an upload or update of a card has the value in its own field, such as ``brand``,
    instead of in ``characteristics``."""


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
    """Whether its products need marking codes."""


class Brand(Wire, frozen=True):
    """A brand."""

    id: int
    name: str | None = None
    logo_url: str | None = None


class BrandsPage(Wire, frozen=True):
    """One page of brands."""

    brands: list[Brand]
    next: int | None = None
    """The token of the next page; None after the last."""
    total: int | None = None


_WORDS: Final = ("content.characteristics",)


class Directories(
    Group,
    noun="content.directories",
    host="content",
    bucket="content",
    scope=Category.CONTENT.scope,
    envelope=in_envelope,
):
    """``api.content.directories``.

    100 calls per minute, 5 at once, for parents, subjects, characteristics, countries and HS codes
    together, and as many for colours, kinds, seasons and VAT together; with a base token 2 per hour
    for these. ``locale`` is the language of names; Russian by default.
    """

    @get("/content/v2/object/parent/all")
    async def parents(self, *, locale: Locale | None = None) -> Sequence[ParentCategory]:
        """All parent categories."""
        ...

    @get("/content/v2/object/all", pages=ByOffset("limit", "offset", max_size=1000))
    def subjects(
        self,
        *,
        name: str | None = None,
        parent_id: Annotated[int | None, Name("parentID")] = None,
        locale: Locale | None = None,
    ) -> Listing[Subject]:
        """The subjects, 1,000 per page.

        Args:
            name: A part of the name, in any of the languages.
            parent_id: The category.
            locale: The language of names.
        """
        ...

    @get("/content/v2/object/charcs/{subjectId}")
    async def characteristics(
        self, subject_id: int, *, locale: Locale | None = None
    ) -> Sequence[Characteristic]:
        """The characteristics of a subject's cards."""
        ...

    @get("/content/v2/directory/colors", buckets=_WORDS)
    async def colors(self, *, locale: Locale | None = None) -> Sequence[Color]:
        """The values of the colour."""
        ...

    @get("/content/v2/directory/kinds", buckets=_WORDS)
    async def kinds(self, *, locale: Locale | None = None) -> Sequence[str]:
        """The values of the gender, which WB calls kinds."""
        ...

    @get("/content/v2/directory/countries")
    async def countries(self, *, locale: Locale | None = None) -> Sequence[Country]:
        """The values of the country of origin."""
        ...

    @get("/content/v2/directory/seasons", buckets=_WORDS)
    async def seasons(self, *, locale: Locale | None = None) -> Sequence[str]:
        """The values of the season."""
        ...

    @get("/content/v2/directory/vat", buckets=_WORDS)
    async def vat(self, *, locale: Locale | None = None) -> Sequence[str]:
        """The values of the VAT rate."""
        ...

    @get("/content/v2/directory/tnved")
    async def hs_codes(
        self,
        subject_id: Annotated[int, Name("subjectID")],
        *,
        search: int | None = None,
        locale: Locale | None = None,
    ) -> Sequence[HsCode]:
        """Customs codes of a subject.

        Args:
            subject_id: The subject.
            search: Digits that the codes contain.
            locale: The language of names.
        """
        ...

    @get(
        "/api/content/v1/brands",
        pages=ByToken("next", is_number=True),
        page=BrandsPage,
        total="total",
        envelope=as_is,
        buckets=("content.brands",),
    )
    def brands(self, subject_id: int) -> Listing[Brand]:
        """A subject's brands; WB chooses the size of pages.

        1 call per second, 5 at once; with a base token 1 per hour. Not available in the sandbox.

        Args:
            subject_id: The subject.

        Raises:
            NotFound: While reading: the subject has no brands.
        """
        ...
