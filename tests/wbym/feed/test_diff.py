"""Which observations become events."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TypeAlias

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wbym.feed.followed import Account, message, question, ref
from tests.wbym.feed.kept import BEGIN, at
from wbym.account import Batch, Observation, Observed
from wbym.domain import (
    Answer,
    Author,
    Chat,
    Feedback,
    Message,
    Noun,
    Question,
    Ref,
    Return,
    ReturnStatus,
    UndecodableRecord,
)
from wbym.feed import EventKind, MemoryStore
from wbym.feed import _diff as diff
from wbym.feed._diff import diff_batch
from wbym.feed._serialization import decode_chat, decode_record
from wbym.feed._store import Checkpoint


class TestEvents:
    RECORDS: Sequence[tuple[Observed, EventKind, EventKind | None]] = [
        (Chat(ref=ref("1", Noun.CHAT)), EventKind.CHAT, None),
        (message(), EventKind.MESSAGE, None),
        (question(), EventKind.QUESTION, EventKind.ANSWER),
        (
            Feedback(ref=ref("1", Noun.FEEDBACK), created_at=BEGIN),
            EventKind.FEEDBACK,
            EventKind.ANSWER,
        ),
        (Return(ref=ref("1", Noun.RETURN)), EventKind.RETURN, EventKind.RETURN_CHANGED),
        (
            UndecodableRecord(ref("1", Noun.UNDECODABLE), "chats.list", "chats[0]", "no id", b"{}"),
            EventKind.UNDECODABLE,
            None,
        ),
    ]

    @pytest.mark.parametrize(("record", "new", "changed"), RECORDS)
    async def test_new_and_changed(
        self, record: Observed, new: EventKind, changed: EventKind | None
    ) -> None:
        account = Account()
        assert await account.kinds(Batch([Observation(record, BEGIN, "a")])) == [new]
        assert await account.kinds(Batch([Observation(record, BEGIN, "a")])) == []
        assert await account.kinds(Batch([Observation(record, BEGIN, None)])) == []
        for version in "bab":
            found = await account.kinds(Batch([Observation(record, BEGIN, version)]))
            assert found == ([] if changed is None else [changed])
        noun = record.ref.noun.value
        first = f"toy/shop/{noun}/1"
        numbered = [] if changed is None else [f"{first}#{number}" for number in (2, 3, 4)]
        assert [event.id for event in account.events] == [first, *numbered]

    @pytest.mark.parametrize("name", ["shop", "a/question/b"])
    @pytest.mark.parametrize("id_", ["1", "question/1", "feedback/1"])
    async def test_stored_records_round_trip(self, name: str, id_: str) -> None:
        def where(noun: Noun) -> Ref:
            return Ref("toy", name, noun, id_)

        chat = where(Noun.CHAT)
        answer = Answer("Да")
        records: list[Observed] = [
            Chat(ref=chat, buyer=None, last_text="…"),
            Message(
                ref=where(Noun.MESSAGE), chat=chat, author=Author.BUYER, sent_at=at(1), text=None
            ),
            Question(ref=where(Noun.QUESTION), text="Какой?", created_at=at(2), answer=answer),
            Feedback(ref=where(Noun.FEEDBACK), created_at=at(3), rating=5, answer=answer),
            Return(ref=where(Noun.RETURN), status=ReturnStatus.REJECTED, created_at=at(4)),
        ]
        account = Account(name=name)
        for version in "ab":
            await account.show(Batch([Observation(one, BEGIN, version) for one in records]))
        assert [decode_record(event) for event in account.events] == [*records, *records[2:]]

    async def test_message_comes_with_its_chat(self) -> None:
        account = Account()
        chat = Chat(ref=ref("7", Noun.CHAT), last_text="…")
        await account.show(
            Batch([Observation(chat, BEGIN), Observation(message(), at(1), chat=chat)])
        )
        assert [decode_chat(event) for event in account.events] == [None, chat]
        assert [event.at for event in account.events] == [BEGIN, at(1)]

    async def test_checkpoint_advances(self) -> None:
        account = Account()
        for batch, state, retained_since in (
            (Batch([]), None, None),
            (Batch([], b"1"), b"1", None),
            (Batch([], None, at(2)), b"1", at(2)),
            (Batch([], b"2", at(1)), b"2", at(2)),
            (Batch([], b"3", at(61)), b"3", at(2)),
            (Batch([], b"4", at(62)), b"4", at(62)),
            (Batch([], b""), b"", at(62)),
        ):
            before = account.point.retained_since
            step = await account.show(batch)
            assert step.checkpoint == Checkpoint(
                "shop", "chats", BEGIN, state, True, retained_since
            )
            assert step.forget_before == (retained_since if retained_since != before else None)

    async def test_events_keep_the_order_of_the_stream(self) -> None:
        account = Account()
        shown = [question(f"{number}") for number in (3, 1, 2, 1, 3)]
        await account.show(Batch([Observation(one, BEGIN) for one in shown]))
        assert [event.id[-1] for event in account.events] == ["3", "1", "2"]

    async def test_older_records_make_no_event_in_the_first_round(self) -> None:
        account = Account(begun=False)
        old, new = Observation(question("1"), at(-1), "a"), Observation(question("2"), BEGIN, "a")
        assert await account.kinds(Batch([old, new])) == [EventKind.QUESTION]
        changed = msgspec.structs.replace(old, version="b")
        assert await account.kinds(Batch([changed])) == [EventKind.ANSWER]
        account.point = msgspec.structs.replace(account.point, begun=True)
        assert await account.kinds(Batch([changed])) == []
        late = Observation(question("3"), at(-9), "a")
        assert await account.kinds(Batch([late])) == [EventKind.QUESTION]

    async def test_records_older_than_the_retention_horizon_make_no_event(self) -> None:
        account = Account()
        chat = Chat(ref=ref("1", Noun.CHAT))
        old, edge = Observation(question("1"), at(1)), Observation(question("2"), at(2))
        seen = Observation(question("3"), at(1))
        assert await account.kinds(Batch([seen], None, at(2))) == [EventKind.QUESTION]
        again = [old, edge, seen, msgspec.structs.replace(seen, version="b")]
        assert await account.kinds(Batch(again)) == [EventKind.QUESTION]
        assert account.events[-1].id == "toy/shop/question/2"
        assert await account.kinds(Batch([Observation(chat, at(0))])) == [EventKind.CHAT]
        assert await account.kinds(Batch([Observation(chat, at(0))], None, at(9))) == []
        assert await account.kinds(Batch([Observation(chat, at(0))])) == []


Show: TypeAlias = tuple[list[tuple[int, str | None]], bool]
"""Records with their versions, and whether the step is lost before it is stored."""

SHOWS = st.lists(
    st.tuples(
        st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["a", "b", "c", None])), max_size=8),
        st.booleans(),
    ),
    max_size=12,
)


@given(shows=SHOWS, first_round=st.integers(0, 6), forgets=st.lists(st.integers(-9, 9)))
async def test_each_record_once_and_each_change_once(
    shows: list[Show], first_round: int, forgets: list[int]
) -> None:
    """Any observations, repeated at will and interrupted anywhere.

    Record n was created n - 5 minutes after the beginning.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diff, "FORGET_EVERY", timedelta(minutes=1))
        await _each_once(shows, first_round, forgets)


