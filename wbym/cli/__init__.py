"""The command line ``wbym``. Needs the extra ``cli``, which is imported only in `main`."""

import io
import os
import sys

__all__ = ["main"]

_EXTRA = frozenset({"rich", "typer"})


def main() -> None:
    """Run the command line; exit with code 2 and instructions if typer or rich is missing.

    Characters that the output's encoding lacks are printed as question marks on a terminal, which
    have no other width, and as escapes elsewhere.
    """
    is_terminal = sys.stdout.isatty() or os.environ.get("TTY_COMPATIBLE") == "1"
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace" if is_terminal else "backslashreplace")
    try:
        from wbym.cli.app import app

        app()  # loads a command, which needs rich
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in _EXTRA:
            raise
        sys.stderr.write('The command line needs typer and rich: pip install "wbym[cli]"\n')
        sys.exit(2)
