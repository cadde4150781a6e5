"""Where an operation is, who may call it, and how often, beside the file and the coverage table."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from tests.drift.bounds import bounded, stands_in
from tests.drift.differences import Difference, Side
from tests.drift.files import Operation, Route, Row
from tests.drift.ours import Marketplace
from tests.published import at
from wbym.calls import Endpoint
from wbym.limits import Quota, Window

__all__ = ["of_limits", "of_places", "of_sharing"]

_SECONDS: Final = {"s": 1, "min": 60, "h": 3600}
_ALONE: Final = "Request limit per one seller account:"
"""What Wildberries says of a method that shares its limit with none."""


def of_places(
    marketplace: Marketplace, endpoint: Endpoint[object], operation: Operation, row: Row | None
) -> Iterator[Difference]:
    """Hosts, access and page sizes."""
    route = str(operation.route)
    ours = {marketplace.hosts[endpoint.host]}
    if endpoint.host in marketplace.sandbox_hosts:
        ours.add(marketplace.sandbox_hosts[endpoint.host])
    theirs = {*operation.servers, *((row.host, row.sandbox_host) if row is not None else ())}
    if strange := theirs - ours - {"-"}:
        yield Difference(route, Side.FILE, "host", ", ".join(sorted(strange)))
    if row is not None and marketplace.hosts[endpoint.host] not in theirs:
        yield Difference(route, Side.OURS, "host", marketplace.hosts[endpoint.host])

    reads = operation.node.get("x-readonly-method")
    if isinstance(reads, bool) and endpoint.writes is reads:
        what = "reads, and we say that it writes" if reads else "writes, and we say that it reads"
        yield Difference(route, Side.BOTH, "access", what)
    categories = _categories(operation, row)
    mine = {_category(endpoint.scope)}
    if categories and not mine & categories and not (endpoint.scope == "any" and _any(categories)):
        what = f"{', '.join(sorted(categories))} in the file, {endpoint.scope} here"
        yield Difference(route, Side.BOTH, "access", what)
    yield from _page(endpoint, operation)


def _categories(operation: Operation, row: Row | None) -> set[str]:
    stated = operation.node.get("x-category") or operation.node.get("x-auth-scopes")
    words = [stated] if isinstance(stated, str) else stated if isinstance(stated, list) else []
    if row is not None:
        words = [*words, *row.token_category.split(",")]
    return {_category(str(word)) for word in words}


def _category(word: str) -> str:
    bare = re.sub("[^a-z:]", "", word.lower())
    return _CATEGORIES.get(bare, bare)


_CATEGORIES: Final = {
    "feedbacksandquestions": "questionsandfeedback",
    "prices": "discountsandprices",
    "users": "usermanagement",
}
"""The file's names by ours."""


def _any(categories: set[str]) -> bool:
    """Whether a token may have whatever categories it has."""
    return bool(categories & {"all", "commonapi", "allmethods"})


def _page(endpoint: Endpoint[object], operation: Operation) -> Iterator[Difference]:
    size, most = getattr(endpoint.pages, "size", None), getattr(endpoint.pages, "most", None)
    if size is None or most is None:
        return
    stated = dict(operation.parameters())
    shapes = {place: field.shape for place, field in stated.items()}
    if (body := operation.body()) is not None:
        shapes |= dict(bounded(*body))
    route = str(operation.route)
    for place, shape in shapes.items():
        if place.endswith(f".{size}") and shape.bounds.get("most", most) != most:
            what = f"at most {shape.bounds['most']} in the file, {most} here"
            yield Difference(route, Side.BOTH, f"pages of {place}", what)
            return
        if place.endswith(f".{size}") and "most" in shape.bounds:
            return
    if not stands_in(most, operation.text):
        what = f"at most {most} here; the file has no such number"
        yield Difference(route, Side.OURS, f"pages by {size}", what)


def of_limits(
    marketplace: Marketplace, endpoint: Endpoint[object], operation: Operation, row: Row | None
) -> Iterator[Difference]:
    """How many calls in what time, by the type of token or subscription, and what answers cost."""
    route = str(operation.route)
    for name, quota, words in _stated(operation):
        known = [tier for kind, tier in marketplace.tiers.items() if name in {kind, None}]
        if not known:
            yield Difference(route, Side.FILE, "limit", f"for {name}, of which we know nothing")
        for tier in dict.fromkeys(known):
            yield from _limit(marketplace, endpoint, route, f"limit for {tier}", tier, quota, words)
    if row is not None:
        tiers = list(dict.fromkeys(marketplace.tiers.values()))
        for tier, words in zip(tiers, (row.limit, row.limit_or_lower), strict=True):
            if words != "-":
                place = f"coverage, limit for {tier}"
                quota = _read(words)
                yield from _limit(marketplace, endpoint, route, place, tier, quota, words)
    yield from _cost(endpoint, operation, row)


def _limit(
    marketplace: Marketplace,
    endpoint: Endpoint[object],
    route: str,
    place: str,
    tier: str,
    quota: Quota | Window | None,
    words: str,
) -> Iterator[Difference]:
    ours = [marketplace.buckets[name][tier] for name in endpoint.buckets]
    if quota not in ours:
        yield Difference(route, Side.BOTH, place, f"{words} in the file, {ours} here")


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


def _cost(
    endpoint: Endpoint[object], operation: Operation, row: Row | None
) -> Iterator[Difference]:
    published = operation.node.get("x-wb-rate-limits")
    if not isinstance(published, Mapping):
        return
    note = str(published.get("note", ""))
    found = re.search(r"4XX response codes is counted as (\d+)", note)
    stated = {int(found[1]) if found else 1}
    if row is not None:
        told = re.match(r"4XX counts as (\d+)", row.cost)
        stated.add(int(told[1]) if told else 1)
    for status in (400, 404, 409):
        if stated != {endpoint.cost.of(status)}:
            what = f"{sorted(stated)} calls in the file, {endpoint.cost.of(status)} here"
            yield Difference(str(operation.route), Side.BOTH, f"cost of {status}", what)


def of_sharing(
    marketplace: Marketplace,
    operations: Mapping[Route, Operation],
) -> Iterator[Difference]:
    """Methods that count together in the file and apart here, or the reverse."""
    together: dict[str, dict[Route, str]] = {}
    users: dict[str, list[Route]] = {}
    routes = marketplace.routes()
    for route, endpoint in routes.items():
        for bucket in endpoint.buckets:
            users.setdefault(bucket, []).append(route)
        if route not in operations:
            continue
        published = operations[route].node.get("x-wb-rate-limits")
        scope = str(published.get("scope")) if isinstance(published, Mapping) else _ALONE
        if scope.strip() == _ALONE or published is None:
            scope = str(route)
        together.setdefault(scope, {})[route] = endpoint.buckets[0]
    for scope, members in together.items():
        buckets = sorted(set(members.values()))
        if len(buckets) > 1:
            told = " ".join(scope.split())
            what = f"{told} counts them together, and we count apart: {', '.join(buckets)}"
            yield Difference(str(next(iter(members))), Side.BOTH, "sharing", what)
        for bucket in buckets:
            others = [route for route in users[bucket] if route not in members]
            # Whoever is in another group says so there.
            if others and min(members) < min(others):
                what = f"we count it in {bucket} with {_names(others)}, and the file does not"
                yield Difference(str(min(members)), Side.BOTH, "sharing", what)


def _names(routes: Iterable[Route]) -> str:
    return ", ".join(f"{route.method} {route.path}" for route in sorted(routes))
