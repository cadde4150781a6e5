"""General and content over HTTP, against the simulator: all fields and effects."""

import struct
from collections.abc import AsyncIterator, Sequence
from datetime import date

import msgspec
import pytest

from tests.adapters.wbym_wildberries.api.products import ALL_SCOPES
from tests.adapters.wbym_wildberries.shops import open_shop
from tests.support.published import Json, missing
from wbym.calls import Endpoint, QueryValue, Upload, row
from wbym.calls import Json as JsonReply
from wbym.errors import BadRequest, Forbidden, NotFound, QuotaExhausted
from wbym_wildberries import Wildberries
from wbym_wildberries.api.content._card_records import (
    Card,
    CardFilter,
    CardGroup,
    CardUpdate,
    Dimensions,
    LeaveOut,
    NewCard,
    NewSize,
    SizeUpdate,
    Value,
)
from wbym_wildberries.api.content.cards import Cards
from wbym_wildberries.api.content.directories import Directories
from wbym_wildberries.api.content.recommendations import (
    NewRecommendations,
    Recommendations,
    Recommended,
)
from wbym_wildberries.api.content.tags import Tags
from wbym_wildberries.api.general import General
from wbym_wildberries.api.users import Access, UserAccess, Users
from wbym_wildberries.simulator import WildberriesSimulator, make_token

PICTURE = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 900, 1200) + bytes(64)
SNEAKERS = 105


@pytest.fixture
async def simulator() -> AsyncIterator[WildberriesSimulator]:
    async with WildberriesSimulator(
        feedbacks=5, questions=5, chats=2, claims=2, cards=230, trashed=120, users=5, limits=False
    ) as it:
        yield it


@pytest.fixture
async def shop(simulator: WildberriesSimulator) -> AsyncIterator[Wildberries]:
    async with open_shop(simulator, make_token(scopes=ALL_SCOPES)) as it:
        yield it


@pytest.fixture
async def service(simulator: WildberriesSimulator) -> AsyncIterator[Wildberries]:
    """The same seller, with a service token."""
    async with open_shop(simulator, make_token(scopes=ALL_SCOPES, acc=4)) as it:
        yield it


async def raw(
    shop: Wildberries,
    endpoint: Endpoint[object],
    *,
    path: dict[str, str | int] | None = None,
    query: dict[str, QueryValue] | None = None,
    body: object = msgspec.UNSET,
) -> Json:
    """The simulator's raw response."""
    as_it_is: JsonReply[object, object] = JsonReply(object, lambda value: value)
    plain = msgspec.structs.replace(endpoint, reply=as_it_is)
    answer = await shop.call(plain, path=path, query=query, body=body)
    sent: Json = msgspec.json.decode(msgspec.json.encode(answer))
    return sent


SETTINGS = {
    "settings": {"sort": {"ascending": True}, "filter": {"withPhoto": -1}, "cursor": {"limit": 100}}
}
LISTED: dict[Endpoint[object], dict[str, object]] = {
    row(General.news).endpoint: {"query": {"fromID": 0}},
    row(General.seller).endpoint: {},
    row(General.ping).endpoint: {},
    row(Users.list).endpoint: {"query": {"isInviteOnly": False}},
    row(Directories.parents).endpoint: {},
    row(Directories.subjects).endpoint: {},
    row(Directories.characteristics).endpoint: {"path": {"subjectId": SNEAKERS}},
    row(Directories.colors).endpoint: {},
    row(Directories.kinds).endpoint: {},
    row(Directories.countries).endpoint: {},
    row(Directories.seasons).endpoint: {},
    row(Directories.vat).endpoint: {},
    row(Directories.hs_codes).endpoint: {"query": {"subjectID": SNEAKERS}},
    row(Directories.brands).endpoint: {"query": {"subjectId": SNEAKERS}},
    row(Cards.list).endpoint: {"body": SETTINGS},
    row(Cards.trashed).endpoint: {"body": SETTINGS},
    row(Cards.failed).endpoint: {"body": {}},
    row(Cards.limits).endpoint: {},
    row(Tags.list).endpoint: {},
    row(Recommendations.list).endpoint: {"body": {}},
}


