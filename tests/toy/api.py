"""What Toy sends, and its endpoints as data."""

from datetime import datetime
from typing import Generic, TypeVar

import msgspec

from wbym.calls import Endpoints, Json, Nothing
from wbym.paging import ByToken

W = TypeVar("W")


class Wire(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """The base of what Toy sends: only what the mapping needs is required."""


class Chat(Wire, frozen=True):
    id: str
    state: str | None = None
    buyer: str | None = None


class Message(Wire, frozen=True):
    id: str
    at: datetime
    by: str | None = None
    text: str | None = None


class Feedback(Wire, frozen=True):
    id: str
    at: datetime
    stars: int | None = None
    text: str | None = None
    reply: str | None = None
    reply_state: str | None = None


class Page(Wire, Generic[W], frozen=True):
    items: list[W]
    next: str | None = None


def _itself(page: Page[W]) -> Page[W]:
    return page


_PAGES = ByToken(token="from")
_WRITING = ("writing",)

_CHATS = Endpoints("chats", host="api", scope="talk", buckets=("reading",))
CHATS = _CHATS.add(
    "GET",
    "list",
    "/chats",
    Json(Page[Chat], _itself, records=("items",), record=Chat),
    pages=_PAGES,
)
MESSAGES = _CHATS.add(
    "GET",
    "messages",
    "/chats/{id}/messages",
    Json(Page[Message], _itself, records=("items",), record=Message),
    pages=_PAGES,
)
# What is not GET writes, and is not repeatable: a buyer would get it twice.
SEND = _CHATS.add("POST", "send", "/chats/{id}/messages", Nothing(), buckets=_WRITING)

_FEEDBACKS = Endpoints("feedbacks", host="api", scope="talk", buckets=("reading",))
FEEDBACKS = _FEEDBACKS.add(
    "GET",
    "list",
    "/feedbacks",
    Json(Page[Feedback], _itself, records=("items",), record=Feedback),
    pages=_PAGES,
)
REPLY = _FEEDBACKS.add("POST", "reply", "/feedbacks/{id}/reply", Nothing(), buckets=_WRITING)

ENDPOINTS = (*_CHATS.rows, *_FEEDBACKS.rows)
