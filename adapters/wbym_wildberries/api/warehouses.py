"""The seller's warehouses, and WB's offices that they are linked to."""

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec

from wbym.calls import Count, Group, Json, Length, Range, delete, get, post, put
from wbym_wildberries._limits import MARKETPLACE_COST
from wbym_wildberries._token import Category
from wbym_wildberries.api._base import Wire, as_is

__all__ = ["Contact", "Office", "Warehouse", "Warehouses"]

PHONES: Final = ("+7", "+374", "+375", "+996")
"""Allowed prefixes of a contact's number: Russia and Kazakhstan, Armenia, Belarus, Kyrgyzstan."""


class Office(Wire, frozen=True):
    """An office of WB that a warehouse can be linked to."""

    id: int
    name: str | None = None
    address: str | None = None
    city: str | None = None
    longitude: float | None = None
    latitude: float | None = None
    cargo_type: int | None = None
    """The goods that it accepts: 1 small goods, 3 large ones."""
    delivery_type: int | None = None
    """The same values as a warehouse's."""
    federal_district: str | None = None
    """None outside of Russia."""
    selected: bool | None = None
    """Whether the seller has linked it already."""


class Warehouse(Wire, frozen=True):
    """A warehouse of the seller."""

    id: int
    name: str | None = None
    office_id: int | None = None
    cargo_type: int | None = None
    """1 small goods, 2 oversized ones, 3 large ones."""
    delivery_type: int | None = None
    """1 to WB's office, 2 by the seller, 3 by WB's courier, 5 pick-up, 6 by the seller's express
    service."""
    is_deleting: bool | None = None
    is_processing: bool | None = None
    """If true, stock can be neither updated nor deleted now."""


class IsPhone(msgspec.Struct, frozen=True):
    """A phone number with the code of a country where WB has couriers."""

    def violation(self, phone: str, /) -> str | None:
        """See :class:`wbym.calls._annotations.Rule`."""
        return None if phone.startswith(PHONES) else f"must begin with one of {', '.join(PHONES)}"


class Contact(Wire, frozen=True):
    """A contact for WB's courier."""

    phone: Annotated[str, IsPhone()]
    """With the code of Russia, Kazakhstan, Armenia, Belarus or Kyrgyzstan."""
    comment: Annotated[str, Length(0, 1000)] = ""
    """At most 1,000 characters."""


class _Created(msgspec.Struct):
    id: int


class _Contacts(msgspec.Struct):
    contacts: Sequence[Contact] | None = None


_ONE = "/api/v3/warehouses/{warehouseId}"
_CONTACTS = "/api/v3/dbw/warehouses/{warehouseId}/contacts"
_CONTACTS_BUCKETS = ("warehouses.contacts",)

Title = Annotated[str, Length(1, 200)]
OfficeId = Annotated[int, Range(1)]


class Warehouses(
    Group,
    host="marketplace",
    bucket="warehouses",
    scope=Category.MARKETPLACE.scope,
    cost=MARKETPLACE_COST,
    envelope=as_is,
):
    """``api.warehouses``.

    All methods except those of contacts share one bucket per seller: 300 calls per minute, 20 at
    once; a 4XX counts as ten calls.
    """

    @get("/api/v3/offices")
    async def offices(self) -> Sequence[Office]:
        """WB's offices that a warehouse can be linked to."""
        ...

    @get("/api/v3/warehouses")
    async def list(self) -> Sequence[Warehouse]:
        """The seller's warehouses."""
        ...

    @post("/api/v3/warehouses", reply=Json(_Created, lambda body: body.id))
    async def create(self, name: Title, office_id: OfficeId) -> int:
        """Create a warehouse, except for oversized goods.

        Args:
            name: 1 to 200 characters.
            office_id: WB's office to link it to, which must not be linked yet.

        Returns:
            The warehouse's id.

        Raises:
            Conflict: WB cannot create it now.
            DeliveryUnknown: It may or may not have been created; check the list.
        """
        ...

    @put(_ONE)
    async def update(self, warehouse_id: int, name: Title, office_id: OfficeId) -> None:
        """Change a warehouse, except for oversized goods.

        The office may be changed once a day.

        Args:
            warehouse_id: The warehouse.
            name: 1 to 200 characters.
            office_id: WB's office to link it to.

        Raises:
            Conflict: WB cannot change it now.
            DeliveryUnknown: It may or may not have been changed; check the list.
        """
        ...

    @get(
        _CONTACTS,
        reply=Json(_Contacts, lambda body: body.contacts or ()),
        buckets=_CONTACTS_BUCKETS,
    )
    async def contacts(self, warehouse_id: int) -> Sequence[Contact]:
        """The contacts for WB's courier; shares a bucket with ``set_contacts``.

        Only for warehouses with ``delivery_type`` 3.
        """
        ...

    # The list is replaced as a whole, so a second call changes nothing more.
    @put(_CONTACTS, buckets=_CONTACTS_BUCKETS, idempotent=True)
    async def set_contacts(
        self, warehouse_id: int, contacts: Annotated[Sequence[Contact], Count(0, 5)]
    ) -> None:
        """Replace the list of contacts: contacts not in the new list are deleted.

        Only for warehouses with ``delivery_type`` 3.

        Args:
            warehouse_id: The warehouse.
            contacts: At most 5; an empty list deletes all. Comments have at most 1,000 characters.
        """
        ...

    @delete(_ONE)
    async def delete(self, warehouse_id: int) -> None:
        """Delete a warehouse permanently. This cannot be undone.

        WB deletes it later: until then the list has it with ``is_deleting``.

        Raises:
            NotFound: The warehouse does not exist.
            DeliveryUnknown: It may or may not have been deleted; check the list.
        """
        ...
