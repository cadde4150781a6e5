"""What a package shows of its names: the package itself, and some only when first used."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from sys import modules
from types import FunctionType

__all__ = ["lazy_exports", "show_exports"]


def lazy_exports(
    package: str, homes: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """A package's ``__getattr__`` and ``__dir__``, as of PEP 562.

    To type checkers each name would be there: hide the two from them, and show them the imports.

    Args:
        package: The package's ``__name__``.
        homes: The names by the module that has them.
    """
    home_of = {name: home for home, names in homes.items() for name in names}

    def load(name: str) -> object:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        home = import_module(home_of[name])
        thing = getattr(home, name)
        # A package has its names shown itself.
        return thing if hasattr(home, "__path__") else _shown(package, thing)

    def listed() -> list[str]:
        return sorted({*vars(modules[package]), *home_of})

    return load, listed


def show_exports(package: str, names: Sequence[str]) -> None:
    """Let classes and functions show the package that exports them, not the module they are in.

    So they are in tracebacks, in ``help()`` and in pickles, which then survive a move.

    Args:
        package: The package's ``__name__``.
        names: What it exports; what is loaded later is shown so then.
    """
    space = vars(modules[package])
    for name in names:
        _shown(package, space.get(name))


def _shown(package: str, thing: object) -> object:
    if isinstance(thing, type | FunctionType) and "._" in thing.__module__:
        thing.__module__ = package
    return thing
