"""Cards: bounds, lists by cursor, responses."""

from collections.abc import Awaitable, Callable

import msgspec
import pytest

from tests.adapters.wbym_wildberries.api.products import scripted_with
from tests.support.fakes import json_response
from wbym.calls import Request, TransportError
from wbym.errors import BadRequest, CursorStuck, DeliveryUnknown, InvalidInput
from wbym_wildberries.api.content._card_records import (
    Card,
    CardFilter,
    CardGroup,
    CardUpdate,
    LeaveOut,
    NewCard,
    SizeUpdate,
)
from wbym_wildberries.api.content.cards import Cards

CARD = NewCard(vendor_code="A-1")
GROUP = CardGroup(subject_id=105, variants=[CARD])
UPDATE = CardUpdate(
    nm_id=1, vendor_code="A-1", sizes=[SizeUpdate(skus=["880"])], documents=LeaveOut.DOCUMENTS
)
TAKEN = json_response({"data": None, "error": False, "errorText": "", "additionalErrors": {}})
LONG = "я" * 5000


def changed(card: NewCard, **fields: object) -> CardGroup:
    return CardGroup(subject_id=1, variants=[msgspec.structs.replace(card, **fields)])


class TestInput:
    @pytest.mark.parametrize(
        ("call", "rule"),
        [
            (lambda cards: cards.list().using(size=101).page(), "from 1 to 100"),
            (lambda cards: cards.trashed().using(size=101).page(), "from 1 to 100"),
            (lambda cards: cards.failed().using(size=101).page(), "from 1 to 100"),
            (lambda cards: cards.barcodes(0), "from 1 to 5000"),
            (lambda cards: cards.barcodes(5001), "from 1 to 5000"),
            (lambda cards: cards.upload([]), "1 to 100 values"),
            (lambda cards: cards.upload([GROUP] * 101), "1 to 100 values"),
            (
                lambda cards: cards.upload([CardGroup(subject_id=1, variants=[CARD] * 31)]),
                r"groups\[0\]\.variants must have 1 to 30 values",
            ),
            (lambda cards: cards.upload([CardGroup(subject_id=1, variants=[])]), "1 to 30 values"),
            (
                lambda cards: cards.upload([GROUP, changed(CARD, vendor_code="")]),
                r"groups\[1\]\.variants\[0\]\.vendor_code must have 1 to 72 characters",
            ),
            (lambda cards: cards.upload([changed(CARD, title="я" * 61)]), "0 to 60 characters"),
            (lambda cards: cards.upload([changed(CARD, description=LONG + "я")]), "0 to 5000"),
            (
                lambda cards: cards.upload(
                    [
                        CardGroup(
                            subject_id=1,
                            variants=[changed(CARD, description=LONG).variants[0]] * 30,
                        )
                    ]
                    * 34
                ),
                "at most 10000000 bytes",
            ),
            (lambda cards: cards.add(1, []), "1 to 29 values"),
            (lambda cards: cards.add(1, [CARD] * 30), "1 to 29 values"),
            (lambda cards: cards.update([]), "1 to 3000 values"),
            (lambda cards: cards.update([UPDATE] * 3001), "1 to 3000 values"),
            (
                lambda cards: cards.update([msgspec.structs.replace(UPDATE, sizes=[])]),
                r"cards\[0\]\.sizes must have at least 1 values",
            ),
            (
                lambda cards: cards.update([msgspec.structs.replace(UPDATE, vendor_code=" ")]),
                r"cards\[0\]\.vendor_code must have a visible character",
            ),
            (
                lambda cards: cards.update(
                    [msgspec.structs.replace(UPDATE, description=LONG)] * 1000
                ),
                "at most 10000000 bytes",
            ),
            (lambda cards: cards.merge(1, []), "1 to 30 values"),
            (lambda cards: cards.merge(1, [*range(31)]), "1 to 30 values"),
            (lambda cards: cards.separate([*range(31)]), "1 to 30 values"),
            (lambda cards: cards.trash([]), "1 to 1000 values"),
            (lambda cards: cards.trash([*range(1001)]), "1 to 1000 values"),
            (lambda cards: cards.recover([*range(1001)]), "1 to 1000 values"),
            (lambda cards: cards.trash([True]), r"nm_ids\[0\] must be an integer"),
            (lambda cards: cards.merge(None, [1]), "target_imt must be an integer"),
            (
                lambda cards: cards.list(CardFilter(with_photo=3)).page(),  # type: ignore[arg-type]
                r"where\.with_photo must be",
            ),
            (lambda cards: cards.list(locale="de").page(), "locale must be one of"),
            (lambda cards: cards.upload_and_wait([]), "1 to 100 values"),
            (lambda cards: cards.update_and_wait([]), "1 to 3000 values"),
        ],
    )
    async def test_cards_when_a_call_breaks_a_rule(
        self, call: Callable[[Cards], Awaitable[object]], rule: str
    ) -> None:
        shop, transport = scripted_with()
        with pytest.raises(InvalidInput, match=rule):
            await call(shop.api.content.cards)
        assert transport.requests == []

    @pytest.mark.parametrize(
        "call",
        [
            lambda cards: cards.upload([CardGroup(subject_id=1, variants=[CARD] * 30)] * 100),
            lambda cards: cards.add(1, [CARD] * 29),
            lambda cards: cards.update([UPDATE] * 3000),
            lambda cards: cards.merge(1, [*range(30)]),
            lambda cards: cards.trash([*range(1000)]),
            lambda cards: cards.recover([*range(1000)]),
            lambda cards: cards.upload([changed(CARD, title="я" * 60, description=LONG)]),
        ],
    )
    async def test_cards_when_a_call_has_the_max_size(
        self, call: Callable[[Cards], Awaitable[object]]
    ) -> None:
        shop, transport = scripted_with(TAKEN)
        assert await call(shop.api.content.cards) == {}
        assert len(transport.requests) == 1

    @pytest.mark.parametrize("cursor", ["x", "[]", '["2026",1,2]', "7", '{"a":1}'])
    async def test_listing_when_its_cursor_is_of_another_list(self, cursor: str) -> None:
        shop, transport = scripted_with()
        cards = shop.api.content.cards
        for listing in (cards.list(), cards.trashed(), cards.failed()):
            with pytest.raises(InvalidInput, match="must be a cursor of this list"):
                await listing.using(cursor=cursor).page()
        assert transport.requests == []


