"""Faults on demand: errors, dropped connections, spoiled responses.

A fault is either a rate (0.0 to 1.0, drawn from a seeded random) or scripted: "the next N requests
whose path contains this text". A scripted fault takes precedence over the rates.

To add a fault: a member of `FaultKind`, and its effect, in `SimulatorServer._handle` or
`_spoiled` of `_server.py`; for a rate, also a field of `Faults` and a row of `RATED`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from random import Random
from typing import Literal, get_args, get_type_hints

import msgspec

FaultKind = Literal[
    "error",
    "error_after",
    "soft_error",
    "gateway_before",
    "gateway_after",
    "drop_before",
    "drop_after",
    "broken_json",
    "html_instead_of_json",
    "empty_body",
    "odd_headers",
    "nulls",
    "unknown_values",
    "bad_record",
    "bad_bytes",
]
"""What can go wrong with one request; see `Faults`."""
"""Every fault that can be scripted with [Faults.next][]."""

KINDS: tuple[FaultKind, ...] = get_args(FaultKind)

RATED: tuple[tuple[str, FaultKind], ...] = (
    ("error_rate", "error"),
    ("error_after", "error_after"),
    ("soft_error", "soft_error"),
    ("gateway_before", "gateway_before"),
    ("gateway_after", "gateway_after"),
    ("drop_before", "drop_before"),
    ("drop_after", "drop_after"),
    ("broken_json", "broken_json"),
    ("html_instead_of_json", "html_instead_of_json"),
    ("empty_body", "empty_body"),
    ("odd_headers", "odd_headers"),
    ("bad_record", "bad_record"),
    ("bad_bytes", "bad_bytes"),
)
_SHARES = {*(name for name, _ in RATED), "nulls", "unknown_values"}
_NONE: frozenset[FaultKind] = frozenset()


class Scripted(msgspec.Struct):
    """The next `times` requests whose path contains `path` get the fault `kind`."""

    path: str
    kind: FaultKind
    times: int = 1


@dataclass(kw_only=True)
class Faults:
    """The faults of one simulator; every field may be changed while it runs.

    "Before" means that the request had no effect; "after" means that it had its full effect and
    only the response is lost or spoiled.
    """

    seed: int = 0
    """Seed of the random that draws the rates; read once, when the object is created."""
    latency: float = 0.0
    """Seconds that every response takes; the request is counted before them."""
    arrival_jitter: float = 0.0
    """Up to n seconds pass before a request is counted in its limit."""
    error_rate: float = 0.0
    """Share of requests answered 5xx, before."""
    error_after: float = 0.0
    """Share of requests answered 5xx, after."""
    error_statuses: tuple[int, ...] = (500, 502, 503, 504)
    """The statuses from which that of an error is drawn."""
    error_body: Literal["json", "html", "empty"] = "json"
    """The kind of body of a 5xx."""
    soft_error: float = 0.0
    """Share of requests answered 200 with an error inside, before, if the marketplace does that."""
    gateway_before: float = 0.0
    """Share of requests that a gateway answers, not the marketplace, before."""
    gateway_after: float = 0.0
    """Share of requests that a gateway answers, not the marketplace, after."""
    gateway_statuses: tuple[int, ...] = (302, 307, 404, 405, 408, 410, 421, 425, 498, 499)
    """One of these is drawn for a gateway's answer, whose body is HTML, empty or foreign JSON."""
    drop_before: float = 0.0
    """Share of requests whose connection is dropped, before."""
    drop_after: float = 0.0
    """Share of requests whose connection is dropped, after."""
    broken_json: float = 0.0
    """Share of responses cut in the middle (with a right Content-Length), after."""
    html_instead_of_json: float = 0.0
    """Share of responses that are 200 with an HTML page, after."""
    empty_body: float = 0.0
    """Share of responses that are 200 with an empty body, after."""
    odd_headers: float = 0.0
    """Share of responses with limits and dates that make no sense in their headers, after."""
    nulls: float = 0.0
    """Share of the records on a page whose optional fields become null."""
    unknown_values: float = 0.0
    """Share of the records on a page with unknown enumeration values and new fields."""
    bad_record: float = 0.0
    """Share of pages with one undecodable record: its id is null or an object."""
    bad_bytes: float = 0.0
    """Share of pages on which one record is not valid JSON: a raw control character, half of a
    surrogate pair, cut UTF-8, or `NaN`."""
    clock_skew: float = 0.0
    """Seconds by which the marketplace's clock is ahead of the real one."""
    gzip: bool = True
    """Whether responses are gzipped for clients that accept it."""
    random: Random = field(init=False, repr=False, compare=False)
    script: list[Scripted] = field(init=False, repr=False, compare=False, default_factory=list)

    def __post_init__(self) -> None:
        _require_shares(self.settings())
        self.random = Random(self.seed)

    def next(self, path: str, kind: FaultKind, times: int = 1) -> None:
        """Scripts a fault.

        Args:
            path: A part of the path, such as `"/message"`; `""` matches every path.
            kind: The fault.
            times: Number of affected requests.

        Raises:
            ValueError: `kind` is not one of `FaultKind`.
        """
        if kind not in KINDS:
            raise ValueError(f"unknown fault {kind!r}; one of {', '.join(KINDS)}")
        self.script.append(Scripted(path, kind, times))

    def plan(self, path: str) -> frozenset[FaultKind]:
        """The faults of one request; uses up scripted ones."""
        drawn: set[FaultKind] | None = None
        if self.script:
            for scripted in self.script:
                if scripted.times > 0 and scripted.path in path:
                    scripted.times -= 1
                    drawn = {scripted.kind}
                    break
            self.script = [scripted for scripted in self.script if scripted.times > 0]
        for name, kind in RATED:
            rate: float = getattr(self, name)
            if rate and self.random.random() < rate:
                drawn = drawn or set()
                drawn.add(kind)
        return frozenset(drawn) if drawn else _NONE

    def settings(self) -> dict[str, object]:
        """Every setting by name, as `/__simulator/faults` shows and accepts them."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.init}

    def change(self, patch: bytes) -> None:
        """Applies a JSON object of settings, plus `next`: a list of `{path, kind, times}`.

        Raises:
            msgspec.ValidationError: A value has the wrong type.
            ValueError: A name is unknown, or a share is not of 0 to 1.
        """
        wanted = msgspec.json.decode(patch, type=dict[str, msgspec.Raw])
        scripted: list[Scripted] = []
        if "next" in wanted:
            scripted = msgspec.json.decode(wanted.pop("next"), type=list[Scripted])
        hints = get_type_hints(Faults)
        known = self.settings()
        values: dict[str, object] = {}
        for name, raw in wanted.items():
            if name not in known:
                raise ValueError(f"unknown setting {name!r}")
            values[name] = msgspec.json.decode(raw, type=hints[name])
        _require_shares(values)
        for name, value in values.items():
            setattr(self, name, value)
        self.script.extend(scripted)


def _require_shares(settings: Mapping[str, object]) -> None:
    for name in _SHARES & settings.keys():
        share = settings[name]
        if not (isinstance(share, int | float) and 0 <= share <= 1):
            raise ValueError(f"{name} is a share of 0 to 1, not {share!r}")
