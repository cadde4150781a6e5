from __future__ import annotations

import time as real_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wbym_yandex_market.simulator import YandexMarketSimulator
from wbym_yandex_market.simulator.records import (
    DatedRecord,
    Record,
    RecordList,
    read_token,
    write_token,
)

START = 1_790_000_000.0


def records(**options: int) -> list[bytes]:
    state = YandexMarketSimulator(
        wall=lambda: START,
        seed=options.get("seed", 0),
        feedbacks=options.get("feedbacks", 200),
    ).state
    rows: list[Record] = [
        *state.feedbacks.rows,
        *state.questions.rows,
        *state.questions.answers.values(),
    ]
    rows += [*state.chats.rows, *state.returns.all, *state.feedbacks.comments.values()]
    return [row.raw for row in rows] + [
        message.raw for chat in state.chats.rows for message in chat.messages
    ]


def test_same_seed_gives_same_data() -> None:
    assert records(seed=1) == records(seed=1)
    assert records(seed=1) != records(seed=2)


def test_many_feedbacks_start_fast() -> None:
    began = real_time.thread_time()
    simulator = YandexMarketSimulator(feedbacks=20_000)
    assert real_time.thread_time() - began < 5
    assert simulator.records()["feedbacks"] == 20_000
    assert simulator.records()["feedbacks_waiting"] == 8000


def test_sizes_may_be_zero() -> None:
    state = YandexMarketSimulator(feedbacks=0, questions=0, chats=0, returns=0, campaigns=0).state
    assert set(state.records().values()) == {0}
    state = YandexMarketSimulator(messages_per_chat=0).state
    assert state.chats.message_count == 0


def test_share_of_unanswered_records() -> None:
    counts = YandexMarketSimulator(chats=100, returns=100).records()
    assert counts["feedbacks_waiting"] == 80
    assert counts["questions_unanswered"] == 20
    assert counts["returns_waiting"] == 40
    assert 30 <= counts["chats_waiting"] <= 70


@given(st.tuples(st.integers(0, 2**40), st.integers(0, 2**40)))
def test_token_is_reversible(key: tuple[int, int]) -> None:
    assert read_token(write_token(key)) == key


@pytest.mark.parametrize("token", ["", "x", "мусор", "OjA"])
def test_foreign_token_is_rejected(token: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_token(token)


@given(
    st.lists(st.integers(0, 30), max_size=40),
    st.integers(1, 7),
    st.booleans(),
    st.integers(0, 30),
)
def test_pages_have_every_row_once(
    times: list[int], limit: int, newest_first: bool, late: int
) -> None:
    rows = RecordList(DatedRecord(id=n, created=at) for n, at in enumerate(times))
    seen: list[int] = []
    token = None
    arrived = False
    while True:
        page = rows.page(limit=limit, token=token, newest_first=newest_first)
        seen += [row.id for row in page.records]
        if page.token is None:
            break
        token = read_token(page.token)
        if not arrived:
            arrived = True
            rows.add(DatedRecord(id=1000, created=late))
    assert len(seen) == len(set(seen))
    assert set(range(len(times))) <= set(seen)
