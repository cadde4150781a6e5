"""An account by its nouns, so that a test is written once for all of them."""

from collections.abc import Sequence
from typing import Final, Protocol, TypeAlias, runtime_checkable

from wbym.account import (
    Adapter,
    Capabilities,
    Capability,
    Chats,
    Feedbacks,
    Questions,
    Returns,
    Support,
    Supported,
    Sweeps,
    SweepsArchives,
)
from wbym.domain import Chat, Feedback, Message, Question, Return
from wbym.errors import Unsupported
from wbym.paging import Listing

__all__ = [
    "NOUNS",
    "Neutral",
    "Rejects",
    "chats_of",
    "feedbacks_of",
    "lacks",
    "listings",
    "questions_of",
    "read",
    "rejects_of",
    "returns_of",
    "stated",
    "sweeps_of",
]

Neutral: TypeAlias = Chat | Message | Question | Feedback | Return

NOUNS: Final = (
    Capability.CHATS,
    Capability.MESSAGES,
    Capability.QUESTIONS,
    Capability.FEEDBACKS,
    Capability.RETURNS,
)
"""What is listed."""


@runtime_checkable
class Rejects(Protocol):
    """An account that can decline questions."""

    async def reject(self, question: Question, reason: str) -> None:
        """Decline a question."""
        ...


def stated(capabilities: Capabilities, capability: Capability) -> Supported | None:
    """What is said of a capability that is there; None for one that is not."""
    supported = capabilities.get(capability)
    there = supported is not None and supported.support in {Support.NATIVE, Support.EMULATED}
    return supported if there else None


def chats_of(account: Adapter) -> Chats:
    """The account as one with chats; raises Unsupported if it has none."""
    if not isinstance(account, Chats):
        raise lacks(account, "chats")
    return account


def questions_of(account: Adapter) -> Questions:
    """The account as one with questions; raises Unsupported if it has none."""
    if not isinstance(account, Questions):
        raise lacks(account, "questions")
    return account


def feedbacks_of(account: Adapter) -> Feedbacks:
    """The account as one with feedbacks and answers; raises Unsupported if it has none."""
    if not isinstance(account, Feedbacks):
        raise lacks(account, "feedbacks")
    return account


def returns_of(account: Adapter) -> Returns:
    """The account as one with returns; raises Unsupported if it has none."""
    if not isinstance(account, Returns):
        raise lacks(account, "returns")
    return account


def rejects_of(account: Adapter) -> Rejects:
    """The account as one that declines questions; raises Unsupported if it cannot."""
    if not isinstance(account, Rejects):
        raise lacks(account, "reject")
    return account


def sweeps_of(account: Adapter) -> Sweeps:
    """The account's sweeps; raises Unsupported if it has none."""
    if not isinstance(account, SweepsArchives):
        raise lacks(account, "sweep")
    return account.sweep


def lacks(account: Adapter, noun: str) -> Unsupported:
    """The error that an account without a noun or an operation is taken to raise."""
    return Unsupported(account.marketplace, noun, "account", account.name)


async def listings(
    account: Adapter, noun: Capability, *, cursor: str | None = None, prefetch: int | None = None
) -> Sequence[Listing[Neutral]]:
    """The lists that hold every record of a noun: one, or for messages one a chat.

    ``prefetch`` says how many pages to ask for at once, of the nouns that take it.
    """
    match noun:
        case Capability.CHATS:
            return [chats_of(account).chats(cursor=cursor).map_pages(list)]
        case Capability.MESSAGES:
            chats = chats_of(account)
            found = await chats.chats().all()
            return [chats.messages(chat, cursor=cursor).map_pages(list) for chat in found]
        case Capability.QUESTIONS:
            questions = questions_of(account).questions(cursor=cursor, prefetch=prefetch)
            return [questions.map_pages(list)]
        case Capability.FEEDBACKS:
            feedbacks = feedbacks_of(account).feedbacks(cursor=cursor, prefetch=prefetch)
            return [feedbacks.map_pages(list)]
        case Capability.RETURNS:
            return [returns_of(account).returns(cursor=cursor).map_pages(list)]
        case _:
            raise ValueError(f"{noun} is not listed")


async def read(account: Adapter, noun: Capability, *, cursor: str | None = None) -> list[Neutral]:
    """Every record of a noun."""
    lists = await listings(account, noun, cursor=cursor)
    return [item for listing in lists for item in await listing.all()]
