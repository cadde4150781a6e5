"""Yandex Market's capabilities as data; the contract suite proves them."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from wbym.account import Capabilities, Capability, MethodFacts, Support, Supported
from wbym.calls import Length
from wbym_yandex_market.api import _bounds as bounds

__all__ = ["CAPABILITIES", "narrowed"]


def _length(text: Length) -> dict[str, int]:
    return {"min_text_length": text.min, "max_text_length": text.max}


_BY_SKU = "by the seller's own article (offerId), the only one that Market sends"

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
            Support.ABSENT, note="Market also needs the chat's id: use api.chats.message"
        ),
        Capability.MESSAGES_SINCE: Supported(
            Support.EMULATED, note="reads all and filters: Market filters by message, not by time"
        ),
        Capability.SEND: Supported(Support.NATIVE, _length(bounds.MESSAGE)),
        Capability.SEND_FILES: Supported(
            Support.NATIVE,
            {"max_file_size": bounds.FILE_SIZE.max, "max_files": 1},
            note="a text and a file are two messages; Market publishes no list of types",
        ),
        Capability.DOWNLOAD: Supported(
            Support.NATIVE, note="by address; Market may deny it to an Api-Key: pass oauth= too"
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
            note="lists unanswered questions; answered=True reads both lists and leaves them out",
        ),
        Capability.QUESTIONS_PERIOD: Supported(
            Support.NATIVE, note="in parts of a month by whole days, then filtered"
        ),
        Capability.QUESTIONS_PRODUCT: Supported(
            Support.EMULATED, note=f"reads all and filters; {_BY_SKU}"
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
            note="the newest part of the period first, each part in Market's order",
        ),
        Capability.GET_FEEDBACK: Supported(Support.NATIVE, note="two requests"),
        Capability.FEEDBACKS_ANSWERED: Supported(
            Support.EMULATED,
            note="reads the comments, if any: Market counts them without their authors",
        ),
        Capability.FEEDBACKS_PERIOD: Supported(
            Support.NATIVE, note="in parts of six months, by whole seconds"
        ),
        Capability.FEEDBACKS_RATING: Supported(Support.NATIVE),
        Capability.FEEDBACKS_PRODUCT: Supported(Support.NATIVE, note=_BY_SKU),
        Capability.ANSWER_FEEDBACK: Supported(Support.NATIVE, _length(bounds.COMMENT)),
        Capability.EDIT_FEEDBACK_ANSWER: Supported(Support.NATIVE, _length(bounds.COMMENT)),
        Capability.COMMENTS: Supported(Support.NATIVE, {"max_page_size": bounds.FEEDBACKS_PAGE}),
        Capability.SKIP_REACTION: Supported(Support.NATIVE),
        Capability.RETURNS: Supported(Support.NATIVE, note="of all shops of the business"),
        Capability.GET_RETURN: Supported(
            Support.EMULATED,
            note="one request if its shop and order are known; else lists the returns",
        ),
        Capability.RETURNS_OPEN: Supported(Support.NATIVE),
        Capability.DECIDE: Supported(
            Support.NATIVE,
            {"hours": 48, "reason": True, "amount": True},
            note="decisions() requests the available decisions",
        ),
        Capability.SWEEP_FEEDBACKS: Supported(Support.NATIVE),
        Capability.SWEEP_QUESTIONS: Supported(Support.NATIVE),
        Capability.EVENTS: Supported(
            Support.EMULATED,
            note="by polling, at once after a notification of a change: receiver()",
        ),
        Capability.NOTIFICATIONS: Supported(Support.NATIVE),
    }
)

_METHODS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "chats": "chats.list",
        "messages": "chats.history",
        "send": "chats.send",
        "download": "chats.history",
        "questions": "questions.list",
        Capability.ANSWER_QUESTION: "questions.update",
        Capability.EDIT_QUESTION_ANSWER: "questions.update",
        "feedbacks": "feedbacks.list",
        Capability.ANSWER_FEEDBACK: "feedbacks.update_comment",
        Capability.EDIT_FEEDBACK_ANSWER: "feedbacks.update_comment",
        Capability.SKIP_REACTION: "feedbacks.skip_reaction",
        "returns": "returns.list",
        Capability.DECIDE: "returns.submit_decision",
        Capability.OPEN_CHAT: "chats.new",
    }
)
"""The method that a capability needs, by its name or by the noun that begins it."""


def narrowed(methods: Iterable[MethodFacts]) -> Capabilities:
    """The capabilities without those whose methods the account may not call."""
    missing = {facts.name: facts.missing for facts in methods if facts.missing is not None}
    found: dict[Capability, Supported] = {}
    for capability, supported in CAPABILITIES.items():
        method = _METHODS.get(capability) or _METHODS.get(capability.partition(".")[0], "")
        lacks = supported.is_present and method in missing
        found[capability] = (
            Supported(Support.ABSENT, note=f"the account lacks {missing[method]}")
            if lacks
            else supported
        )
    return MappingProxyType(found)
