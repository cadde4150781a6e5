"""What the feed and the outbox keep, and what keeps it.

A :class:`Store` is dumb on purpose: it decides nothing about marketplaces, and each of its methods
is one transaction. :class:`wbym.feed.SqliteStore` is the one for services;
:class:`wbym.feed.MemoryStore` is the same in memory.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

import msgspec

from wbym.account import Hint
from wbym.domain import Delivery, DeliveryState, Ref
from wbym.feed._events import EventKind

__all__ = ["Checkpoint", "Claim", "SeenRecord", "Step", "Store", "StoredEvent"]


class Checkpoint(msgspec.Struct, frozen=True):
    """How far one stream of an account is read."""

    account: str
    stream: str
    since: datetime
    """Since when the account is followed."""
    state: bytes | None = None
    """Where the stream goes on."""
    begun: bool = False
    """Whether the first round came to its end."""
    retained_since: datetime | None = None
    """What came to be before is old news."""


class SeenRecord(msgspec.Struct, frozen=True, gc=False):
    """What is remembered of a record that was seen."""

    version: str
    revision: int = 1
    """How many events it was good for, the first observation among them."""
    at: datetime | None = None
    """When the record came to be; None for what is never forgotten."""


class StoredEvent(msgspec.Struct, frozen=True, gc=False):
    """An event that waits for its consumer."""

    id: str
    account: str
    kind: EventKind
    at: datetime
    record: bytes
    """MessagePack."""
    chat: bytes | None = None
    """MessagePack."""
    sent_as: str | None = None
    seq: int = 0
    """Its place in the order of events, given by the store."""


class Claim(msgspec.Struct, frozen=True):
    """A delivery and who works on it."""

    delivery: Delivery
    owner: str
    """The open store that works on it; nobody where it is empty."""


class Step(msgspec.Struct, frozen=True):
    """What a batch of a stream comes to: written as a whole or not at all."""

    checkpoint: Checkpoint
    events: Sequence[StoredEvent] = ()
    seen_records: Mapping[str, SeenRecord] = {}
    """By the record's key within its stream."""
    forget_before: datetime | None = None
    """Memos of records that came to be before that are dropped."""
    deliveries: Sequence[Delivery] = ()
    """What was seen delivered, or is doubted; written where the store's state gives way to that
    (``open_to``)."""


class Store(Protocol):
    """Keeps checkpoints, events, deliveries and hints. All methods raise ``StateError``.

    Several stores may be open on the same data, in several processes.
    """

    @property
    def owner(self) -> str:
        """Names this open store among all that there ever were on its data."""
        ...

    async def alive(self, owner: str) -> bool:
        """Whether the store of that name is open, in whichever process of this machine."""
        ...

    def reading(self, account: str, *, wait: bool) -> AbstractAsyncContextManager[None]:
        """The right to follow an account, which one has at a time.

        Raises:
            FeedBusy: Somebody has it; with ``wait`` it is waited for instead.
        """
        ...

    async def checkpoint(self, account: str, stream: str) -> Checkpoint | None:
        """How far a stream is read; None where it never was."""
        ...

    async def seen_records(
        self, account: str, stream: str, keys: Collection[str]
    ) -> dict[str, SeenRecord]:
        """What is remembered of these records; those never seen are left out."""
        ...

    async def write(self, step: Step) -> None:
        """Take a batch in."""
        ...

    async def events(
        self, accounts: Collection[str], *, after: int, limit: int
    ) -> list[StoredEvent]:
        """The oldest events of these accounts that are not confirmed, of those behind ``after``."""
        ...

    async def confirm(self, seqs: Collection[int]) -> None:
        """Forget these events: they are done with."""
        ...

    async def backlog(self) -> dict[str, int]:
        """How many events wait to be confirmed, by account."""
        ...

    async def enter(self, delivery: Delivery, work: bytes, *, owner: str = "") -> Delivery | None:
        """Save a delivery with its action, unless its key has one.

        Args:
            delivery: It has a key.
            work: The action, MessagePack.
            owner: The open store that works on it; nobody where it is empty.

        Returns:
            The delivery that already has the key; None if this one was saved.
        """
        ...

    async def move(
        self,
        delivery: Delivery,
        *,
        was: Collection[DeliveryState],
        held_by: str | None = None,
        owner: str | None = None,
    ) -> bool:
        """Save what became of a delivery, if it is in one of these states; whether it was.

        Args:
            delivery: As it is now.
            was: The states.
            held_by: Its owner must be this one, too.
            owner: Who works on it from now on; without it that does not change.
        """
        ...

    async def drop(self, key: str) -> None:
        """Forget a delivery."""
        ...

    async def delivery(self, key: str) -> Delivery | None:
        """The delivery under this key."""
        ...

    async def work(self, key: str) -> bytes:
        """The action of a delivery, MessagePack; empty once it is confirmed or rejected."""
        ...

    async def deliveries(
        self,
        states: Collection[DeliveryState] | None = None,
        accounts: Collection[str] | None = None,
    ) -> list[Delivery]:
        """Deliveries, oldest first, all of them where nothing else is said."""
        ...

    async def open_deliveries(self, accounts: Collection[str]) -> list[Claim]:
        """The deliveries of these accounts with which something is to be done, oldest first."""
        ...

    async def delivered_to(self, target: Ref) -> list[Delivery]:
        """All deliveries to one object, oldest first."""
        ...

    async def forget_deliveries(self, before: datetime) -> None:
        """Drop the confirmed and the rejected that have not changed since."""
        ...

    async def hint(self, hints: Sequence[Hint]) -> None:
        """Keep word of what changed."""
        ...

    async def hints(self, accounts: Collection[str]) -> list[tuple[int, Hint]]:
        """The hints for these accounts that were not followed up, with their numbers."""
        ...

    async def drop_hints(self, numbers: Collection[int]) -> None:
        """Forget hints that were followed up."""
        ...

    async def aclose(self) -> None:
        """Close it."""
        ...
