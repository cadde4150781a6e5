"""The mapping of unusual records."""

from datetime import UTC, datetime

import msgspec
import pytest

from wbym_wildberries import _mapping as mapping
from wbym_wildberries.api.chats import Chat, Event
from wbym_wildberries.api.claims import Claim
from wbym_wildberries.api.feedbacks import Feedback
from wbym_wildberries.api.questions import Question


def _claim(**fields: object) -> Claim:
    return msgspec.convert({"id": "c", **fields}, Claim)


class TestClaim:
    def test_times_without_a_zone(self) -> None:
        claim = mapping.return_request(_claim(delivery_dt="2026-10-01T02:30:00"), "shop")
        assert claim.delivered_at == datetime(2026, 9, 30, 23, 30, tzinfo=UTC)

    @pytest.mark.parametrize("text", ["0001-01-01T00:00:00", "0001-01-01T00:00:00Z", "", None])
    @pytest.mark.parametrize("field", ["delivery_dt", "order_dt", "dt", "dt_update"])
    def test_times_without_a_date(self, field: str, text: str | None) -> None:
        claim = mapping.return_request(_claim(**{field: text}), "shop")
        assert claim.order is not None
        times = (claim.delivered_at, claim.order.ordered_at, claim.created_at, claim.updated_at)
        assert times == (None, None, None, None)

    @pytest.mark.parametrize("text", ["9999-12-31T23:59:59-03:00", "9999-12-31T23:59:59.9-12:00"])
    def test_impossible_time(self, text: str) -> None:
        claim = mapping.return_request(_claim(dt=text), "shop")
        assert claim.created_at is None

    @pytest.mark.parametrize("stored", ["", None])
    def test_imei_check_when_absent(self, stored: str | None) -> None:
        assert mapping.return_request(_claim(origin_id_info=stored), "shop").imei_check is None

    @pytest.mark.parametrize(
        ("fields", "is_waiting"),
        [
            ({"status": 0}, True),
            ({"status": 1, "actions": ["approve1"]}, True),
            ({"status": 1, "actions": []}, False),
            ({"status": 2}, False),
        ],
    )
    def test_reply_until_when_undecided(self, fields: dict[str, object], is_waiting: bool) -> None:
        """WB lists a claim for 14 days; its times are in Moscow time."""
        times = {"dt": "2026-10-01T03:00:00", "dt_update": "2026-10-02T03:00:00"}
        claim = mapping.return_request(_claim(**times, **fields), "shop")
        until, since = datetime(2026, 10, 15, tzinfo=UTC), datetime(2026, 10, 2, tzinfo=UTC)
        assert (claim.reply_until, claim.waiting_since) == (
            (until, since) if is_waiting else (None, None)
        )

    @pytest.mark.parametrize("text", ["9999-12-31T23:59:59", "", None])
    def test_reply_until_when_beyond_the_calendar(self, text: str | None) -> None:
        assert mapping.return_request(_claim(status=0, dt=text), "shop").reply_until is None


class TestQuestion:
    @pytest.mark.parametrize(
        ("answer", "until"),
        [
            (None, None),
            ({"editable": True}, None),
            ({"editable": True, "createDate": "2026-10-01T00:00:00.118703704Z"}, "2026-11-30"),
            ({"editable": None, "createDate": "2026-10-01T00:00:00.118703704Z"}, "2026-11-30"),
            ({"editable": False, "createDate": "2026-10-01T00:00:00Z"}, None),
            ({"editable": True, "createDate": "9999-12-31T00:00:00Z"}, None),
            ({"editable": True, "createDate": "0001-01-01T00:00:00"}, None),
            ({"editable": True, "createDate": "вчера"}, None),
        ],
    )
    def test_reply_until_when_decided(
        self, answer: dict[str, object] | None, until: str | None
    ) -> None:
        """An answer can be edited once, within 60 days."""
        wire = {
            "id": "q",
            "createdDate": "2026-09-30T00:00:00Z",
            "state": "suppliersPortalSynch" if answer is None else "wbRu",
            "answer": None if answer is None else {"text": "Да", **answer},
        }
        question = mapping.question(msgspec.convert(wire, Question), "shop")
        assert (question.reply_until and f"{question.reply_until:%Y-%m-%d}") == until
        assert (question.waiting_since is None) is (answer is not None)


class TestFeedback:
    @pytest.mark.parametrize("text", ["0001-01-01T00:00:00", "0001-01-01T00:00:00+03:00", "скоро"])
    def test_order_without_a_date(self, text: str) -> None:
        wire = {
            "id": "f",
            "createdDate": "2026-10-01T00:00:00Z",
            "productValuation": 5,
            "lastOrderCreatedAt": text,
        }
        assert mapping.feedback(msgspec.convert(wire, Feedback), "shop").order is None

    @pytest.mark.parametrize("text", ["0001-01-01T00:00:00+03:00", "9999-12-31T23:59:59-03:00"])
    def test_impossible_creation_time(self, text: str) -> None:
        wire = {"id": "f", "createdDate": text, "productValuation": 5}
        with pytest.raises(ValueError, match=r"creation time .* is impossible"):
            mapping.feedback(msgspec.convert(wire, Feedback), "shop")


STAMPS = [-1, 1_790_000_000_000_000, 10**20]
"""Before 1970; in microseconds; beyond the calendar."""


class TestChat:
    @pytest.mark.parametrize("stamp", STAMPS)
    def test_last_message_when_its_time_is_invalid(self, stamp: int) -> None:
        wire = {"chatID": "c", "lastMessage": {"text": "Где заказ?", "addTimestamp": stamp}}
        chat = mapping.chat(msgspec.convert(wire, Chat), "shop")
        assert (chat.updated_at, chat.last_text) == (None, "Где заказ?")

    @pytest.mark.parametrize("stamp", STAMPS)
    def test_event_when_its_time_is_invalid(self, stamp: int) -> None:
        wire = {"chatID": "c", "eventID": "e", "addTimestamp": stamp}
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(wire, Event)
