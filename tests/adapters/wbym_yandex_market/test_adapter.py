"""The neutral face of Yandex Market against its simulator, over real HTTP."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from tests.adapters.wbym_yandex_market.shops import KEY, open_shop
from tests.support.fakes import ScriptedTransport, json_response
from wbym.calls import Upload, row
from wbym.domain import (
    AnswerStatus,
    Author,
    Chat,
    ChatKind,
    ChatStatus,
    Decision,
    DecisionKind,
    Feedback,
    Money,
    Noun,
    QuestionStatus,
    Ref,
    Return,
)
from wbym.errors import (
    AlreadyAnswered,
    BadRequest,
    DeliveryUnknown,
    Forbidden,
    InvalidInput,
    NotFound,
)
from wbym.limits import Scheduler
from wbym.testing._faults import KINDS
from wbym_yandex_market import YandexMarket
from wbym_yandex_market import _mapping as mapping
from wbym_yandex_market.api.chats import Chats as ChatRows
from wbym_yandex_market.api.chats import ChatsPage
from wbym_yandex_market.api.feedbacks import Feedback as WireFeedback
from wbym_yandex_market.api.returns import ItemDecision
from wbym_yandex_market.simulator import (
    YandexMarketSimulator,
    make_api_key,
    make_oauth_token,
)

PNG = Upload("photo.png", b"\x89PNG\r\n\x1a\n" + b"0" * 100)


class TestChats:
    async def test_chats_when_the_seller_replies(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        everybody = await shop.chats().all()
        assert len(everybody) == len({chat.ref for chat in everybody}) == 30
        market.state.arrive_message("Где мой заказ?")
        waiting = await shop.chats(waiting_for_seller=True).all()
        assert {chat.status for chat in waiting} == {ChatStatus.WAITING_FOR_SELLER}
        others = await shop.chats(waiting_for_seller=False).all()
        assert len(waiting) + len(others) == 31
        assert not any(chat.waiting_for_seller for chat in others)
        chat = max(waiting, key=lambda chat: chat.created_at or datetime.min.replace(tzinfo=UTC))
        sent = await shop.send(chat, "Уже в пути")
        assert (sent.target, sent.text, sent.failed_files) == (chat.ref, "Уже в пути", ())
        assert sent.sent_at is not None
        assert abs(sent.sent_at - datetime.now(UTC)) < timedelta(minutes=1)
        assert (await shop.get(chat)).status is ChatStatus.WAITING_FOR_BUYER
        last = (await shop.messages(chat).all())[-1]
        assert (last.author, last.text, last.chat) == (Author.SELLER, "Уже в пути", chat.ref)

    async def test_chats_when_mapped(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        market.state.chats.finish(int((await shop.chats().all())[0].ref.id))
        found = await shop.chats().all()
        # Market does not document whether a finished chat accepts messages.
        assert all((chat.status is ChatStatus.CLOSED) is (chat.writable is None) for chat in found)
        assert {chat.writable for chat in found} == {True, None}
        assert {chat.kind for chat in found} >= {ChatKind.ORDER, ChatKind.RETURN, ChatKind.DIRECT}
        for chat in found:
            assert chat.created_at is not None
            assert chat.created_at.tzinfo is UTC
            assert (chat.return_id is not None) or chat.kind is not ChatKind.RETURN
            assert (chat.order is not None) or chat.kind is not ChatKind.ORDER
            assert msgspec.json.decode(msgspec.json.encode(chat), type=Chat) == chat
            assert chat.raw is not None

    async def test_messages_when_read_since(self, shop: YandexMarket) -> None:
        chat = (await shop.chats().all())[0]
        messages = await shop.messages(chat).all()
        assert len({message.ref for message in messages}) == len(messages) > 3
        assert [m.sent_at for m in messages] == sorted(m.sent_at for m in messages)
        since = messages[2].sent_at
        later = [message for message in messages if message.sent_at >= since]
        assert await shop.messages(chat, since=since).all() == later

    async def test_send_with_a_file(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        chat = (await shop.chats(waiting_for_seller=True).all())[0]
        await shop.send(chat, "Вот инструкция", files=[PNG])
        assert [(sent.text, sent.file) for sent in market.state.sent] == [
            ("Вот инструкция", None),
            (None, PNG.name),
        ]
        await shop.send(chat, "", files=[PNG])
        last = (await shop.messages(chat).all())[-1]
        async with shop.download(last, last.attachments[0]) as file:
            assert await file.read() == PNG.content

    async def test_send_when_the_file_is_rejected_after_the_text(self) -> None:
        rejected = {"status": "ERROR", "errors": [{"code": "BAD_REQUEST", "message": "Wrong type"}]}
        transport = ScriptedTransport(
            json_response({"status": "OK"}),
            json_response(rejected, 400),
            json_response(rejected),
        )
        shop = YandexMarket(
            KEY, name="shop", business_id=11, transport=transport, scheduler=Scheduler()
        )
        chat = Chat(ref=Ref("yandex_market", "shop", Noun.CHAT, "7"))
        sent = await shop.send(chat, "Вот инструкция", files=[PNG])
        assert len(sent.failed_files) == 1
        assert "Wrong type" in sent.failed_files[0]
        # The envelope may be an error under status 200 too.
        with pytest.raises(BadRequest, match="Wrong type") as caught:
            await shop.send(chat, "", files=[PNG])
        assert (caught.value.status, caught.value.code) == (200, "BAD_REQUEST")
        assert not transport.script

    async def test_send_when_the_connection_breaks(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        chat = (await shop.chats(waiting_for_seller=True).all())[0]
        market.faults.next("/chats/message", "drop_before")
        with pytest.raises(DeliveryUnknown):
            await shop.send(chat, "Привет", files=[PNG])
        assert not market.state.sent
        market.faults.next("/chats/message", "drop_after")
        with pytest.raises(DeliveryUnknown):
            await shop.send(chat, "Привет", files=[PNG])
        market.faults.next("/chats/file/send", "drop_after")
        with pytest.raises(DeliveryUnknown, match="send_file"):
            await shop.send(chat, "И файл", files=[PNG])
        assert [(one.text, one.file) for one in market.state.sent] == [
            ("Привет", None),
            ("И файл", None),
            (None, PNG.name),
        ]

    async def test_open_chat_by_order_and_by_return(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        item = next(one for one in market.state.returns.all if not one.is_dbs and one.redeemed)
        by_order = await shop.open_chat(order_id=item.order_id)
        assert by_order.kind is ChatKind.ORDER
        assert by_order.order is not None
        assert by_order.order.id == str(item.order_id)
        assert (await shop.open_chat(order_id=str(item.order_id))).ref == by_order.ref
        by_return = await shop.open_chat(Ref("yandex_market", "shop", Noun.RETURN, str(item.id)))
        assert (by_return.kind, by_return.return_id) == (ChatKind.RETURN, str(item.id))
        with pytest.raises(NotFound):
            await shop.open_chat(order_id=999)
        with pytest.raises(NotFound):
            await shop.open_chat(Ref("yandex_market", "shop", Noun.RETURN, "999"))

    async def test_open_chat_when_the_answer_is_lost(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        order = next(iter(market.state.orders.ids))
        market.faults.next("/chats/new", "drop_after")
        await shop.open_chat(order_id=order)
        assert market.stats.effects["chat"] <= 1

    async def test_download_when_an_api_key_is_denied(self) -> None:
        async with YandexMarketSimulator(files_need_oauth=True, limits=False) as market:
            key, token = make_api_key(), make_oauth_token()
            async with open_shop(market, key) as shop, open_shop(market, key, oauth=token) as both:
                chat = (await shop.chats(waiting_for_seller=True).all())[0]
                await shop.send(chat, "", files=[PNG])
                message = (await shop.messages(chat).all())[-1]
                attachment = message.attachments[0]
                with pytest.raises(Forbidden, match="oauth="):
                    async with shop.download(message, attachment):
                        pass
                async with both.download(message, attachment) as file:
                    assert await file.read() == PNG.content


class TestFeedbacks:
    async def test_feedbacks_when_all_are_read(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        found = await shop.feedbacks().all()
        assert len({feedback.ref for feedback in found}) == len(found) == 120
        # Half a year is one part: three pages of fifty.
        assert market.stats.paths["POST /v2/businesses/{businessId}/goods-feedback"].requests == 3
        for feedback in found:
            assert feedback.created_at.tzinfo is UTC
            assert feedback.comments is not None
            assert feedback.answer_known is (feedback.comments == 0)
            assert msgspec.json.decode(msgspec.json.encode(feedback), type=Feedback) == feedback
        assert not shop.undecodable

    async def test_feedbacks_when_filtered_by_answered(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        everything = await shop.feedbacks().all()
        answered = await shop.feedbacks(answered=True).all()
        waiting = await shop.feedbacks(answered=False).all()
        assert {f.ref for f in answered} | {f.ref for f in waiting} == {f.ref for f in everything}
        assert len(answered) + len(waiting) == len(everything)
        own = {
            str(feedback.id)
            for feedback in market.state.feedbacks.rows
            if any(one.by == "BUSINESS" for one in feedback.comments)
        }
        assert {f.ref.id for f in answered} <= own
        assert all(f.answer is not None and f.answer.author is Author.SELLER for f in answered)
        # Comments are read if the feedback has any, viewed or not.
        path = market.stats.paths["POST /v2/businesses/{businessId}/goods-feedback/comments"]
        decisive = [f for f in everything if f.comments]
        assert path.requests == 2 * len(decisive)

    async def test_lists_when_they_end_at_the_max_datetime(self, shop: YandexMarket) -> None:
        first, last = datetime(1970, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
        assert not await shop.feedbacks(until=first).all()
        assert not await shop.questions(until=first).all()
        assert not await shop.feedbacks(since=last).all()
        assert not await shop.questions(since=last, until=last).all()

    async def test_feedbacks_when_filtered(self, shop: YandexMarket) -> None:
        everything = await shop.feedbacks().all()
        low = await shop.feedbacks(rating={1, 2}).all()
        assert {f.ref for f in low} == {f.ref for f in everything if f.rating in {1, 2}}
        product = everything[0].product
        assert product is not None
        of_product = await shop.feedbacks(product=product.seller_sku).all()
        assert {f.ref for f in of_product} == {f.ref for f in everything if f.product == product}
        times = sorted(f.created_at for f in everything)
        for since, until in ((times[30], None), (None, times[90]), (times[30], times[90])):
            found = await shop.feedbacks(since=since, until=until).all()
            assert {f.ref for f in found} == {
                f.ref
                for f in everything
                if (since is None or f.created_at >= since)
                and (until is None or f.created_at <= until)
            }

    @pytest.mark.parametrize("prefetch", [None, 4])
    async def test_feedbacks_when_the_period_is_years_long(self, prefetch: int | None) -> None:
        async with (
            YandexMarketSimulator(feedbacks=300, feedback_days=900, limits=False) as market,
            open_shop(market) as shop,
        ):
            since = datetime.now(UTC) - timedelta(days=1000)
            found = await shop.feedbacks(since=since, prefetch=prefetch).all()
            assert len({f.ref for f in found}) == len(found) == 300
            listing = shop.feedbacks(since=since, prefetch=prefetch)
            pages = [page async for page in listing.pages()]
            half = pages[len(pages) // 2]
            rest = await shop.feedbacks(since=since, cursor=half.cursor).all()
            before = {f.ref for page in pages[: len(pages) // 2] for f in page.items}
            assert {f.ref for f in rest} == {f.ref for f in found} - before

    async def test_feedbacks_when_read_at_once(self) -> None:
        market = YandexMarketSimulator(feedbacks=2000)
        market.faults.latency = 0.05
        async with market, open_shop(market) as shop:
            found = await shop.feedbacks(prefetch=8).all()
            assert len({f.ref for f in found}) == len(found) == 2000
            assert market.peak_parallel(1001) == 4
            assert market.stats.rate_limited == 0

    async def test_answer_when_already_answered(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        feedback = next(f for f in await shop.feedbacks().all() if f.comments == 0 and not f.viewed)
        await shop.answer(feedback, "Спасибо за отзыв!")
        again = await shop.get(feedback)
        assert again.answered
        assert again.answer is not None
        assert again.answer.text == "Спасибо за отзыв!"
        assert again.answer.status is AnswerStatus.PUBLISHED
        assert again.viewed
        with pytest.raises(AlreadyAnswered, match="edit_answer"):
            await shop.answer(again, "Ещё раз")
        # A record without knowledge of its answer is looked up.
        vague = next(f for f in await shop.feedbacks().all() if f.ref == feedback.ref)
        assert not vague.answer_known
        assert vague.viewed
        with pytest.raises(AlreadyAnswered, match="edit_answer"):
            await shop.answer(vague, "Ещё раз")
        await shop.edit_answer(vague, "Спасибо большое!")
        edited = await shop.get(feedback)
        assert edited.answer is not None
        assert (edited.answer.text, edited.answer.id) == ("Спасибо большое!", again.answer.id)
        assert market.stats.effects["comment"] == 1
        assert [one.text for one in await shop.comments(feedback).all()] == ["Спасибо большое!"]

    async def test_edit_answer_without_an_answer(self, shop: YandexMarket) -> None:
        feedback = next(f for f in await shop.feedbacks().all() if f.comments == 0 and not f.viewed)
        with pytest.raises(InvalidInput, match="use answer"):
            await shop.edit_answer(feedback, "Спасибо")

    async def test_answer_when_moderation_rejects_it(self, shop: YandexMarket) -> None:
        feedback = next(f for f in await shop.feedbacks().all() if f.comments == 0 and not f.viewed)
        await shop.answer(feedback, "Пишите на shop@example.org")
        again = await shop.get(feedback)
        assert again.answer is not None
        assert again.answer.status is AnswerStatus.REJECTED
        assert not again.answered

    async def test_skip_reaction_when_new(self, shop: YandexMarket) -> None:
        feedback = next(f for f in await shop.feedbacks().all() if not f.viewed)
        await shop.skip_reaction(feedback)
        assert (await shop.get(feedback)).viewed

    async def test_feedback_when_not_found(self, shop: YandexMarket) -> None:
        with pytest.raises(NotFound, match="feedback 5 does not exist"):
            await shop.get(Ref("yandex_market", "shop", Noun.FEEDBACK, "5"))


class TestQuestions:
    async def test_questions_when_answered(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        everything = await shop.questions().all()
        assert len({q.ref for q in everything}) == len(everything) == 60
        assert [q.created_at for q in everything] == sorted(
            (q.created_at for q in everything), reverse=True
        )
        waiting = await shop.questions(answered=False).all()
        assert {q.status for q in waiting} == {QuestionStatus.WAITING}
        answered = await shop.questions(answered=True).all()
        assert {q.ref for q in answered} == {q.ref for q in everything if q.answered}
        assert {q.ref for q in waiting} == {
            q.ref for q in everything if q.status is QuestionStatus.WAITING
        }
        assert any(q.likes for q in everything)
        question = waiting[0]
        await shop.answer(question, "Да, подойдёт")
        again = await shop.get(question)
        assert again.status is QuestionStatus.ANSWERED
        assert again.answer is not None
        assert again.answer.text == "Да, подойдёт"
        with pytest.raises(AlreadyAnswered, match="edit_answer"):
            await shop.answer(again, "Да")
        await shop.edit_answer(again, "Да, точно подойдёт")
        (own,) = [a for a in await shop.answers(again).all() if a.id == again.answer.id]
        assert own.text == "Да, точно подойдёт"
        assert len(await shop.questions(answered=False).all()) == len(waiting) - 1
        assert market.stats.effects["answer"] == 1

    async def test_questions_when_one_is_new(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        arrived = str(market.state.arrive_question("Подойдёт ли?"))
        question = next(q for q in await shop.questions().all() if q.ref.id == arrived)
        assert question.status is QuestionStatus.WAITING
        # If it were not listed as unanswered yet, it would not be taken for answered.
        market.state.questions.create("QUESTION", int(arrived), "Да")
        question = next(q for q in await shop.questions().all() if q.ref.id == arrived)
        assert question.status is QuestionStatus.UNKNOWN
        with pytest.raises(AlreadyAnswered, match="edit_answer"):
            await shop.answer(question, "Да")

    async def test_questions_when_filtered(self) -> None:
        async with (
            YandexMarketSimulator(questions=150, question_days=170, limits=False) as market,
            open_shop(market) as shop,
        ):
            everything = await shop.questions().all()
            assert len({q.ref for q in everything}) == len(everything) == 150
            assert {q.ref for q in await shop.questions(prefetch=4).all()} == {
                q.ref for q in everything
            }
            times = sorted(q.created_at for q in everything)
            found = await shop.questions(since=times[40], until=times[110]).all()
            assert {q.ref for q in found} == {
                q.ref for q in everything if times[40] <= q.created_at <= times[110]
            }
            product = everything[0].product
            assert product is not None
            of_product = await shop.questions(product=product.seller_sku).all()
            assert {q.ref for q in of_product} == {
                q.ref for q in everything if q.product == product
            }

    async def test_question_when_not_found(self, shop: YandexMarket) -> None:
        with pytest.raises(NotFound, match="question 5 does not exist"):
            await shop.get(Ref("yandex_market", "shop", Noun.QUESTION, "5"))


class TestReturns:
    async def test_returns_when_all_are_read(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        found = await shop.returns().all()
        redeemed = [one for one in market.state.returns.all if one.redeemed]
        assert {item.ref.id for item in found} == {str(one.id) for one in redeemed}
        open_ones = await shop.returns(is_open=True).all()
        closed = await shop.returns(is_open=False).all()
        assert {r.ref for r in open_ones} | {r.ref for r in closed} == {r.ref for r in found}
        assert len(open_ones) + len(closed) == len(found)
        waiting = {str(one.id) for one in redeemed if one.waits}
        assert {r.ref.id for r in found if r.waiting_for_seller} == waiting
        for item in found:
            assert item.amount is None or item.amount.currency == "RUB"
            assert all(part.id for part in item.items)
            assert msgspec.json.decode(msgspec.json.encode(item), type=Return) == item

    async def test_decide_when_declined(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        item, decision = await _find(shop, DecisionKind.REJECT)
        with pytest.raises(InvalidInput, match="reason must be given"):
            await shop.decide(item, decision)
        with pytest.raises(InvalidInput, match="must be one of"):
            await shop.decide(item, decision, reason="MOOD")
        with pytest.raises(InvalidInput, match="amount must not be given"):
            await shop.decide(
                item, decision, reason=decision.reasons[0], amount=Money(Decimal(1), "RUB")
            )
        assert not market.state.decisions
        await shop.decide(item, decision, reason=decision.reasons[0], comment="Следы падения")
        taken = [one for number, one in market.state.decisions if str(number) == item.ref.id]
        assert {one.decision for one in taken} == {"DECLINE_REFUND"}
        assert {str(one.item_id) for one in taken} == {part.id for part in item.items}
        with pytest.raises(InvalidInput, match="must be available"):
            await shop.decide(item, decision, reason=decision.reasons[0])
        assert await shop.decisions(item) == []

    async def test_decide_when_partially_refunded(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        item, decision = await _find(shop, DecisionKind.PARTIAL_REFUND, positions=1)
        assert decision.min_amount is not None
        assert decision.max_amount is not None
        assert decision.min_amount.currency == "RUB"
        penny = Decimal("0.01")
        for wrong, rule in (
            (None, "must be given"),
            (Money(decision.min_amount.amount - penny, "RUB"), "within its bounds"),
            (Money(decision.max_amount.amount + penny, "RUB"), "within its bounds"),
            (Money(decision.max_amount.amount, "KZT"), "must be in RUB"),
        ):
            with pytest.raises(InvalidInput, match=rule):
                await shop.decide(item, decision, amount=wrong)
        assert not market.state.decisions
        amount = Money(decision.min_amount.amount + penny, "RUB")
        await shop.decide(item, decision, amount=amount)
        ((_, taken),) = market.state.decisions
        assert taken.kopecks == int(amount.amount * 100)

    async def test_decide_when_the_shop_of_the_return_is_unknown(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        for dbs in (False, True):
            one = next(o for o in market.state.returns.all if o.waits and o.is_dbs is dbs)
            item = next(r for r in await shop.returns().all() if r.ref.id == str(one.id))
            copy = msgspec.json.decode(msgspec.json.encode(item), type=Return)
            async with open_shop(market) as other:
                possible = await other.decisions(copy)
                assert [d.id for d in possible] == [d.id for d in await shop.decisions(item)]
                with pytest.raises(NotFound):
                    await other.decisions(
                        msgspec.structs.replace(
                            copy, ref=msgspec.structs.replace(copy.ref, id="999")
                        )
                    )

    async def test_decide_when_the_answer_is_lost(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        item, decision = await _find(shop, DecisionKind.REFUND)
        comment = "До пункта выдачи 300 рублей"
        market.faults.next("/decision/submit", "drop_after")
        with pytest.raises(DeliveryUnknown):
            await shop.decide(item, decision, comment=comment)
        assert {number for number, _ in market.state.decisions} == {int(item.ref.id)}
        with pytest.raises(InvalidInput, match="must be available"):
            await shop.decide(item, decision, comment=comment)

    async def test_decide_when_the_comment_is_missing(self, shop: YandexMarket) -> None:
        item, decision = await _find(shop, DecisionKind.REPAIR)
        assert decision.comment_required
        with pytest.raises(InvalidInput, match="comment must be given"):
            await shop.decide(item, decision)
        await shop.decide(item, decision, comment="Починим за две недели")

    async def test_set_decision_when_submitted(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        one = next(o for o in market.state.returns.all if o.waits and o.is_dbs)
        place = (one.campaign.id, one.order_id, one.id)
        comment = "По договорённости"
        for item in one.items:
            decision_type = next(
                p.decision for p in one.possible if p.decision.startswith("REFUND")
            )
            decision = ItemDecision(
                return_item_id=item.id, decision_type=decision_type, comment=comment
            )
            await shop.api.returns.set_decision(*place, decision)
        await shop.api.returns.submit_decision(*place)
        assert {number for number, _ in market.state.decisions} == {one.id}

    async def test_photo_and_application_when_opened(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        one = next(o for o in market.state.returns.all if any(item.images for item in o.items))
        item = next(item for item in one.items if item.images)
        place = (one.campaign.id, one.order_id, one.id)
        async with shop.api.returns.photo(*place, item.id, item.images[0]) as photo:
            assert photo.content_type in {"image/jpeg", "image/png"}
            assert await photo.read()
        async with shop.api.returns.application(*place) as application:
            assert (await application.read()).startswith(b"%PDF")


async def _find(
    shop: YandexMarket, kind: DecisionKind, *, positions: int | None = None
) -> tuple[Return, Decision]:
    async for item in shop.returns(is_open=True):
        if positions is None or len(item.items) == positions:
            for decision in await shop.decisions(item):
                if decision.kind is kind:
                    return item, decision
    raise AssertionError(f"no return has {kind}")


class TestCounts:
    async def test_counts_when_compared_with_the_cabinet(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        records = market.state.records()
        counts = await shop.counts()
        assert counts.chats == records["chats_waiting"]
        assert counts.questions == records["questions_unanswered"]
        assert counts.feedbacks == records["feedbacks_waiting"]
        assert counts.returns == records["returns_waiting"]


class TestCabinet:
    async def test_business_when_looked_up_once(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        assert "not known" in repr(shop)
        await shop.counts()
        await shop.chats().all()
        assert market.stats.paths["GET /v2/campaigns"].requests == 1
        assert "1001" in repr(shop)
        assert shop.credentials()[0].owner == "business 1001"

    async def test_business_when_given(self, market: YandexMarketSimulator) -> None:
        async with open_shop(market, business_id=1001, campaign_ids=[100101]) as shop:
            await shop.chats().all()
            assert len(await shop.returns().all()) == len(
                [one for one in market.state.returns.by_campaign[100101] if one.redeemed]
            )
        assert "GET /v2/campaigns" not in market.stats.paths

    async def test_business_when_the_token_has_several(self) -> None:
        async with YandexMarketSimulator(businesses=[11, 12], limits=False) as market:
            token = make_oauth_token()
            async with open_shop(market, oauth=token) as shop:
                with pytest.raises(InvalidInput, match=r"several businesses: 11 \(.+\), 12 \("):
                    await shop.chats().all()
            async with open_shop(market, oauth=token, business_id=12) as shop:
                assert await shop.chats().all()
                assert await shop.returns().all()
            async with open_shop(market, oauth=token, campaign_ids=[1102]) as shop:
                await shop.chats().all()
                assert "business 11" in repr(shop)
            async with open_shop(market, oauth=token, campaign_ids=[5]) as shop:
                with pytest.raises(InvalidInput, match="campaign_ids"):
                    await shop.chats().all()

    async def test_business_when_given_a_campaign(self, market: YandexMarketSimulator) -> None:
        async with open_shop(market, business_id=100101) as shop:
            with pytest.raises(InvalidInput, match="100101 is a campaign of business 1001"):
                await shop.returns().all()
            with pytest.raises(NotFound, match="Business 100101 not found"):
                await shop.chats().all()

    async def test_business_of_another_seller(self) -> None:
        async with (
            YandexMarketSimulator(businesses=[11, 12], limits=False) as market,
            open_shop(market, make_api_key(business_id=11), business_id=12) as shop,
        ):
            with pytest.raises(Forbidden):
                await shop.chats().all()
            with pytest.raises(InvalidInput, match="must be a business that the key has access to"):
                await shop.returns().all()

    async def test_shops_when_one_is_disabled(
        self, market: YandexMarketSimulator, caplog: pytest.LogCaptureFixture
    ) -> None:
        market.state.campaigns[100102].availability = "MANUALLY_DISABLED"
        async with open_shop(market) as shop:
            await shop.returns().all()
        assert "MANUALLY_DISABLED" in caplog.text

    async def test_call_when_the_path_names_the_business(self, shop: YandexMarket) -> None:
        operation = row(ChatRows.list)
        for known in (operation, operation.endpoint):
            page = await shop.call(known, query={"limit": 5}, body={})
            assert isinstance(page, ChatsPage)
            assert len(page.chats) == 5

    async def test_token_facts(self, shop: YandexMarket) -> None:
        info = await shop.api.auth.token()
        assert info.api_key.auth_scopes == ["ALL_METHODS"]

    async def test_list_of_campaigns(self, shop: YandexMarket) -> None:
        listing = shop.api.campaigns.list()
        page = await listing.using(size=1).page()
        assert page.next_cursor
        one = await shop.api.campaigns.get(page.items[0].id or 0)
        assert [one] == page.items
        assert len(await listing.using(size=1).all()) == len(await listing.all()) > 1


class TestTrouble:
    async def test_feedbacks_when_records_are_undecodable(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        market.faults.next("/goods-feedback", "bad_record")
        assert len(await shop.feedbacks().all()) == 119
        assert [undecodable.endpoint for undecodable in shop.undecodable] == ["feedbacks.list"]
        assert shop.undecodable[0].where.startswith("result.feedbacks[")

    async def test_feedbacks_when_one_is_undecodable(
        self, shop: YandexMarket, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The undecodable feedback is kept with its bytes, in a sweep too; others are delivered."""
        everything = await shop.feedbacks().all()
        bad, mapped = everything[3], mapping.feedback

        def failing(wire: WireFeedback, account: str) -> Feedback:
            if str(wire.feedback_id) == bad.ref.id:
                raise ValueError("an odd feedback")
            return mapped(wire, account)

        monkeypatch.setattr(mapping, "feedback", failing)
        expected = {f.ref for f in everything} - {bad.ref}
        for listing in (
            shop.feedbacks(),
            shop.sweep.feedbacks(since=datetime.now(UTC) - timedelta(days=200)),
        ):
            assert {f.ref for f in await listing.all()} == expected
            undecodable = shop.undecodable[-1]
            assert undecodable.endpoint == "feedbacks.list"
            assert undecodable.reason == "ValueError: an odd feedback"
            assert f'"feedbackId":{bad.ref.id}' in undecodable.data.decode().replace(" ", "")
        assert len(shop.undecodable) == 1

    @pytest.mark.parametrize("fault", ["nulls", "unknown_values"])
    async def test_reads_when_the_data_are_odd(
        self, market: YandexMarketSimulator, fault: str
    ) -> None:
        setattr(market.faults, fault, 1.0)
        async with open_shop(market, business_id=1001) as shop:
            assert len(await shop.feedbacks().all()) == 120
            assert await shop.feedbacks(answered=False).all()
            assert len(await shop.questions().all()) == 60
            chats = await shop.chats().all()
            assert len(chats) == 30
            assert await shop.messages(chats[0]).all()
            assert await shop.returns().all()
            assert not shop.undecodable

    async def test_read_when_a_page_is_damaged_once(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        expected = await shop.chats().all()
        for fault in sorted(set(KINDS) - {"soft_error", "nulls", "unknown_values", "bad_record"}):
            market.faults.next("/chats", fault)
            assert await shop.chats().all() == expected

    async def test_answer_when_the_connection_breaks_after_the_effect(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        feedback = next(f for f in await shop.feedbacks().all() if f.comments == 0 and not f.viewed)
        market.faults.next("/comments/update", "drop_after")
        with pytest.raises(DeliveryUnknown):
            await shop.answer(feedback, "Спасибо!")
        assert market.stats.effects["comment"] == 1
        assert (await shop.get(feedback)).answered


@pytest.mark.parametrize(
    ("until", "sent"),
    [
        ("2026-01-01T03:00:00+03:00", "2026-01-01T00:00:00Z"),
        ("2026-01-01T00:00:00.000001+00:00", "2026-01-01T00:00:01Z"),
        ("2026-01-01T00:00:59.9+00:00", "2026-01-01T00:01:00Z"),
        ("9999-12-31T23:59:59.9+00:00", "9999-12-31T23:59:59Z"),
    ],
)
async def test_feedbacks_when_the_end_has_a_fraction(until: str, sent: str) -> None:
    """Market filters by whole seconds, and the last second must be complete."""
    transport = ScriptedTransport(json_response({"status": "OK", "result": {"feedbacks": []}}))
    shop = YandexMarket(KEY, business_id=11, transport=transport, scheduler=Scheduler())
    await shop.api.feedbacks.list(date_time_to=datetime.fromisoformat(until)).page()
    body = transport.requests[0].body
    assert body is not None
    assert msgspec.json.decode(body) == {"dateTimeTo": sent}
