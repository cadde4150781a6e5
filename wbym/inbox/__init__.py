"""Many accounts, of any marketplaces, as one.

An :class:`Inbox` fans reading out over its accounts, merges what comes, and routes replies back by
``ref``. It adds nothing to what the accounts do: each keeps its own limits, retries and errors.
"""

from wbym.inbox.inbox import Inbox, InboxSweeps
from wbym.later import public

__all__ = ["Inbox", "InboxSweeps"]

public(__name__, __all__)
