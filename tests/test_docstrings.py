"""Docstrings of public names describe parameters and errors; durations and sizes have a unit.

Ruff checks that public names have docstrings, and that a section of arguments is complete.
"""

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from importlib import import_module
from textwrap import dedent

import msgspec
import pytest

from tests.support.public import ADAPTERS, CORE
from wbym import Download, errors
from wbym.feed import Events
from wbym.paging import Iteration

GIVEN = (BaseException, Download, Events, Iteration)
"""What a caller gets and does not create."""
RAISED = frozenset(errors.__all__)
QUANTITY = re.compile(
    r"delay|seconds|timeout|until|_wait$|_size$|every|within|period|_age$|latency"
)
UNIT = re.compile(
    r"second|minute|hour|days?\b|unix|aware|byte|record|timedelta|\d s\b|monotonic|characters",
    re.IGNORECASE,
)


def parameters(function: Callable[..., object]) -> list[inspect.Parameter]:
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [
        one
        for name, one in inspect.signature(function).parameters.items()
        if name not in {"self", "cls"} and not name.startswith("_") and one.kind not in variadic
    ]


def entry(text: str, name: str) -> str:
    """What a docstring says of a parameter: its entry, or the sentence that names it."""
    found = re.search(rf"^( *){name}: (.*(?:\n\1 +.*)*)", text, re.MULTILINE)
    if found:
        return found[2]
    found = re.search(rf"[^.]*`{name}\b[^.]*", text)
    return found[0] if found else ""


def functions() -> Iterator[tuple[str, Callable[..., object], str]]:
    """Public functions, methods and constructors, with the text that describes them."""
    seen: set[int] = set()
    for package in (*CORE, *ADAPTERS):
        module = import_module(package)
        for name in module.__all__:
            thing = getattr(module, name)
            path = f"{package}.{name}"
            if id(thing) in seen:
                continue
            seen.add(id(thing))
            if inspect.isfunction(thing):
                yield path, thing, inspect.getdoc(thing) or ""
            elif inspect.isclass(thing):
                yield from methods(path, thing)


def methods(path: str, kind: type) -> Iterator[tuple[str, Callable[..., object], str]]:
    for name, member in vars(kind).items():
        function = member.__func__ if isinstance(member, classmethod | staticmethod) else member
        if not inspect.isfunction(function):
            continue
        if name == "__init__" and not is_dataclass(kind) and not issubclass(kind, GIVEN):
            if not issubclass(kind, msgspec.Struct):
                text = f"{inspect.getdoc(kind) or ''}\n{inspect.getdoc(function) or ''}"
                yield f"{path}()", function, text
        elif not name.startswith("_") and not issubclass(kind, Iteration):
            yield f"{path}.{name}", function, inspect.getdoc(function) or ""


FUNCTIONS = list(functions())


def missing() -> Iterator[str]:
    for path, function, text in FUNCTIONS:
        given = parameters(function)
        if not text:
            yield path
        elif re.search(r"[Ss]ee (:\w+:)?`", text):
            continue  # another method describes them
        elif len(given) > 1 or path.endswith("()"):
            yield from (f"{path}: {one.name}" for one in given if not entry(text, one.name))


def without_unit() -> Iterator[str]:
    for path, function, text in FUNCTIONS:
        for one in parameters(function):
            said = entry(text, one.name)
            is_number = re.search(r"\b(float|int)\b", str(one.annotation))
            if not said or not is_number or not QUANTITY.search(one.name):
                continue
            if not UNIT.search(f"{said} {one.name}"):
                yield f"{path}: {one.name}: {said}"


def without_error() -> Iterator[str]:
    """Errors that a function raises itself and does not mention."""
    for path, function, text in FUNCTIONS:
        for node in ast.walk(ast.parse(dedent(inspect.getsource(function)))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                name = node.exc.func.id if isinstance(node.exc.func, ast.Name) else ""
                if name in RAISED and name not in text:
                    yield f"{path}: {name}"


def test_errors_are_described() -> None:
    assert list(without_error()) == []


def test_parameters_are_described() -> None:
    assert list(missing()) == []


def test_quantities_have_units() -> None:
    assert list(without_unit()) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "Wait.\n\nArgs:\n    timeout: Seconds for\n        the answer.\n    x: No.",
            "Seconds for",
        ),
        ("Wait for `timeout` seconds. Then go.", "Wait for"),
        ("Wait for the timeout.", ""),
    ],
)
def test_entry_of_a_parameter(text: str, said: str) -> None:
    assert entry(text, "timeout").startswith(said) is True
    assert bool(entry(text, "timeout")) is bool(said)
