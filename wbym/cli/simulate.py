"""The command ``wbym simulate``."""

import runpy
import sys
from importlib.metadata import entry_points
from typing import Annotated

import typer

from wbym.cli.terminal import plain_errors

__all__ = ["simulate", "simulators"]


def simulators() -> dict[str, str]:
    """The modules of the installed simulators, by marketplace."""
    return {point.name: point.module for point in entry_points(group="wbym.simulators")}


def simulate(
    context: typer.Context,
    marketplace: Annotated[str, typer.Argument(help="The marketplace, such as wildberries.")],
) -> None:
    """Run a marketplace's simulator until Ctrl-C.

    On a terminal it prints its address, a token, and a line to paste into another terminal, in
    which wbym then uses the simulator; elsewhere, and with --json, one line of JSON.

    Arguments after MARKETPLACE are the simulator's: wbym simulate wildberries --help lists its
    options and faults.
    """
    known = simulators()
    if marketplace not in known:
        names = ", ".join(sorted(known)) or "none"
        raise typer.BadParameter(f"{marketplace!r} has no simulator; installed: {names}")
    module = known[marketplace]
    with plain_errors():
        sys.argv = [f"wbym simulate {marketplace}", *context.args]
        runpy.run_module(module, run_name="__main__")
