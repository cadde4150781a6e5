"""A call of each operation of Yandex Market, with all that it takes."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final, TypeAlias

from wbym.calls import Upload
from wbym_yandex_market import YandexMarket
from wbym_yandex_market.api import base, chats
from wbym_yandex_market.api import returns as records

__all__ = ["CALLS", "OTHERS", "Call"]

Call: TypeAlias = Callable[[YandexMarket], Awaitable[object]]

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
DAY = date(2026, 5, 1)
PNG = Upload("a.png", b"\x89PNG\r\n\x1a\n....")

CALLS: Final[dict[str, Call]] = {
    "chats.new": lambda shop: shop.api.chats.new(chats.ChatContext(type="RETURN", id=7)),
    "chats.list": lambda shop: (
        shop.api.chats.list(
            contexts=[chats.ChatContext(type="ORDER", id=7)],
            context_types=["DIRECT"],
            types=["CHAT"],
            statuses=["NEW"],
        )
        .using(cursor="t")
        .page()
    ),
    "chats.get": lambda shop: shop.api.chats.get(7),
    "chats.history": lambda shop: (
        shop.api.chats.history(7, message_id_from=8).using(cursor="t").page()
    ),
    "chats.message": lambda shop: shop.api.chats.message(7, 8),
    "chats.send": lambda shop: shop.api.chats.send(7, "Здравствуйте"),
    "chats.send_file": lambda shop: shop.api.chats.send_file(7, PNG),
    "feedbacks.list": lambda shop: (
        shop.api.feedbacks.list(
            date_time_from=NOW,
            date_time_to=NOW,
            reaction_status="NEED_REACTION",
            rating_values={1, 2},
            offer_ids=["a"],
            paid=True,
        )
        .using(cursor="t")
        .page()
    ),
    "feedbacks.comments": lambda shop: (
        shop.api.feedbacks.comments(7, source_type="SELLER").using(cursor="t").page()
    ),
    "feedbacks.update_comment": lambda shop: shop.api.feedbacks.comment(
        7, "Спасибо", parent_id=8, source_type="SELLER"
    ),
    "feedbacks.delete_comment": lambda shop: shop.api.feedbacks.delete_comment(
        8, source_type="SELLER"
    ),
    "feedbacks.skip_reaction": lambda shop: shop.api.feedbacks.skip_reaction(
        [7], source_type="SELLER"
    ),
    "questions.list": lambda shop: (
        shop.api.questions.list(
            category_ids=[1],
            question_ids=[2],
            date_from=DAY,
            date_to=DAY,
            need_answer=True,
            sort="CREATED_AT_ASC",
        )
        .using(cursor="t")
        .page()
    ),
    "questions.answers": lambda shop: shop.api.questions.answers(7).using(cursor="t").page(),
    "questions.update": lambda shop: shop.api.questions.create(7, "Да"),
    "returns.list": lambda shop: (
        shop.api.returns.list(
            3,
            order_ids=[1, 2],
            statuses=["REFUNDED", "FAILED"],
            shipment_statuses=["PICKED"],
            type="RETURN",
            from_date=DAY,
            to_date=DAY,
        )
        .using(cursor="t")
        .page()
    ),
    "returns.get": lambda shop: shop.api.returns.get(3, 4, 5),
    "returns.decisions": lambda shop: shop.api.returns.decisions(3, 5),
    "returns.set_decision": lambda shop: shop.api.returns.set_decision(
        3,
        4,
        5,
        records.ItemDecision(
            return_item_id=6,
            decision_type="PARTIAL_MONEY_REFUND",
            comment="По договорённости",
            compensation=base.Money(value=Decimal("100.10"), currency_id="RUR"),
        ),
    ),
    "returns.submit_decision": lambda shop: shop.api.returns.submit_decision(
        3,
        4,
        5,
        [
            records.ItemDecision(
                return_item_id=6,
                decision_type="DECLINE_REFUND",
                decision_reason_type="MECHANICAL_DAMAGE",
                comment="Следы падения",
            )
        ],
    ),
    "campaigns.list": lambda shop: shop.api.campaigns.list().using(cursor="t").page(),
    "campaigns.get": lambda shop: shop.api.campaigns.get(3),
    "auth.token": lambda shop: shop.api.auth.token(),
}

OTHERS: Final[list[tuple[str, Call]]] = [
    ("feedbacks.list", lambda shop: shop.api.feedbacks.list(feedback_ids=[1, 2]).page()),
    ("feedbacks.comments", lambda shop: shop.api.feedbacks.comments(comment_ids=[1]).page()),
    ("feedbacks.update_comment", lambda shop: shop.api.feedbacks.edit_comment(7, 8, "Спасибо!")),
    ("questions.answers", lambda shop: shop.api.questions.answers(answer_ids=[1]).page()),
    ("questions.update", lambda shop: shop.api.questions.edit(7, "Да!")),
    ("questions.update", lambda shop: shop.api.questions.delete(7, entity_type="COMMENT")),
    (
        "questions.update",
        lambda shop: shop.api.questions.create(7, "Спасибо", parent_type="ANSWER"),
    ),
    (
        "returns.submit_decision",
        lambda shop: shop.api.returns.submit_decision(
            3,
            4,
            5,
            [
                records.ItemDecision(
                    return_item_id=6,
                    decision_type="PARTIAL_MONEY_REFUND",
                    comment="По договорённости",
                    compensation=base.Money(value=Decimal("100.10"), currency_id="RUR"),
                )
            ],
        ),
    ),
]
"""Other bodies of the same methods."""
