"""Matching of the seller's messages with deliveries of the outbox."""

import itertools
import random
from collections.abc import Collection
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wbym.feed.followed import TEXT, Account, message, ref, sighted
from tests.wbym.feed.kept import BEGIN, at, delivery
from wbym.account import Batch, Observation
from wbym.domain import (
    Action,
    Author,
    Chat,
    Delivery,
    DeliveryState,
    Message,
    Noun,
    UndecodableRecord,
)
from wbym.feed import EventKind
from wbym.feed._delivery import FINAL
from wbym.feed._diff import diff_batch
from wbym.feed._matching import MAX_CLOCK_SKEW, find_delivery, find_possible_delivery, same_text

PENDING, SENDING, ACCEPTED, CONFIRMED, REJECTED, UNKNOWN = DeliveryState

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Добрый день!", " Добрый \u00a0день!\r\n", True),
        ("а\n\nб", "а б", True),
        ("", " ", True),
        ("а б", "аб", False),
        ("да", "Да", False),
    ],
)
def test_same_text(one: str, other: str, same: bool) -> None:
    assert same_text(one, other) is same
    assert same_text(other, one) is same


MAYBE_NOT_TAKEN = [PENDING, SENDING, UNKNOWN]


class TestFindDelivery:
    @pytest.mark.parametrize("state", [PENDING, SENDING, ACCEPTED, UNKNOWN])
    @pytest.mark.parametrize(
        "apart", [-MAX_CLOCK_SKEW, -SECOND, timedelta(0), SECOND, MAX_CLOCK_SKEW]
    )
    def test_match_near_the_time_of_sending(self, state: DeliveryState, apart: timedelta) -> None:
        sent = delivery(state=state)
        assert find_delivery(message(sent_at=BEGIN + apart), [sent]) is sent

    @pytest.mark.parametrize("state", [PENDING, SENDING, ACCEPTED, UNKNOWN])
    def test_no_match_long_before_sending(self, state: DeliveryState) -> None:
        assert (
            find_delivery(message(sent_at=BEGIN - MAX_CLOCK_SKEW - SECOND), [delivery(state=state)])
            is None
        )

    def test_late_message_matches_only_deliveries_that_are_not_accepted(self) -> None:
        late = message(sent_at=BEGIN + MAX_CLOCK_SKEW + SECOND)
        assert find_delivery(late, [delivery(state=ACCEPTED)]) is None
        for state in MAYBE_NOT_TAKEN:
            assert find_delivery(late, [sent := delivery(state=state)]) is sent

    def test_match_requires_the_same_text_and_chat(self) -> None:
        sent = delivery()
        assert find_delivery(message(chat="2"), [sent]) is None
        assert find_delivery(message(text="Доброе утро!"), [sent]) is None
        assert find_delivery(message(text=None), [sent]) is None
        files_only = msgspec.structs.replace(sent, text="")
        assert find_delivery(message(text=None), [sent, files_only]) is files_only

    def test_accepted_deliveries_match_first_then_the_nearest(self) -> None:
        sending = delivery("sending", SENDING, minutes=0)
        far, near = (delivery(key, ACCEPTED, minutes=m) for key, m in (("far", -3), ("near", 2)))
        unknown = delivery("unknown", UNKNOWN, minutes=0)
        given_ = [unknown, sending, far, near]
        for expected in (near, far, sending, unknown):
            assert find_delivery(message(), given_) is expected
            given_.remove(expected)
        assert find_delivery(message(), given_) is None

    def test_match_by_time_of_entry_when_never_sent(self) -> None:
        sent = msgspec.structs.replace(delivery(minutes=60), sent_at=None)
        assert find_delivery(message(), [sent]) is sent

    def test_only_deliveries_of_unknown_fate_are_possible_matches(self) -> None:
        old = message(sent_at=at(-99))
        for state in DeliveryState:
            one = delivery(state=state, note="lost")
            assert find_possible_delivery(old, [one]) is (one if state is SENDING else None)
            assert find_possible_delivery(old, [delivery(state=state, note=None)]) is None
        lost = delivery(note="lost")
        assert find_possible_delivery(message(chat="2"), [lost]) is None

    @pytest.mark.parametrize("text", ["Доброе утро!", "Звоните: +7 9** ***-**-**", "", None])
    @pytest.mark.parametrize(
        ("apart", "possible"),
        [
            (-MAX_CLOCK_SKEW - SECOND, False),
            (-MAX_CLOCK_SKEW, True),
            (timedelta(0), True),
            (MAX_CLOCK_SKEW, True),
            (MAX_CLOCK_SKEW + SECOND, False),
        ],
    )
    def test_possible_match_with_another_text_is_of_about_the_time(
        self, text: str | None, apart: timedelta, *, possible: bool
    ) -> None:
        other = message(text=text, sent_at=BEGIN + apart)
        for state in DeliveryState:
            lost, sent = delivery(state=state, note="lost"), delivery(state=state)
            expected = lost if possible and state is SENDING else None
            assert find_possible_delivery(other, [lost]) is expected
            assert find_possible_delivery(other, [sent]) is None

    def test_possible_match_until_the_answer_was_lost(self) -> None:
        lost = msgspec.structs.replace(delivery(note="lost"), updated_at=at(60))
        assert find_possible_delivery(message(text="Да", sent_at=at(64)), [lost]) is lost
        assert find_possible_delivery(message(text="Да", sent_at=at(66)), [lost]) is None

    def test_possible_match_has_the_same_text_if_one_has(self) -> None:
        other = msgspec.structs.replace(delivery("other", note="lost"), text="Да")
        alike = delivery("alike", note="lost", minutes=30)
        assert find_possible_delivery(message(), [other, alike]) is alike


