"""Chats and their messages: records and generation."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from wbym.testing import JsonObject
from wbym_yandex_market.simulator import texts
from wbym_yandex_market.simulator.data_campaigns import Orders
from wbym_yandex_market.simulator.data_returns import Return
from wbym_yandex_market.simulator.dates import DAY, moscow
from wbym_yandex_market.simulator.records import DatedRecord, Record, RecordList

ChatContext = Literal["ORDER", "RETURN", "DIRECT"]
Sender = Literal["PARTNER", "CUSTOMER", "MARKET", "SUPPORT"]
WAITING = frozenset({"NEW", "WAITING_FOR_PARTNER"})


@dataclass(frozen=True, slots=True)
class File:
    """A file of a message."""

    name: str
    content: bytes


@dataclass(slots=True, eq=False, kw_only=True)
class Message(Record):
    """A message of a chat."""

    created: int
    sender: Sender
    text: str | None
    files: tuple[File, ...]
    url: Callable[[int, int], str]
    """The link of a file, by message id and the file's index."""

    def show(self) -> JsonObject:
        """The record, as in a response."""
        shown: JsonObject = {
            "messageId": self.id,
            "createdAt": moscow(self.created),
            "sender": self.sender,
        }
        if self.text is not None:
            shown["message"] = self.text
        if self.files:
            shown["payload"] = [
                {"name": file.name, "url": self.url(self.id, number), "size": len(file.content)}
                for number, file in enumerate(self.files)
            ]
        elif self.id % 5 == 0:
            shown["payload"] = None
        return shown


@dataclass(slots=True, eq=False, kw_only=True)
class Chat(DatedRecord):
    """A chat with a buyer, or a dispute."""

    context: ChatContext
    customer: JsonObject | None
    campaign: int | None = None
    order_id: int | None = None
    return_id: int | None = None
    kind: Literal["CHAT", "ARBITRAGE"] = "CHAT"
    status: str = "NEW"
    updated: int = field(init=False)
    messages: RecordList[Message] = field(default_factory=lambda: RecordList(noun="Message"))
    deleted: set[int] = field(default_factory=set)
    """Ids of deleted messages."""

    def __post_init__(self) -> None:
        self.updated = self.created

    @property
    def waits(self) -> bool:
        """Whether it awaits an answer of the seller."""
        return self.status in WAITING

    def add(self, message: Message) -> None:
        """Appends a message and changes the status according to its sender."""
        answered = message.sender == "PARTNER" or any(
            earlier.sender == "PARTNER" for earlier in self.messages
        )
        self.messages.add(message)
        self.updated = max(self.updated, message.created)
        if message.sender == "PARTNER":
            dispute = self.kind == "ARBITRAGE"
            self.status = "WAITING_FOR_ARBITER" if dispute else "WAITING_FOR_CUSTOMER"
        elif message.sender == "CUSTOMER":
            self.status = "WAITING_FOR_PARTNER" if answered else "NEW"
        self.changed()

    def show_context(self) -> JsonObject:
        """`ChatFullContextDTO`."""
        shown: JsonObject = {"type": self.context}
        if self.customer is not None:
            shown["customer"] = self.customer
        if self.campaign is not None:
            shown["campaignId"] = self.campaign
        if self.order_id is not None:
            shown["orderId"] = self.order_id
        if self.return_id is not None:
            shown["returnId"] = self.return_id
        return shown

    def show(self) -> JsonObject:
        """The record, as in a response."""
        return {
            "chatId": self.id,
            "context": self.show_context(),
            "type": self.kind,
            "status": self.status,
            "createdAt": moscow(self.created),
            "updatedAt": moscow(self.updated),
        }


def customer(rng: random.Random) -> JsonObject | None:
    """A buyer; some lack a field."""
    record: JsonObject = {
        "name": rng.choice(texts.NAMES),
        "publicId": f"{rng.getrandbits(56):014x}",
    }
    chance = rng.random()
    if chance < 0.05:
        return None
    if chance < 0.1:
        del record["name"]
    elif chance < 0.15:
        del record["publicId"]
    return record


