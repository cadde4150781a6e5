"""What Yandex Market can do, as data; the contract suite proves it."""

from types import MappingProxyType
from typing import Final

from wbym.account import Capabilities, Capability, Support, Supported
from wbym.calls import Length
from wbym_yandex_market.api import _bounds as bounds

__all__ = ["CAPABILITIES"]


def _length(text: Length) -> dict[str, int]:
    return {"min_text_length": text.min, "max_text_length": text.max}


_AS_WRITTEN = "Market tells the seller's own article only (offerId): it is what is asked with"

CAPABILITIES: Final[Capabilities] = MappingProxyType(
    {
        Capability.CHATS: Supported(Support.NATIVE, {"max_page_size": bounds.CHATS_PAGE}),
        Capability.GET_CHAT: Supported(Support.NATIVE),
        Capability.CHATS_WAITING: Supported(Support.NATIVE),
        Capability.OPEN_CHAT: Supported(
            Support.NATIVE, note="by order; by return for FBY, FBS and Express only"
        ),
        Capability.MESSAGES: Supported(Support.NATIVE, {"max_page_size": bounds.HISTORY_PAGE}),
        Capability.GET_MESSAGE: Supported(
            Support.ABSENT, note="Market reads a message by its chat too: api.chats.message"
        ),
        Capability.MESSAGES_SINCE: Supported(
            Support.EMULATED, note="Market filters by message, not by time: older ones are left out"
        ),
        Capability.SEND: Supported(Support.NATIVE, _length(bounds.MESSAGE)),
        Capability.SEND_FILES: Supported(
            Support.NATIVE,
            {"max_file_size": bounds.FILE_SIZE.max, "max_files": 1},
            note="a text with a file are two messages; Market publishes no list of types",
        ),
        Capability.DOWNLOAD: Supported(
            Support.NATIVE, note="by address; Market may refuse it to an Api-Key: then with oauth="
        ),
        Capability.QUESTIONS: Supported(
            Support.NATIVE,
            {
                "max_page_size": bounds.QUESTIONS_PAGE,
                "window_days": bounds.QUESTIONS_DAYS,
                "days_by_default": bounds.BY_DEFAULT_DAYS,
            },
        ),
        Capability.GET_QUESTION: Supported(Support.NATIVE, note="two requests"),
        Capability.QUESTIONS_ANSWERED: Supported(
            Support.NATIVE,
            note="only those that wait; answered=True reads both lists and leaves those out",
        ),
        Capability.QUESTIONS_PERIOD: Supported(
            Support.NATIVE, note="in parts of a month by whole days; the rest is left out"
        ),
        Capability.QUESTIONS_PRODUCT: Supported(
            Support.EMULATED, note=f"all are read, and the others are left out; {_AS_WRITTEN}"
        ),
        Capability.ANSWER_QUESTION: Supported(Support.NATIVE, _length(bounds.ANSWER)),
        Capability.EDIT_QUESTION_ANSWER: Supported(Support.NATIVE, _length(bounds.ANSWER)),
        Capability.REJECT_QUESTION: Supported(Support.ABSENT),
        Capability.FEEDBACKS: Supported(
            Support.NATIVE,
            {
                "max_page_size": bounds.FEEDBACKS_PAGE,
                "window_days": bounds.FEEDBACKS_DAYS,
                "days_by_default": bounds.BY_DEFAULT_DAYS,
            },
            note="the newest part of the period first, within a part as Market orders them",
        ),
        Capability.GET_FEEDBACK: Supported(Support.NATIVE, note="two requests"),
        Capability.FEEDBACKS_ANSWERED: Supported(
            Support.EMULATED,
            note="Market counts comments without their authors: they are read where there are any",
        ),
        Capability.FEEDBACKS_PERIOD: Supported(
            Support.NATIVE, note="in parts of six months, by whole seconds"
        ),
        Capability.FEEDBACKS_RATING: Supported(Support.NATIVE),
        Capability.FEEDBACKS_PRODUCT: Supported(Support.NATIVE, note=_AS_WRITTEN),
        Capability.ANSWER_FEEDBACK: Supported(Support.NATIVE, _length(bounds.COMMENT)),
        Capability.EDIT_FEEDBACK_ANSWER: Supported(Support.NATIVE, _length(bounds.COMMENT)),
        Capability.COMMENTS: Supported(Support.NATIVE, {"max_page_size": bounds.FEEDBACKS_PAGE}),
        Capability.SKIP_REACTION: Supported(Support.NATIVE),
        Capability.RETURNS: Supported(Support.NATIVE, note="of all shops of the business"),
        Capability.GET_RETURN: Supported(
            Support.EMULATED,
            note="one request where its shop and order are known; else the returns are listed",
        ),
        Capability.RETURNS_OPEN: Supported(Support.NATIVE),
        Capability.DECIDE: Supported(
            Support.NATIVE,
            {"hours": 48, "reason": True, "amount": True},
            note="what may be decided has to be asked for: decisions()",
        ),
        Capability.SWEEP_FEEDBACKS: Supported(Support.NATIVE),
        Capability.SWEEP_QUESTIONS: Supported(Support.NATIVE),
        Capability.EVENTS: Supported(
            Support.EMULATED,
            note="by reading again, at once where a notification tells of a change: receiver()",
        ),
        Capability.NOTIFICATIONS: Supported(Support.NATIVE),
    }
)