async def with_deliveries(*entered: Delivery, begun: bool = True) -> Account:
    account = Account(begun=begun)
    for one in entered:
        await account.store.enter(one, b"work")
    return account


class TestOwnMessages:
    @pytest.mark.parametrize("state", [PENDING, SENDING, ACCEPTED, UNKNOWN])
    async def test_delivery_is_confirmed_when_its_message_is_read(
        self, state: DeliveryState
    ) -> None:
        account = await with_deliveries(delivery(state=state, note="lost"))
        step = await account.show(sighted(message("77", text=f" {TEXT}\n")))
        standing = await account.store.delivery("key")
        assert standing is not None
        assert step.deliveries == [standing]
        assert (standing.state, standing.id) == (CONFIRMED, "77")
        assert standing.note is None
        assert standing.updated_at > BEGIN
        assert step.events[0].sent_as == "key"

    async def test_delivery_is_confirmed_without_an_event(self) -> None:
        account = await with_deliveries(delivery(state=ACCEPTED, minutes=-3), begun=False)
        step = await account.show(sighted(message(sent_at=at(-3))))
        assert not step.events
        assert await account.store.deliveries([CONFIRMED])

    @pytest.mark.parametrize(
        "other",
        [
            message(author=Author.BUYER),
            message(author=Author.MARKETPLACE),
            message(chat="2"),
            message(text="Доброе утро!"),
        ],
    )
    async def test_messages_of_others_do_not_match(self, other: Message) -> None:
        entered = [delivery(f"{state}", state) for state in (PENDING, SENDING, ACCEPTED, UNKNOWN)]
        account = await with_deliveries(*entered)
        step = await account.show(sighted(other))
        assert not step.deliveries
        assert step.events[0].sent_as is None
        assert await account.store.deliveries() == entered

    async def test_message_of_a_buyer_with_our_text_does_not_match(self) -> None:
        account = await with_deliveries(delivery())
        await account.show(sighted(message("1", author=Author.BUYER), message("2", at(1))))
        assert [event.sent_as for event in account.events] == [None, "key"]

    async def test_only_sent_messages_of_the_account_match(self) -> None:
        sent = delivery()
        entered = [
            msgspec.structs.replace(sent, idempotency_key="answer", action=Action.ANSWER),
            msgspec.structs.replace(sent, idempotency_key="new", state=PENDING, attempts=0),
            delivery("other", account="other"),
        ]
        account = await with_deliveries(*entered)
        step = await account.show(sighted(message()))
        assert not step.deliveries
        assert step.events[0].sent_as is None

    async def test_message_matches_one_delivery(self) -> None:
        account = await with_deliveries()
        await account.show(sighted(message()))
        await account.store.enter(delivery(), b"")
        assert not (await account.show(sighted(message()))).deliveries
        assert (await account.show(sighted(message("2")))).deliveries

    async def test_old_message_with_the_same_text_makes_the_delivery_unknown(self) -> None:
        account = await with_deliveries(delivery(note="lost"))
        step = await account.show(sighted(message("old", at(-99))))
        standing = await account.store.delivery("key")
        assert standing is not None
        assert standing.state is UNKNOWN
        assert standing.note is not None
        assert "the same text, old of" in standing.note
        assert step.events[0].sent_as is None
        assert await account.store.work("key") == b"work"

    @pytest.mark.parametrize("text", ["Звоните: +7 9** ***-**-**", None])
    async def test_message_of_nobody_makes_a_lost_delivery_unknown(self, text: str | None) -> None:
        account = await with_deliveries(
            delivery("lost", note="lost"),
            delivery("sending"),
            delivery("accepted", ACCEPTED),
            delivery("other", account="other", note="lost"),
        )
        step = await account.show(sighted(message("77", text=text)))
        assert [one.idempotency_key for one in step.deliveries] == ["lost"]
        assert step.events[0].sent_as is None
        standing = await account.store.delivery("lost")
        assert standing is not None
        assert standing.state is UNKNOWN
        assert "message of the seller, 77 of" in (standing.note or "")
        await account.show(sighted(message("78"), message("79"), message("80")))
        states = {one.idempotency_key: one.state for one in await account.store.deliveries()}
        assert set(states.values()) == {CONFIRMED, SENDING}
        assert states["other"] is SENDING

    async def test_message_that_another_process_confirmed_does_not_make_it_unknown(self) -> None:
        # A standby looks up deliveries too, and its lookup was earlier than the feed's round.
        other = msgspec.structs.replace(delivery("other", CONFIRMED), text="Другое", id="1")
        account = await with_deliveries(delivery("lost", note="lost"), other)
        step = await account.show(sighted(message("1", text="Другое")))
        assert not step.deliveries
        assert step.events[0].sent_as == "other"

    async def test_messages_of_other_deliveries_do_not_make_it_unknown(self) -> None:
        other = msgspec.structs.replace(delivery("other", ACCEPTED), text="Другое")
        account = await with_deliveries(delivery("lost", note="lost"), other)
        await account.show(sighted(message("1", text="Другое")))
        standing = await account.store.delivery("lost")
        assert standing is not None
        assert standing.state is SENDING
        assert await account.store.delivery("other") != other

    @pytest.mark.parametrize(
        ("data", "chat", "doubted"),
        [
            (b'{"chatID":"1","text":"\xd0"}', None, True),
            (b'{"chatID":"11","text":"\xd0"}', None, False),
            (b'{"chatID":"2-1"}', None, False),
            (b'{"id":7}', "1", True),
            (b'{"id":1}', "2", False),
            (b"", None, False),
        ],
    )
    async def test_undecodable_record_of_the_chat_makes_it_unknown(
        self, data: bytes, chat: str | None, *, doubted: bool
    ) -> None:
        account = await with_deliveries(delivery("lost", note="lost"), delivery("sending"))
        bad = UndecodableRecord.of("toy", "shop", "chats.events", "result[0]", "bad", data)
        where = None if chat is None else Chat(ref=ref(chat, Noun.CHAT))
        step = await account.show(Batch([Observation(bad, at(1), chat=where)]))
        assert [one.kind for one in step.events] == [EventKind.UNDECODABLE]
        assert [one.idempotency_key for one in step.deliveries] == ["lost"] * doubted
        if doubted:
            assert "cannot be decoded" in (step.deliveries[0].note or "")
        await account.show(sighted(message("1")))
        assert len(await account.store.deliveries([CONFIRMED])) == 1

    @pytest.mark.parametrize("at_once", [True, False])
    async def test_certain_match_replaces_a_possible_one(self, *, at_once: bool) -> None:
        account = await with_deliveries(delivery(note="lost"))
        old, ours = message("old", at(-99)), message("ours", at(0.1))
        steps = [sighted(old, ours)] if at_once else [sighted(old), sighted(ours)]
        for batch in steps:
            await account.show(batch)
        standing = await account.store.delivery("key")
        assert standing is not None
        assert (standing.state, standing.id) == (CONFIRMED, "ours")
        assert [event.sent_as for event in account.events] == [None, "key"]

    async def test_possible_match_does_not_replace_a_known_state(self) -> None:
        account = await with_deliveries(delivery(note="lost"))
        step = await diff_batch(sighted(message("1", at(-99))), account.point, account.store)
        await account.store.move(pending := delivery(state=PENDING), was=[SENDING])
        await account.store.write(step)
        assert await account.store.deliveries() == [pending]

    @pytest.mark.parametrize("state", sorted(FINAL))
    async def test_final_state_never_changes(self, state: DeliveryState) -> None:
        final = delivery(state=state, note="by a person")
        account = await with_deliveries(final)
        step = await account.show(sighted(message(), message("2", at(-99))))
        assert not step.deliveries
        assert await account.store.deliveries() == [final]

    @pytest.mark.parametrize("state", sorted(FINAL))
    @pytest.mark.parametrize("minutes", [0, -99])
    async def test_state_that_became_final_does_not_change(
        self, state: DeliveryState, minutes: int
    ) -> None:
        account = await with_deliveries(delivery(note="lost"))
        step = await diff_batch(sighted(message("1", at(minutes))), account.point, account.store)
        assert step.deliveries
        await account.store.move(final := delivery(state=state), was=[SENDING])
        await account.store.write(step)
        assert await account.store.deliveries() == [final]

    @given(
        sends=st.lists(
            st.tuples(st.integers(0, 40), st.sampled_from([SENDING, ACCEPTED, UNKNOWN])),
            min_size=1,
            max_size=6,
        ),
        skew=st.just(0.0) | st.floats(-4.9, 4.9),
        disorder=st.none() | st.randoms(use_true_random=False),
        cuts=st.sets(st.integers(1, 5)),
        others=st.integers(0, 3),
    )
    async def test_each_send_is_confirmed_by_a_message_of_its_own(
        self,
        sends: list[tuple[int, DeliveryState]],
        skew: float,
        disorder: random.Random | None,
        cuts: Collection[int],
        others: int,
    ) -> None:
        """The same text in the same chat, with the marketplace's clock off by some minutes."""
        entered = [
            delivery(f"{n}", state, minutes=minutes) for n, (minutes, state) in enumerate(sends)
        ]
        account = await with_deliveries(*entered)
        arrived = [message(f"{n}", at(minutes + skew)) for n, (minutes, _) in enumerate(sends)]
        arrived += [message(f"-{n}", at(n), author=Author.BUYER) for n in range(others)]
        arrived.sort(key=lambda one: one.sent_at)
        if disorder is not None:
            disorder.shuffle(arrived)
        edges = [0, *sorted(cut for cut in cuts if cut < len(arrived)), len(arrived)]
        for begin, end in itertools.pairwise(edges):
            batch = sighted(*arrived[begin:end])
            await account.show(batch)
            assert not (await account.show(batch)).deliveries
        standing = await account.store.deliveries()
        confirmed = [one for one in standing if one.state is CONFIRMED]
        if disorder is None and not skew:
            assert confirmed == standing
        ids = [one.id for one in confirmed]
        assert len(set(ids)) == len(ids)
        keys = [event.sent_as for event in account.events if event.sent_as]
        assert sorted(keys) == sorted(one.idempotency_key or "" for one in confirmed)
