"""Who may work in the seller's account."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from wbym.calls import ApiGroup, Endpoints, Nothing
from wbym.paging import ByOffset, Chunk, Listing, Turn, by_offset
from wbym_wildberries.api.base import Wire, itself, length, within
from wbym_wildberries.token import Category

__all__ = ["Access", "Invitation", "Invitee", "User", "UserAccess", "Users", "UsersPage"]

POSITION_MOST: Final = 150
"""Characters."""


class Access(Wire, frozen=True):
    """Whether a user may see a section of the account."""

    code: str
    """Such as ``balance``, ``brands``, ``feedbacks``, ``marketplace``, ``sellersChat``."""
    disabled: bool


class Invitee(Wire, frozen=True):
    """The invitation of a user who has not come yet."""

    phone_number: str | None = None
    position: str | None = None
    invite_uuid: str | None = msgspec.field(default=None, name="inviteUuid")
    expired_at: str | None = None
    is_active: bool | None = None


class User(Wire, frozen=True):
    """Somebody who works in the account, or is invited to."""

    id: int
    role: str | None = None
    """``user``, or empty before the invitation was taken up."""
    first_name: str | None = None
    second_name: str | None = None
    patronymic: str | None = None
    email: str | None = None
    phone: str | None = None
    position: str | None = None
    goods_return: bool | None = None
    """Whether the user may approve returns."""
    is_owner: bool | None = None
    is_invitee: bool | None = None
    invitee_info: Invitee | None = None
    access: list[Access] | None = None


class UsersPage(Wire, frozen=True):
    """One page of users."""

    users: list[User]
    total: int | None = None
    count_in_response: int | None = None


class Invitation(Wire, frozen=True):
    """What became of an invitation."""

    is_success: bool
    """False: ask again."""
    invite_id: str | None = msgspec.field(default=None, name="inviteID")
    invite_url: str | None = None
    """Secret: whoever has it can take it up."""
    expired_at: datetime | None = None

    def __repr__(self) -> str:
        return f"Invitation({self.invite_id!r}, is_success={self.is_success})"


class UserAccess(Wire, frozen=True):
    """What a user may see from now on; sections that are not named stay as they are."""

    user_id: int
    access: list[Access]


class _Invitee(msgspec.Struct, rename="camel", omit_defaults=True):
    phone_number: str
    position: str = ""


class _InviteBody(msgspec.Struct):
    invite: _Invitee
    access: Sequence[Access]


class _AccessBody(msgspec.Struct, rename="camel"):
    users_accesses: Sequence[UserAccess]


_TABLE = Endpoints("users", host="users", scope=Category.USERS.scope)
PAGES = ByOffset(size="limit", offset="offset", most=100)

LIST = _TABLE.add(
    "GET",
    "list",
    "/api/v1/users",
    itself(UsersPage, records=("users",), record=User),
    pages=PAGES,
)
INVITE = _TABLE.add("POST", "invite", "/api/v1/invite", itself(Invitation))
SET_ACCESS = _TABLE.add("PUT", "set_access", "/api/v1/users/access", Nothing())
DELETE = _TABLE.add("DELETE", "delete", "/api/v1/user", Nothing())

ENDPOINTS = _TABLE.rows


class Users(ApiGroup):
    """``api.users``; Wildberries takes personal tokens only.

    Each method has a bucket of its own: 1 call a second, 5 at once (deletions 10).
    """

    async def list(
        self, *, invited: bool | None = None, limit: int = PAGES.most, offset: int = 0
    ) -> UsersPage:
        """One page of users (GET /api/v1/users).

        Args:
            invited: Those who have not come yet, or those who work; these, where nothing is said.
            limit: How many, 1 to 100.
            offset: After how many.

        Raises:
            InvalidInput: A number is outside its bounds.
        """
        within(LIST.name, "limit", limit, 1, PAGES.most)
        within(LIST.name, "offset", offset, 0, 2**63 - 1)
        return await self._call(
            LIST, query={"limit": limit, "offset": offset, "isInviteOnly": invited}
        )

    def all_users(self, *, invited: bool | None = None, cursor: str | None = None) -> Listing[User]:
        """The users, page by page; arguments as for :meth:`list`."""

        async def fetch(offset: int, size: int, turn: Turn) -> Chunk[User]:
            answer = await self._pipeline.call(
                LIST,
                query={"limit": size, "offset": offset, "isInviteOnly": invited},
                priority=self._priority,
                turn=turn,
            )
            page, aside = answer.value, answer.set_aside
            count = len(page.users) + len(aside)
            return Chunk(page.users, count, total=page.total, set_aside=aside)

        return by_offset(fetch, PAGES, method=LIST.name, cursor=cursor)

    async def invite(
        self, phone_number: str, *, position: str = "", access: Sequence[Access] = ()
    ) -> Invitation:
        """Invite somebody into the account (POST /api/v1/invite). Not repeatable.

        Without ``access`` all is granted but the showcase and Jam; so is whatever it does not name.

        Args:
            phone_number: As digits, with the country's code.
            position: At most 150 characters.
            access: Sections to open or to close.

        Raises:
            InvalidInput: There is no number, or the position is too long.
            DeliveryUnknown: They may or may not have been invited.
        """
        length(INVITE.name, "phone_number", phone_number, 1, 32)
        length(INVITE.name, "position", position, 0, POSITION_MOST)
        return await self._call(INVITE, body=_InviteBody(_Invitee(phone_number, position), access))

    async def set_access(self, users: Sequence[UserAccess]) -> None:
        """Change what users may see (PUT /api/v1/users/access). Not repeatable.

        Raises:
            InvalidInput: There are none.
            DeliveryUnknown: It may or may not have been changed.
        """
        within(SET_ACCESS.name, "users", len(users), 1, 2**31 - 1)
        await self._call(SET_ACCESS, body=_AccessBody(users))

    async def delete(self, user_id: int) -> None:
        """Take a user's access away (DELETE /api/v1/user). This cannot be undone.

        Who is to come back must be invited anew. Not repeatable.

        Raises:
            BadRequest: There is no such user.
            DeliveryUnknown: They may or may not have been removed.
        """
        await self._call(DELETE, query={"deletedUserID": user_id})
