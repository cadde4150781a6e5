"""Checks of arguments that adapters share, before any request."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from wbym.calls import LONE_SURROGATE
from wbym.errors import InvalidInput

__all__ = [
    "reject_half_characters",
    "require_address",
    "require_known",
]


@contextmanager
def reject_half_characters(method: str, argument: str) -> Iterator[None]:
    """Turn a UnicodeEncodeError of a text with half of a surrogate pair into InvalidInput.

    Args:
        method: The operation's name, for the error.
        argument: The argument's name, for the error.

    Raises:
        InvalidInput: A text has half of a surrogate pair.
    """
    try:
        yield
    except UnicodeEncodeError as error:
        raise InvalidInput(method, argument, LONE_SURROGATE, error.object) from error


def require_address(method: str, base_url: str | None) -> str | None:
    """Check a server's address and return it without a trailing slash; None stays None.

    Args:
        method: The operation's name, for the error.
        base_url: The address.

    Raises:
        InvalidInput: ``base_url`` is empty, has a scheme other than http and https, no host that
            can be looked up, a query, or credentials.
    """
    if base_url is None:
        return None
    try:
        parts = urlsplit(base_url)
        sound = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        (parts.hostname or "").encode("idna")
    except ValueError:  # the port is not a number, brackets do not match, the host is invalid
        sound = False
    else:
        if "@" in parts.netloc:
            # They would be sent beside the account's own, and they must not be shown.
            rule = "must have no credentials: the account has its own"
            raise InvalidInput(method, "base_url", rule, parts.hostname)
    if not sound or any(char.isspace() or char in "?#\\" for char in base_url):
        rule = "must be an address such as http://127.0.0.1:8080, or None for the marketplace's own"
        raise InvalidInput(method, "base_url", rule, base_url.rpartition("@")[2])
    return base_url.rstrip("/")


def require_known(method: str, argument: str, names: Iterable[str], known: Collection[str]) -> None:
    """Check that names, such as those of buckets and hosts, are known.

    Args:
        method: The operation's name, for the error.
        argument: The argument's name, for the error.
        names: The names to check.
        known: The names that exist.

    Raises:
        InvalidInput: A name is not known.
    """
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InvalidInput(method, argument, f"must be among {sorted(known)}", unknown)
