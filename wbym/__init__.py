"""An asyncio SDK for sellers who talk to their buyers on several marketplaces.

What programs import is here: records, errors, :class:`Inbox` and what goes with them. The rest is
in the core's packages: how calls are made (``wbym.calls``), how limits are kept (``wbym.limits``),
lists of any length (``wbym.paging``), what happens and how it is replied to (``wbym.feed``) and
what an adapter offers (``wbym.account``). Adapters are packages of their own, such as
``wbym_wildberries``.

Records and errors are here at once; the other names are loaded when they are first used, so that
``import wbym.domain`` stays light.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from wbym.domain import (
    Answer,
    AnswerStatus,
    Attachment,
    Author,
    Buyer,
    Chat,
    ChatKind,
    ChatStatus,
    Decision,
    DecisionKind,
    Feedback,
    Media,
    MediaKind,
    Message,
    Money,
    Order,
    Product,
    Question,
    QuestionStatus,
    Record,
    Ref,
    Return,
    ReturnItem,
    ReturnStatus,
    Sent,
    Waiting,
)
from wbym.errors import (
    BadRequest,
    CallError,
    CallTimeout,
    ChatNotReady,
    ConfigError,
    Conflict,
    ConnectionFailed,
    CredentialError,
    CursorStuck,
    DeliveryRejected,
    DeliveryUnknown,
    ExportError,
    FeedBusy,
    Forbidden,
    InboxNotOpen,
    InvalidInput,
    InvalidToken,
    Locked,
    MissingScope,
    NotFound,
    NotReady,
    PagingLimit,
    PayloadTooLarge,
    PaymentRequired,
    QuotaExhausted,
    RateLimited,
    ReadOnlyToken,
    RefusedByModeration,
    ServerError,
    SetAside,
    StateError,
    StatusError,
    TaskPending,
    TokenExpired,
    Unauthorized,
    Unprocessable,
    UnreadableReply,
    Unsupported,
    WbymError,
)

if TYPE_CHECKING:
    from wbym.account import Adapter, Capability, Support, installed_adapters
    from wbym.calls import Download, Endpoint, RetryPolicy, Upload
    from wbym.feed import Delivery, DeliveryState, Event, EventKind, Outbox
    from wbym.inbox import Inbox
    from wbym.limits import Priority, Quota, Scheduler
    from wbym.paging import Listing, Page, Sweep

__version__ = "0.1.0"

__all__ = [
    "Adapter",
    "Answer",
    "AnswerStatus",
    "Attachment",
    "Author",
    "BadRequest",
    "Buyer",
    "CallError",
    "CallTimeout",
    "Capability",
    "Chat",
    "ChatKind",
    "ChatNotReady",
    "ChatStatus",
    "ConfigError",
    "Conflict",
    "ConnectionFailed",
    "CredentialError",
    "CursorStuck",
    "Decision",
    "DecisionKind",
    "Delivery",
    "DeliveryRejected",
    "DeliveryState",
    "DeliveryUnknown",
    "Download",
    "Endpoint",
    "Event",
    "EventKind",
    "ExportError",
    "FeedBusy",
    "Feedback",
    "Forbidden",
    "Inbox",
    "InboxNotOpen",
    "InvalidInput",
    "InvalidToken",
    "Listing",
    "Locked",
    "Media",
    "MediaKind",
    "Message",
    "MissingScope",
    "Money",
    "NotFound",
    "NotReady",
    "Order",
    "Outbox",
    "Page",
    "PagingLimit",
    "PayloadTooLarge",
    "PaymentRequired",
    "Priority",
    "Product",
    "Question",
    "QuestionStatus",
    "Quota",
    "QuotaExhausted",
    "RateLimited",
    "ReadOnlyToken",
    "Record",
    "Ref",
    "RefusedByModeration",
    "RetryPolicy",
    "Return",
    "ReturnItem",
    "ReturnStatus",
    "Scheduler",
    "Sent",
    "ServerError",
    "SetAside",
    "StateError",
    "StatusError",
    "Support",
    "Sweep",
    "TaskPending",
    "TokenExpired",
    "Unauthorized",
    "Unprocessable",
    "UnreadableReply",
    "Unsupported",
    "Upload",
    "Waiting",
    "WbymError",
    "__version__",
    "installed_adapters",
]

_HOMES = {
    "wbym.account": ("Adapter", "Capability", "Support", "installed_adapters"),
    "wbym.calls": ("Download", "Endpoint", "RetryPolicy", "Upload"),
    "wbym.feed": ("Delivery", "DeliveryState", "Event", "EventKind", "Outbox"),
    "wbym.inbox": ("Inbox",),
    "wbym.limits": ("Priority", "Quota", "Scheduler"),
    "wbym.paging": ("Listing", "Page", "Sweep"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

if not TYPE_CHECKING:  # to type checkers each name would be there

    def __getattr__(name: str) -> object:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_HOME[name]), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
