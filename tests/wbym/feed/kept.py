"""Records for tests of stores."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from wbym.domain import Action, Delivery, DeliveryState, Noun, Ref
from wbym.feed import EventKind, Store
from wbym.feed._store import Checkpoint, SeenRecord, Step, StoredDeadLetter, StoredEvent

BEGIN = datetime(2026, 5, 1, 12, 0, 0, 123456, tzinfo=UTC)


def at(minutes: float) -> datetime:
    """A time after the beginning."""
    return BEGIN + timedelta(minutes=minutes)


def checkpoint(
    account: str = "shop", stream: str = "chats", state: bytes | None = None
) -> Checkpoint:
    return Checkpoint(account, stream, BEGIN, state)


def event(number: int, account: str = "shop") -> StoredEvent:
    return StoredEvent(
        f"toy/{account}/message/{number}", account, EventKind.MESSAGE, at(number), b"%d" % number
    )


def step(
    *events: int,
    account: str = "shop",
    stream: str = "chats",
    state: bytes | None = None,
    seen_records: Collection[str] = (),
    deliveries: Collection[Delivery] = (),
) -> Step:
    """A step with the events of these numbers."""
    return Step(
        checkpoint(account, stream, state),
        [event(number, account) for number in events],
        {key: SeenRecord("1", 1, BEGIN) for key in seen_records},
        None,
        list(deliveries),
    )


def delivery(
    key: str = "key",
    state: DeliveryState = DeliveryState.SENDING,
    *,
    account: str = "shop",
    minutes: float = 0,
    note: str | None = None,
) -> Delivery:
    """A message that was sent that long after the beginning."""
    return Delivery(
        Ref("toy", account, Noun.CHAT, "1"),
        Action.SEND,
        "Добрый день!",
        state,
        BEGIN,
        at(minutes),
        at(minutes),
        idempotency_key=key,
        note=note,
    )


async def numbers(store: Store, *accounts: str, after: int = 0, limit: int = 100) -> list[str]:
    """The numbers of unconfirmed events."""
    found = await store.events(accounts or ["shop"], after=after, limit=limit)
    return [one.id.rpartition("/")[2] for one in found]


def dead_letter(event: StoredEvent, minutes: float = 0) -> StoredDeadLetter:
    """An event that was laid aside that long after the beginning."""
    return StoredDeadLetter(event, at(minutes), 5, "ValueError: no such order")
