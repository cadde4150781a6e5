"""A call of each method of Yandex Market, with all that it takes."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final, TypeAlias

from wbym.calls import Endpoint, Upload
from wbym_yandex_market import YandexMarket
from wbym_yandex_market.api import auth, base, campaigns, chats, feedbacks, questions, returns
from wbym_yandex_market.api import return_records as records

__all__ = ["CALLS", "DOWNLOADS", "OTHERS", "Call"]

Call: TypeAlias = Callable[[YandexMarket], Awaitable[object]]

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
DAY = date(2026, 5, 1)
PNG = Upload("a.png", b"\x89PNG\r\n\x1a\n....")

CALLS: Final[dict[Endpoint[object], Call]] = {
    chats.NEW: lambda shop: shop.api.chats.new(chats.ChatContext(type="RETURN", id=7)),
    chats.LIST: lambda shop: shop.api.chats.list(
        contexts=[chats.ChatContext(type="ORDER", id=7)],
        context_types=["DIRECT"],
        types=["CHAT"],
        statuses=["NEW"],
        limit=20,
        page_token="t",
    ),
    chats.GET: lambda shop: shop.api.chats.get(7),
    chats.HISTORY: lambda shop: shop.api.chats.history(
        7, message_id_from=8, limit=100, page_token="t"
    ),
    chats.MESSAGE: lambda shop: shop.api.chats.message(7, 8),
    chats.SEND: lambda shop: shop.api.chats.send(7, "Здравствуйте"),
    chats.SEND_FILE: lambda shop: shop.api.chats.send_file(7, PNG),
    feedbacks.LIST: lambda shop: shop.api.feedbacks.list(
        date_time_from=NOW,
        date_time_to=NOW,
        reaction_status="NEED_REACTION",
        rating_values={1, 2},
        offer_ids=["a"],
        paid=True,
        limit=50,
        page_token="t",
    ),
    feedbacks.COMMENTS: lambda shop: shop.api.feedbacks.comments(
        7, source_type="SELLER", limit=50, page_token="t"
    ),
    feedbacks.UPDATE_COMMENT: lambda shop: shop.api.feedbacks.comment(
        7, "Спасибо", parent_id=8, source_type="SELLER"
    ),
    feedbacks.DELETE_COMMENT: lambda shop: shop.api.feedbacks.delete_comment(
        8, source_type="SELLER"
    ),
    feedbacks.SKIP_REACTION: lambda shop: shop.api.feedbacks.skip_reaction(
        [7], source_type="SELLER"
    ),
    questions.LIST: lambda shop: shop.api.questions.list(
        category_ids=[1],
        question_ids=[2],
        date_from=DAY,
        date_to=DAY,
        need_answer=True,
        sort="CREATED_AT_ASC",
        limit=50,
        page_token="t",
    ),
    questions.ANSWERS: lambda shop: shop.api.questions.answers(7, limit=50, page_token="t"),
    questions.UPDATE: lambda shop: shop.api.questions.create(7, "Да"),
    returns.LIST: lambda shop: shop.api.returns.list(
        3,
        order_ids=[1, 2],
        statuses=["REFUNDED", "FAILED"],
        shipment_statuses=["PICKED"],
        type="RETURN",
        from_date=DAY,
        to_date=DAY,
        limit=100,
        page_token="t",
    ),
    returns.GET: lambda shop: shop.api.returns.get(3, 4, 5),
    returns.DECISIONS: lambda shop: shop.api.returns.decisions(3, 5),
    returns.SET_DECISION: lambda shop: shop.api.returns.set_decision(
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
    returns.SUBMIT_DECISION: lambda shop: shop.api.returns.submit_decision(
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
    campaigns.LIST: lambda shop: shop.api.campaigns.list(limit=100, page_token="t"),
    campaigns.GET: lambda shop: shop.api.campaigns.get(3),
    auth.TOKEN: lambda shop: shop.api.auth.token(),
}

OTHERS: Final[list[tuple[Endpoint[object], Call]]] = [
    (feedbacks.LIST, lambda shop: shop.api.feedbacks.list(feedback_ids=[1, 2])),
    (feedbacks.COMMENTS, lambda shop: shop.api.feedbacks.comments(comment_ids=[1])),
    (feedbacks.UPDATE_COMMENT, lambda shop: shop.api.feedbacks.edit_comment(7, 8, "Спасибо!")),
    (questions.ANSWERS, lambda shop: shop.api.questions.answers(answer_ids=[1])),
    (questions.UPDATE, lambda shop: shop.api.questions.edit(7, "Да!")),
    (questions.UPDATE, lambda shop: shop.api.questions.delete(7, entity_type="COMMENT")),
    (
        questions.UPDATE,
        lambda shop: shop.api.questions.create(7, "Спасибо", parent_type="ANSWER"),
    ),
    (
        returns.SUBMIT_DECISION,
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

DOWNLOADS: Final[dict[Endpoint[object], Callable[[YandexMarket], object]]] = {
    returns.APPLICATION: lambda shop: shop.api.returns.application(3, 4, 5),
    returns.PHOTO: lambda shop: shop.api.returns.photo(3, 4, 5, 6, "a/b"),
}
