"""Many accounts, of any marketplaces, as one.

An :class:`Inbox` fans reading out over its accounts, merges what comes, and routes replies back by
``ref``. It adds nothing to what the accounts do: each keeps its own limits, retries and errors.
"""

from wbym._exports import show_exports
from wbym.inbox._inbox import Inbox, InboxSweeps

__all__ = ["Inbox", "InboxSweeps"]

show_exports(__name__, __all__)
