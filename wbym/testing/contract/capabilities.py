"""What is stated is so: present does what it says, absent refuses before any request."""

import pytest

from wbym.account import Adapter, Capability, Support
from wbym.errors import Unsupported
from wbym.testing.contract.base import Contract
from wbym.testing.contract.harness import Harness
from wbym.testing.contract.probes import PROBES

__all__ = ["CapabilityContract"]

_PROVEN_BOUNDS = {
    "min_text_length",
    "max_text_length",
    "min_comment_length",
    "max_comment_length",
    "max_file_size",
    "max_total_size",
}
_OTHER_BOUNDS = {"max_page_size"}


class CapabilityContract(Contract):
    """The capability map, both ways."""

    async def test_capability_when_it_is_stated(
        self, harness: Harness, shop: Adapter, capability: Capability
    ) -> None:
        """Native or emulated: it does what it says, and the marketplace is asked for it."""
        assert capability in PROBES, f"the suite has no probe for {capability}"
        await PROBES[capability].prove(harness, shop)
        assert harness.requests

    async def test_capability_when_it_is_absent(
        self, harness: Harness, shop: Adapter, absent: Capability
    ) -> None:
        """Absent: asking raises Unsupported, or the noun's Protocol is not met; no request."""
        assert absent in PROBES, f"the suite has no probe for {absent}"
        with pytest.raises(Unsupported):
            await PROBES[absent].ask(shop)
        assert not harness.requests

    async def test_check_when_offline(self, harness: Harness, shop: Adapter) -> None:
        """It knows all methods without a request, each with its pace or with what is missing."""
        report = await shop.check(online=False)
        known = {row.name: row.scope for row in self.adapter.catalog()}
        assert report.credentials
        assert report.methods
        assert not report.asked
        for facts in report.methods:
            assert known[facts.name] == facts.scope
            assert facts.host
            assert facts.pace or facts.missing
        assert not harness.requests

    async def test_check_when_online(self, harness: Harness, shop: Adapter) -> None:
        """The marketplace is asked, and takes the credentials."""
        report = await shop.check()
        assert report.asked
        assert all(asked.answer and asked.problem is None for asked in report.asked)
        assert harness.requests

    async def test_check_when_the_secret_is_revoked(self, harness: Harness) -> None:
        """It is part of the report, which has the rest too."""
        async with harness.revoked() as account:
            report = await account.check()
        assert any(asked.problem is not None for asked in report.asked)
        assert report.methods

    def test_capabilities_when_a_noun_is_absent(self) -> None:
        """What needs a noun is not stated to be there without it."""
        capabilities = self.adapter.capabilities
        for capability, supported in capabilities.items():
            noun = capabilities.get(Capability(capability.value.partition(".")[0]))
            if noun is None or noun.support in {Support.ABSENT, Support.NOT_BUILT}:
                assert supported.support in {Support.ABSENT, Support.NOT_BUILT}, capability

    def test_facts_when_they_are_bounds(self) -> None:
        """A bound has a name that the suite knows, so that none is stated and not proven."""
        for capability, supported in self.adapter.capabilities.items():
            bounds = {fact for fact in supported.facts if fact.endswith(("_least", "_most"))}
            assert bounds <= _PROVEN_BOUNDS | _OTHER_BOUNDS, capability
