"""Comparison of hosts, access and limits with the file and the coverage table."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from tests.drift.differences import Difference, Side
from tests.drift.files import Listed, Operation, Route
from tests.drift.ours import Marketplace
from tests.support.published import at
from wbym.calls import Row
from wbym.limits import Cost, Quota, Window

__all__ = ["of_limits", "of_places", "of_sharing"]

_SECONDS: Final = {"s": 1, "min": 60, "h": 3600}
_ALONE: Final = "Request limit per one seller account:"
"""Wildberries' scope of a method that shares its limit with no other."""


def of_places(
    marketplace: Marketplace, row: Row, operation: Operation, listed: Listed | None
) -> Iterator[Difference]:
    """Hosts and access."""
    route, endpoint = str(operation.route), row.endpoint
    names = row.endpoints.keys()
    ours = {
        table[name]
        for table in (marketplace.hosts, marketplace.sandbox_hosts)
        for name in names
        if name in table
    }
    theirs = {*operation.servers, *((listed.host, listed.sandbox_host) if listed else ())}
    if row.options.hosts is not None:  # which the file names in prose
        theirs |= set(re.findall(rf"(https://\S+?){row.path}", str(operation.node["description"])))
    if strange := theirs - ours - {"-"}:
        yield Difference(route, Side.FILE, "host", ", ".join(sorted(strange)))
    if strange := {marketplace.hosts[name] for name in names} - theirs:
        yield Difference(route, Side.OURS, "host", ", ".join(sorted(strange)))

    reads = operation.node.get("x-readonly-method")
    if isinstance(reads, bool) and endpoint.writes is reads:
        what = "reads, and we say that it writes" if reads else "writes, and we say that it reads"
        yield Difference(route, Side.BOTH, "access", what)
    categories = _categories(operation, listed)
    mine = {_category(endpoint.scope)}
    if categories and not mine & categories and not (endpoint.scope == "any" and _any(categories)):
        what = f"{', '.join(sorted(categories))} in the file, {endpoint.scope} here"
        yield Difference(route, Side.BOTH, "access", what)
    if operation.deprecated is not bool(row.options.deprecated):
        side = Side.FILE if operation.deprecated else Side.OURS
        yield Difference(route, side, "operation", "is deprecated")


def _categories(operation: Operation, listed: Listed | None) -> set[str]:
    stated = operation.node.get("x-category") or operation.node.get("x-auth-scopes")
    words = [stated] if isinstance(stated, str) else stated if isinstance(stated, list) else []
    if listed is not None:
        words = [*words, *listed.token_category.split(",")]
    return {_category(str(word)) for word in words}


def _category(word: str) -> str:
    bare = re.sub("[^a-z:]", "", word.lower())
    return _CATEGORIES.get(bare, bare)


_CATEGORIES: Final = {
    "feedbacksandquestions": "questionsandfeedback",
    "prices": "discountsandprices",
    "users": "usermanagement",
}
"""The file's names of categories by ours."""


def _any(categories: set[str]) -> bool:
    """Whether any token may call the operation."""
    return bool(categories & {"all", "commonapi", "allmethods"})


def of_limits(
    marketplace: Marketplace, row: Row, operation: Operation, listed: Listed | None
) -> Iterator[Difference]:
    """Comparison of limits by token type or subscription, and of the cost of responses."""
    route, buckets = str(operation.route), row.endpoint.buckets
    stated: list[tuple[str, str, Quota | Window | None, str]] = []
    for name, quota, words in _stated(operation):
        known = [tier for kind, tier in marketplace.tiers.items() if name in {kind, None}]
        if not known:
            yield Difference(route, Side.FILE, "limit", f"for {name}, of which we know nothing")
        stated += [(f"limit for {tier}", tier, quota, words) for tier in dict.fromkeys(known)]
    if listed is not None:
        tiers = dict.fromkeys(marketplace.tiers.values())
        for tier, words in zip(tiers, (listed.limit, listed.limit_or_lower), strict=True):
            if words != "-":
                stated.append((f"coverage, limit for {tier}", tier, _read(words), words))
    for place, tier, quota, words in stated:
        ours = [marketplace.buckets[name][tier] for name in buckets]
        if quota not in ours:
            yield Difference(route, Side.BOTH, place, f"{words} in the file, {ours} here")
    published = operation.node.get("x-wb-rate-limits")
    if isinstance(published, Mapping):
        note = str(published.get("note", ""))
        yield from _cost(route, row.endpoint.cost or Cost(), note, listed)
        # Notes of methods with token types leave out the sandbox.
        noted = "In Sandbox" in note
        if not operation.node.get(
            "x-token-types"
        ) and noted is marketplace.sandbox_buckets.isdisjoint(buckets):
            what = "has another limit there, and we have none" if noted else "has no other limit"
            yield Difference(route, Side.BOTH, "sandbox", what)


