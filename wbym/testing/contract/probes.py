"""One probe a capability: how it is asked for, and how it proves itself."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from wbym.account import Adapter, Capability, Comments, OpensChats
from wbym.domain import Attachment, Chat, Feedback, Ref
from wbym.testing.contract import following, proofs
from wbym.testing.contract.harness import Harness
from wbym.testing.contract.nouns import (
    chats_of,
    feedbacks_of,
    lacks,
    questions_of,
    returns_of,
    sweeps_of,
)
from wbym.testing.contract.operations import act

__all__ = ["PROBES", "Probe", "own_ref"]

Ask: TypeAlias = Callable[[Adapter], Awaitable[object]]
Prove: TypeAlias = Callable[[Harness, Adapter], Awaitable[None]]

_THEN = datetime(2026, 5, 1, tzinfo=UTC)


class Probe(NamedTuple):
    """How a capability is tried."""

    ask: Ask
    """Asks for it with made-up objects and no reading before: where it is absent, this raises
    ``Unsupported`` and makes no request."""
    prove: Prove
    """Where it is there, does it and asserts that it did what it says."""


def own_ref(account: Adapter, record_id: str = "1") -> Ref:
    """A ref of the account, of nothing in particular."""
    return Ref(account.marketplace, account.name, record_id)


async def _ask_download(account: Adapter) -> None:
    async with chats_of(account).download(Attachment(id="1", url="https://example.org/1")):
        pass


async def _ask_open_chat(account: Adapter) -> None:
    if not isinstance(account, OpensChats):
        raise lacks(account, "open_chat")
    await account.open_chat(order_id="1")


async def _ask_comments(account: Adapter) -> None:
    if not isinstance(account, Comments):
        raise lacks(account, "comments")
    await account.comments(Feedback(ref=own_ref(account), created_at=_THEN)).all()


async def _ask_skip_reaction(account: Adapter) -> None:
    if not isinstance(account, Comments):
        raise lacks(account, "skip_reaction")
    await account.skip_reaction(Feedback(ref=own_ref(account), created_at=_THEN))


def _acts(operation: Capability) -> Ask:
    return lambda account: act(account, operation, own_ref(account))


PROBES: Final[Mapping[Capability, Probe]] = MappingProxyType(
    {
        Capability.CHATS: Probe(
            lambda account: chats_of(account).chats().all(),
            partial(proofs.lists, Capability.CHATS),
        ),
        Capability.CHATS_WAITING: Probe(
            lambda account: chats_of(account).chats(waiting_for_seller=True).all(),
            proofs.chats_waiting,
        ),
        Capability.OPEN_CHAT: Probe(_ask_open_chat, proofs.open_chat),
        Capability.MESSAGES: Probe(
            lambda account: chats_of(account).messages(Chat(ref=own_ref(account))).all(),
            proofs.messages,
        ),
        Capability.MESSAGES_SINCE: Probe(
            lambda account: (
                chats_of(account).messages(Chat(ref=own_ref(account)), since=_THEN).all()
            ),
            proofs.messages_since,
        ),
        Capability.SEND: Probe(_acts(Capability.SEND), proofs.send),
        Capability.SEND_FILES: Probe(_acts(Capability.SEND_FILES), proofs.send_files),
        Capability.DOWNLOAD: Probe(_ask_download, proofs.download),
        Capability.QUESTIONS: Probe(
            lambda account: questions_of(account).questions().all(),
            partial(proofs.lists, Capability.QUESTIONS),
        ),
        Capability.QUESTIONS_ANSWERED: Probe(
            lambda account: questions_of(account).questions(answered=True).all(),
            partial(proofs.answered, Capability.QUESTIONS),
        ),
        Capability.QUESTIONS_PERIOD: Probe(
            lambda account: questions_of(account).questions(since=_THEN).all(),
            partial(proofs.period, Capability.QUESTIONS),
        ),
        Capability.QUESTIONS_PRODUCT: Probe(
            lambda account: questions_of(account).questions(product="1").all(),
            partial(proofs.product, Capability.QUESTIONS),
        ),
        Capability.ANSWER_QUESTION: Probe(
            _acts(Capability.ANSWER_QUESTION), partial(proofs.does, Capability.ANSWER_QUESTION)
        ),
        Capability.EDIT_QUESTION_ANSWER: Probe(
            _acts(Capability.EDIT_QUESTION_ANSWER),
            partial(proofs.does, Capability.EDIT_QUESTION_ANSWER),
        ),
        Capability.REJECT_QUESTION: Probe(
            _acts(Capability.REJECT_QUESTION), partial(proofs.does, Capability.REJECT_QUESTION)
        ),
        Capability.FEEDBACKS: Probe(
            lambda account: feedbacks_of(account).feedbacks().all(),
            partial(proofs.lists, Capability.FEEDBACKS),
        ),
        Capability.FEEDBACKS_ANSWERED: Probe(
            lambda account: feedbacks_of(account).feedbacks(answered=True).all(),
            partial(proofs.answered, Capability.FEEDBACKS),
        ),
        Capability.FEEDBACKS_PERIOD: Probe(
            lambda account: feedbacks_of(account).feedbacks(since=_THEN).all(),
            partial(proofs.period, Capability.FEEDBACKS),
        ),
        Capability.FEEDBACKS_RATING: Probe(
            lambda account: feedbacks_of(account).feedbacks(rating={1}).all(), proofs.rating
        ),
        Capability.FEEDBACKS_PRODUCT: Probe(
            lambda account: feedbacks_of(account).feedbacks(product="1").all(),
            partial(proofs.product, Capability.FEEDBACKS),
        ),
        Capability.ANSWER_FEEDBACK: Probe(
            _acts(Capability.ANSWER_FEEDBACK), partial(proofs.does, Capability.ANSWER_FEEDBACK)
        ),
        Capability.EDIT_FEEDBACK_ANSWER: Probe(
            _acts(Capability.EDIT_FEEDBACK_ANSWER),
            partial(proofs.does, Capability.EDIT_FEEDBACK_ANSWER),
        ),
        Capability.COMMENTS: Probe(_ask_comments, proofs.comments),
        Capability.SKIP_REACTION: Probe(_ask_skip_reaction, proofs.skip_reaction),
        Capability.RETURNS: Probe(
            lambda account: returns_of(account).returns().all(),
            partial(proofs.lists, Capability.RETURNS),
        ),
        Capability.RETURNS_OPEN: Probe(
            lambda account: returns_of(account).returns(open=True).all(), proofs.returns_open
        ),
        Capability.SWEEP_FEEDBACKS: Probe(
            lambda account: sweeps_of(account).feedbacks(since=_THEN).all(),
            partial(proofs.sweeps, Capability.FEEDBACKS),
        ),
        Capability.SWEEP_QUESTIONS: Probe(
            lambda account: sweeps_of(account).questions(since=_THEN).all(),
            partial(proofs.sweeps, Capability.QUESTIONS),
        ),
        Capability.EVENTS: Probe(following.ask_events, following.events),
        Capability.DECIDE: Probe(_acts(Capability.DECIDE), partial(proofs.does, Capability.DECIDE)),
    }
)
"""By the capability; one that is not here has no test yet."""
