"""One case: what is done, what goes wrong, and what is found."""

import asyncio
import random as chance
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec

from tests.adapters.wbym_yandex_market.shops import KEY
from tests.fuzz.clock import JumpingLoop
from tests.fuzz.damage import KINDS, Kind, Scope
from tests.fuzz.judge import judge_list, judge_read, judge_write
from tests.fuzz.neutral import READS, WRITES, write
from tests.fuzz.outcome import Outcome, Shop, UnusableRecord
from tests.fuzz.rows import call_row, is_list
from tests.fuzz.schemas import Schemas
from tests.fuzz.transport import CaseTransport
from tests.fuzz.world import Routes, World
from tests.fuzz.world_wildberries import WildberriesWorld
from tests.fuzz.world_yandex_market import BUSINESS, CAMPAIGN, YandexMarketWorld
from wbym.account import Account
from wbym.calls import Row
from wbym.domain import UndecodableRecord
from wbym.errors import WbymError
from wbym.limits import Scheduler
from wbym_wildberries import Wildberries
from wbym_wildberries import api as wildberries
from wbym_wildberries.simulator.tokens import CATEGORIES, make_token
from wbym_yandex_market import YandexMarket
from wbym_yandex_market import api as yandex_market

__all__ = ["Case", "Finding", "Operation", "Ran", "case_of", "operations", "run_case"]

MOST: Final = 250
"""Requests of one case."""
MOST_FOLLOWED: Final = 2000
"""Requests of one that goes on until it is stopped."""
LONGEST: Final = 24 * 3600.0
"""Virtual seconds of one case."""

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
    check: Callable[["Ran"], Iterator[str]]
    most: int = MOST
    """Requests after which it does not end."""

    def __str__(self) -> str:
        return f"{self.marketplace} {self.name}"


class Case(msgspec.Struct, frozen=True):
    """What is done in a case, and what goes wrong."""

    seed: int
    number: int
    operation: Operation
    kind: Kind
    is_of_kind: bool = False
    """Whether the kind was given."""

    def __str__(self) -> str:
        kind = f' --kind "{self.kind}"' if self.is_of_kind else ""
        return f"--seed {self.seed} --case {self.number}{kind}: {self.operation}, {self.kind}"


class Finding(msgspec.Struct):
    """Something that must not be."""

    case: str
    operation: str
    kind: str
    rule: str
    told: str
    frames: tuple[str, ...] = ()

    @property
    def cause(self) -> str:
        """What findings of one cause have in common, as far as can be told."""
        rule, _, error = self.rule.partition(": ")
        is_foreign = "foreign" in rule or "harness" in rule
        return " | ".join([rule, error, *self.frames[-1:]] if is_foreign else [rule, self.kind])


class Ran(msgspec.Struct):
    """What became of a case."""

    kind: Kind
    row: Row | None
    shop: Shop
    outcome: Outcome
    with_key: bool = False


class Result(msgspec.Struct):
    """What a case adds to a run."""

    operation: str
    kind: str
    answers: dict[str, int]
    findings: list[Finding]


@cache
def _rows(marketplace: str) -> tuple[Row, ...]:
    api = wildberries if marketplace == "wildberries" else yandex_market
    return tuple(api.operations())


@cache
def _routes(marketplace: str) -> Routes:
    return Routes(_rows(marketplace))


@cache
def _schemas(marketplace: str, folder: Path | None) -> Schemas:
    return Schemas(marketplace, folder)


@cache
def operations() -> tuple[Operation, ...]:
    """Everything that a case may do."""
    return tuple(_operations())


def _operations() -> Iterator[Operation]:
    for marketplace in ("wildberries", "yandex_market"):
        for row in _rows(marketplace):
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
        if row.shape is not None and row.shape.scheme.max_size != 0:
            scopes |= {Scope.ENDLESS} if type(row.shape.scheme).__name__ != "Whole" else set()

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


def case_of(seed: int, number: int, kind: Kind | None = None) -> Case:
    """The case with a number; with a kind, one of that kind."""
    random = Random(f"{seed}/{number}/what")
    if kind is not None:
        able = [operation for operation in operations() if kind.scope in operation.scopes]
        return Case(seed, number, random.choice(able), kind, is_of_kind=True)
    operation = random.choice(operations())
    letters = sorted({kind.letter for kind in KINDS if kind.scope in operation.scopes})
    letter = random.choice(letters)
    kinds = [k for k in KINDS if k.letter == letter and k.scope in operation.scopes]
    return Case(seed, number, operation, random.choice(kinds))


