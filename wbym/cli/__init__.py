"""The command line ``wbym``. Needs the extra ``cli``, which is imported only in `main`."""

import sys

__all__ = ["main"]

_EXTRA = frozenset({"rich", "typer"})


def main() -> None:
    """Run the command line; exit with code 2 and instructions if typer or rich is missing."""
    try:
        from wbym.cli.app import app
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in _EXTRA:
            raise
        sys.stderr.write('The command line needs typer and rich: pip install "wbym[cli]"\n')
        sys.exit(2)
    app()
