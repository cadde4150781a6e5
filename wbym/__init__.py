"""An asyncio SDK for sellers who talk to their buyers on several marketplaces.

The core: the neutral model (``wbym.domain``), how calls are made (``wbym.calls``), how limits are
kept (``wbym.limits``), lists of any length (``wbym.paging``), what happens and how it is replied to
(``wbym.feed``), errors (``wbym.errors``) and what an adapter offers (``wbym.adapter``).
Adapters are packages of their own, such as ``wbym_wildberries``.

Names are loaded when they are first used, so that ``import wbym.domain`` stays light.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wbym.adapter import Adapter, Capability, Support, installed_adapters
    from wbym.calls import Endpoint, RetryPolicy, Upload
    from wbym.errors import SetAside, WbymError
    from wbym.feed import Delivery, DeliveryState, Event, EventKind
    from wbym.inbox import Inbox
    from wbym.limits import Priority, Quota, Scheduler
    from wbym.paging import Listing, Page

__all__ = [
    "Adapter",
    "Capability",
    "Delivery",
    "DeliveryState",
    "Endpoint",
    "Event",
    "EventKind",
    "Inbox",
    "Listing",
    "Page",
    "Priority",
    "Quota",
    "RetryPolicy",
    "Scheduler",
    "SetAside",
    "Support",
    "Upload",
    "WbymError",
    "installed_adapters",
]

_HOMES = {
    "wbym.adapter": ("Adapter", "Capability", "Support", "installed_adapters"),
    "wbym.calls": ("Endpoint", "RetryPolicy", "Upload"),
    "wbym.errors": ("SetAside", "WbymError"),
    "wbym.feed": ("Delivery", "DeliveryState", "Event", "EventKind"),
    "wbym.inbox": ("Inbox",),
    "wbym.limits": ("Priority", "Quota", "Scheduler"),
    "wbym.paging": ("Listing", "Page"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
