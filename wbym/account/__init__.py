"""What a marketplace offers: one Protocol a noun, and its capabilities as data.

An adapter is a package that registers its class in the entry-point group ``wbym.adapters``. It
meets the Protocols of the nouns that its marketplace has, and states in :class:`Capabilities` what
it can do. An argument that it cannot honour raises ``Unsupported`` before any request.
"""

from wbym.account.account import Adapter, installed_adapters
from wbym.account.base import AccountBase
from wbym.account.checks import (
    require_address,
    require_among,
    require_aware,
    require_filters,
    require_flag,
    require_visible,
    whole_characters,
)
from wbym.account.facts import Asked, CatalogRow, CheckReport, CredentialFacts, MethodFacts, ask
from wbym.account.nouns import (
    Chats,
    Comments,
    Feedbacks,
    OpensChats,
    Questions,
    Returns,
    Sweeps,
    SweepsArchives,
    TellsDecisions,
)
from wbym.account.streams import (
    Batch,
    Hint,
    OnHints,
    Poll,
    Rereads,
    Seen,
    Sighting,
    Stream,
    Streams,
    TakesNotifications,
    TrustedProxy,
    Unreadable,
    unreadable,
)
from wbym.account.support import Capabilities, Capability, Support, Supported

__all__ = [
    "AccountBase",
    "Adapter",
    "Asked",
    "Batch",
    "Capabilities",
    "Capability",
    "CatalogRow",
    "Chats",
    "CheckReport",
    "Comments",
    "CredentialFacts",
    "Feedbacks",
    "Hint",
    "MethodFacts",
    "OnHints",
    "OpensChats",
    "Poll",
    "Questions",
    "Rereads",
    "Returns",
    "Seen",
    "Sighting",
    "Stream",
    "Streams",
    "Support",
    "Supported",
    "Sweeps",
    "SweepsArchives",
    "TakesNotifications",
    "TellsDecisions",
    "TrustedProxy",
    "Unreadable",
    "ask",
    "installed_adapters",
    "require_address",
    "require_among",
    "require_aware",
    "require_filters",
    "require_flag",
    "require_visible",
    "unreadable",
    "whole_characters",
]
