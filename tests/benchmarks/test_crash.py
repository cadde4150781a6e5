from benchmarks.crash import survive


async def test_each_buyer_is_answered_once_although_the_assistant_is_killed() -> None:
    survived = await survive(40, 4, seed=3, chats=8, requests=(20, 90))
    assert survived.kills == 4
    assert survived.dropped > 0
    for outcome in survived.outcomes:
        assert outcome.messages == 40
        assert (outcome.unanswered, outcome.twice, outcome.unasked) == (0, 0, 0)
