"""The suite itself: every capability has a probe."""

import pytest

from wbym.account import Capability
from wbym.testing.contract import PROBES


@pytest.mark.parametrize("capability", Capability)
def test_probe_when_a_capability_is_named(capability: Capability) -> None:
    assert capability in PROBES


def test_probes_when_counted() -> None:
    assert PROBES.keys() == set(Capability)
