"""What a method lets pass and what it refuses, found by trying, beside the bounds of the file."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache, cached_property
from typing import Final

import msgspec

from tests.drift.differences import Difference, Side
from tests.drift.files import Operation
from tests.drift.samples import Method, places, plain, same_name
from tests.drift.shapes import Shape
from wbym.errors import InvalidInput

__all__ = ["bounded", "of_bounds", "stands_in"]

_FARTHEST: Final = {"array": 1 << 15, "string": 1 << 16, "integer": 1 << 40, "number": 1 << 40}
"""How far is tried where the file has no bound. No bound of ours is beyond."""


def bounded(place: str, shape: Shape) -> Iterator[tuple[str, Shape]]:
    """A shape and all that is in it, with their places."""
    yield place, shape
    for name, field in (shape.fields or {}).items():
        if not field.deprecated:
            yield from bounded(f"{place}.{name}", field.shape)
    if shape.items is not None:
        yield from bounded(f"{place}[]", shape.items)


def stands_in(number: int, text: str) -> bool:
    """Whether a text names a number, with its thousands apart or not."""
    return (
        re.search(rf"(?<![\d.,]){number:_}(?![\d])".replace("_", r"[\s,\u00a0]?"), text) is not None
    )


def of_bounds(operation: Operation, methods: Sequence[Method]) -> Iterator[Difference]:
    """Bounds of the file that we do not keep, and bounds of ours that the file does not have."""
    route = str(operation.route)
    stated = {
        place: shape
        for place, field in operation.parameters()
        if not field.deprecated
        for place, shape in bounded(place, field.shape)
    }
    if (body := operation.body()) is not None:
        stated |= dict(bounded(*body))
    tried: dict[str, list[_Trial]] = {}
    for method in methods:
        for trial in _trials(method):
            tried.setdefault(trial.place, []).append(trial)
    for place, shape in stated.items():
        if not shape.bounds or place.startswith("path."):
            continue
        if place not in tried:
            told = ", ".join(f"{name} {bound}" for name, bound in shape.bounds.items())
            yield Difference(route, Side.FILE, place, f"{told}; no argument of ours goes there")
        for trial in tried.get(place, ()):
            yield from _kept(route, trial, shape.bounds)
    for place, trials in tried.items():
        if place.startswith("path."):
            continue
        if "most" in getattr(stated.get(place), "bounds", {}):
            continue
        for most in sorted({most for trial in trials if (most := trial.most) is not None}):
            if not stands_in(most, operation.text):
                what = f"at most {most}; the file has no such number"
                yield Difference(route, Side.OURS, place, what)


def _kept(route: str, trial: "_Trial", bounds: Mapping[str, int]) -> Iterator[Difference]:
    number = trial.kind in {"integer", "number"}
    for name, beyond in (("most", 1), ("least", -1)):
        if name not in bounds:
            continue
        bound = bounds[name]
        # An empty list is left out of the request, which says the same.
        if (bound or number) and not trial.passes(bound):
            what = f"{name} {bound} in the file; we refuse it"
            yield Difference(route, Side.BOTH, trial.place, what)
        if (bound + beyond >= 0 or number) and trial.passes(bound + beyond):
            what = f"{name} {bound} in the file; we let {bound + beyond} pass"
            yield Difference(route, Side.BOTH, trial.place, what)


class _Trial:
    """A place that an argument of ours goes to, and how to fill it with so many, or so much."""

    def __init__(self, method: Method, argument: str, root: str, place: str) -> None:
        self.place = place
        self._method, self._argument = method, argument
        self._annotation = method.annotation(argument)
        self._whole = plain(method.arguments[argument])
        self._steps = re.findall(r"\[\]|[^.\[\]]+", place[len(root) :])
        self._value = _at(self._whole, self._steps)
        self.kind = _kind(self._value)
        self._make = method.bare
        self._another: Callable[[object, int], object] = _another
        self._others = [
            name
            for name in (*method.arguments, *_names(self._whole))
            if name != argument
            and not any(same_name(name, step) for step in place.replace("[]", "").split("."))
        ]
        match self._value:
            case list() | str():
                self.start = len(self._value)
            case int() | float():
                self.start = int(self._value)
            case _:
                self.start = 0

    @property
    def possible(self) -> bool:
        """Whether it can be tried: there is a size, and another than the sample's can be asked."""
        if self.kind is None:
            return False
        for self._another in (_another, lambda item, index: item):
            with suppress(msgspec.ValidationError):  # a time, or a word of a list
                msgspec.convert(self._sized(self.start + 1), self._annotation)
                break
        else:
            return False
        for make in (self._method.bare, self._method.sent):
            self._make = make
            if self.passes(self.start):
                return True
        return False

    def passes(self, size: int) -> bool:
        """Whether so much is sent. An empty list that is left out of the request is not.

        It is not so much's fault if another argument is refused, as what goes with one word does
        not go with another.
        """
        try:
            value = msgspec.convert(self._sized(size), self._annotation)
            sent = self._make(**{self._argument: value})
        except InvalidInput as error:
            return any(same_name(place, error.argument) for place in self._others)
        return size != 0 or any(place == self.place for place, _ in places(sent))

    @cached_property
    def most(self) -> int | None:
        """The most that is let through; None where there is no end to it."""
        low = high = max(self.start, 1)
        while self.passes(high):
            if high >= _FARTHEST[str(self.kind)]:
                return None
            low, high = high, high * 2
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.passes(middle) else (low, middle)
        return low

    def _sized(self, size: int) -> object:
        return _put(self._whole, self._steps, self._resized(size))

    def _resized(self, size: int) -> object:
        match self._value:
            case int() | float():
                return size
            case str() as text:
                return text[:size].ljust(size, "0")
            case list() as items:
                return [self._another(items[0], index) for index in range(size)]
        raise AssertionError(self.kind)


