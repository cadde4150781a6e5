"""Records that the files still describe, while the way to them from an operation was cut."""

from collections.abc import Iterator, Mapping
from typing import Final

from tests.drift.differences import Difference, Side, of_replies, of_requests
from tests.drift.files import Operation, Route, schemas_of
from tests.drift.shapes import of_annotation, of_schema
from wbym_wildberries.api import cards, feedbacks, pins, price_records, warehouses

__all__ = ["of_records"]

_READ: Final[Mapping[tuple[str, str], object]] = {
    ("wildberries", "responseFeedback"): list[feedbacks.Feedback],
    ("wildberries", "openapi.PinnedReviewItemResult"): pins.Pin,
    ("wildberries", "openapi.ResultErr"): pins.PinError,
    ("wildberries", "openapi.SellerLimit"): pins.PinLimit,
    ("wildberries", "GoodHistory"): price_records.UploadedGood,
    ("wildberries", "GoodBufferHistory"): price_records.UploadedGood,
    ("wildberries", "ItemsList"): price_records.Good,
    ("wildberries", "SizeGood"): price_records.Size,
    ("wildberries", "QuarantineItems"): price_records.Quarantined,
    ("wildberries", "WholesaleDiscountThresholdRes"): price_records.Threshold,
    ("wildberries", "Office"): warehouses.Office,
    ("wildberries", "Warehouse"): warehouses.Warehouse,
}
_SENT: Final[Mapping[tuple[str, str], object]] = {
    ("wildberries", "openapi.PinReviewItem"): pins.PinOrder,
    ("wildberries", "requestMoveNmsImtConn"): cards._MergeBody,
}
"""By marketplace and schema, what we read and what we send."""


def of_records(marketplace: str, operations: Mapping[Route, Operation]) -> Iterator[Difference]:
    """What differs in these."""
    schemas = schemas_of(marketplace, operations)
    for table, compare in ((_READ, of_replies), (_SENT, of_requests)):
        for (owner, name), ours in table.items():
            if owner != marketplace:
                continue
            if name not in schemas:
                yield Difference(marketplace, Side.OURS, f"schema {name}", "is in no file")
                continue
            yield from compare(
                marketplace, of_schema(*schemas[name]), of_annotation(ours), f"schema {name}"
            )
