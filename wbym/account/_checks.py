"""What is refused for every marketplace alike, before it costs a request."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from wbym.calls import LONE_SURROGATE
from wbym.errors import InvalidInput

__all__ = [
    "require_address",
    "require_among",
    "whole_characters",
]


@contextmanager
def whole_characters(method: str, argument: str) -> Iterator[None]:
    """Refuse what cannot be encoded inside, since a text has half of a surrogate pair.

    Raises:
        InvalidInput: It has.
    """
    try:
        yield
    except UnicodeEncodeError as error:
        raise InvalidInput(method, argument, LONE_SURROGATE, error.object) from error


def require_address(method: str, base_url: str | None) -> str | None:
    """The server's address without a slash at the end; None where none is given.

    Raises:
        InvalidInput: ``base_url`` is empty, or has another scheme than http and https, no host that
            can be looked up, a query, or credentials.
    """
    if base_url is None:
        return None
    try:
        parts = urlsplit(base_url)
        sound = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        (parts.hostname or "").encode("idna")
    except ValueError:  # of a port that is not a number, brackets that do not match, a bad host
        sound = False
    else:
        if "@" in parts.netloc:
            # They would go out beside the account's own, and they must not be shown.
            rule = "must have no credentials: the account has its own"
            raise InvalidInput(method, "base_url", rule, parts.hostname)
    if not sound or any(char.isspace() or char in "?#\\" for char in base_url):
        rule = "must be an address such as http://127.0.0.1:8080, or None for the marketplace's own"
        raise InvalidInput(method, "base_url", rule, base_url.rpartition("@")[2])
    return base_url.rstrip("/")


def require_among(method: str, argument: str, names: Iterable[str], known: Collection[str]) -> None:
    """Refuse names of what there is not, such as buckets and hosts.

    Raises:
        InvalidInput: A name is not known.
    """
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InvalidInput(method, argument, f"must be among {sorted(known)}", unknown)
