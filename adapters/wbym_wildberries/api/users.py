"""Users of the seller's account."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final

import msgspec

from wbym.calls import Count, Group, Length, Name, delete, get, post, put
from wbym.paging import ByOffset, Listing
from wbym_wildberries._token import Category
from wbym_wildberries.api._base import Wire, as_is

__all__ = ["Access", "Invitation", "Invitee", "User", "UserAccess", "Users", "UsersPage"]


class Access(Wire, frozen=True):
    """Whether a user may see a section of the account."""

    code: str
    """Such as ``balance``, ``brands``, ``feedbacks``, ``marketplace``, ``sellersChat``."""
    disabled: bool


class Invitee(Wire, frozen=True):
    """The invitation of a user who has not accepted it yet."""

    phone_number: str | None = None
    position: str | None = None
    invite_uuid: str | None = msgspec.field(default=None, name="inviteUuid")
    expired_at: str | None = None
    is_active: bool | None = None


class User(Wire, frozen=True):
    """A user of the account, or an invited one."""

    id: int
    role: str | None = None
    """``user``, or empty before the invitation is accepted."""
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
    """The result of an invitation."""

    is_success: bool
    """False: invite again."""
    invite_id: str | None = msgspec.field(default=None, name="inviteID")
    invite_url: str | None = None
    """Secret: whoever has it can accept the invitation."""
    expired_at: datetime | None = None

    def __repr__(self) -> str:
        return f"Invitation({self.invite_id!r}, is_success={self.is_success})"


class UserAccess(Wire, frozen=True):
    """The sections that a user may see from now on; other sections do not change."""

    user_id: int
    access: list[Access]


PHONE: Final = Length(1, 32)
POSITION: Final = Length(0, 150)


class _Invitee(msgspec.Struct, rename="camel", omit_defaults=True):
    phone_number: Annotated[str, PHONE]
    position: Annotated[str, POSITION] = ""


class _InviteBody(msgspec.Struct):
    invite: _Invitee
    access: Sequence[Access]


def _invite_body(phone_number: str, position: str, access: Sequence[Access]) -> _InviteBody:
    return _InviteBody(_Invitee(phone_number, position), access)


class Users(Group, host="users", scope=Category.USERS.scope, envelope=as_is):
    """``api.users``; Wildberries accepts personal tokens only.

    Each method has its own bucket: 1 call per second, 5 at once (deletions 10).
    """

    @get(
        "/api/v1/users",
        pages=ByOffset("limit", "offset", max_size=100),
        page=UsersPage,
        total="total",
    )
    def list(
        self, *, invited: Annotated[bool | None, Name("isInviteOnly")] = None
    ) -> Listing[User]:
        """The users, 100 per page.

        Args:
            invited: Users who have not accepted their invitation, or active users (the default).
        """
        ...

    @post("/api/v1/invite", body=_invite_body)
    async def invite(
        self,
        phone_number: Annotated[str, PHONE],
        *,
        position: Annotated[str, POSITION] = "",
        access: Sequence[Access] = (),
    ) -> Invitation:
        """Invite a user to the account.

        Sections that ``access`` does not name are granted, except the showcase and Jam.

        Args:
            phone_number: Digits with the country code; at most 32 characters.
            position: At most 150 characters.
            access: Sections to grant or to deny.

        Raises:
            DeliveryUnknown: The user may or may not have been invited.
        """
        ...

    @put("/api/v1/users/access")
    async def set_access(
        self, users: Annotated[Sequence[UserAccess], Name("usersAccesses"), Count(1)]
    ) -> None:
        """Change the sections that users may see.

        Args:
            users: One or more; other users do not change.

        Raises:
            DeliveryUnknown: It may or may not have been changed.
        """
        ...

    @delete("/api/v1/user")
    async def delete(self, user_id: Annotated[int, Name("deletedUserID")]) -> None:
        """Remove a user from the account. This cannot be undone.

        To come back, the user must be invited again.

        Raises:
            NotFound: The user does not exist.
            DeliveryUnknown: The user may or may not have been removed.
        """
        ...
