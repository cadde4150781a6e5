"""Typed access to Yandex Market's own records."""

from __future__ import annotations  # the API's modules are loaded at their first use

from typing import TYPE_CHECKING, overload

from wbym.domain import Chat, Feedback, Message, Question, Record, Return
from wbym.errors import InvalidInput
from wbym_yandex_market._mapping import MARKETPLACE

if TYPE_CHECKING:
    from wbym_yandex_market.api import chats as chats_api
    from wbym_yandex_market.api import feedbacks as feedbacks_api
    from wbym_yandex_market.api import questions as questions_api
    from wbym_yandex_market.api import returns as returns_api

__all__ = ["raw"]


@overload
def raw(record: Chat) -> chats_api.Chat: ...
@overload
def raw(record: Message) -> chats_api.Message: ...
@overload
def raw(record: Question) -> questions_api.Question: ...
@overload
def raw(record: Feedback) -> feedbacks_api.Feedback: ...
@overload
def raw(record: Return) -> returns_api.Return: ...
def raw(record: Chat | Message | Question | Feedback | Return) -> object:
    """A neutral record's ``raw``, typed: Yandex Market's own record that it was read from.

    Raises:
        InvalidInput: The record is from another marketplace, or has no ``raw``: the records of
            events and copies have none.
    """
    from wbym_yandex_market.api import chats, feedbacks, questions, returns

    types: dict[type[Record], type] = {
        Chat: chats.Chat,
        Message: chats.Message,
        Question: questions.Question,
        Feedback: feedbacks.Feedback,
        Return: returns.Return,
    }
    if type(record) not in types or record.ref.marketplace != MARKETPLACE:
        raise InvalidInput("raw", "record", "must be a record from Yandex Market", record)
    if not isinstance(record.raw, types[type(record)]):
        rule = "must have a raw record, which events and copies lack: read it again with get()"
        raise InvalidInput("raw", "record", rule, str(record.ref))
    return record.raw
