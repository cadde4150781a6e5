"""The checkpoint in the feed of chat events: late events, rejected cursors, clocks."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from wbym_wildberries._following.checkpoint import MARGIN, MAX_DELAY, ChatCheckpoint, Reading
from wbym_wildberries.api.chats import Event

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = 3_600_000
MINUTE = 60_000
STAMP = int(NOW.timestamp() * 1000)


def events(*stamps: int) -> list[Event]:
    return [Event(chat_id="1", event_id=str(stamp), add_timestamp=stamp) for stamp in stamps]


def place(next: int | None = STAMP, settled: int | None = STAMP - 5 * MINUTE) -> ChatCheckpoint:  # noqa: A002
    return ChatCheckpoint(next=next, settled=settled, newest=next, checked_at=NOW)


class TestFirstCheckpoint:
    def test_first_when_followed_from_the_beginning(self) -> None:
        epoch = datetime.fromtimestamp(0, UTC)
        for since in (epoch, datetime.min.replace(tzinfo=UTC)):
            assert ChatCheckpoint.first(since, NOW).next is None

    def test_first_when_followed_since_a_moment(self) -> None:
        assert ChatCheckpoint.first(NOW, NOW).next == STAMP - HOUR
        just_after = datetime.fromtimestamp(1, UTC)
        assert ChatCheckpoint.first(just_after, NOW).next == 1


class TestReading:
    def test_cursor_when_late_events_are_not_due(self) -> None:
        reading = Reading(place(), NOW + MAX_DELAY - timedelta(seconds=1), begins=False)
        assert reading.cursor == STAMP
        assert reading.advance(events(STAMP + HOUR), None)
        assert reading.place.settled == STAMP - 5 * MINUTE  # the time in between was not read
        assert reading.place.checked_at == NOW

    @pytest.mark.parametrize("passed", [MAX_DELAY, timedelta(days=99), -timedelta(seconds=1)])
    def test_cursor_when_late_events_are_due(self, passed: timedelta) -> None:
        reading = Reading(place(), NOW + passed, begins=False)
        assert reading.cursor == STAMP - 5 * MINUTE
        assert reading.place.checked_at == NOW + passed
        assert reading.place.next == STAMP
        assert reading.advance(events(STAMP + HOUR), None)
        assert reading.place.settled == STAMP + HOUR - MAX_DELAY // timedelta(milliseconds=1)

    def test_settled_when_a_page_ends_before_it(self) -> None:
        reading = Reading(place(), NOW + MAX_DELAY, begins=False)
        assert reading.advance(events(STAMP), None)
        assert reading.place.settled == STAMP - 5 * MINUTE

    def test_advance_when_wb_returns_a_cursor(self) -> None:
        reading = Reading(place(), NOW, begins=False)
        assert reading.advance(events(STAMP + 1, STAMP + 2), STAMP + 3)
        assert reading.cursor == reading.place.next == STAMP + 3
        assert reading.place.newest == STAMP + 2

    @pytest.mark.parametrize("following", [STAMP, STAMP - 1])
    def test_advance_when_the_cursor_does_not_move(self, following: int) -> None:
        reading = Reading(place(), NOW, begins=False)
        before = reading.place
        assert not reading.advance(events(STAMP + 1), following)
        assert reading.place == before

    def test_advance_when_all_events_are_undecodable(self) -> None:
        reading = Reading(
            ChatCheckpoint.first(datetime.fromtimestamp(0, UTC), NOW), NOW, begins=True
        )
        assert not reading.advance([], None)
        assert reading.advance([], STAMP)
        assert (reading.place.next, reading.place.newest) == (STAMP, None)

    def test_retreat_when_rejected_repeatedly(self) -> None:
        reading = Reading(place(), NOW, begins=False)
        assert reading.retreat()
        before = MARGIN // timedelta(milliseconds=1)
        assert reading.cursor == reading.place.next == reading.place.settled == STAMP - before
        assert reading.retreat()
        assert {reading.cursor, reading.place.next, reading.place.settled} == {None}
        assert reading.advance(events(5), None)
        assert not reading.retreat()

    def test_retreat_without_a_known_event(self) -> None:
        first = ChatCheckpoint.first(NOW, NOW)
        reading = Reading(first, NOW, begins=True)
        assert reading.retreat()
        assert reading.cursor is None
        assert not reading.retreat()

    def test_place_when_stored(self) -> None:
        stored = msgspec.json.encode(place())
        assert msgspec.json.decode(stored, type=ChatCheckpoint) == place()
