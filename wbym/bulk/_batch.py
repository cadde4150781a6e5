"""Batches: long lists that are split into calls, with the outcome of each item.

A :class:`Batch` records the outcomes of one long list. Passing the same batch again resumes it:
finished items are not sent again, and neither are those that may have taken effect.
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
"""Bytes of a body besides its items."""


class Outcome(StrEnum):
    """The outcome of an item."""

    NOT_TRIED = "not_tried"
    """Not sent, or definitely not received by the marketplace: resuming sends it."""
    ACCEPTED = "accepted"
    """Accepted by the marketplace, with no result yet: resuming asks for it."""
    DONE = "done"
    FAILED = "failed"
    """Rejected by the marketplace, or invalid by its rules and not sent; see ``reason``."""
    UNKNOWN = "unknown"
    """It may or may not have taken effect: check it, since it is never sent again."""


class Result(msgspec.Struct, Generic[R], frozen=True):
    """The result of one item."""

    outcome: Outcome
    reason: str | None = None
    """Why the item is neither done nor accepted."""
    value: R | None = None
    """A value from the marketplace: the id of an upload, the amount in stock."""


DONE: Final[Result[None]] = Result(Outcome.DONE)
"""The result of an item that was carried out and has no value."""

_FAILS_ALL: Final = (CredentialError, Unauthorized, PaymentRequired, Forbidden)
"""Errors of the account, not of the items."""

Send: TypeAlias = Callable[[Sequence[T]], Awaitable[Sequence[Result[R]]]]
"""Makes one call with some items and returns the result of each, in their order."""


class Batch(Generic[T, R]):
    """A long list with the result of each item.

    Args:
        items: The items, in the order of sending.
    """

    def __init__(self, items: Iterable[T]) -> None:
        self.items: Final[tuple[T, ...]] = tuple(items)
        self._results: list[Result[R]] = [Result(Outcome.NOT_TRIED)] * len(self.items)
        self.stopped: WbymError | None = None
        """The error that ended the last run early; None if it was completed."""

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[tuple[T, Result[R]]]:
        return iter(zip(self.items, self._results, strict=True))

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {outcome}" for outcome, count in self.counts().items())
        return f"Batch({counts or 'empty'})"

    @property
    def results(self) -> Sequence[Result[R]]:
        """The results, one per item, in order."""
        return tuple(self._results)

    def counts(self) -> Mapping[Outcome, int]:
        """The number of items by outcome; outcomes without items are omitted."""
        found = [result.outcome for result in self._results]
        return {outcome: found.count(outcome) for outcome in Outcome if outcome in found}

    def having(self, *outcomes: Outcome) -> list[tuple[T, Result[R]]]:
        """The items with one of these outcomes, in order."""
        return [(item, result) for item, result in self if result.outcome in outcomes]

    @property
    def failed(self) -> list[tuple[T, Result[R]]]:
        """The items that the marketplace rejected, or that are invalid by its rules."""
        return self.having(Outcome.FAILED)

    @property
    def finished(self) -> bool:
        """Whether resuming would have nothing to do."""
        return not self.having(Outcome.NOT_TRIED, Outcome.ACCEPTED)

    def places(self, outcome: Outcome) -> list[int]:
        """The indexes of the items with this outcome."""
        return [place for place, result in enumerate(self._results) if result.outcome is outcome]

    def note(self, places: Iterable[int], results: Iterable[Result[R]]) -> None:
        """Record the results of the items at these indexes.

        Args:
            places: The indexes, in the order of the results.
            results: The results.
        """
        for place, result in zip(places, results, strict=True):
            self._results[place] = result


Progress: TypeAlias = Callable[[Batch[T, R]], object]
"""Called with the batch after every call that changed it. It must not block."""


class Rules(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """The limits of one call."""

    max_size: int
    """Maximum items."""
    max_body_size: int = sys.maxsize
    """Maximum bytes."""
    idempotent: bool = False
    """Whether an item that may have been sent can safely be sent again."""
    encode: Callable[[T], bytes] = msgspec.json.encode
    """Encodes an item as in the body, to measure its size."""
    check: Callable[[T], object] | None = None
    """Raises ``RuleViolation`` for an invalid item, which fails without being sent."""
    key: Callable[[T], Hashable] | None = None
    """A key that must be unique within a call; a duplicate is sent with the next call."""


async def carry_out(
    batch: Batch[T, R],
    send: Send[T, R],
    rules: Rules[T],
    *,
    stop: bool = False,
    progress: Progress[T, R] | None = None,
) -> Batch[T, R]:
    """Send the untried items of a batch in order, one call after the other.

    A rejected call marks its items as failed, and the next call is made. An error that would fail
    the other calls too (a credential, an exhausted limit, a marketplace that does not answer) ends
    the run at once and leaves the call's items untried; it is in ``batch.stopped``. However the run
    ends, even by cancellation, the batch has the results so far.

    Args:
        batch: The batch, which records the results.
        send: Makes one call.
        rules: The limits of one call.
        stop: Whether to end the run at the first call that fails.
        progress: Called after each call.
    """
    batch.stopped = None
    for places in _portions(batch, rules):
        if not rules.idempotent:
            # If the run is interrupted, these are not sent again.
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
    """The result of the items of a failed call."""
    if isinstance(error, DeliveryUnknown):
        return Result(Outcome.UNKNOWN, str(error))
    # A call that is not idempotent raises no retryable error once it may have arrived.
    if error.retryable or isinstance(error, _FAILS_ALL):
        return Result(Outcome.NOT_TRIED, str(error))
    return Result(Outcome.FAILED, str(error))


def _portions(batch: Batch[T, R], rules: Rules[T]) -> Iterator[list[int]]:
    """The indexes of the untried items, call by call; invalid items are recorded as failed."""
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
    """The size of an item in bytes.

    Raises:
        RuleViolation: The item is invalid or too large.
    """
    if rules.check is not None:
        rules.check(item)
    try:
        weight = len(rules.encode(item)) + 1
    except UnicodeEncodeError as error:
        raise RuleViolation(LONE_SURROGATE, error.object) from error
    if weight + _ENVELOPE > rules.max_body_size:
        rule = f"has {weight} bytes, but a call may have at most {rules.max_body_size}"
        raise RuleViolation(rule, weight)
    return weight
