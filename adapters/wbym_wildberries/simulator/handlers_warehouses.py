"""The methods of seller's warehouses and their contacts."""

from __future__ import annotations

import re

import msgspec

from wbym.testing import (
    Call,
    Handlers,
    RecordFields,
    Refusal,
    Response,
    empty_response,
    json_response,
    route,
)
from wbym_wildberries.simulator.limits import CONTACTS, WAREHOUSES
from wbym_wildberries.simulator.requests import body_of, digits
from wbym_wildberries.simulator.state import Cabinet
from wbym_wildberries.simulator.state_warehouses import BY_COURIER, Warehouse
from wbym_wildberries.simulator.tokens import CATEGORIES

SCOPE = CATEGORIES["marketplace"]
MAX_NAME = 200
MAX_CONTACTS = 5
MAX_COMMENT = 1000
_PHONE = re.compile(r"\+(7|374|375|996)\d{8,10}")


class _Warehouse(msgspec.Struct, rename="camel"):
    name: str
    office_id: int


class _Contact(msgspec.Struct):
    phone: str = ""
    comment: str = ""


class _Contacts(msgspec.Struct):
    contacts: list[_Contact]


def not_found() -> Refusal:
    """The 404 of warehouses and inventory."""
    return Refusal(404, code="NotFound")


def bad_body() -> Refusal:
    """The 400 of a body that cannot be read."""
    return Refusal(400, "Incorrect request body", code="IncorrectRequestBody")


def bad_parameter() -> Refusal:
    """The 400 of a parameter that cannot be read."""
    return Refusal(400, "IncorrectParameter", code="IncorrectParameter")


def warehouse_of(call: Call, cabinet: Cabinet) -> Warehouse:
    """The warehouse that a path names."""
    identifier = digits(call.path("warehouseId"))
    if identifier is None:
        raise bad_parameter()
    found = cabinet.warehouses.find(identifier)
    if found is None:
        raise not_found()
    return found


_PATH = "/api/v3/warehouses"
_CONTACTS = "/api/v3/dbw/warehouses/{warehouseId}/contacts"
_ROWS = RecordFields((), "id")


class WarehouseHandlers(Handlers[Cabinet], bucket=WAREHOUSES, scope=SCOPE):
    """Serves the warehouses of the caller's cabinet."""

    @route("GET", "/api/v3/offices", records=_ROWS)
    async def offices(self, call: Call) -> Response:
        """All offices of Wildberries."""
        return json_response(self._cabinet(call).warehouses.offices())

    @route("GET", _PATH, records=_ROWS)
    async def show(self, call: Call) -> Response:
        """All warehouses."""
        return json_response(self._cabinet(call).warehouses.rows())

    @route("POST", _PATH)
    async def create(self, call: Call) -> Response:
        """Creates a warehouse."""
        cabinet = self._cabinet(call)
        body = await self._checked(call, cabinet, None)
        identifier = cabinet.warehouses.create(body.name, body.office_id)
        return json_response({"id": identifier}, status=201)

    @route("PUT", f"{_PATH}/{{warehouseId}}")
    async def update(self, call: Call) -> Response:
        """Changes a warehouse; its office once a day."""
        cabinet = self._cabinet(call)
        warehouse = warehouse_of(call, cabinet)
        body = await self._checked(call, cabinet, warehouse)
        cabinet.warehouses.update(warehouse, body.name, body.office_id)
        return empty_response(204)

    async def _checked(
        self, call: Call, cabinet: Cabinet, warehouse: Warehouse | None
    ) -> _Warehouse:
        body = await body_of(call, _Warehouse, bad_body())
        if body.office_id < 1:
            raise bad_body()
        if not 1 <= len(body.name.strip()) <= MAX_NAME:
            raise Refusal(400, "Incorrect warehouse name", code="WarehouseNameInvalid")
        wrong = cabinet.warehouses.can_link(body.office_id, warehouse)
        if wrong == "unknown":
            raise not_found()
        if wrong or (warehouse is not None and (warehouse.busy or warehouse.leaving)):
            raise Refusal(409, "The office cannot be linked now", code="Conflict")
        return body

    @route("DELETE", f"{_PATH}/{{warehouseId}}")
    async def delete(self, call: Call) -> Response:
        """Deletes a warehouse."""
        cabinet = self._cabinet(call)
        warehouse = warehouse_of(call, cabinet)
        if warehouse.leaving:
            raise not_found()
        cabinet.warehouses.delete(warehouse)
        return empty_response(204)

    @route("GET", _CONTACTS, bucket=CONTACTS)
    async def contacts(self, call: Call) -> Response:
        """Contacts of a warehouse."""
        warehouse = self._by_courier(call)
        return json_response({"contacts": warehouse.contacts})

    @route("PUT", _CONTACTS, bucket=CONTACTS)
    async def set_contacts(self, call: Call) -> Response:
        """Overwrites all contacts of a warehouse."""
        warehouse = self._by_courier(call)
        body = await body_of(call, _Contacts, bad_body())
        if len(body.contacts) > MAX_CONTACTS:
            raise Refusal(400, "Upload limit exceeded.", code="UploadDataLimit")
        for one in body.contacts:
            if len(one.comment) > MAX_COMMENT or not _PHONE.fullmatch(one.phone):
                raise Refusal(400, "Incorrect request parameters", code="IncorrectRequest")
        warehouse.contacts = [{"comment": one.comment, "phone": one.phone} for one in body.contacts]
        return empty_response(204)

    def _by_courier(self, call: Call) -> Warehouse:
        # The contacts have no 404: a warehouse that does not exist is an invalid parameter.
        try:
            warehouse = warehouse_of(call, self._cabinet(call))
        except Refusal as refusal:
            raise bad_parameter() from refusal
        if warehouse.delivery != BY_COURIER:
            raise bad_parameter()
        return warehouse
