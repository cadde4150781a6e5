"""Toy's records and operations."""

from datetime import datetime
from types import NoneType
from typing import Annotated, Any, Final, Generic, TypeVar

import msgspec

from wbym.calls import Group, Json, Length, Nothing, Reply, get, post, rows_of
from wbym.paging import ByToken, Listing

W = TypeVar("W")


class Wire(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """The base of Toy's records: only fields that the mapping needs are required."""


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


def as_is(data: Any, /, **page: Any) -> Reply[Any]:  # noqa: ANN401 - types
    """The reply that is the whole body; see :class:`wbym.calls.Envelope`."""
    return Nothing() if data is NoneType else Json(data, lambda it: it, **page)


PAGES: Final = ByToken("from")
MESSAGE: Final = Length(1, 200)
REPLY: Final = Length(3, 300)
WRITING: Final = ("writing",)


class ToyGroup(Group, host="api", scope="talk", bucket="reading", envelope=as_is):
    """The base of Toy's operations."""


class Chats(ToyGroup):
    @get("/chats", pages=PAGES, page=Page[Chat])
    def list(self, *, unread: bool | None = None) -> Listing[Chat]:
        """Chats: all, unread ones, or the others."""

    @get("/chats/{id}/messages", pages=PAGES, page=Page[Message])
    def messages(self, id: str) -> Listing[Message]:  # noqa: A002 - Toy's name
        """A chat's messages, oldest first."""

    # A POST writes and is not idempotent: a second call would send a second message.
    @post("/chats/{id}/messages", buckets=WRITING)
    async def send(self, id: str, text: Annotated[str, MESSAGE]) -> None:  # noqa: A002
        """Send a message."""


class Feedbacks(ToyGroup):
    @get("/feedbacks", pages=PAGES, page=Page[Feedback])
    def list(self, *, answered: bool | None = None) -> Listing[Feedback]:
        """Feedbacks: all, answered ones, or the others."""

    @post("/feedbacks/{id}/reply", buckets=WRITING)
    async def reply(self, id: str, text: Annotated[str, REPLY]) -> None:  # noqa: A002
        """Reply to a feedback that has no reply yet."""

    @get("/feedbacks/{id}")
    async def get(self, id: str) -> Feedback:  # noqa: A002
        """One feedback."""


ROWS: Final = tuple(rows_of(Chats, Feedbacks))