class TestFields:
    @pytest.mark.parametrize("endpoint", LISTED, ids=lambda endpoint: endpoint.name)
    async def test_responses_keep_every_field(
        self, shop: Wildberries, endpoint: Endpoint[object]
    ) -> None:
        sent = await raw(shop, endpoint, **LISTED[endpoint])  # type: ignore[arg-type]
        assert isinstance(endpoint.reply, JsonReply)
        decoded = msgspec.json.decode(msgspec.json.encode(sent), type=endpoint.reply.wire)
        kept: Json = msgspec.json.decode(msgspec.json.encode(decoded))
        assert missing(sent, kept) == []
        assert endpoint.reply.decode(msgspec.json.encode(sent)).undecodable == ()

    async def test_plans_keep_every_field(self, service: Wildberries) -> None:
        for endpoint in (row(General.tariff_options).endpoint, row(General.rating).endpoint):
            sent = await raw(service, endpoint)
            assert isinstance(endpoint.reply, JsonReply)
            decoded = msgspec.json.decode(msgspec.json.encode(sent), type=endpoint.reply.wire)
            assert missing(sent, msgspec.json.decode(msgspec.json.encode(decoded))) == []


class TestGeneral:
    async def test_general_when_each_method_is_called(
        self, shop: Wildberries, service: Wildberries
    ) -> None:
        assert (await shop.api.general.seller()).sid == shop.tokens[0].seller
        first = await shop.api.general.news(from_id=0)
        assert len(first) == 100
        rest = await shop.api.general.news(from_id=max(item.id for item in first))
        assert {item.id for item in rest} & {item.id for item in first} == {
            max(item.id for item in first)
        }
        assert await shop.api.general.news(date_from=date(2020, 1, 1))
        assert (await service.api.general.rating()).feedback_count is not None
        subscription = await service.api.general.subscription()
        assert subscription is not None
        assert subscription.since is not None
        assert (await service.api.general.tariff_options(locale="en")).options is not None
        with pytest.raises(Forbidden):
            await shop.api.general.subscription()

    async def test_subscription_when_never_bought(self) -> None:
        async with (
            WildberriesSimulator(subscribed=False, limits=False) as simulator,
            open_shop(simulator, make_token(scopes=ALL_SCOPES, acc=4)) as service,
        ):
            assert await service.api.general.subscription() is None
            with pytest.raises(NotFound):
                await service.api.general.tariff_options()

    async def test_ping_when_wildberries_counts_it(self) -> None:
        async with WildberriesSimulator() as simulator:
            shop = Wildberries(make_token(scopes=ALL_SCOPES), base_url=simulator.url, name="pings")
            async with shop:
                for _ in range(3):
                    assert (await shop.api.general.ping()).status == "OK"
                with pytest.raises(QuotaExhausted):
                    await shop.api.general.ping()
            assert simulator.stats.rate_limited == 0

    async def test_users_when_one_is_invited_and_another_removed(self, shop: Wildberries) -> None:
        everybody = await shop.api.users.list().all()
        assert len(everybody) == 5
        invitation = await shop.api.users.invite("79991234567", position="Менеджер")
        assert invitation.is_success
        invited = await shop.api.users.list(invited=True).all()
        assert any(user.phone == "79991234567" or user.invitee_info for user in invited)
        worker = next(user for user in everybody if not user.is_owner)
        await shop.api.users.set_access(
            [UserAccess(user_id=worker.id, access=[Access(code="balance", disabled=True)])]
        )
        again = await shop.api.users.list().all()
        changed = next(user for user in again if user.id == worker.id)
        assert Access(code="balance", disabled=True) in (changed.access or [])
        await shop.api.users.delete(worker.id)
        assert worker.id not in {user.id async for user in shop.api.users.list()}


class TestDirectories:
    async def test_directories_when_each_method_is_called(self, shop: Wildberries) -> None:
        api = shop.api.content.directories
        assert {parent.id for parent in await api.parents()} >= {306, 760}
        names = [one.name for one in await api.parents(locale="en")]
        assert all(name is not None and name.isascii() for name in names)
        assert [one.subject_id for one in await api.subjects(name="Sneakers").all()] == [SNEAKERS]
        subjects = await api.subjects().all()
        assert len({one.subject_id for one in subjects}) == len(subjects) > 30
        inside = await api.subjects(parent_id=760).using(size=2, cursor="1").page()
        assert [one.parent_id for one in inside.items] == [760, 760]
        assert {one.subject_id for one in await api.characteristics(SNEAKERS)} == {SNEAKERS}
        assert all(color.name for color in await api.colors())
        assert all(country.name for country in await api.countries())
        for directory in (api.kinds, api.seasons, api.vat):
            assert all(isinstance(entry, str) for entry in await directory())
        codes = await api.hs_codes(SNEAKERS)
        assert [
            code.tnved for code in await api.hs_codes(SNEAKERS, search=int(codes[0].tnved))
        ] == [codes[0].tnved]
        brands = await api.brands(SNEAKERS).all()
        page = await api.brands(SNEAKERS).page()
        assert page.total == len(brands) == len({brand.id for brand in brands}) > len(page.items)


