"""The whole comparison and its report."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path

import msgspec

from tests.drift.deviations import KNOWN, Known
from tests.drift.differences import Difference, Side
from tests.drift.files import Listed, Operation, Route, listed, operations
from tests.drift.limits import of_limits, of_places, of_sharing
from tests.drift.messages import of_messages
from tests.drift.ours import MARKETPLACES, Marketplace
from tests.drift.words import of_words

__all__ = ["Report", "compare", "printed"]


class Report(msgspec.Struct, frozen=True):
    """The result of the comparison."""

    compared: int
    """Operations."""
    unknown: list[Difference]
    """Differences without an entry in the deviations."""
    known: list[tuple[Difference, Known]]
    stale: list[Known]
    """Known deviations without a matching difference."""
    news: list[Route]
    """Operations of the files that neither the coverage table nor the SDK has."""
    optional: list[Route]
    """Operations that the coverage table does not require and the SDK lacks."""

    @property
    def clean(self) -> bool:
        """Whether the report has neither unknown differences nor stale deviations."""
        return not self.unknown and not self.stale


def compare(folder: Path) -> Report:
    """Compare the SDK with the files in a folder."""
    published, table = operations(folder), listed(folder)
    found: list[Difference] = []
    compared = 0
    for marketplace in MARKETPLACES:
        found += _routes(marketplace, published, table)
        found += of_sharing(marketplace, published)
        found += of_words(marketplace.name, published)
        for route, row in marketplace.rows.items():
            if route in published:
                compared += 1
                found += of_places(marketplace, row, published[route], table.get(route))
                found += of_limits(marketplace, row, published[route], table.get(route))
                found += of_messages(published[route], row)
    ours = {route for marketplace in MARKETPLACES for route in marketplace.rows}
    explained = {one: known for known in KNOWN for one in found if known.explains(one)}
    return Report(
        compared=compared,
        unknown=[one for one in found if one not in explained],
        known=list(explained.items()),
        stale=[known for known in KNOWN if not any(map(known.explains, found))],
        news=sorted(published.keys() - table.keys() - ours),
        optional=sorted(
            route
            for route, row in table.items()
            if row.required != "yes" and route in published and route not in ours
        ),
    )


def _routes(
    marketplace: Marketplace, published: Mapping[Route, Operation], table: Mapping[Route, Listed]
) -> Iterator[Difference]:
    for route in marketplace.rows:
        if route not in published:
            yield Difference(str(route), Side.OURS, "operation", "is in no file")
        elif route not in table:
            yield Difference(str(route), Side.OURS, "operation", "is not in coverage.tsv")
    for route, row in table.items():
        if route.marketplace != marketplace.name or route in marketplace.rows:
            continue
        if row.required == "yes":
            yield Difference(str(route), Side.FILE, "operation", "is required, and we lack it")


def printed(report: Report) -> str:
    """The report in lines, by operation."""
    lines = ["+ the file has it, we lack it   - we have it, the file lacks it   ~ it differs", ""]
    unknown = sorted(report.unknown, key=lambda one: one.operation)
    for operation, differences in groupby(unknown, key=lambda one: one.operation):
        lines += [operation, *(f"  {one}" for one in differences), ""]
    for title, routes in (("New in the files", report.news), ("Not built", report.optional)):
        if routes:
            lines += [f"{title}:", *(f"  {route}" for route in routes), ""]
    if report.stale:
        lines.append("Stale deviations (tests/drift/deviations.py):")
        lines += [f"  {known}" for known in report.stale]
        lines.append("")
    lines.append(
        f"{report.compared} operations compared: {len(report.unknown)} differences,"
        f" {len(report.known)} known ones, {len(report.stale)} stale entries"
    )
    return "\n".join(lines) + "\n"