def _names(value: object) -> Iterator[str]:
    """The names of all fields in a value."""
    for inner in value if isinstance(value, list) else ():
        yield from _names(inner)
    for name, inner in value.items() if isinstance(value, dict) else ():
        yield name
        yield from _names(inner)


@cache  # what we refuse does not depend on the files
def _trials(method: Method) -> tuple[_Trial, ...]:
    return tuple(_tried(method))


def _tried(method: Method) -> Iterator[_Trial]:
    there = dict(places(method.sent()))
    for argument, root in method.reaches().items():
        for place in there:
            if place == root or place.startswith((f"{root}.", f"{root}[]")):
                trial = _Trial(method, argument, root, place)
                if trial.possible:
                    yield trial


def _kind(value: object) -> str | None:
    match value:
        case bool():
            return None
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list() if value:
            return "array"
    return None


def _at(value: object, steps: Sequence[str]) -> object:
    for step in steps:
        if step == "[]":
            value = value[0] if isinstance(value, list) and value else None
        else:
            value = value.get(_key(value, step)) if isinstance(value, dict) else None
    return value


def _put(whole: object, steps: Sequence[str], new: object) -> object:
    if not steps:
        return new
    step, *rest = steps
    if step == "[]":
        assert isinstance(whole, list)
        return [_put(whole[0], rest, new), *whole[1:]]
    assert isinstance(whole, dict)
    key = _key(whole, step)
    return whole | {key: _put(whole[key], rest, new)}


def _key(value: Mapping[str, object], step: str) -> str:
    """The name that a step in the request has in the argument."""
    return next((name for name in value if same_name(name, step)), step)


def _another(item: object, index: int) -> object:
    """An item like it that is not it."""
    match item:
        case int():
            return item + index
        case str():
            return f"{item}{index}"
        case dict():
            for name, value in item.items():
                if _kind(value) == "integer":
                    return item | {name: _another(value, index)}
    return item
