"""Programs that keep refs instead of records, and the requests of each call."""

import pytest

from tests.adapters.counting import requests
from tests.adapters.wbym_wildberries.shops import open_shop
from tests.support.fakes import ScriptedTransport
from wbym.account import AnyRecord
from wbym.domain import (
    Attachment,
    Chat,
    Feedback,
    Message,
    Noun,
    Question,
    QuestionStatus,
    Ref,
    Return,
    ReturnStatus,
)
from wbym.errors import InvalidInput, NotFound, RefError
from wbym.limits import Scheduler
from wbym_wildberries import Wildberries
from wbym_wildberries.simulator import WildberriesSimulator, make_token

CHATS = "GET /api/v1/seller/chats"
EVENTS = "GET /api/v1/seller/events"
MESSAGE = "POST /api/v1/seller/message"
FEEDBACK = "GET /api/v1/feedback"
QUESTION = "GET /api/v1/question"
QUESTIONS = "PATCH /api/v1/questions"
CLAIMS = "GET /api/v1/claims"
CLAIM = "PATCH /api/v1/claim"
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def ref(noun: Noun, record_id: str) -> Ref:
    return Ref("wildberries", "shop", noun, record_id)


class TestGet:
    async def test_get_when_each_noun_is_read(
        self, shop: Wildberries, simulator: WildberriesSimulator
    ) -> None:
        chat = (await shop.chats().all())[0]
        message = (await shop.messages(chat).all())[0]
        question = (await shop.questions(answered=True).all())[0]
        feedback = (await shop.feedbacks(answered=True).all())[0]
        claim = (await shop.returns(is_open=True).all())[0]
        records: list[tuple[AnyRecord, dict[str, int]]] = [
            (chat, {CHATS: 1}),
            (question, {QUESTION: 1}),
            (feedback, {FEEDBACK: 1}),
            (claim, {CLAIMS: 1}),
        ]
        for record, cost in records:
            with requests(simulator.stats) as made:
                found = await shop.get(Ref.parse(str(record.ref)))
            assert found == record
            assert found.raw is not None
            assert made == cost
        with requests(simulator.stats) as made:
            assert await shop.get(message.ref, Message) == message
        assert made.keys() == {EVENTS}

    async def test_get_when_a_return_is_closed(
        self, shop: Wildberries, simulator: WildberriesSimulator
    ) -> None:
        claim = simulator.state.claims.arrive(actions=["reject1"])
        assert simulator.state.claims.decide(claim, "reject1", None) is None
        with requests(simulator.stats) as made:
            found = await shop.get(ref(Noun.RETURN, claim), Return)
        assert found.status is ReturnStatus.REJECTED
        assert made == {CLAIMS: 2}

    async def test_get_when_only_events_know_the_chat(
        self, shop: Wildberries, simulator: WildberriesSimulator
    ) -> None:
        before = set(simulator.state.chats.chats)
        simulator.state.chats.arrive("Где заказ?", listed=False)
        (chat_id,) = set(simulator.state.chats.chats) - before
        with requests(simulator.stats) as made:
            found = await shop.get(ref(Noun.CHAT, chat_id), Chat)
        assert found.last_text == "Где заказ?"
        assert found.waiting_for_seller
        assert made.keys() == {CHATS, EVENTS}

    @pytest.mark.parametrize(
        ("noun", "phrase"),
        [
            (Noun.CHAT, "chat .* does not exist"),
            (Noun.MESSAGE, "message .* does not exist"),
            (Noun.QUESTION, "422"),
            (Noun.FEEDBACK, "422"),
            (Noun.RETURN, "14 days"),
        ],
    )
    async def test_get_when_the_record_does_not_exist(
        self, shop: Wildberries, noun: Noun, phrase: str
    ) -> None:
        with pytest.raises(NotFound, match=phrase):
            await shop.get(ref(noun, UNKNOWN))

    @pytest.mark.parametrize("noun", [noun for noun in Noun if noun is not Noun.UNDECODABLE])
    async def test_get_when_of_another_account(self, noun: Noun) -> None:
        transport = ScriptedTransport()
        shop = Wildberries(make_token(), name="shop", transport=transport, scheduler=Scheduler())
        for wrong in (Ref("wildberries", "other", noun, "1"), Ref("toy", "shop", noun, "1")):
            with pytest.raises(RefError, match="of the account wildberries/shop"):
                await shop.get(wrong)
        with pytest.raises(RefError, match="must be the ref of a"):
            await shop.get(ref(Noun.UNDECODABLE, "1"))
        assert not transport.requests


