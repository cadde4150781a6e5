"""The neutral face of Wildberries against its simulator, over real HTTP."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest

from tests.adapters.wbym_wildberries.shops import open_shop
from tests.support.fakes import ScriptedTransport, json_response
from wbym.calls import Answer, Endpoint, Pipeline, Upload
from wbym.domain import (
    AnswerStatus,
    Attachment,
    Author,
    Chat,
    ChatStatus,
    Feedback,
    Noun,
    QuestionStatus,
    Ref,
    ReturnStatus,
)
from wbym.errors import (
    AlreadyAnswered,
    DeliveryUnknown,
    InvalidInput,
    NotFound,
    NotReady,
    PagingLimit,
    RefusedByModeration,
)
from wbym.limits import Priority, Scheduler
from wbym.testing._faults import KINDS
from wbym_wildberries import Wildberries
from wbym_wildberries.simulator import WildberriesSimulator, make_token

PNG = Upload("фото.png", b"\x89PNG\r\n\x1a\n" + b"0" * 100)


def ref_of(chat_id: str) -> Ref:
    return Ref("wildberries", "shop", Noun.CHAT, chat_id)


class TestFeedbacks:
    async def test_feedbacks_when_all_are_read(
        self, shop: Wildberries, simulator: WildberriesSimulator
    ) -> None:
        found = await shop.feedbacks().all()
        assert len({feedback.ref for feedback in found}) == len(found) == 60
        unprocessed = await shop.feedbacks(answered=False).all()
        assert 0 < len(unprocessed) < 60
        assert not any(feedback.answered for feedback in unprocessed)
        assert all(feedback.answered for feedback in await shop.feedbacks(answered=True).all())
        assert not shop.undecodable

    async def test_feedbacks_read_both_lists_with_the_same_options(
        self, shop: Wildberries, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        used: list[tuple[str, Priority | None]] = []
        call = Pipeline.call

        async def noted(
            self: Pipeline, endpoint: Endpoint[object], **named: object
        ) -> Answer[object]:
            query = named["query"]
            assert isinstance(query, dict)
            used.append((f"{query['isAnswered']}:{query['skip']}", named["priority"]))  # type: ignore[arg-type]
            return await call(self, endpoint, **named)  # type: ignore[arg-type]

        monkeypatch.setattr(Pipeline, "call", noted)
        reading = shop.feedbacks(prefetch=2, priority=Priority.BULK).using(size=20)
        assert len(await reading.all()) == 60
        assert {priority for _, priority in used} == {Priority.BULK}
        # Two pages of each list are requested at once, before the length is known.
        assert {"False:0", "False:20", "True:0", "True:20"} <= {place for place, _ in used}

    async def test_feedbacks_when_resumed_from_a_cursor_of_an_earlier_version(
        self, shop: Wildberries
    ) -> None:
        processed = await shop.api.feedbacks.list(is_answered=True, order="dateDesc").all()
        rest = await shop.feedbacks(cursor="true:5").all()
        assert [item.ref.id for item in rest] == [wire.id for wire in processed[5:]]
        both = await shop.feedbacks(cursor="false:0").all()
        assert len(both) == 60
        answered = await shop.feedbacks(answered=True, cursor="0").all()
        assert answered == await shop.feedbacks(answered=True).all()

    async def test_newest_first_of_lists(self, shop: Wildberries) -> None:
        assert shop.feedbacks(answered=True, rating={5}, since=datetime.now(UTC)).newest_first
        assert shop.questions(answered=False).using(size=5).newest_first
        assert not shop.feedbacks().newest_first  # one list after the other
        assert not shop.returns(is_open=True).newest_first

    async def test_feedbacks_when_filtered(self, shop: Wildberries) -> None:
        everything = await shop.feedbacks().all()
        low = await shop.feedbacks(rating={1, 2}).all()
        assert {f.ref for f in low} == {f.ref for f in everything if f.rating in {1, 2}}
        product = everything[0].product
        assert product is not None
        of_product = await shop.feedbacks(product=product.id).all()
        assert {f.ref for f in of_product} == {
            f.ref for f in everything if f.product is not None and f.product.id == product.id
        }
        middle = sorted(f.created_at for f in everything)[30]
        later = await shop.feedbacks(since=middle).all()
        assert {f.ref for f in later} == {f.ref for f in everything if f.created_at >= middle}

    async def test_feedbacks_when_ordered(self, shop: Wildberries) -> None:
        times = [f.created_at for f in await shop.feedbacks(answered=False).all()]
        assert times == sorted(times, reverse=True)

    async def test_answer_when_already_answered(
        self, shop: Wildberries, simulator: WildberriesSimulator
    ) -> None:
        feedback = (await shop.feedbacks(answered=False).all())[0]
        await shop.answer(feedback, "Спасибо за отзыв!")
        again = await shop.get(feedback)
        assert again.answered
        assert again.answer is not None
        assert again.answer.text == "Спасибо за отзыв!"
        assert again.answer.status is AnswerStatus.PUBLISHED
        assert [written.text for written in simulator.state.written] == ["Спасибо за отзыв!"]
        with pytest.raises(AlreadyAnswered, match="edit_answer"):
            await shop.answer(again, "Ещё раз")
        await shop.edit_answer(again, "Спасибо большое!")
        edited = await shop.get(feedback)
        assert edited.answer is not None
        assert edited.answer.text == "Спасибо большое!"
        with pytest.raises(InvalidInput, match="can still be changed"):
            await shop.edit_answer(edited, "И ещё")

    async def test_feedback_when_turned_to_json_and_back(self, shop: Wildberries) -> None:
        for feedback in await shop.feedbacks().all():
            encoded = msgspec.json.encode(feedback)
            assert msgspec.json.decode(encoded, type=Feedback) == feedback
            assert feedback.raw is not None

    async def test_feedbacks_when_resumed(self, shop: Wildberries) -> None:
        listing = shop.feedbacks()
        pages = [page async for page in listing.pages()]
        assert [page.cursor for page in pages] == ["false:0", "true:0"]
        rest = await shop.feedbacks(cursor=pages[0].next_cursor).all()
        assert [f.ref for f in rest] == [f.ref for f in pages[1].items]


class TestQuestions:
    async def test_questions_when_answered_and_rejected(self, shop: Wildberries) -> None:
        waiting = await shop.questions(answered=False).all()
        assert {question.status for question in waiting} == {QuestionStatus.WAITING}
        await shop.answer(waiting[0], "Да, подойдёт")
        await shop.reject(waiting[1], "Вопрос не о товаре")
        assert (await shop.get(waiting[0])).status is QuestionStatus.ANSWERED
        assert (await shop.get(waiting[1])).status is QuestionStatus.REJECTED
        assert len(await shop.questions(answered=False).all()) == len(waiting) - 2
        assert len(await shop.questions().all()) == 30
        answered = await shop.get(waiting[0])
        await shop.edit_answer(answered, "Да, точно подойдёт")
        edited = await shop.get(waiting[0])
        assert edited.answer is not None
        assert edited.answer.text == "Да, точно подойдёт"


class TestChats:
    async def test_chats_when_the_seller_replies(
        self, shop: Wildberries, simulator: WildberriesSimulator
    ) -> None:
        simulator.state.arrive_message("Где мой заказ?")
        waiting = await shop.chats(waiting_for_seller=True).all()
        assert {chat.status for chat in waiting} == {ChatStatus.WAITING_FOR_SELLER}
        chat = next(chat for chat in waiting if chat.last_text == "Где мой заказ?")
        sent = await shop.send(chat, "Уже в пути", files=[PNG])
        assert sent.target == chat.ref
        assert sent.sent_at is not None
        assert abs(sent.sent_at - datetime.now(UTC)) < timedelta(minutes=1)
        last = (await shop.messages(chat).all())[-1]
        assert (last.author, last.text, last.chat) == (Author.SELLER, "Уже в пути", chat.ref)
        assert len(last.attachments) == 1
        still = await shop.chats(waiting_for_seller=True).all()
        assert {c.ref for c in still} == {c.ref for c in waiting} - {chat.ref}
        everybody = await shop.chats().all()
        others = await shop.chats(waiting_for_seller=False).all()
        assert {c.ref for c in everybody} <= {c.ref for c in (*still, *others)}

    async def test_waiting_since_when_the_buyer_wrote_last(
        self, shop: Wildberries, simulator: WildberriesSimulator
    ) -> None:
        chats = simulator.state.chats
        chat_id = next(iter(chats.chats))
        chats.arrive("Где заказ?", chat_id=chat_id)
        (asked,) = [m for m in await shop.messages(ref_of(chat_id)).all() if m.text == "Где заказ?"]
        # An automatic message is not a reply: the buyer still waits since the question.
        chats.arrive("Чат скоро закроется", chat_id=chat_id, sender="wb", source=None)
        before = set(chats.chats)
        chats.arrive("И в новом чате", listed=False)
        (new_id,) = set(chats.chats) - before
        (first,) = await shop.messages(ref_of(new_id)).all()
        chats.arrive("Ау!", chat_id=new_id)
        *_, last = await shop.messages(ref_of(new_id)).all()
        assert first.sent_at < last.sent_at
        waiting = {c.ref.id: c for c in await shop.chats(waiting_for_seller=True).all()}
        assert waiting[chat_id].waiting_since == asked.sent_at
        assert waiting[chat_id].raw is not None
        assert waiting[new_id].waiting_since == last.sent_at
        assert all(chat.waiting_since is not None for chat in waiting.values())
        others = await shop.chats(waiting_for_seller=False).all()
        assert {chat.waiting_since for chat in others} == {None}
        # The list alone lacks the last author.
        assert {chat.waiting_since for chat in await shop.chats().all()} == {None}

    async def test_send_when_the_name_of_a_file_is_russian(self, shop: Wildberries) -> None:
        chat = (await shop.chats().all())[0]
        await shop.send(chat, "", files=[Upload("Счёт № 1.pdf", b"%PDF-1.7")])
        last = (await shop.messages(chat).all())[-1]
        assert [attachment.name for attachment in last.attachments] == ["Счёт № 1.pdf"]

    async def test_chats_when_one_is_only_in_the_feed(
        self, shop: Wildberries, simulator: WildberriesSimulator
    ) -> None:
        listed = {chat.ref.id for chat in await shop.chats().all()}
        found = await shop.chats(waiting_for_seller=True).all()
        found += await shop.chats(waiting_for_seller=False).all()
        assert {chat.ref.id for chat in found} - listed

    async def test_messages_when_read_since(self, shop: Wildberries) -> None:
        chat = (await shop.chats().all())[0]
        messages = await shop.messages(chat).all()
        assert len({message.ref for message in messages}) == len(messages) > 3
        assert [m.sent_at for m in messages] == sorted(m.sent_at for m in messages)
        since = messages[2].sent_at
        assert await shop.messages(chat, since=since).all() == messages[2:]

    async def test_send_when_the_signature_has_changed(
        self, shop: Wildberries, simulator: WildberriesSimulator
    ) -> None:
        chat = (await shop.chats().all())[0]
        simulator.state.rotate_signs()
        await shop.send(chat, "Здравствуйте")
        assert [sent.text for sent in simulator.state.sent] == ["Здравствуйте"]

    async def test_send_when_the_chat_comes_from_json(
        self, shop: Wildberries, simulator: WildberriesSimulator
    ) -> None:
        chat = (await shop.chats().all())[0]
        copy = msgspec.json.decode(msgspec.json.encode(chat), type=Chat)
        async with open_shop(simulator) as other:
            await other.send(copy, "Здравствуйте")
        assert len(simulator.state.sent) == 1

    async def test_send_when_the_chat_is_unknown(self, shop: Wildberries) -> None:
        with pytest.raises(InvalidInput, match="known to WB"):
            await shop.send(
                Chat(ref=Ref("wildberries", "shop", Noun.CHAT, "1:none")), "Здравствуйте"
            )

    async def test_signature_when_shown(
        self, shop: Wildberries, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(0)
        chat = (await shop.chats().all())[0]
        sign = getattr(chat.raw, "reply_sign", "")
        assert sign
        assert sign not in repr(chat)
        assert sign not in repr(chat.raw)
        assert sign not in str(msgspec.json.encode(chat))
        assert sign not in caplog.text

    async def test_download_when_released_moderated_and_rejected(
        self, shop: Wildberries, simulator: WildberriesSimulator, tmp_path: Path
    ) -> None:
        attachments = [
            (message, attachment)
            for chat in await shop.chats().all()
            for message in await shop.messages(chat).all()
            for attachment in message.attachments
        ]
        outcomes = set()
        for number, (message, attachment) in enumerate(attachments):
            try:
                async with shop.download(message, attachment) as file:
                    outcomes.add("released")
                    assert await file.save(tmp_path / str(number)) > 0
            except NotReady as error:
                outcomes.add("moderated")
                outcomes.add(f"retry after {error.retry_after}")
            except RefusedByModeration:
                outcomes.add("rejected")
        assert "released" in outcomes
        with pytest.raises(NotFound, match="invalid fileID"):
            async with shop.download(attachments[0][0], Attachment(id="нет")):
                pass


class TestReturns:
    async def test_returns_when_decided(
        self, shop: Wildberries, simulator: WildberriesSimulator
    ) -> None:
        open_ones = await shop.returns(is_open=True).all()
        waiting = [claim for claim in open_ones if claim.decisions]
        custom = next(
            (claim, decision)
            for claim in waiting
            for decision in claim.decisions
            if decision.id == "rejectcustom"
        )
        claim, decision = custom
        with pytest.raises(InvalidInput, match="must be given"):
            await shop.decide(claim, decision)
        await shop.decide(claim, decision, comment="На фото другой товар")
        assert simulator.stats.effects["decision"] == 1
        left = await shop.returns(is_open=True).all()
        assert claim.ref not in {other.ref for other in left if other.decisions}

    async def test_returns_when_all_are_read(self, shop: Wildberries) -> None:
        found = await shop.returns().all()
        assert len({claim.ref for claim in found}) == len(found) > 0
        for claim in found:
            assert claim.created_at is not None
            assert claim.created_at.tzinfo is UTC
            assert claim.amount is None or claim.amount.currency.isalpha()
            assert all(media.url.startswith("https://") for media in claim.media)
            assert claim.order is not None
            assert claim.order.ordered_at is not None
            assert claim.delivered_at is not None
            assert claim.order.ordered_at < claim.delivered_at < claim.created_at

    async def test_returns_when_the_imei_was_checked(
        self, shop: Wildberries, simulator: WildberriesSimulator
    ) -> None:
        checked = simulator.state.claims.arrive(imei_check="IMEI в заявке другой")
        unchecked = simulator.state.claims.arrive()
        found = {claim.ref.id: claim for claim in await shop.returns(is_open=True).all()}
        assert found[checked].imei_check == "IMEI в заявке другой"
        assert found[unchecked].imei_check is None

    async def test_decide_when_the_decision_is_not_the_claims(self, shop: Wildberries) -> None:
        claim = (await shop.returns(is_open=True).all())[0]
        foreign = msgspec.structs.replace(claim.decisions[0], id="approve99")
        with pytest.raises(InvalidInput, match="approve99"):
            await shop.decide(claim, foreign)

    async def test_orders_when_a_chat_and_a_claim_have_the_same(
        self, shop: Wildberries, simulator: WildberriesSimulator
    ) -> None:
        chat = (await shop.chats().all())[0]
        assert chat.order is not None
        claim_id = simulator.state.claims.arrive(srid=chat.order.id)
        claim = next(c for c in await shop.returns().all() if c.ref.id == claim_id)
        assert claim.order is not None
        assert claim.order.id == chat.order.id


class TestGet:
    async def test_get_when_answered_or_decided(
        self, shop: Wildberries, simulator: WildberriesSimulator
    ) -> None:
        question = (await shop.questions(answered=False).all())[0]
        await shop.answer(question, "Да, подойдёт")
        assert (await shop.get(question)).answered
        feedback = (await shop.feedbacks(answered=False).all())[0]
        await shop.answer(feedback, "Спасибо!")
        assert (await shop.get(feedback)).answered
        claim_id = simulator.state.claims.arrive(actions=["approve1", "reject1"])
        claim = next(c for c in await shop.returns(is_open=True).all() if c.ref.id == claim_id)
        assert await shop.get(claim) == claim
        assert simulator.state.claims.decide(claim_id, "reject1", None) is None
        assert (await shop.get(claim)).status is ReturnStatus.REJECTED


class TestInput:
    """Checks before requests."""

    REF = Ref("wildberries", "shop", Noun.CHAT, "1")
    FEEDBACK = Ref("wildberries", "shop", Noun.FEEDBACK, "1")
    QUESTION = Ref("wildberries", "shop", Noun.QUESTION, "1")

    def shop(self) -> tuple[Wildberries, ScriptedTransport]:
        transport = ScriptedTransport()
        shop = Wildberries(make_token(), name="shop", transport=transport, scheduler=Scheduler())
        return shop, transport

    @pytest.mark.parametrize("text", ["x", "x" * 5001])
    async def test_answer_when_the_text_is_too_short_or_long(self, text: str) -> None:
        shop, transport = self.shop()
        for item in (self.FEEDBACK, self.QUESTION):
            with pytest.raises(InvalidInput, match="2 to 5000 characters") as caught:
                await shop.answer(item, text)
            assert caught.value.argument == "text"
        assert not transport.requests

    @pytest.mark.parametrize(
        ("text", "files", "rule"),
        [
            ("", [], "visible"),
            ("x" * 1001, [], "0 to 1000"),
            ("x" * 1001, [PNG], "0 to 1000"),
            ("", [Upload("a.gif", b"GIF89a")], "image/jpeg or image/png or application/pdf"),
            ("", [Upload("a.png", b"no png")], "image/jpeg or image/png or application/pdf"),
            ("", [Upload("a.pdf", b"%PDF-" + b"0" * (5 * 2**20))], "at most 5242880 bytes"),
            ("", [Upload("a.pdf", b"%PDF-" + b"0" * (5 * 2**20 - 5))] * 7, "in total"),
        ],
    )
    async def test_send_when_it_breaks_a_rule(
        self, text: str, files: list[Upload], rule: str
    ) -> None:
        shop, transport = self.shop()
        with pytest.raises(InvalidInput, match=rule):
            await shop.send(Chat(ref=self.REF), text, files=files)
        assert not transport.requests

    async def test_lists_when_an_argument_is_invalid(self) -> None:
        shop, transport = self.shop()
        for product in ("ABC", "٣", "9" * 19, "9" * 5000):
            for read in (shop.feedbacks, shop.questions):
                with pytest.raises(InvalidInput, match="product must be a WB article"):
                    read(product=product)
        with pytest.raises(InvalidInput, match="cursor"):
            await shop.chats(cursor="5").all()
        with pytest.raises(InvalidInput, match="cursor"):
            await shop.chats(waiting_for_seller=True, cursor="5").all()
        with pytest.raises(InvalidInput, match="size"):
            await shop.chats(waiting_for_seller=True).using(size=5).all()
        for cursor in ("x", "0", "-1"):
            with pytest.raises(InvalidInput, match="cursor"):
                await shop.messages(Chat(ref=self.REF), cursor=cursor).all()
            with pytest.raises(InvalidInput, match="cursor"):
                await shop.api.chats.events().using(cursor=cursor).page()
        assert not transport.requests

    async def test_lists_when_over_the_caps(self) -> None:
        shop, transport = self.shop()
        feedbacks = shop.api.feedbacks.list(is_answered=False)
        questions = shop.api.questions.list(is_answered=False)
        claims = shop.api.claims.list(is_archive=False)
        for listing, largest in ((feedbacks, 5000), (questions, 10_000), (claims, 200)):
            with pytest.raises(InvalidInput, match="at least 1"):
                listing.using(size=0)
            with pytest.raises(InvalidInput, match=f"from 1 to {largest}"):
                await listing.using(size=largest + 1).page()
            with pytest.raises(InvalidInput, match="must be a cursor"):
                await listing.using(cursor="-1").page()
        for listing, deepest in ((feedbacks, "199991"), (questions, "10000")):
            with pytest.raises(PagingLimit):
                await listing.using(cursor=deepest).page()
        assert not transport.requests

    async def test_listed_when_the_page_exceeds_the_cap(self) -> None:
        empty = json_response({"data": {"questions": []}, "error": False})
        transport = ScriptedTransport(empty)
        shop = Wildberries(make_token(), transport=transport, scheduler=Scheduler())
        await shop.api.questions.list(is_answered=False).using(cursor="1").page()
        query = dict(parse_qsl(urlsplit(transport.requests[0].url).query))
        assert (query["take"], query["skip"]) == ("9999", "1")

    @pytest.mark.parametrize(
        ("action", "comment"),
        [
            ("rejectcustom", None),
            ("rejectcustom", "коротко"),
            ("rejectcustom", "x" * 1001),
            ("approvecc1", "коротко"),
            ("approve1", "Достаточно длинный комментарий"),
        ],
    )
    async def test_decide_when_the_comment_breaks_a_rule(
        self, action: str, comment: str | None
    ) -> None:
        shop, transport = self.shop()
        with pytest.raises(InvalidInput, match="comment"):
            await shop.api.claims.decide("c", action, comment=comment)
        assert not transport.requests


class TestTrouble:
    async def test_answer_when_the_connection_breaks_after_the_effect(
        self, shop: Wildberries, simulator: WildberriesSimulator
    ) -> None:
        feedback = (await shop.feedbacks(answered=False).all())[0]
        simulator.faults.next("/api/v1/feedbacks/answer", "drop_after")
        with pytest.raises(DeliveryUnknown):
            await shop.answer(feedback, "Спасибо!")
        assert len(simulator.state.written) == 1
        assert (await shop.get(feedback)).answered

    async def test_send_when_the_connection_breaks(
        self, shop: Wildberries, simulator: WildberriesSimulator
    ) -> None:
        chat = (await shop.chats().all())[0]
        simulator.faults.next("/api/v1/seller/message", "drop_before")
        with pytest.raises(DeliveryUnknown):
            await shop.send(chat, "Привет")
        simulator.faults.next("/api/v1/seller/message", "drop_after")
        with pytest.raises(DeliveryUnknown):
            await shop.send(chat, "Привет")
        assert len(simulator.state.sent) == 1

    async def test_feedbacks_when_records_are_undecodable(
        self, shop: Wildberries, simulator: WildberriesSimulator
    ) -> None:
        simulator.faults.next("/api/v1/feedbacks", "bad_record")
        found = await shop.feedbacks(answered=False).all()
        total = len(await shop.feedbacks(answered=False).all())
        assert len(found) == total - 1
        assert [undecodable.endpoint for undecodable in shop.undecodable] == ["feedbacks.list"]
        assert shop.undecodable[0].where.startswith("data.feedbacks[")

    @pytest.mark.parametrize("fault", ["nulls", "unknown_values"])
    async def test_reads_when_the_data_are_odd(
        self, shop: Wildberries, simulator: WildberriesSimulator, fault: str
    ) -> None:
        setattr(simulator.faults, fault, 1.0)
        assert len(await shop.feedbacks().all()) == 60
        assert len(await shop.questions().all()) == 30
        chats = await shop.chats().all()
        assert chats
        assert await shop.messages(chats[0]).all()
        assert await shop.returns().all()
        assert not shop.undecodable

    async def test_read_when_a_page_is_damaged_once(
        self, shop: Wildberries, simulator: WildberriesSimulator
    ) -> None:
        expected = await shop.questions(answered=False).all()
        for fault in sorted(set(KINDS) - {"soft_error", "nulls", "unknown_values", "bad_record"}):
            simulator.faults.next("/api/v1/questions", fault)
            assert await shop.questions(answered=False).all() == expected


class TestTokens:
    async def test_call_when_two_tokens_have_a_category_each(
        self, simulator: WildberriesSimulator
    ) -> None:
        tokens = [make_token(scopes=["feedbacks"]), make_token(scopes=["chat"])]
        async with open_shop(simulator, tokens) as shop:
            assert await shop.chats().all()
            assert await shop.questions(answered=False).all()

    async def test_secret_when_everything_is_shown(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(0)
        text = make_token()
        transport = ScriptedTransport(
            json_response({"title": "unauthorized", "detail": "withdrawn"}, 401)
        )
        shop = Wildberries(text, name="shop", transport=transport, scheduler=Scheduler())
        with pytest.raises(Exception, match="unauthorized") as caught:
            await shop.api.feedbacks.unseen()
        shown = [repr(shop), repr(shop.tokens), repr(shop.credentials()), str(caught.value)]
        shown += [
            repr(caught.value),
            repr(transport.requests),
            caplog.text,
            repr(vars(caught.value)),
        ]
        assert not any(text in line or text.split(".")[2] in line for line in shown)
