"""Wildberries' capabilities as data; the contract suite proves them."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from wbym.account import Capabilities, Capability, Support, Supported
from wbym.calls import row
from wbym_wildberries._dialect import WildberriesDialect
from wbym_wildberries.api import _bounds as bounds

__all__ = ["CAPABILITIES", "narrowed"]

_ANSWER = {"min_text_length": bounds.ANSWER.min, "max_text_length": bounds.ANSWER.max}
_EDIT = {**_ANSWER, "edits": 1, "edit_days": 60}

CAPABILITIES: Final[Capabilities] = MappingProxyType(
    {
        Capability.CHATS: Supported(Support.NATIVE),
        Capability.GET_CHAT: Supported(
            Support.EMULATED, note="reads the list, and the feed of events if the list lacks it"
        ),
        Capability.CHATS_WAITING: Supported(
            Support.EMULATED, note="reads the feed too: WB's list does not say who wrote last"
        ),
        Capability.OPEN_CHAT: Supported(Support.ABSENT),
        Capability.MESSAGES: Supported(
            Support.EMULATED, note="reads and filters WB's one feed of all chats"
        ),
        Capability.GET_MESSAGE: Supported(Support.EMULATED, note="reads the whole feed"),
        Capability.MESSAGES_SINCE: Supported(Support.NATIVE),
        Capability.SEND: Supported(Support.NATIVE, {"max_text_length": bounds.MESSAGE.max}),
        Capability.SEND_FILES: Supported(
            Support.NATIVE,
            {
                "max_file_size": bounds.FILE_SIZE.max,
                "max_total_size": bounds.FILES_SIZE.max,
                "file_types": " ".join(bounds.FILE_TYPE.types),
            },
        ),
        Capability.DOWNLOAD: Supported(Support.NATIVE),
        Capability.QUESTIONS: Supported(
            Support.NATIVE,
            {"max_page_size": bounds.QUESTIONS_PAGE, "reach": bounds.QUESTIONS_REACH},
        ),
        Capability.GET_QUESTION: Supported(Support.NATIVE),
        Capability.QUESTIONS_ANSWERED: Supported(Support.NATIVE),
        Capability.QUESTIONS_PERIOD: Supported(Support.NATIVE),
        Capability.QUESTIONS_PRODUCT: Supported(Support.NATIVE),
        Capability.ANSWER_QUESTION: Supported(Support.NATIVE, _ANSWER),
        Capability.EDIT_QUESTION_ANSWER: Supported(Support.NATIVE, _EDIT),
        Capability.REJECT_QUESTION: Supported(Support.NATIVE, _ANSWER),
        Capability.FEEDBACKS: Supported(
            Support.NATIVE,
            {"max_page_size": bounds.FEEDBACKS_PAGE, "reach": bounds.FEEDBACKS_REACH},
        ),
        Capability.GET_FEEDBACK: Supported(Support.NATIVE),
        Capability.FEEDBACKS_ANSWERED: Supported(
            Support.EMULATED, note="checks the answers: WB filters by processed or not only"
        ),
        Capability.FEEDBACKS_PERIOD: Supported(Support.NATIVE),
        Capability.FEEDBACKS_RATING: Supported(Support.EMULATED, note="reads all and filters"),
        Capability.FEEDBACKS_PRODUCT: Supported(Support.NATIVE),
        Capability.ANSWER_FEEDBACK: Supported(Support.NATIVE, _ANSWER),
        Capability.EDIT_FEEDBACK_ANSWER: Supported(Support.NATIVE, _EDIT),
        Capability.COMMENTS: Supported(Support.ABSENT),
        Capability.SKIP_REACTION: Supported(Support.ABSENT),
        Capability.RETURNS: Supported(Support.NATIVE, {"days_back": 14}),
        Capability.GET_RETURN: Supported(
            Support.NATIVE, note="of the last 14 days; two requests for an archived claim"
        ),
        Capability.RETURNS_OPEN: Supported(Support.NATIVE),
        Capability.DECIDE: Supported(
            Support.NATIVE,
            {"min_comment_length": bounds.COMMENT.min, "max_comment_length": bounds.COMMENT.max},
        ),
        Capability.SWEEP_FEEDBACKS: Supported(Support.NATIVE),
        Capability.SWEEP_QUESTIONS: Supported(Support.NATIVE),
        Capability.EVENTS: Supported(
            Support.EMULATED,
            note="chats from their feed of events, the rest by polling; WB has no notifications",
        ),
        Capability.NOTIFICATIONS: Supported(Support.ABSENT),
    }
)


def _rows() -> Mapping[str, Callable[..., object]]:
    """The operation that a capability needs, by its name or by the noun that begins it."""
    from wbym_wildberries.api.chats import Chats  # loaded at the first use
    from wbym_wildberries.api.claims import Claims
    from wbym_wildberries.api.feedbacks import Feedbacks
    from wbym_wildberries.api.questions import Questions

    return {
        "chats": Chats.list,
        "messages": Chats.events,
        "send": Chats.send,
        "download": Chats.download,
        "questions": Questions.list,
        # Questions have the token category of feedbacks.
        Capability.ANSWER_QUESTION: Feedbacks.answer,
        Capability.EDIT_QUESTION_ANSWER: Feedbacks.answer,
        Capability.REJECT_QUESTION: Feedbacks.answer,
        "feedbacks": Feedbacks.list,
        Capability.ANSWER_FEEDBACK: Feedbacks.answer,
        Capability.EDIT_FEEDBACK_ANSWER: Feedbacks.edit_answer,
        "returns": Claims.list,
        Capability.DECIDE: Claims.decide,
    }


def narrowed(dialect: WildberriesDialect) -> Capabilities:
    """The capabilities without those that the account's tokens do not cover."""
    rows = _rows()
    found: dict[Capability, Supported] = {}
    for capability, supported in CAPABILITIES.items():
        operation = rows.get(capability) or rows.get(capability.partition(".")[0])
        missing = None if operation is None else dialect.missing(row(operation).endpoint)
        lacks = supported.is_present and missing is not None
        found[capability] = (
            Supported(Support.ABSENT, note=f"the account lacks {missing}") if lacks else supported
        )
    return MappingProxyType(found)
