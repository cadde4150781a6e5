import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TypeAlias

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.wbym.export.records import anything
from wbym.domain import (
    Action,
    Answer,
    AnswerStatus,
    Chat,
    ChatStatus,
    Decision,
    DecisionKind,
    Delivery,
    DeliveryState,
    Feedback,
    Media,
    MediaKind,
    Message,
    Money,
    Noun,
    Product,
    Question,
    QuestionStatus,
    Record,
    Ref,
    Return,
    ReturnItem,
    ReturnStatus,
    attach_raw,
)
from wbym.errors import AnswerNotLoaded

AnyRecord: TypeAlias = Chat | Message | Question | Feedback | Return | Delivery

REF = Ref("toy", "shop", Noun.FEEDBACK, "1")
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize("kind", [Chat, Message, Question, Feedback, Return, Delivery])
@given(data=st.data())
def test_json_round_trip(kind: type[AnyRecord], data: st.DataObject) -> None:
    record = data.draw(anything(kind))
    if isinstance(record, Record):
        attach_raw(record, {"sign": "s3cret"})
    encoded = msgspec.json.encode(record)
    assert msgspec.json.decode(encoded, type=kind) == record
    assert "raw" not in msgspec.json.decode(encoded, type=dict[str, object])


class TestRaw:
    def make(self) -> Feedback:
        record = Feedback(ref=REF, created_at=NOW, text="Хорошо")
        attach_raw(record, {"sign": "s3cret"})
        return record

    def test_raw_when_attached(self) -> None:
        assert self.make().raw == {"sign": "s3cret"}

    def test_raw_when_absent(self) -> None:
        assert Feedback(ref=REF, created_at=NOW).raw is None

    def test_raw_when_compared_shown_or_encoded(self) -> None:
        record, bare = self.make(), Feedback(ref=REF, created_at=NOW, text="Хорошо")
        assert record == bare
        assert hash(record) == hash(bare)
        assert "s3cret" not in repr(record)
        assert b"s3cret" not in msgspec.json.encode(record)

    def test_records_when_many_are_created(self) -> None:
        wire = object()
        before = sys.getrefcount(wire)
        for _ in range(1000):
            attach_raw(Feedback(ref=REF, created_at=NOW), wire)
        assert sys.getrefcount(wire) == before

    def test_record_when_changed(self) -> None:
        with pytest.raises(AttributeError):
            self.make().text = "Плохо"  # type: ignore[misc]


class TestFeedback:
    @pytest.mark.parametrize(
        ("answer", "answered"),
        [
            (None, False),
            (Answer("Спасибо"), True),
            (Answer("Спасибо", AnswerStatus.IN_MODERATION), True),
            (Answer("Спасибо", AnswerStatus.REJECTED), False),
            (Answer("Спасибо", AnswerStatus.DELETED), False),
            (Answer(""), False),
        ],
    )
    @pytest.mark.parametrize("comments", [None, 0, 2])
    def test_answered_when_known(
        self, answer: Answer | None, comments: int | None, answered: bool
    ) -> None:
        record = Feedback(ref=REF, created_at=NOW, answer=answer, comments=comments)
        assert record.answered is answered
        assert record.waiting_since == (None if answered else NOW)

    def test_answered_when_the_list_did_not_load_it(self) -> None:
        record = Feedback(ref=REF, created_at=NOW, comments=2, answer_known=False)
        with pytest.raises(AnswerNotLoaded, match=r"toy/shop/feedback/1: .*account\.get\(ref\)"):
            record.answered  # noqa: B018
        assert "answer_known=False" in repr(record)
        assert msgspec.json.decode(msgspec.json.encode(record), type=Feedback) == record
        assert msgspec.to_builtins(record)["answer"] is None
        assert hash(record) == hash(replace(record))
        assert record.waiting_since is None

    def test_answered_when_loaded_later(self) -> None:
        answer = Answer("Спасибо")
        assert Feedback(ref=REF, created_at=NOW, answer=answer, answer_known=False).answered

    def test_body_when_parts_are_empty(self) -> None:
        record = Feedback(ref=REF, created_at=NOW, text="Текст", cons="Минусы")
        assert record.body == "Текст\nМинусы"
        assert Feedback(ref=REF, created_at=NOW).body == ""


class TestStatuses:
    def test_question_when_only_its_status_is_known(self) -> None:
        assert Question(ref=REF, text="?", created_at=NOW, status=QuestionStatus.ANSWERED).answered
        assert not Question(ref=REF, text="?", created_at=NOW).answered

    @pytest.mark.parametrize("status", QuestionStatus)
    def test_question_when_unanswered(self, status: QuestionStatus) -> None:
        question = Question(ref=REF, text="?", created_at=NOW, status=status)
        assert question.waiting_since == (NOW if status is QuestionStatus.WAITING else None)

    @pytest.mark.parametrize("status", ReturnStatus)
    def test_return_when_undecided(self, status: ReturnStatus) -> None:
        item = Return(ref=REF, status=status, created_at=NOW)
        moved = replace(item, updated_at=NOW + HOUR)
        waits = status is ReturnStatus.WAITING_FOR_SELLER
        assert item.waiting_for_seller is waits
        assert item.waiting_since == (NOW if waits else None)
        assert moved.waiting_since == (NOW + HOUR if waits else None)

    @pytest.mark.parametrize("state", DeliveryState)
    def test_delivery_properties_by_state(self, state: DeliveryState) -> None:
        delivery = Delivery(REF, Action.ANSWER, "Спасибо", state, NOW, NOW)
        assert delivery.accepted is (state in {DeliveryState.ACCEPTED, DeliveryState.CONFIRMED})
        assert delivery.confirmed is (state is DeliveryState.CONFIRMED)

    def test_chat_when_its_status_is_unknown(self) -> None:
        assert Chat(ref=REF).waiting_for_seller is None
        assert Chat(ref=REF, status=ChatStatus.WAITING_FOR_SELLER).waiting_for_seller is True
        assert Chat(ref=REF, status=ChatStatus.CLOSED).waiting_for_seller is False


def test_text_when_shown() -> None:
    assert str(Money(Decimal("1.50"), "RUB")) == "1.50 RUB"


def test_structs_when_hashed() -> None:
    item = Return(
        ref=REF,
        decisions=(Decision("approve1", DecisionKind.REFUND),),
        items=(ReturnItem(Product(id="1")),),
        media=(Media(MediaKind.PHOTO, "https://x.example/1.webp"),),
    )
    assert isinstance(hash(item), int)


def test_imports_when_only_the_domain_is_used() -> None:
    code = "import sys, wbym.domain; print([m for m in ('aiohttp', 'anyio') if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_imports_when_the_package_is_used() -> None:
    code = (
        "import sys, wbym; from wbym import Priority;"
        "print([m for m in sys.modules if m.split('.')[0].startswith('wbym_')"
        " or m.startswith('aiohttp.web')])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_record_base_class() -> None:
    assert all(issubclass(kind, Record) for kind in (Chat, Message, Question, Feedback, Return))