class TestReplies:
    async def test_send_when_the_chat_is_a_ref(
        self, shop: Wildberries, simulator: WildberriesSimulator
    ) -> None:
        async with open_shop(simulator) as other:
            chat = (await other.chats().all())[0].ref
        with requests(simulator.stats) as made:
            delivery = await shop.send(chat, "Здравствуйте!")
        assert made == {CHATS: 1, MESSAGE: 1}
        assert (delivery.target, delivery.text, delivery.accepted) == (chat, "Здравствуйте!", True)
        with requests(simulator.stats) as made:
            await shop.send(chat, "Уже в пути")
        assert made == {MESSAGE: 1}, "its signature is known by now"
        assert [sent.chat_id for sent in simulator.state.sent] == [chat.id, chat.id]
        with requests(simulator.stats) as made:
            found = await shop.messages(chat).all()
        assert [one.text for one in found][-2:] == ["Здравствуйте!", "Уже в пути"]
        assert {one.chat for one in found} == {chat}
        assert made.keys() == {EVENTS}

    async def test_reject_when_the_question_is_a_ref(
        self, shop: Wildberries, simulator: WildberriesSimulator
    ) -> None:
        question = ref(Noun.QUESTION, simulator.state.arrive_question())
        with requests(simulator.stats) as made:
            delivery = await shop.reject(question, "Вопрос не о товаре")
        assert made == {QUESTION: 1, QUESTIONS: 1}
        assert (delivery.target, delivery.text) == (question, "Вопрос не о товаре")
        assert (await shop.get(question, Question)).status is QuestionStatus.REJECTED

    async def test_decide_when_the_return_is_a_ref(
        self, shop: Wildberries, simulator: WildberriesSimulator
    ) -> None:
        claim = ref(
            Noun.RETURN, simulator.state.claims.arrive(actions=["approve1", "rejectcustom"])
        )
        with requests(simulator.stats) as made:
            offered = await shop.decisions(claim)
        assert [one.id for one in offered] == ["approve1", "rejectcustom"]
        assert made == {CLAIMS: 1}
        with requests(simulator.stats) as made:
            with pytest.raises(InvalidInput, match="comment must be given"):
                await shop.decide(claim, "rejectcustom")
            with pytest.raises(InvalidInput, match=r"approve1.*got 'approve9'"):
                await shop.decide(claim, "approve9")
        assert made == {CLAIMS: 2}
        phrase = "На фото другой товар"
        with requests(simulator.stats) as made:
            delivery = await shop.decide(claim, "rejectcustom", comment=phrase)
        assert made == {CLAIMS: 1, CLAIM: 1}
        assert (delivery.target, delivery.decision, delivery.text) == (
            claim,
            "rejectcustom",
            phrase,
        )
        assert simulator.state.claims.decisions == [(claim.id, "rejectcustom", phrase)]

    async def test_download_when_the_message_is_a_ref(
        self, shop: Wildberries, simulator: WildberriesSimulator
    ) -> None:
        with requests(simulator.stats) as made, pytest.raises(Exception, match="invalid fileID"):
            async with shop.download(ref(Noun.MESSAGE, "1"), Attachment(id="нет")):
                pass
        assert sum(made.values()) == 1


async def test_get_when_a_kind_is_given(shop: Wildberries) -> None:
    listed = (await shop.feedbacks().all())[0]
    found: Feedback = await shop.get(listed.ref, Feedback)
    assert found == listed
    with pytest.raises(RefError, match="must be the ref of a question"):
        await shop.get(listed.ref, Question)
