"""What a marketplace offers: one Protocol a noun, and its capabilities as data.

An adapter is a package that registers its class in the entry-point group ``wbym.adapters``. It
meets the Protocols of the nouns that its marketplace has, and states in :class:`Capabilities` what
it can do. An argument that it cannot honour raises ``Unsupported`` before any request.
"""

from wbym.adapter.account import Adapter, installed_adapters
from wbym.adapter.base import AccountBase
from wbym.adapter.checks import (
    require_address,
    require_among,
    require_aware,
    require_filters,
    require_flag,
    require_visible,
    whole_characters,
)
from wbym.adapter.facts import Asked, CatalogRow, CheckReport, CredentialFacts, MethodFacts, ask
from wbym.adapter.nouns import (
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
from wbym.adapter.streams import (
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
from wbym.adapter.support import Capabilities, Capability, Support, Supported

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
