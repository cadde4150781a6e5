"""Options shared by several commands."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import anyio
import anyio.to_thread
import typer

from wbym._config import AccountSource, choose, find_accounts, find_state
from wbym._postgres import is_address
from wbym.errors import StateError
from wbym.feed import Store
from wbym.feed._places import StatePlace, hide_password, store_at

__all__ = [
    "AccountName",
    "Config",
    "State",
    "day_or_moment",
    "last_of_day_or_moment",
    "moment",
    "open_state",
    "sources_of",
]

State = Annotated[
    str | None,
    typer.Option(
        "--state",
        metavar="FILE|URL",
        help="State of the feed and the outbox: a file, or postgresql://user@host/database. "
        "Default: [shared] state of wbym.toml, or wbym.db.",
        show_default=False,
    ),
]
_STATE_FILE: Final = Path("wbym.db")


@asynccontextmanager
async def open_state(
    given: str | None, config: Path | None = None, *, existing: bool = False
) -> AsyncIterator[Store]:
    """Open the state that ``--state`` or the configuration names.

    Args:
        given: The value of ``--state``.
        config: The value of ``--config``.
        existing: Whether a file must exist: creating an empty one would hide a wrong name.

    Raises:
        ConfigError: The configuration is invalid.
        StateError: The state cannot be used, or does not exist.
    """
    place: StatePlace = _STATE_FILE
    if given is not None:
        place = hide_password(given)
    elif (found := await anyio.to_thread.run_sync(find_state, config)) is not None:
        place = found
    if existing and not is_address(place) and not await anyio.Path(place).is_file():
        raise StateError(place, "the file does not exist; name the service's state with --state")
    async with store_at(place) as store:
        yield store


def moment(text: str) -> datetime:
    """Parse an ISO time with a time zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not an ISO time; write it as 2026-01-31T00:00:00+03:00"
        ) from None
    if found.tzinfo is None:
        raise typer.BadParameter(
            f"{text!r} has no time zone; add it, as in {found.isoformat()}+03:00 or "
            f"{found.isoformat()}Z"
        )
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise typer.BadParameter(f"{text!r} is not a valid time in UTC") from None


def day_or_moment(text: str) -> datetime:
    """Parse a date as the first moment of the day in UTC, or an ISO time with a time zone."""
    day = _day(text)
    return _of_our_time(text, moment(text) if day is None else day)


def last_of_day_or_moment(text: str) -> datetime:
    """Parse a date as the last moment of the day in UTC, or an ISO time with a time zone."""
    day = _day(text)
    if day is None:
        return _of_our_time(text, moment(text))
    return _of_our_time(text, day.replace(hour=23, minute=59, second=59, microsecond=999_999))


def _of_our_time(text: str, found: datetime) -> datetime:
    # Year 24 instead of 2024 would be two thousand years, on some marketplaces month by month.
    if found.year < 2000:
        raise typer.BadParameter(
            f"{text!r} is before the year 2000, which is before any marketplace"
        )
    return found


def _day(text: str) -> datetime | None:
    if len(text) != len("2026-01-31"):
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None


def sources_of(config: Path | None, account: str | None) -> list[AccountSource]:
    """The accounts that a command uses.

    Raises:
        ConfigError: There are no accounts, or the configuration is invalid.
    """
    return choose(find_accounts(config), account)


Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        envvar="WBYM_CONFIG",
        metavar="PATH",
        help="TOML file with the accounts. Default: wbym.toml, if it exists.",
        show_default=False,
    ),
]
AccountName = Annotated[
    str | None, typer.Option("--account", metavar="NAME", help="Use only this account.")
]
