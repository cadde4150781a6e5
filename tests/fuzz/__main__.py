"""``python -m tests.fuzz --answers 100000 --seed 1``: bad answers, and what they break."""

import argparse
import logging
import sys
import time
from pathlib import Path

from tests.fuzz.case import case_of, run_case
from tests.fuzz.damage import KINDS
from tests.fuzz.run import Report, kind_named, run

SPECS = Path(__file__).parents[3] / "shared" / "specs"


def main() -> int:
    """Run, print, and say whether something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--answers", type=int, default=10_000, help="how many, at least")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--case", type=int, help="run this case alone")
    parser.add_argument("--kind", choices=[str(kind) for kind in KINDS], help="this kind alone")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--specs", type=Path, default=SPECS, help="the published files")
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    folder = given.specs if given.specs.is_dir() else None
    report = Report()
    begin = time.monotonic()
    if given.case is not None:
        case = case_of(given.seed, given.case, kind_named(given.kind) if given.kind else None)
        print(case)  # noqa: T201
        report.add(run_case(case, folder))
    else:
        source = f"the files in {folder}" if folder else "the wire types"
        print(f"answers made from {source}, seed {given.seed}")  # noqa: T201
        run(report, given.seed, given.answers, folder, given.jobs, given.kind)
    print("\n".join(report.lines()))  # noqa: T201
    print(f"{time.monotonic() - begin:.0f} s")  # noqa: T201
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
