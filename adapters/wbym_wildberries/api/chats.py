"""Chats with buyers: the list, the feed of events, messages, files."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Final

import msgspec

from wbym.calls import ApiGroup, Binary, Download, Endpoints, Part, QueryValue, Upload
from wbym.errors import InvalidInput
from wbym.paging import ByToken
from wbym_wildberries.api.base import Wire, itself, length
from wbym_wildberries.token import Category

__all__ = ["Chat", "ChatList", "Chats", "Event", "EventsPage", "SentMessage"]

TEXT_MOST: Final = 1000
SIGN_MOST: Final = 255
"""Characters."""
FILE_MOST: Final = 5 * 1024 * 1024
FILES_MOST: Final = 30 * 1024 * 1024
"""Bytes, of one file and of all files of a message."""
STAMP_MOST: Final = 253_402_300_799_999
"""The last millisecond of the year 9999. An event with another time, such as in microseconds, has
no place in the feed: it is set aside."""


class _Signed(Wire, frozen=True):
    """The base of structs that carry ``reply_sign``, which must not show in ``repr``."""

    def __rich_repr__(self) -> list[tuple[str, object]]:
        names = (name for name in self.__struct_fields__ if name not in _SECRET)
        return [(name, getattr(self, name)) for name in names]

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"


_SECRET = {"reply_sign", "sign"}
_REPLY_SIGN = frozenset({"replySign"})


class GoodCard(Wire, frozen=True):
    """The order that a chat is about."""

    nm_id: int | None = msgspec.field(default=None, name="nmID")
    rid: str | None = None
    """The order's id; claims call it ``srid``."""
    price: int | float | None = None
    price_currency: str | None = None
    size: str | None = None
    date: str | None = None
    status_id: int | None = msgspec.field(default=None, name="statusID")


class LastMessage(Wire, frozen=True):
    """The last message of a chat, without its author."""

    text: str | None = None
    add_timestamp: int | None = None
    """Unix milliseconds."""


class Chat(_Signed, frozen=True):
    """A chat as Wildberries sends it."""

    chat_id: str = msgspec.field(name="chatID")
    reply_sign: str | None = None
    """Secret: what a message to this chat is sent with."""
    client_id: str | None = msgspec.field(default=None, name="clientID")
    client_name: str | None = None
    good_card: GoodCard | None = None
    last_message: LastMessage | None = None


class ChatList(Wire, frozen=True):
    """All chats of the seller."""

    result: list[Chat] | None = None
    errors: list[str] | None = None


class File(Wire, frozen=True):
    """A file of a message."""

    download_id: str | None = msgspec.field(default=None, name="downloadID")
    name: str | None = None
    content_type: str | None = None
    size: int | None = None
    date: str | None = None
    url: str | None = None


class Image(Wire, frozen=True):
    """A picture of a message."""

    download_id: str | None = msgspec.field(default=None, name="downloadID")
    date: str | None = None
    url: str | None = None


class Attachments(Wire, frozen=True):
    """What comes with a message."""

    good_card: GoodCard | None = None
    files: list[File] | None = None
    images: list[Image] | None = None


class EventMessage(Wire, frozen=True):
    """What was written."""

    text: str | None = None
    attachments: Attachments | None = None


class Event(_Signed, frozen=True):
    """One event of one of the seller's chats."""

    chat_id: str = msgspec.field(name="chatID")
    event_id: str = msgspec.field(name="eventID")
    add_timestamp: Annotated[int, msgspec.Meta(ge=0, le=STAMP_MOST)]
    """Unix milliseconds."""
    event_type: str | None = None
    """``message``."""
    is_new_chat: bool | None = None
    message: EventMessage | None = None
    """Absent in some automatic lines."""
    source: str | None = None
    add_time: str | None = None
    reply_sign: str | None = None
    """Secret; with a new chat only."""
    sender: str | None = None
    """``client``, ``seller`` or ``wb``."""
    client_id: str | None = msgspec.field(default=None, name="clientID")
    client_name: str | None = None


class EventsResult(Wire, frozen=True):
    """One stretch of the feed."""

    next: int | None = None
    """Unix milliseconds: what to ask the next stretch with."""
    total_events: int = 0
    """How many events this answer has; 0 says that the feed is read to its end."""
    events: list[Event] | None = None
    newest_event_time: str | None = None
    oldest_event_time: str | None = None


class EventsPage(Wire, frozen=True):
    """One page of the feed."""

    result: EventsResult
    errors: list[str] | None = None


class SendResult(_Signed, frozen=True):
    """What Wildberries tells of an accepted message; there is no id."""

    add_time: int | None = None
    """Unix milliseconds."""
    chat_id: str | None = msgspec.field(default=None, name="chatID")
    sign: str | None = None


