"""Addresses of stores, which may have a password."""

from collections.abc import Collection
from urllib.parse import urlsplit

from wbym._reprs import reveal
from wbym.errors import ConfigError

__all__ = ["shown_address"]


def shown_address(url: str, schemes: Collection[str]) -> str:
    """An address without its credentials and parameters, for texts.

    Raises:
        ConfigError: It is not an address with one of the schemes. The error does not show it.
    """
    try:
        parts = urlsplit(reveal(url))
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    # An "@" after the host is the end of a password that is not percent-encoded.
    rest = f"{parts.path}{parts.query}{parts.fragment}"
    known_place = (parts.hostname or parts.path.strip("/")) and "@" not in rest
    if parts.scheme not in schemes or not known_place:
        known = " or ".join(f"{scheme}://host" for scheme in schemes)
        raise ConfigError(
            f"limits: must be an address such as {known}, with special characters of the password"
            " percent-encoded"
        )
    host = parts.hostname or ""
    place = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{place}{'' if port is None else f':{port}'}{parts.path}"
