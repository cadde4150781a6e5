"""What an operation brought."""

from collections.abc import Callable
from typing import Final, TypeVar

import msgspec

from tests.fuzz.transport import CaseTransport
from tests.fuzz.world import Record, World
from wbym.account import Account
from wbym.domain import Delivery, Ref, UndecodableRecord
from wbym.errors import WbymError
from wbym.paging import Listing

__all__ = ["Outcome", "Shop", "UnusableRecord", "everything", "use"]


T = TypeVar("T")


def everything(_: Record) -> bool:
    """Whether a record is to be delivered: each is."""
    return True


class Outcome(msgspec.Struct):
    """What an operation brought."""

    listed: str | None = None
    """The operation whose records are to be delivered; None where nothing is."""
    wanted: Callable[[Record], bool] = everything
    """Which of them."""
    is_partial: bool = False
    """Whether a damaged record may be left out for what it says."""
    is_atomic: bool = False
    """Whether nothing is delivered before the list has ended."""
    delivered: list[object] = msgspec.field(default_factory=list)
    """Their ids."""
    error: WbymError | None = None
    delivery: Delivery | None = None
    """What became of a reply with a key, at last."""


class Shop:
    """An account of a case.

    Args:
        account: It.
        world: Its marketplace.
        transport: What is between them.
        undecodable: What was reported to the account.
    """

    def __init__(
        self,
        account: Account,
        world: World,
        transport: CaseTransport,
        undecodable: list[UndecodableRecord],
    ) -> None:
        self.account: Final = account
        self.world: Final = world
        self.transport: Final = transport
        self.undecodable: Final = undecodable

    async def read(
        self, listing: Listing[T], id_of: Callable[[T], object], outcome: Outcome
    ) -> Outcome:
        """Read a list to its end, and keep what it brought before it failed."""
        try:
            async for page in listing.pages():
                for item in page.items:
                    outcome.delivered.append(id_of(item))
                    use(item)
        except WbymError as error:
            outcome.error = error
        return outcome


class UnusableRecord(Exception):
    """A record was delivered with which a program cannot do what programs do."""


def use(record: object) -> None:
    """Do with a record what programs do; no value in it may raise."""
    try:
        repr(record)
        msgspec.json.encode(record, enc_hook=str)
        ref = getattr(record, "ref", None)
        if isinstance(ref, Ref):
            assert Ref.parse(str(ref)) == ref
            hash(ref)
    except Exception as error:
        raise UnusableRecord(f"{record!r:.600}") from error
