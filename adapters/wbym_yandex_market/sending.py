"""Writing in chats: a text and a file are two messages, and opening a chat is about something."""

from __future__ import annotations  # the API's modules are loaded when they are first asked for

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from wbym.calls import Upload, row
from wbym.domain import Chat, Sent
from wbym.errors import DeliveryUnknown, InvalidInput, WbymError
from wbym_yandex_market.api import Api
from wbym_yandex_market.decisions import number_of

if TYPE_CHECKING:
    from wbym_yandex_market.api.chats import ChatContext

__all__ = ["context_of", "send"]


async def send(api: Api, chat: Chat, chat_id: int, text: str, files: Sequence[Upload]) -> Sent:
    """Send a text, a file, or both; see ``YandexMarket.send``."""
    chats = api.chats
    # Nothing is sent unless both will do.
    if text or not files:
        row(type(chats).send).values((chat_id, text), {})
    if len(files) > 1:
        rule = "must be one: Market takes one a call"
        raise InvalidInput("send", "files", rule, files)
    for file in files:
        row(type(chats).send_file).values((chat_id, file), {})
    if text:
        await chats.send(chat_id, text)
    failed: list[str] = []
    for file in files:
        try:
            await chats.send_file(chat_id, file)
        except DeliveryUnknown:
            raise
        except WbymError as error:
            # The text is sent, and must not be sent again for the sake of the file.
            if not text:
                raise
            failed.append(str(error))
    return Sent(chat=chat.ref, text=text, sent_at=datetime.now(UTC), file_errors=tuple(failed))


def context_of(order_id: str | int | None, return_id: str | int | None) -> ChatContext:
    """What a chat is to be opened about.

    Raises:
        InvalidInput: Neither or both are given, or it is no id.
    """
    from wbym_yandex_market.api.chats import ChatContext

    if (order_id is None) is (return_id is None):
        rule = "must be given, or return_id, and not both"
        raise InvalidInput("open_chat", "order_id", rule, (order_id, return_id))
    if order_id is not None:
        number = number_of("open_chat", "order_id", str(order_id))
        return ChatContext(type="ORDER", id=number)
    number = number_of("open_chat", "return_id", str(return_id))
    return ChatContext(type="RETURN", id=number)
