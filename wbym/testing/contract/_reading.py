"""Tests that lists are complete, and that records follow the conventions for any data."""

import msgspec
import pytest

from wbym.account import Account, Capability
from wbym.domain import WaitingCounts
from wbym.errors import BadRequest, InvalidInput
from wbym.testing.contract._base import Contract
from wbym.testing.contract._harness import Harness
from wbym.testing.contract._nouns import NOUNS, listings, read, states
from wbym.testing.contract._walk import flaws, unknown_values

__all__ = ["DataContract", "PagingContract"]


class PagingContract(Contract):
    """Tests of lists with several pages."""

    async def test_list_when_it_has_several_pages(self, crowded: Harness, noun: Capability) -> None:
        """Every record of the simulator is delivered once."""
        async with crowded.account() as shop:
            pages = 0
            refs = []
            for listing in await listings(shop, noun):
                async for page in listing.pages():
                    pages += 1
                    refs += [item.ref for item in page.items]
            assert len(refs) == crowded.expected_counts()[noun]
            assert len(set(refs)) == len(refs)
            assert not shop.undecodable
            assert pages > len(await listings(shop, noun)) or noun in crowded.unpaged

    async def test_list_when_pages_are_prefetched(self, crowded: Harness, noun: Capability) -> None:
        """Prefetching returns the same records, each once."""
        async with crowded.account() as shop:
            lists = await listings(shop, noun, prefetch=3)
            refs = [item.ref for listing in lists for item in await listing.all()]
            assert len(refs) == len(set(refs)) == crowded.expected_counts()[noun]

    async def test_list_when_it_is_resumed(self, crowded: Harness, noun: Capability) -> None:
        """A page's cursor returns that page and the rest, its ``next_cursor`` only the rest."""
        if noun in crowded.unpaged:
            pytest.skip("the marketplace sends this noun in one page")
        async with crowded.account() as shop:
            pages = [page async for page in (await listings(shop, noun))[0].pages()]
            following = pages[0].next_cursor
            assert following is not None
            assert pages[-1].next_cursor is None
            rest = {item.ref for page in pages[1:] for item in page.items}
            for cursor in (following, pages[1].cursor):
                resumed = (await listings(shop, noun, cursor=cursor))[0]
                assert {item.ref for item in await resumed.all()} == rest

    async def test_list_when_limited(self, crowded: Harness, noun: Capability) -> None:
        """A limit stops the requests for further pages."""
        async with crowded.account() as shop:
            listing = (await listings(shop, noun))[0]
            before = crowded.requests
            assert len(await listing.all(limit=3)) == 3
            few = crowded.requests - before
            await listing.all()
            assert few <= crowded.requests - before - few

    async def test_list_when_the_cursor_is_invalid(self, shop: Account, noun: Capability) -> None:
        """An invalid cursor is rejected, by the core or by the marketplace."""
        with pytest.raises((InvalidInput, BadRequest)):
            await read(shop, noun, cursor="никакой")

    async def test_list_when_it_is_not_iterated(
        self, harness: Harness, shop: Account, noun: Capability
    ) -> None:
        """A listing makes no request before it is iterated."""
        if noun is not Capability.MESSAGES:
            await listings(shop, noun)
            assert not harness.requests


class DataContract(Contract):
    """Tests of delivered records."""

    async def test_records_follow_the_conventions(self, shop: Account, noun: Capability) -> None:
        """Times are aware UTC, money is Decimal with a currency, refs are the account's own."""
        found = await read(shop, noun)
        assert found
        for record in found:
            assert flaws(record, marketplace=shop.marketplace, account=shop.name) == []
            assert record.raw is not None

    async def test_records_survive_json(self, shop: Account, noun: Capability) -> None:
        """Encoding to JSON and back loses nothing."""
        for record in await read(shop, noun):
            encoded = msgspec.json.encode(record)
            assert msgspec.json.decode(encoded, type=type(record)) == record

    async def test_statuses_are_known(self, shop: Account, noun: Capability) -> None:
        """Every status of the marketplace is mapped; only listed chats may have none."""
        if noun is not Capability.CHATS:
            for record in await read(shop, noun):
                assert unknown_values(record) == []

    async def test_records_when_values_are_unknown(self, harness: Harness, shop: Account) -> None:
        """New enumeration values become UNKNOWN, and lose no record."""
        unknown = 0
        for noun in NOUNS:
            if states(shop.capabilities, noun):
                harness.simulator.faults.unknown_values = 0.0
                expected = [record.ref for record in await read(shop, noun)]
                harness.simulator.faults.unknown_values = 1.0
                found = await read(shop, noun)
                assert sorted(record.ref for record in found) == sorted(expected)
                unknown += sum(len(unknown_values(record)) for record in found)
        assert not shop.undecodable
        assert unknown

    async def test_records_when_fields_are_null(
        self, harness: Harness, shop: Account, noun: Capability
    ) -> None:
        """Optional fields that are null lose no record."""
        expected = [record.ref for record in await read(shop, noun)]
        harness.simulator.faults.nulls = 1.0
        found = await read(shop, noun)
        assert sorted(record.ref for record in found) == sorted(expected)
        assert not shop.undecodable
        for record in found:
            assert flaws(record, marketplace=shop.marketplace, account=shop.name) == []

    async def test_records_when_one_is_undecodable(
        self, harness: Harness, shop: Account, noun: Capability
    ) -> None:
        """The undecodable record is kept with its bytes; all others are delivered."""
        expected = {record.ref for record in await read(shop, noun)}
        harness.fail_next(noun, "bad_record")
        found = {record.ref for record in await read(shop, noun)}
        assert harness.failed("bad_record") == 1
        (undecodable,) = shop.undecodable
        assert undecodable.data
        assert undecodable.reason
        # None is missing if the spoiled record is read twice, or belongs to another chat.
        assert found <= expected
        assert len(expected - found) <= 1

    async def test_counts_match_the_lists(self, shop: Account) -> None:
        """The counters equal the lengths of the lists of waiting records."""
        counts = await shop.counts()
        has = {capability for capability in Capability if states(shop.capabilities, capability)}
        chats = questions = feedbacks = returns = 0
        if Capability.CHATS_WAITING in has:
            chats = len(await shop.chats(waiting_for_seller=True).all())
        if Capability.QUESTIONS_ANSWERED in has:
            questions = len(await shop.questions(answered=False).all())
        if Capability.FEEDBACKS_ANSWERED in has:
            feedbacks = len(await shop.feedbacks(answered=False).all())
        if Capability.RETURNS in has:
            returned = await shop.returns().all()
            returns = sum(item.waiting_for_seller for item in returned)
        # A marketplace may count only unviewed feedbacks.
        assert bool(counts.feedbacks) is bool(feedbacks)
        assert counts.feedbacks <= feedbacks
        assert counts == WaitingCounts(chats, questions, counts.feedbacks, returns)
