"""The in-memory account for tests of programs."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.wbym.account.shop import (
    ANSWERED,
    CHAT,
    FEEDBACK,
    MESSAGE,
    NOW,
    QUESTION,
    RETURN,
    ref,
    shop,
)
from wbym.account import Capability
from wbym.calls import Endpoint, Nothing, Upload
from wbym.domain import (
    Author,
    ChatStatus,
    Feedback,
    Noun,
    Product,
    QuestionStatus,
    Ref,
    ReturnStatus,
)
from wbym.errors import InvalidInput, NotFound, RefError, Unsupported
from wbym.testing import FakeAccount
from wbym_yandex_market import YandexMarket

HOUR = timedelta(hours=1)


class TestLists:
    async def test_lists_without_arguments(self) -> None:
        account = shop()
        assert await account.chats().all() == [CHAT]
        assert await account.messages(CHAT).all() == [MESSAGE]
        assert await account.questions().all() == [QUESTION]
        assert await account.feedbacks().all() == [FEEDBACK, ANSWERED]
        assert await account.returns().all() == [RETURN]

    async def test_lists_when_empty(self) -> None:
        account = FakeAccount()
        assert not await account.feedbacks().all()
        page = await account.chats().page()
        assert (page.items, page.next_cursor) == ([], None)

    async def test_lists_when_ordered(self) -> None:
        late = replace(FEEDBACK, ref=ref(Noun.FEEDBACK, "9"), created_at=NOW + HOUR)
        early = replace(MESSAGE, ref=ref(Noun.MESSAGE, "9"), sent_at=NOW - HOUR)
        account = FakeAccount(chats=[CHAT], messages=[MESSAGE, early], feedbacks=[FEEDBACK, late])
        assert await account.feedbacks().all() == [late, FEEDBACK]
        assert await account.messages(CHAT.ref).all() == [early, MESSAGE]
        assert await account.messages(CHAT, since=NOW).all() == [MESSAGE]

    @pytest.mark.parametrize("waiting", [True, False])
    async def test_chats_when_filtered_by_waiting(self, waiting: bool) -> None:
        found = await shop().chats(waiting_for_seller=waiting).all()
        assert bool(found) is waiting

    async def test_feedbacks_when_filtered(self) -> None:
        item = replace(FEEDBACK, product=Product(id="7", seller_sku="a7"))
        account = FakeAccount(feedbacks=[item, ANSWERED])
        assert await account.feedbacks(answered=True).all() == [ANSWERED]
        assert await account.feedbacks(answered=False).all() == [item]
        assert await account.feedbacks(rating=[5]).all() == [item]
        assert await account.feedbacks(product="7").all() == [item]
        assert await account.feedbacks(product="a7").all() == [item]
        assert not await account.feedbacks(product="8").all()
        assert len(await account.feedbacks(since=NOW, until=NOW).all()) == 2
        assert not await account.feedbacks(since=NOW + HOUR).all()
        assert not await account.feedbacks(until=NOW - HOUR).all()

    async def test_feedbacks_when_an_answer_is_unknown(self) -> None:
        item = replace(FEEDBACK, answer_known=False)
        account = FakeAccount(feedbacks=[item])
        assert await account.feedbacks().all() == [item]
        for known in (await account.get(item), *await account.feedbacks(answered=False).all()):
            assert (known.ref, known.answered) == (item.ref, False)
        await account.answer(item, "Спасибо!")
        (answered,) = await account.feedbacks(answered=True).all()
        assert answered.answered

    async def test_returns_when_filtered(self) -> None:
        over = replace(RETURN, ref=ref(Noun.RETURN, "2"), status=ReturnStatus.COMPLETED)
        account = FakeAccount(returns=[RETURN, over])
        assert await account.returns(is_open=True).all() == [RETURN]
        assert await account.returns(is_open=False).all() == [over]

    async def test_list_when_a_record_arrives(self) -> None:
        account = shop()
        listing = account.questions()
        new = replace(QUESTION, ref=ref(Noun.QUESTION, "2"))
        account.add(new)
        account.add(replace(QUESTION, text="Какого цвета?"))
        assert {item.text for item in await listing.all()} == {QUESTION.text, "Какого цвета?"}


class TestReplies:
    async def test_message_when_sent(self) -> None:
        account = shop()
        delivery = await account.send(CHAT, "Уже в пути", files=[Upload("чек.png", b"\x89PNG")])
        written = (await account.messages(CHAT).all())[-1]
        assert (written.author, written.text) == (Author.SELLER, "Уже в пути")
        assert [(file.name, file.size) for file in written.attachments] == [("чек.png", 4)]
        assert delivery.id == written.ref.id
        assert delivery.sent_at == written.sent_at
        chat = await account.get(CHAT)
        assert chat.status is ChatStatus.WAITING_FOR_BUYER
        assert (chat.last_text, chat.waiting_since) == ("Уже в пути", None)

    async def test_answer_when_given_and_edited(self) -> None:
        account = shop()
        await account.answer(FEEDBACK, "Спасибо")
        await account.edit_answer(FEEDBACK, "Спасибо!")
        await account.answer(QUESTION, "M")
        feedback, question = await account.get(FEEDBACK), await account.get(QUESTION)
        assert feedback.answer is not None
        assert (feedback.answered, feedback.answer.text) == (True, "Спасибо!")
        assert (question.answered, question.status) == (True, QuestionStatus.ANSWERED)
        assert [delivery.text for delivery in account.sent] == ["Спасибо", "Спасибо!", "M"]
        assert (await account.counts()).total == 2

    async def test_question_when_rejected(self) -> None:
        account = shop()
        await account.reject(QUESTION, "Спам")
        assert (await account.get(QUESTION)).status is QuestionStatus.REJECTED

    async def test_return_when_decided(self) -> None:
        account = shop()
        await account.decide(RETURN, "refund")
        item = await account.get(RETURN)
        assert (item.status, item.decisions) == (ReturnStatus.IN_PROGRESS, ())
        assert (await account.counts()).returns == 0


class TestAccount:
    def test_account_when_created_outside_a_loop(self) -> None:
        assert repr(shop()) == "FakeAccount('fake', 6 records)"
        assert not shop().catalog()
        assert not shop().credentials()
        assert not shop().limits()

    async def test_account_when_used_as_another(self) -> None:
        async with FakeAccount() as account:
            report = await account.check()
            assert (report.credentials, report.methods) == ((), ())

    @pytest.mark.parametrize(
        "foreign", [Ref("fake", "other", Noun.FEEDBACK, "1"), ref(Noun.QUESTION)]
    )
    def test_record_when_of_another_account(self, foreign: Ref) -> None:
        with pytest.raises(RefError):
            FakeAccount(feedbacks=[replace(FEEDBACK, ref=foreign)])

    async def test_account_with_the_capabilities_of_a_marketplace(self) -> None:
        own = Ref("yandex_market", "shop-ym", Noun.FEEDBACK, "1")
        account = FakeAccount(
            feedbacks=[Feedback(ref=own, created_at=NOW)],
            name="shop-ym",
            marketplace="yandex_market",
            capabilities=YandexMarket.CAPABILITIES,
        )
        longest = YandexMarket.CAPABILITIES[Capability.ANSWER_FEEDBACK].facts["max_text_length"]
        with pytest.raises(InvalidInput, match="text must"):
            await account.answer(own, "я" * (int(longest) + 1))
        with pytest.raises(Unsupported, match="yandex_market"):
            await account.reject(replace(own, noun=Noun.QUESTION), "Спам")
        await account.answer(own, "Спасибо!")
        assert account.sent[0].target == own
        with pytest.raises(NotFound) as caught:
            await account.get(replace(own, id="2"))
        assert (caught.value.marketplace, caught.value.account) == ("yandex_market", "shop-ym")

    @pytest.mark.parametrize(
        "capability", [Capability.EVENTS, Capability.SWEEP_FEEDBACKS, Capability.COMMENTS]
    )
    def test_capability_when_absent(self, capability: Capability) -> None:
        borrowed = FakeAccount(capabilities=YandexMarket.CAPABILITIES)
        for account in (FakeAccount(), borrowed):
            assert not account.capabilities[capability].is_present

    async def test_call_when_made(self) -> None:
        endpoint = Endpoint(
            name="mine",
            method="GET",
            host="api",
            path="/own",
            reply=Nothing(),
            buckets=(),
            scope="",
        )
        with pytest.raises(Unsupported, match="call: operation is not supported by fake"):
            await FakeAccount().call(endpoint)
