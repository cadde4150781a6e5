"""Fixtures of every test: blocking calls in the loop fail, published files are found if present."""

import asyncio
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter  # public since pytest 9
from blockbuster import BlockBuster, blockbuster_ctx
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

from wbym.limits import _scheduler

# Each run has the same examples; `make fuzz` tries new ones, with --hypothesis-profile=fuzz.
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

# Otherwise pytest-asyncio looks for a loop to restore, and creates one that nobody closes.
asyncio.set_event_loop(None)

PUBLISHED = Path(__file__).parents[2] / "shared"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    # More than cores: half of the time a test waits for a limit, a process or a server.
    return max(2, 3 * (os.cpu_count() or 1) // 2)


def pytest_sessionstart() -> None:
    if settings().derandomize:
        # Hypothesis also draws constants from the modules imported so far: examples would depend on
        # which tests ran before, and on every edit.
        pytest.MonkeyPatch().setattr(providers, "_get_local_constants", _no_constants)


def _no_constants() -> Constants:
    return Constants()


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    # pytest's own -rs prints a line per place that skips.
    reasons = Counter(
        report.longrepr[2].removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
    )
    for reason, count in reasons.items():
        terminalreporter.write_line(f"{count} skipped: {reason}")


@pytest.fixture(autouse=True)
def _no_limits_of_earlier_tests() -> None:
    _scheduler._process.clear()


@pytest.fixture(autouse=True)
def _no_blocking_calls() -> Iterator[BlockBuster]:
    with blockbuster_ctx(scanned_modules=["wbym", "wbym_wildberries", "wbym_yandex_market"]) as it:
        for name, allowed in it.functions.items():
            # It looks for the user's password file and certificates.
            allowed.can_block_in("asyncpg/connect_utils.py", {"_parse_connect_arguments"})
            # It reads its own version once per connection.
            allowed.can_block_in("redis/utils.py", {"get_lib_version"})
            if name.startswith("sqlite3."):
                # A database in memory runs in the loop; a file's runs in a thread.
                allowed.can_block_in("wbym/_sqlite.py", {"_do"})
                allowed.can_block_in("wbym/feed/_memory.py", {"__init__"})
        yield it


@pytest.fixture(scope="session")
def published() -> Path:
    """The folder of the marketplaces' published documents, next to the project."""
    if not (PUBLISHED / "specs").is_dir():
        pytest.skip(f"the published documents are not at ../{PUBLISHED.name}/specs")
    return PUBLISHED
