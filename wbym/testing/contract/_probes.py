"""The probes of the capabilities: one per capability."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final, TypeAlias

from wbym.account import Account, Capability
from wbym.testing.contract import _following as following
from wbym.testing.contract import _proofs as proofs
from wbym.testing.contract._harness import Harness

__all__ = ["PROBES", "Probe"]

Probe: TypeAlias = Callable[[Harness, Account], Awaitable[None]]
"""Uses a capability on the simulator, and asserts that it works."""

PROBES: Final[Mapping[Capability, Probe]] = MappingProxyType(
    {
        Capability.CHATS: partial(proofs.lists, Capability.CHATS),
        Capability.GET_CHAT: partial(proofs.gets, Capability.CHATS),
        Capability.CHATS_WAITING: proofs.chats_waiting,
        Capability.OPEN_CHAT: proofs.open_chat,
        Capability.MESSAGES: proofs.messages,
        Capability.GET_MESSAGE: partial(proofs.gets, Capability.MESSAGES),
        Capability.MESSAGES_SINCE: proofs.messages_since,
        Capability.SEND: proofs.send,
        Capability.SEND_FILES: proofs.send_files,
        Capability.DOWNLOAD: proofs.download,
        Capability.QUESTIONS: partial(proofs.lists, Capability.QUESTIONS),
        Capability.GET_QUESTION: partial(proofs.gets, Capability.QUESTIONS),
        Capability.QUESTIONS_ANSWERED: partial(proofs.answered, Capability.QUESTIONS),
        Capability.QUESTIONS_PERIOD: partial(proofs.period, Capability.QUESTIONS),
        Capability.QUESTIONS_PRODUCT: partial(proofs.product, Capability.QUESTIONS),
        Capability.ANSWER_QUESTION: partial(proofs.does, Capability.ANSWER_QUESTION),
        Capability.EDIT_QUESTION_ANSWER: partial(proofs.does, Capability.EDIT_QUESTION_ANSWER),
        Capability.REJECT_QUESTION: partial(proofs.does, Capability.REJECT_QUESTION),
        Capability.FEEDBACKS: partial(proofs.lists, Capability.FEEDBACKS),
        Capability.GET_FEEDBACK: partial(proofs.gets, Capability.FEEDBACKS),
        Capability.FEEDBACKS_ANSWERED: partial(proofs.answered, Capability.FEEDBACKS),
        Capability.FEEDBACKS_PERIOD: partial(proofs.period, Capability.FEEDBACKS),
        Capability.FEEDBACKS_RATING: proofs.rating,
        Capability.FEEDBACKS_PRODUCT: partial(proofs.product, Capability.FEEDBACKS),
        Capability.ANSWER_FEEDBACK: partial(proofs.does, Capability.ANSWER_FEEDBACK),
        Capability.EDIT_FEEDBACK_ANSWER: partial(proofs.does, Capability.EDIT_FEEDBACK_ANSWER),
        Capability.COMMENTS: proofs.comments,
        Capability.SKIP_REACTION: proofs.skip_reaction,
        Capability.RETURNS: partial(proofs.lists, Capability.RETURNS),
        Capability.GET_RETURN: partial(proofs.gets, Capability.RETURNS),
        Capability.RETURNS_OPEN: proofs.returns_open,
        Capability.DECIDE: partial(proofs.does, Capability.DECIDE),
        Capability.SWEEP_FEEDBACKS: partial(proofs.sweeps, Capability.FEEDBACKS),
        Capability.SWEEP_QUESTIONS: partial(proofs.sweeps, Capability.QUESTIONS),
        Capability.EVENTS: following.events,
        Capability.NOTIFICATIONS: proofs.notifications,
    }
)
"""The probes by capability; a missing one is a failure of the suite."""
