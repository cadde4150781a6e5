"""Every absent capability raises Unsupported, without a request."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final

import pytest

from tests.support.account import BareAccount
from tests.wbym.account.shop import CHAT, FEEDBACK, MESSAGE, NOW, QUESTION, REFUND, RETURN, shop
from wbym.account import Account, Capability, Support, Supported
from wbym.calls import Upload
from wbym.domain import Attachment, Noun, Ref, WaitingCounts
from wbym.errors import Unsupported
from wbym.testing import FakeAccount


async def _store(_: object) -> None:
    raise NotImplementedError


def own(account: Account, noun: Noun) -> Ref:
    return Ref(account.marketplace, account.name, noun, "1")


NOUNS: Final[Mapping[Capability, Callable[[Account], object]]] = MappingProxyType(
    {
        Capability.CHATS: lambda a: a.chats(),
        Capability.GET_CHAT: lambda a: a.get(own(a, Noun.CHAT)),
        Capability.OPEN_CHAT: lambda a: a.open_chat(order_id="1"),
        Capability.MESSAGES: lambda a: a.messages(own(a, Noun.CHAT)),
        Capability.GET_MESSAGE: lambda a: a.get(own(a, Noun.MESSAGE)),
        Capability.SEND: lambda a: a.send(own(a, Noun.CHAT), "Добрый день!"),
        Capability.DOWNLOAD: lambda a: a.download(own(a, Noun.MESSAGE), Attachment("1")),
        Capability.QUESTIONS: lambda a: a.questions(),
        Capability.GET_QUESTION: lambda a: a.get(own(a, Noun.QUESTION)),
        Capability.ANSWER_QUESTION: lambda a: a.answer(own(a, Noun.QUESTION), "M"),
        Capability.EDIT_QUESTION_ANSWER: lambda a: a.edit_answer(own(a, Noun.QUESTION), "L"),
        Capability.REJECT_QUESTION: lambda a: a.reject(own(a, Noun.QUESTION), "Спам"),
        Capability.FEEDBACKS: lambda a: a.feedbacks(),
        Capability.GET_FEEDBACK: lambda a: a.get(own(a, Noun.FEEDBACK)),
        Capability.ANSWER_FEEDBACK: lambda a: a.answer(own(a, Noun.FEEDBACK), "Спасибо"),
        Capability.EDIT_FEEDBACK_ANSWER: lambda a: a.edit_answer(own(a, Noun.FEEDBACK), "Нет"),
        Capability.COMMENTS: lambda a: a.comments(own(a, Noun.FEEDBACK)),
        Capability.SKIP_REACTION: lambda a: a.skip_reaction(own(a, Noun.FEEDBACK)),
        Capability.RETURNS: lambda a: a.returns(),
        Capability.GET_RETURN: lambda a: a.get(own(a, Noun.RETURN)),
        Capability.DECIDE: lambda a: a.decide(own(a, Noun.RETURN), "refund"),
        Capability.SWEEP_FEEDBACKS: lambda a: a.sweep.feedbacks(),
        Capability.SWEEP_QUESTIONS: lambda a: a.sweep.questions(),
        Capability.EVENTS: lambda a: a.streams(),
        Capability.NOTIFICATIONS: lambda a: a.receiver(_store),
    }
)
"""A call of each noun."""

ARGUMENTS: Final[Mapping[Capability, Callable[[Account], object]]] = MappingProxyType(
    {
        Capability.CHATS_WAITING: lambda a: a.chats(waiting_for_seller=True),
        Capability.MESSAGES_SINCE: lambda a: a.messages(CHAT, since=NOW),
        Capability.SEND_FILES: lambda a: a.send(CHAT, "", files=[Upload("a.png", b"a")]),
        Capability.QUESTIONS_ANSWERED: lambda a: a.questions(answered=False),
        Capability.QUESTIONS_PERIOD: lambda a: a.questions(until=NOW),
        Capability.QUESTIONS_PRODUCT: lambda a: a.questions(product="1"),
        Capability.FEEDBACKS_ANSWERED: lambda a: a.feedbacks(answered=True),
        Capability.FEEDBACKS_PERIOD: lambda a: a.feedbacks(since=NOW),
        Capability.FEEDBACKS_RATING: lambda a: a.feedbacks(rating=[1]),
        Capability.FEEDBACKS_PRODUCT: lambda a: a.feedbacks(product="1"),
        Capability.RETURNS_OPEN: lambda a: a.returns(is_open=False),
    }
)
"""A call of each argument, on an account with its noun."""


async def _ask(asking: Callable[[], object]) -> None:
    asked = asking()
    if isinstance(asked, Awaitable):
        await asked


def test_capabilities_when_counted() -> None:
    assert NOUNS.keys() | ARGUMENTS.keys() == set(Capability)


@pytest.mark.parametrize("capability", NOUNS)
async def test_noun_when_no_capability_is_declared(capability: Capability) -> None:
    account = BareAccount()
    with pytest.raises(Unsupported, match="is not supported by toy"):
        await _ask(lambda: NOUNS[capability](account))
    assert not account.transport.requests


@pytest.mark.parametrize("support", [Support.ABSENT, Support.NOT_BUILT])
@pytest.mark.parametrize("capability", [*NOUNS, *ARGUMENTS])
async def test_capability_when_absent(capability: Capability, support: Support) -> None:
    account = shop({**FakeAccount.CAPABILITIES, capability: Supported(support)})
    asking = NOUNS.get(capability) or ARGUMENTS[capability]
    with pytest.raises(Unsupported, match="is not supported by fake"):
        await _ask(lambda: asking(account))
    assert not account.sent


@pytest.mark.parametrize("capability", ARGUMENTS)
async def test_argument_when_its_capability_is_supported(capability: Capability) -> None:
    await _ask(lambda: ARGUMENTS[capability](shop()))


@pytest.mark.parametrize("argument", ["reason", "amount"])
async def test_decision_argument_when_no_fact_lists_it(argument: str) -> None:
    account = shop({**FakeAccount.CAPABILITIES, Capability.DECIDE: Supported(Support.NATIVE)})
    given = {"reason": "worn", "amount": RETURN.decisions[3].min_amount}[argument]
    with pytest.raises(Unsupported, match=f"decide: {argument} is not supported"):
        await account.decide(RETURN, REFUND, **{argument: given})  # type: ignore[arg-type]


async def test_counts_when_no_capability_is_declared() -> None:
    assert await BareAccount().counts() == WaitingCounts()


async def test_counts_when_lists_are_counted() -> None:
    assert await shop().counts() == WaitingCounts(chats=1, questions=1, feedbacks=1, returns=1)


async def test_noun_when_the_account_is_named() -> None:
    with pytest.raises(Unsupported) as caught:
        await BareAccount("shop-7").send(Ref("toy", "shop-7", Noun.CHAT, "1"), "Добрый день!")
    assert str(caught.value) == "send: is not supported by toy; called on 'shop-7'"
    for record in (CHAT, MESSAGE, QUESTION, FEEDBACK, RETURN):
        assert await shop().get(record) == record
