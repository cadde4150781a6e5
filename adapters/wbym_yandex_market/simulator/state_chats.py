"""Chats of one cabinet: who waits for whom, what was sent, the files."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wbym.testing._answers import Refusal
from wbym_yandex_market.simulator.data_campaigns import Orders
from wbym_yandex_market.simulator.data_chats import (
    Chat,
    Context,
    File,
    Message,
    Sender,
    chat_list,
    customer,
    new_chat,
)
from wbym_yandex_market.simulator.dates import utc
from wbym_yandex_market.simulator.desk import Desk
from wbym_yandex_market.simulator.rows import Rows
from wbym_yandex_market.simulator.state_returns import Returns


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message or a file that the seller sent and the buyer got."""

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
        self,
        desk: Desk,
        *,
        seed: str,
        start: int,
        orders: Orders,
        returns: Returns,
        origin: Callable[[], str],
    ) -> None:
        options = desk.options
        self._desk = desk
        self._orders = orders
        self._returns = returns
        self._origin = origin
        self._rng = random.Random(f"chats at work {seed}")
        self._ids = desk.numbers(8)
        self._message_ids = desk.numbers(9)
        self.rows = Rows(
            chat_list(
                count=options.chats,
                messages=options.messages_per_chat,
                seed=seed,
                start=start,
                orders=orders,
                returns=returns.all,
                ids=self._ids,
                message_ids=self._message_ids,
                url=self._url,
            )
        )
        self.sent: list[SentMessage] = []
        """Everything sent, in order."""

    @property
    def waiting(self) -> int:
        """How many wait for the seller."""
        return sum(chat.waits for chat in self.rows)

    @property
    def message_count(self) -> int:
        """How many messages there are."""
        return sum(len(chat.messages) for chat in self.rows)

    def get(self, identifier: int) -> Chat:
        """One chat.

        Raises:
            Refusal: When there is none.
        """
        found = self.rows.find(identifier)
        if found is None:
            raise Refusal(404, f"Chat {identifier} not found")
        return found

    def file(self, message_id: int, number: int) -> File | None:
        """A file of a message."""
        for chat in self.rows:
            message = chat.messages.find(message_id)
            if message is not None:
                return message.files[number] if number < len(message.files) else None
        return None

    def open(self, context: Context, identifier: int) -> Chat:
        """The chat about an order or a return: the one there is, or a new one.

        Raises:
            Refusal: When the order or return is not the seller's, or has no such chats.
        """
        order_id, return_id = identifier, None
        if context == "RETURN":
            one = self._returns.find(identifier)
            if one is None:
                raise Refusal(404, f"Return {identifier} not found")
            if one.is_dbs:
                raise Refusal(400, "Chats about returns are not available for DBS")
            order_id, return_id = one.order_id, one.id
        campaign = self._orders.campaign(order_id)
        if campaign is None:
            raise Refusal(404, f"Order {order_id} not found")
        for chat in self.rows:
            if (chat.context, chat.order_id, chat.return_id) == (context, order_id, return_id):
                return chat
        made = Chat(
            next(self._ids),
            created=int(self._desk.now()),
            context=context,
            customer=customer(self._rng),
            campaign=campaign.id,
            order_id=order_id,
            return_id=return_id,
        )
        self._begin(made)
        self._desk.write("chat", made.id)
        return made

    def send(self, chat: Chat, text: str | None, file: File | None) -> Message:
        """The seller sends a text or a file."""
        message = self._append(chat, "PARTNER", text, () if file is None else (file,))
        name = None if file is None else file.name
        self.sent.append(SentMessage(chat.id, message.id, text, name, self._desk.now()))
        self._desk.write("message" if file is None else "file", chat.id, text or name or "")
        return message

    def arrive(
        self,
        text: str | None = "Здравствуйте!",
        *,
        chat_id: int | None = None,
        sender: Sender = "CUSTOMER",
        context: Context = "DIRECT",
        files: Sequence[File] = (),
    ) -> int:
        """Somebody writes; without `chat_id` in a new chat.

        Raises:
            KeyError: When there is no such chat.
        """
        if chat_id is None:
            chat = new_chat(
                self._rng,
                next(self._ids),
                context=context,
                created=int(self._desk.now()),
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
        """Market takes a message away; the chat's history cannot be read from it on any more.

        Raises:
            KeyError: When there is no such message.
        """
        chat = self.get(chat_id)
        chat.messages.remove(message_id)
        chat.deleted.add(message_id)

    def finish(self, chat_id: int) -> None:
        """Market ends a chat."""
        chat = self.get(chat_id)
        chat.status = "FINISHED"
        chat.changed()
        if chat.kind == "ARBITRAGE":
            self._tell("CHAT_ARBITRAGE_FINISHED", chat, finishedAt=utc(self._desk.now()))

    def _begin(self, chat: Chat) -> None:
        self.rows.add(chat)
        self._tell("CHAT_CREATED", chat, createdAt=utc(chat.created))
        if chat.kind == "ARBITRAGE":
            self._tell("CHAT_ARBITRAGE_STARTED", chat, startedAt=utc(chat.created))

    def _tell(self, kind: str, chat: Chat, **fields: object) -> None:
        self._desk.tell(kind, chatId=chat.id, businessId=self._desk.business, **fields)

    def _append(
        self, chat: Chat, sender: Sender, text: str | None, files: tuple[File, ...]
    ) -> Message:
        message = Message(
            next(self._message_ids),
            created=int(self._desk.now()),
            sender=sender,
            text=text,
            files=files,
            url=self._url,
        )
        chat.add(message)
        sent_at = utc(message.created)
        self._tell("CHAT_MESSAGE_SENT", chat, messageId=str(message.id), sentAt=sent_at)
        return message

    def _url(self, message_id: int, number: int) -> str:
        return f"{self._origin()}/files/{self._desk.business}/{message_id}/{number}"
