"""A state file of version 1 is upgraded without loss."""

import asyncio
import logging
import sqlite3
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import pytest

from tests.wbym.feed.shop import Shop
from wbym._sqlite import Connection, Row
from wbym.account import Capabilities, Capability, Receipt, Support, Supported
from wbym.calls import Upload
from wbym.domain import (
    Action,
    Chat,
    Decision,
    DecisionKind,
    Delivery,
    DeliveryState,
    Feedback,
    Message,
    Money,
    Noun,
    Question,
    Ref,
    Return,
    ReturnStatus,
    UndecodableRecord,
)
from wbym.errors import InvalidInput, StateError
from wbym.feed import SqliteStore
from wbym.feed import _version_1 as version_1
from wbym.feed._actions import AnswerAction, DecideAction, SendAction, decode_action
from wbym.feed._delivery import FINAL, OPEN
from wbym.feed._serialization import decode_chat, decode_record
from wbym.feed._store import StoredEvent
from wbym.inbox import Inbox

DUMP = Path(__file__).with_name("version_1.sql")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A state file of version 1."""
    made = tmp_path / "state.db"
    with sqlite3.connect(made) as db:
        db.executescript(DUMP.read_text("utf-8"))
    db.close()
    return made


def change(path: Path, statement: str, *values: object) -> None:
    with sqlite3.connect(path) as db:
        assert db.execute(statement, values).rowcount
    db.close()


def ref(noun: Noun, id_: str) -> Ref:
    return Ref("toy", "shop", noun, id_)


async def events(path: Path) -> list[StoredEvent]:
    async with SqliteStore(path) as store:
        return await store.events(["shop"], after=0, limit=99)


class TestEvents:
    async def test_events_keep_ids_and_order(self, path: Path) -> None:
        found = await events(path)
        assert [(one.id, one.kind.value) for one in found] == [
            ("toy/shop/chat/c1", "chat"),
            ("toy/shop/message/m1", "message"),
            ("toy/shop/unreadable/0123456789abcdef", "undecodable"),
            ("toy/shop/question/q1", "question"),
            ("toy/shop/question/q1#2", "answer"),
            ("toy/shop/feedback/f1", "feedback"),
            ("toy/shop/feedback/f1#2", "answer"),
            ("toy/shop/return/r1", "return"),
            ("toy/shop/return/r1#2", "return_changed"),
        ]

    async def test_refs_have_nouns(self, path: Path) -> None:
        records = [decode_record(one) for one in await events(path)]
        assert [type(one) for one in records] == [
            Chat,
            Message,
            UndecodableRecord,
            Question,
            Question,
            Feedback,
            Feedback,
            Return,
            Return,
        ]
        assert [(one.ref.noun.value, one.ref.id) for one in records] == [
            ("chat", "c1"),
            ("message", "m1"),
            ("undecodable", "0123456789abcdef"),
            ("question", "q1"),
            ("question", "q1"),
            ("feedback", "f1"),
            ("feedback", "f1"),
            ("return", "r1"),
            ("return", "r1"),
        ]

    async def test_records_are_complete(self, path: Path) -> None:
        found = await events(path)
        chat, message, bad, _, question, feedback, commented, item, _ = map(decode_record, found)
        assert isinstance(chat, Chat)
        assert isinstance(message, Message)
        assert decode_chat(found[1]) == chat
        assert (message.chat, message.text) == (ref(Noun.CHAT, "c1"), "Есть?")
        assert message.sent_at == datetime(2026, 5, 1, 12, 1, tzinfo=UTC)
        assert isinstance(bad, UndecodableRecord)
        assert bad.data == b'{"text": "?"}'
        assert isinstance(question, Question)
        assert question.answer is not None
        assert question.answer.text == "48"
        assert isinstance(feedback, Feedback)
        assert feedback.answer_known
        assert isinstance(commented, Feedback)
        assert not commented.answer_known
        assert isinstance(item, Return)
        assert item.amount == Money(Decimal("99.90"), "RUB")
        (decision,) = item.decisions
        assert decision.min_amount == Money(Decimal("1.50"), "RUB")
        assert decision.max_amount == Money(Decimal(99), "RUB")

    @pytest.mark.parametrize("junk", [b"", b"\x00", b"\x80", b"\x81\xa3ref\x01", b"\xff"])
    async def test_damaged_row_is_deleted_and_logged(
        self, path: Path, caplog: pytest.LogCaptureFixture, junk: bytes
    ) -> None:
        change(path, "UPDATE event SET record = ? WHERE id = 'toy/shop/message/m1'", junk)
        change(path, "UPDATE event SET kind = 'parcel' WHERE id = 'toy/shop/return/r1'")
        with caplog.at_level(logging.WARNING, "wbym.feed"):
            found = await events(path)
        assert len(found) == 7
        assert "the event 'toy/shop/message/m1' of an earlier wbym cannot be decoded" in caplog.text
        assert "the event 'toy/shop/return/r1' of" in caplog.text
        assert await events(path) == found

    async def test_stream_state_is_kept(self, path: Path) -> None:
        async with SqliteStore(path) as store:
            point = await store.checkpoint("shop", "chats")
            assert point is not None
            assert (point.state, point.begun) == (b"next", True)
            known = await store.seen_records("shop", "questions", ["question/q1"])
            assert known["question/q1"].revision == 2
            assert len(await store.hints(["shop"])) == 1


async def deliveries(path: Path) -> dict[str, Delivery]:
    async with SqliteStore(path) as store:
        return {one.idempotency_key or "": one for one in await store.deliveries()}


class TestDeliveries:
    async def test_each_key_keeps_its_state(self, path: Path) -> None:
        found = await deliveries(path)
        assert len(found) == 30
        for key, one in found.items():
            what, _, state = key.partition("-")
            assert one.state == state
            assert (one.action, one.target) == {
                "send": (Action.SEND, ref(Noun.CHAT, "c1")),
                "question": (Action.ANSWER, ref(Noun.QUESTION, "q1")),
                "feedback": (Action.ANSWER, ref(Noun.FEEDBACK, "f1")),
                "decide": (Action.DECIDE, ref(Noun.RETURN, "r1")),
                "plain": (Action.DECIDE, ref(Noun.RETURN, "r2")),
            }[what]
            assert (one.attempts, one.sent_at) == (1, datetime(2026, 5, 1, 12, 10, tzinfo=UTC))

    async def test_text_decision_and_files(self, path: Path) -> None:
        found = await deliveries(path)
        for state in DeliveryState:
            decided, plain = found[f"decide-{state}"], found[f"plain-{state}"]
            assert (decided.decision, decided.text) == ("partial", "по правилам")
            assert (plain.decision, plain.text) == ("approve", "")
            assert found[f"send-{state}"].text == "Да"
        assert found["send-confirmed"].id == "m9"
        taken = found["send-accepted"]
        assert (taken.failed_files, taken.note) == (("photo.png: too large", "b.pdf: no"), None)
        assert found["send-rejected"].note == "bad words"

    async def test_actions_continue(self, path: Path) -> None:
        async with SqliteStore(path) as store:
            for key, one in (await deliveries(path)).items():
                work = await store.work(key)
                if one.state in FINAL:
                    assert work == b""
                    continue
                action = decode_action(work)
                assert (action.action, action.target) == (one.action, one.target)
                assert (action.text, action.decision_id) == (one.text, one.decision)
                match action:
                    case SendAction():
                        assert action.chat is not None
                        assert action.chat.ref == one.target
                        assert action.files == (Upload("photo.png", b"\x89PNG\r\n\x1a\n"),)
                    case AnswerAction(question=None):
                        assert action.feedback is not None
                        assert not action.feedback.answer_known
                    case AnswerAction():
                        assert action.question is not None
                        assert action.question.ref == one.target
                    case DecideAction(decision=decision) if one.decision == "partial":
                        assert not isinstance(decision, str)
                        assert decision.kind is DecisionKind.PARTIAL_REFUND
                        assert decision.max_amount == Money(Decimal(99), "RUB")
                        assert action.return_ is not None
                        assert action.return_.decisions == (decision,)
                        assert action.amount == Money(Decimal("5.50"), "RUB")
                        assert action.reason == "defect"
                    case DecideAction():
                        assert (action.reason, action.amount) == (None, None)
                    case _:
                        pytest.fail(f"{action} was not made by version 1")

    async def test_open_deliveries_are_found_by_their_target(self, path: Path) -> None:
        async with SqliteStore(path) as store:
            assert len(await store.delivered_to(ref(Noun.CHAT, "c1"))) == 6
            claims = await store.open_deliveries(["shop"])
            assert len(claims) == 15
            assert {one.delivery.state for one in claims} == OPEN
            assert all(one.owner for one in claims)

    @pytest.mark.parametrize(
        ("key", "known", "noun"),
        [
            ("a", "feedback/f1", Noun.FEEDBACK),
            ("a", "question/f1", Noun.QUESTION),
            ("toy/shop/question/f1", None, Noun.QUESTION),
            ("toy/shop/feedback/f1", None, Noun.FEEDBACK),
            ("a", None, Noun.FEEDBACK),
        ],
    )
    async def test_noun_of_a_finished_answer(
        self,
        path: Path,
        caplog: pytest.LogCaptureFixture,
        key: str,
        known: str | None,
        noun: Noun,
    ) -> None:
        change(path, "UPDATE memo SET key = ? WHERE key = 'feedback/f1'", known or "feedback/f2")
        change(path, "UPDATE delivery SET key = ? WHERE key = 'feedback-confirmed'", key)
        assert (await deliveries(path))[key].target == ref(noun, "f1")
        is_guessed = f"{key!r} answered f1, which is assumed to be a feedback" in caplog.text
        assert is_guessed is (key == "a" and known is None)

    @pytest.mark.parametrize("state", ["pending", "sending", "accepted", "unknown"])
    @pytest.mark.parametrize("junk", [b"", b"\x80", b"junk", b"\xff"])
    async def test_key_is_kept_when_its_action_is_lost(
        self, path: Path, caplog: pytest.LogCaptureFixture, state: str, junk: bytes
    ) -> None:
        change(path, "UPDATE delivery SET work = ? WHERE key = ?", junk, f"send-{state}")
        one = (await deliveries(path))[f"send-{state}"]
        assert one.state is DeliveryState.UNKNOWN
        assert one.note is not None
        assert "an earlier wbym saved it" in one.note
        assert f"'send-{state}' can no longer be sent" in caplog.text

    @pytest.mark.parametrize("junk", ["", "{}", "[]", '{"key":"send-pending","action":"fly"}'])
    async def test_damaged_row_is_deleted_and_logged(
        self, path: Path, caplog: pytest.LogCaptureFixture, junk: str
    ) -> None:
        change(path, "UPDATE delivery SET body = ? WHERE key = 'send-pending'", junk)
        assert len(await deliveries(path)) == 29
        assert "the delivery 'send-pending' of an earlier wbym cannot be decoded" in caplog.text


class Market(Shop):
    """The marketplace of the old file, which no delivery has reached yet."""

    CAPABILITIES: ClassVar[Capabilities] = {
        **Shop.CAPABILITIES,
        Capability.GET_RETURN: Supported(Support.NATIVE),
        Capability.DECIDE: Supported(Support.NATIVE, {"reason": True, "amount": True}),
    }

    def __init__(self) -> None:
        super().__init__()
        self.ask("q1")
        self.review("f1")
        partial = Decision(
            "partial",
            DecisionKind.PARTIAL_REFUND,
            comment_allowed=True,
            reasons=("defect",),
            min_amount=Money(Decimal(1), "RUB"),
            max_amount=Money(Decimal(99), "RUB"),
        )
        self.offered = {"r1": partial, "r2": Decision("approve", DecisionKind.REFUND)}

    async def _get_return(self, return_id: str, known: Return | None) -> Return:
        where = ref(Noun.RETURN, return_id)
        if return_id not in self.offered:
            return Return(where, ReturnStatus.APPROVED)
        offered = (self.offered[return_id],)
        return Return(where, ReturnStatus.WAITING_FOR_SELLER, offered)

    async def _decide(
        self,
        item: Return,
        decision: Decision,
        *,
        comment: str | None,
        reason: str | None,
        amount: Money | None,
    ) -> Receipt | None:
        self.sent.append((item.ref.id, f"{decision.id} {comment} {reason} {amount}"))
        del self.offered[item.ref.id]
        return None


SENT = {
    "send": ("c1", "Да"),
    "question": ("q1", "48"),
    "feedback": ("f1", "Спасибо"),
    "decide": ("r1", "partial по правилам defect 5.50 RUB"),
    "plain": ("r2", "approve None None None"),
}


class TestContinuing:
    @pytest.mark.parametrize("what", SENT)
    @pytest.mark.parametrize("state", sorted(OPEN))
    async def test_open_deliveries_finish(
        self, path: Path, what: str, state: DeliveryState
    ) -> None:
        key = f"{what}-{state}"
        change(path, "DELETE FROM delivery WHERE key != ?", key)
        shop = Market()
        async with Inbox(shop, state=path, confirmation_timeout=0.05) as inbox, asyncio.timeout(30):
            while True:
                one = await inbox.outbox.delivery(key)
                assert one is not None
                if one.state not in OPEN:
                    break
                await asyncio.sleep(0.005)
        if state is DeliveryState.ACCEPTED:
            assert (one.state, shop.sent) == (DeliveryState.UNKNOWN, [])
        else:
            assert (one.state, shop.sent) == (DeliveryState.CONFIRMED, [SENT[what]])

    async def test_known_key_is_not_resent(self, path: Path) -> None:
        change(path, "DELETE FROM delivery WHERE state NOT IN ('confirmed', 'rejected')")
        # Otherwise it would exceed the 90 days for which a key is kept.
        change(path, "UPDATE delivery SET updated_at = ?", 4_000_000_000_000_000)
        shop = Market()
        question, item = shop.asks["q1"], shop.items["f1"]
        async with Inbox(shop, state=path) as inbox:
            for state in FINAL:
                for delivery in (
                    await inbox.send(shop.chat("c1"), "Да", idempotency_key=f"send-{state}"),
                    await inbox.answer(question, "48", idempotency_key=f"question-{state}"),
                    await inbox.answer(item.ref, "Да", idempotency_key=f"feedback-{state}"),
                    await inbox.decide(
                        ref(Noun.RETURN, "r1"), "partial", idempotency_key=f"decide-{state}"
                    ),
                ):
                    assert delivery.state is state
            with pytest.raises(InvalidInput, match="used to send toy/shop/chat/c1"):
                await inbox.answer(item, "Да", idempotency_key="send-confirmed")
        assert shop.sent == []


async def test_rows_of_many_pages(path: Path) -> None:
    with sqlite3.connect(path) as db:
        for _ in range(5):
            db.execute(
                "INSERT INTO event (id, account, kind, at, record, chat, sent_as)"
                " SELECT id, account, kind, at, record, chat, sent_as FROM event"
            )
    db.close()
    async with SqliteStore(path) as store:
        found = await store.events(["shop"], after=0, limit=9999)
    assert len(found) == 9 * 32
    assert {decode_record(one).ref.marketplace for one in found} == {"toy"}


async def test_file_is_unchanged_when_the_upgrade_fails(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(db: Connection, row: Row) -> None:
        raise OSError(28, "No space left on device")

    before = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(version_1, "_delivery", fail)
        with pytest.raises(StateError, match="free some space"):
            await events(path)
    assert path.read_bytes() == before
    assert len(await events(path)) == 9


def test_version_1_has_no_nouns() -> None:
    """Otherwise the dump would prove nothing."""
    assert '"noun"' not in DUMP.read_text("utf-8")
    assert b"noun".hex().upper() not in DUMP.read_text("utf-8")
