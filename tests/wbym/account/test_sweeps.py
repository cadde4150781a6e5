"""Arguments of a sweep are checked at the call."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import ClassVar

import pytest

from tests.support.account import BareAccount
from tests.wbym.account.shop import NAIVE, NOW
from wbym.account import Capabilities, Capability, Support, Supported, SweepOptions
from wbym.domain import Feedback, Question
from wbym.errors import InvalidInput
from wbym.limits import Priority
from wbym.paging import TICK, Span, Sweep

EAST, WEST = timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))


class SweepCalled(Exception):
    """The arguments of a hook's call."""

    def __init__(self, span: Span, options: SweepOptions) -> None:
        self.span = span
        self.options = options


class Archive(BareAccount):
    EARLIEST: ClassVar[datetime] = NOW - timedelta(days=365)
    CAPABILITIES: ClassVar[Capabilities] = dict.fromkeys(
        (Capability.SWEEP_FEEDBACKS, Capability.SWEEP_QUESTIONS), Supported(Support.NATIVE)
    )

    def _sweep_feedbacks(self, span: Span, options: SweepOptions) -> Sweep[Feedback]:
        raise SweepCalled(span, options)

    def _sweep_questions(self, span: Span, options: SweepOptions) -> Sweep[Question]:
        raise SweepCalled(span, options)


SWEEPS: dict[str, Callable[..., object]] = {
    "sweep.feedbacks": lambda **given: Archive().sweep.feedbacks(**given),
    "sweep.questions": lambda **given: Archive().sweep.questions(**given),
}


@pytest.mark.parametrize("noun", SWEEPS)
@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"since": NAIVE}, "since must be aware"),
        ({"until": NAIVE}, "until must be aware"),
        ({"since": "2026-05-01"}, "since must be a datetime"),
        ({"since": datetime.min.replace(tzinfo=EAST)}, "since must be a time that exists in UTC"),
        ({"until": datetime.max.replace(tzinfo=WEST)}, "until must be a time that exists in UTC"),
        ({"since": NOW, "until": NOW - TICK}, "since must not be after until"),
        ({"in_order": 1}, "in_order must be True or False"),
        ({"cursor": 7}, "cursor must be a text"),
        ({"max_wait": "long"}, "max_wait must be a finite number"),
        ({"priority": 1}, "priority must be one of Priority"),
        ({"since": datetime.now(UTC) + timedelta(days=1)}, "since must not be in the future"),
    ],
)
def test_argument_when_invalid(noun: str, given: dict[str, object], rule: str) -> None:
    with pytest.raises(InvalidInput, match=f"{noun}: {rule}"):
        SWEEPS[noun](**given)


@pytest.mark.parametrize("noun", SWEEPS)
def test_period_when_valid(noun: str) -> None:
    with pytest.raises(SweepCalled) as caught:
        SWEEPS[noun](since=NOW, until=NOW, in_order=True, cursor="7")
    assert caught.value.span == Span(NOW, NOW + TICK)
    assert caught.value.options == SweepOptions(True, "7", None, Priority.BULK)


@pytest.mark.parametrize("noun", SWEEPS)
def test_period_when_it_ends_at_the_max_datetime(noun: str) -> None:
    with pytest.raises(SweepCalled) as caught:
        SWEEPS[noun](since=NOW, until=datetime.max.replace(tzinfo=UTC))
    assert caught.value.span == Span(NOW, None)


@pytest.mark.parametrize("noun", SWEEPS)
def test_period_by_default(noun: str) -> None:
    with pytest.raises(SweepCalled) as caught:
        SWEEPS[noun]()
    assert caught.value.span == Span(Archive.EARLIEST, None)
