"""The account and noun of a record are checked before a request."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import ClassVar, assert_type

import pytest
from msgspec.structs import replace

from tests.wbym.account.shop import (
    CHAT,
    FEEDBACK,
    MESSAGE,
    QUESTION,
    RECORDS,
    RETURN,
    ref,
    shop,
)
from wbym.account import AnyRecord, Capabilities, Capability, ReadOptions, Support, Supported
from wbym.calls import Download
from wbym.domain import Answer, Attachment, Chat, Feedback, Message, Noun, Question, Ref, Return
from wbym.errors import InvalidInput, NotFound, RefError, WbymError
from wbym.paging import Listing
from wbym.testing import FakeAccount

METHODS: dict[str, tuple[Callable[[FakeAccount, object], object], set[Noun]]] = {
    "get": (lambda a, item: a.get(item), set(Noun) - {Noun.UNDECODABLE}),  # type: ignore[call-overload]
    "messages": (lambda a, item: a.messages(item), {Noun.CHAT}),  # type: ignore[arg-type]
    "send": (lambda a, item: a.send(item, "Да"), {Noun.CHAT}),  # type: ignore[arg-type]
    "download": (
        lambda a, item: a.download(item, Attachment("1")),  # type: ignore[arg-type]
        {Noun.MESSAGE},
    ),
    "answer": (lambda a, item: a.answer(item, "Да"), {Noun.QUESTION, Noun.FEEDBACK}),  # type: ignore[arg-type]
    "edit_answer": (
        lambda a, item: a.edit_answer(item, "Да"),  # type: ignore[arg-type]
        {Noun.QUESTION, Noun.FEEDBACK},
    ),
    "reject": (lambda a, item: a.reject(item, "Спам"), {Noun.QUESTION}),  # type: ignore[arg-type]
    "comments": (lambda a, item: a.comments(item), {Noun.FEEDBACK}),  # type: ignore[arg-type]
    "skip_reaction": (lambda a, item: a.skip_reaction(item), {Noun.FEEDBACK}),  # type: ignore[arg-type]
    "decisions": (lambda a, item: a.decisions(item), {Noun.RETURN}),  # type: ignore[arg-type]
    "decide": (lambda a, item: a.decide(item, "refund"), {Noun.RETURN}),  # type: ignore[arg-type]
    "open_chat": (lambda a, item: a.open_chat(item), {Noun.RETURN}),  # type: ignore[arg-type]
}


def _digits(record_id: str, /) -> str | None:
    return None if record_id.isdigit() else "must be digits"


class Market(FakeAccount):
    """Declares every capability; calls must be rejected before a hook is called."""

    CAPABILITIES: ClassVar[Capabilities] = {
        **FakeAccount.CAPABILITIES,
        Capability.OPEN_CHAT: Supported(Support.NATIVE),
        Capability.DOWNLOAD: Supported(Support.NATIVE),
        Capability.COMMENTS: Supported(Support.NATIVE),
        Capability.SKIP_REACTION: Supported(Support.NATIVE),
    }

    ID_RULE = staticmethod(_digits)

    async def _open_chat(self, order_id: str | None, return_id: str | None) -> Chat:
        raise NotImplementedError

    def _download(self, attachment: Attachment) -> AbstractAsyncContextManager[Download]:
        raise NotImplementedError

    def _comments(self, feedback_id: str, options: ReadOptions) -> Listing[Answer]:
        raise NotImplementedError

    async def _skip_reaction(self, feedback_id: str) -> None:
        raise NotImplementedError


async def rejection(method: str, item: object) -> WbymError:
    """The error with which a method rejects an item."""
    call, _ = METHODS[method]
    account = Market()
    with pytest.raises(InvalidInput) as caught:
        asked = call(account, item)
        if isinstance(asked, Awaitable):
            await asked
    assert not account.sent
    return caught.value


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "account_key", [("fake", "other"), ("other", "fake"), ("FAKE", "fake")], ids="/".join
)
async def test_ref_when_of_another_account(method: str, account_key: tuple[str, str]) -> None:
    for noun in METHODS[method][1]:
        foreign = Ref(*account_key, noun, "1")
        error = await rejection(method, foreign)
        assert isinstance(error, RefError)
        assert "must be of the account fake/fake" in str(error)
        assert error.method == method
        (record,) = [record for record in RECORDS if record.ref.noun is noun]
        assert isinstance(await rejection(method, replace(record, ref=foreign)), RefError)


@pytest.mark.parametrize("method", METHODS)
async def test_ref_when_of_another_noun(method: str) -> None:
    for noun in set(Noun) - METHODS[method][1]:
        error = await rejection(method, ref(noun))
        assert isinstance(error, RefError)
        assert "must be the ref of a" in str(error)


@pytest.mark.parametrize("method", METHODS)
async def test_ref_when_its_id_is_invalid_for_the_marketplace(method: str) -> None:
    for noun in METHODS[method][1]:
        error = await rejection(method, ref(noun, "x"))
        assert isinstance(error, RefError)
        assert "must be digits" in str(error)


@pytest.mark.parametrize("blank", ["", " "])
async def test_ref_when_its_id_is_empty(blank: str) -> None:
    for noun in METHODS["get"][1]:
        with pytest.raises(RefError, match="must have an id"):
            await shop().get(ref(noun, blank))


@pytest.mark.parametrize("method", METHODS)
async def test_item_when_its_type_is_wrong(method: str) -> None:
    others = [record for record in RECORDS if record.ref.noun not in METHODS[method][1]]
    for item in ("fake/fake/chat/1", 1, None, *others):
        if method == "open_chat" and item is None:
            continue  # then the error names the missing order_id
        assert "must be a" in str(await rejection(method, item))


@pytest.mark.parametrize("method", METHODS)
async def test_ref_when_its_parts_have_wrong_types(method: str) -> None:
    for noun in METHODS[method][1]:
        (record,) = [record for record in RECORDS if record.ref.noun is noun]
        for wrong in (
            Ref("fake", "other", noun.value, "1"),  # type: ignore[arg-type]
            Ref("fake", "other", noun, 1),  # type: ignore[arg-type]
            Ref("fake", None, noun, "1"),  # type: ignore[arg-type]
            Ref("fake", "fake", noun, "половина \ud83d"),
            str(record.ref),
        ):
            if isinstance(wrong, Ref):
                assert f"{method}: ref." in str(await rejection(method, wrong))
            assert f"{method}: ref" in str(await rejection(method, replace(record, ref=wrong)))


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
async def test_record_when_its_ref_has_another_noun(record: AnyRecord) -> None:
    other = Noun.CHAT if record.ref.noun is not Noun.CHAT else Noun.RETURN
    with pytest.raises(RefError):
        shop().add(replace(record, ref=ref(other)))


class TestGet:
    @pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
    async def test_record_when_requested(self, record: AnyRecord) -> None:
        account = shop()
        assert await account.get(record.ref) is record
        assert await account.get(Ref.parse(str(record.ref))) is record
        assert await account.get(replace(record)) is record
        assert await account.get(record.ref, type(record)) is record

    async def test_record_when_kind_is_given(self) -> None:
        account = shop()
        assert_type(await account.get(CHAT.ref, Chat), Chat)
        assert_type(await account.get(MESSAGE), Message)
        assert_type(await account.get(QUESTION.ref, Question), Question)
        assert_type(await account.get(FEEDBACK), Feedback)
        assert_type(await account.get(RETURN.ref, Return), Return)
        assert_type(await account.get(RETURN.ref), AnyRecord)

    @pytest.mark.parametrize("kind", [Chat, Message, Question, Return])
    async def test_record_when_of_another_kind(self, kind: type[AnyRecord]) -> None:
        with pytest.raises(RefError, match="must be the ref of a "):
            await shop().get(FEEDBACK.ref, kind)

    @pytest.mark.parametrize("kind", [str, Ref, "Chat", [], Chat(ref=CHAT.ref)])
    async def test_kind_when_invalid(self, kind: type[Chat]) -> None:
        rule = "get: kind must be one of Chat, Message, Question, Feedback, Return"
        with pytest.raises(InvalidInput, match=rule):
            await shop().get(CHAT.ref, kind)

    @pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
    async def test_record_when_not_found(self, record: AnyRecord) -> None:
        with pytest.raises(NotFound):
            await shop().get(ref(record.ref.noun, "77"))


async def test_open_chat_when_neither_or_both_targets_are_given() -> None:
    account = Market()
    for item, order_id in ((None, None), (RETURN, "1")):
        with pytest.raises(InvalidInput, match="must be given, or order_id, and not both"):
            await account.open_chat(item, order_id=order_id)
    with pytest.raises(InvalidInput, match="order_id"):
        await account.open_chat(order_id=1.5)  # type: ignore[arg-type]
