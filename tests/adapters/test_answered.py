"""A record with the seller's answer is answered, however it was read, and gets no second one."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.adapters.wbym_wildberries.shops import open_shop as open_wildberries
from tests.adapters.wbym_yandex_market.shops import open_shop as open_market
from wbym.account import Account
from wbym.domain import DeliveryState, Feedback, Noun, Question, Ref
from wbym.errors import AlreadyAnswered, AnswerNotLoaded
from wbym.export import Export
from wbym.export import Noun as Exported
from wbym.feed import EventKind, MemoryStore
from wbym.inbox import Inbox
from wbym_wildberries.simulator import WildberriesSimulator
from wbym_yandex_market.simulator import YandexMarketSimulator

HOUR = 3600.0
"""Market's list of unanswered questions may lack the youngest, so their status is not known."""

THANKS = "Спасибо за отзыв!"


@dataclass
class Side:
    """A simulated shop, whose buyers write and whose seller may answer in the cabinet."""

    shop: Account
    arrive: Callable[[Noun], str]
    answer: Callable[[Ref, str], object]
    edit: Callable[[str], None]
    """The buyer changes a feedback, which counts as unseen again."""
    effects: Callable[[], list[tuple[str, str]]]
    """The seller's answers: id and text."""

    def ref(self, noun: Noun) -> Ref:
        return Ref(self.shop.marketplace, self.shop.name, noun, self.arrive(noun))

    def texts(self, ref: Ref) -> list[str]:
        return [text for number, text in self.effects() if number == ref.id]


@asynccontextmanager
async def wildberries() -> AsyncIterator[Side]:
    simulator = WildberriesSimulator(feedbacks=3, questions=3, chats=0, claims=0, limits=False)
    async with simulator, open_wildberries(simulator, name="other") as shop:
        state = simulator.state

        def answer(ref: Ref, text: str) -> object:
            nouns = state.feedbacks if ref.noun is Noun.FEEDBACK else state.questions
            return nouns.answer(ref.id, text)

        yield Side(
            shop,
            lambda noun: (
                state.arrive_feedback() if noun is Noun.FEEDBACK else state.arrive_question()
            ),
            answer,
            lambda number: None,
            lambda: [(one.id, one.text) for one in state.written],
        )


@asynccontextmanager
async def market() -> AsyncIterator[Side]:
    simulator = YandexMarketSimulator(feedbacks=3, questions=3, chats=0, returns=0, limits=False)
    async with simulator, open_market(simulator, business_id=1001) as shop:
        state = simulator.state

        def answer(ref: Ref, text: str) -> object:
            if ref.noun is Noun.FEEDBACK:
                return state.feedbacks.comment(int(ref.id), text, None)
            return state.questions.create("QUESTION", int(ref.id), text)

        def edit(number: str) -> None:
            feedback = state.feedbacks.get(int(number))
            words = {"comment": "Передумал"}
            state.feedbacks._refresh(feedback, needReaction=True, description=words)

        def effects() -> list[tuple[str, str]]:
            comments = [
                (str(one.id), each.text) for one in state.feedbacks.rows for each in one.comments
            ]
            answers = [(str(one.question.id), one.text) for one in state.questions.answers.values()]
            return comments + answers

        yield Side(
            shop,
            lambda noun: str(
                state.arrive_feedback()
                if noun is Noun.FEEDBACK
                else state.arrive_question(ago=HOUR)
            ),
            answer,
            edit,
            effects,
        )


SIDES = {"wildberries": wildberries, "yandex_market": market}


@pytest.fixture(params=SIDES)
async def side(request: pytest.FixtureRequest) -> AsyncIterator[Side]:
    async with SIDES[request.param]() as it:
        yield it


NOUNS = pytest.mark.parametrize("noun", [Noun.FEEDBACK, Noun.QUESTION])
Items = Feedback | Question | Ref


async def ways_to_read(side: Side, ref: Ref) -> dict[str, Items]:
    """The record by all ways that may or may not load its answer."""
    shop = side.shop
    found: dict[str, Items] = {"ref": ref}
    if ref.noun is Noun.FEEDBACK:
        found["get"] = await shop.get(ref, Feedback)
        listings = {"list": shop.feedbacks(), "sweep": shop.sweep.feedbacks()}
        for way, listing in listings.items():
            found[way] = next(one for one in await listing.all() if one.ref == ref)
    else:
        found["get"] = await shop.get(ref, Question)
        others = {"list": shop.questions(), "sweep": shop.sweep.questions()}
        for way, questions in others.items():
            found[way] = next(one for one in await questions.all() if one.ref == ref)
    return found