def new_chat(
    rng: random.Random,
    identifier: int,
    *,
    context: ChatContext,
    created: int,
    orders: Orders,
    returns: Sequence[Return],
    number: int,
) -> Chat:
    """A chat without messages; one about a return only for a model that has such chats."""
    suited = [one for one in returns if not one.is_dbs and one.redeemed]
    chat = Chat(id=identifier, created=created, context=context, customer=customer(rng))
    if context == "RETURN" and suited:
        one = suited[number % len(suited)]
        chat.campaign, chat.order_id, chat.return_id = one.campaign.id, one.order_id, one.id
        chat.kind = "ARBITRAGE" if number % 4 == 1 else "CHAT"
    elif context == "DIRECT" or not orders.ids:
        chat.context = "DIRECT"
    else:
        chat.context = "ORDER"
        chat.order_id = orders.ids[number % len(orders.ids)]
        chat.campaign = orders.owner(chat.order_id)
    return chat


_SENDERS: tuple[Sender, ...] = ("CUSTOMER", "PARTNER", "MARKET", "SUPPORT")
_SAID = {
    "CUSTOMER": texts.CHAT_BUYER,
    "PARTNER": texts.CHAT_SELLER,
    "MARKET": texts.CHAT_MARKET,
    "SUPPORT": texts.CHAT_SUPPORT,
}
_CONTEXTS: tuple[ChatContext, ...] = ("ORDER", "DIRECT", "RETURN")


def chat_list(
    *,
    count: int,
    messages: int,
    seed: str,
    start: int,
    orders: Orders,
    returns: Sequence[Return],
    ids: Iterator[int],
    message_ids: Iterator[int],
    url: Callable[[int, int], str],
) -> list[Chat]:
    """Generates chats; the identifiers of messages grow with time over all chats."""
    rng = random.Random(f"chats {seed}")
    times = sorted(start - 3600 - rng.randrange(40 * DAY) for _ in range(count))
    chats = [
        new_chat(
            rng,
            next(ids),
            context=_CONTEXTS[number % 3],
            created=created,
            orders=orders,
            returns=returns,
            number=number,
        )
        for number, created in enumerate(times)
    ]
    sent: list[tuple[int, int, Sender]] = []
    for number, chat in enumerate(chats):
        span = max(1, start - 60 - chat.created)
        # Every fifth chat is new: the seller has written nothing yet.
        weights = (70, 0, 20, 10) if number % 5 == 0 else (46, 44, 7, 3)
        moments = sorted(chat.created + rng.randrange(span) for _ in range(messages))
        for order, moment in enumerate(moments):
            # The buyer begins every chat and writes last in two of five.
            buyers = order == 0 or (order == messages - 1 and number % 5 in {0, 2})
            sender = "CUSTOMER" if buyers else rng.choices(_SENDERS, weights)[0]
            sent.append((moment, number, sender))
    sent.sort(key=lambda one: one[:2])
    for moment, number, sender in sent:
        files: tuple[File, ...] = ()
        if sender in {"CUSTOMER", "PARTNER"} and rng.random() < 0.15:
            mark = rng.getrandbits(32)
            picture = File(f"photo-{mark:x}.jpg", b"\xff\xd8\xff\xe0" + rng.randbytes(60))
            files = (picture, picture) if rng.random() < 0.2 else (picture,)
        text = None if files and rng.random() < 0.6 else rng.choice(_SAID[sender])
        chats[number].add(
            Message(
                id=next(message_ids),
                created=moment,
                sender=sender,
                text=text,
                files=files,
                url=url,
            )
        )
    for number, chat in enumerate(chats):
        if chat.status == "WAITING_FOR_CUSTOMER" and number % 3 == 0:
            chat.status = "FINISHED"
        elif chat.kind == "ARBITRAGE" and number % 2:
            chat.status = "WAITING_FOR_MARKET"
    return chats
