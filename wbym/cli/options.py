"""Options shared by several commands."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from wbym._config import AccountSource, choose, find_accounts

__all__ = [
    "AccountName",
    "Config",
    "day_or_moment",
    "last_of_day_or_moment",
    "moment",
    "sources_of",
]


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
