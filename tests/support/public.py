"""The public packages, and the list of the names that they export.

After a deliberate change, ``python -m tests.support.public`` writes ``tests/public_names.txt``.
"""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Final

CORE: Final = (
    "wbym",
    "wbym.domain",
    "wbym.errors",
    "wbym.account",
    "wbym.inbox",
    "wbym.calls",
    "wbym.limits",
    "wbym.paging",
    "wbym.feed",
    "wbym.bulk",
    "wbym.export",
    "wbym.testing",
)
ADAPTERS: Final = (
    "wbym_wildberries",
    "wbym_wildberries.api",
    "wbym_yandex_market",
    "wbym_yandex_market.api",
)
LIST: Final = Path(__file__).parents[1] / "public_names.txt"


def names() -> Iterator[str]:
    """Every exported name, with its package."""
    for package in (*CORE, *ADAPTERS):
        for name in sorted(import_module(package).__all__):
            yield f"{package}.{name}"


if __name__ == "__main__":
    LIST.write_text("".join(f"{name}\n" for name in names()), "utf-8")
