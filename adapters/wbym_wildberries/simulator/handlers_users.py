"""The methods of the cabinet's users."""

from __future__ import annotations

import re
from collections.abc import Sequence

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
from wbym_wildberries.simulator.dates import utc_time
from wbym_wildberries.simulator.limits import INVITE, USER_ACCESS, USER_DELETE, USERS
from wbym_wildberries.simulator.requests import body_of, boolean, integer, required
from wbym_wildberries.simulator.state import Cabinet
from wbym_wildberries.simulator.state_seller import SECTIONS, user_row
from wbym_wildberries.simulator.tokens import CATEGORIES

SCOPE = CATEGORIES["users"]
MAX_LIMIT = 100
MAX_POSITION = 150
_PHONE = re.compile(r"\+?\d{10,15}")


class _Section(msgspec.Struct):
    code: str
    disabled: bool


class _Invited(msgspec.Struct, rename="camel"):
    phone_number: str
    position: str = ""


class _Invite(msgspec.Struct):
    invite: _Invited
    access: list[_Section] = []


class _UserAccess(msgspec.Struct, rename="camel"):
    user_id: int
    access: list[_Section]


class _Accesses(msgspec.Struct, rename="camel"):
    users_accesses: list[_UserAccess]


_USERS = RecordFields(("users",), "id", (), ("role",))


class UserHandlers(Handlers[Cabinet], scope=SCOPE):
    """Serves the users of the caller's cabinet."""

    @route("GET", "/api/v1/users", bucket=USERS, records=_USERS)
    async def show(self, call: Call) -> Response:
        """Active users, or the invited ones, the newest first."""
        limit = integer(call, "limit", high=MAX_LIMIT)
        offset = integer(call, "offset") or 0
        invited = boolean(call, "isInviteOnly")
        seller = self._cabinet(call).seller
        users = seller.invited if invited else list(seller.users.values())
        page = users[offset : offset + (MAX_LIMIT if limit is None else limit)]
        shape = {
            "users": [user_row(user) for user in page],
            "total": len(users),
            "countInResponse": len(page),
        }
        return json_response(shape)

    @route("POST", "/api/v1/invite", bucket=INVITE)
    async def invite(self, call: Call) -> Response:
        """Invites a user."""
        body = await body_of(call, _Invite, Refusal(400, "invalid request body"))
        access = _access(body.access)
        if access is None:
            raise Refusal(400, "unknown access code")
        if not _PHONE.fullmatch(body.invite.phone_number):
            raise Refusal(400, "invalid phone number")
        if len(body.invite.position) > MAX_POSITION:
            raise Refusal(400, "position is too long")
        seller = self._cabinet(call).seller
        user = seller.invite(body.invite.phone_number, body.invite.position, access)
        page = "https://seller.wildberries.ru/supplier-settings/supplier-card"
        return json_response(
            {
                "inviteID": user.invite,
                "expiredAt": utc_time(user.expires).decode(),
                "isSuccess": True,
                "inviteUrl": f"{page}?inviteId={user.invite}",
            }
        )

    @route("PUT", "/api/v1/users/access", bucket=USER_ACCESS)
    async def set_access(self, call: Call) -> Response:
        """Opens and closes sections to users: all or nothing."""
        body = await body_of(call, _Accesses, Refusal(400, "invalid request body"))
        if not body.users_accesses:
            raise Refusal(400, "invalid request body")
        seller = self._cabinet(call).seller
        changes = []
        for one in body.users_accesses:
            user, access = seller.users.get(one.user_id), _access(one.access)
            if user is None:
                raise Refusal(400, "user is not in current supplier")
            if access is None:
                raise Refusal(400, "unknown access code")
            changes.append((user, access))
        for user, access in changes:
            seller.set_access(user, access)
        return empty_response(200)

    @route("DELETE", "/api/v1/user", bucket=USER_DELETE)
    async def delete(self, call: Call) -> Response:
        """Removes a user."""
        identifier = required(integer(call, "deletedUserID"), "deletedUserID")
        if not self._cabinet(call).seller.delete(identifier):
            raise Refusal(400, "user is not in current supplier")
        return empty_response(200)


def _access(sections: Sequence[_Section]) -> dict[str, bool] | None:
    """Whether a section is closed, by its code; closed wins when it is named twice."""
    access: dict[str, bool] = {}
    for one in sections:
        if one.code not in SECTIONS:
            return None
        access[one.code] = one.disabled or access.get(one.code, False)
    return access
