"""Refs to text and back."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wbym.domain import Noun, Ref
from wbym.errors import InvalidInput, RefError

PARTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
REFS = st.builds(Ref, PARTS, PARTS, st.sampled_from(Noun), PARTS)


@pytest.mark.parametrize(
    ("ref", "text"),
    [
        (
            Ref("wildberries", "shop-wb", Noun.FEEDBACK, "YX52RZEBhH9mrcYdEJuD"),
            "wildberries/shop-wb/feedback/YX52RZEBhH9mrcYdEJuD",
        ),
        (Ref("wildberries", "wb", Noun.CHAT, "1:2-3"), "wildberries/wb/chat/1%3A2-3"),
        (Ref("m", "Магазин", Noun.RETURN, "a/b"), "m/%D0%9C%D0%B0%D0%B3%D0%B0%D0%B7%D0%B8%D0%BD"
         "/return/a%2Fb"),
    ],
)  # fmt: skip
def test_ref_when_shown(ref: Ref, text: str) -> None:
    assert str(ref) == text
    assert Ref.parse(text) == ref
    assert Ref.parse(f" {text}\n") == ref


@given(REFS)
def test_ref_round_trip(ref: Ref) -> None:
    assert Ref.parse(str(ref)) == ref


@given(REFS, REFS)
def test_refs_when_they_differ(one: Ref, other: Ref) -> None:
    assert (one == other) is (str(one) == str(other))


@given(st.text(max_size=40) | st.from_regex(r"\A[a%/]*/(chat|x)/[a%0-9]*\Z"))
def test_any_text(text: str) -> None:
    with suppress(RefError):
        ref = Ref.parse(text)
        assert Ref.parse(str(ref)) == ref


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "must have 4 parts, marketplace/account/noun/id, not 1"),
        ("toy/shop/1", "must have 4 parts, marketplace/account/noun/id, not 3"),
        ("toy/shop/chat/1/2", "must have 4 parts, marketplace/account/noun/id, not 5"),
        ("/shop/chat/1", "must not have an empty marketplace"),
        ("toy//chat/1", "must not have an empty account"),
        ("toy/shop/chat/", "must not have an empty id"),
        ("toy/shop/chats/1", "must have a noun among chat, message, question"),
        ("toy/shop/Chat/1", "not 'Chat'"),
        ("toy/shop/chat/%FF", "must have its id in percent-encoded UTF-8"),
        (None, "must be a string"),
        (Ref("toy", "shop", Noun.CHAT, "1"), "must be a string"),
    ],
)
def test_text_when_not_a_ref(text: str, rule: str) -> None:
    with pytest.raises(RefError) as caught:
        Ref.parse(text)
    assert str(caught.value).startswith("Ref.parse: ref must ")
    assert rule in str(caught.value)
    assert isinstance(caught.value, InvalidInput)
