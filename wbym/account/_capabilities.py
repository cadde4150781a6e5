"""Capabilities of a marketplace, as data."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeAlias

import msgspec

__all__ = ["NOT_BUILT", "Capabilities", "Capability", "Support", "Supported", "has"]


class Support(StrEnum):
    """How a capability is supported."""

    NATIVE = "native"
    """The marketplace supports it."""
    EMULATED = "emulated"
    """wbym emulates it with other methods of the marketplace; it may cost more requests."""
    ABSENT = "absent"
    """The marketplace does not support it; using it raises ``Unsupported``."""
    NOT_BUILT = "not_built"
    """The marketplace supports it, wbym does not yet."""


class Capability(StrEnum):
    """Something that an account may support."""

    CHATS = "chats"
    GET_CHAT = "chats.get"
    CHATS_WAITING = "chats.waiting_for_seller"
    OPEN_CHAT = "chats.open"
    MESSAGES = "messages"
    GET_MESSAGE = "messages.get"
    MESSAGES_SINCE = "messages.since"
    SEND = "send"
    SEND_FILES = "send.files"
    DOWNLOAD = "download"
    QUESTIONS = "questions"
    GET_QUESTION = "questions.get"
    QUESTIONS_ANSWERED = "questions.answered"
    QUESTIONS_PERIOD = "questions.period"
    QUESTIONS_PRODUCT = "questions.product"
    ANSWER_QUESTION = "questions.answer"
    EDIT_QUESTION_ANSWER = "questions.edit_answer"
    REJECT_QUESTION = "questions.reject"
    FEEDBACKS = "feedbacks"
    GET_FEEDBACK = "feedbacks.get"
    FEEDBACKS_ANSWERED = "feedbacks.answered"
    FEEDBACKS_PERIOD = "feedbacks.period"
    FEEDBACKS_RATING = "feedbacks.rating"
    FEEDBACKS_PRODUCT = "feedbacks.product"
    ANSWER_FEEDBACK = "feedbacks.answer"
    EDIT_FEEDBACK_ANSWER = "feedbacks.edit_answer"
    COMMENTS = "feedbacks.comments"
    SKIP_REACTION = "feedbacks.skip_reaction"
    RETURNS = "returns"
    GET_RETURN = "returns.get"
    RETURNS_OPEN = "returns.open"
    DECIDE = "returns.decide"
    SWEEP_FEEDBACKS = "feedbacks.sweep"
    SWEEP_QUESTIONS = "questions.sweep"
    EVENTS = "events"
    NOTIFICATIONS = "notifications"


class Supported(msgspec.Struct, frozen=True):
    """How one marketplace supports one capability."""

    support: Support
    facts: Mapping[str, str | int | float | bool] = {}
    """Limits and units that callers need, such as ``{"max_text_length": 1000}``: characters, bytes,
    days. The account checks its arguments by them."""
    note: str = ""

    @property
    def is_present(self) -> bool:
        """Whether an account can do it."""
        return self.support in {Support.NATIVE, Support.EMULATED}


Capabilities: TypeAlias = Mapping[Capability, Supported]
"""The capabilities that an adapter declares; a missing one is ``NOT_BUILT``."""

NOT_BUILT: Final = Supported(Support.NOT_BUILT)
"""The support of a capability that is not declared."""


def has(capabilities: Capabilities, capability: Capability) -> bool:
    """Whether a capability is native or emulated; False if it is not declared.

    Args:
        capabilities: Those of a class or an account.
        capability: The one to look for.
    """
    return capabilities.get(capability, NOT_BUILT).is_present
