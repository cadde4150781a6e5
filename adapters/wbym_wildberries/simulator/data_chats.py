"""Generated chats and the one feed of their events."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

from wbym.testing import JsonObject
from wbym_wildberries.simulator import card_ids, texts
from wbym_wildberries.simulator.dates import DAY

PNG = b"\x89PNG\r\n\x1a\n" + bytes(1024)
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(1024) + b"\xff\xd9"
PDF = b"%PDF-1.7\n" + b"%" * 1024 + b"\n%%EOF"
_TIED = 50
"""Two events have equal times around each n-th."""


def iso(milliseconds: int) -> str:
    """Time of an event, such as `2023-10-23T05:02:20Z`."""
    return datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(slots=True)
class Chat:
    """One chat with one buyer."""

    id: str
    client_id: str
    client_name: str
    good: JsonObject | None
    listed: bool = True
    """Whether `/chats` shows it; a chat may be seen in an event first."""
    sign: str = ""
    last_text: str = ""
    last_at: int = 0


@dataclass(slots=True)
class StoredFile:
    """A file of a message."""

    content: bytes
    content_type: str
    ready_at: float = 0.0
    """Unix time when its moderation ends."""
    rejected: bool = False
    """Whether moderation rejected it."""


@dataclass(slots=True)
class ChatData:
    """Generated chats by id, events, oldest first, and files by `downloadID`."""

    chats: dict[str, Chat] = field(default_factory=dict)
    events: list[tuple[int, JsonObject]] = field(default_factory=list)
    files: dict[str, StoredFile] = field(default_factory=dict)


def new_uuid(rng: random.Random) -> str:
    """A UUID from a seeded random."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def new_sign(rng: random.Random, chat: Chat) -> str:
    """A new `replySign`: opaque, below 255 characters."""
    return f"{chat.id}:{chat.client_id}:{rng.randbytes(64).hex()}"


def new_chat(rng: random.Random, *, now: float, listed: bool = True) -> Chat:
    """A chat with a buyer about one order."""
    card = rng.randrange(40)
    good: JsonObject | None = {
        "date": iso(int((now - rng.randint(5, 60) * DAY) * 1000)),
        "nmID": card_ids.nm_id(card),
        "price": rng.randrange(150, 9000),
        "priceCurrency": "RUB",
        "rid": rng.randbytes(16).hex(),
        "size": rng.choice(texts.SIZES),
        "statusID": rng.choice((1, 11, 16)),
    }
    chat = Chat(
        id=f"1:{new_uuid(rng)}",
        client_id=str(rng.randrange(10**5, 10**9)),
        client_name=rng.choice(texts.NAMES),
        good=good,
        listed=listed,
    )
    chat.sign = new_sign(rng, chat)
    return chat


def event(
    rng: random.Random,
    chat: Chat,
    *,
    sender: str,
    source: str | None,
    text: str | None,
    is_new: bool = False,
    attachments: JsonObject | None = None,
) -> JsonObject:
    """An event without its time; a message without text has no `message` or no `text` in it."""
    record: JsonObject = {"chatID": chat.id, "eventID": new_uuid(rng), "eventType": "message"}
    if is_new:
        record["isNewChat"] = True
        record["replySign"] = chat.sign
    message: JsonObject = {}
    if attachments:
        message["attachments"] = attachments
    if text is not None:
        message["text"] = text
    if message:
        record["message"] = message
    if source is not None:
        record["source"] = source
    record["sender"] = sender
    if sender == "client":
        record["clientName"] = chat.client_name
        if rng.random() < 0.5:  # the older specification has it, the newer has not
            record["clientID"] = chat.client_id
    return record