async def _each_once(shows: list[Show], first_round: int, forgets: list[int]) -> None:
    store = MemoryStore()
    event_ids: list[str] = []
    shown: dict[int, list[str]] = {}
    """The versions reported of each record since it was first reported."""
    expected: dict[int, int] = {}
    retained_since = -99
    for turn, (observations, is_lost) in enumerate(shows):
        forget_before = forgets[turn] if turn < len(forgets) else None
        batch = Batch(
            [Observation(question(f"{n}"), at(n - 5), version) for n, version in observations],
            b"%d" % turn,
            None if forget_before is None else at(forget_before),
        )
        point = await store.checkpoint("shop", "chats") or Checkpoint("shop", "chats", BEGIN)
        point = msgspec.structs.replace(point, begun=turn >= first_round)
        step = await diff_batch(batch, point, store)
        if is_lost:
            # The process ended before it was stored: the stream shows it again.
            again = await diff_batch(batch, point, store)
            assert again.events == step.events
            step = again
        await store.write(step)
        event_ids += [event.id.rpartition("/")[2] for event in step.events]
        for n, version in observations:
            if n not in shown:
                if n - 5 < retained_since:
                    continue
                shown[n] = [version or ""]
                is_silent = turn < first_round and n < 5
                expected[n] = 0 if is_silent else 1
            elif version is not None and shown[n][-1] != version:
                shown[n].append(version)
                expected[n] += 1
        if forget_before is not None and forget_before > retained_since:
            retained_since = forget_before
            for n in [n for n in shown if n - 5 < forget_before]:
                del shown[n]
    assert len(set(event_ids)) == len(event_ids)
    for n in range(10):
        mine = [
            int(id_.partition("#")[2] or 1) for id_ in event_ids if id_.partition("#")[0] == f"{n}"
        ]
        assert len(mine) == expected.get(n, 0)
        assert mine == sorted(mine)
    assert [
        one.id.rpartition("/")[2] for one in await store.events(["shop"], after=0, limit=999)
    ] == event_ids
