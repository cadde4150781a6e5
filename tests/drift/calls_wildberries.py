"""A call of each method of Wildberries, with all that it takes."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Final, TypeAlias

from wbym.calls import Endpoint, Upload
from wbym_wildberries import Wildberries
from wbym_wildberries.api import (
    card_documents,
    card_lists,
    card_records,
    cards,
    chats,
    claims,
    directories,
    feedbacks,
    general,
    inventory,
    media,
    pins,
    price_records,
    prices,
    questions,
    recommendations,
    tags,
    users,
    warehouses,
)

__all__ = ["COMMUNICATION", "CONTENT", "DOWNLOADS", "OTHERS", "PRICES", "Call"]

Call: TypeAlias = Callable[[Wildberries], Awaitable[object]]
Table: TypeAlias = dict[Endpoint[object], Call]

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
PNG = Upload("a.png", b"\x89PNG\r\n\x1a\n....")
LEVEL = price_records.Threshold(level=1, min_quantity=10, wholesale_discount=5)
CONTACT = warehouses.Contact(phone="+79998887766", comment="Звонить с 10 до 21 часа.")
DOCUMENTS = card_documents.Documents(
    items=[
        card_documents.Document(
            type=card_documents.DocumentType.DECLARATION,
            number="ЕАЭС N RU Д-RU.РА01.В.10203/24",
            product_number="1",
            trade_name="Кружка",
            applicant="ООО «Дом и сад»",
            start_date="2024-02-01",
            end_date="2039-02-01",
            is_endless=False,
        )
    ],
    exclude_documents=False,
)
NEW = card_records.NewCard(
    vendor_code="АртикулПродавца",
    title="Наименование товара",
    description="Описание товара",
    brand="Бренд",
    dimensions=card_records.Dimensions(length=12, width=7, height=5, weight_brutto=1.242),
    characteristics=[card_records.Value(id=12, value=["полоска"])],
    sizes=[card_records.NewSize(tech_size="M", wb_size="42", price=5000, skus=["88005553535"])],
    wholesale=card_records.Wholesale(enabled=True, quantum=211),
    kiz_marked=True,
    gtin="04600000000017",
    documents=DOCUMENTS,
)
CHANGED = card_records.CardUpdate(
    nm_id=1,
    vendor_code=NEW.vendor_code,
    title=NEW.title,
    description=NEW.description,
    brand=NEW.brand,
    dimensions=NEW.dimensions,
    characteristics=NEW.characteristics,
    sizes=[
        card_records.SizeUpdate(
            chrt_id=5, tech_size="M", wb_size="42", price=5000, skus=["88005553535"]
        )
    ],
    wholesale=NEW.wholesale,
    kiz_marked=NEW.kiz_marked,
    gtin=NEW.gtin,
    documents=DOCUMENTS,
)

COMMUNICATION: Final[Table] = {
    feedbacks.UNSEEN: lambda shop: shop.api.feedbacks.unseen(),
    feedbacks.COUNT_UNANSWERED: lambda shop: shop.api.feedbacks.count_unanswered(),
    feedbacks.COUNT: lambda shop: shop.api.feedbacks.count(
        is_answered=True, date_from=NOW, date_to=NOW
    ),
    feedbacks.LIST: lambda shop: shop.api.feedbacks.list(
        is_answered=False,
        take=5000,
        skip=0,
        nm_id=1,
        order="dateAsc",
        date_from=NOW,
        date_to=NOW,
    ),
    feedbacks.ARCHIVE: lambda shop: shop.api.feedbacks.archive(
        take=1, skip=199_990, nm_id=1, order="dateDesc"
    ),
    feedbacks.GET: lambda shop: shop.api.feedbacks.get("f1"),
    feedbacks.ANSWER: lambda shop: shop.api.feedbacks.answer("f1", "Спасибо"),
    feedbacks.EDIT_ANSWER: lambda shop: shop.api.feedbacks.edit_answer("f1", "Спасибо!"),
    feedbacks.REQUEST_RETURN: lambda shop: shop.api.feedbacks.request_return("f1"),
    questions.COUNT_UNANSWERED: lambda shop: shop.api.questions.count_unanswered(),
    questions.COUNT: lambda shop: shop.api.questions.count(
        is_answered=True, date_from=NOW, date_to=NOW
    ),
    questions.LIST: lambda shop: shop.api.questions.list(
        is_answered=False,
        take=1,
        skip=9999,
        nm_id=1,
        order="dateAsc",
        date_from=NOW,
        date_to=NOW,
    ),
    questions.GET: lambda shop: shop.api.questions.get("q1"),
    questions.UPDATE: lambda shop: shop.api.questions.view("q1"),
    pins.LIST: lambda shop: shop.api.pins.list(
        state="pinned",
        pin_on="nm",
        imt_id=1,
        nm_id=2,
        feedback_id="f1",
        date_from=NOW,
        date_to=NOW,
        next=5,
        limit=500,
    ),
    pins.PIN: lambda shop: shop.api.pins.pin(
        [pins.PinOrder(feedback_id="f1", pin_method="tariff", pin_on="imt")]
    ),
    pins.UNPIN: lambda shop: shop.api.pins.unpin([1, 2]),
    pins.COUNT: lambda shop: shop.api.pins.count(
        state="pinned", pin_on="nm", imt_id=1, nm_id=2, feedback_id="f", date_from=NOW, date_to=NOW
    ),
    pins.LIMITS: lambda shop: shop.api.pins.limits(),
    chats.LIST: lambda shop: shop.api.chats.list(),
    chats.EVENTS: lambda shop: shop.api.chats.events(next=1),
    chats.SEND: lambda shop: shop.api.chats.send("sign", "Привет", files=[PNG]),
    claims.LIST: lambda shop: shop.api.claims.list(is_archive=True, id="c", nm_id=1, offset=5),
    claims.DECIDE: lambda shop: shop.api.claims.decide("c1", "rejectcustom", comment="Не то фото."),
}

PRICES: Final[Table] = {
    prices.SET: lambda shop: shop.api.prices.set(
        [price_records.NewPrice(nm_id=1, price=999, discount=30)]
    ),
    prices.SET_SIZES: lambda shop: shop.api.prices.set_sizes(
        [price_records.SizePrice(nm_id=1, size_id=2, price=999)]
    ),
    prices.SET_CLUB: lambda shop: shop.api.prices.set_club_discounts(
        [price_records.ClubDiscount(nm_id=1, club_discount=5)]
    ),
    prices.SET_WHOLESALE: lambda shop: shop.api.prices.set_wholesale_discounts(
        [price_records.WholesaleDiscounts(nm_id=1, wholesale_discount_threshold=[LEVEL])]
    ),
    prices.STATE: lambda shop: shop.api.prices.state(5),
    prices.DETAILS: lambda shop: shop.api.prices.details(5, limit=10, offset=1),
    prices.PENDING_STATE: lambda shop: shop.api.prices.pending_state(5),
    prices.PENDING_DETAILS: lambda shop: shop.api.prices.pending_details(5, limit=1000),
    prices.LIST: lambda shop: shop.api.prices.list(nm_id=1, limit=1000, offset=1000),
    prices.FIND: lambda shop: shop.api.prices.find([26613989, 1348041]),
    prices.SIZES: lambda shop: shop.api.prices.sizes(1),
    prices.QUARANTINE: lambda shop: shop.api.prices.quarantine(),
    warehouses.OFFICES: lambda shop: shop.api.warehouses.offices(),
    warehouses.LIST: lambda shop: shop.api.warehouses.list(),
    warehouses.CREATE: lambda shop: shop.api.warehouses.create("Koledino 2", 15),
    warehouses.UPDATE: lambda shop: shop.api.warehouses.update(2, "Koledino", 15),
    warehouses.DELETE: lambda shop: shop.api.warehouses.delete(2),
    warehouses.CONTACTS: lambda shop: shop.api.warehouses.contacts(2),
    warehouses.SET_CONTACTS: lambda shop: shop.api.warehouses.set_contacts(2, [CONTACT]),
    inventory.READ: lambda shop: shop.api.inventory.read(2, [7]),
    inventory.UPDATE: lambda shop: shop.api.inventory.update(
        2, [inventory.NewStock(chrt_id=7, amount=10)]
    ),
    inventory.DELETE: lambda shop: shop.api.inventory.delete(2, [7]),
}
"""Prices, warehouses and inventory."""

CONTENT: Final[Table] = {
    general.PING["common"]: lambda shop: shop.api.general.ping(),
    general.NEWS: lambda shop: shop.api.general.news(date_from=date(2026, 5, 1), from_id=7),
    general.SELLER: lambda shop: shop.api.general.seller(),
    general.SUBSCRIPTION: lambda shop: shop.api.general.subscription(),
    general.TARIFF_OPTIONS: lambda shop: shop.api.general.tariff_options(locale="en"),
    general.RATING: lambda shop: shop.api.general.rating(),
    users.LIST: lambda shop: shop.api.users.list(invited=True, limit=10, offset=5),
    users.INVITE: lambda shop: shop.api.users.invite(
        "79998887766",
        position="Менеджер",
        access=[users.Access(code="balance", disabled=True)],
    ),
    users.SET_ACCESS: lambda shop: shop.api.users.set_access(
        [users.UserAccess(user_id=1, access=[users.Access(code="brands", disabled=False)])]
    ),
    users.DELETE: lambda shop: shop.api.users.delete(5),
    directories.PARENTS: lambda shop: shop.api.content.directories.parents(locale="en"),
    directories.SUBJECTS: lambda shop: shop.api.content.directories.subjects(
        locale="en", name="Socks", parent_id=1, limit=1000, offset=5
    ),
    directories.CHARACTERISTICS: lambda shop: shop.api.content.directories.characteristics(
        105, locale="en"
    ),
    directories.COLORS: lambda shop: shop.api.content.directories.colors(locale="en"),
    directories.KINDS: lambda shop: shop.api.content.directories.kinds(locale="en"),
    directories.COUNTRIES: lambda shop: shop.api.content.directories.countries(locale="en"),
    directories.SEASONS: lambda shop: shop.api.content.directories.seasons(locale="en"),
    directories.VAT: lambda shop: shop.api.content.directories.vat(locale="en"),
    directories.HS_CODES: lambda shop: shop.api.content.directories.hs_codes(
        105, search=6106903000, locale="en"
    ),
    directories.BRANDS: lambda shop: shop.api.content.directories.brands(105, next=3),
    card_lists.LIST: lambda shop: shop.api.content.cards.list(
        card_lists.CardFilter(
            with_photo=1,
            text="4603743187500988",
            tag_ids=[345],
            subject_ids=[235],
            brands=["Бренд"],
            imt_id=328632,
            allowed_categories_only=True,
        ),
        after=card_records.CardCursor(total=100, updated_at="2026", nm_id=7),
        locale="en",
    ),
    card_lists.TRASHED: lambda shop: shop.api.content.cards.trashed(
        text="4603743187500988",
        after=card_records.TrashCursor(total=100, trashed_at="2026", nm_id=7),
        locale="en",
    ),
    card_lists.FAILED: lambda shop: shop.api.content.cards.failed(
        locale="en", after=card_records.ErrorsCursor(updated_at="2026", batch_uuid="b")
    ),
    cards.LIMITS: lambda shop: shop.api.content.cards.limits(),
    cards.BARCODES: lambda shop: shop.api.content.cards.barcodes(100),
    cards.UPLOAD: lambda shop: shop.api.content.cards.upload(
        [card_records.CardGroup(subject_id=105, variants=[NEW])]
    ),
    cards.ADD: lambda shop: shop.api.content.cards.add(987654321, [NEW, NEW]),
    cards.UPDATE: lambda shop: shop.api.content.cards.update([CHANGED]),
    cards.MOVE: lambda shop: shop.api.content.cards.merge(123, [837459235, 828572090]),
    cards.TRASH: lambda shop: shop.api.content.cards.trash([123456789, 987654321]),
    cards.RECOVER: lambda shop: shop.api.content.cards.recover([123456789, 987654321]),
    media.UPLOAD: lambda shop: shop.api.content.media.upload(213864079, 2, PNG),
    media.REPLACE: lambda shop: shop.api.content.media.replace(213864079, ["https://a.ru/1.jpg"]),
    tags.LIST: lambda shop: shop.api.content.tags.list(),
    tags.CREATE: lambda shop: shop.api.content.tags.create("Sale", "D1CFD7"),
    tags.UPDATE: lambda shop: shop.api.content.tags.update(1, "Sale", "D1CFD7"),
    tags.DELETE: lambda shop: shop.api.content.tags.delete(1),
    tags.LINK: lambda shop: shop.api.content.tags.link(179891389, [1, 2]),
    recommendations.LIST: lambda shop: shop.api.content.recommendations.list(
        search="1", brand_names=["a"], subject_ids=[1], limit=10, next=5
    ),
    recommendations.SET: lambda shop: shop.api.content.recommendations.set(
        [
            recommendations.NewRecommendations(
                nm_id=1, recommendations=[recommendations.Recommended(recom_nm=2, sort=1)]
            )
        ],
        replace=True,
    ),
}
"""Cards and what belongs to them, the seller, its users."""

OTHERS: Final[list[tuple[Endpoint[object], Call]]] = [
    (questions.UPDATE, lambda shop: shop.api.questions.answer("q1", "Да")),
    (questions.UPDATE, lambda shop: shop.api.questions.reject("q1", "Не о товаре")),
    (cards.MOVE, lambda shop: shop.api.content.cards.separate([837459235, 828572090])),
]
"""Other bodies of the same methods."""

DOWNLOADS: Final[dict[Endpoint[object], Callable[[Wildberries], object]]] = {
    chats.DOWNLOAD: lambda shop: shop.api.chats.download("a/b"),
}
