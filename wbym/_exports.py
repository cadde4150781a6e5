"""Exports of packages: names shown as the package's own, some loaded when first used."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from sys import modules
from types import FunctionType

__all__ = ["lazy_exports", "show_exports"]


def lazy_exports(
    package: str, homes: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Create a package's ``__getattr__`` and ``__dir__``, as of PEP 562.

    With them, type checkers would accept any name: hide them from type checkers, and show those the
    imports.

    Args:
        package: The package's ``__name__``.
        homes: The names by the module that defines them; a module may also be exported itself.
    """
    home_of = {name: home for home, names in homes.items() for name in names}

    def load(name: str) -> object:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        home = import_module(home_of[name])
        if home.__name__ == f"{package}.{name}":
            return home
        thing = getattr(home, name)
        # A package has already marked its own names.
        return thing if hasattr(home, "__path__") else _shown(package, thing)

    def listed() -> list[str]:
        return sorted({*vars(modules[package]), *home_of})

    return load, listed


def show_exports(package: str, names: Sequence[str]) -> None:
    """Set ``__module__`` of classes and functions to the package that exports them.

    Tracebacks, ``help()`` and pickles then show the package, and pickles survive a move.

    Args:
        package: The package's ``__name__``.
        names: The names that it exports; lazy ones are marked when they are loaded.
    """
    space = vars(modules[package])
    for name in names:
        _shown(package, space.get(name))


def _shown(package: str, thing: object) -> object:
    if isinstance(thing, type | FunctionType) and "._" in thing.__module__:
        thing.__module__ = package
    return thing
