"""Tests of an account's lifetime and cancellation: no leaks, and no secret is shown."""

import asyncio
import gc
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType

import aiohttp
import pytest

from wbym.account import Account, Capability
from wbym.errors import AccountNotOpen, CredentialError, InvalidToken, StatusError, WbymError
from wbym.testing import eventually
from wbym.testing.contract._base import Contract
from wbym.testing.contract._harness import Harness
from wbym.testing.contract._nouns import NOUNS, listings, read, states
from wbym.testing.contract._operations import OPERATIONS, padded, prepare

__all__ = ["LifetimeContract", "SecretContract"]


class LifetimeContract(Contract):
    """Tests of tasks, sessions and buckets."""

    async def test_reading_when_cancelled(
        self, harness: Harness, shop: Account, noun: Capability
    ) -> None:
        """No task and no slot of the limits leaks, and the account still works."""
        expected = len(await read(shop, noun))
        before = _tasks()
        harness.simulator.faults.latency = 0.05
        reader = asyncio.create_task(read(shop, noun))
        await eventually(lambda: harness.simulator.stats.in_flight > 0)
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        assert await _left_behind(before) == set()
        harness.simulator.faults.latency = 0.0
        assert not any(bucket.waiting or bucket.in_flight for bucket in shop.limits())
        assert len(await read(shop, noun)) == expected

    @pytest.mark.parametrize("prefetch", [None, 3])
    async def test_reading_when_left_early(
        self, crowded: Harness, noun: Capability, prefetch: int | None
    ) -> None:
        """Prefetched pages are abandoned."""
        async with crowded.account() as shop:
            before = _tasks()
            listing = (await listings(shop, noun, prefetch=prefetch))[0]
            crowded.simulator.faults.latency = 0.05
            async for _ in listing:
                break
            assert await _left_behind(before) == set()
            await eventually(lambda: not crowded.simulator.stats.in_flight)
            requests = crowded.requests
            await asyncio.sleep(0.01)
            assert crowded.requests == requests

    async def test_operation_when_cancelled(
        self, harness: Harness, shop: Account, operation: Capability
    ) -> None:
        """The operation had at most one effect, no task leaks, and the account still works."""
        _, write = await prepare(shop, operation)
        before = _tasks()
        harness.simulator.faults.latency = 0.05
        writer = asyncio.ensure_future(write(padded(shop.capabilities[operation])))
        await eventually(lambda: harness.simulator.stats.in_flight > 0)
        writer.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writer
        assert await _left_behind(before) == set()
        await eventually(lambda: not harness.simulator.stats.in_flight)
        harness.simulator.faults.latency = 0.0
        assert harness.effects_of(operation) <= 1
        assert not any(bucket.waiting or bucket.in_flight for bucket in shop.limits())
        await shop.counts()

    async def test_account_when_closed(self, harness: Harness, any_noun: Capability) -> None:
        """The account closes its session, and makes no more requests."""
        before = _open_sessions()
        async with harness.account() as account:
            await read(account, any_noun)
            assert _open_sessions() > before
        assert _open_sessions() == before
        requests = harness.requests
        with pytest.raises(AccountNotOpen):
            await read(account, any_noun)
        assert harness.requests == requests
        await account.aclose()

    async def test_account_when_its_session_is_borrowed(
        self, harness: Harness, any_noun: Capability
    ) -> None:
        """A borrowed session is used, and left open."""
        async with aiohttp.ClientSession() as session:
            before = _open_sessions()
            async with harness.account(session=session) as account:
                await read(account, any_noun)
                assert _open_sessions() == before
            assert not session.closed

    async def test_limits_when_two_accounts_have_one_seller(
        self, harness: Harness, noun: Capability
    ) -> None:
        """They share buckets, since the marketplace counts per seller."""
        async with harness.account(name="one") as one, harness.account(name="two") as two:
            await read(one, noun)
            before = {bucket.key: bucket.calls for bucket in one.limits()}
            assert before
            await read(two, noun)
            after = {bucket.key: bucket.calls for bucket in two.limits()}
            assert after == {bucket.key: bucket.calls for bucket in one.limits()}
            assert after.keys() == before.keys()
            assert sum(after.values()) > sum(before.values())


class SecretContract(Contract):
    """Tests that secrets stay secret."""

    @pytest.mark.parametrize("secret", ["", "  "])
    async def test_account_when_the_secret_is_empty(self, secret: str) -> None:
        """An empty environment variable is rejected at once."""
        with pytest.raises(InvalidToken):
            self.account_class.from_secrets({"secret": [secret]}, name="shop")

    async def test_secrets_are_never_shown(
        self, harness: Harness, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A secret is in no repr, no error, no log, and no variable of ours in a traceback."""
        assert harness.secrets
        caplog.set_level(0)
        harness.simulator.faults.error_body = "html"  # an error without the marketplace's text
        shown = []
        async with harness.account() as account, harness.revoked() as revoked:
            shown += [repr(account), str(account), repr(revoked), repr(account.credentials())]
            for noun in NOUNS:
                if states(account.capabilities, noun):
                    harness.fail_next(noun, "error")
                    shown += [repr((record, record.raw)) for record in await read(account, noun)]
                    with pytest.raises((StatusError, CredentialError)) as rejected:
                        await read(revoked, noun)
                    shown += _shown(rejected.value)
            for operation in OPERATIONS:
                if states(account.capabilities, operation):
                    _, write = await prepare(account, operation)
                    harness.fail_next(operation, "drop_after")
                    with pytest.raises(WbymError) as lost:
                        await write(padded(account.capabilities[operation]))
                    shown += _shown(lost.value)
            shown.append(repr(account.limits()))
        shown.append(caplog.text)
        for secret in harness.secrets:
            assert not [text for text in shown if secret in text]


def _shown(error: BaseException | None) -> Iterator[str]:
    while error is not None:
        yield from (str(error), repr(error), repr(vars(error)))
        yield from _locals(error.__traceback__)
        error = error.__cause__


def _locals(tb: TracebackType | None) -> Iterator[str]:
    while tb is not None:
        module = str(tb.tb_frame.f_globals.get("__name__", ""))
        if module.startswith("wbym") and not module.startswith("wbym.testing"):
            for value in tb.tb_frame.f_locals.values():
                with suppress(Exception):
                    yield repr(value)
        tb = tb.tb_next


def _tasks() -> set[asyncio.Task[object]]:
    """The running tasks, without aiohttp's own of the simulator."""
    return {task for task in asyncio.all_tasks() if not _is_aiohttps(task)}


async def _left_behind(before: set[asyncio.Task[object]]) -> set[asyncio.Task[object]]:
    """New tasks that have not ended at once, well before the simulator's response ends them."""
    for _ in range(50):
        await asyncio.sleep(0)
    return _tasks() - before


def _is_aiohttps(task: asyncio.Task[object]) -> bool:
    code = getattr(task.get_coro(), "cr_code", None)
    return code is not None and "aiohttp" in code.co_filename


def _open_sessions() -> int:
    gc.collect()
    return sum(
        isinstance(item, aiohttp.ClientSession) and not item.closed for item in gc.get_objects()
    )
