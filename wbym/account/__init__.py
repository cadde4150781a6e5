"""One seller's account at one marketplace: the neutral face, and what an adapter writes for it.

An adapter is a package that registers its class in the entry-point group ``wbym.adapters``. It
derives that from :class:`Account`, states in :class:`Capabilities` what its marketplace can do, and
writes a hook for each.
"""

from wbym._exports import show_exports
from wbym.account._account import Account, AnyRecord, Connection
from wbym.account._capabilities import NOT_BUILT, Capabilities, Capability, Support, Supported, has
from wbym.account._checks import (
    require_address,
    require_among,
    whole_characters,
)
from wbym.account._facts import (
    Asked,
    CatalogRow,
    CheckReport,
    CredentialFacts,
    MethodFacts,
    ask,
    catalog_of,
)
from wbym.account._hooks import Filters, Hooks, How, Receipt, SweepOptions
from wbym.account._inputs import Inputs
from wbym.account._installed import installed_adapters, load_adapter
from wbym.account._options import AccountOptions
from wbym.account._streams import (
    Batch,
    Hint,
    Observation,
    Observed,
    OnHints,
    Poll,
    Stream,
    TrustedProxy,
)
from wbym.account._sweeps import Sweeps

__all__ = [
    "NOT_BUILT",
    "Account",
    "AccountOptions",
    "AnyRecord",
    "Asked",
    "Batch",
    "Capabilities",
    "Capability",
    "CatalogRow",
    "CheckReport",
    "Connection",
    "CredentialFacts",
    "Filters",
    "Hint",
    "Hooks",
    "How",
    "Inputs",
    "MethodFacts",
    "Observation",
    "Observed",
    "OnHints",
    "Poll",
    "Receipt",
    "Stream",
    "Support",
    "Supported",
    "SweepOptions",
    "Sweeps",
    "TrustedProxy",
    "ask",
    "catalog_of",
    "has",
    "installed_adapters",
    "load_adapter",
    "require_address",
    "require_among",
    "show_exports",
    "whole_characters",
]

show_exports(__name__, __all__)
