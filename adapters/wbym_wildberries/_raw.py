"""Typed access to Wildberries' own records."""

from __future__ import annotations  # the API's modules are loaded at their first use

from typing import TYPE_CHECKING, overload

from wbym.domain import Chat, Feedback, Message, Question, Record, Return
from wbym.errors import InvalidInput
from wbym_wildberries._mapping import MARKETPLACE

if TYPE_CHECKING:
    from wbym_wildberries.api import chats as chats_api
    from wbym_wildberries.api import claims as claims_api
    from wbym_wildberries.api import feedbacks as feedbacks_api
    from wbym_wildberries.api import questions as questions_api

__all__ = ["raw"]


@overload
def raw(record: Chat) -> chats_api.Chat | chats_api.Event: ...
@overload
def raw(record: Message) -> chats_api.Event: ...
@overload
def raw(record: Question) -> questions_api.Question: ...
@overload
def raw(record: Feedback) -> feedbacks_api.Feedback: ...
@overload
def raw(record: Return) -> claims_api.Claim: ...
def raw(record: Chat | Message | Question | Feedback | Return) -> object:
    """A neutral record's ``raw``, typed: Wildberries' own record that it was read from.

    The raw record of a chat is an ``Event`` if the chat is not in WB's list of chats yet.

    Raises:
        InvalidInput: The record is from another marketplace, or has no ``raw``: the records of
            events and copies have none.
    """
    from wbym_wildberries.api import chats, claims, feedbacks, questions

    types: dict[type[Record], type | tuple[type, ...]] = {
        Chat: (chats.Chat, chats.Event),
        Message: chats.Event,
        Question: questions.Question,
        Feedback: feedbacks.Feedback,
        Return: claims.Claim,
    }
    if type(record) not in types or record.ref.marketplace != MARKETPLACE:
        raise InvalidInput("raw", "record", "must be a record from Wildberries", record)
    if not isinstance(record.raw, types[type(record)]):
        rule = "must have a raw record, which events and copies lack: read it again with get()"
        raise InvalidInput("raw", "record", rule, str(record.ref))
    return record.raw
