"""What became of the goods of an upload of prices."""

from collections.abc import Hashable, Iterable, Sequence
from typing import Final, TypeAlias, TypeVar

import msgspec

from wbym.bulk import Batch, Outcome, Result
from wbym_wildberries.api.price_records import (
    ClubDiscount,
    NewPrice,
    SizePrice,
    UploadedGood,
    UploadState,
)

__all__ = [
    "PriceItem",
    "UploadReport",
    "Uploaded",
    "accepted_uploads",
    "is_done",
    "price_key",
    "report_of",
]

PriceItem: TypeAlias = NewPrice | SizePrice | ClubDiscount

G = TypeVar("G", bound=PriceItem)

_DONE, _CANCELLED, _SOME_FAILED, _ALL_FAILED = 3, 4, 5, 6
_ENDS: Final = {_DONE, _CANCELLED, _SOME_FAILED, _ALL_FAILED}
_SET, _REFUSED = 2, 3


class Uploaded(msgspec.Struct, frozen=True):
    """Where to look for a good of an upload, and what WB says of it."""

    upload_id: int
    good: UploadedGood | None = None
    """None before the upload is done, and where WB does not list the good."""


class UploadReport(msgspec.Struct, frozen=True):
    """How an upload ended."""

    state: UploadState
    results: Sequence[Result[Uploaded]]
    """One a good, in the order of what was uploaded; in WB's where that was not told."""

    @property
    def upload_id(self) -> int:
        """WB's id of it."""
        return self.state.upload_id

    @property
    def failed(self) -> list[Result[Uploaded]]:
        """The goods that were not changed, each with the reason."""
        return [result for result in self.results if result.outcome is not Outcome.DONE]


def is_done(state: UploadState) -> bool:
    """Whether WB works on the upload no more."""
    return state.status in _ENDS


def report_of(
    state: UploadState, found: Sequence[UploadedGood], goods: Sequence[PriceItem]
) -> UploadReport:
    """What became of each good.

    Args:
        state: How the upload ended.
        found: What WB lists in it.
        goods: What was uploaded; empty where that is not known.
    """
    if not goods:
        return UploadReport(state, [_result(state, good) for good in found])
    by_key = _by_key(found)
    return UploadReport(state, [_result(state, by_key.get(price_key(good))) for good in goods])


def price_key(good: PriceItem) -> Hashable:
    """What WB knows a good, or a size, by."""
    return ("size", good.size_id) if isinstance(good, SizePrice) else ("good", good.nm_id)


def accepted_uploads(batch: Batch[G, Uploaded]) -> dict[int, list[int]]:
    """The places of goods whose upload is not known to be done, by upload."""
    found: dict[int, list[int]] = {}
    for place, (_, result) in enumerate(batch):
        if result.outcome is Outcome.ACCEPTED and result.value is not None:
            found.setdefault(result.value.upload_id, []).append(place)
    return found


def _by_key(rows: Iterable[UploadedGood]) -> dict[Hashable, UploadedGood]:
    """The rows by good and by size; of several sizes of a good, one that was refused."""
    found: dict[Hashable, UploadedGood] = {}
    for row in rows:
        if row.size_id is not None:
            found["size", row.size_id] = row
        known = found.get(("good", row.nm_id))
        if known is None or known.status == _SET:
            found["good", row.nm_id] = row
    return found


def _result(state: UploadState, row: UploadedGood | None) -> Result[Uploaded]:
    value = Uploaded(state.upload_id, row)
    if state.status == _CANCELLED:
        return Result(Outcome.FAILED, "the upload was cancelled", value)
    if row is None:
        if state.status == _DONE:
            return Result(Outcome.DONE, value=value)
        return Result(Outcome.FAILED, "WB does not list it in the upload", value)
    if row.status == _REFUSED or state.status == _ALL_FAILED:
        reason = row.error_text or state.error_text or "WB gave no reason"
        return Result(Outcome.FAILED, reason, value)
    if row.status == _SET or state.status == _DONE:
        return Result(Outcome.DONE, value=value)
    return Result(Outcome.UNKNOWN, row.error_text or f"its status is {row.status}", value)
