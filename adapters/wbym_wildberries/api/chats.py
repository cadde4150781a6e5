"""Chats with buyers: the list, the feed of events, messages, files."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from types import MemberDescriptorType, NoneType
from typing import Annotated, Any, Generic, TypeVar, get_origin

import msgspec

from wbym.calls import (
    Download,
    Each,
    Form,
    Group,
    Json,
    Length,
    Reply,
    Secret,
    SecretText,
    Unreadable,
    Upload,
    get,
    is_blank,
    post,
)
from wbym.paging import ByToken, Listing, SinglePage
from wbym_wildberries._token import Category
from wbym_wildberries.api._base import Wire, as_is
from wbym_wildberries.api._bounds import (
    EARLIEST_STAMP,
    FILE_SIZE,
    FILE_TYPE,
    FILES_SIZE,
    LATEST_STAMP,
    MESSAGE,
)

__all__ = [
    "Chat",
    "Chats",
    "Event",
    "EventsResult",
    "SentMessage",
]

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)


class _Signed(Wire, frozen=True, gc=True, dict=True):
    """The base of structs with a signature.

    The field itself becomes ``***``, which is all that JSON and pickles of the struct have;
    ``repr`` leaves it out. The attribute is a :class:`wbym.calls.SecretText`, which copies of the
    struct lack.
    """

    def __rich_repr__(self) -> list[tuple[str, object]]:
        names = (name for name in self.__struct_fields__ if name not in _SIGNATURES)
        return [(name, getattr(self, name)) for name in names]

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"

    def __post_init__(self) -> None:
        for name in _SIGNATURES & set(self.__struct_fields__):
            field = vars(type(self))[name].field
            if (text := field.__get__(self)) is not None:
                vars(self)[name] = SecretText(text)
                field.__set__(self, str(vars(self)[name]))


class _HiddenField:
    """Reads a signature from where :class:`_Signed` keeps it."""

    def __init__(self, name: str, field: MemberDescriptorType) -> None:
        self.name = name
        self.field = field

    def __get__(self, signed: _Signed | None, owner: type) -> object:
        return self if signed is None else vars(signed).get(self.name)

    def __set__(self, signed: _Signed, value: object) -> None:
        raise AttributeError(f"immutable type: {type(signed).__name__!r}")


def _hide_signatures(struct: type[S]) -> type[S]:
    for name in _SIGNATURES & set(struct.__struct_fields__):
        setattr(struct, name, _HiddenField(name, vars(struct)[name]))
    return struct


_SIGNATURES = {"reply_sign", "sign"}
_SIGNATURE_NAMES = frozenset({"replySign", "sign"})


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


@_hide_signatures
class Chat(_Signed, frozen=True):
    """A chat as Wildberries sends it."""

    chat_id: str = msgspec.field(name="chatID")
    reply_sign: str | None = None
    """The signature for messages to this chat: a :class:`wbym.calls.SecretText`."""
    client_id: str | None = msgspec.field(default=None, name="clientID")
    client_name: str | None = None
    good_card: GoodCard | None = None
    last_message: LastMessage | None = None


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
    """Attachments of a message."""

    good_card: GoodCard | None = None
    files: list[File] | None = None
    images: list[Image] | None = None


class EventMessage(Wire, frozen=True):
    """The content of a message."""

    text: str | None = None
    attachments: Attachments | None = None


@_hide_signatures
class Event(_Signed, frozen=True):
    """One event of one of the seller's chats."""

    chat_id: str = msgspec.field(name="chatID")
    event_id: str = msgspec.field(name="eventID")
    add_timestamp: Annotated[int, msgspec.Meta(ge=EARLIEST_STAMP, le=LATEST_STAMP)]
    """Unix milliseconds."""
    event_type: str | None = None
    """``message``."""
    is_new_chat: bool | None = None
    message: EventMessage | None = None
    """Absent in some automatic messages."""
    source: str | None = None
    add_time: str | None = None
    reply_sign: str | None = None
    """A :class:`wbym.calls.SecretText`; only in the event of a new chat."""
    sender: str | None = None
    """``client``, ``seller`` or ``wb``."""
    client_id: str | None = msgspec.field(default=None, name="clientID")
    client_name: str | None = None


