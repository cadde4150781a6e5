"""``python -m tests.drift ../shared/specs``: changes in the marketplaces' published files."""

import argparse
import sys
from pathlib import Path

from tests.drift.report import compare, printed


def main() -> int:
    """Print the report; 0 if all differences are known."""
    parser = argparse.ArgumentParser(prog="python -m tests.drift", description=__doc__)
    parser.add_argument("folder", type=Path, help="with wildberries/, yandex-market/, coverage.tsv")
    folder = parser.parse_args().folder
    try:
        report = compare(folder)
    except FileNotFoundError as error:
        print(f"tests.drift: {error}", file=sys.stderr)  # noqa: T201
        return 2
    sys.stdout.write(printed(report))
    return 0 if report.clean else 1


if __name__ == "__main__":
    sys.exit(main())
