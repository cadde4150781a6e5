"""Validation of arguments against their annotations: the type and the rules.

The fields of a Struct are checked too, so an invalid value is named by its path, such as
``stocks[3].amount``.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from math import isfinite
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    TypeAlias,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec

from wbym._reprs import SecretText, reveal
from wbym.calls._annotations import LONE_SURROGATE, Each, Rule
from wbym.errors import InvalidInput

__all__ = ["RuleViolation", "Validator", "require", "validator_of"]


class RuleViolation(ValueError):
    """An invalid value.

    Args:
        rule: The broken rule, such as ``must be from 1 to 20``.
        value: The value.
        path: The path of the value inside the argument, such as ``[3].amount``.
    """

    def __init__(self, rule: str, value: object, path: str = "") -> None:
        super().__init__(rule)
        self.rule = rule
        self.value = value
        self.path = path


Validator: TypeAlias = Callable[[Any], None]
"""Raises :class:`RuleViolation` for an invalid value."""

# Created once: creating a union takes longer than checking against it.
_NUMBERS: Final = (int, float)
_MIN_INTEGER: Final = -(2**63)
_MAX_INTEGER: Final = 2**63 - 1
_SCALARS: Final = (str, bytes, Mapping)


def validator_of(hint: object) -> Validator:
    """The validator of an annotated type."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _annotated(validator_of(inner[0]), inner[1:])
    if origin in {Union, UnionType}:
        checks = [validator_of(one) for one in inner if one is not NoneType]
        check = checks[0] if len(checks) == 1 else _any_of(checks)
        return _or_none(check) if NoneType in inner else check
    if origin is Literal:
        return _one_of(inner)
    if hint in _BY_TYPE:
        return _BY_TYPE[hint]
    kind = origin or hint
    if not isinstance(kind, type):
        return _anything
    if issubclass(kind, msgspec.Struct):
        return _struct(kind)
    if issubclass(kind, Collection) and not issubclass(kind, _SCALARS):
        return _collection(validator_of(inner[0]) if inner else _anything)
    return _instance(kind)


def require(method: str, argument: str, value: object, hint: object) -> None:
    """Check an argument of a method that is not an operation.

    Args:
        method: The method's name, for the error.
        argument: The argument's name, for the error.
        value: Its value.
        hint: Its annotation, with the rules inside ``Annotated``.

    Raises:
        InvalidInput: The value has the wrong type, or breaks a rule.
    """
    try:
        _known_check(hint)(value)
    except RuleViolation as broken:
        raise InvalidInput(method, f"{argument}{broken.path}", broken.rule, broken.value) from None


_known_check = lru_cache(maxsize=256)(validator_of)


def _anything(value: object) -> None:
    """Accept every value."""


def _text(value: object) -> None:
    if not isinstance(value, str):
        raise RuleViolation("must be a text", value)
    if type(value) not in {str, SecretText} and not isinstance(value, Enum):
        raise RuleViolation("must be a plain str: pass str(value)", value)
    if not reveal(value).isascii():
        try:
            reveal(value).encode()
        except UnicodeEncodeError:
            raise RuleViolation(LONE_SURROGATE, value) from None


def _integer(value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise RuleViolation("must be an integer", value)
    if not _MIN_INTEGER <= value <= _MAX_INTEGER:
        raise RuleViolation("must be a 64-bit integer", value)


def _flag(value: object) -> None:
    if not isinstance(value, bool):
        raise RuleViolation("must be True or False", value)


def _number(value: object) -> None:
    try:
        if isinstance(value, _NUMBERS) and not isinstance(value, bool) and isfinite(value):
            return
    except OverflowError:
        pass  # an integer too large for a float
    raise RuleViolation("must be a finite number", value)


def _amount(value: object) -> None:
    if not isinstance(value, Decimal) or not value.is_finite():
        raise RuleViolation("must be a finite Decimal", value)


def _moment(value: object) -> None:
    if not isinstance(value, datetime):
        raise RuleViolation("must be a datetime", value)
    if value.tzinfo is None:
        raise RuleViolation("must be aware, with a time zone", value)
    try:
        value.astimezone(UTC)
    except OverflowError:
        raise RuleViolation("must be a time that exists in UTC", value) from None


def _day(value: object) -> None:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise RuleViolation("must be a date", value)


_BY_TYPE: Final[dict[object, Validator]] = {
    Any: _anything,
    object: _anything,
    str: _text,
    int: _integer,
    bool: _flag,
    float: _number,
    Decimal: _amount,
    datetime: _moment,
    date: _day,
}


def _instance(kind: type) -> Validator:
    rule = (
        f"must be one of {kind.__name__}"
        if issubclass(kind, Enum)
        else (f"must be of type {kind.__name__}")
    )

    def check(value: object) -> None:
        if not isinstance(value, kind):
            raise RuleViolation(rule, value)

    return check


def _one_of(values: tuple[object, ...]) -> Validator:
    def check(value: object) -> None:
        if not any(value == known and type(value) is type(known) for known in values):
            raise RuleViolation(f"must be one of {', '.join(map(repr, values))}", value)

    return check


def _or_none(check: Validator) -> Validator:
    def check_or_none(value: object) -> None:
        if value is not None:
            check(value)

    return check_or_none


def _any_of(checks: list[Validator]) -> Validator:
    def check(value: object) -> None:
        for one in checks[:-1]:
            try:
                return one(value)
            except RuleViolation:
                pass
        return checks[-1](value)

    return check


def _collection(check_one: Validator) -> Validator:
    def check(value: object) -> None:
        if not isinstance(value, Collection) or isinstance(value, _SCALARS):
            raise RuleViolation("must be a collection, such as a list", value)
        if check_one is not _anything:
            for index, item in enumerate(value):
                try:
                    check_one(item)
                except RuleViolation as broken:
                    raise RuleViolation(
                        broken.rule, broken.value, f"[{index}]{broken.path}"
                    ) from None

    return check


def _struct(kind: type[msgspec.Struct]) -> Validator:
    fields: list[tuple[str, Validator]] = []
    is_known = False

    def check(value: object) -> None:
        nonlocal is_known
        if not isinstance(value, kind):
            raise RuleViolation(f"must be of type {kind.__name__}", value)
        if not is_known:  # deferred, since a Struct may have fields of its own type
            hints = get_type_hints(kind, include_extras=True)
            fields.extend((name, validator_of(hints[name])) for name in kind.__struct_fields__)
            is_known = True
        for name, check_field in fields:
            try:
                check_field(getattr(value, name))
            except RuleViolation as broken:
                raise RuleViolation(broken.rule, broken.value, f".{name}{broken.path}") from None

    return check


def _annotated(check_type: Validator, annotations: tuple[object, ...]) -> Validator:
    rules = [annotation for annotation in annotations if isinstance(annotation, Rule)]
    each = [annotation.rule for annotation in annotations if isinstance(annotation, Each)]
    if not rules and not each:
        return check_type

    def check(value: Any) -> None:  # noqa: ANN401 - of the argument's own type
        check_type(value)
        if value is None:
            return
        for rule in rules:
            violation = rule.violation(value)
            if violation is not None:
                raise RuleViolation(violation, value)
        for rule in each:
            for index, item in enumerate(value):
                violation = rule.violation(item)
                if violation is not None:
                    raise RuleViolation(violation, item, f"[{index}]")

    return check
