"""The interface of stores, and what the feed and the outbox store.

A :class:`Store` is dumb on purpose: it decides nothing about marketplaces, and each of its methods
is one transaction. :class:`wbym.feed.SqliteStore` is the one for services of one machine,
:class:`wbym.feed.PostgresStore` for those of several; :class:`wbym.feed.MemoryStore` is the first
in memory.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

import msgspec

from wbym.account import Hint
from wbym.domain import Delivery, DeliveryState, Ref
from wbym.feed._events import EventKind

__all__ = [
    "Checkpoint",
    "Claim",
    "SeenRecord",
    "Step",
    "Store",
    "StoredDeadLetter",
    "StoredEvent",
]


class Checkpoint(msgspec.Struct, frozen=True):
    """How far a stream of an account is read."""

    account: str
    stream: str
    since: datetime
    """Since when the account is followed."""
    state: bytes | None = None
    """Where the stream continues."""
    begun: bool = False
    """Whether the first round is complete."""
    retained_since: datetime | None = None
    """The retention horizon: new records created earlier make no event."""


class SeenRecord(msgspec.Struct, frozen=True, gc=False):
    """What the store keeps of a record that was seen."""

    version: str
    revision: int = 1
    """Number of observed versions, including the first."""
    at: datetime | None = None
    """When the record was created; None for records that are never forgotten."""


class StoredEvent(msgspec.Struct, frozen=True, gc=False):
    """An event that is not confirmed yet."""

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
    """Its number in the order of events, assigned by the store."""


class StoredDeadLetter(msgspec.Struct, frozen=True):
    """An event that was laid aside, since it could not be handled."""

    event: StoredEvent
    failed_at: datetime
    attempts: int
    error: str
    """The last error, as text."""


class Claim(msgspec.Struct, frozen=True):
    """A delivery and its owner."""

    delivery: Delivery
    owner: str
    """The open store that works on it; empty for none."""


class Step(msgspec.Struct, frozen=True):
    """The changes that a batch of a stream makes; written as a whole or not at all."""

    checkpoint: Checkpoint
    events: Sequence[StoredEvent] = ()
    seen_records: Mapping[str, SeenRecord] = {}
    """By the record's key within its stream."""
    forget_before: datetime | None = None
    """Seen records that were created before this time are deleted."""
    deliveries: Sequence[Delivery] = ()
    """Deliveries that were confirmed or became unknown; written if ``open_to`` allows to replace
    the stored state."""


class Store(Protocol):
    """Stores checkpoints, events, deliveries and hints. All methods raise ``StateError``.

    Feed and outbox repeat a call whose ``StateError`` is ``retryable``.

    Several stores may be open on the same data, in several processes. A call whose caller is
    cancelled may complete nevertheless.
    """

    @property
    def owner(self) -> str:
        """A name of this open store, unique among all that ever opened its data."""
        ...

    @property
    def alive_until(self) -> float:
        """Until when, by the loop's clock, this store certainly counts as alive for the others.

        ``math.inf`` if only the end of its process changes that. Afterwards another store may have
        taken over its accounts and deliveries: nothing is handed out or sent before :meth:`hold`
        has returned.
        """
        ...

    async def hold(self) -> None:
        """Make sure that this store counts as alive, and still reads its accounts.

        Raises:
            LeaseLost: Another store reads one of them now.
        """
        ...

    async def alive(self, owner: str) -> bool:
        """Whether the store of that name is open, in any process that shares the data."""
        ...

    def reading(self, account: str, *, wait: bool) -> AbstractAsyncContextManager[None]:
        """Lock an account for one reader.

        Args:
            account: The account's name.
            wait: Whether to wait for the lock.

        Raises:
            FeedBusy: Another reader has the lock; with ``wait`` the method waits for it instead.
        """
        ...

    async def checkpoint(self, account: str, stream: str) -> Checkpoint | None:
        """The checkpoint of a stream; None if it was never read.

        Args:
            account: The account's name.
            stream: The stream's name.
        """
        ...

    async def seen_records(
        self, account: str, stream: str, keys: Collection[str]
    ) -> dict[str, SeenRecord]:
        """The seen records with these keys; unknown keys are omitted.

        Args:
            account: The account's name.
            stream: The stream's name.
            keys: The records' keys.
        """
        ...

    async def write(self, step: Step) -> None:
        """Store the changes of a batch.

        Raises:
            LeaseLost: Another store reads the account now; nothing was written.
        """
        ...

    async def events(
        self, accounts: Collection[str], *, after: int, limit: int
    ) -> list[StoredEvent]:
        """The oldest unconfirmed events of these accounts, with a ``seq`` above ``after``.

        Args:
            accounts: The accounts' names.
            after: The ``seq`` that was read last; 0 for all.
            limit: Max number of events.
        """
        ...

    async def confirm(self, seqs: Collection[int]) -> None:
        """Delete these events, which are confirmed."""
        ...

    async def backlog(self) -> dict[str, int]:
        """Number of unconfirmed events, by account."""
        ...

    async def lay_aside(self, letter: StoredDeadLetter) -> None:
        """Delete an event and store it as a dead letter; one with the same event's id is replaced.

        Nothing happens if there is no event with its ``seq``.
        """
        ...

    async def dead_letters(self, accounts: Collection[str] | None = None) -> list[StoredDeadLetter]:
        """The dead letters of these accounts, oldest failure first; by default all."""
        ...

    async def redeliver(self, event_id: str) -> bool:
        """Make a dead letter the newest event again; False if there is none with this id."""
        ...

    async def drop_dead_letter(self, event_id: str) -> bool:
        """Delete a dead letter; False if there is none with this id."""
        ...

    async def enter(self, delivery: Delivery, work: bytes, *, owner: str = "") -> Delivery | None:
        """Save a delivery with its action, unless its key is taken.

        Args:
            delivery: A delivery with an idempotency key.
            work: The action, MessagePack.
            owner: The open store that works on it; empty for none.

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
        """Save a delivery if its stored state is one of these; return whether it was.

        Args:
            delivery: The new version of the delivery.
            was: The expected states.
            held_by: The expected owner; None for any.
            owner: The new owner; None for no change.
        """
        ...

    async def drop(self, key: str) -> None:
        """Delete a delivery."""
        ...

    async def delivery(self, key: str) -> Delivery | None:
        """The delivery with this key; None if there is none."""
        ...

    async def work(self, key: str) -> bytes:
        """The action of a delivery, MessagePack; empty once it is confirmed or rejected."""
        ...

    async def deliveries(
        self,
        states: Collection[DeliveryState] | None = None,
        accounts: Collection[str] | None = None,
    ) -> list[Delivery]:
        """Deliveries, oldest first; by default all.

        Args:
            states: Only those in these states.
            accounts: Only those to these accounts, by name.
        """
        ...

    async def open_deliveries(self, accounts: Collection[str]) -> list[Claim]:
        """Deliveries of these accounts that the outbox still works on, oldest first."""
        ...

    async def delivered_to(self, target: Ref) -> list[Delivery]:
        """All deliveries to one object, oldest first."""
        ...

    async def forget_deliveries(self, before: datetime) -> None:
        """Delete confirmed and rejected deliveries that have not changed since this time."""
        ...

    async def hint(self, hints: Sequence[Hint]) -> None:
        """Store hints."""
        ...

    async def hints(self, accounts: Collection[str]) -> list[tuple[int, Hint]]:
        """The stored hints for these accounts, with their numbers."""
        ...

    async def drop_hints(self, numbers: Collection[int]) -> None:
        """Delete hints that were followed up."""
        ...

    async def aclose(self) -> None:
        """Close the store."""
        ...
