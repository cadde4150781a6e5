"""The seller's warehouses, and WB's offices that they are linked to."""

from collections.abc import Sequence
from typing import Final

import msgspec

from wbym.calls import ApiGroup, Endpoints, Json, Nothing
from wbym.errors import InvalidInput
from wbym_wildberries.api.base import Wire, itself, length, within
from wbym_wildberries.limits import MARKETPLACE_COST
from wbym_wildberries.token import Category

__all__ = ["ENDPOINTS", "Contact", "Office", "Warehouse", "Warehouses"]

NAME_MOST: Final = 200
COMMENT_MOST: Final = 1000
"""Characters."""
CONTACTS_MOST: Final = 5
PHONES: Final = ("+7", "+374", "+375", "+996")
"""How a contact's number may begin: Russia and Kazakhstan, Armenia, Belarus, Kyrgyzstan."""


class Office(Wire, frozen=True):
    """An office of WB that a warehouse can be linked to."""

    id: int
    name: str | None = None
    address: str | None = None
    city: str | None = None
    longitude: float | None = None
    latitude: float | None = None
    cargo_type: int | None = None
    """What it takes: 1 small goods, 3 large ones."""
    delivery_type: int | None = None
    """As a warehouse's."""
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
    """1 to WB's office, 2 by the seller, 3 by WB's courier, 5 picked up, 6 by the seller's express
    service."""
    is_deleting: bool | None = None
    is_processing: bool | None = None
    """While it is, stock can be neither updated nor deleted."""


class Contact(Wire, frozen=True):
    """Whom WB's courier calls."""

    phone: str
    comment: str = ""


class _Created(msgspec.Struct):
    id: int


class _Contacts(msgspec.Struct):
    contacts: Sequence[Contact] | None = None


class _WarehouseBody(msgspec.Struct, rename="camel"):
    name: str
    office_id: int


_TABLE = Endpoints(
    "warehouses",
    host="marketplace",
    buckets=("warehouses",),
    scope=Category.MARKETPLACE.scope,
    cost=MARKETPLACE_COST,
)
_ONE = "/api/v3/warehouses/{warehouseId}"
_CONTACTS = "/api/v3/dbw/warehouses/{warehouseId}/contacts"
_CONTACTS_BUCKETS = ("warehouses.contacts",)

OFFICES = _TABLE.add("GET", "offices", "/api/v3/offices", itself(list[Office], record=Office))
LIST = _TABLE.add("GET", "list", "/api/v3/warehouses", itself(list[Warehouse], record=Warehouse))
CREATE = _TABLE.add("POST", "create", "/api/v3/warehouses", Json(_Created, lambda body: body.id))
UPDATE = _TABLE.add("PUT", "update", _ONE, Nothing())
DELETE = _TABLE.add("DELETE", "delete", _ONE, Nothing())
CONTACTS = _TABLE.add(
    "GET",
    "contacts",
    _CONTACTS,
    Json(_Contacts, lambda body: body.contacts or ()),
    buckets=_CONTACTS_BUCKETS,
)
# The list is written over as a whole, so writing it twice is writing it once.
SET_CONTACTS = _TABLE.add(
    "PUT", "set_contacts", _CONTACTS, Nothing(), buckets=_CONTACTS_BUCKETS, repeatable=True
)

ENDPOINTS = _TABLE.rows


class Warehouses(ApiGroup):
    """``api.warehouses``.

    All methods but those of contacts share one bucket a seller: 300 calls a minute, 20 at once; a
    refusal (4XX) counts as ten calls.
    """

    async def offices(self) -> Sequence[Office]:
        """WB's offices that a warehouse can be linked to (GET /api/v3/offices)."""
        return await self._call(OFFICES)

    async def list(self) -> Sequence[Warehouse]:
        """The seller's warehouses (GET /api/v3/warehouses)."""
        return await self._call(LIST)

    async def create(self, name: str, office_id: int) -> int:
        """Make a warehouse (POST /api/v3/warehouses). Not repeatable.

        Not one for oversized goods.

        Args:
            name: 1 to 200 characters.
            office_id: WB's office that it is linked to; one that is not linked yet.

        Returns:
            Its id.

        Raises:
            InvalidInput: The name is too short or too long, or the id is none.
            Conflict: WB cannot make it now.
            DeliveryUnknown: It may or may not have been made; look at the list.
        """
        return await self._call(CREATE, body=_body(CREATE.name, name, office_id))

    async def update(self, warehouse_id: int, name: str, office_id: int) -> None:
        """Change a warehouse (PUT /api/v3/warehouses/{warehouseId}). Not repeatable.

        The office may be changed once a day. Not for warehouses of oversized goods.

        Args:
            warehouse_id: Which one.
            name: 1 to 200 characters.
            office_id: WB's office that it is linked to.

        Raises:
            InvalidInput: The name is too short or too long, or the id is none.
            Conflict: WB cannot change it now.
            DeliveryUnknown: It may or may not have been changed; look at the list.
        """
        body = _body(UPDATE.name, name, office_id)
        await self._call(UPDATE, path={"warehouseId": warehouse_id}, body=body)

    async def delete(self, warehouse_id: int) -> None:
        """Delete a warehouse for ever (DELETE /api/v3/warehouses/{warehouseId}).

        This cannot be undone. Not repeatable. WB works on it later: until it is gone, the list
        shows it with ``is_deleting``.

        Raises:
            NotFound: There is none with this id.
            DeliveryUnknown: It may or may not have been deleted; look at the list.
        """
        await self._call(DELETE, path={"warehouseId": warehouse_id})

    async def contacts(self, warehouse_id: int) -> Sequence[Contact]:
        """Whom WB's courier calls (GET /api/v3/dbw/warehouses/{warehouseId}/contacts).

        Only for warehouses with ``delivery_type`` 3. Its bucket is one with ``set_contacts``.
        """
        return await self._call(CONTACTS, path={"warehouseId": warehouse_id})

    async def set_contacts(self, warehouse_id: int, contacts: Sequence[Contact]) -> None:
        """Write over the list of contacts (PUT /api/v3/dbw/warehouses/{warehouseId}/contacts).

        The whole list is replaced: what is not in it is gone. Only for warehouses with
        ``delivery_type`` 3.

        Args:
            warehouse_id: Which one.
            contacts: At most 5; none takes all away. Comments of at most 1,000 characters.

        Raises:
            InvalidInput: There are too many, a comment is too long, or a number begins with none of
                the countries' codes.
        """
        within(SET_CONTACTS.name, "contacts", len(contacts), 0, CONTACTS_MOST)
        for contact in contacts:
            length(SET_CONTACTS.name, "comment", contact.comment, 0, COMMENT_MOST)
            if not contact.phone.startswith(PHONES):
                rule = f"must begin with one of {', '.join(PHONES)}"
                raise InvalidInput(SET_CONTACTS.name, "phone", rule, contact.phone)
        path = {"warehouseId": warehouse_id}
        await self._call(SET_CONTACTS, path=path, body=_Contacts(contacts))


def _body(method: str, name: str, office_id: int) -> _WarehouseBody:
    length(method, "name", name, 1, NAME_MOST)
    if office_id < 1:
        raise InvalidInput(method, "office_id", "must be at least 1", office_id)
    return _WarehouseBody(name, office_id)
