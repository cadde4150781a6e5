"""Tests of the marketplace's failures: retries, and the errors for the caller."""

import pytest

from wbym.account import Account, Capability
from wbym.errors import (
    CallError,
    ConnectionFailed,
    CredentialError,
    Forbidden,
    ServerError,
    Unauthorized,
    UnreadableReply,
)
from wbym.testing._faults import FaultKind
from wbym.testing.contract._base import Contract
from wbym.testing.contract._harness import Harness
from wbym.testing.contract._nouns import read
from wbym.testing.contract._operations import apply_operation, padded

__all__ = ["TroubleContract"]

_PASSING: tuple[FaultKind, ...] = (
    "error",
    "error_after",
    "drop_before",
    "drop_after",
    "broken_json",
    "html_instead_of_json",
    "empty_body",
)
_LASTING: tuple[tuple[FaultKind, type[CallError]], ...] = (
    ("error", ServerError),
    ("drop_before", ConnectionFailed),
    ("broken_json", UnreadableReply),
    ("html_instead_of_json", UnreadableReply),
    ("empty_body", UnreadableReply),
)
_MANY = 1000


class TroubleContract(Contract):
    """Tests of retries and errors."""

    @pytest.mark.parametrize("fault", _PASSING)
    async def test_reading_when_the_marketplace_fails_once(
        self, harness: Harness, shop: Account, noun: Capability, fault: FaultKind
    ) -> None:
        """The request is retried, and everything is read."""
        expected = [record.ref for record in await read(shop, noun)]
        harness.fail_next(noun, fault)
        assert sorted(record.ref for record in await read(shop, noun)) == sorted(expected)
        assert harness.failed(fault) == 1

    @pytest.mark.parametrize(("fault", "kind"), _LASTING)
    async def test_reading_when_the_marketplace_keeps_failing(
        self,
        harness: Harness,
        shop: Account,
        noun: Capability,
        fault: FaultKind,
        kind: type[CallError],
    ) -> None:
        """After some attempts the error names the failure and its place, and is retryable."""
        harness.fail_next(noun, fault, _MANY)
        with pytest.raises(kind) as caught:
            await read(shop, noun)
        assert 1 < harness.failed(fault) < _MANY
        error = caught.value
        assert error.retryable
        assert (error.marketplace, error.account) == (shop.marketplace, shop.name)
        assert error.endpoint
        assert (error.status is None) is (kind is ConnectionFailed)

    async def test_reading_when_rate_limited(
        self, harness: Harness, shop: Account, noun: Capability
    ) -> None:
        """The wait is handled, and the caller does not notice it."""
        expected = [record.ref for record in await read(shop, noun)]
        harness.rate_limit_next(noun, times=2)
        assert sorted(record.ref for record in await read(shop, noun)) == sorted(expected)
        assert harness.rate_limits_left == 0

    async def test_reading_when_the_secret_is_revoked(
        self, harness: Harness, noun: Capability
    ) -> None:
        """The error names the credentials as the cause, and nothing is retried."""
        async with harness.revoked() as account:
            with pytest.raises((Unauthorized, Forbidden, CredentialError)) as caught:
                await read(account, noun)
            assert account.name in str(caught.value)
            assert not caught.value.retryable
        assert harness.requests <= 1

    async def test_operation_when_the_marketplace_is_unreachable(
        self, harness: Harness, shop: Account, operation: Capability
    ) -> None:
        """A request that was definitely not sent is retried, and then reported as not sent."""
        record_id = harness.unknown_ids.get(operation, "1")
        text = padded(shop.capabilities[operation])
        await harness.simulator.stop()
        with pytest.raises(ConnectionFailed):
            await apply_operation(shop, operation, record_id, text)
        assert not harness.requests