class EventsResult(Wire, frozen=True):
    """One page of the feed."""

    next: int | None = None
    """The cursor of the next page, in Unix milliseconds."""
    total_events: int | None = None
    """The number of events in this page; 0 at the end of the feed."""
    events: list[Event] | None = None
    newest_event_time: str | None = None
    oldest_event_time: str | None = None


@_hide_signatures
class SendResult(_Signed, frozen=True):
    """Wildberries' data of an accepted message; it has no id."""

    add_time: int | None = None
    """Unix milliseconds."""
    chat_id: str | None = msgspec.field(default=None, name="chatID")
    sign: str | None = None
    """A :class:`wbym.calls.SecretText`."""


class SentMessage(Wire, frozen=True):
    """The response to a message: accepted, perhaps without some of its files."""

    result: SendResult | None = None
    errors: list[str] | None = None
    """Errors of files."""


class Result(Wire, Generic[T], frozen=True):
    """The envelope of chats and events."""

    result: T | msgspec.UnsetType | None = msgspec.UNSET
    """An empty list may be null."""
    errors: list[str] | None = None


def _open(body: Result[T]) -> T:
    if body.result is None or body.result is msgspec.UNSET:
        raise Unreadable("; ".join(["the response has no result", *(body.errors or ())]))
    return body.result


def _open_list(body: Result[list[T]]) -> list[T]:
    return [] if body.result is None else _open(body)


def in_result(
    data: Any,  # noqa: ANN401 - a type
    /,
    *,
    records: tuple[str, ...] = (),
    record: type | None = None,
) -> Reply[Any]:
    """The reply inside a :class:`Result`; see :class:`wbym.calls.Envelope`."""
    if data is NoneType:
        return as_is(data)
    path = ("result", *records) if record else ()
    opened = _open_list if get_origin(data) is list else _open
    return Json(Result[data], opened, records=path, record=record, secrets=_SIGNATURE_NAMES)


_SENT: Reply[SentMessage] = Json(SentMessage, lambda body: body, secrets=_SIGNATURE_NAMES)


def _has_content(arguments: Mapping[str, Any]) -> tuple[str, str] | None:
    """A message has a visible text, or no text and a file."""
    text = arguments["text"]
    if not (is_blank(text) if text else not arguments["files"]):
        return None
    return "text", "must have a visible character, or be left out if files are sent"


class Chats(Group, host="chat", scope=Category.BUYER_CHAT.scope, envelope=in_result):
    """``api.chats``.

    Each method has its own bucket: 1 call per second, burst 10; with a base token 1 per hour
    (downloads 10).
    """

    @get("/api/v1/seller/chats", pages=SinglePage())
    def list(self) -> Listing[Chat]:
        """All chats of the seller, in one page.

        The list may lack a chat, or be empty, while the feed has events of the chat.
        """
        ...

    @get(
        "/api/v1/seller/events",
        pages=ByToken("next", is_number=True, end="total_events"),
        page=EventsResult,
    )
    def events(self) -> Listing[Event]:
        """The feed of all chats; a page is an :class:`EventsResult`.

        A cursor is any past time in Unix milliseconds: events after it are returned. WB promises no
        order within a page. The feed ends with a page whose ``total_events`` is 0, not before.
        """
        ...

    @post("/api/v1/seller/message", reply=_SENT, rules=[_has_content])
    async def send(
        self,
        reply_sign: Annotated[str, Form("replySign"), Length(1, 255), Secret()],
        text: Annotated[str, Form("message"), MESSAGE] = "",
        *,
        files: Annotated[
            Sequence[Upload], Form("file"), Each(FILE_TYPE), Each(FILE_SIZE), FILES_SIZE
        ] = (),
    ) -> SentMessage:
        """Send a message to a buyer.

        Args:
            reply_sign: The chat's signature, from the list of chats or a new chat's event.
            text: At most 1,000 characters; may be empty with files.
            files: JPEG, PNG or PDF, at most 5 MB each and 30 MB in total.

        Raises:
            BadRequest: The signature is not valid (any more), or WB rejected the message.
            DeliveryUnknown: It may or may not have been sent.
        """
        ...

    @get("/api/v1/seller/download/{id}", not_found=(400,))
    def download(self, id: str) -> AbstractAsyncContextManager[Download]:
        """Open a file of a message, by ``download_id`` of a file or a picture.

        Raises:
            NotReady: 202, the file is still in moderation.
            RefusedByModeration: 451, moderation rejected the file.
            NotFound: 400, WB has no such file.
        """
        ...