async def one_card(shop: Wildberries, vendor_code: str) -> Card:
    """A card without a group, once it is listed."""
    size = NewSize(tech_size="42", wb_size="42", price=5000)
    card = NewCard(
        vendor_code=vendor_code,
        title="Кроссовки беговые",
        description="Лёгкие кроссовки для бега",
        brand="Север",
        dimensions=Dimensions(length=30, width=20, height=12, weight_brutto=0.9),
        sizes=[size],
    )
    required = [
        one.charc_id
        for one in await shop.api.content.directories.characteristics(SNEAKERS)
        if one.required
    ]
    values = [Value(id=one, value=["полоска"]) for one in required]
    (barcode,) = await shop.api.content.cards.barcodes(1)
    sizes = [msgspec.structs.replace(size, skus=[barcode])]
    card = msgspec.structs.replace(card, characteristics=values, sizes=sizes)
    noted = await shop.api.content.cards.upload([CardGroup(subject_id=SNEAKERS, variants=[card])])
    assert noted == {}
    return await find(shop, vendor_code)


async def find(shop: Wildberries, vendor_code: str) -> Card:
    """The simulator processes cards at the next request."""
    found = await shop.api.content.cards.list(CardFilter(text=vendor_code)).all()
    (card,) = [card for card in found if card.vendor_code == vendor_code]
    return card


class TestCards:
    async def test_list_when_read_to_the_end(self, shop: Wildberries) -> None:
        api = shop.api.content.cards
        found = await api.list().all()
        assert len({card.nm_id for card in found}) == len(found) == 230
        times = [card.updated_at for card in found if card.updated_at is not None]
        assert times == sorted(times)
        assert len(times) == 230
        back = await api.list(ascending=False).all()
        assert {card.nm_id for card in back} == {card.nm_id for card in found}
        photographed = await api.list(CardFilter(with_photo=1)).all()
        bare = await api.list(CardFilter(with_photo=2)).all()
        assert len(photographed) + len(bare) == 230
        assert all(card.photos for card in photographed)
        trashed = await api.trashed().all()
        assert len({card.nm_id for card in trashed}) == 120
        assert all(card.trashed_at for card in trashed)

    async def test_list_when_resumed_from_each_page(self, shop: Wildberries) -> None:
        api = shop.api.content.cards
        pages = [page async for page in api.list().pages()]
        assert [len(page.items) for page in pages] == [100, 100, 30]
        rest = await api.list().using(cursor=pages[1].next_cursor).all()
        assert rest == list(pages[2].items)

    async def test_card_when_created_changed_and_trashed(self, shop: Wildberries) -> None:
        api = shop.api.content.cards
        room = await api.limits()
        assert room.free_limits is not None
        card = await one_card(shop, "НОВАЯ-1")
        assert card.subject_id == SNEAKERS
        update = card.to_update(documents=card.documents, title="Другое название", brand="Север")
        await api.update([update])
        assert (await find(shop, "НОВАЯ-1")).title == "Другое название"

        await api.trash([card.nm_id])
        assert card.nm_id not in {one.nm_id async for one in api.list()}
        assert [one.nm_id for one in await api.trashed(text="НОВАЯ-1").all()] == [card.nm_id]
        await api.recover([card.nm_id])
        assert (await find(shop, "НОВАЯ-1")).imt_id != card.imt_id

    async def test_cards_when_merged_and_separated(self, shop: Wildberries) -> None:
        api = shop.api.content.cards
        first, second = await one_card(shop, "ПАРА-1"), await one_card(shop, "ПАРА-2")
        assert first.imt_id != second.imt_id
        assert first.imt_id is not None
        await api.merge(first.imt_id, [second.nm_id])
        assert (await find(shop, "ПАРА-2")).imt_id == first.imt_id
        await api.separate([second.nm_id])
        assert (await find(shop, "ПАРА-2")).imt_id != first.imt_id
        with pytest.raises(BadRequest, match="imt not found"):
            await api.merge(1, [second.nm_id])

        third = NewCard(vendor_code="ПАРА-3", title="Третья", sizes=[NewSize(tech_size="41")])
        values = [Value(id=one.id, value=one.value) for one in first.characteristics or []]  # type: ignore[arg-type]
        await api.add(first.imt_id, [msgspec.structs.replace(third, characteristics=values)])
        assert await api.failed().all() == []
        assert (await find(shop, "ПАРА-3")).imt_id == first.imt_id

    async def test_failed_when_a_card_cannot_be_created(self, shop: Wildberries) -> None:
        api = shop.api.content.cards
        taken = await one_card(shop, "ЗАНЯТО")
        with pytest.raises(BadRequest):
            await api.upload(
                [CardGroup(subject_id=SNEAKERS, variants=[NewCard(vendor_code="ЗАНЯТО")])]
            )
        assert taken.vendor_code == "ЗАНЯТО"
        await api.update(
            [
                CardUpdate(
                    nm_id=404,
                    vendor_code="НЕТ-ТАКОЙ",
                    sizes=[SizeUpdate(skus=["880"])],
                    documents=LeaveOut.DOCUMENTS,
                )
            ]
        )

        (failed,) = await api.failed().all()
        assert failed.vendor_codes == ["НЕТ-ТАКОЙ"]
        assert failed.errors is not None
        assert failed.errors["НЕТ-ТАКОЙ"]


