"""Comparison of enumerations that the neutral model maps with those of the files.

The wire Structs accept any value, so that new ones break nothing; this check reports them.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from tests.drift.differences import Difference, Side
from tests.drift.files import Operation, Route, schemas_of
from tests.drift.shapes import of_schema
from wbym_wildberries import _mapping as wildberries
from wbym_yandex_market import _mapping as yandex_market
from wbym_yandex_market.api import _bounds as bounds

__all__ = ["of_words"]

_KNOWN: Final[Mapping[tuple[str, str], Collection[str]]] = {
    ("wildberries", "Sender"): wildberries._SENDER,
    ("wildberries", "EventType"): {"message"},
    ("yandex_market", "ChatStatusType"): yandex_market._CHAT_STATUS,
    ("yandex_market", "ChatContextType"): yandex_market._CHAT_KIND,
    ("yandex_market", "ChatType"): {"CHAT", "ARBITRAGE"},
    ("yandex_market", "ChatMessageSenderType"): yandex_market._SENDER,
    # A brand or a vendor is neither buyer nor seller.
    ("yandex_market", "GoodsFeedbackCommentAuthorType"): {*yandex_market._AUTHOR, "BRAND"},
    ("yandex_market", "QuestionsTextContentAuthorType"): {
        *yandex_market._AUTHOR,
        "BRAND",
        "VENDOR",
    },
    ("yandex_market", "GoodsFeedbackCommentStatusType"): yandex_market._ANSWER_STATUS,
    ("yandex_market", "QuestionsTextContentModerationStatusType"): yandex_market._ANSWER_STATUS,
    ("yandex_market", "RefundStatusType"): yandex_market._REFUND_STATUS,
    # The neutral model maps it to its own OTHER.
    ("yandex_market", "ReturnRequestDecisionType"): {
        *yandex_market._DECISION_KIND,
        "OTHER_DECISION",
    },
}
"""Our values by marketplace and schema."""

_SOME: Final[Mapping[tuple[str, str], Collection[str]]] = {
    ("yandex_market", "CurrencyType"): yandex_market._ISO,
    ("yandex_market", "ReturnRequestDecisionType"): {
        bounds.DECLINE,
        bounds.PARTIAL,
        *bounds.COMMENT_REQUIRED,
    },
}
"""Enumerations of which only these values matter here."""


def of_words(marketplace: str, operations: Mapping[Route, Operation]) -> Iterator[Difference]:
    """Differences in a marketplace's enumerations."""
    schemas = schemas_of(marketplace, operations)
    for table, whole in ((_KNOWN, True), (_SOME, False)):
        for (owner, name), ours in table.items():
            if owner == marketplace:
                words = of_schema(*schemas[name]).words if name in schemas else frozenset()
                theirs = {str(word) for word in words}
                place = f"enumeration {name}"
                for word in sorted(theirs - {*ours} if whole else ()):
                    yield Difference(marketplace, Side.FILE, place, f"the word {word}")
                for word in sorted({*ours} - theirs):
                    yield Difference(marketplace, Side.OURS, place, f"the word {word}")
