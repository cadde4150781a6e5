"""Tags: the seller's own labels of cards."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from wbym.calls import Count, Group, Length, Name, delete, get, patch, post
from wbym_wildberries._token import Category
from wbym_wildberries.api._base import Wire, in_envelope

__all__ = ["MAX_TAGS", "Tag", "TagColor", "Tags"]

TagColor = Literal["D1CFD7", "FEE0E0", "ECDAFF", "E4EAFF", "DEF1DD", "FFECC7"]
"""Grey, red, purple, blue, green, yellow."""

MAX_TAGS: Final = 15
"""Max tags of one card, and of one seller in total."""

TagId = Annotated[int, Name("id")]
TagName = Annotated[str, Length(1, 15)]


class Tag(Wire, frozen=True):
    """A tag."""

    id: int
    name: str | None = None
    color: str | None = None
    """So far one of :data:`TagColor`."""


class Tags(
    Group,
    noun="content.tags",
    host="content",
    bucket="content.tags",
    scope=Category.CONTENT.scope,
    envelope=in_envelope,
):
    """``api.content.tags``.

    One bucket for all: 100 calls per minute, 5 at once; with a base token 2 per hour.
    """

    @get("/content/v2/tags")
    async def list(self) -> Sequence[Tag]:
        """The seller's tags."""
        ...

    @post("/content/v2/tag")
    async def create(self, name: TagName, color: TagColor) -> None:
        """Create a tag; read its id from the list.

        Args:
            name: 1 to 15 characters, not that of another tag.
            color: One of six.

        Raises:
            BadRequest: The tag exists, or the seller has 15 already.
            DeliveryUnknown: It may or may not have been created.
        """
        ...

    @patch("/content/v2/tag/{id}")
    async def update(self, tag_id: TagId, name: TagName, color: TagColor) -> None:
        """Change a tag's name and colour.

        Args:
            tag_id: The tag.
            name: 1 to 15 characters, not that of another tag.
            color: One of six.

        Raises:
            BadRequest: The tag does not exist.
            DeliveryUnknown: It may or may not have been changed.
        """
        ...

    @post("/content/v2/tag/nomenclature/link")
    async def link(
        self,
        nm_id: Annotated[int, Name("nmID")],
        tag_ids: Annotated[Sequence[int], Name("tagsIDs"), Count(0, MAX_TAGS)],
    ) -> None:
        """Set the tags of a card: tags that are not in the list are unlinked.

        The tags themselves are not deleted.

        Args:
            nm_id: The card.
            tag_ids: At most 15: all tags of the card, including those that it has already.

        Raises:
            NotFound: The card or tag does not exist.
            DeliveryUnknown: They may or may not have been set.
        """
        ...

    @delete("/content/v2/tag/{id}")
    async def delete(self, tag_id: TagId) -> None:
        """Delete a tag, from all cards too. This cannot be undone.

        Raises:
            NotFound: The tag does not exist.
            DeliveryUnknown: It may or may not have been deleted.
        """
        ...
