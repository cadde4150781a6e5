"""References to marketplace objects, unique across marketplaces, accounts and nouns."""

from enum import StrEnum
from typing import Self
from urllib.parse import quote, unquote

import msgspec

from wbym.errors import RefError

__all__ = ["Noun", "Ref"]


class Noun(StrEnum):
    """Kind of object that a :class:`Ref` identifies."""

    CHAT = "chat"
    MESSAGE = "message"
    QUESTION = "question"
    FEEDBACK = "feedback"
    RETURN = "return"
    UNDECODABLE = "undecodable"
    """A record that could not be decoded; its id is a digest of its bytes."""


_NOUNS = {noun.value: noun for noun in Noun}
_PARTS = ("marketplace", "account", "noun", "id")


class Ref(msgspec.Struct, frozen=True, gc=False, order=True):
    """A reference to an object, unique across marketplaces, accounts and nouns.

    ``str(ref)`` is ``marketplace/account/noun/id``, each part percent-encoded, such as
    ``wildberries/shop-wb/feedback/YX52RZEBhH9mrcYdEJuD``; :meth:`parse` is its inverse.
    """

    marketplace: str
    """The adapter's name, such as ``"wildberries"``."""
    account: str
    """The account's name, as the user gave it."""
    noun: Noun
    id: str
    """The marketplace's id of the object."""

    def __str__(self) -> str:
        return "/".join(map(_quote, (self.marketplace, self.account, self.noun.value, self.id)))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the text of ``str(ref)``.

        Raises:
            RefError: ``text`` is not a ref; the error names the part that is wrong.
        """
        if not isinstance(text, str):
            raise RefError(text, "must be a string")
        parts = text.strip().split("/")
        if len(parts) != len(_PARTS):
            raise RefError(
                text, f"must have 4 parts, marketplace/account/noun/id, not {len(parts)}"
            )
        found = []
        for name, part in zip(_PARTS, parts, strict=True):
            try:
                found.append(unquote(part, errors="strict"))
            except UnicodeDecodeError:
                raise RefError(text, f"must have its {name} in percent-encoded UTF-8") from None
            if not found[-1]:
                raise RefError(text, f"must not have an empty {name}")
        marketplace, account, noun, identifier = found
        if noun not in _NOUNS:
            raise RefError(text, f"must have a noun among {', '.join(_NOUNS)}, not {noun!r}")
        return cls(marketplace, account, _NOUNS[noun], identifier)


def _quote(part: str) -> str:
    return quote(part, safe="", errors="replace")
