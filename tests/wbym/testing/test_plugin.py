"""The pytest plugin, run by pytest in a process of its own."""

import pytest

pytest_plugins = ["pytester"]

STRICT = ("-W", "error", "-o", "asyncio_default_fixture_loop_scope=function")

NO_LOOP = "import asyncio; asyncio.set_event_loop(None)"
"""Otherwise pytest-asyncio looks for a loop to restore, and creates one that nobody closes."""

BOT = """
import asyncio

import pytest
import pytest_asyncio

from wbym import Action, EventKind, Inbox, Noun, ServerError
from wbym.calls import RetryPolicy
from wbym.testing import Reply, eventually
from wbym_wildberries import Wildberries
from wbym_yandex_market import YandexMarket

pytestmark = pytest.mark.wildberries_simulator(feedbacks=2, chats=1)


@pytest_asyncio.fixture
async def shop(wildberries_simulator):
    simulator = wildberries_simulator
    async with Wildberries(simulator.token, base_url=simulator.url) as shop:
        yield shop


@pytest.mark.asyncio
@pytest.mark.yandex_market_simulator(questions=0)
async def test_events_of_both(wildberries_simulator, yandex_market_simulator, tmp_path):
    wb, ym = wildberries_simulator, yandex_market_simulator
    async with Inbox(
        Wildberries(wb.token, name="wb", base_url=wb.url),
        YandexMarket(ym.token, name="ym", base_url=ym.url),
        state=tmp_path / "wbym.db",
    ) as inbox:
        async def answer():
            async for event in inbox.events():
                if event.kind is EventKind.FEEDBACK:
                    await inbox.answer(event.feedback, "Спасибо!", idempotency_key=event.id)

        bot = asyncio.create_task(answer())
        await eventually(lambda: wb.stats.requests > 0 and ym.stats.requests > 0)
        given = wb.buyers.give_feedback("Да"), ym.buyers.give_feedback("Да")
        await eventually(lambda: bool(wb.replies and ym.replies))
        bot.cancel()
    for simulator, id in zip((wb, ym), given, strict=True):
        assert simulator.replies == [Reply(Action.ANSWER, Noun.FEEDBACK, id, "Спасибо!")]


@pytest.mark.asyncio
@pytest.mark.parametrize("time", [1, 2])
async def test_new_for_each_test(shop, wildberries_simulator, time):
    assert len(await shop.feedbacks(answered=None).all()) == 2
    wildberries_simulator.buyers.give_feedback("Да")


@pytest.mark.asyncio
@pytest.mark.wildberries_simulator(feedbacks=40, open_share=1.0)
async def test_limits_are_not_waited_for(shop, wildberries_simulator):
    started = asyncio.get_running_loop().time()
    for feedback in await shop.feedbacks(answered=False).all():
        await shop.answer(feedback, "Спасибо!")
    assert len(wildberries_simulator.replies) == 40
    # 81 calls, of which the limit allows 3 per second.
    assert asyncio.get_running_loop().time() - started < 20


@pytest.mark.asyncio
@pytest.mark.wildberries_simulator(limits=True, limit_scale=1000)
async def test_scaled_limits(shop, wildberries_simulator):
    await asyncio.gather(*(shop.counts() for _ in range(5)))
    assert [one.quota.limit for one in shop.limits() if "feedbacks" in one.key.bucket] == [3000]


@pytest.mark.asyncio(loop_scope="session")
async def test_loop_of_the_session(wildberries_simulator):
    simulator = wildberries_simulator
    async with Wildberries(
        simulator.token, base_url=simulator.url, retry=RetryPolicy(base_delay=0.001)
    ) as shop:
        simulator.faults.next("/feedbacks", "error", times=99)
        with pytest.raises(ServerError):
            await shop.feedbacks().all()


@pytest.mark.anyio
async def test_anyio(wildberries_simulator):
    simulator = wildberries_simulator
    async with Wildberries(simulator.token, base_url=simulator.url) as shop:
        assert await shop.counts()


@pytest.fixture
def address(yandex_market_simulator):
    return yandex_market_simulator.url


@pytest.mark.asyncio
async def test_other_fixture(address):
    assert address.startswith("http://127.0.0.1:")
"""

WRONG = """
import pytest


def test_sync(wildberries_simulator):
    pass


async def test_unmarked(wildberries_simulator):
    pass


@pytest.mark.asyncio
@pytest.mark.wildberries_simulator(feedback=5)
async def test_options(wildberries_simulator):
    pass
"""


def test_fixtures_in_any_order_and_in_workers(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(NO_LOOP)
    pytester.makepyfile(BOT)
    options = ("--numprocesses", "2", "--strict-markers")
    result = pytester.runpytest_subprocess(*STRICT, *options, timeout=200)
    result.assert_outcomes(passed=8)


def test_fixtures_are_listed(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess("--fixtures", timeout=200)
    result.stdout.fnmatch_lines(
        [
            "wildberries_simulator *",
            "*A running simulator of wildberries*",
            "yandex_market_simulator *",
        ]
    )
    result.stdout.no_fnmatch_line("_wildberries*")


def test_misuse_is_told_in_one_line(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(WRONG)
    result = pytester.runpytest_subprocess(*STRICT, timeout=200)
    result.assert_outcomes(errors=3)
    result.stdout.fnmatch_lines_random(
        [
            "*an async test: define it with `async def test_sync`",
            "*an async test: mark the test with pytest.mark.asyncio*",
            "*wildberries_simulator has wrong options: Unexpected keyword argument 'feedback'",
        ]
    )


def test_without_pytest_asyncio(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("async def test_bot(yandex_market_simulator): pass")
    result = pytester.runpytest_subprocess("-p", "no:asyncio", "-W", "error", timeout=200)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*install pytest-asyncio (pip install 'wbym*test*') and mark*"])


def test_switched_off(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_bot(wildberries_simulator): pass")
    result = pytester.runpytest_subprocess("-p", "no:wbym", timeout=200)
    result.stdout.fnmatch_lines(["*fixture 'wildberries_simulator' not found"])


def test_modules_when_no_test_uses_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_modules():
            assert "wbym.testing._plugin" in sys.modules
            loaded = {name.partition(".")[0] for name in sys.modules}
            assert not loaded & {"aiohttp", "msgspec", "wbym_wildberries", "wbym_yandex_market"}
            assert {name for name in sys.modules if name.startswith("wbym.")} <= {
                "wbym._exports", "wbym.testing", "wbym.testing._plugin"
            }
        """
    )
    result = pytester.runpytest_subprocess(timeout=200)
    result.assert_outcomes(passed=1)
