"""Installed adapters, found without loading them."""

from importlib.metadata import EntryPoint, entry_points
from typing import Final

from wbym.account._account import Account
from wbym.errors import ConfigError

__all__ = ["installed_adapters", "load_adapter"]

_GROUP: Final = "wbym.adapters"


def installed_adapters() -> list[str]:
    """List the names of installed adapters, without loading them."""
    return sorted({point.name for point in entry_points(group=_GROUP)})


def load_adapter(marketplace: str) -> type[Account]:
    """Load the account class of one marketplace; no other adapter is loaded.

    Raises:
        ConfigError: No adapter has this name, or it cannot be loaded.
    """
    points: list[EntryPoint] = list(entry_points(group=_GROUP, name=marketplace))
    if not points:
        known = " or ".join(map(repr, installed_adapters()))
        raise ConfigError(f"no adapter {marketplace!r} is installed; installed: {known}")
    try:
        loaded: object = points[0].load()
    except Exception as error:  # a package may raise anything while it is imported
        reason = f"{type(error).__name__}: {error}"
        raise ConfigError(f"the adapter {marketplace!r} cannot be loaded: {reason}") from error
    if not (isinstance(loaded, type) and issubclass(loaded, Account)):
        raise ConfigError(
            f"the adapter {marketplace!r} does not name an Account: {points[0].value}"
        )
    return loaded
