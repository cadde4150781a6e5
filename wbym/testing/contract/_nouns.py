"""Access to an account by noun, so that one test covers all nouns."""

from collections.abc import Sequence
from typing import Final

from wbym.account import Account, AnyRecord, Capabilities, Capability, has
from wbym.paging import Listing

__all__ = ["NOUNS", "listings", "read", "states"]

NOUNS: Final = (
    Capability.CHATS,
    Capability.MESSAGES,
    Capability.QUESTIONS,
    Capability.FEEDBACKS,
    Capability.RETURNS,
)
"""The capabilities of listing a noun."""


def states(capabilities: Capabilities, capability: Capability) -> bool:
    """Whether a capability is stated as native or emulated."""
    return has(capabilities, capability)


async def listings(
    account: Account, noun: Capability, *, cursor: str | None = None, prefetch: int | None = None
) -> Sequence[Listing[AnyRecord]]:
    """The lists of all records of a noun: one, or one per chat for messages."""
    match noun:
        case Capability.CHATS:
            return [account.chats(cursor=cursor, prefetch=prefetch).map_pages(list)]
        case Capability.MESSAGES:
            return [
                account.messages(chat, cursor=cursor, prefetch=prefetch).map_pages(list)
                for chat in await account.chats().all()
            ]
        case Capability.QUESTIONS:
            return [account.questions(cursor=cursor, prefetch=prefetch).map_pages(list)]
        case Capability.FEEDBACKS:
            return [account.feedbacks(cursor=cursor, prefetch=prefetch).map_pages(list)]
        case Capability.RETURNS:
            return [account.returns(cursor=cursor, prefetch=prefetch).map_pages(list)]
        case _:
            raise ValueError(f"{noun} is not listed")


async def read(account: Account, noun: Capability, *, cursor: str | None = None) -> list[AnyRecord]:
    """Read all records of a noun."""
    lists = await listings(account, noun, cursor=cursor)
    return [item for listing in lists for item in await listing.all()]
