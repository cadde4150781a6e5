"""A fake account with a record of each noun."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from wbym.account import Capability, Support, Supported
from wbym.domain import (
    Answer,
    Author,
    Chat,
    ChatStatus,
    Decision,
    DecisionKind,
    Feedback,
    Message,
    Money,
    Noun,
    Question,
    QuestionStatus,
    Ref,
    Return,
    ReturnStatus,
)
from wbym.testing import FakeAccount

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
NAIVE = datetime(2026, 5, 1)  # noqa: DTZ001 - the invalid value


def ref(noun: Noun, record_id: str = "1") -> Ref:
    return Ref("fake", "fake", noun, record_id)


def roubles(amount: float | str) -> Money:
    return Money(Decimal(amount), "RUB")


REFUND = Decision("refund", DecisionKind.REFUND)
REJECT = Decision("reject", DecisionKind.REJECT, comment_required=True, comment_allowed=True)
EXPLAIN = Decision("explain", DecisionKind.REJECT, reasons=("worn", "late"))
PARTIAL = Decision(
    "partial", DecisionKind.PARTIAL_REFUND, min_amount=roubles(10), max_amount=roubles(50)
)

CHAT = Chat(ref=ref(Noun.CHAT), status=ChatStatus.WAITING_FOR_SELLER, waiting_since=NOW)
MESSAGE = Message(
    ref=ref(Noun.MESSAGE), chat=CHAT.ref, author=Author.BUYER, sent_at=NOW, text="Где заказ?"
)
QUESTION = Question(
    ref=ref(Noun.QUESTION), text="Какой размер?", created_at=NOW, status=QuestionStatus.WAITING
)
FEEDBACK = Feedback(ref=ref(Noun.FEEDBACK), created_at=NOW, rating=5, text="Подошло")
ANSWERED = Feedback(
    ref=ref(Noun.FEEDBACK, "2"), created_at=NOW, rating=1, answer=Answer("Спасибо!")
)
RETURN = Return(
    ref=ref(Noun.RETURN),
    status=ReturnStatus.WAITING_FOR_SELLER,
    decisions=(REFUND, REJECT, EXPLAIN, PARTIAL),
    created_at=NOW,
)
RECORDS = (CHAT, MESSAGE, QUESTION, FEEDBACK, RETURN)


def bounded(capability: Capability, facts: Mapping[str, str | int | float | bool]) -> FakeAccount:
    """A fake account with facts of one capability."""
    return shop({**FakeAccount.CAPABILITIES, capability: Supported(Support.NATIVE, facts)})


def shop(capabilities: Mapping[Capability, Supported] | None = None) -> FakeAccount:
    return FakeAccount(
        chats=[CHAT],
        messages=[MESSAGE],
        questions=[QUESTION],
        feedbacks=[FEEDBACK, ANSWERED],
        returns=[RETURN],
        capabilities=capabilities,
    )
