"""Long lists in legal calls: what was sent, what became of each item, what is left to do.

A :class:`Batch` is the ledger of one long list. Whoever passes the same one again goes on where it
stopped: what was done is not done again, and what may have taken effect is never sent again.
"""

import sys
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final, Generic, TypeAlias, TypeVar

import msgspec

from wbym.calls import LONE_SURROGATE, RuleViolation
from wbym.errors import (
    CredentialError,
    DeliveryUnknown,
    Forbidden,
    PaymentRequired,
    Unauthorized,
    WbymError,
)

__all__ = ["DONE", "Batch", "Outcome", "Progress", "Result", "Rules", "carry_out"]

T = TypeVar("T")
R = TypeVar("R")

_ENVELOPE = 64
"""Bytes that a body has around its items."""


class Outcome(StrEnum):
    """What became of an item."""

    NOT_TRIED = "not_tried"
    """It was not sent, or surely did not arrive: going on sends it."""
    ACCEPTED = "accepted"
    """The marketplace accepted it and has not said what became of it: going on asks."""
    DONE = "done"
    FAILED = "failed"
    """Refused, by the marketplace or by a rule of its before a request; ``reason`` says why."""
    UNKNOWN = "unknown"
    """It may or may not have taken effect: look, it is never sent again."""


class Result(msgspec.Struct, Generic[R], frozen=True):
    """What is known of one item."""

    outcome: Outcome
    reason: str | None = None
    """Why, where it is neither done nor accepted."""
    value: R | None = None
    """What the marketplace told of it: the id of an upload, the amount in stock."""


DONE: Final[Result[None]] = Result(Outcome.DONE)

_FAILS_ALL: Final = (CredentialError, Unauthorized, PaymentRequired, Forbidden)
"""What is about the account and not about the items."""

Send: TypeAlias = Callable[[Sequence[T]], Awaitable[Sequence[Result[R]]]]
"""Makes one call with some items and says what became of each, in their order."""


class Batch(Generic[T, R]):
    """A long list and what became of each of its items.

    Args:
        items: In the order in which they are to be sent.
    """

    def __init__(self, items: Iterable[T]) -> None:
        self.items: Final[tuple[T, ...]] = tuple(items)
        self._results: list[Result[R]] = [Result(Outcome.NOT_TRIED)] * len(self.items)
        self.stopped: WbymError | None = None
        """Why the last run ended early; None where it did not."""

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[tuple[T, Result[R]]]:
        return iter(zip(self.items, self._results, strict=True))

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {outcome}" for outcome, count in self.counts().items())
        return f"Batch({counts or 'empty'})"

    @property
    def results(self) -> Sequence[Result[R]]:
        """One an item, in the items' order."""
        return tuple(self._results)

    def counts(self) -> Mapping[Outcome, int]:
        """How many items there are of each outcome; those that are not there are left out."""
        found = [result.outcome for result in self._results]
        return {outcome: found.count(outcome) for outcome in Outcome if outcome in found}

    def having(self, *outcomes: Outcome) -> list[tuple[T, Result[R]]]:
        """The items with one of these outcomes, in order."""
        return [(item, result) for item, result in self if result.outcome in outcomes]

    @property
    def failed(self) -> list[tuple[T, Result[R]]]:
        """What the marketplace, or a rule of its, refused."""
        return self.having(Outcome.FAILED)

    @property
    def finished(self) -> bool:
        """Whether nothing is left that going on would do."""
        return not self.having(Outcome.NOT_TRIED, Outcome.ACCEPTED)

    def places(self, outcome: Outcome) -> list[int]:
        """The places of the items with this outcome."""
        return [place for place, result in enumerate(self._results) if result.outcome is outcome]

    def note(self, places: Iterable[int], results: Iterable[Result[R]]) -> None:
        """Write down what became of the items at these places."""
        for place, result in zip(places, results, strict=True):
            self._results[place] = result


