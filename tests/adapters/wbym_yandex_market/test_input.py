"""Checks before requests."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from tests.adapters.wbym_yandex_market.shops import KEY
from tests.support.fakes import ScriptedTransport
from wbym.calls import Upload
from wbym.domain import (
    Answer,
    Attachment,
    Chat,
    Decision,
    DecisionKind,
    Feedback,
    Noun,
    Question,
    QuestionStatus,
    Ref,
    Return,
)
from wbym.errors import InvalidInput
from wbym.limits import Scheduler, Window
from wbym_yandex_market import YandexMarket
from wbym_yandex_market.api._base import Money
from wbym_yandex_market.api.returns import ItemDecision


def ref(noun: Noun, record_id: str = "1") -> Ref:
    return Ref("yandex_market", "shop", noun, record_id)


NOW = datetime(2026, 5, 1, tzinfo=UTC)
NAIVE = datetime(2026, 5, 1)  # noqa: DTZ001
CHAT = Chat(ref=ref(Noun.CHAT))
FEEDBACK = Feedback(ref=ref(Noun.FEEDBACK), created_at=NOW, comments=0, viewed=False)
QUESTION = Question(ref=ref(Noun.QUESTION), text="?", created_at=NOW, status=QuestionStatus.WAITING)
RETURN = Return(ref=ref(Noun.RETURN))
REFUND = Decision("REFUND_MONEY", DecisionKind.REFUND)
PNG = Upload("a.png", b"\x89PNG\r\n\x1a\n....")
BIG = Upload("a.png", b"0" * (5 * 2**20 + 1))
RUB = Money(value=Decimal(100), currency_id="RUR")

Call = Callable[[YandexMarket], Awaitable[object]]


def item(**fields: object) -> ItemDecision:
    whole = ItemDecision(return_item_id=1, decision_type="REPLACE")
    return msgspec.structs.replace(whole, **fields)


def submit(decision: ItemDecision) -> Call:
    return lambda shop: shop.api.returns.submit_decision(1, 2, 3, [decision])


CALLS: list[tuple[str, Call]] = [
    # The neutral face.
    ("1 to 4096", lambda shop: shop.send(CHAT, "x" * 4097, files=[PNG])),
    ("0 to 1 values", lambda shop: shop.send(CHAT, "Вот", files=[PNG, PNG])),
    ("at most 5242880 bytes", lambda shop: shop.send(CHAT, "Вот", files=[BIG])),
    ("1 to 4096", lambda shop: shop.answer(FEEDBACK, "x" * 4097)),
    ("1 to 5000", lambda shop: shop.answer(QUESTION, "x" * 5001)),
    ("1 to 5000", lambda shop: shop.edit_answer(QUESTION, "x" * 5001)),
    (
        "can still be changed",
        lambda shop: shop.edit_answer(
            msgspec.structs.replace(QUESTION, answer=Answer("Да", id="5", editable=False)), "Нет"
        ),
    ),
    ("not both", lambda shop: shop.open_chat()),
    ("not both", lambda shop: shop.open_chat(RETURN, order_id=2)),
    ("positive number", lambda shop: shop.open_chat(order_id="A-1")),
    ("positive number", lambda shop: shop.open_chat(ref(Noun.RETURN, "0"))),
    ("positive number", lambda shop: shop.get(ref(Noun.CHAT, "-1"))),
    ("positive number", lambda shop: shop.get(ref(Noun.QUESTION, "x"))),
    ("positive number", lambda shop: shop.get(ref(Noun.FEEDBACK, ""))),
    ("positive number", lambda shop: shop.get(ref(Noun.RETURN, "٣"))),
    ("positive number", lambda shop: shop.answer(ref(Noun.FEEDBACK, "9" * 20), "Да")),
    ("order's id", lambda shop: shop.decide(RETURN, REFUND)),
    ("order's id", lambda shop: shop.decisions(RETURN)),
    ("visible character", lambda shop: shop.feedbacks(product="").all()),
    ("cursor", lambda shop: shop.feedbacks(cursor="5").all()),
    ("cursor", lambda shop: shop.questions(cursor="1-2:x;no").all()),
    # Rules over several arguments of an operation; test_rows.py tests other bounds.
    ("size must be from 1 to 20", lambda shop: shop.api.chats.list().using(size=21).page()),
    (
        "size must be from 1 to 100",
        lambda shop: shop.api.chats.history(1).using(size=101).page(),
    ),
    ("size must be from 1 to 50", lambda shop: shop.api.feedbacks.list().using(size=51).page()),
    ("size must be from 1 to 50", lambda shop: shop.api.questions.list().using(size=51).page()),
    ("size must be from 1 to 100", lambda shop: shop.api.returns.list(1).using(size=101).page()),
    ("size must be from 1 to 100", lambda shop: shop.api.campaigns.list().using(size=101).page()),
    ("size must be an integer", lambda shop: shop.api.questions.list().using(size=0).page()),
    ("given alone", lambda shop: shop.api.feedbacks.list(feedback_ids=[1], paid=True).all()),
    (
        "184 days",
        lambda shop: shop.api.feedbacks.list(
            date_time_from=NOW - timedelta(185), date_time_to=NOW
        ).all(),
    ),
    (
        "184 days",
        lambda shop: shop.api.feedbacks.list(date_time_from=NOW - timedelta(9999)).all(),
    ),
    (
        "after date_time_to",
        lambda shop: shop.api.feedbacks.list(
            date_time_from=NOW, date_time_to=NOW - timedelta(1)
        ).all(),
    ),
    ("exactly one", lambda shop: shop.api.feedbacks.comments().all()),
    ("exactly one", lambda shop: shop.api.feedbacks.comments(1, comment_ids=[1]).all()),
    ("comment_id must be at least 1", lambda shop: shop.api.feedbacks.edit_comment(1, 0, "Да")),
    (
        "comment_id must be an integer",
        lambda shop: shop.api.feedbacks.edit_comment(1, None, "Да"),  # type: ignore[arg-type]
    ),
    (
        "31 days",
        lambda shop: shop.api.questions.list(
            date_from=date(2026, 1, 1), date_to=date(2026, 2, 2)
        ).all(),
    ),
    (
        "after date_to",
        lambda shop: shop.api.questions.list(
            date_from=date(2026, 1, 2), date_to=date(2026, 1, 1)
        ).all(),
    ),
    ("must be given", lambda shop: shop.api.questions.answers().all()),
    ("1 to 5000", lambda shop: shop.api.questions.create(1, "x" * 5001)),
    ("1 to 5000", lambda shop: shop.api.questions.edit(1, "")),
    (
        "text must be given",
        lambda shop: shop.api.questions.edit(1, None),  # type: ignore[arg-type]
    ),
    (
        "parent_id must be given",
        lambda shop: shop.api.questions.create(None, "Да"),  # type: ignore[arg-type]
    ),
    ("entity_id must be at least 1", lambda shop: shop.api.questions.delete(0)),
    (
        "after to_date",
        lambda shop: shop.api.returns.list(
            1, from_date=date(2026, 1, 2), to_date=date(2026, 1, 1)
        ).all(),
    ),
    ("a decision_reason_type with DECLINE", submit(item(decision_type="DECLINE_REFUND"))),
    ("no decision_reason_type", submit(item(decision_reason_type="DEVICE_ACTIVATED"))),
    ("a compensation with PARTIAL", submit(item(decision_type="PARTIAL_MONEY_REFUND"))),
    ("no compensation with REPLACE", submit(item(compensation=RUB))),
    (
        "a compensation with currency_id",
        submit(item(decision_type="PARTIAL_MONEY_REFUND", compensation=Money(value=Decimal(100)))),
    ),
    ("a comment with REPAIR", submit(item(decision_type="REPAIR"))),
    (
        "use submit_decision",
        lambda shop: shop.api.returns.set_decision(
            1, 2, 3, item(decision_type="DECLINE_REFUND", decision_reason_type="MECHANICAL_DAMAGE")
        ),
    ),
]


def open_scripted() -> tuple[YandexMarket, ScriptedTransport]:
    transport = ScriptedTransport()
    return (
        YandexMarket(KEY, name="shop", business_id=11, transport=transport, scheduler=Scheduler()),
        transport,
    )


@pytest.mark.parametrize(("rule", "call"), CALLS)
async def test_call_when_it_breaks_a_rule(rule: str, call: Call) -> None:
    shop, transport = open_scripted()
    with pytest.raises(InvalidInput, match=rule):
        await call(shop)
    assert not transport.requests


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "http://market.yandex.ru/file",
        "ftp://market.yandex.ru/file",
        "https://market.yandex.ru@example.org/file",
        "/file",
    ],
)
async def test_download_when_the_address_is_invalid(url: str | None) -> None:
    shop, transport = open_scripted()
    with pytest.raises(InvalidInput, match="address"):
        async with shop.download(ref(Noun.MESSAGE), Attachment(url=url)):
            pass
    assert not transport.requests


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ({"business_id": 0}, "business_id must be at least 1"),
        ({"campaign_ids": [1, -2]}, r"campaign_ids\[1\] must be at least 1"),
        ({"parallel": 0}, "parallel must be from 1"),
        ({"quotas": {"feedbacks": Window(limit=1, period=1)}}, "must be among"),
    ],
)
async def test_account_when_an_argument_is_invalid(arguments: dict[str, object], rule: str) -> None:
    with pytest.raises(InvalidInput, match=rule):
        YandexMarket(KEY, **arguments)  # type: ignore[arg-type]
