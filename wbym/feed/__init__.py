"""Nothing lost, nothing sent twice: what happens in the accounts, and the replies to it.

::

    streams of the adapters -> readers -> diff -> store -> consumer
                                           |       ^
                              confirms what comes back
                                           |       |
                                   replies -> outbox +

Readers poll each stream at the pace of its limits; the diff makes events of what is new and
stores them in one transaction with where the stream goes on; the consumer gets them until it has
confirmed them. The outbox writes a reply down before it is sent, and looks up what became of it.
"""

from wbym._exports import show_exports
from wbym.feed._consumer import Events
from wbym.feed._events import Event, EventKind
from wbym.feed._feed import Feed
from wbym.feed._memory import MemoryStore
from wbym.feed._outbox import CONFIRMATION_TIMEOUT, Outbox
from wbym.feed._reader import StreamStatus
from wbym.feed._resolve import resolve
from wbym.feed._sqlite import SqliteStore
from wbym.feed._store import Store

__all__ = [
    "CONFIRMATION_TIMEOUT",
    "Event",
    "EventKind",
    "Events",
    "Feed",
    "MemoryStore",
    "Outbox",
    "SqliteStore",
    "Store",
    "StreamStatus",
    "resolve",
]

show_exports(__name__, __all__)
