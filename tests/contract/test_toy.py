"""A third marketplace passes the suite, and needs no change in the core."""

import ast
from collections.abc import AsyncIterator, Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from types import MappingProxyType

import aiohttp
import pytest

from tests import toy
from tests.toy import Toy, ToySimulator
from tests.toy.simulator import KEY
from wbym.account import Capability, installed_adapters, load_adapter
from wbym.account import _installed as installed
from wbym.calls import RetryPolicy
from wbym.errors import Unsupported
from wbym.inbox import Inbox
from wbym.testing import Response, empty_response
from wbym.testing.contract import AdapterContract, Harness


class ToyHarness(Harness):
    paths = MappingProxyType(
        {
            Capability.CHATS: "/chats",
            Capability.MESSAGES: "/messages",
            Capability.SEND: "/messages",
            Capability.FEEDBACKS: "/feedbacks",
            Capability.ANSWER_FEEDBACK: "/reply",
        }
    )
    effects = MappingProxyType({Capability.SEND: "message", Capability.ANSWER_FEEDBACK: "reply"})
    unknown_ids = MappingProxyType(dict.fromkeys((*effects, Capability.GET_FEEDBACK), "nothing"))
    secrets = ("s3cret", "wr0ng")

    def __init__(self, simulator: ToySimulator) -> None:
        super().__init__(simulator)
        self._toy = simulator

    def account(self, *, name: str = "shop", session: aiohttp.ClientSession | None = None) -> Toy:
        url, retry = self.simulator.url, RetryPolicy(base_delay=0.001)
        return Toy(KEY, name=name, base_url=url, session=session, retry=retry)

    def revoked(self) -> Toy:
        return Toy("seller:wr0ng", name="revoked", base_url=self.simulator.url)

    def expected_counts(self) -> Mapping[Capability, int]:
        return {
            Capability.CHATS: len(self._toy.chats),
            Capability.MESSAGES: sum(map(len, self._toy.messages.values())),
            Capability.FEEDBACKS: len(self._toy.feedbacks),
        }

    def rate_limited(self) -> Response:
        answer = empty_response(429)
        return Response(429, answer.body, "", {"Retry-After": "0.001"})


class TestToy(AdapterContract):
    account_class = Toy

    @pytest.fixture
    async def harness(self) -> AsyncIterator[Harness]:
        async with ToySimulator() as simulator:
            yield ToyHarness(simulator)


class TestCore:
    async def test_inbox_with_a_new_marketplace(self) -> None:
        async with ToySimulator() as one, ToySimulator(feedbacks=3) as two:
            accounts = [Toy(KEY, name=s.url[-5:], base_url=s.url) for s in (one, two)]
            async with Inbox(*accounts) as inbox:
                found = await inbox.feedbacks(answered=False).all()
                assert len(found) == 8 + 2
                for feedback in found:
                    delivery = await inbox.answer(feedback, "Спасибо!")
                    assert delivery.accepted
                counts = await inbox.counts()
                assert [waiting.feedbacks for waiting in counts.values()] == [0, 0]
                with pytest.raises(Unsupported):
                    await inbox.returns().all()

    def test_adapter_when_registered(self, monkeypatch: pytest.MonkeyPatch) -> None:
        point = EntryPoint("toy", "tests.toy:Toy", "wbym.adapters")
        monkeypatch.setattr(installed, "entry_points", lambda group, name="toy": [point])
        assert installed_adapters() == ["toy"]
        assert load_adapter("toy") is Toy

    def test_toy_imports_public_modules_only(self) -> None:
        public = {
            "account",
            "calls",
            "domain",
            "errors",
            "limits",
            "observe",
            "paging",
            "testing",
        }
        for path in Path(toy.__path__[0]).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("wbym"):
                    _, *parts = f"{node.module}.{node.names[0].name}".split(".")
                    assert parts[0] in public
                    assert len(parts) < 3 or parts[0] == "testing"
