"""What Wildberries can do, as data; the contract suite proves it."""

from types import MappingProxyType
from typing import Final

from wbym.account import Capabilities, Capability, Support, Supported
from wbym_wildberries.api import chats, claims, feedbacks

__all__ = ["CAPABILITIES"]

_ANSWER = {"text_least": feedbacks.ANSWER.min, "text_most": feedbacks.ANSWER.max}
_EDIT = {**_ANSWER, "edits": 1, "edit_days": 60}

CAPABILITIES: Final[Capabilities] = MappingProxyType(
    {
        Capability.CHATS: Supported(Support.NATIVE),
        Capability.CHATS_WAITING: Supported(
            Support.EMULATED, note="WB's list does not say who wrote last: the feed is read"
        ),
        Capability.OPEN_CHAT: Supported(Support.ABSENT),
        Capability.MESSAGES: Supported(
            Support.EMULATED, note="WB has one feed for all chats: it is read and filtered"
        ),
        Capability.MESSAGES_SINCE: Supported(Support.NATIVE),
        Capability.SEND: Supported(Support.NATIVE, {"text_most": chats.MESSAGE.max}),
        Capability.SEND_FILES: Supported(
            Support.NATIVE,
            {
                "file_most": chats.FILE_SIZE.max,
                "files_most": chats.FILES_SIZE.max,
                "types": "image/jpeg image/png application/pdf",
            },
        ),
        Capability.DOWNLOAD: Supported(Support.NATIVE),
        Capability.QUESTIONS: Supported(Support.NATIVE, {"page_most": 10_000, "reach": 10_000}),
        Capability.QUESTIONS_ANSWERED: Supported(Support.NATIVE),
        Capability.QUESTIONS_PERIOD: Supported(Support.NATIVE),
        Capability.QUESTIONS_PRODUCT: Supported(Support.NATIVE),
        Capability.ANSWER_QUESTION: Supported(Support.NATIVE, _ANSWER),
        Capability.EDIT_QUESTION_ANSWER: Supported(Support.NATIVE, _EDIT),
        Capability.REJECT_QUESTION: Supported(Support.NATIVE, _ANSWER),
        Capability.FEEDBACKS: Supported(Support.NATIVE, {"page_most": 5000, "deepest": 199_990}),
        Capability.FEEDBACKS_ANSWERED: Supported(
            Support.EMULATED, note="WB only tells processed from unprocessed: answers are looked at"
        ),
        Capability.FEEDBACKS_PERIOD: Supported(Support.NATIVE),
        Capability.FEEDBACKS_RATING: Supported(
            Support.EMULATED, note="all are read, and the others are left out"
        ),
        Capability.FEEDBACKS_PRODUCT: Supported(Support.NATIVE),
        Capability.ANSWER_FEEDBACK: Supported(Support.NATIVE, _ANSWER),
        Capability.EDIT_FEEDBACK_ANSWER: Supported(Support.NATIVE, _EDIT),
        Capability.COMMENTS: Supported(Support.ABSENT),
        Capability.SKIP_REACTION: Supported(Support.ABSENT),
        Capability.RETURNS: Supported(Support.NATIVE, {"days_back": 14}),
        Capability.RETURNS_OPEN: Supported(Support.NATIVE),
        Capability.DECIDE: Supported(
            Support.NATIVE,
            {"comment_least": claims.COMMENT.min, "comment_most": claims.COMMENT.max},
        ),
        Capability.SWEEP_FEEDBACKS: Supported(Support.NATIVE),
        Capability.SWEEP_QUESTIONS: Supported(Support.NATIVE),
        Capability.EVENTS: Supported(
            Support.EMULATED,
            note="chats by their feed of events, the rest by reading again; WB calls nobody back",
        ),
    }
)
