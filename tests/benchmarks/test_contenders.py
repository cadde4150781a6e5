"""Contenders do the same work: small lists, in this process, each of our ways."""

import asyncio

import pytest

from benchmarks.contenders import by_hand, ours
from benchmarks.contenders.harness import Job, Tally, Way, done
from wbym_wildberries.simulator import make_token
from wbym_wildberries.simulator.server import WildberriesSimulator
from wbym_yandex_market.simulator import make_api_key
from wbym_yandex_market.simulator.server import YandexMarketSimulator
from wbym_yandex_market.simulator.tokens import BUSINESS

LISTS = [
    by_hand.WAYS["pages"],
    by_hand.WAYS["pages ahead"],
    ours.WAYS["wire"],
    ours.WAYS["neutral"],
    ours.WAYS["by default"],
]
MARKET = [
    by_hand.WAYS["market"],
    by_hand.WAYS["market windows"],
    ours.WAYS["market wire"],
    ours.WAYS["market neutral"],
]


async def all_done(ways: list[Way], job: Job) -> list[Tally]:
    return [await done(way, job) for way in ways]


async def test_lists_when_read_by_each() -> None:
    async with WildberriesSimulator(feedbacks=12, open_share=1.0, limits=False) as simulator:
        job = Job("", simulator.url, [make_token()], pages=3, take=5)
        hand, *rest = await all_done(LISTS, job)
    assert hand.records == 12
    assert 12 <= hand.ratings <= 60
    assert {(tally.records, tally.ratings) for tally in rest} == {(12, hand.ratings)}


async def test_lists_when_swept_twice() -> None:
    async with WildberriesSimulator(feedbacks=12, open_share=1.0, limits=False) as simulator:
        job = Job("", simulator.url, [make_token()], pages=3, take=5, sweeps=2)
        for tally in await all_done(LISTS, job):
            assert tally.records == 24
            assert tally.first_mb > 0


async def test_market_when_read_by_each() -> None:
    async with YandexMarketSimulator(feedbacks=12, limits=False) as simulator:
        job = Job("", simulator.url, [make_api_key()], take=5, business=BUSINESS)
        hand, *rest = await all_done(MARKET, job)
    assert hand.records == 12
    assert {(tally.records, tally.ratings) for tally in rest} == {(12, hand.ratings)}


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("way", [by_hand.WAYS["calls"], ours.WAYS["calls"]])
async def test_calls_when_made(way: Way, at_once: bool) -> None:
    async with WildberriesSimulator(limits=False) as simulator:
        job = Job("", simulator.url, [make_token()], calls=7, at_once=at_once)
        tally = await done(way, job)
        # Twenty more calls warm up, and are not counted.
        assert simulator.stats.requests == 27
    assert (tally.records, tally.errors) == (7, 0)


async def test_mixed_with_two_sellers() -> None:
    async with WildberriesSimulator() as simulator:
        tokens = [make_token(sid="one"), make_token(sid="two")]
        job = Job("", simulator.url, tokens, take=10, calls=4, limited=True)
        tally = await done(ours.WAYS["mixed"], job)
        asked = {path: counts.requests for path, counts in simulator.stats.paths.items()}
    assert (tally.records, tally.errors) == (8, 0)
    assert asked == {"GET /api/v1/feedbacks": 4, "GET /api/v1/questions": 4}


@pytest.mark.looptime
async def test_job_when_it_never_ends() -> None:
    async def forever(job: Job, tally: Tally) -> None:
        tally.records = 3
        await asyncio.sleep(1e6)

    tally = await done(forever, Job("", "", [], patience=10))
    assert not tally.finished
    assert tally.records == 3
