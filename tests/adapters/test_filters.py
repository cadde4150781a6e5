"""What a newcomer passes to the neutral lists, to either marketplace alike."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.adapters.wbym_yandex_market.shops import KEY
from tests.fakes import ScriptedTransport
from wbym.domain import Chat, Noun, Ref
from wbym.errors import InvalidInput
from wbym.limits import Scheduler
from wbym_wildberries import Wildberries
from wbym_wildberries.simulator import make_token
from wbym_yandex_market import YandexMarket

NOW = datetime(2026, 3, 1, tzinfo=UTC)
Shop = Wildberries | YandexMarket

PERIOD: list[tuple[dict[str, Any], str]] = [
    ({"answered": "no"}, "answered must be True or False"),
    ({"answered": 1}, "answered must be True or False"),
    ({"since": "2024-01-01"}, "since must be a datetime"),
    ({"until": "2024-01-01"}, "until must be a datetime"),
    ({"since": date(2024, 1, 1)}, "since must be a datetime"),
    ({"since": NOW.replace(tzinfo=None)}, "since must be aware"),
    ({"since": NOW, "until": NOW - timedelta(1)}, "since must not be after until"),
    ({"product": 123}, "product must be a text"),
]
RATING: list[tuple[dict[str, Any], str]] = [
    ({"rating": 5}, "rating must be several values"),
    ({"rating": [[1]]}, r"rating\[0\] must be an integer"),
    ({"rating": [True]}, r"rating\[0\] must be an integer"),
    ({"rating": {6}}, r"rating\[0\] must be from 1 to 5"),
    ({"rating": ()}, "rating must have at least 1 values"),
]


@pytest.fixture(params=["wildberries", "yandex_market"])
def shop(request: pytest.FixtureRequest) -> Shop:
    transport, scheduler = ScriptedTransport(), Scheduler()
    if request.param == "wildberries":
        return Wildberries(make_token(), name="shop", transport=transport, scheduler=scheduler)
    return YandexMarket(KEY, name="shop", business_id=11, transport=transport, scheduler=scheduler)


@pytest.mark.parametrize(("filters", "words"), [*PERIOD, *RATING])
def test_feedbacks_when_a_filter_is_none(shop: Shop, filters: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=f"feedbacks: {words}"):
        shop.feedbacks(**filters)


@pytest.mark.parametrize(("filters", "words"), PERIOD)
def test_questions_when_a_filter_is_none(shop: Shop, filters: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=f"questions: {words}"):
        shop.questions(**filters)


@pytest.mark.parametrize("noun", ["feedbacks", "questions"])
@pytest.mark.parametrize(
    ("filters", "words"), [case for case in PERIOD if case[0].keys() <= {"since", "until"}]
)
def test_sweep_when_its_period_is_none(
    shop: Shop, noun: str, filters: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        getattr(shop.sweep, noun)(**filters)


@pytest.mark.parametrize("flag", ["no", 1, 0, ""])
@pytest.mark.parametrize(
    ("words", "read"),
    [
        (
            "chats: waiting_for_seller must be True or False",
            lambda shop, flag: shop.chats(waiting_for_seller=flag),
        ),
        ("returns: is_open must be True or False", lambda shop, flag: shop.returns(is_open=flag)),
    ],
)
def test_lists_when_a_flag_is_none(
    shop: Shop, flag: object, words: str, read: Callable[[Shop, object], object]
) -> None:
    with pytest.raises(InvalidInput, match=words):
        read(shop, flag)


def test_messages_when_the_time_is_none(shop: Shop) -> None:
    chat = Chat(ref=Ref(shop.marketplace, "shop", Noun.CHAT, "1"))
    with pytest.raises(InvalidInput, match="messages: since must be a datetime"):
        shop.messages(chat, since="2024-01-01")  # type: ignore[arg-type]


@pytest.mark.parametrize("product", ["", "ABC", "9" * 19, "9" * 5000])
def test_product_when_it_is_no_article_of_wildberries(product: str) -> None:
    shop = Wildberries(make_token(), transport=ScriptedTransport(), scheduler=Scheduler())
    for read in (shop.feedbacks, shop.questions):
        with pytest.raises(InvalidInput, match="product must be a WB article"):
            read(product=product)