Progress: TypeAlias = Callable[[Batch[T, R]], object]
"""Called with the batch after every call that changed it. It must not block."""


class Rules(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """What one call may hold."""

    max_size: int
    """Items, at most."""
    max_body_size: int = sys.maxsize
    """Bytes, at most."""
    idempotent: bool = False
    """Whether an item that may have been sent can be sent again without harm."""
    encode: Callable[[T], bytes] = msgspec.json.encode
    """What an item is in the body, to be weighed."""
    check: Callable[[T], object] | None = None
    """Raises ``RuleViolation`` for an invalid item, which fails without being sent."""
    key: Callable[[T], Hashable] | None = None
    """What may come once in a call; the second one goes with the next call."""


async def carry_out(
    batch: Batch[T, R],
    send: Send[T, R],
    rules: Rules[T],
    *,
    stop: bool = False,
    progress: Progress[T, R] | None = None,
) -> Batch[T, R]:
    """Send what was not tried, in order, one call after the other.

    A call that is refused marks its items as failed, and the next one is made. What would fail the
    others too (a credential, an exhausted limit, a marketplace that does not answer) ends the run
    at once with its items untried, and ``batch.stopped`` says why. However the run ends, by being
    cancelled too, the batch tells how far it came.

    Args:
        batch: Where it is written down.
        send: Makes one call.
        rules: What one call may hold.
        stop: Whether to end the run at the first call that fails.
        progress: Is told after each call.
    """
    batch.stopped = None
    for places in _portions(batch, rules):
        if not rules.idempotent:
            # Whatever ends the run meanwhile, these are not sent again.
            sent = Result[R](Outcome.UNKNOWN, "the run ended while it was being sent")
            batch.note(places, [sent] * len(places))
        try:
            results = await send([batch.items[place] for place in places])
        except WbymError as error:
            results = [_after(error)] * len(places)
            if stop or results[0].outcome is Outcome.NOT_TRIED:
                batch.stopped = error
        batch.note(places, results)
        if progress is not None:
            progress(batch)
        if batch.stopped is not None:
            break
    return batch


def _after(error: WbymError) -> Result[R]:
    """What a call that failed says of its items."""
    if isinstance(error, DeliveryUnknown):
        return Result(Outcome.UNKNOWN, str(error))
    # A call that may not be repeated raises no retryable error once it may have arrived.
    if error.retryable or isinstance(error, _FAILS_ALL):
        return Result(Outcome.NOT_TRIED, str(error))
    return Result(Outcome.FAILED, str(error))


def _portions(batch: Batch[T, R], rules: Rules[T]) -> Iterator[list[int]]:
    """The places of what was not tried, portion by portion; refused items are written down."""
    portion: list[int] = []
    keys: set[Hashable] = set()
    size = _ENVELOPE
    for place in batch.places(Outcome.NOT_TRIED):
        item = batch.items[place]
        try:
            weight = _weight(item, rules)
        except RuleViolation as broken:
            reason = f"{broken.path.removeprefix('.')} {broken.rule}".lstrip()
            batch.note([place], [Result(Outcome.FAILED, reason)])
            continue
        key = rules.key(item) if rules.key is not None else place
        full = len(portion) == rules.max_size or size + weight > rules.max_body_size
        if full or key in keys:
            yield portion
            portion, keys, size = [], set(), _ENVELOPE
        portion.append(place)
        keys.add(key)
        size += weight
    if portion:
        yield portion


def _weight(item: T, rules: Rules[T]) -> int:
    """The bytes that an item takes in a call.

    Raises:
        RuleViolation: It breaks a rule.
    """
    if rules.check is not None:
        rules.check(item)
    try:
        weight = len(rules.encode(item)) + 1
    except UnicodeEncodeError as error:
        raise RuleViolation(LONE_SURROGATE, error.object) from error
    if weight + _ENVELOPE > rules.max_body_size:
        rule = f"has {weight} bytes, and a call may have {rules.max_body_size}"
        raise RuleViolation(rule, weight)
    return weight
