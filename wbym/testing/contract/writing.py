"""What is sent is sent once, and what breaks a rule is refused before it costs a request."""

from datetime import datetime

import pytest

from wbym.account import Adapter, Capability
from wbym.domain import Author, Chat, Ref
from wbym.errors import ChatNotReady, DeliveryUnknown, InvalidInput, StatusError
from wbym.testing.contract.base import Contract, eventually
from wbym.testing.contract.harness import Harness
from wbym.testing.contract.nouns import chats_of, feedbacks_of, questions_of, stated
from wbym.testing.contract.operations import TEXT, act, fitting, prepare, sample
from wbym.testing.contract.probes import own_ref
from wbym.testing.faults import FaultKind

__all__ = ["DeliveryContract", "InputContract"]

_NAIVE = datetime(2026, 5, 1)  # noqa: DTZ001 - what is to be refused


class InputContract(Contract):
    """Rules that are checked before a request."""

    async def test_text_when_it_is_as_long_as_allowed(
        self, harness: Harness, shop: Adapter, text_rule: Capability
    ) -> None:
        """A text of exactly the most characters passes, whole."""
        _, most = self._bounds(text_rule)
        _, write = await prepare(harness, shop, text_rule)
        await write("я" * most)
        assert harness.done(text_rule) == 1

    async def test_text_when_it_is_too_long(
        self, harness: Harness, shop: Adapter, text_rule: Capability
    ) -> None:
        """One character more is refused, not cut."""
        _, most = self._bounds(text_rule)
        _, write = await prepare(harness, shop, text_rule)
        before = harness.requests
        with pytest.raises(InvalidInput):
            await write("я" * (most + 1))
        assert harness.requests == before

    async def test_text_when_it_is_too_short(
        self, harness: Harness, shop: Adapter, text_rule: Capability
    ) -> None:
        """One character less than the least is refused, and so is an empty text."""
        least, _ = self._bounds(text_rule)
        _, write = await prepare(harness, shop, text_rule)
        before = harness.requests
        for text in {"", "я" * (least - 1)}:
            with pytest.raises(InvalidInput):
                await write(text)
        assert harness.requests == before

    async def test_text_when_it_shows_nothing(
        self, harness: Harness, shop: Adapter, text_rule: Capability
    ) -> None:
        """A text of spaces or zero-width characters is refused, however long it is."""
        least, _ = self._bounds(text_rule)
        _, write = await prepare(harness, shop, text_rule)
        before = harness.requests
        for text in (" ", "\n\t", "\N{NO-BREAK SPACE}", "\N{ZERO WIDTH SPACE}"):
            with pytest.raises(InvalidInput):
                await write(text * least)
        assert harness.requests == before

    async def test_file_when_it_breaks_a_rule(self, harness: Harness, shop: Adapter) -> None:
        """A file that is too big or of another type is refused; one of the most bytes passes."""
        supported = stated(shop.capabilities, Capability.SEND_FILES)
        if supported is None:
            pytest.skip("the marketplace takes no files")
        most = supported.facts.get("max_file_size")
        in_all = supported.facts.get("max_total_size")
        count = supported.facts.get("files")
        chats = chats_of(shop)
        chat = (await chats.chats().all())[0]
        before = harness.requests
        refused = [[sample("image/gif")]] if "types" in supported.facts else []
        if most is not None:
            refused.append([sample("image/png", int(most) + 1)])
        if most is not None and in_all is not None:
            refused.append([sample("image/png", int(most))] * (int(in_all) // int(most) + 1))
        if count is not None:
            refused.append([sample("image/png")] * (int(count) + 1))
        for files in refused:
            with pytest.raises(InvalidInput):
                await chats.send(chat, "", files=files)
        assert harness.requests == before
        await chats.send(chat, "", files=[sample("image/png", int(most or 100))])
        assert harness.done(Capability.SEND_FILES) == 1

    async def test_times_when_they_are_naive(self, harness: Harness, shop: Adapter) -> None:
        """A time without a zone means nothing certain, so it is refused."""
        if stated(shop.capabilities, Capability.MESSAGES) is not None:
            with pytest.raises(InvalidInput):
                await chats_of(shop).messages(Chat(ref=own_ref(shop)), since=_NAIVE).all()
        for since, until in ((_NAIVE, None), (None, _NAIVE)):
            if stated(shop.capabilities, Capability.QUESTIONS) is not None:
                with pytest.raises(InvalidInput):
                    await questions_of(shop).questions(since=since, until=until).all()
            if stated(shop.capabilities, Capability.FEEDBACKS) is not None:
                with pytest.raises(InvalidInput):
                    await feedbacks_of(shop).feedbacks(since=since, until=until).all()
        assert not harness.requests

    async def test_object_when_it_is_of_another_account(
        self, harness: Harness, shop: Adapter, operation: Capability
    ) -> None:
        """Nothing is done to what belongs to another account or marketplace."""
        for ref in (Ref(shop.marketplace, "other", "1"), Ref("other", shop.name, "1")):
            with pytest.raises(InvalidInput):
                await act(shop, operation, ref)
        assert not harness.requests

    async def test_messages_when_the_chat_is_of_another_account(
        self, harness: Harness, shop: Adapter
    ) -> None:
        """Nor is anything read of it."""
        if stated(shop.capabilities, Capability.MESSAGES) is None:
            pytest.skip("the marketplace has no messages")
        with pytest.raises(InvalidInput):
            await chats_of(shop).messages(Chat(ref=Ref(shop.marketplace, "other", "1"))).all()
        assert not harness.requests

    async def test_object_when_there_is_none(
        self, harness: Harness, shop: Adapter, operation: Capability
    ) -> None:
        """An id of nothing is refused, by the marketplace or before."""
        if operation not in harness.unknown:
            pytest.skip("the marketplace does not say that there is nothing of this id")
        text = fitting(shop.capabilities[operation])
        with pytest.raises((StatusError, InvalidInput)):
            await act(shop, operation, own_ref(shop, harness.unknown[operation]), text)
        assert harness.done(operation) == 0

    def _bounds(self, operation: Capability) -> tuple[int, int]:
        facts = self.adapter.capabilities[operation].facts
        kind = "text" if "max_text_length" in facts else "comment"
        return int(facts.get(f"{kind}_least", 1)), int(facts[f"{kind}_most"])


class DeliveryContract(Contract):
    """Nothing is done twice, and nothing is claimed that is not known."""

    @pytest.mark.parametrize("fault", ["drop_before", "drop_after", "error_after"])
    async def test_operation_when_its_fate_is_unknown(
        self, harness: Harness, shop: Adapter, operation: Capability, fault: FaultKind
    ) -> None:
        """DeliveryUnknown, and one request only, whether it took effect or not."""
        _, write = await prepare(harness, shop, operation)
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

    async def test_message_when_it_is_looked_for(self, harness: Harness, shop: Adapter) -> None:
        """What became of a message is seen in its chat."""
        if stated(shop.capabilities, Capability.SEND) is None:
            pytest.skip("the marketplace takes no messages")
        chats = chats_of(shop)
        chat = (await chats.chats().all())[0]
        faults: tuple[FaultKind, ...] = ("drop_before", "drop_after")
        for fault in faults:
            harness.fail_next(Capability.SEND, fault)
            with pytest.raises(DeliveryUnknown):
                await chats.send(chat, f"{TEXT} {fault}")
        messages = await chats.messages(chat).all()
        said = [m.text for m in messages if m.author is Author.SELLER and m.text]
        assert [text for text in said if text.startswith(TEXT)] == [f"{TEXT} drop_after"]

    async def test_message_when_the_chat_is_hardly_known(
        self, harness: Harness, shop: Adapter
    ) -> None:
        """What is shown as waiting takes a reply, unless it says that it does not yet."""
        if stated(shop.capabilities, Capability.CHATS_WAITING) is None:
            pytest.skip("the marketplace does not say which chats wait")
        harness.arrive_unlisted(TEXT)
        chats = chats_of(shop)
        waiting = await chats.chats(waiting_for_seller=True).all()
        for chat in waiting:
            if chat.writable is False:
                with pytest.raises(ChatNotReady):
                    await chats.send(chat, TEXT)
            else:
                await chats.send(chat, TEXT)
        written = [chat for chat in waiting if chat.writable is not False]
        assert written
        assert harness.done(Capability.SEND) == len(written)

    async def test_operation_when_refused_for_a_limit(
        self, harness: Harness, shop: Adapter, operation: Capability
    ) -> None:
        """It is waited out and done, and the caller sees nothing of it."""
        _, write = await prepare(harness, shop, operation)
        harness.refuse_next(operation, times=2)
        await write(fitting(shop.capabilities[operation]))
        assert harness.refusals_left == 0
        assert harness.done(operation) == 1
