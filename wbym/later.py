"""Names that a package has at once and loads when they are first used."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from sys import modules

__all__ = ["later"]


def later(
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
        return getattr(import_module(home_of[name]), name)

    def listed() -> list[str]:
        return sorted({*vars(modules[package]), *home_of})

    return load, listed
