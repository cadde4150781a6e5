"""All bounds of all operations: values beyond them are rejected before a request."""

import inspect

import pytest

from tests.support.bounds import sample, tries
from wbym.calls import Parameter, Row
from wbym.calls._validation import RuleViolation
from wbym.errors import InvalidInput
from wbym_wildberries import api as wildberries
from wbym_yandex_market import api as yandex_market

ROWS = [*wildberries.operations(), *yandex_market.operations()]
ARGUMENTS = [(row, parameter) for row in ROWS for parameter in row.parameters]


def _name(value: Row | Parameter) -> str:
    return value.name


async def _call(row: Row, arguments: dict[str, object]) -> None:
    """Call a method of a group without a transport."""
    group = object.__new__(row.group)
    result = getattr(group, row.function.__name__)(**arguments)
    if inspect.iscoroutine(result):
        await result


def _needed(row: Row) -> dict[str, object]:
    signature = inspect.signature(row.function).parameters
    return {
        one.name: sample(one.hint)
        for one in row.parameters
        if signature[one.name].default is inspect.Parameter.empty
    }


@pytest.mark.parametrize(("row", "parameter"), ARGUMENTS, ids=_name)
async def test_argument_when_next_to_a_bound(row: Row, parameter: Parameter) -> None:
    parameter.check(sample(parameter.hint))
    found = list(tries(parameter.hint))
    for one in found:
        if not one.rules:
            try:
                parameter.check(one.value)
            except RuleViolation as broken:
                raise AssertionError(f"{one} is within its bounds: {broken.rule}") from broken
            continue
        with pytest.raises(InvalidInput) as caught:
            await _call(row, _needed(row) | {parameter.name: one.value})
        error = caught.value
        assert error.method == row.name
        assert f"{parameter.name}{one.path}".startswith(error.argument)
        assert any(error.rule.startswith(rule) for rule in one.rules), (one, error.rule)
    assert any(one.rules for one in found), f"no value is rejected as {parameter.hint}"


@pytest.mark.parametrize("row", ROWS, ids=_name)
async def test_call_when_its_arguments_are_invalid(row: Row) -> None:
    needed = _needed(row)
    wrong = [needed | {"no_such_argument": 1}]
    wrong += [{key: needed[key] for key in needed if key != name} for name in needed]
    for arguments in wrong:
        with pytest.raises(TypeError, match=row.function.__name__):
            await _call(row, arguments)
