"""Tests of the capabilities: each stated capability works."""

from wbym.account import Account, Capability
from wbym.testing.contract._base import Contract
from wbym.testing.contract._harness import Harness
from wbym.testing.contract._nouns import NOUNS, states
from wbym.testing.contract._probes import PROBES

__all__ = ["CapabilityContract"]

_NEEDS = {
    Capability.SEND: Capability.MESSAGES,
    Capability.ANSWER_QUESTION: Capability.GET_QUESTION,
    Capability.ANSWER_FEEDBACK: Capability.GET_FEEDBACK,
    Capability.DECIDE: Capability.GET_RETURN,
}
_BOUNDS = {
    "min_text_length",
    "max_text_length",
    "min_comment_length",
    "max_comment_length",
    "max_files",
    "max_file_size",
    "max_total_size",
    "max_page_size",
}


class CapabilityContract(Contract):
    """Tests of the capabilities and of ``check``."""

    async def test_capability_when_it_is_stated(
        self, harness: Harness, shop: Account, capability: Capability
    ) -> None:
        """A native or emulated capability works, and makes requests to the marketplace."""
        assert capability in PROBES, f"the suite has no probe for {capability}"
        await PROBES[capability](harness, shop)
        assert harness.requests

    async def test_check_when_offline(self, harness: Harness, shop: Account) -> None:
        """The report has all methods without a request, each with its rate or its missing scope."""
        report = await shop.check(online=False)
        known = {row.name: row.scope for row in self.account_class.catalog()}
        assert report.credentials
        assert report.methods
        assert not report.probes
        for facts in report.methods:
            assert known[facts.name] == facts.scope
            assert facts.host
            assert facts.rate or facts.missing
        assert not harness.requests

    async def test_check_when_online(self, harness: Harness, shop: Account) -> None:
        """The marketplace is asked and accepts the credentials."""
        report = await shop.check()
        assert report.probes
        assert all(probe.answer and probe.error is None for probe in report.probes)
        assert harness.requests

    async def test_check_when_the_secret_is_revoked(self, harness: Harness) -> None:
        """The report has the problem, and the rest too."""
        async with harness.revoked() as account:
            report = await account.check()
        assert any(probe.error is not None for probe in report.probes)
        assert report.methods

    def test_capabilities_when_they_need_others(self) -> None:
        """A capability is stated together with its noun, and a reply with reading it back."""
        stated = self.account_class.CAPABILITIES
        present = {capability for capability in Capability if states(stated, capability)}
        for capability in present:
            noun = next((noun for noun in NOUNS if capability.startswith(f"{noun}.")), capability)
            assert noun in present, capability
        for operation, needed in _NEEDS.items():
            assert operation not in present or needed in present, operation

    def test_facts_when_they_are_bounds(self) -> None:
        """Each bound has a name that the core knows, so that the core checks it."""
        for capability, supported in self.account_class.CAPABILITIES.items():
            bounds = {fact for fact in supported.facts if fact.startswith(("min_", "max_"))}
            assert bounds <= _BOUNDS, capability
