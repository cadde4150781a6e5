"""One case: an operation, its damage and the findings."""

import asyncio
import random as chance
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec

from tests.adapters.wbym_yandex_market.shops import KEY
from tests.fuzz.clock import JumpingLoop
from tests.fuzz.damage import KINDS, Kind, Scope
from tests.fuzz.judge import Ran
from tests.fuzz.operations import Operation, operations, rows_of
from tests.fuzz.outcome import Shop, UnusableRecord
from tests.fuzz.schemas import Schemas
from tests.fuzz.transport import CaseTransport
from tests.fuzz.world import Routes, World
from tests.fuzz.world_wildberries import WildberriesWorld
from tests.fuzz.world_yandex_market import BUSINESS, CAMPAIGN, YandexMarketWorld
from wbym.account import Account
from wbym.domain import UndecodableRecord
from wbym.errors import WbymError
from wbym.limits import Scheduler
from wbym_wildberries import Wildberries
from wbym_wildberries.simulator.tokens import CATEGORIES, make_token
from wbym_yandex_market import YandexMarket

__all__ = ["Case", "Finding", "Result", "case_of", "run_case"]

LONGEST: Final = 24 * 3600.0
"""Virtual seconds of one case."""


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


class Result(msgspec.Struct):
    """What a case adds to a run."""

    operation: str
    kind: str
    answers: dict[str, int]
    findings: list[Finding]


@cache
def _routes(marketplace: str) -> Routes:
    return Routes(rows_of(marketplace))


@cache
def _schemas(marketplace: str, folder: Path | None) -> Schemas:
    return Schemas(marketplace, folder)


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
    rows = rows_of(marketplace)
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
