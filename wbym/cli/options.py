"""Options shared by several commands."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from wbym._config import AccountSource, choose, find_accounts
from wbym.cli.terminal import clean
from wbym.domain import Ref
from wbym.errors import RefError

__all__ = [
    "AccountName",
    "AsJson",
    "Config",
    "RecordRef",
    "Since",
    "Until",
    "day_or_moment",
    "last_of_day_or_moment",
    "parse_ref",
    "sources_of",
]

_UNITS: Final = {"d": "days", "h": "hours", "m": "minutes"}


def parse_ref(text: str | Ref) -> Ref:
    """Parse a ref, as commands print it."""
    try:
        return text if isinstance(text, Ref) else Ref.parse(text)
    except RefError as error:
        raise typer.BadParameter(
            f"{clean(str(text))!r} is not a ref: it {error.rule}; copy one from a list, such as "
            "wbym feedbacks"
        ) from None


def day_or_moment(text: str) -> datetime:
    """Parse a start: a date, whose first moment in UTC it is, a time, or a duration before now."""
    day = _day(text)
    return _moment(text) if day is None else _of_our_time(text, day)


def last_of_day_or_moment(text: str) -> datetime:
    """Parse an end: a date, whose last moment in UTC it is, a time, or a duration before now."""
    day = _day(text)
    if day is None:
        return _moment(text)
    return _of_our_time(text, day.replace(hour=23, minute=59, second=59, microsecond=999_999))


def _moment(text: str) -> datetime:
    ago = re.fullmatch(r"(\d{1,6})([dhm])", text)
    if ago is not None:
        length = timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        try:
            return _of_our_time(text, datetime.now(UTC) - length)
        except OverflowError:
            return _of_our_time(text, datetime.min.replace(tzinfo=UTC))
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not a date such as 2026-01-31, a time such as 2026-01-31T12:00+03:00, or "
            "a duration before now such as 7d, 12h or 30m"
        ) from None
    if found.tzinfo is None:
        raise typer.BadParameter(
            f"{text!r} has no time zone; add it, as in {text}+03:00 or {text}Z"
        )
    try:
        return _of_our_time(text, found.astimezone(UTC))
    except OverflowError:
        raise typer.BadParameter(f"{text!r} is not a valid time in UTC") from None


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
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object per line, in UTF-8.")]
RecordRef = Annotated[
    Ref,
    typer.Argument(
        parser=parse_ref,
        metavar="REF",
        help="The ref of a record, as other commands print it: marketplace/account/noun/id.",
        show_default=False,
    ),
]
Since = Annotated[
    datetime | None,
    typer.Option(
        "--since",
        parser=day_or_moment,
        metavar="TIME",
        help="Start: a date, which begins at 00:00 UTC; a time with a time zone, such as "
        "2026-01-31T12:00+03:00; or a duration before now, such as 7d, 12h or 30m.",
        show_default=False,
    ),
]
Until = Annotated[
    datetime | None,
    typer.Option(
        "--until",
        parser=last_of_day_or_moment,
        metavar="TIME",
        help="End, inclusive: a date, which ends at 24:00 UTC, or as for --since.",
        show_default=False,
    ),
]
