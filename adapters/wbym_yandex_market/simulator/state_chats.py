"""Chats of one cabinet: their status, sent messages and files."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wbym.testing import Refusal
from wbym_yandex_market.simulator.context import Context
from wbym_yandex_market.simulator.data_campaigns import Orders
from wbym_yandex_market.simulator.data_chats import (
    Chat,
    ChatContext,
    File,
    Message,
    Sender,
    chat_list,
    customer,
    new_chat,
)
from wbym_yandex_market.simulator.dates import utc
from wbym_yandex_market.simulator.records import RecordList
from wbym_yandex_market.simulator.state_returns import Returns


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message or a file that the seller sent and the buyer received."""

    chat_id: int
    message_id: int
    text: str | None
    file: str | None
    """Name of the file."""
    at: float
    """Unix time."""


class Chats:
    """The chats of one cabinet, oldest first."""

    def __init__(
        self, context: Context, *, orders: Orders, returns: Returns, origin: Callable[[], str]
    ) -> None:
        options = context.options
        self._context = context
        self._orders = orders
        self._returns = returns
        self._origin = origin
        self._rng = random.Random(f"chats at work {context.seed}")
        self._ids = context.numbers(8)
        self._message_ids = context.numbers(9)
        new = chat_list(
            count=options.chats,
            messages=options.messages_per_chat,
            seed=context.seed,
            start=context.start,
            orders=orders,
            returns=returns.all,
            ids=self._ids,
            message_ids=self._message_ids,
            url=self._url,
        )
        self.rows = RecordList(new, noun="Chat")
        self.get = self.rows.get
        self.sent: list[SentMessage] = []
        """Everything sent, in order."""

    @property
    def waiting(self) -> int:
        """Number of chats that await an answer of the seller."""
        return sum(chat.waits for chat in self.rows)

    @property
    def message_count(self) -> int:
        """Number of messages in all chats."""
        return sum(len(chat.messages) for chat in self.rows)

    def file(self, message_id: int, number: int) -> File | None:
        """A file of a message."""
        for chat in self.rows:
            message = chat.messages.find(message_id)
            if message is not None:
                return message.files[number] if number < len(message.files) else None
        return None

    def open(self, context: ChatContext, identifier: int) -> Chat:
        """The chat about an order or a return, created if missing.

        Raises:
            Refusal: The order or return is not the seller's, or has no such chats.
        """
        order_id, return_id = identifier, None
        if context == "RETURN":
            one = self._returns.get(identifier)
            if one.is_dbs:
                raise Refusal(400, "Chats about returns are not available for DBS")
            order_id, return_id = one.order_id, one.id
        campaign = self._orders.campaign(order_id)
        if campaign is None:
            raise Refusal(404, f"Order {order_id} not found")
        for chat in self.rows:
            if (chat.context, chat.order_id, chat.return_id) == (context, order_id, return_id):
                return chat
        new = Chat(
            id=next(self._ids),
            created=int(self._context.now()),
            context=context,
            customer=customer(self._rng),
            campaign=campaign.id,
            order_id=order_id,
            return_id=return_id,
        )
        self._begin(new)
        self._context.write("chat", new.id)
        return new

    def send(self, chat: Chat, text: str | None, file: File | None) -> Message:
        """The seller sends a text or a file."""
        message = self._append(chat, "PARTNER", text, () if file is None else (file,))
        name = None if file is None else file.name
        self.sent.append(SentMessage(chat.id, message.id, text, name, self._context.now()))
        self._context.write("message" if file is None else "file", chat.id, text or name or "")
        return message

    def arrive(
        self,
        text: str | None = "Здравствуйте!",
        *,
        chat_id: int | None = None,
        sender: Sender = "CUSTOMER",
        context: ChatContext = "DIRECT",
        files: Sequence[File] = (),
    ) -> int:
        """Adds a message to a chat, by default of a buyer in a new one; returns the message's id.

        Raises:
            KeyError: The chat does not exist.
        """
        if chat_id is None:
            chat = new_chat(
                self._rng,
                next(self._ids),
                context=context,
                created=int(self._context.now()),
                orders=self._orders,
                returns=self._returns.all,
                number=self._rng.randrange(len(self._orders.ids) or 1),
            )
            self._begin(chat)
        else:
            found = self.rows.find(chat_id)
            if found is None:
                raise KeyError(chat_id)
            chat = found
        return self._append(chat, sender, text, tuple(files)).id

    def delete(self, chat_id: int, message_id: int) -> None:
        """Market deletes a message; the history of the chat can no longer be read from it.

        Raises:
            KeyError: The message does not exist.
        """
        chat = self.get(chat_id)
        chat.messages.delete(message_id)
        chat.deleted.add(message_id)

    def finish(self, chat_id: int) -> None:
        """Market closes a chat."""
        chat = self.get(chat_id)
        chat.status = "FINISHED"
        chat.changed()
        if chat.kind == "ARBITRAGE":
            self._notify("CHAT_ARBITRAGE_FINISHED", chat, finishedAt=utc(self._context.now()))

    def _begin(self, chat: Chat) -> None:
        self.rows.add(chat)
        self._notify("CHAT_CREATED", chat, createdAt=utc(chat.created))
        if chat.kind == "ARBITRAGE":
            self._notify("CHAT_ARBITRAGE_STARTED", chat, startedAt=utc(chat.created))

    def _notify(self, kind: str, chat: Chat, **fields: object) -> None:
        self._context.notify(kind, chatId=chat.id, businessId=self._context.business, **fields)

    def _append(
        self, chat: Chat, sender: Sender, text: str | None, files: tuple[File, ...]
    ) -> Message:
        message = Message(
            id=next(self._message_ids),
            created=int(self._context.now()),
            sender=sender,
            text=text,
            files=files,
            url=self._url,
        )
        chat.add(message)
        sent_at = utc(message.created)
        self._notify("CHAT_MESSAGE_SENT", chat, messageId=str(message.id), sentAt=sent_at)
        return message

    def _url(self, message_id: int, number: int) -> str:
        return f"{self._origin()}/files/{self._context.business}/{message_id}/{number}"