def _stated(operation: Operation) -> Iterator[tuple[str | None, Quota | Window | None, str]]:
    budgets = operation.node.get("x-resource-limit-config")
    if isinstance(budgets, Mapping):
        for name, budget in budgets.items():
            if isinstance(budget, Mapping):
                hours = budget["period-duration"]
                words = f"{budget['amount']} per {hours} {budget['period']}"
                assert budget["period"] == "hours"
                yield name, _read(f"{budget['amount']} per {hours} h"), words
    published = operation.node.get("x-wb-rate-limits")
    if isinstance(published, Mapping):
        rows = published.get("limits")
        if not isinstance(rows, list) or not rows:
            yield None, None, str(published.get("raw"))
            return
        for limit in rows:
            said = {name: str(value) for name, value in at(limit).items()}
            words = f"{said['limit'].split()[0]} per {said['period']}"
            words += f", every {said['interval']}, burst {said['burst'].split()[0]}"
            yield said.get("type"), _read(words), words


def _read(words: str) -> Quota | Window | None:
    found = re.match(r"(\d+) per (\d+) (s|min|h)\b(?:, every ([^,]+), burst (\d+))?", words)
    if found is None:
        return None
    limit, period = int(found[1]), int(found[2]) * _SECONDS[found[3]]
    if found[5] is None:
        return Window(limit=limit, period=period)
    return Quota(limit=limit, period=period, burst=int(found[5]))


def _cost(route: str, cost: Cost, note: str, listed: Listed | None) -> Iterator[Difference]:
    found = re.search(r"4XX response codes is counted as (\d+)", note)
    stated = {int(found[1]) if found else 1}
    if listed is not None:
        told = re.match(r"4XX counts as (\d+)", listed.cost)
        stated.add(int(told[1]) if told else 1)
    for status in (400, 404, 409):
        if stated != {cost.of(status)}:
            what = f"{sorted(stated)} calls in the file, {cost.of(status)} here"
            yield Difference(route, Side.BOTH, f"cost of {status}", what)


def of_sharing(
    marketplace: Marketplace,
    operations: Mapping[Route, Operation],
) -> Iterator[Difference]:
    """Methods that share a limit in the file but not here, or the reverse."""
    together: dict[str, dict[Route, str]] = {}
    users: dict[str, list[Route]] = {}
    for route, row in marketplace.rows.items():
        for bucket in row.endpoint.buckets:
            users.setdefault(bucket, []).append(route)
        if route not in operations:
            continue
        published = operations[route].node.get("x-wb-rate-limits")
        scope = str(published.get("scope")) if isinstance(published, Mapping) else _ALONE
        if scope.strip() == _ALONE or published is None:
            scope = str(route)
        together.setdefault(scope, {})[route] = row.endpoint.buckets[0]
    for scope, members in together.items():
        buckets = sorted(set(members.values()))
        if len(buckets) > 1:
            told = " ".join(scope.split())
            what = f"{told} counts them together, and we count apart: {', '.join(buckets)}"
            yield Difference(str(next(iter(members))), Side.BOTH, "sharing", what)
        for bucket in buckets:
            others = [route for route in users[bucket] if route not in members]
            # Another group reports its own members.
            if others and min(members) < min(others):
                what = f"we count it in {bucket} with {_names(others)}, and the file does not"
                yield Difference(str(min(members)), Side.BOTH, "sharing", what)


def _names(routes: Iterable[Route]) -> str:
    return ", ".join(f"{route.method} {route.path}" for route in sorted(routes))
