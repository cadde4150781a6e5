"""The option ``--state``, and the state that it names."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Final

import anyio
import anyio.to_thread
import typer

from wbym._config import find_state
from wbym._postgres import is_address
from wbym.errors import StateError
from wbym.feed import Store
from wbym.feed._places import StatePlace, hide_password, store_at

__all__ = ["State", "open_state"]

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
        existing: Whether the state must exist: creating an empty one would hide a wrong name.

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
    async with store_at(place, create=not existing) as store:
        yield store
