"""What is refused for every marketplace alike, before it costs a request."""

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Final, TypeAlias
from urllib.parse import urlsplit

from wbym.calls import (
    HALF_A_CHARACTER,
    Count,
    Each,
    FileType,
    Length,
    MaxSize,
    NotEmpty,
    Range,
    Upload,
    require,
)
from wbym.errors import InvalidInput

__all__ = [
    "require_address",
    "require_among",
    "require_files",
    "require_period",
    "require_ratings",
    "require_text",
    "require_visible",
    "whole_characters",
]

Facts: TypeAlias = Mapping[str, str | int | float | bool]

_VISIBLE: Final = Annotated[str, NotEmpty()]
_RATINGS: Final = Annotated[Collection[Annotated[int, Range(1, 5)]], Count(1)]


def require_period(method: str, since: datetime | None, until: datetime | None) -> None:
    """Refuse times without a zone, and a period that ends before it begins.

    Raises:
        InvalidInput: It is so, or a time is not a datetime.
    """
    for argument, moment in (("since", since), ("until", until)):
        require(method, argument, moment, datetime | None)
    if since is not None and until is not None and since > until:
        raise InvalidInput(method, "since", "must not be after until", since)


def require_ratings(method: str, ratings: Collection[int]) -> frozenset[int]:
    """The ratings that are wanted.

    Raises:
        InvalidInput: There is none, or one is not from 1 to 5.
    """
    require(method, "rating", ratings, _RATINGS)
    return frozenset(ratings)


def require_text(method: str, argument: str, text: str, facts: Facts, what: str = "text") -> None:
    """Refuse a text that shows nothing, or breaks the bounds of a capability.

    Args:
        method: The method's name, for errors.
        argument: The argument's name, for errors.
        text: The text.
        facts: The capability's; ``min_text_length`` and ``max_text_length`` bound the text.
        what: ``comment`` for ``min_comment_length`` and ``max_comment_length``.

    Raises:
        InvalidInput: It does.
    """
    require(method, argument, text, _VISIBLE)
    lowest, highest = facts.get(f"min_{what}_length", 0), facts.get(f"max_{what}_length")
    bounds = Length(int(lowest), sys.maxsize if highest is None else int(highest))
    if (rule := bounds.broken(text)) is not None:
        raise InvalidInput(method, argument, rule, text)


def require_files(method: str, files: Sequence[Upload], facts: Facts) -> None:
    """Refuse files that break the bounds of ``send.files``.

    Args:
        method: The method's name, for errors.
        files: The files.
        facts: ``max_files``, ``max_file_size`` and ``max_total_size`` in bytes, and ``file_types``
            with spaces between; what is not stated is not bounded.

    Raises:
        InvalidInput: They do, or one is not an ``Upload``.
    """
    require(method, "files", files, Sequence[Upload])
    marks: list[object] = []
    if (max_files := facts.get("max_files")) is not None:
        marks.append(Count(0, int(max_files)))
    if (file_types := facts.get("file_types")) is not None:
        marks.append(Each(FileType(tuple(str(file_types).split()))))
    if (max_file_size := facts.get("max_file_size")) is not None:
        marks.append(Each(MaxSize(int(max_file_size))))
    if (max_total_size := facts.get("max_total_size")) is not None:
        marks.append(MaxSize(int(max_total_size)))
    if marks:
        require(method, "files", files, Annotated[(Sequence[Upload], *marks)])


def require_visible(method: str, argument: str, text: str) -> None:
    """Refuse a text that shows nothing: it is empty, or all spaces and zero-width characters.

    Raises:
        InvalidInput: ``text`` has no visible character, or half of one.
    """
    require(method, argument, text, _VISIBLE)


@contextmanager
def whole_characters(method: str, argument: str) -> Iterator[None]:
    """Refuse what cannot be encoded inside, since a text has half of a surrogate pair.

    Raises:
        InvalidInput: It has.
    """
    try:
        yield
    except UnicodeEncodeError as error:
        raise InvalidInput(method, argument, HALF_A_CHARACTER, error.object) from error


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
