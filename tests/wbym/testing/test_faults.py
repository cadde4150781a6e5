from __future__ import annotations

import msgspec
import pytest

from wbym.testing import Faults


def test_scripted_fault_hits_the_next_matching_requests_only() -> None:
    faults = Faults()
    faults.next("/message", "drop_after", times=2)
    paths = ["/chats", "/message", "/message", "/message"]
    plans = [set(faults.plan(path)) for path in paths]
    assert plans == [set(), {"drop_after"}, {"drop_after"}, set()]


def test_rates_are_seeded() -> None:
    def draws(seed: int) -> list[int]:
        faults = Faults(error_rate=0.3, broken_json=0.2, seed=seed)
        return [len(faults.plan("/")) for _ in range(500)]

    assert draws(1) == draws(1) != draws(2)
    assert 200 < sum(draws(1)) < 300


def test_next_rejects_an_unknown_kind() -> None:
    with pytest.raises(ValueError, match="unknown fault"):
        Faults().next("/", "fire")  # type: ignore[arg-type]


def test_change_applies_settings_and_a_script_or_nothing() -> None:
    faults = Faults()
    faults.change(b'{"latency":0.5,"error_statuses":[503],"next":[{"path":"/x","kind":"nulls"}]}')
    assert (faults.latency, faults.error_statuses) == (0.5, (503,))
    assert faults.plan("/x") == {"nulls"}
    with pytest.raises(msgspec.ValidationError):
        faults.change(b'{"gzip":false,"latency":"slow"}')
    with pytest.raises(ValueError, match="unknown setting"):
        faults.change(b'{"gzip":false,"speed":1}')
    with pytest.raises(ValueError, match="error_rate is a share of 0 to 1, not 5"):
        faults.change(b'{"gzip":false,"error_rate":5}')
    assert faults.gzip


@pytest.mark.parametrize("share", [5, -0.1, float("nan")])
def test_shares_are_of_0_to_1(share: float) -> None:
    with pytest.raises(ValueError, match="nulls is a share of 0 to 1"):
        Faults(nulls=share)
