"""Everything that a case may do: each row, and each neutral operation of both marketplaces."""

from collections.abc import Awaitable, Callable, Iterator
from functools import cache, partial
from typing import Final

import msgspec

from tests.fuzz.damage import Scope
from tests.fuzz.judge import Ran, judge_list, judge_read, judge_write
from tests.fuzz.neutral import READS, WRITES, write
from tests.fuzz.outcome import Outcome, Shop
from tests.fuzz.rows import call_row, is_list
from wbym.calls import Row
from wbym.paging import SinglePage
from wbym_wildberries import api as wildberries
from wbym_yandex_market import api as yandex_market

__all__ = ["Operation", "operations", "rows_of"]

MOST: Final = 250
"""Requests of one case."""
MOST_FOLLOWED: Final = 2000
"""Requests of one that goes on until it is stopped."""
READ_SCOPES: Final = frozenset({Scope.NOTHING, Scope.BODY, Scope.HEADERS, Scope.STATUS})
LIST_SCOPES: Final = READ_SCOPES | {Scope.RECORD, Scope.LIST}
WRITE_SCOPES: Final = frozenset({Scope.NOTHING, Scope.HEADERS, Scope.STATUS, Scope.WRITTEN})


class Operation(msgspec.Struct, frozen=True):
    """What a case does."""

    marketplace: str
    name: str
    target: str | None
    """The row whose answers go wrong; None: that of one of the requests."""
    scopes: frozenset[Scope]
    run: Callable[[Shop], Awaitable[Outcome]]
    check: Callable[[Ran], Iterator[str]]
    most: int = MOST
    """Requests after which it does not end."""

    def __str__(self) -> str:
        return f"{self.marketplace} {self.name}"


@cache
def rows_of(marketplace: str) -> tuple[Row, ...]:
    api = wildberries if marketplace == "wildberries" else yandex_market
    return tuple(api.operations())


@cache
def operations() -> tuple[Operation, ...]:
    """Everything that a case may do."""
    return tuple(_operations())


def _operations() -> Iterator[Operation]:
    for marketplace in ("wildberries", "yandex_market"):
        for row in rows_of(marketplace):
            yield _of_row(marketplace, row)
        # There are fewer of these, and more can go wrong in them.
        neutral = list(_neutral(marketplace))
        yield from neutral
        for _ in range(2):
            yield from (one for one in neutral if one.most == MOST)


def _of_row(marketplace: str, row: Row) -> Operation:
    scopes, check = READ_SCOPES, judge_read
    if row.endpoint.writes:
        scopes, check = WRITE_SCOPES, judge_write
    elif is_list(row):
        scopes, check = LIST_SCOPES, judge_list
        if row.shape is not None and not isinstance(row.shape.scheme, SinglePage):
            scopes |= {Scope.ENDLESS}

    async def run(shop: Shop) -> Outcome:
        return await call_row(shop, row)

    return Operation(marketplace, f"api.{row.name}", row.name, scopes, run, check)


def _neutral(marketplace: str) -> Iterator[Operation]:
    for read in READS:
        target = read.rows.get(marketplace)
        if target is None and read.rows:
            continue
        if read.name == "decisions" and marketplace == "wildberries":
            continue
        scopes = LIST_SCOPES | {Scope.ENDLESS} if read.is_list else LIST_SCOPES
        check = judge_list if read.is_complete else judge_read
        most = MOST
        if read.is_followed:  # what fails is asked for again
            scopes, most = READ_SCOPES | {Scope.RECORD}, MOST_FOLLOWED
        yield Operation(marketplace, read.name, target, scopes, read.run, check, most)
    for one in WRITES:
        target = one.rows.get(marketplace)
        if target is None:
            continue
        for with_key in (False, True) if one.has_key else (False,):
            name = f"{one.name} with a key" if with_key else one.name
            run = partial(write, operation=one, with_key=with_key)
            yield Operation(marketplace, name, target, WRITE_SCOPES, run, judge_write)
