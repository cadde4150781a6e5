"""Tests of sending: at most one effect, and bounds equal to the marketplace's."""

from typing import Literal

import pytest

from wbym.account import Account, Capability
from wbym.domain import Author
from wbym.errors import ChatNotReady, DeliveryUnknown, InvalidInput, StatusError
from wbym.testing import eventually
from wbym.testing._faults import FaultKind
from wbym.testing.contract._base import Contract
from wbym.testing.contract._harness import Harness
from wbym.testing.contract._nouns import states
from wbym.testing.contract._operations import (
    TEXT,
    apply_operation,
    padded,
    prepare,
    sample,
    writable_chat,
)

__all__ = ["BoundsContract", "DeliveryContract"]


class BoundsContract(Contract):
    """Tests that the stated bounds, which the core checks, are not narrower than the marketplace's.

    Values beyond the bounds are rejected by the core, for all marketplaces alike.
    """

    @pytest.mark.parametrize("bound", ["min", "max"])
    async def test_text_when_it_is_at_a_bound(
        self, harness: Harness, shop: Account, text_rule: Capability, bound: Literal["min", "max"]
    ) -> None:
        """The longest and the shortest text are accepted whole."""
        facts = self.account_class.CAPABILITIES[text_rule].facts
        field = "text" if "max_text_length" in facts else "comment"
        _, write = await prepare(shop, text_rule)
        await write("я" * int(facts.get(f"{bound}_{field}_length", 1)))
        assert harness.effects_of(text_rule) == 1

    async def test_file_when_it_has_the_max_size(self, harness: Harness, shop: Account) -> None:
        """A file of the max size is accepted."""
        if not states(shop.capabilities, Capability.SEND_FILES):
            pytest.skip("the marketplace does not accept files")
        size = int(shop.capabilities[Capability.SEND_FILES].facts.get("max_file_size", 100))
        await shop.send(await writable_chat(shop), "", files=[sample("image/png", size)])
        assert harness.effects_of(Capability.SEND_FILES) == 1

    async def test_operation_when_the_id_does_not_exist(
        self, harness: Harness, shop: Account, operation: Capability
    ) -> None:
        """An id that does not exist is rejected, by the marketplace or earlier."""
        if operation not in harness.unknown_ids:
            pytest.skip("the marketplace does not reject unknown ids")
        text = padded(shop.capabilities[operation])
        with pytest.raises((StatusError, InvalidInput)):
            await apply_operation(shop, operation, harness.unknown_ids[operation], text)
        assert harness.effects_of(operation) == 0


class DeliveryContract(Contract):
    """Tests that nothing is sent twice, and that unknown outcomes are reported as such."""

    @pytest.mark.parametrize("fault", ["drop_before", "drop_after", "error_after"])
    async def test_operation_when_its_outcome_is_unknown(
        self, harness: Harness, shop: Account, operation: Capability, fault: FaultKind
    ) -> None:
        """DeliveryUnknown is raised after one request, whether it took effect or not."""
        _, write = await prepare(shop, operation)
        text = padded(shop.capabilities[operation])
        before = harness.requests_to(operation)
        harness.fail_next(operation, fault)
        with pytest.raises(DeliveryUnknown) as caught:
            await write(text)
        assert harness.failed(fault) == 1
        await eventually(lambda: not harness.simulator.stats.in_flight)
        assert harness.requests_to(operation) == before + 1
        assert harness.effects_of(operation) == (0 if fault == "drop_before" else 1)
        error = caught.value
        assert (error.marketplace, error.account) == (shop.marketplace, shop.name)
        assert error.endpoint
        assert not error.retryable

    async def test_message_when_its_outcome_is_checked(
        self, harness: Harness, shop: Account
    ) -> None:
        """The chat shows whether a message was sent."""
        if not states(shop.capabilities, Capability.SEND):
            pytest.skip("the marketplace does not accept messages")
        chat = await writable_chat(shop)
        faults: tuple[FaultKind, ...] = ("drop_before", "drop_after")
        for fault in faults:
            harness.fail_next(Capability.SEND, fault)
            with pytest.raises(DeliveryUnknown):
                await shop.send(chat, f"{TEXT} {fault}")
        messages = await shop.messages(chat).all()
        sent = [m.text for m in messages if m.author is Author.SELLER and m.text]
        assert [text for text in sent if text.startswith(TEXT)] == [f"{TEXT} drop_after"]

    async def test_message_when_the_chat_is_not_listed(
        self, harness: Harness, shop: Account
    ) -> None:
        """A waiting chat accepts a reply, unless it is marked as not writable yet."""
        if not states(shop.capabilities, Capability.CHATS_WAITING):
            pytest.skip("the marketplace does not say which chats wait")
        harness.write_unlisted(TEXT)
        waiting = await shop.chats(waiting_for_seller=True).all()
        for chat in waiting:
            if chat.writable is False:
                with pytest.raises(ChatNotReady):
                    await shop.send(chat, TEXT)
            else:
                await shop.send(chat, TEXT)
        written = [chat for chat in waiting if chat.writable is not False]
        assert written
        assert harness.effects_of(Capability.SEND) == len(written)

    async def test_operation_when_rate_limited(
        self, harness: Harness, shop: Account, operation: Capability
    ) -> None:
        """The wait is handled, the operation succeeds, and the caller does not notice it."""
        _, write = await prepare(shop, operation)
        harness.rate_limit_next(operation, times=2)
        await write(padded(shop.capabilities[operation]))
        assert harness.rate_limits_left == 0
        assert harness.effects_of(operation) == 1
