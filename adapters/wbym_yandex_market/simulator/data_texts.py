"""Moderated texts: the comments on feedbacks, the answers to questions and comments on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wbym.testing import JsonObject
from wbym_yandex_market.simulator.context import DELETED, PUBLISHED, Context
from wbym_yandex_market.simulator.records import Record

SELLER = "BUSINESS"
BUYER = "USER"


@dataclass(slots=True, eq=False, kw_only=True)
class ModeratedText(Record):
    """A text of a seller, buyer or brand."""

    text: str
    by: str
    author: str | None
    parent: int | None = None
    status: str = PUBLISHED
    revision: int = 0

    @property
    def is_ours(self) -> bool:
        """Whether the seller may change it."""
        return self.by == SELLER and self.status != DELETED

    def write(
        self, context: Context, text: str, on_change: Callable[[], None] | None = None
    ) -> None:
        """Sets the text, which may have to be moderated.

        Args:
            context: The context of the cabinet.
            text: The new text.
            on_change: Called when moderation changes the status later.
        """
        self.text = text
        self.revision += 1
        revision = self.revision

        def publish(status: str) -> None:
            if self.revision == revision:
                self.status = status
                self.changed()
                if on_change is not None:
                    on_change()

        self.status = context.moderate(text, publish)
        self.changed()

    def delete(self) -> None:
        """Deletes the text; it is still listed, as `DELETED`."""
        self.status = DELETED
        self.revision += 1
        self.changed()

    def show_author(self) -> JsonObject:
        """The field `author`, if present."""
        if self.author is not None:
            return {"author": {"type": self.by, "name": self.author}}
        return {"author": {"type": self.by}} if self.id % 2 else {}

    def show_rights(self) -> JsonObject:
        """The fields `canModify` and `parentId` of a comment, if present."""
        shown: JsonObject = {}
        if self.by == SELLER or self.id % 3:
            shown["canModify"] = self.is_ours
        if self.parent is not None:
            shown["parentId"] = self.parent
        return shown
