"""The names that the public packages export, and the module that each name shows."""

import inspect
from collections.abc import Iterator
from dataclasses import is_dataclass
from importlib import import_module
from types import ModuleType
from typing import get_type_hints

import msgspec
import pytest

from tests.support.public import ADAPTERS, CORE, LIST, names

PATHS = (*CORE, *ADAPTERS)
PACKAGES = [import_module(package) for package in PATHS]


def things(package: ModuleType) -> Iterator[tuple[str, object]]:
    """The classes and functions that a package exports."""
    for name in package.__all__:
        thing = getattr(package, name)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            yield name, thing


def test_names_when_compared_with_the_list() -> None:
    # Removing or changing a name breaks programs: see docs/versioning.md.
    known = LIST.read_text("utf-8").splitlines()
    found = list(names())
    assert [name for name in known if name not in found] == []
    assert [name for name in found if name not in known] == []
    assert found == known


@pytest.mark.parametrize("package", PACKAGES[1:], ids=PATHS[1:])
def test_exported_class_shows_its_package(package: ModuleType) -> None:
    for name, thing in things(package):
        home = getattr(thing, "__module__", "")
        if home.startswith("wbym"):
            assert home in PATHS[1:], name
            assert getattr(import_module(home), name) is thing


@pytest.mark.parametrize("package", PACKAGES, ids=PATHS)
def test_fields_of_exported_structs_and_dataclasses_are_resolved(package: ModuleType) -> None:
    # A name in a string is looked up in the module that the class shows, which is not its home.
    for _, thing in things(package):
        if inspect.isclass(thing) and (is_dataclass(thing) or issubclass(thing, msgspec.Struct)):
            get_type_hints(thing)
        if inspect.isclass(thing) and issubclass(thing, msgspec.Struct):
            assert not [one for one in thing.__annotations__.values() if isinstance(one, str)]
            msgspec.structs.fields(thing)
