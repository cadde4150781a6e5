"""Arguments of lists are checked at the call, before anything is read."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.wbym.account.shop import CHAT, NAIVE, NOW, shop
from wbym.errors import InvalidInput
from wbym.limits import Priority
from wbym.paging import MAX_PREFETCH
from wbym.testing import FakeAccount

FLAGS: dict[str, Callable[[FakeAccount, object], object]] = {
    "chats: waiting_for_seller": lambda a, it: a.chats(waiting_for_seller=it),  # type: ignore[arg-type]
    "questions: answered": lambda a, it: a.questions(answered=it),  # type: ignore[arg-type]
    "feedbacks: answered": lambda a, it: a.feedbacks(answered=it),  # type: ignore[arg-type]
    "returns: is_open": lambda a, it: a.returns(is_open=it),  # type: ignore[arg-type]
}
TIMES: dict[str, Callable[[FakeAccount, object], object]] = {
    "messages: since": lambda a, it: a.messages(CHAT, since=it),  # type: ignore[arg-type]
    "questions: since": lambda a, it: a.questions(since=it),  # type: ignore[arg-type]
    "questions: until": lambda a, it: a.questions(until=it),  # type: ignore[arg-type]
    "feedbacks: since": lambda a, it: a.feedbacks(since=it),  # type: ignore[arg-type]
    "feedbacks: until": lambda a, it: a.feedbacks(until=it),  # type: ignore[arg-type]
}
DATED: dict[str, Callable[..., object]] = {
    "questions": lambda a, **given: a.questions(**given),
    "feedbacks": lambda a, **given: a.feedbacks(**given),
}
READING: dict[str, Callable[[FakeAccount, int | None, Priority | None], object]] = {
    "chats": lambda a, prefetch, first: a.chats(prefetch=prefetch, priority=first),
    "messages": lambda a, prefetch, first: a.messages(CHAT, prefetch=prefetch, priority=first),
    "questions": lambda a, prefetch, first: a.questions(prefetch=prefetch, priority=first),
    "feedbacks": lambda a, prefetch, first: a.feedbacks(prefetch=prefetch, priority=first),
    "returns": lambda a, prefetch, first: a.returns(prefetch=prefetch, priority=first),
}


@pytest.mark.parametrize("argument", FLAGS)
@pytest.mark.parametrize("value", ["yes", 1, 0, "", []])
def test_flag_when_not_a_bool(argument: str, value: object) -> None:
    with pytest.raises(InvalidInput, match=f"{argument} must be True or False"):
        FLAGS[argument](shop(), value)


@pytest.mark.parametrize("argument", TIMES)
@pytest.mark.parametrize("value", [NAIVE, NOW.date(), "2026-05-01", 0, ""])
def test_time_when_naive_or_not_a_datetime(argument: str, value: object) -> None:
    with pytest.raises(InvalidInput, match=f"{argument} must be a"):
        TIMES[argument](shop(), value)


@pytest.mark.parametrize("noun", DATED)
def test_period_when_it_ends_before_it_begins(noun: str) -> None:
    later = NOW + timedelta(microseconds=1)
    DATED[noun](shop(), since=NOW, until=NOW)
    with pytest.raises(InvalidInput, match=f"{noun}: since must not be after until"):
        DATED[noun](shop(), since=later, until=NOW)


@pytest.mark.parametrize("noun", DATED)
@pytest.mark.parametrize("product", [1, b"1", ["1"]])
def test_product_when_not_a_string(noun: str, product: object) -> None:
    with pytest.raises(InvalidInput, match=f"{noun}: product must be a text"):
        DATED[noun](shop(), product=product)


@pytest.mark.parametrize(
    ("rating", "rule"),
    [
        ([], "rating must have at least 1"),
        ([0], r"rating\[0\] must be from 1 to 5"),
        ([5, 6], r"rating\[1\] must be from 1 to 5"),
        (["5"], r"rating\[0\] must be an integer"),
        ([True], r"rating\[0\] must be an integer"),
        (5, "rating must be a collection"),
        ("5", "rating must be a collection"),
    ],
)
def test_rating_when_invalid(rating: list[int], rule: str) -> None:
    with pytest.raises(InvalidInput, match=f"feedbacks: {rule}"):
        shop().feedbacks(rating=rating)


@pytest.mark.parametrize("rating", [[1], {1, 5}, (5, 5), frozenset({3})])
async def test_rating_when_valid(rating: list[int]) -> None:
    found = await shop().feedbacks(rating=rating).all()
    assert {item.rating for item in found} <= set(rating)


@pytest.mark.parametrize("noun", READING)
@pytest.mark.parametrize("prefetch", [0, -1, MAX_PREFETCH + 1, "3", 1.5, True])
def test_prefetch_when_out_of_bounds(noun: str, prefetch: int) -> None:
    with pytest.raises(InvalidInput, match=f"{noun}: prefetch must be"):
        READING[noun](shop(), prefetch, None)


@pytest.mark.parametrize("noun", READING)
def test_reading_when_options_are_passed(noun: str) -> None:
    READING[noun](shop(), MAX_PREFETCH, Priority.BULK)
    with pytest.raises(InvalidInput, match=f"{noun}: priority must be one of Priority"):
        READING[noun](shop(), None, "first")  # type: ignore[arg-type]


async def test_cursor_when_not_of_the_list() -> None:
    account = shop()
    for listing in (account.chats(cursor="7"), account.feedbacks(cursor="7")):
        with pytest.raises(InvalidInput, match="cursor"):
            await listing.all()
    with pytest.raises(InvalidInput, match="cursor must be a page's cursor"):
        account.returns(cursor="\ud83d")


async def test_lists_when_times_have_different_zones() -> None:
    zoned = NOW.astimezone(tz=None)
    assert len(await shop().feedbacks(since=zoned, until=zoned).all()) == 2
    future = datetime.max.replace(tzinfo=UTC)
    assert not await shop().questions(since=future).all()
