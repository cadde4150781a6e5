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

from wbym.feed.consumer import Events
from wbym.feed.events import Event, EventKind
from wbym.feed.feed import Feed
from wbym.feed.memory import MemoryStore
from wbym.feed.outbox import SETTLE_AFTER, Outbox
from wbym.feed.reader import StreamStatus
from wbym.feed.settle import settle
from wbym.feed.sqlite import SqliteStore
from wbym.feed.store import Store
from wbym.later import public

__all__ = [
    "SETTLE_AFTER",
    "Event",
    "EventKind",
    "Events",
    "Feed",
    "MemoryStore",
    "Outbox",
    "SqliteStore",
    "Store",
    "StreamStatus",
    "settle",
]

public(__name__, __all__)
