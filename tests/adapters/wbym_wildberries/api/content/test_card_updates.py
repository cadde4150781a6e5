"""Updates of cards: unchanged fields are kept, unknown ones included."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.wbym_wildberries.api.products import ALL_SCOPES, scripted_with
from tests.adapters.wbym_wildberries.shops import open_shop
from tests.support.fakes import json_response
from wbym.bulk import Outcome
from wbym.calls import RuleViolation, validator_of
from wbym.errors import InvalidInput
from wbym_wildberries import Wildberries
from wbym_wildberries.api.content._card_records import (
    Card,
    CardFilter,
    CardGroup,
    CardUpdate,
    Document,
    Documents,
    DocumentType,
    KeepsCard,
    LeaveOut,
    NewCard,
    Original,
    SizeUpdate,
    Value,
    keep_original,
    update_json,
)
from wbym_wildberries.simulator import WildberriesSimulator, make_token

Json = dict[str, Any]

LAMPS = 2078
RECORD: Json = {
    "nmID": 7,
    "imtID": 3,
    "nmUUID": "01bda0b1",
    "subjectID": 105,
    "subjectName": "Кроссовки",
    "vendorCode": "A-7",
    "brand": "Лад",
    "title": "Кроссовки",
    "description": "",
    "needKiz": True,
    "kizMarked": False,
    "gtin": "04600000000017",
    "photos": [{"big": "https://a/1.webp"}],
    "video": "https://a/1.m3u8",
    "wholesale": {"enabled": False, "quantum": 0},
    "dimensions": {"length": 5, "width": 4.0, "height": 3, "weightBrutto": 1.25, "isValid": True},
    "characteristics": [
        {"id": 1, "name": "Цвет", "value": ["красный"]},
        {"id": 2, "name": "Вес", "value": 700},
        {"id": 3, "name": "Без значения", "value": None},
    ],
    "sizes": [
        {"chrtID": 11, "techSize": "0", "wbSize": "", "skus": ["2000"]},
        {"chrtID": 12, "techSize": "41", "skus": []},
    ],
    "documents": {
        "items": [
            {"id": 5, "type": 2, "number": "Д-1", "isEndless": False, "verdict": "ok"},
            {"id": "x", "type": 77, "number": "Д-2"},
        ],
        "excludeDocuments": False,
        "overallVerdict": {"state": "ok"},
    },
    "tags": [{"id": 1, "name": "Новый", "color": "D1CFD7"}],
    "createdAt": "2026-01-01T00:00:00Z",
    "updatedAt": "2026-01-02T00:00:00Z",
}
SENT: Json = {
    "nmID": 7,
    "vendorCode": "A-7",
    "brand": "Лад",
    "title": "Кроссовки",
    "description": "",
    "kizMarked": False,
    "gtin": "04600000000017",
    "wholesale": {"enabled": False, "quantum": 0},
    "dimensions": {"length": 5, "width": 4.0, "height": 3, "weightBrutto": 1.25},
    "characteristics": [
        {"id": 1, "value": ["красный"]},
        {"id": 2, "value": 700},
        {"id": 3, "value": None},
    ],
    "sizes": [
        {"chrtID": 11, "techSize": "0", "wbSize": "", "skus": ["2000"]},
        {"chrtID": 12, "techSize": "41", "skus": []},
    ],
    "documents": {
        "items": [
            {"id": 5, "type": 2, "number": "Д-1", "isEndless": False},
            {"id": "x", "type": 77, "number": "Д-2"},
        ],
        "excludeDocuments": False,
    },
}


def card_of(record: Json) -> Card:
    raw = msgspec.json.encode(record)
    card = msgspec.json.decode(raw, type=Card)
    keep_original(card, Original(raw))
    return card


def sent_for(update: CardUpdate) -> Json:
    return cast(Json, msgspec.json.decode(update_json(update)))


class TestUpdate:
    def test_update_without_changes(self) -> None:
        card = card_of(RECORD)
        assert sent_for(card.to_update(documents=card.documents)) == SENT

    def test_update_when_fields_are_changed(self) -> None:
        card = card_of(RECORD | {"later": 1})
        update = card.to_update(
            documents=LeaveOut.DOCUMENTS,
            title="Другое",
            dimensions=None,
            characteristics=[Value(id=2, value=5)],
            sizes=[SizeUpdate(chrt_id=12, skus=["3000"]), SizeUpdate(tech_size="42")],
        )
        sent = sent_for(update)
        assert sent["later"] == 1
        assert sent["title"] == "Другое"
        assert sent["characteristics"] == [{"id": 2, "value": 5}]
        assert sent["sizes"] == [{"chrtID": 12, "skus": ["3000"]}, {"techSize": "42"}]
        assert not sent.keys() & {"dimensions", "documents", "original"}

    def test_update_when_an_item_with_unknown_fields_is_changed(self) -> None:
        record = msgspec.json.decode(msgspec.json.encode(RECORD))
        record["characteristics"][1]["unit"] = "г"
        record["sizes"][0]["later"] = [1]
        record["documents"]["items"][1]["pages"] = 2
        record["documents"]["later"] = None
        record["dimensions"]["later"] = 1
        card = card_of(record)
        assert card.documents is not None
        changed = [Document(id="x", type=DocumentType.MEDICINE, number="Д-3"), Document(number="N")]
        update = card.to_update(
            documents=msgspec.structs.replace(card.documents, items=changed),
            characteristics=[Value(id=2, value=5), Value(id=4, value=["a"])],
        )
        sent = sent_for(msgspec.structs.replace(update, brand="Север"))
        assert sent["brand"] == "Север"
        assert sent["characteristics"] == [
            {"id": 2, "unit": "г", "value": 5},
            {"id": 4, "value": ["a"]},
        ]
        assert sent["sizes"][0]["later"] == [1]
        assert "later" not in sent["sizes"][1]
        assert sent["dimensions"]["later"] == 1
        assert sent["documents"] == {
            "later": None,
            "items": [{"id": "x", "pages": 2, "type": 9, "number": "Д-3"}, {"number": "N"}],
            "excludeDocuments": False,
        }

    @given(
        extra=st.dictionaries(
            st.from_regex(r"zz[a-zA-Z]{0,5}", fullmatch=True),
            st.recursive(
                st.none() | st.booleans() | st.integers(0, 2**70) | st.text(),
                lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
                max_leaves=4,
            ),
        )
    )
    def test_update_when_any_unknown_fields_are_present(self, extra: Json) -> None:
        def grown(record: Json) -> Json:
            made = record | extra
            for name in ("dimensions", "wholesale", "documents"):
                made[name] = record[name] | extra
            for holder, name in ((made, "sizes"), (made, "characteristics")):
                holder[name] = [item | extra for item in record[name]]
            made["documents"]["items"] = [item | extra for item in record["documents"]["items"]]
            return made

        card = card_of(grown(RECORD))
        assert sent_for(card.to_update(documents=card.documents)) == grown(SENT)

    def test_update_when_unknown_fields_are_kept_byte_for_byte(self) -> None:
        raw = b'{"nmID":7,"vendorCode":"A","sizes":[{"chrtID":1,"n":1.10}],"later":{ "x" : 1e2 }}'
        card = msgspec.json.decode(raw, type=Card)
        keep_original(card, Original(raw))
        sent = update_json(card.to_update(documents=card.documents))
        assert b'"later":{ "x" : 1e2 }' in sent
        assert b'"n":1.10' in sent

    def test_update_when_ids_of_items_are_missing_or_escaped(self) -> None:
        raw = (
            rb'{"nmID":7,"vendorCode":"A","documents":{"items":[{"number":"N-1","pages":1},'
            rb'{"number":"N-2","pages":2},{"number":"N-1","pages":3},{"id":"a\/\u0430","pages":4},'
            rb'{"number":"N-5","verdict":"ok","endDate":null,"pages":5}]}}'
        )
        card = msgspec.json.decode(raw, type=Card)
        keep_original(card, Original(raw))
        assert card.documents is not None
        kept = msgspec.structs.replace(
            card.documents, items=[*(card.documents.items or ()), Document(number="N-6")]
        )
        sent = sent_for(card.to_update(documents=kept))
        pages = [item.get("pages") for item in sent["documents"]["items"]]
        assert pages == [1, 2, 3, 4, 5, None]

    @pytest.mark.parametrize(
        ("changes", "rule"),
        [
            ({"documents": None}, "must be of type"),
            ({"original": b"{"}, "must have the original of a card as Wildberries sent it"),
            ({"original": b'{"sizes":5}'}, "must have the original of a card as Wildberries sent"),
            ({"nm_id": 8}, "must have the original of card 8"),
        ],
        ids=["documents", "broken", "no card", "another card"],
    )
    def test_update_when_created_by_hand(self, changes: Json, rule: str) -> None:
        card = card_of(RECORD)
        update = msgspec.structs.replace(card.to_update(documents=card.documents), **changes)
        with pytest.raises(RuleViolation, match=rule):
            validator_of(Annotated[CardUpdate, KeepsCard()])(update)

    def test_update_when_documents_are_not_given(self) -> None:
        card = card_of(RECORD)
        with pytest.raises(InvalidInput, match=r"card 7 has documents.*LeaveOut\.DOCUMENTS"):
            card.to_update(documents=None)
        with pytest.raises(TypeError, match="documents"):
            card.to_update(title="Другое")  # type: ignore[call-arg]
        with pytest.raises(TypeError, match="documents"):
            CardUpdate(nm_id=7, vendor_code="A", sizes=[SizeUpdate()])  # type: ignore[call-arg]

    @pytest.mark.parametrize("value", [None, True, [1, 2], {"от": 1}])
    async def test_update_when_a_value_is_of_another_kind(self, value: object) -> None:
        """Wildberries accepts the values that it sends, whatever its documentation says."""
        expected: Json = {"id": 9, "value": value}
        card = card_of(RECORD | {"characteristics": [expected | {"name": "Новое"}]})
        taken: Json = {"data": None, "error": False, "errorText": "", "additionalErrors": {}}
        shop, transport = scripted_with(json_response(taken))
        await shop.api.content.cards.update([card.to_update(documents=card.documents)])
        (sent,) = msgspec.json.decode(transport.requests[0].body or b"")
        assert sent["characteristics"] == [expected]

    async def test_update_when_a_new_value_is_of_another_kind(self) -> None:
        shop, transport = scripted_with()
        card = card_of(RECORD)
        values = [*(card.characteristics or ()), Value(id=4, value={})]  # type: ignore[arg-type]
        update = card.to_update(documents=card.documents, characteristics=values)
        with pytest.raises(InvalidInput, match=r"cards\[0\]\.characteristics\[3\]\.value must be"):
            await shop.api.content.cards.update([update])
        assert transport.requests == []

    @pytest.mark.parametrize("documents", [{}, {"documents": None}])
    def test_update_of_a_card_without_documents(self, documents: Json) -> None:
        bare = {name: value for name, value in RECORD.items() if name != "documents"}
        card = card_of(bare | documents)
        assert card.documents is None
        sent = sent_for(card.to_update(documents=card.documents))
        assert sent == {name: value for name, value in SENT.items() if name != "documents"}

    def test_update_when_the_card_is_a_copy(self) -> None:
        card = card_of(RECORD)
        for other in (msgspec.structs.replace(card, title="x"), Card(nm_id=7)):
            assert other.original is None
            with pytest.raises(InvalidInput, match="must have been read from Wildberries"):
                other.to_update(documents=LeaveOut.DOCUMENTS)

    def test_card_when_compared_and_shown(self) -> None:
        card = card_of(RECORD)
        bare = msgspec.json.decode(msgspec.json.encode(RECORD), type=Card)
        assert card == bare
        assert repr(card) == repr(bare)
        assert msgspec.json.encode(card) == msgspec.json.encode(bare)
        assert card.original == msgspec.json.encode(RECORD)
        assert "bytes>" in repr(card.to_update(documents=card.documents))

    def test_type_when_unknown(self) -> None:
        card = card_of(RECORD)
        assert card.documents is not None
        known, unknown = [one.type for one in card.documents.items or ()]
        assert known is DocumentType.DECLARATION
        assert unknown == 77
        assert unknown not in list(DocumentType)
        assert repr(unknown) == "<DocumentType.TYPE_77: 77>"
        with pytest.raises(ValueError, match="not a valid DocumentType"):
            DocumentType("1")  # type: ignore[arg-type]


class TestNew:
    @pytest.mark.parametrize(
        "documents",
        [
            Documents(items=[Document(id=1, type=DocumentType.CERTIFICATE)]),
            Documents(items=[Document(verdict="ok")]),
            Documents(overall_verdict="ok"),
        ],
    )
    async def test_documents_when_of_another_card(self, documents: Documents) -> None:
        shop, transport = scripted_with()
        card = NewCard(vendor_code="A", documents=documents)
        with pytest.raises(InvalidInput, match="no ids and no verdicts in a new card"):
            await shop.api.content.cards.upload([CardGroup(subject_id=1, variants=[card])])
        with pytest.raises(InvalidInput, match="no ids and no verdicts in a new card"):
            await shop.api.content.cards.add(1, [card])
        assert transport.requests == []

    async def test_vendor_code_when_long(self) -> None:
        taken: Json = {"data": None, "error": False, "errorText": "", "additionalErrors": {}}
        shop, transport = scripted_with(json_response(taken), json_response(taken))
        api = shop.api.content.cards
        long, longest = NewCard(vendor_code="я" * 73), NewCard(vendor_code="я" * 72)
        with pytest.raises(InvalidInput, match=r"vendor_code.*72 characters, has 73"):
            await api.upload([CardGroup(subject_id=1, variants=[long])])
        with pytest.raises(InvalidInput, match=r"vendor_code.*72 characters, has 73"):
            await api.add(1, [long])
        assert transport.requests == []
        await api.add(1, [longest])
        # A change has no bound: cards older than the bound can still be changed.
        await api.update(
            [card_of(RECORD | {"vendorCode": "я" * 73}).to_update(documents=LeaveOut.DOCUMENTS)]
        )
        assert len(transport.requests) == 2


@pytest.fixture
async def simulator() -> AsyncIterator[WildberriesSimulator]:
    async with WildberriesSimulator(
        feedbacks=1, questions=1, chats=1, claims=1, cards=40, limits=False
    ) as running:
        yield running


@pytest.fixture
async def shop(simulator: WildberriesSimulator) -> AsyncIterator[Wildberries]:
    async with open_shop(simulator, make_token(scopes=ALL_SCOPES)) as opened:
        yield opened


def shown(simulator: WildberriesSimulator, nm_id: int) -> Json:
    number = simulator.state.cards.find(nm_id)
    assert number is not None
    return simulator.state.cards.load(number)


def grow(simulator: WildberriesSimulator, nm_id: int) -> None:
    """Give a card fields that this version does not know."""
    number = simulator.state.cards.find(nm_id)
    assert number is not None
    record: Any = simulator.state.cards.load(number)
    record["later"] = {"deep": [1, None, "я"], "amount": 1.5}
    record["dimensions"]["later"] = "см"
    for items in (record["sizes"], record["characteristics"], record["documents"]["items"]):
        for place, item in enumerate(items):
            item["later"] = place
    record["documents"]["later"] = True
    simulator.state.cards.save(number, record)


async def read(shop: Wildberries, nm_id: int) -> Card:
    (card,) = await shop.api.content.cards.list(CardFilter(text=str(nm_id))).all()
    return card


async def with_documents(shop: Wildberries) -> list[Card]:
    cards = await shop.api.content.cards.list().all()
    return [card for card in cards if card.documents is not None]


class TestWritingBack:
    @pytest.mark.parametrize("way", ["update", "update_and_wait", "update_all"])
    async def test_card_when_its_title_is_changed(
        self, simulator: WildberriesSimulator, shop: Wildberries, way: str
    ) -> None:
        """Nothing else changes, neither permits nor unknown fields."""
        api = shop.api.content.cards
        cards = await with_documents(shop)
        assert {len(card.documents.items or ()) for card in cards if card.documents} == {0, 2}
        for card in cards:
            grow(simulator, card.nm_id)
        before = {card.nm_id: shown(simulator, card.nm_id) for card in cards}
        cards = await with_documents(shop)
        updates = [card.to_update(documents=card.documents, title="Название") for card in cards]
        if way == "update":
            assert await api.update(updates) == {}
        elif way == "update_and_wait":
            found = await api.update_and_wait(updates, poll=0.01)
            assert {result.outcome for result in found.values()} == {Outcome.DONE}
            values = [result.value for result in found.values()]
            assert all(card is not None and card.original is not None for card in values)
        else:
            batch = await api.update_all(updates, poll=0.01)
            assert batch.counts() == {Outcome.DONE: len(updates)}
        assert simulator.stats.effects["card_edit"] == len(cards)
        for nm_id, record in before.items():
            after = shown(simulator, nm_id)
            changed = {"title": "Название", "updatedAt": after["updatedAt"]}
            assert after == record | changed

    async def test_every_card_when_written_back(
        self, simulator: WildberriesSimulator, shop: Wildberries
    ) -> None:
        cards = await shop.api.content.cards.list().all()
        before = {card.nm_id: shown(simulator, card.nm_id) for card in cards}
        await shop.api.content.cards.update(
            [card.to_update(documents=card.documents) for card in cards]
        )
        for nm_id, record in before.items():
            after = shown(simulator, nm_id)
            assert after == record | {"updatedAt": after["updatedAt"]}

    async def test_documents_when_one_is_added(
        self, simulator: WildberriesSimulator, shop: Wildberries
    ) -> None:
        card = next(one for one in await with_documents(shop) if one.subject_id == LAMPS)
        assert card.documents is not None
        kept = list(card.documents.items or ())
        new = Document(type=DocumentType.CERTIFICATE, number="RU C-RU.1", is_endless=True)
        documents = msgspec.structs.replace(card.documents, items=[*kept, new])
        await shop.api.content.cards.update([card.to_update(documents=documents)])
        after = await read(shop, card.nm_id)
        assert after.documents is not None
        items = list(after.documents.items or ())
        assert items[:2] == kept
        assert (items[2].number, items[2].type) == ("RU C-RU.1", DocumentType.CERTIFICATE)
        assert items[2].id is not None
        assert items[2].verdict == "approved"

    async def test_documents_when_omitted_on_purpose(
        self, simulator: WildberriesSimulator, shop: Wildberries
    ) -> None:
        card = next(one for one in await with_documents(shop) if one.subject_id == LAMPS)
        update = card.to_update(documents=LeaveOut.DOCUMENTS)
        await shop.api.content.cards.update([update])
        assert (await read(shop, card.nm_id)).documents is None
        assert simulator.stats.effects["card_blocked"] == 1

    async def test_documents_when_not_required(self, shop: Wildberries) -> None:
        cards = await with_documents(shop)
        card = next(one for one in cards if one.documents and one.documents.exclude_documents)
        await shop.api.content.cards.update(
            [card.to_update(documents=card.documents, brand="Север")]
        )
        after = await read(shop, card.nm_id)
        assert after.brand == "Север"
        assert after.documents == card.documents

    async def test_documents_when_a_new_card_has_them(self, shop: Wildberries) -> None:
        document = Document(type=DocumentType.CERTIFICATE, number="RU C-RU.1", is_endless=True)
        new = NewCard(
            vendor_code="lamp", gtin="04600000000017", documents=Documents(items=[document])
        )
        group = CardGroup(subject_id=LAMPS, variants=[new])
        found = await shop.api.content.cards.upload_and_wait([group], poll=0.01)
        card = found["lamp"].value
        assert card is not None
        assert card.gtin == "04600000000017"
        assert card.documents is not None
        assert [one.number for one in card.documents.items or ()] == ["RU C-RU.1"]

    async def test_cards_when_some_are_undecodable(self) -> None:
        """Each decodable card has its own bytes, whichever are undecodable."""
        rows = [{"nmID": 1, "later": 1}, {"nmID": "?"}, {"nmID": 3, "later": 3}, {}]
        shop, _ = scripted_with(json_response({"cards": rows, "cursor": {"total": 4}}))
        page = await shop.api.content.cards.list().page()
        assert [card.nm_id for card in page.items] == [1, 3]
        originals = [msgspec.json.decode(card.original or b"") for card in page.items]
        assert originals == [rows[0], rows[2]]