@NOUNS
@pytest.mark.parametrize("is_edited", [True, False])
async def test_answered_everywhere(
    side: Side, noun: Noun, tmp_path: Path, *, is_edited: bool
) -> None:
    ref = side.ref(noun)
    side.answer(ref, THANKS)
    if is_edited and noun is Noun.FEEDBACK:
        side.edit(ref.id)
    shop = side.shop
    lists = shop.feedbacks if noun is Noun.FEEDBACK else shop.questions
    assert ref in {one.ref for one in await lists(answered=True).all()}
    assert ref not in {one.ref for one in await lists(answered=False).all()}
    for item in (await ways_to_read(side, ref)).values():
        if isinstance(item, Feedback) and not item.answer_known:
            with pytest.raises(AnswerNotLoaded):
                _ = item.answered
            assert item.waiting_since is None
        elif not isinstance(item, Ref):
            assert item.answered
            assert item.waiting_since is None
    path = tmp_path / "table.jsonl"
    nouns = {Noun.FEEDBACK: Exported.FEEDBACKS, Noun.QUESTION: Exported.QUESTIONS}
    await Export([shop], nouns[noun], path).run()
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    row = next(one for one in rows if str(ref.id) in json.dumps(one["ref"]))
    if noun is Noun.FEEDBACK:
        assert row["answer"] is not None or row["answer_known"] is False
    else:
        assert row["status"] == "answered"


@NOUNS
@pytest.mark.parametrize("came", ["before", "after"])
@pytest.mark.parametrize("text", [THANKS, "Ещё раз"])
async def test_already_answered_is_the_same(side: Side, noun: Noun, came: str, text: str) -> None:
    ref = side.ref(noun)
    if came == "before":
        side.answer(ref, THANKS)
        side.edit(ref.id) if noun is Noun.FEEDBACK else None
    items = await ways_to_read(side, ref)
    if came == "after":
        side.answer(ref, THANKS)
    for item in items.values():
        with pytest.raises(AlreadyAnswered, match=THANKS) as caught:
            await side.shop.answer(item, text)
        assert caught.value.answer == THANKS
    async with Inbox(side.shop, state=MemoryStore()) as inbox:
        for way, item in items.items():
            with pytest.raises(AlreadyAnswered, match=THANKS):
                await inbox.answer(item, text)
            delivery = await inbox.answer(item, text, idempotency_key=way)
            assert delivery.state is DeliveryState.REJECTED
            assert delivery.note == f"it has another answer: {THANKS}"
            assert delivery.attempts == 0
    assert side.texts(ref) == [THANKS]


@NOUNS
async def test_second_answer_without_a_key(side: Side, noun: Noun) -> None:
    ref = side.ref(noun)
    items = await ways_to_read(side, ref)
    assert (await side.shop.answer(items["list"], THANKS)).accepted
    for item in items.values():
        for text in (THANKS, "Ещё раз"):
            with pytest.raises(AlreadyAnswered, match=THANKS):
                await side.shop.answer(item, text)
    assert side.texts(ref) == [THANKS]


@NOUNS
@pytest.mark.parametrize("has_key", [True, False])
async def test_concurrent_answers(side: Side, noun: Noun, *, has_key: bool) -> None:
    ref = side.ref(noun)
    items = [*(await ways_to_read(side, ref)).values()] * 2
    async with Inbox(side.shop, state=MemoryStore()) as inbox:

        async def answer(place: int, item: Items) -> bool:
            if has_key:
                delivery = await inbox.answer(item, f"Ответ {place}", idempotency_key=f"{place}")
                return delivery.accepted
            try:
                return (await inbox.answer(item, f"Ответ {place}")).accepted
            except AlreadyAnswered:
                return False

        calls = [answer(place, item) for place, item in enumerate(items)]
        taken = await asyncio.gather(*calls)
    assert Counter(taken) == {True: 1, False: len(items) - 1}
    assert len(side.texts(ref)) == 1


@pytest.mark.parametrize("has_key", [True, False])
async def test_bot_loops(*, has_key: bool) -> None:
    """README's loops survive answers of others, before and after a record was read."""
    async with AsyncExitStack() as stack:
        sides = [await stack.enter_async_context(open_()) for open_ in SIDES.values()]
        refs = [(side, side.ref(Noun.FEEDBACK)) for side in sides for _ in range(4)]
        inbox = await stack.enter_async_context(
            Inbox(*(side.shop for side in sides), state=MemoryStore())
        )
        for side, ref in refs[::4]:
            side.answer(ref, THANKS)
            side.edit(ref.id)
        events = inbox.events(since=datetime.now(UTC) - timedelta(minutes=1))
        waiting = {ref for _, ref in refs}
        raised = 0
        async for event in events:
            if event.kind is not EventKind.FEEDBACK or event.record.ref not in waiting:
                continue
            waiting.remove(event.record.ref)
            side, ref = next(one for one in refs if one[1] == event.record.ref)
            if refs.index((side, ref)) % 4 == 1:
                side.answer(ref, THANKS)
            if has_key:
                delivery = await inbox.answer(event.feedback, "Спасибо!", idempotency_key=event.id)
                raised += delivery.state is DeliveryState.REJECTED
            else:
                try:
                    await inbox.answer(event.feedback, "Спасибо!")
                except AlreadyAnswered:
                    raised += 1
            if not waiting:
                break
        assert raised == 4
        for side, ref in refs:
            assert len(side.texts(ref)) == 1
        async for feedback in inbox.feedbacks(answered=False):
            assert not feedback.answered
            try:
                await inbox.answer(feedback, "Спасибо!")
            except AlreadyAnswered:
                raised += 1
        assert raised == 4
        for side in sides:
            ours = [number for number, text in side.effects() if text in {THANKS, "Спасибо!"}]
            assert len(ours) == len(set(ours))
