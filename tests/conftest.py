"""What holds in every test: no blocking call in the loop, published files if they are there."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from blockbuster import BlockBuster, blockbuster_ctx
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

# The same examples in each run; `make fuzz` looks for new ones, with --hypothesis-profile=fuzz.
settings.register_profile(
    "wbym",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=60,
    derandomize=True,
)
settings.register_profile(
    "fuzz",
    settings.get_profile("wbym"),
    max_examples=600,
    derandomize=False,
    print_blob=True,
)
settings.load_profile("wbym")

# Else pytest-asyncio, looking for a loop to put back, makes one that nobody closes.
asyncio.set_event_loop(None)

PUBLISHED = Path(__file__).parents[2] / "shared"


def pytest_sessionstart() -> None:
    if settings().derandomize:
        # Hypothesis mixes in what stands in the sources imported so far: with the seed alone, an
        # example would depend on which tests ran before, and on every edit.
        pytest.MonkeyPatch().setattr(providers, "_get_local_constants", _no_constants)


def _no_constants() -> Constants:
    return Constants()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    # pytest's own -rs has a line for each place that skips.
    reasons = Counter(
        report.longrepr[2].removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
    )
    for reason, count in reasons.items():
        terminalreporter.write_line(f"{count} skipped: {reason}")


@pytest.fixture(autouse=True)
def _no_blocking_calls() -> Iterator[BlockBuster]:
    with blockbuster_ctx(scanned_modules=["wbym", "wbym_wildberries", "wbym_yandex_market"]) as it:
        for name, allowed in it.functions.items():
            if name.startswith("sqlite3."):
                # What a database in memory does in the loop; of a file, this is done in a thread.
                allowed.can_block_in("wbym/_sqlite.py", {"_do"})
                allowed.can_block_in("wbym/feed/_memory.py", {"__init__"})
        yield it


@pytest.fixture(scope="session")
def published() -> Path:
    """The folder of the marketplaces' published documents, beside the project."""
    if not (PUBLISHED / "specs").is_dir():
        pytest.skip(f"the published documents are not at ../{PUBLISHED.name}/specs")
    return PUBLISHED