class SentMessage(Wire, frozen=True):
    """The answer to a message: accepted, perhaps without some of its files."""

    result: SendResult | None = None
    errors: list[str] | None = None
    """What was wrong with files."""


_TABLE = Endpoints("chats", host="chat", scope=Category.BUYER_CHAT.scope)

LIST = _TABLE.add(
    "GET",
    "list",
    "/api/v1/seller/chats",
    itself(ChatList, records=("result",), record=Chat, secrets=_REPLY_SIGN),
)
EVENTS = _TABLE.add(
    "GET",
    "events",
    "/api/v1/seller/events",
    itself(EventsPage, records=("result", "events"), record=Event, secrets=_REPLY_SIGN),
    pages=ByToken(token="next"),
)
SEND = _TABLE.add("POST", "send", "/api/v1/seller/message", itself(SentMessage))
DOWNLOAD = _TABLE.add("GET", "download", "/api/v1/seller/download/{id}", Binary())

ENDPOINTS = _TABLE.rows


def events_query(next: int | None) -> dict[str, QueryValue]:  # noqa: A002 - WB's own name
    """The cursor of the feed, checked: Wildberries refuses 0."""
    if next is not None and next <= 0:
        raise InvalidInput(EVENTS.name, "next", "must be a time in Unix milliseconds", next)
    return {"next": next}


def check_message(text: str, files: Sequence[Upload]) -> None:
    """Refuse what Wildberries would refuse.

    Raises:
        InvalidInput: The text is too long or shows nothing, there is neither text nor file, or a
            file is too big or neither JPEG, PNG nor PDF by its content.
    """
    length(SEND.name, "text", text, 0 if files and not text else 1, TEXT_MOST)
    for file in files:
        if file.content_type is None:
            rule = "must be JPEG, PNG or PDF by its content"
            raise InvalidInput(SEND.name, "files", rule, file)
        if len(file.content) > FILE_MOST:
            rule = f"must have at most {FILE_MOST} bytes each"
            raise InvalidInput(SEND.name, "files", rule, file)
    if sum(len(file.content) for file in files) > FILES_MOST:
        rule = f"must have at most {FILES_MOST} bytes in all"
        raise InvalidInput(SEND.name, "files", rule, files)


class Chats(ApiGroup):
    """``api.chats``.

    Each method has a bucket of its own: 1 call a second, 10 at once; with a base token 1 an hour
    (downloads 10).
    """

    async def list(self) -> ChatList:
        """All chats of the seller (GET /api/v1/seller/chats).

        It may be empty, or lack a chat, while the feed of events has messages of it.
        """
        return await self._call(LIST)

    async def events(self, *, next: int | None = None) -> EventsPage:  # noqa: A002
        """A stretch of the feed of all chats (GET /api/v1/seller/events).

        Args:
            next: What the stretch before says, or any past time in Unix milliseconds; None for the
                beginning. The feed is read to its end when ``total_events`` is 0, not before.

        Raises:
            InvalidInput: ``next`` is 0 or less.
        """
        return await self._call(EVENTS, query=events_query(next))

    async def send(
        self, reply_sign: str, text: str = "", *, files: Sequence[Upload] = ()
    ) -> SentMessage:
        """Send a message to a buyer (POST /api/v1/seller/message). Not repeatable.

        Args:
            reply_sign: The chat's signature, from the list of chats or a new chat's event.
            text: At most 1,000 characters; may be empty with files.
            files: JPEG, PNG or PDF, at most 5 MB each and 30 MB in all.

        Raises:
            InvalidInput: The text or a file breaks a rule.
            BadRequest: The signature is not (or no more) valid, or the message is refused.
            DeliveryUnknown: It may or may not have been sent.
        """
        if not 1 <= len(reply_sign) <= SIGN_MOST:
            rule = f"must have 1 to {SIGN_MOST} characters"
            raise InvalidInput(SEND.name, "reply_sign", rule, f"{len(reply_sign)} characters")
        check_message(text, files)
        parts = [Part("replySign", reply_sign)]
        if text:
            parts.append(Part("message", text))
        parts += [Part("file", file.content, file.name, file.content_type) for file in files]
        return await self._call(SEND, parts=parts)

    def download(self, download_id: str) -> AbstractAsyncContextManager[Download]:
        """Open a file of a message (GET /api/v1/seller/download/{id}).

        Args:
            download_id: ``download_id`` of a file or a picture.

        Raises:
            NotReady: 202, it is still in moderation.
            RefusedByModeration: 451.
        """
        return self._pipeline.download(DOWNLOAD, path={"id": download_id}, priority=self._priority)