def attached(
    rng: random.Random, files: dict[str, StoredFile], *, now: float, name: str, stored: StoredFile
) -> JsonObject:
    """Stores a file and gives its entry for `files` or `images`."""
    download_id = new_uuid(rng)
    files[download_id] = stored
    date = iso(int(now * 1000))
    if stored.content_type == "application/pdf":
        return {
            "contentType": stored.content_type,
            "date": date,
            "downloadID": download_id,
            "name": name,
            "size": len(stored.content),
            "url": f"https://buyer-chat-api.wildberries.ru/api/v1/seller/download/{download_id}",
        }
    return {
        "date": date,
        "downloadID": download_id,
        "url": f"https://buyer-chat-api.wildberries.ru/api/v1/seller/download/{download_id}",
    }


def _buyers_files(rng: random.Random, data: ChatData, now: float) -> JsonObject:
    kind = rng.choice(((PNG, "image/png"), (JPEG, "image/jpeg"), (PDF, "application/pdf")))
    stored = StoredFile(kind[0] + rng.randbytes(8), kind[1])
    fate = rng.random()
    if fate < 0.1:
        stored.rejected = True
    elif fate < 0.25:
        stored.ready_at = now + 30
    entry = attached(rng, data.files, now=now, name="Чек.pdf", stored=stored)
    return {"files" if kind[1] == "application/pdf" else "images": [entry]}


def chat_data(
    *, chats: int, events_per_chat: int, unlisted: int, seed: int, start: float
) -> ChatData:
    """Generates chats over the last 60 days; the last `unlisted` are in the feed only."""
    rng = random.Random(f"chats {seed}")
    data = ChatData()
    timed: list[tuple[int, int, Chat, JsonObject]] = []
    for number in range(chats):
        chat = new_chat(rng, now=start, listed=number < chats - unlisted)
        data.chats[chat.id] = chat
        moments = sorted(rng.randrange(60_000, 60 * DAY * 1000) for _ in range(events_per_chat))
        for place, ago in enumerate(reversed(moments)):
            record = _generated(rng, data, chat, place, start)
            timed.append((int(start * 1000) - ago, len(timed), chat, record))
    timed.sort(key=lambda item: item[:2])
    previous = 0
    for place, (moment, _, chat, record) in enumerate(timed):
        tied = place and place % _TIED in {0, 1}
        previous = previous if tied else moment
        _remember(data, chat, record, previous)
    return data


def _generated(
    rng: random.Random, data: ChatData, chat: Chat, place: int, start: float
) -> JsonObject:
    good = chat.good or {}
    if place == 0:
        opening = rng.choice(texts.CHAT_OPENINGS).format(
            product=texts.PRODUCTS[0][0], nm=good.get("nmID"), day="18.10.2025"
        )
        source = rng.choice(("rusite", "ios", "android", "global"))
        attachments: JsonObject = {"goodCard": good}
        return event(
            rng,
            chat,
            sender="client",
            source=source,
            text=opening,
            is_new=True,
            attachments=attachments,
        )
    if place == 1 and rng.random() < 0.5:
        text = rng.choice(texts.CHAT_WB)
        return event(rng, chat, sender="wb", source=None, text=text)
    if rng.random() < 0.4:
        silent = rng.random() < 0.1
        source = rng.choice(("seller-portal", "seller-public-api"))
        message_text = None if silent else rng.choice(texts.CHAT_SELLER)
        return event(rng, chat, sender="seller", source=source, text=message_text)
    if rng.random() < 0.2:
        files = _buyers_files(rng, data, start)
        message_text = rng.choice((None, "", "Вот фото"))
        return event(
            rng, chat, sender="client", source="android", text=message_text, attachments=files
        )
    return event(rng, chat, sender="client", source="rusite", text=rng.choice(texts.CHAT_BUYER))


def _remember(data: ChatData, chat: Chat, record: JsonObject, moment: int) -> None:
    record["addTimestamp"] = moment
    record["addTime"] = iso(moment)
    data.events.append((moment, record))
    message = record.get("message")
    chat.last_text = str(message.get("text", "")) if isinstance(message, dict) else ""
    chat.last_at = moment