def run_case(case: Case, folder: Path | None) -> Result:
    """Run a case in a loop of its own."""
    random = Random(f"{case.seed}/{case.number}/how")
    chance.seed(f"{case.seed}/{case.number}")  # retries are spread by it
    findings: list[Finding] = []
    answers: Counter[str] = Counter()

    def found(rule: str, told: str, error: BaseException | None = None) -> None:
        frames = () if error is None else tuple(_frames(error))
        findings.append(
            Finding(str(case), str(case.operation), str(case.kind), rule, told[:1500], frames)
        )

    loop = JumpingLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        try:
            runner.run(_run(case, random, folder, found, answers))
        except TimeoutError as error:  # of the loop
            found("hang: nothing is to be done any more", str(error))
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            found("foreign exception", repr(error)[:500], error)
    for failure in loop.failures:
        cause = failure.get("exception")
        is_known = isinstance(cause, WbymError)
        rule = (
            "error that nobody was told of" if is_known else "foreign exception in the background"
        )
        found(rule, f"{failure}", cause)
    return Result(str(case.operation), str(case.kind), dict(answers), findings)


async def _run(
    case: Case,
    random: Random,
    folder: Path | None,
    found: Callable[..., None],
    answers: Counter[str],
) -> None:
    operation, marketplace = case.operation, case.operation.marketplace
    rows = _rows(marketplace)
    make_world = WildberriesWorld if marketplace == "wildberries" else YandexMarketWorld
    absent = random.choice([0.0, 0.1, 0.3])
    world: World = make_world(rows, _schemas(marketplace, folder), random, absent)
    target = next((row for row in rows if row.name == operation.target), None)
    nth = random.choice([0, 0, 1, 1, 2, 3, 4])
    transport = CaseTransport(
        world, _routes(marketplace), case.kind, random, target=target, nth=nth, most=operation.most
    )
    if case.kind.scope is Scope.ENDLESS:
        world.endless = case.kind.name
    undecodable: list[UndecodableRecord] = []
    account = _account(marketplace, transport, undecodable, random)
    shop = Shop(account, world, transport, undecodable)
    async with account:
        task = asyncio.ensure_future(operation.run(shop))
        over = asyncio.ensure_future(transport.too_many.wait())
        await asyncio.wait({task, over}, timeout=LONGEST, return_when=asyncio.FIRST_COMPLETED)
        over.cancel()
        if not task.done():
            last = ", ".join(f"{one.row.name} {one.status}" for one in transport.sent[-6:])
            loop = asyncio.get_running_loop()
            told = f"{len(transport.sent)} requests, {loop.time():.0f} s, the last: {last}"
            found("hang: it does not end", told)
            task.cancel()
            await asyncio.wait({task}, timeout=LONGEST)
            _count(transport, answers)
            return
    _count(transport, answers)
    error = task.exception()
    for unknown in transport.unknown:
        found("harness: a request that no operation makes", unknown)
    for unlike in world.unlike:
        found("an answer of the schema is not read", unlike)
    if error is not None:
        found(_foreign(error), f"{type(error).__name__}: {error}"[:500], error)
        return
    outcome = task.result()
    if not transport.sent:
        found("harness: nothing was asked", repr(outcome.error), outcome.error)
        return
    ran = Ran(case.kind, transport.target, shop, outcome, " with a key" in operation.name)
    for told in operation.check(ran):
        rule, _, rest = told.partition(" :: ")
        found(rule, rest, outcome.error)


def _foreign(error: BaseException) -> str:
    if isinstance(error, UnusableRecord):
        return f"a delivered record cannot be used: {error.__cause__!r}"
    last = traceback.extract_tb(error.__traceback__)[-1:]
    ours = any(frame.filename.startswith(str(Path(__file__).parent)) for frame in last)
    return f"{'harness' if ours else 'foreign exception'}: {type(error).__name__}"


def _count(transport: CaseTransport, answers: Counter[str]) -> None:
    answers.update(transport.answers)


def _account(
    marketplace: str,
    transport: CaseTransport,
    undecodable: list[UndecodableRecord],
    random: Random,
) -> Account:
    connection: Mapping[str, Any] = {
        "name": "shop",
        "transport": transport,
        "scheduler": Scheduler(),
        "on_undecodable": undecodable.append,
    }
    if marketplace == "wildberries":
        return Wildberries(make_token(scopes=CATEGORIES), **connection)
    if random.random() < 0.2:  # it has to ask for both
        return YandexMarket(KEY, **connection)
    return YandexMarket(KEY, business_id=BUSINESS, campaign_ids=[CAMPAIGN], **connection)


def _frames(error: BaseException) -> Iterator[str]:
    """The last places of an error that are in wbym, and the last of all."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _frames(inner)
        return
    frames = traceback.extract_tb(error.__traceback__)
    root = Path(__file__).parents[2]
    if error.__cause__ is not None and not frames:
        yield from _frames(error.__cause__)
    for frame in frames[-12:]:
        path = Path(frame.filename)
        if path.is_relative_to(root) and ".venv" not in path.parts:
            yield f"{path.relative_to(root)}:{frame.lineno} {frame.name}"
