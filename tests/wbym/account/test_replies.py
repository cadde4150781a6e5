"""Replies: checks before sending, and the returned deliveries."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeAlias

import pytest
from msgspec.structs import replace

from tests.wbym.account.shop import (
    ANSWERED,
    CHAT,
    FEEDBACK,
    QUESTION,
    RETURN,
    bounded,
    ref,
    shop,
)
from tests.wbym.account.test_checks import BLANK
from wbym.account import Capability
from wbym.calls import Upload
from wbym.domain import (
    Action,
    Answer,
    AnswerStatus,
    Chat,
    Delivery,
    DeliveryState,
    Feedback,
    Noun,
    Question,
    QuestionStatus,
    Ref,
)
from wbym.errors import AlreadyAnswered, InvalidInput, NotFound
from wbym.testing import FakeAccount

Write: TypeAlias = Callable[[FakeAccount, str], Awaitable[Delivery]]

TEXTS: dict[Capability, tuple[str, Write]] = {
    Capability.SEND: ("send: text", lambda a, text: a.send(CHAT, text)),
    Capability.ANSWER_QUESTION: ("answer: text", lambda a, text: a.answer(QUESTION, text)),
    Capability.ANSWER_FEEDBACK: ("answer: text", lambda a, text: a.answer(FEEDBACK, text)),
    Capability.EDIT_FEEDBACK_ANSWER: (
        "edit_answer: text",
        lambda a, text: a.edit_answer(ANSWERED, text),
    ),
    Capability.REJECT_QUESTION: ("reject: reason", lambda a, text: a.reject(QUESTION, text)),
}
PNG = b"\x89PNG\r\n\x1a\n"


async def rejection(account: FakeAccount, writing: Awaitable[Delivery]) -> str:
    with pytest.raises(InvalidInput) as caught:
        await writing
    assert not account.sent
    return str(caught.value)


class TestText:
    @pytest.mark.parametrize("capability", TEXTS)
    @pytest.mark.parametrize("text", ["я", "я" * 100_000])
    async def test_text_when_unbounded(self, capability: Capability, text: str) -> None:
        account = shop()
        delivery = await TEXTS[capability][1](account, text)
        assert delivery.text == text

    @pytest.mark.parametrize("capability", TEXTS)
    @pytest.mark.parametrize(("length", "passes"), [(2, False), (3, True), (5, True), (6, False)])
    async def test_text_when_facts_limit_its_length(
        self, capability: Capability, length: int, passes: bool
    ) -> None:
        account = bounded(capability, {"min_text_length": 3, "max_text_length": 5})
        where, write = TEXTS[capability]
        if passes:
            await write(account, "я" * length)
            assert len(account.sent) == 1
        else:
            assert where in await rejection(account, write(account, "я" * length))

    @pytest.mark.parametrize("capability", TEXTS)
    @pytest.mark.parametrize("text", [*BLANK, None, b"text", 5, "половина \ud83d"])
    async def test_text_when_invalid(self, capability: Capability, text: str) -> None:
        account = shop()
        where, write = TEXTS[capability]
        assert f"{where} must " in await rejection(account, write(account, text))


class TestFiles:
    @pytest.mark.parametrize(
        ("facts", "files", "rule"),
        [
            ({"max_file_size": 10}, [PNG + b"12", PNG + b"123"], "files[1] must have at most"),
            ({"max_total_size": 20}, [PNG + b"12", PNG + b"123"], "files must have at most"),
            ({"max_files": 1}, [PNG, PNG], "files must have"),
            ({"file_types": "image/png image/jpeg"}, [PNG, b"GIF89a"], "files[1] must be"),
        ],
    )
    async def test_files_when_they_exceed_a_limit(
        self, facts: dict[str, int | str], files: list[bytes], rule: str
    ) -> None:
        account = bounded(Capability.SEND_FILES, facts)
        given = [Upload(f"{number}.png", data) for number, data in enumerate(files)]
        assert rule in await rejection(account, account.send(CHAT, "", files=given))
        await account.send(CHAT, "", files=given[:1])
        await shop().send(CHAT, "", files=given)

    @pytest.mark.parametrize("files", [[PNG], ["a.png"], PNG, Upload("a.png", PNG), None, 5])
    async def test_files_when_invalid(self, files: list[Upload]) -> None:
        account = shop()
        assert "files" in await rejection(account, account.send(CHAT, "Фото", files=files))

    async def test_text_when_a_file_is_sent_alone(self) -> None:
        account = bounded(Capability.SEND, {"min_text_length": 5})
        files = [Upload("a.png", PNG)]
        await account.send(CHAT, "", files=files)
        assert "text" in await rejection(shop(), account.send(CHAT, "", files=[]))
        with pytest.raises(InvalidInput, match="text"):
            await account.send(CHAT, "да", files=files)


class TestDelivery:
    @pytest.mark.parametrize(
        ("action", "target", "write"),
        [
            (Action.SEND, CHAT.ref, lambda a, item: a.send(item, "Да")),
            (Action.ANSWER, QUESTION.ref, lambda a, item: a.answer(item, "Да")),
            (Action.ANSWER, FEEDBACK.ref, lambda a, item: a.answer(item, "Да")),
            (Action.EDIT_ANSWER, ANSWERED.ref, lambda a, item: a.edit_answer(item, "Да")),
            (Action.REJECT, QUESTION.ref, lambda a, item: a.reject(item, "Да")),
            (Action.DECIDE, RETURN.ref, lambda a, item: a.decide(item, "reject", comment="Да")),
        ],
    )
    async def test_delivery_when_accepted(
        self,
        action: Action,
        target: Ref,
        write: Callable[[FakeAccount, object], Awaitable[Delivery]],
    ) -> None:
        before = datetime.now(UTC)
        by_ref, by_record = shop(), shop()
        for account, item in ((by_ref, target), (by_record, await by_record.get(target))):
            delivery = await write(account, item)
            assert (delivery.target, delivery.action, delivery.text) == (target, action, "Да")
            assert delivery.state is DeliveryState.ACCEPTED
            assert delivery.accepted
            assert not delivery.confirmed
            assert before <= delivery.created_at == delivery.updated_at <= datetime.now(UTC)
            assert delivery.sent_at is not None
            assert delivery.attempts == 1
            assert (delivery.idempotency_key, delivery.note) == (None, None)
            assert (delivery.decision is None) is (action is not Action.DECIDE)
            assert account.sent == [delivery]

    @pytest.mark.parametrize("noun", [Noun.QUESTION, Noun.FEEDBACK])
    async def test_reply_when_the_record_does_not_exist(self, noun: Noun) -> None:
        account, missing = shop(), ref(noun, "77")
        for writing in (account.answer(missing, "Да"), account.edit_answer(missing, "Да")):
            with pytest.raises(NotFound):
                await writing
        for late in (
            account.reject(ref(Noun.QUESTION, "77"), "Спам"),
            account.decide(ref(Noun.RETURN, "77"), "refund"),
            account.send(Chat(ref=ref(Noun.CHAT, "77")), "Да"),
        ):
            with pytest.raises(NotFound):
                await late
        assert not account.sent


class TestAnswer:
    @pytest.mark.parametrize("item", [ANSWERED, ANSWERED.ref])
    async def test_answer_when_already_answered(self, item: Feedback | Ref) -> None:
        account = shop()
        with pytest.raises(AlreadyAnswered) as caught:
            await account.answer(item, "Да")
        assert caught.value.ref == str(ANSWERED.ref)
        assert caught.value.answer == "Спасибо!"
        assert not account.sent

    async def test_answer_when_the_existing_answer_is_not_loaded(self) -> None:
        account = shop()
        counted = Feedback(ref=ANSWERED.ref, created_at=ANSWERED.created_at, answer_known=False)
        with pytest.raises(AlreadyAnswered):
            await account.answer(counted, "Да")
        assert not account.sent

    async def test_answer_when_the_question_status_is_answered(self) -> None:
        account = shop()
        account.add(replace(QUESTION, status=QuestionStatus.ANSWERED))
        with pytest.raises(AlreadyAnswered):
            await account.answer(QUESTION, "Да")
        assert not account.sent

    async def test_answer_when_sent_twice(self) -> None:
        account = shop()
        await account.answer(FEEDBACK, "Да")
        with pytest.raises(AlreadyAnswered, match="'Да'"):
            await account.answer(FEEDBACK, "Нет")
        assert [delivery.text for delivery in account.sent] == ["Да"]

    @pytest.mark.parametrize(
        "gone",
        [
            Answer("Спам", AnswerStatus.REJECTED),
            Answer("Спасибо", AnswerStatus.DELETED),
            Answer(""),
        ],
    )
    async def test_answer_when_the_previous_answer_was_rejected_or_deleted(
        self, gone: Answer
    ) -> None:
        account = shop()
        account.add(replace(FEEDBACK, answer=gone))
        account.add(replace(QUESTION, answer=gone))
        await account.answer(FEEDBACK.ref, "Да")
        await account.answer(QUESTION.ref, "Да")
        assert len(account.sent) == 2

    @pytest.mark.parametrize("item", [QUESTION, FEEDBACK, QUESTION.ref, FEEDBACK.ref])
    async def test_edit_when_the_answer_is_missing(self, item: Question | Feedback | Ref) -> None:
        account = shop()
        error = await rejection(account, account.edit_answer(item, "Да"))
        assert "edit_answer: item must have an answer; use answer() to add one" in error

    async def test_edit_when_the_answer_is_not_editable(self) -> None:
        account = shop()
        account.add(replace(ANSWERED, answer=Answer("Спасибо!", editable=False)))
        error = await rejection(account, account.edit_answer(ANSWERED.ref, "Да"))
        assert "can still be changed; fake says it cannot" in error

    @pytest.mark.parametrize("editable", [None, True])
    async def test_edit_when_the_answer_is_editable(self, editable: bool | None) -> None:
        account = shop()
        account.add(replace(ANSWERED, answer=Answer("Спасибо!", editable=editable)))
        await account.edit_answer(ANSWERED.ref, "Да")
        assert (await account.get(ANSWERED)).answer is not None
