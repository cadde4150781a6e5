"""For tests: an account in memory, the frame of simulators, faults, the contract suite."""

from typing import TYPE_CHECKING

from wbym._exports import lazy_exports, show_exports

if TYPE_CHECKING:
    from wbym.testing._buckets import (
        BucketState,
        BudgetState,
        ParallelCap,
        PeriodBudget,
        TokenBucket,
    )
    from wbym.testing._buyers import Buyers, RemoteBuyers
    from wbym.testing._cabinets import CabinetContext, Effect, SimulatedCabinet
    from wbym.testing._encoding import decode_base64url, encode_base64url
    from wbym.testing._fake import FakeAccount
    from wbym.testing._faults import FaultKind, Faults
    from wbym.testing._lists import SortedKeyList
    from wbym.testing._marketplace import Handlers, MarketplaceSimulator
    from wbym.testing._options import SimulatorOptions, keyword_options
    from wbym.testing._pages import ReceivedMessage
    from wbym.testing._process import SimulatorProcess, main
    from wbym.testing._replies import Reply
    from wbym.testing._responses import (
        PageCache,
        Refusal,
        Response,
        empty_response,
        json_response,
        raw_response,
    )
    from wbym.testing._routes import Call, FormPart, Route, route
    from wbym.testing._server import SimulatorServer
    from wbym.testing._spoil import JsonObject, RecordFields
    from wbym.testing._stats import Stats
    from wbym.testing._waiting import eventually

__all__ = [
    "BucketState",
    "BudgetState",
    "Buyers",
    "CabinetContext",
    "Call",
    "Effect",
    "FakeAccount",
    "FaultKind",
    "Faults",
    "FormPart",
    "Handlers",
    "JsonObject",
    "MarketplaceSimulator",
    "PageCache",
    "ParallelCap",
    "PeriodBudget",
    "ReceivedMessage",
    "RecordFields",
    "Refusal",
    "RemoteBuyers",
    "Reply",
    "Response",
    "Route",
    "SimulatedCabinet",
    "SimulatorOptions",
    "SimulatorProcess",
    "SimulatorServer",
    "SortedKeyList",
    "Stats",
    "TokenBucket",
    "decode_base64url",
    "empty_response",
    "encode_base64url",
    "eventually",
    "json_response",
    "keyword_options",
    "main",
    "raw_response",
    "route",
]

show_exports(__name__, __all__)

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "wbym.testing._buckets": (
                "BucketState",
                "BudgetState",
                "ParallelCap",
                "PeriodBudget",
                "TokenBucket",
            ),
            "wbym.testing._buyers": ("Buyers", "RemoteBuyers"),
            "wbym.testing._cabinets": ("CabinetContext", "Effect", "SimulatedCabinet"),
            "wbym.testing._encoding": ("decode_base64url", "encode_base64url"),
            "wbym.testing._fake": ("FakeAccount",),
            "wbym.testing._faults": ("FaultKind", "Faults"),
            "wbym.testing._lists": ("SortedKeyList",),
            "wbym.testing._marketplace": ("Handlers", "MarketplaceSimulator"),
            "wbym.testing._options": ("SimulatorOptions", "keyword_options"),
            "wbym.testing._pages": ("ReceivedMessage",),
            "wbym.testing._process": ("SimulatorProcess", "main"),
            "wbym.testing._replies": ("Reply",),
            "wbym.testing._responses": (
                "PageCache",
                "Refusal",
                "Response",
                "empty_response",
                "json_response",
                "raw_response",
            ),
            "wbym.testing._routes": ("Call", "FormPart", "Route", "route"),
            "wbym.testing._server": ("SimulatorServer",),
            "wbym.testing._spoil": ("JsonObject", "RecordFields"),
            "wbym.testing._stats": ("Stats",),
            "wbym.testing._waiting": ("eventually",),
        },
    )