class TestTagsAndMedia:
    async def test_tags_when_created_linked_and_deleted(self, shop: Wildberries) -> None:
        api = shop.api.content.tags
        before = {tag.id for tag in await api.list()}
        await api.create("Майская акция", "D1CFD7")
        (tag,) = [tag for tag in await api.list() if tag.id not in before]
        assert (tag.name, tag.color) == ("Майская акция", "D1CFD7")
        await api.update(tag.id, "Осень", "FFECC7")
        (card,) = await shop.api.content.cards.list().all(limit=1)
        await api.link(card.nm_id, [tag.id])
        tagged = await shop.api.content.cards.list(CardFilter(tag_ids=[tag.id])).all()
        assert [one.nm_id for one in tagged] == [card.nm_id]
        assert [(one.name, one.color) for one in tagged[0].tags or []] == [("Осень", "FFECC7")]
        await api.delete(tag.id)
        assert tag.id not in {one.id for one in await api.list()}
        with pytest.raises(BadRequest):
            await api.delete(tag.id)

    async def test_media_when_added_and_replaced(self, shop: Wildberries) -> None:
        card = await one_card(shop, "ФОТО-1")
        api = shop.api.content.media
        await api.upload(card.nm_id, 1, Upload("один.png", PICTURE))
        await api.upload(card.nm_id, 2, Upload("два.png", PICTURE))
        await api.upload(
            card.nm_id, 1, Upload("видео.mp4", b"\x00\x00\x00\x20ftypisom" + bytes(64))
        )
        shown = await find(shop, "ФОТО-1")
        assert len(shown.photos or []) == 2
        assert shown.video
        await api.replace(card.nm_id, ["https://example.com/1.jpg"])
        assert len((await find(shop, "ФОТО-1")).photos or []) == 1

    async def test_recommendations_when_set_and_removed(self, shop: Wildberries) -> None:
        api = shop.api.content.recommendations
        products = (await api.list().page()).items
        first, second, third = [one for one in products if one.pics_count][:3]

        async def recommend(*recommended: Recommended) -> Sequence[int] | None:
            new = NewRecommendations(nm_id=first.nm_id, recommendations=recommended)
            assert not (await api.set([new])).is_error
            (shown,) = await api.list(search=str(first.nm_id)).all()
            return shown.recom_nms

        shown = await recommend(Recommended(recom_nm=second.nm_id))
        assert shown == [second.nm_id]
        shown = await recommend(Recommended(recom_nm=third.nm_id, sort=1))
        assert shown == [third.nm_id, second.nm_id]
        assert not await recommend()
        assert len(await api.list().all()) == 230
