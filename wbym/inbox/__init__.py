"""Many accounts, of any marketplaces, as one.

An :class:`Inbox` reads its accounts concurrently, merges their records, and routes replies by
``ref``. Each account keeps its own limits, retries and errors. :class:`Handlers` calls functions
with the events of an inbox.
"""

from wbym._exports import show_exports
from wbym.inbox._handlers import Handlers
from wbym.inbox._inbox import Inbox, InboxSweeps

__all__ = ["Handlers", "Inbox", "InboxSweeps"]

show_exports(__name__, __all__)
