"""Failures of the marketplace: what is tried again, and what the caller gets in the end."""

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
from wbym.testing.contract._operations import act, fitting

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
    """Errors map."""

    @pytest.mark.parametrize("fault", _PASSING)
    async def test_reading_when_the_marketplace_fails_once(
        self, harness: Harness, shop: Account, noun: Capability, fault: FaultKind
    ) -> None:
        """It is asked again, and everything is read."""
        expected = [record.ref for record in await read(shop, noun)]
        harness.fail_next(noun, fault)
        assert sorted(record.ref for record in await read(shop, noun)) == sorted(expected)
        assert harness.failed(fault) == 1

    @pytest.mark.parametrize(("fault", "kind"), _LASTING)
    async def test_reading_when_the_marketplace_goes_on_failing(
        self,
        harness: Harness,
        shop: Account,
        noun: Capability,
        fault: FaultKind,
        kind: type[CallError],
    ) -> None:
        """After some attempts the caller learns what happened, where, and that it may pass."""
        harness.fail_next(noun, fault, _MANY)
        with pytest.raises(kind) as caught:
            await read(shop, noun)
        assert 1 < harness.failed(fault) < _MANY
        error = caught.value
        assert error.retryable
        assert (error.marketplace, error.account) == (shop.marketplace, shop.name)
        assert error.endpoint
        assert (error.status is None) is (kind is ConnectionFailed)

    async def test_reading_when_refused_for_a_limit(
        self, harness: Harness, shop: Account, noun: Capability
    ) -> None:
        """It is waited out, and the caller sees nothing of it."""
        expected = [record.ref for record in await read(shop, noun)]
        harness.refuse_next(noun, times=2)
        assert sorted(record.ref for record in await read(shop, noun)) == sorted(expected)
        assert harness.refusals_left == 0

    async def test_reading_when_the_secret_is_revoked(
        self, harness: Harness, noun: Capability
    ) -> None:
        """The credentials are named as the cause, and nothing is tried again."""
        async with harness.revoked() as account:
            with pytest.raises((Unauthorized, Forbidden, CredentialError)) as caught:
                await read(account, noun)
            assert account.name in str(caught.value)
            assert not caught.value.retryable
        assert harness.requests <= 1

    async def test_operation_when_the_marketplace_is_away(
        self, harness: Harness, shop: Account, operation: Capability
    ) -> None:
        """What surely was not sent is tried again, and then said to be not sent."""
        record_id = harness.unknown.get(operation, "1")
        text = fitting(shop.capabilities[operation])
        await harness.simulator.stop()
        with pytest.raises(ConnectionFailed):
            await act(shop, operation, record_id, text)
        assert not harness.requests
