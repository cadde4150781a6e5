"""Events of accounts and replies to them: no event lost, no reply sent twice.

::

    streams of the adapters -> readers -> diff -> store -> consumer
                                           |       ^
                         confirms own messages
                                           |       |
                                   replies -> outbox +

Readers poll each stream at the rate of its limits; the diff creates events for new and changed
records and stores them in one transaction with the stream's checkpoint; the consumer gets events
until it confirms them. The outbox saves a reply before it is sent, and looks up its outcome.
"""

from wbym._exports import show_exports
from wbym.feed._consumer import Events
from wbym.feed._dead_letters import DeadLetter, DeadLetters
from wbym.feed._events import Event, EventKind
from wbym.feed._feed import Feed
from wbym.feed._memory import MemoryStore
from wbym.feed._outbox import CONFIRMATION_TIMEOUT, Outbox
from wbym.feed._postgres import PostgresStore
from wbym.feed._reader import StreamStatus
from wbym.feed._resolve import resolve
from wbym.feed._sqlite import SqliteStore
from wbym.feed._store import Store

__all__ = [
    "CONFIRMATION_TIMEOUT",
    "DeadLetter",
    "DeadLetters",
    "Event",
    "EventKind",
    "Events",
    "Feed",
    "MemoryStore",
    "Outbox",
    "PostgresStore",
    "SqliteStore",
    "Store",
    "StreamStatus",
    "resolve",
]

show_exports(__name__, __all__)
