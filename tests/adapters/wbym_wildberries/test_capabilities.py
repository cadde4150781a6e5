"""The capabilities of an account with its tokens, as data and in calls."""

from collections.abc import Collection

import pytest

from tests.support.fakes import ScriptedTransport
from wbym.account import Capabilities, Capability, Support
from wbym.domain import Noun, Ref
from wbym.errors import InvalidInput, MissingScope, Unsupported
from wbym.limits import Scheduler
from wbym_wildberries import Wildberries
from wbym_wildberries.simulator import make_token

CHATS = {"chats", "messages", "send", "download"}
LISTS = {"questions", "feedbacks"}
RETURNS = {"returns"}
ALWAYS = {"events"}


def open_shop(*tokens: str, sandbox: bool = False) -> tuple[Wildberries, ScriptedTransport]:
    transport = ScriptedTransport()
    shop = Wildberries(
        tokens, name="shop", sandbox=sandbox, transport=transport, scheduler=Scheduler()
    )
    return shop, transport


def nouns(capabilities: Capabilities) -> set[str]:
    """The nouns of the capabilities that are present."""
    return {
        one.value.partition(".")[0]
        for one, supported in capabilities.items()
        if supported.is_present
    }


@pytest.mark.parametrize(
    ("scopes", "there"),
    [
        (["feedbacks"], LISTS),
        (["chat"], CHATS),
        (["returns"], RETURNS),
        (["chat", "returns"], CHATS | RETURNS),
        (["content"], set()),
        (["feedbacks", "chat", "returns"], CHATS | LISTS | RETURNS),
    ],
)
def test_capabilities_when_categories_are_missing(scopes: Collection[str], there: set[str]) -> None:
    shop, _ = open_shop(make_token(scopes=scopes))
    assert nouns(shop.capabilities) == there | ALWAYS
    assert shop.capabilities.keys() == shop.CAPABILITIES.keys()
    assert nouns(shop.CAPABILITIES) == CHATS | LISTS | RETURNS | ALWAYS
    for capability, supported in shop.capabilities.items():
        stated = shop.CAPABILITIES[capability]
        if stated.is_present and not supported.is_present:
            assert supported.support is Support.ABSENT
            assert "category" in supported.note
            assert not supported.facts
        else:
            assert supported == stated


def test_capabilities_when_several_tokens_share_the_categories() -> None:
    shop, _ = open_shop(make_token(scopes=["feedbacks"]), make_token(scopes=["chat"]))
    assert nouns(shop.capabilities) == CHATS | LISTS | ALWAYS


def test_capabilities_of_the_sandbox() -> None:
    shop, _ = open_shop(make_token(), sandbox=True)
    assert nouns(shop.capabilities) == LISTS | ALWAYS
    assert "sandbox" in shop.capabilities[Capability.CHATS].note


def test_capabilities_when_the_token_may_only_read() -> None:
    shop, _ = open_shop(make_token(read_only=True))
    absent = {
        one
        for one, supported in shop.capabilities.items()
        if shop.CAPABILITIES[one].is_present and not supported.is_present
    }
    assert absent == {
        Capability.SEND,
        Capability.SEND_FILES,
        Capability.ANSWER_QUESTION,
        Capability.EDIT_QUESTION_ANSWER,
        Capability.REJECT_QUESTION,
        Capability.ANSWER_FEEDBACK,
        Capability.EDIT_FEEDBACK_ANSWER,
        Capability.DECIDE,
    }
    assert "may write" in shop.capabilities[Capability.DECIDE].note


def test_capabilities_when_the_token_has_expired() -> None:
    shop, _ = open_shop(make_token(expires_in=-60))
    assert nouns(shop.capabilities) == ALWAYS
    assert "has not expired" in shop.capabilities[Capability.CHATS].note


async def test_calls_when_a_category_is_missing() -> None:
    shop, transport = open_shop(make_token(scopes=["chat"]))
    feedback, question = (
        Ref("wildberries", "shop", noun, "1") for noun in (Noun.FEEDBACK, Noun.QUESTION)
    )
    with pytest.raises(MissingScope, match="feedbacks-and-questions"):
        await shop.feedbacks().all()
    with pytest.raises(MissingScope):
        await shop.get(question)
    with pytest.raises(MissingScope):
        await shop.answer(feedback, "Спасибо!")
    with pytest.raises(MissingScope):
        await shop.returns().all()
    with pytest.raises(InvalidInput, match="2 to 5000"):
        await shop.answer(feedback, "x")
    assert not transport.requests


async def test_calls_when_the_sandbox_lacks_them() -> None:
    shop, transport = open_shop(make_token(), sandbox=True)
    with pytest.raises(Unsupported):
        await shop.chats().all()
    with pytest.raises(Unsupported):
        await shop.returns().all()
    assert not transport.requests


async def test_counts_when_a_category_is_missing() -> None:
    """A single error, not a group."""
    shop, _ = open_shop(make_token(scopes=["chat"]))
    with pytest.raises(MissingScope):
        await shop.counts()
