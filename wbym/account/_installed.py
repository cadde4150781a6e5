"""Which adapters there are, without loading them."""

from importlib.metadata import EntryPoint, entry_points
from typing import Final

from wbym.account._account import Account
from wbym.errors import ConfigError

__all__ = ["installed_adapters", "load_adapter"]

_GROUP: Final = "wbym.adapters"


def installed_adapters() -> list[str]:
    """The names of the adapters of this environment; none of them is loaded."""
    return sorted({point.name for point in entry_points(group=_GROUP)})


def load_adapter(marketplace: str) -> type[Account]:
    """The account's class of one marketplace; its adapter is loaded, and no other.

    Raises:
        ConfigError: There is no adapter of this name, or it cannot be loaded.
    """
    points: list[EntryPoint] = list(entry_points(group=_GROUP, name=marketplace))
    if not points:
        known = " or ".join(map(repr, installed_adapters()))
        raise ConfigError(f"there is no adapter {marketplace!r}; installed are {known}")
    try:
        loaded: object = points[0].load()
    except Exception as error:  # a package may raise anything while it is imported
        reason = f"{type(error).__name__}: {error}"
        raise ConfigError(f"the adapter {marketplace!r} cannot be loaded: {reason}") from error
    if not (isinstance(loaded, type) and issubclass(loaded, Account)):
        raise ConfigError(f"the adapter {marketplace!r} names no Account: {points[0].value}")
    return loaded
