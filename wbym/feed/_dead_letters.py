"""Events that could not be handled: listed, delivered again, or dropped."""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

import msgspec

from wbym.account import Observed
from wbym.calls import require
from wbym.domain import Chat, UndecodableRecord
from wbym.errors import InvalidInput
from wbym.feed._events import Event, EventKind
from wbym.feed._serialization import decode_chat, decode_record
from wbym.feed._store import Store, StoredEvent
from wbym.observe import LogFacts

__all__ = ["DeadLetter", "DeadLetters", "decode_event"]

logger: logging.Logger = logging.getLogger("wbym.feed")


class DeadLetter(msgspec.Struct, frozen=True):
    """An event that was laid aside, since it could not be handled."""

    event: Event
    failed_at: datetime
    """When it was laid aside; aware UTC."""
    attempts: int
    """How often it was tried."""
    error: str
    """The last error, as text."""


class DeadLetters:
    """Events that were laid aside. They stay in the state until they are retried or dropped.

    Args:
        store: The state.
        on_retry: Called when an event was made ready for delivery.
    """

    def __init__(self, store: Store, *, on_retry: Callable[[], None] | None = None) -> None:
        self._store = store
        self._on_retry = on_retry

    async def all(self, account: str | None = None) -> list[DeadLetter]:
        """Dead letters, the oldest failure first.

        Args:
            account: Only those of this account.
        """
        require("dead_letters", "account", account, str | None)
        found = await self._store.dead_letters(None if account is None else [account])
        return [
            DeadLetter(decode_event(one.event), one.failed_at, one.attempts, one.error)
            for one in found
        ]

    async def retry(self, event_id: str) -> None:
        """Deliver an event again, after all that are stored, as if it were new.

        It keeps its id. A service that runs in another process gets it within 15 s.

        Raises:
            InvalidInput: No dead letter has this id.
        """
        require("dead_letters.retry", "event_id", event_id, str)
        if not await self._store.redeliver(event_id):
            raise _unknown("dead_letters.retry", event_id)
        if self._on_retry is not None:
            self._on_retry()

    async def drop(self, event_id: str) -> None:
        """Delete a dead letter: its event never comes again.

        Raises:
            InvalidInput: No dead letter has this id.
        """
        require("dead_letters.drop", "event_id", event_id, str)
        if not await self._store.drop_dead_letter(event_id):
            raise _unknown("dead_letters.drop", event_id)


def _unknown(method: str, event_id: str) -> InvalidInput:
    return InvalidInput(method, "event_id", "must be the id of a dead letter", event_id)


def decode_event(
    stored: StoredEvent,
    confirm: Callable[[], Awaitable[None]] | None = None,
    lay_aside: Callable[[str, int], Awaitable[None]] | None = None,
) -> Event:
    """The event of a stored one; of the kind ``UNDECODABLE`` if that is damaged.

    Args:
        stored: What the store has.
        confirm: What ``event.ack()`` does.
        lay_aside: What ``event.lay_aside()`` does.
    """
    record: Observed
    chat: Chat | None = None
    kind = stored.kind
    try:
        record, chat = decode_record(stored), decode_chat(stored)
    except (msgspec.MsgspecError, ValueError) as error:
        record, kind = _undecodable(stored, error), EventKind.UNDECODABLE
    return Event(
        stored.id,
        kind,
        stored.account,
        stored.at,
        record,
        stored.sent_as,
        chat,
        confirm,
        lay_aside,
    )


def _undecodable(stored: StoredEvent, error: Exception) -> UndecodableRecord:
    """The record of a stored event that is damaged."""
    # The error's text may have the data.
    reason = f"its row in the state file cannot be decoded ({type(error).__name__})"
    logger.warning(
        "%s: the event %s cannot be delivered: %s",
        stored.account,
        stored.id,
        reason,
        extra=LogFacts(account=stored.account),
    )
    marketplace = stored.id.partition("/")[0] or "unknown"
    return UndecodableRecord.of(
        marketplace, stored.account, "events", stored.id, reason, stored.record
    )
