"""One seller's account at one marketplace: the neutral interface, and the hooks of adapters.

An adapter is a package that registers its account class in the entry-point group ``wbym.adapters``.
The class derives from :class:`Account`, declares its :class:`Capabilities` and implements a hook
for each.
"""

from wbym._exports import show_exports
from wbym.account._account import Account, AnyRecord, Connection, hide_addresses
from wbym.account._capabilities import NOT_BUILT, Capabilities, Capability, Support, Supported, has
from wbym.account._checks import (
    reject_half_characters,
    require_address,
    require_known,
)
from wbym.account._facts import (
    CatalogRow,
    CheckReport,
    CredentialFacts,
    MethodFacts,
    ProbeResult,
    build_catalog,
    probe,
)
from wbym.account._hooks import Filters, Hooks, ReadOptions, Receipt, SweepOptions
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
    "Inputs",
    "MethodFacts",
    "Observation",
    "Observed",
    "OnHints",
    "Poll",
    "ProbeResult",
    "ReadOptions",
    "Receipt",
    "Stream",
    "Support",
    "Supported",
    "SweepOptions",
    "Sweeps",
    "TrustedProxy",
    "build_catalog",
    "has",
    "hide_addresses",
    "installed_adapters",
    "load_adapter",
    "probe",
    "reject_half_characters",
    "require_address",
    "require_known",
    "show_exports",
]

show_exports(__name__, __all__)