def page(first: int, count: int, key: str = "updatedAt") -> dict[str, object]:
    """A page of cards that ends with ``first + count - 1``, as Wildberries writes it."""
    numbers = range(first, first + count)
    at = f"2026-05-01T12:00:00.{first + count:06d}Z"
    return {
        "cards": [{"nmID": number, "vendorCode": f"A-{number}"} for number in numbers],
        "cursor": {key: at, "nmID": numbers[-1], "total": count} if count else {"total": 0},
    }


def cursors_of(requests: list[Request]) -> list[object]:
    bodies = [msgspec.json.decode(request.body or b"") for request in requests]
    return [body["settings"]["cursor"] for body in bodies]


class TestLists:
    async def test_list_when_there_are_several_pages(self) -> None:
        shop, transport = scripted_with(
            json_response(page(0, 100)), json_response(page(100, 100)), json_response(page(200, 7))
        )
        where = CardFilter(with_photo=1, text="A", tag_ids=[3], subject_ids=[105], brands=["B"])
        listing = shop.api.content.cards.list(where, ascending=False, locale="en")
        assert [card.nm_id for card in await listing.all()] == [*range(207)]
        assert cursors_of(transport.requests) == [
            {"limit": 100},
            {"limit": 100, "updatedAt": "2026-05-01T12:00:00.000100Z", "nmID": 99},
            {"limit": 100, "updatedAt": "2026-05-01T12:00:00.000200Z", "nmID": 199},
        ]
        settings = msgspec.json.decode(transport.requests[0].body or b"")["settings"]
        assert settings["sort"] == {"ascending": False}
        assert settings["filter"] == {
            "withPhoto": 1,
            "textSearch": "A",
            "tagIDs": [3],
            "objectIDs": [105],
            "brands": ["B"],
        }
        assert transport.requests[0].url.endswith("/list?locale=en")

    async def test_list_when_it_ends_with_a_full_page(self) -> None:
        shop, transport = scripted_with(json_response(page(0, 100)), json_response(page(100, 0)))
        assert len(await shop.api.content.cards.list().all()) == 100
        assert len(transport.requests) == 2

    async def test_list_when_resumed_from_a_cursor(self) -> None:
        shop, _ = scripted_with(json_response(page(0, 100)), json_response(page(100, 3)))
        pages = [one async for one in shop.api.content.cards.list().pages()]
        assert pages[1].next_cursor is None

        again, transport = scripted_with(json_response(page(100, 3)))
        rest = again.api.content.cards.list().using(cursor=pages[0].next_cursor)
        assert [card.nm_id for card in await rest.all()] == [100, 101, 102]
        assert cursors_of(transport.requests)[0] == {
            "limit": 100,
            "updatedAt": "2026-05-01T12:00:00.000100Z",
            "nmID": 99,
        }

    async def test_list_when_the_cursor_does_not_move(self) -> None:
        shop, _ = scripted_with(*[json_response(page(0, 100))] * 3)
        with pytest.raises(CursorStuck):
            await shop.api.content.cards.list().all()

    async def test_list_when_a_card_is_undecodable(self) -> None:
        broken = page(0, 100)
        cards = broken["cards"]
        assert isinstance(cards, list)
        cards[5] = {"nmID": "?"}
        shop, _ = scripted_with(json_response(broken), json_response(page(100, 1)))
        found = await shop.api.content.cards.list().all()
        assert len(found) == 100
        assert [undecodable.where for undecodable in shop.undecodable] == ["cards[5]"]

    async def test_list_keeps_the_bytes_of_undecodable_cards(self) -> None:
        """The undecodable card is kept with Wildberries' bytes, beside another undecodable one."""
        cards = [{"nmID": 1}, {"nmID": "?"}, {"nmID": 3, "later": 3}, {"nmID": 4}]
        shop, _ = scripted_with(json_response({"cards": cards, "cursor": {"total": 4}}))

        def number(card: Card) -> int:
            if card.nm_id == 3:
                raise ValueError("three")
            return card.nm_id

        page = await shop.api.content.cards.list().map(number).page()
        assert page.items == [1, 4]
        assert [undecodable.where for undecodable in page.undecodable] == ["cards[1]", "cards[2]"]
        assert msgspec.json.decode(page.undecodable[1].data) == cards[2]

    async def test_trashed_when_there_are_several_pages(self) -> None:
        shop, transport = scripted_with(
            json_response(page(0, 100, "trashedAt")), json_response(page(100, 1, "trashedAt"))
        )
        found = await shop.api.content.cards.trashed(text="A").all()
        assert len(found) == 101
        assert cursors_of(transport.requests)[1] == {
            "limit": 100,
            "trashedAt": "2026-05-01T12:00:00.000100Z",
            "nmID": 99,
        }
        settings = msgspec.json.decode(transport.requests[0].body or b"")["settings"]
        assert settings["filter"] == {"textSearch": "A"}

    async def test_failed_when_read_until_next_is_false(self) -> None:
        def batch(number: int, *, more: bool) -> dict[str, object]:
            at = {"updatedAt": f"2026-05-0{number}T00:00:00Z", "batchUUID": f"b{number}"}
            item = at | {"vendorCodes": ["A"], "errors": {"A": ["Нет баркода"]}}
            data = {"items": [item], "cursor": at | {"next": more}}
            return {"data": data, "error": False, "errorText": "", "additionalErrors": None}

        shop, transport = scripted_with(
            json_response(batch(1, more=True)), json_response(batch(2, more=False))
        )
        found = await shop.api.content.cards.failed().all()
        assert [one.errors for one in found] == [{"A": ["Нет баркода"]}] * 2
        assert [msgspec.json.decode(request.body or b"") for request in transport.requests] == [
            {"cursor": {"limit": 100}, "order": {"ascending": True}},
            {
                "cursor": {"limit": 100, "updatedAt": "2026-05-01T00:00:00Z", "batchUUID": "b1"},
                "order": {"ascending": True},
            },
        ]

    async def test_list_when_the_page_size_is_given(self) -> None:
        shop, transport = scripted_with(json_response(page(0, 2)), json_response(page(2, 1)))
        found = await shop.api.content.cards.list().using(size=2).all()
        assert [card.nm_id for card in found] == [0, 1, 2]
        assert cursors_of(transport.requests)[1] == {
            "limit": 2,
            "updatedAt": "2026-05-01T12:00:00.000002Z",
            "nmID": 1,
        }


