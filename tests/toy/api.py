"""What Toy sends, and its endpoints as data."""

from datetime import datetime
from typing import Generic, TypeVar

import msgspec

from wbym.calls import Endpoint, Json, Nothing
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


CHATS = Endpoint(
    name="chats.list",
    method="GET",
    host="api",
    path="/chats",
    reply=Json(Page[Chat], _itself, records=("items",), record=Chat),
    buckets=("reading",),
    scope="talk",
    pages=ByToken(token="from"),
)
MESSAGES = Endpoint(
    name="chats.messages",
    method="GET",
    host="api",
    path="/chats/{id}/messages",
    reply=Json(Page[Message], _itself, records=("items",), record=Message),
    buckets=("reading",),
    scope="talk",
    pages=ByToken(token="from"),
)
SEND = Endpoint(
    name="chats.send",
    method="POST",
    host="api",
    path="/chats/{id}/messages",
    reply=Nothing(),
    buckets=("writing",),
    scope="talk",
    writes=True,
    repeatable=False,  # a buyer would get it twice
)
FEEDBACKS = Endpoint(
    name="feedbacks.list",
    method="GET",
    host="api",
    path="/feedbacks",
    reply=Json(Page[Feedback], _itself, records=("items",), record=Feedback),
    buckets=("reading",),
    scope="talk",
    pages=ByToken(token="from"),
)
REPLY = Endpoint(
    name="feedbacks.reply",
    method="POST",
    host="api",
    path="/feedbacks/{id}/reply",
    reply=Nothing(),
    buckets=("writing",),
    scope="talk",
    writes=True,
    repeatable=False,
)

ENDPOINTS = (CHATS, MESSAGES, SEND, FEEDBACKS, REPLY)
