"""All published types decode completely, and give the right hint."""

from pathlib import Path

import msgspec
import pytest

from tests.adapters.wbym_yandex_market.simulator.schema import Schemas
from tests.support.published import Json, at, example, missing, resolve, spec
from wbym.account import Hint
from wbym_yandex_market._following.notifications.hints import hint_of
from wbym_yandex_market._following.notifications.records import (
    ChatMessageSent,
    OfBusiness,
    OfCampaign,
    Ping,
    Unknown,
    read,
)

HINTS = {
    "PING": None,
    "ORDER_CREATED": None,
    "ORDER_CANCELLED": None,
    "ORDER_STATUS_UPDATED": None,
    "ORDER_CANCELLATION_REQUEST": None,
    "ORDER_UPDATED": None,
    "ORDER_RETURN_CREATED": None,  # the example is an order that was not picked up
    "ORDER_RETURN_STATUS_UPDATED": Hint("shop", "returns", "7"),
    "GOODS_FEEDBACK_CREATED": Hint("shop", "feedbacks", "7"),
    "GOODS_FEEDBACK_COMMENT_CREATED": Hint("shop", "feedbacks", ""),
    "CHAT_CREATED": Hint("shop", "chats", "7"),
    "CHAT_MESSAGE_SENT": Hint("shop", "chats", "7"),
    "CHAT_ARBITRAGE_STARTED": Hint("shop", "chats", "7"),
    "CHAT_ARBITRAGE_FINISHED": Hint("shop", "chats", "7"),
    "QUESTION_CREATED": Hint("shop", "questions", "7"),
    "QUESTION_ANSWER_CREATED": Hint("shop", "questions", ""),
    "QUESTION_COMMENT_CREATED": Hint("shop", "questions", ""),
}


class Published:
    def __init__(self, folder: Path) -> None:
        self.document = spec(folder, "yandex-market/notifications.json")
        request = at(self.document, "components", "schemas", "SendNotificationRequest")
        self.references = at(request, "discriminator", "mapping")

    def schema(self, kind: str) -> Json:
        return resolve(self.document, {"$ref": self.references[kind]})

    def body(self, kind: str) -> dict[str, Json]:
        made = example(self.document, self.schema(kind))
        assert isinstance(made, dict)
        return {**made, "notificationType": kind}


@pytest.fixture
def notifications(published: Path) -> Published:
    return Published(published)


def test_types_are_the_published_ones(notifications: Published) -> None:
    assert set(notifications.references) == set(HINTS)
    schemas = at(notifications.document, "components", "schemas")
    assert set(HINTS) == set(at(schemas, "NotificationType")["enum"])  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", HINTS)
def test_each_type_is_fully_decoded(kind: str, notifications: Published) -> None:
    body = notifications.body(kind)
    assert list(Schemas(notifications.document).check(body, notifications.schema(kind))) == []
    found = read(msgspec.json.encode(body))
    assert not isinstance(found, Unknown)
    assert missing(body, msgspec.to_builtins(found)) == []
    assert hint_of(found, "shop") == HINTS[kind]
    if isinstance(found, OfBusiness):
        assert found.business_id == 7
    elif isinstance(found, OfCampaign):
        assert found.campaign_id == 7
    else:
        assert isinstance(found, Ping)


@pytest.mark.parametrize("kind", HINTS)
def test_only_owner_and_subject_are_required(kind: str, notifications: Published) -> None:
    body = {
        name: value
        for name, value in notifications.body(kind).items()
        if name == "notificationType"
        or (name.endswith("Id") and name not in {"orderId", "messageId"})
    }
    assert hint_of_raw(body) == (
        Hint("shop", "returns", "7") if kind == "ORDER_RETURN_CREATED" else HINTS[kind]
    )
    for name in body.keys() - {"notificationType"}:
        with pytest.raises(msgspec.ValidationError, match=name):
            read(msgspec.json.encode({**body, name: None}))
        with pytest.raises(msgspec.ValidationError, match=name):
            read(msgspec.json.encode({key: body[key] for key in body if key != name}))


def hint_of_raw(body: object) -> Hint | None:
    found = read(msgspec.json.encode(body))
    assert not isinstance(found, Unknown)
    return hint_of(found, "shop")


def test_return_makes_a_hint_and_a_non_purchase_does_not() -> None:
    body: dict[str, object] = {
        "notificationType": "ORDER_RETURN_CREATED",
        "orderId": 1,
        "returnId": 2,
        "campaignId": 3,
        "items": [{"offerId": "a", "count": 1}],
        "createdAt": "2017-11-21T00:00:00.213Z",
    }
    assert hint_of_raw({**body, "returnType": "RETURN"}) == Hint("shop", "returns", "2")
    assert hint_of_raw({**body, "returnType": "NEW_WORD"}) == Hint("shop", "returns", "2")
    assert hint_of_raw({**body, "returnType": "UNREDEEMED"}) is None


def test_message_id_is_a_string_and_other_fields_are_ignored() -> None:
    body = b"""{"chatId": 1, "messageId": "00123", "businessId": 2, "more": {"a": [1]},
        "sentAt": "2025-01-16T10:09:49.759084017Z", "notificationType": "CHAT_MESSAGE_SENT"}"""
    found = read(body)
    assert isinstance(found, ChatMessageSent)
    assert found.message_id == "00123"
    assert found.sent_at is not None
    assert found.sent_at.isoformat() == "2025-01-16T10:09:49.759084+00:00"


def test_unknown_type_is_distinguished_from_a_malformed_known_one() -> None:
    assert read(b'{"notificationType": "PRICE_CHANGED", "id": 1}') == Unknown("PRICE_CHANGED")
    with pytest.raises(ValueError, match="chatId"):
        read(b'{"notificationType": "CHAT_CREATED", "businessId": 1}')


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b'{"notificationType": null}',
        b'{"notificationType": 5}',
        b'{"notificationType": "PI\xff"}',
        b'{"notificationType": "CHAT_CREATED", "chatId": "5", "businessId": 1}',
        b'{"notificationType": "CHAT_CREATED", "chatId": 1e400, "businessId": 1}',
        b'{"more": ' + b"[" * 30_000,
        b'{"notificationType": "NEW", "more": ' + b'{"a":' * 12_000,
    ],
)
def test_invalid_notification_is_rejected(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read(body)
