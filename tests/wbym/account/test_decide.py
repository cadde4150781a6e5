"""Available decisions on a return, and their arguments."""

import pytest
from msgspec.structs import replace

from tests.wbym.account.shop import (
    EXPLAIN,
    PARTIAL,
    REFUND,
    REJECT,
    RETURN,
    bounded,
    roubles,
    shop,
)
from wbym.account import Capability
from wbym.domain import Decision, DecisionKind, Money, Ref, Return
from wbym.errors import InvalidInput

ANY_REASON = Decision("any-reason", DecisionKind.OTHER, reason_required=True)
ANY_AMOUNT = Decision("any-amount", DecisionKind.OTHER, amount_required=True)
UP_TO = Decision("up-to", DecisionKind.PARTIAL_REFUND, max_amount=roubles(50))
OPTIONAL = Decision("optional", DecisionKind.OTHER, comment_allowed=True)
ITEM = replace(RETURN, decisions=(*RETURN.decisions, ANY_REASON, ANY_AMOUNT, UP_TO, OPTIONAL))

Given = dict[str, str | Money]

GOOD: list[tuple[Decision, Given]] = [
    (REFUND, {}),
    (REJECT, {"comment": "Товар исправен"}),
    (EXPLAIN, {"reason": "worn"}),
    (PARTIAL, {"amount": roubles(10)}),
    (PARTIAL, {"amount": roubles("50.00")}),
    (ANY_REASON, {"reason": "своими словами"}),
    (ANY_AMOUNT, {"amount": roubles(0)}),
    (UP_TO, {"amount": roubles("0.01")}),
    (OPTIONAL, {}),
    (OPTIONAL, {"comment": "Да"}),
]
BAD: list[tuple[Decision, Given, str]] = [
    (REFUND, {"comment": "Да"}, "comment must not be given with refund"),
    (REFUND, {"reason": "worn"}, "reason must not be given with refund"),
    (REFUND, {"amount": roubles(1)}, "amount must not be given with refund"),
    (REJECT, {}, "comment must be given with reject"),
    (REJECT, {"comment": " "}, "comment must have a visible character"),
    (EXPLAIN, {}, "reason must be given with explain, one of ['worn', 'late']"),
    (EXPLAIN, {"reason": "old"}, "reason must be one of ['worn', 'late']"),
    (ANY_REASON, {}, "reason must be given with any-reason"),
    (PARTIAL, {}, "amount must be given with partial, from 10 RUB to 50 RUB"),
    (PARTIAL, {"amount": roubles("9.99")}, "amount must be within its bounds"),
    (PARTIAL, {"amount": roubles("50.01")}, "amount must be within its bounds"),
    (PARTIAL, {"amount": Money(roubles(20).amount, "USD")}, "amount must be in RUB"),
    (UP_TO, {"amount": roubles("-0.01")}, "amount must be within its bounds"),
    (ANY_AMOUNT, {}, "amount must be given with any-amount"),
    (ANY_AMOUNT, {"amount": roubles(-1)}, "amount must be within its bounds"),
    (ANY_AMOUNT, {"amount": roubles("NaN")}, "amount.amount must be a finite Decimal"),
]


@pytest.mark.parametrize("by_id", [True, False])
@pytest.mark.parametrize("item", [ITEM, ITEM.ref])
@pytest.mark.parametrize(("decision", "given"), GOOD)
async def test_decision_when_complete(
    decision: Decision, given: Given, item: Return | Ref, by_id: bool
) -> None:
    account = shop()
    account.add(ITEM)
    delivery = await account.decide(
        item,
        decision.id if by_id else decision,
        **given,  # type: ignore[arg-type]
    )
    assert delivery.decision == decision.id
    assert account.sent == [delivery]


@pytest.mark.parametrize(("decision", "given", "rule"), BAD)
async def test_decision_when_it_breaks_a_rule(decision: Decision, given: Given, rule: str) -> None:
    account = shop()
    account.add(ITEM)
    for item in (ITEM, ITEM.ref):
        with pytest.raises(InvalidInput) as caught:
            await account.decide(item, decision.id, **given)  # type: ignore[arg-type]
        assert f"decide: {rule}" in str(caught.value)
    assert not account.sent


@pytest.mark.parametrize("decision", ["approve", Decision("x", DecisionKind.OTHER)])
async def test_decision_when_not_available(decision: Decision | str) -> None:
    account = shop()
    with pytest.raises(InvalidInput, match="decision must be available for fake/"):
        await account.decide(RETURN, decision)
    assert not account.sent


async def test_decision_when_none_is_available() -> None:
    account = shop()
    await account.decide(RETURN, "refund")
    with pytest.raises(InvalidInput, match="now: none is"):
        await account.decide(RETURN.ref, "refund")
    assert await account.decisions(RETURN.ref) == []


@pytest.mark.parametrize(
    ("argument", "value"),
    [("decision", 1), ("decision", None), ("comment", 1), ("reason", 1), ("amount", 10)],
)
async def test_argument_when_its_type_is_wrong(argument: str, value: object) -> None:
    account = shop()
    given: dict[str, object] = {"decision": "refund", argument: value}
    with pytest.raises(InvalidInput, match=f"decide: {argument} must be"):
        await account.decide(RETURN, **given)  # type: ignore[arg-type]
    assert not account.sent


@pytest.mark.parametrize(("length", "passes"), [(9, False), (10, True), (20, True), (21, False)])
async def test_comment_when_facts_limit_its_length(length: int, passes: bool) -> None:
    account = bounded(Capability.DECIDE, {"min_comment_length": 10, "max_comment_length": 20})
    if passes:
        await account.decide(RETURN, "reject", comment="я" * length)
    else:
        with pytest.raises(InvalidInput, match="decide: comment must"):
            await account.decide(RETURN, "reject", comment="я" * length)
    assert bool(account.sent) is passes


async def test_decisions_when_loaded_with_the_record() -> None:
    assert tuple(await shop().decisions(RETURN)) == RETURN.decisions
