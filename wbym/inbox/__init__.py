"""Many accounts, of any marketplaces, as one.

An :class:`Inbox` reads its accounts concurrently, merges their records, and routes replies by
``ref``. Each account keeps its own limits, retries and errors.
"""

from wbym._exports import show_exports
from wbym.inbox._inbox import Inbox, InboxSweeps

__all__ = ["Inbox", "InboxSweeps"]

show_exports(__name__, __all__)
