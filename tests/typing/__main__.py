"""How much of each package's types is known, by ``pyright --verifytypes``; less than 99% fails.

``python -m tests.typing --all`` counts the simulators too, and names what is not known.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

PACKAGES: Final = ("wbym", "wbym_wildberries", "wbym_yandex_market")
LEAST: Final = 99.0
"""Percent of the symbols of a package."""
BIN: Final = Path(sys.executable).parent


def main(everything: bool) -> int:
    """Print the figure of each package; 1 if one is too low."""
    scores = [known(package, everything) for package in PACKAGES]
    return int(min(scores) < LEAST)


def known(package: str, everything: bool) -> float:
    """Percent of a package's symbols whose types are known; simulators are run, not imported."""
    found = subprocess.run(
        [BIN / "pyright", "--verifytypes", package, "--ignoreexternal", "--outputjson"],
        env={**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"},
        capture_output=True,
        text=True,
        check=False,  # it is 1 wherever anything is unknown
    )
    symbols = [
        symbol
        for symbol in json.loads(found.stdout)["typeCompleteness"]["symbols"]
        if symbol["isExported"] and (everything or ".simulator." not in symbol["name"])
    ]
    unknown = [
        symbol["name"]
        for symbol in symbols
        if not symbol["isTypeKnown"] or symbol["isTypeAmbiguous"]
    ]
    score = 100 * (1 - len(unknown) / len(symbols))
    print(f"{package}: the types of {score:.1f}% of {len(symbols)} symbols are known")
    if unknown and (everything or score < LEAST):
        print(*(f"  {name}" for name in sorted(unknown)), sep="\n")
    return score


if __name__ == "__main__":
    sys.exit(main("--all" in sys.argv[1:]))
