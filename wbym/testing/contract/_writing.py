"""What is sent is sent once, and the bounds that are stated are the marketplace's."""

from typing import Literal

import pytest

from wbym.account import Account, Capability
from wbym.domain import Author
from wbym.errors import ChatNotReady, DeliveryUnknown, InvalidInput, StatusError
from wbym.testing._faults import FaultKind
from wbym.testing.contract._base import Contract, eventually
from wbym.testing.contract._harness import Harness
from wbym.testing.contract._nouns import states
from wbym.testing.contract._operations import (
    TEXT,
    act,
    fitting,
    prepare,
    sample,
    writable_chat,
)

__all__ = ["BoundsContract", "DeliveryContract"]


class BoundsContract(Contract):
    """The bounds in the facts, by which the core checks, are not narrower than the marketplace's.

    What is beyond them is refused by the core, for all marketplaces alike.
    """

    @pytest.mark.parametrize("bound", ["min", "max"])
    async def test_text_when_it_is_at_a_bound(
        self, harness: Harness, shop: Account, text_rule: Capability, bound: Literal["min", "max"]
    ) -> None:
        """The longest and the shortest text pass, whole."""
        facts = self.account_class.CAPABILITIES[text_rule].facts
        what = "text" if "max_text_length" in facts else "comment"
        _, write = await prepare(shop, text_rule)
        await write("я" * int(facts.get(f"{bound}_{what}_length", 1)))
        assert harness.done(text_rule) == 1

    async def test_file_when_it_is_as_big_as_allowed(self, harness: Harness, shop: Account) -> None:
        """A file of the most bytes passes."""
        if not states(shop.capabilities, Capability.SEND_FILES):
            pytest.skip("the marketplace takes no files")
        size = int(shop.capabilities[Capability.SEND_FILES].facts.get("max_file_size", 100))
        await shop.send(await writable_chat(shop), "", files=[sample("image/png", size)])
        assert harness.done(Capability.SEND_FILES) == 1

    async def test_object_when_there_is_none(
        self, harness: Harness, shop: Account, operation: Capability
    ) -> None:
        """An id of nothing is refused, by the marketplace or before."""
        if operation not in harness.unknown:
            pytest.skip("the marketplace does not say that there is nothing of this id")
        text = fitting(shop.capabilities[operation])
        with pytest.raises((StatusError, InvalidInput)):
            await act(shop, operation, harness.unknown[operation], text)
        assert harness.done(operation) == 0


class DeliveryContract(Contract):
    """Nothing is done twice, and nothing is claimed that is not known."""

    @pytest.mark.parametrize("fault", ["drop_before", "drop_after", "error_after"])
    async def test_operation_when_its_fate_is_unknown(
        self, harness: Harness, shop: Account, operation: Capability, fault: FaultKind
    ) -> None:
        """DeliveryUnknown, and one request only, whether it took effect or not."""
        _, write = await prepare(shop, operation)
        text = fitting(shop.capabilities[operation])
        before = harness.asked(operation)
        harness.fail_next(operation, fault)
        with pytest.raises(DeliveryUnknown) as caught:
            await write(text)
        assert harness.failed(fault) == 1
        await eventually(lambda: not harness.simulator.stats.in_flight)
        assert harness.asked(operation) == before + 1
        assert harness.done(operation) == (0 if fault == "drop_before" else 1)
        error = caught.value
        assert (error.marketplace, error.account) == (shop.marketplace, shop.name)
        assert error.endpoint
        assert not error.retryable

    async def test_message_when_it_is_looked_for(self, harness: Harness, shop: Account) -> None:
        """What became of a message is seen in its chat."""
        if not states(shop.capabilities, Capability.SEND):
            pytest.skip("the marketplace takes no messages")
        chat = await writable_chat(shop)
        faults: tuple[FaultKind, ...] = ("drop_before", "drop_after")
        for fault in faults:
            harness.fail_next(Capability.SEND, fault)
            with pytest.raises(DeliveryUnknown):
                await shop.send(chat, f"{TEXT} {fault}")
        messages = await shop.messages(chat).all()
        said = [m.text for m in messages if m.author is Author.SELLER and m.text]
        assert [text for text in said if text.startswith(TEXT)] == [f"{TEXT} drop_after"]

    async def test_message_when_the_chat_is_hardly_known(
        self, harness: Harness, shop: Account
    ) -> None:
        """What is shown as waiting takes a reply, unless it says that it does not yet."""
        if not states(shop.capabilities, Capability.CHATS_WAITING):
            pytest.skip("the marketplace does not say which chats wait")
        harness.arrive_unlisted(TEXT)
        waiting = await shop.chats(waiting_for_seller=True).all()
        for chat in waiting:
            if chat.writable is False:
                with pytest.raises(ChatNotReady):
                    await shop.send(chat, TEXT)
            else:
                await shop.send(chat, TEXT)
        written = [chat for chat in waiting if chat.writable is not False]
        assert written
        assert harness.done(Capability.SEND) == len(written)

    async def test_operation_when_refused_for_a_limit(
        self, harness: Harness, shop: Account, operation: Capability
    ) -> None:
        """It is waited out and done, and the caller sees nothing of it."""
        _, write = await prepare(shop, operation)
        harness.refuse_next(operation, times=2)
        await write(fitting(shop.capabilities[operation]))
        assert harness.refusals_left == 0
        assert harness.done(operation) == 1
