"""What holds in every test: no blocking call in the loop, published files if they are there."""

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from blockbuster import BlockBuster, blockbuster_ctx
from hypothesis import HealthCheck, settings

settings.register_profile(
    "wbym", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60
)
settings.load_profile("wbym")

# In debug mode it warns of what took long, which on a busy machine anything does.
logging.getLogger("asyncio").setLevel(logging.ERROR)

# Else pytest-asyncio, looking for a loop to put back, makes one that nobody closes.
asyncio.set_event_loop(None)

PUBLISHED = Path(__file__).parents[2] / "shared"


@pytest.fixture(autouse=True)
def _no_blocking_calls() -> Iterator[BlockBuster]:
    with blockbuster_ctx(scanned_modules=["wbym", "wbym_wildberries", "wbym_yandex_market"]) as it:
        yield it


@pytest.fixture(scope="session")
def published() -> Path:
    """The folder of the marketplaces' published documents, beside the project."""
    if not (PUBLISHED / "specs").is_dir():
        pytest.skip(f"the published documents are not at {PUBLISHED.name}/specs")
    return PUBLISHED
