"""An HTTP service that lists unanswered items of all accounts, and replies to them by ``ref``."""

import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import Depends, FastAPI, Header, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from wbym import (
    AccountsFailed,
    CallError,
    Chat,
    Delivery,
    DeliveryState,
    Feedback,
    Inbox,
    InvalidInput,
    LimitsUnavailable,
    Listing,
    Noun,
    Question,
    QuotaExhausted,
    Ref,
    RefError,
    Return,
    StateError,
    Unsupported,
    WbymError,
)

T = TypeVar("T")

STATUS_OF_ERROR: tuple[tuple[type[WbymError], int], ...] = (
    (RefError, 404),
    (InvalidInput, 422),
    (Unsupported, 422),
    (QuotaExhausted, 503),
    (LimitsUnavailable, 503),
    (StateError, 503),
    (CallError, 502),
    (WbymError, 500),
)
"""The first that fits counts."""
STATUS_OF_DELIVERY = {
    DeliveryState.ACCEPTED: 200,
    DeliveryState.CONFIRMED: 200,
    DeliveryState.PENDING: 202,
    DeliveryState.SENDING: 202,
    DeliveryState.REJECTED: 409,
    DeliveryState.UNKNOWN: 409,
}


class Item(BaseModel):
    """An item that waits for the seller."""

    ref: str
    kind: str
    account: str
    text: str
    rating: int | None = None
    waiting_since: datetime | None
    reply_until: datetime | None = None


class Unanswered(BaseModel):
    """The unanswered items, and what failed while they were read."""

    items: list[Item]
    errors: list[str]


class Reply(BaseModel):
    """A reply to write."""

    ref: str
    text: str


class Sent(BaseModel):
    """The state of a reply."""

    ref: str
    state: str
    note: str | None


def item_of(record: Chat | Question | Feedback | Return) -> Item:
    """A record as JSON shows it."""
    item = Item(
        ref=str(record.ref),
        kind=record.ref.noun,
        account=record.ref.account,
        text="",
        waiting_since=record.waiting_since,
    )
    match record:
        case Chat():
            item.text = record.last_text or ""
        case Question():
            item.text, item.reply_until = record.text, record.reply_until
        case Feedback():
            item.text, item.rating = record.body, record.rating
        case Return():
            item.text, item.reply_until = record.buyer_comment or "", record.reply_until
    return item


async def read(
    listing: Listing[T], item_of: Callable[[T], Item], found: Unanswered, limit: int
) -> None:
    """Read the first items of a list of all accounts; an account that fails is named."""
    try:
        async for record in listing:
            found.items.append(item_of(record))
            limit -= 1
            if limit == 0:
                return
    except AccountsFailed as failed:
        found.errors += [str(error) for error in failed.exceptions]


async def send(inbox: Inbox, reply: Reply, key: str) -> Delivery:
    """Send a message to a chat, or answer a question or a feedback."""
    ref = Ref.parse(reply.ref)
    if ref.noun is Noun.CHAT:
        return await inbox.send(ref, reply.text, idempotency_key=key)
    return await inbox.answer(ref, reply.text, idempotency_key=key)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None, None]:
    """Keep the inbox open while the service runs."""
    config = os.environ.get("WBYM_CONFIG", "wbym.toml")
    state = os.environ.get("WBYM_STATE")
    timeout = float(os.environ.get("CONFIRMATION_TIMEOUT", "300"))  # seconds; see docs/feed.md
    async with Inbox.from_config(config, state=state, confirmation_timeout=timeout) as inbox:
        app.state.inbox = inbox
        yield


def inbox_of(request: Request) -> Inbox:
    """The open inbox."""
    inbox: Inbox = request.app.state.inbox
    return inbox


OpenInbox = Annotated[Inbox, Depends(inbox_of)]

app = FastAPI(title="Unanswered items", lifespan=lifespan)


@app.get("/unanswered")
async def unanswered(
    inbox: OpenInbox, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> Unanswered:
    """Items of all accounts that wait for the seller, up to a number of each kind."""
    found = Unanswered(items=[], errors=[])
    await read(inbox.returns(is_open=True), item_of, found, limit)
    await read(inbox.chats(waiting_for_seller=True), item_of, found, limit)
    await read(inbox.questions(answered=False), item_of, found, limit)
    await read(inbox.feedbacks(answered=False), item_of, found, limit)
    return found


@app.post("/reply")
async def reply(
    inbox: OpenInbox, reply: Reply, idempotency_key: Annotated[str, Header()], response: Response
) -> Sent:
    """Reply to a chat, a question or a feedback; the same key never sends twice."""
    delivery = await send(inbox, reply, idempotency_key)
    response.status_code = STATUS_OF_DELIVERY[delivery.state]
    return Sent(ref=str(delivery.target), state=delivery.state, note=delivery.note)


@app.exception_handler(WbymError)
async def show_error(request: Request, error: WbymError) -> JSONResponse:
    """The status and text of an error."""
    status = next(status for kind, status in STATUS_OF_ERROR if isinstance(error, kind))
    headers = None
    if error.retry_after is not None:
        headers = {"Retry-After": str(max(1, round(error.retry_after)))}
    return JSONResponse(
        {"error": type(error).__name__, "detail": str(error)}, status, headers=headers
    )
