"""The command ``wbym endpoints``."""

from typing import Annotated, Final

import msgspec
import typer

from wbym.account import installed_adapters, load_adapter
from wbym.cli.jsonlines import write_lines
from wbym.cli.options import AsJson
from wbym.cli.tables import Column, show_table, write_row
from wbym.cli.terminal import is_terminal, plain_errors

__all__ = ["endpoints"]

_ON_TERMINAL: Final = (
    Column("name"),
    Column("method"),
    Column("path", gives_way=True),
    Column("limit", gives_way=True),
)
"""The columns that fit on a screen; other forms have all."""


def endpoints(
    marketplace: Annotated[
        str | None,
        typer.Option(
            "--marketplace",
            metavar="NAME",
            help="List only this marketplace's endpoints.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List all endpoints of the SDK with their limits."""
    installed = installed_adapters()
    if marketplace is not None and marketplace not in installed:
        names = ", ".join(installed)
        raise typer.BadParameter(
            f"unknown marketplace {marketplace!r}; installed: {names}",
            param_hint="--marketplace",
        )
    chosen = installed if marketplace is None else [marketplace]
    with plain_errors():
        rows = [row for name in chosen for row in load_adapter(name).catalog()]
        if as_json:
            write_lines(rows)
        elif is_terminal():
            show_table(_ON_TERMINAL, [(row.name, row.method, row.path, row.limit) for row in rows])
        else:
            for row in rows:
                write_row([str(cell) for cell in msgspec.structs.astuple(row)])
