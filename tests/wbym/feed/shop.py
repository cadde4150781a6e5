"""A made-up marketplace in memory: chats and feedbacks that can be followed, and replied to.

It is the judge of what the feed and the outbox promise: `sent` and `answers` are what buyers see.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, TypeAlias, TypeVar

import msgspec

from tests.account import BareAccount
from tests.support.sources import MemorySource
from wbym.account import Batch, Poll, Sighting, Stream
from wbym.calls import Download, Length, Upload, require
from wbym.domain import (
    Answer,
    AnswerStatus,
    Attachment,
    Author,
    Chat,
    Feedback,
    Message,
    Question,
    Ref,
    Return,
    Sent,
)
from wbym.errors import (
    BadRequest,
    CallError,
    ConnectionFailed,
    DeliveryUnknown,
    NotFound,
    WbymError,
)
from wbym.limits import Priority
from wbym.paging import Chunk, Listing

E = TypeVar("E", bound=CallError)

BEGIN = datetime(2026, 5, 1, tzinfo=UTC)

TEXT = Annotated[str, Length(1, 1000)]

Trouble: TypeAlias = Literal["lost before", "lost after", "unreached", "refused", "hangs"]


class Shop(BareAccount):
    """One seller's account.

    Args:
        name: The account's name.
        every: Seconds between polls.
        page: Messages on a page.
        clock: The marketplace's clock.
    """

    def __init__(
        self,
        name: str = "shop",
        *,
        every: float = 1.0,
        page: int = 10,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(name)
        self.every = every
        self.page = page
        self.clock = clock
        self.log: list[Message] = []
        """Every message of every chat, in order."""
        self.sent: list[tuple[str, str]] = []
        """What buyers got: the chat and the text."""
        self.items: dict[str, Feedback] = {}
        self.trouble: deque[Trouble | None] = deque()
        """What happens to the next things that are written."""
        self.failing: deque[WbymError | None] = deque()
        """What the next polls raise."""
        self.polls = 0
        self.asked: list[Poll] = []
        self.hidden = False
        """Whether replies stay out of sight."""

    # The marketplace's side.

    def arrive(
        self, text: str, chat: str = "1", author: Author = Author.BUYER, at: datetime | None = None
    ) -> str:
        """Somebody writes; the message's id."""
        number = str(len(self.log) + 1)
        message = Message(
            ref=Ref("toy", self.name, number),
            chat=Ref("toy", self.name, chat),
            author=author,
            sent_at=at or self.clock(),
            text=text,
        )
        self.log.append(message)
        return number

    def review(self, number: str, *, at: datetime | None = None) -> Feedback:
        """A buyer gives a feedback."""
        made = Feedback(ref=Ref("toy", self.name, number), created_at=at or self.clock())
        self.items[number] = made
        return made

    def chat(self, number: str = "1") -> Chat:
        return Chat(ref=Ref("toy", self.name, number))

    async def _write(self, effect: Callable[[], object]) -> None:
        trouble = self.trouble.popleft() if self.trouble else None
        if trouble == "unreached":
            raise self._error(ConnectionFailed, "no connection")
        if trouble == "refused":
            raise self._error(BadRequest, "bad words", 400)
        if trouble == "lost before":
            raise self._error(DeliveryUnknown, "the connection was lost")
        effect()
        if trouble == "hangs":
            await asyncio.sleep(60)
        if trouble in {"lost after", "hangs"}:
            raise self._error(DeliveryUnknown, "the connection was lost")

    def _error(self, kind: type[E], words: str, status: int | None = None) -> E:
        return kind(words, marketplace="toy", account=self.name, endpoint="x", status=status)

    # The account's side.

    def chats(
        self,
        *,
        waiting_for_seller: bool | None = None,
        cursor: str | None = None,
        priority: Priority | None = None,
    ) -> Listing[Chat]:
        raise NotImplementedError

    def messages(
        self,
        chat: Chat,
        *,
        since: datetime | None = None,
        cursor: str | None = None,
        priority: Priority | None = None,
    ) -> Listing[Message]:
        def page(_: str | None, __: int | None) -> Chunk[Message]:
            found = [
                message
                for message in self.log
                if message.chat == chat.ref and (since is None or message.sent_at >= since)
            ]
            return Chunk(found, len(found))

        return MemorySource(page).listing()

    def download(self, attachment: Attachment) -> AbstractAsyncContextManager[Download]:
        raise NotImplementedError

    async def send(self, chat: Chat, text: str, *, files: Sequence[Upload] = ()) -> Sent:
        require("send", "text", text, TEXT)

        def effect() -> None:
            self.sent.append((chat.ref.id, text))
            if not self.hidden:
                self.arrive(text, chat.ref.id, Author.SELLER)

        await self._write(effect)
        return Sent(chat=chat.ref, text=text, sent_at=self.clock())

    def feedbacks(self, **_: object) -> Listing[Feedback]:
        raise NotImplementedError

    async def answer(self, item: Question | Feedback, text: str) -> None:
        number = item.ref.id
        require("answer", "text", text, TEXT)

        def effect() -> None:
            self.sent.append((number, text))
            if not self.hidden and number in self.items:
                self.items[number] = msgspec.structs.replace(
                    self.items[number], answer=Answer(text, AnswerStatus.IN_MODERATION)
                )

        await self._write(effect)

    async def edit_answer(self, item: Question | Feedback, text: str) -> None:
        raise NotImplementedError

    async def reread(self, item: Question | Feedback | Return) -> Feedback:
        if item.ref.id not in self.items:
            raise self._error(NotFound, "no such feedback", 404)
        return self.items[item.ref.id]

    def streams(self) -> Sequence[Stream]:
        return [ChatsOf(self), FeedbacksOf(self)]


class ChatsOf:
    """The messages, from the last that was read on."""

    name = "chats"

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    @property
    def every(self) -> float:
        return self.shop.every

    async def poll(self, asked: Poll) -> AsyncGenerator[Batch, None]:
        shop = self.shop
        shop.polls += 1
        shop.asked.append(asked)
        place = int(asked.state or b"0")
        while True:
            if shop.failing and (error := shop.failing.popleft()) is not None:
                raise error
            page = shop.log[place : place + shop.page]
            if not page:
                return
            place += len(page)
            sightings: list[Sighting] = []
            for message in page:
                chat = Chat(ref=message.chat)
                sightings.append(Sighting(chat, message.sent_at))
                sightings.append(Sighting(message, message.sent_at, chat=chat))
            yield Batch(sightings, str(place).encode(), page[-1].sent_at - timedelta(days=2))


class FeedbacksOf:
    """All feedbacks, each time."""

    name = "feedbacks"

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    @property
    def every(self) -> float:
        return self.shop.every

    async def poll(self, asked: Poll) -> AsyncGenerator[Batch, None]:
        yield Batch(
            [
                Sighting(item, item.created_at, item.answer.text if item.answer else "")
                for item in self.shop.items.values()
            ]
        )