class TestAnswers:
    async def test_upload_when_wb_reports_errors_of_single_cards(self) -> None:
        noted = {"data": None, "error": False, "additionalErrors": {"A-1": "нет размера"}}
        shop, _ = scripted_with(json_response(noted))
        assert await shop.api.content.cards.upload([GROUP]) == {"A-1": "нет размера"}

    async def test_upload_when_rejected(self) -> None:
        rejected = {
            "data": None,
            "error": True,
            "errorText": "missing",
            "additionalErrors": {"A-1": "missing required characteristics"},
        }
        for status in (200, 400):
            shop, _ = scripted_with(json_response(rejected, status))
            with pytest.raises(BadRequest, match=r"missing; A-1: missing required"):
                await shop.api.content.cards.upload([GROUP])

    async def test_upload_when_its_outcome_is_unknown(self) -> None:
        lost = TransportError("cut off", sent=True, timeout=False)
        shop, transport = scripted_with(lost, TAKEN)
        with pytest.raises(DeliveryUnknown):
            await shop.api.content.cards.upload([GROUP])
        assert len(transport.requests) == 1

    async def test_body_when_larger_than_wb_accepts(self) -> None:
        shop, _ = scripted_with(json_response("body size exceeds the given limit", 413))
        with pytest.raises(Exception, match="body size exceeds the given limit"):
            await shop.api.content.cards.upload([GROUP])

    async def test_failed_when_the_older_list_is_empty(self) -> None:
        shop, _ = scripted_with(json_response({"data": [], "error": False}))
        assert await shop.api.content.cards.failed().all() == []
