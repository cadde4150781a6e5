import pytest

from benchmarks.restarts import SERVERS, restart


@pytest.mark.server
@pytest.mark.parametrize("server", SERVERS)
async def test_limits_hold_and_buyers_are_answered_once_across_a_restart(server: str) -> None:
    restarted = await restart(server, 1, seed=1)
    assert max(restarted.refused) <= 1
    assert restarted.failed == 0
    assert restarted.calls > 20
    for outcome in restarted.outcomes:
        assert outcome.messages > 3
        assert (outcome.unanswered, outcome.twice, outcome.unasked) == (0, 0, 0)
