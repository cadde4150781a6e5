import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeAlias

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wbym.export.records import anything
from wbym.domain import (
    Answer,
    AnswerStatus,
    Chat,
    ChatStatus,
    Decision,
    DecisionKind,
    Feedback,
    Media,
    MediaKind,
    Message,
    Money,
    Product,
    Question,
    QuestionStatus,
    Record,
    Ref,
    Return,
    ReturnItem,
    Sent,
    attach_raw,
)

AnyRecord: TypeAlias = Chat | Message | Question | Feedback | Return | Sent

REF = Ref("toy", "shop", "1")
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("kind", [Chat, Message, Question, Feedback, Return, Sent])
@given(data=st.data())
def test_json_when_there_and_back(kind: type[AnyRecord], data: st.DataObject) -> None:
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

    def test_raw_when_there_is_none(self) -> None:
        assert Feedback(ref=REF, created_at=NOW).raw is None

    def test_raw_when_compared_shown_or_encoded(self) -> None:
        record, bare = self.make(), Feedback(ref=REF, created_at=NOW, text="Хорошо")
        assert record == bare
        assert hash(record) == hash(bare)
        assert "s3cret" not in repr(record)
        assert b"s3cret" not in msgspec.json.encode(record)

    def test_records_when_many_are_made(self) -> None:
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
        ("answer", "comments", "answered"),
        [
            (None, None, False),
            (None, 0, False),
            (None, 2, None),
            (Answer("Спасибо"), None, True),
            (Answer("Спасибо", AnswerStatus.IN_MODERATION), None, True),
            (Answer("Спасибо", AnswerStatus.REJECTED), None, False),
            (Answer("Спасибо", AnswerStatus.DELETED), None, False),
            (Answer(""), None, False),
        ],
    )
    def test_answered_when(
        self, answer: Answer | None, comments: int | None, answered: bool | None
    ) -> None:
        record = Feedback(ref=REF, created_at=NOW, answer=answer, comments=comments)
        assert record.answered is answered

    def test_body_when_parts_are_empty(self) -> None:
        record = Feedback(ref=REF, created_at=NOW, text="Текст", cons="Минусы")
        assert record.body == "Текст\nМинусы"
        assert Feedback(ref=REF, created_at=NOW).body == ""


class TestStatuses:
    def test_question_when_only_its_status_is_known(self) -> None:
        assert Question(ref=REF, text="?", created_at=NOW, status=QuestionStatus.ANSWERED).answered
        assert not Question(ref=REF, text="?", created_at=NOW).answered

    def test_chat_when_nobody_says_whose_turn_it_is(self) -> None:
        assert Chat(ref=REF).waiting_for_seller is None
        assert Chat(ref=REF, status=ChatStatus.WAITING_FOR_SELLER).waiting_for_seller is True
        assert Chat(ref=REF, status=ChatStatus.CLOSED).waiting_for_seller is False


def test_text_when_shown() -> None:
    assert str(REF) == "toy/shop/1"
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


def test_record_when_it_is_the_base() -> None:
    assert all(issubclass(kind, Record) for kind in (Chat, Message, Question, Feedback, Return))
