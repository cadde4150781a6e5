"""Tags: the seller's own labels of cards."""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from wbym.calls import ApiGroup, Endpoints
from wbym_wildberries.api.base import Wire, acknowledged, enveloped, length, within
from wbym_wildberries.token import Category

__all__ = ["Tag", "TagColor", "Tags"]

TagColor = Literal["D1CFD7", "FEE0E0", "ECDAFF", "E4EAFF", "DEF1DD", "FFECC7"]
"""Grey, red, purple, blue, green, yellow."""

NAME_MOST: Final = 15
"""Characters."""
CARD_MOST: Final = 15
"""Tags of one card; a seller has as many in all."""


class Tag(Wire, frozen=True):
    """A tag."""

    id: int
    name: str | None = None
    color: str | None = None
    """One of :data:`TagColor`, so far."""


class _TagBody(msgspec.Struct):
    color: str
    name: str


class _LinkBody(msgspec.Struct):
    nm_id: int = msgspec.field(name="nmID")
    tag_ids: Sequence[int] = msgspec.field(name="tagsIDs")


_TABLE = Endpoints(
    "content.tags", host="content", buckets=("content.tags",), scope=Category.CONTENT.scope
)

LIST = _TABLE.add("GET", "list", "/content/v2/tags", enveloped(list[Tag], record=Tag))
CREATE = _TABLE.add("POST", "create", "/content/v2/tag", acknowledged())
UPDATE = _TABLE.add("PATCH", "update", "/content/v2/tag/{id}", acknowledged())
DELETE = _TABLE.add("DELETE", "delete", "/content/v2/tag/{id}", acknowledged())
LINK = _TABLE.add("POST", "link", "/content/v2/tag/nomenclature/link", acknowledged())

ENDPOINTS = _TABLE.rows


class Tags(ApiGroup):
    """``api.content.tags``.

    One bucket for all: 100 calls a minute, 5 at once; with a base token 2 an hour.
    """

    async def list(self) -> Sequence[Tag]:
        """The seller's tags (GET /content/v2/tags)."""
        return await self._call(LIST)

    async def create(self, name: str, color: TagColor) -> None:
        """Make a tag (POST /content/v2/tag). Not repeatable. Its id is in the list afterwards.

        Args:
            name: 1 to 15 characters, not that of another tag.
            color: One of six.

        Raises:
            InvalidInput: The name is too long or empty.
            BadRequest: There is such a tag, or there are 15 already.
            DeliveryUnknown: It may or may not have been made.
        """
        length(CREATE.name, "name", name, 1, NAME_MOST)
        await self._call(CREATE, body=_TagBody(color, name))

    async def update(self, tag_id: int, name: str, color: TagColor) -> None:
        """Change a tag's name and colour (PATCH /content/v2/tag/{id}). Not repeatable.

        Raises:
            InvalidInput: The name is too long or empty.
            BadRequest: There is no such tag.
            DeliveryUnknown: It may or may not have been changed.
        """
        length(UPDATE.name, "name", name, 1, NAME_MOST)
        await self._call(UPDATE, path={"id": tag_id}, body=_TagBody(color, name))

    async def delete(self, tag_id: int) -> None:
        """Delete a tag, from all cards too (DELETE /content/v2/tag/{id}). This cannot be undone.

        Not repeatable.

        Raises:
            BadRequest: There is no such tag.
            DeliveryUnknown: It may or may not have been deleted.
        """
        await self._call(DELETE, path={"id": tag_id})

    async def link(self, nm_id: int, tag_ids: Sequence[int]) -> None:
        """Set the tags of a card: those that are not named come off it.

        (POST /content/v2/tag/nomenclature/link.) The tags themselves stay. Not repeatable.

        Args:
            nm_id: The card.
            tag_ids: At most 15: all that the card is to have, those that it has already included.

        Raises:
            InvalidInput: There are more than 15.
            BadRequest: There is no such card or tag.
            DeliveryUnknown: They may or may not have been set.
        """
        within(LINK.name, "tag_ids", len(tag_ids), 0, CARD_MOST)
        await self._call(LINK, body=_LinkBody(nm_id, tag_ids))
