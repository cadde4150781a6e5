"""A made-up marketplace in memory: chats and feedbacks are followed, questions answered too.

It verifies the promises of the feed and the outbox: `sent` is what buyers see.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final, Literal, TypeAlias, TypeVar

import msgspec

from tests.support.account import BareAccount
from tests.support.sources import MemorySource
from wbym.account import (
    Batch,
    Capabilities,
    Capability,
    Observation,
    Poll,
    ReadOptions,
    Receipt,
    Stream,
    Support,
    Supported,
)
from wbym.calls import Upload
from wbym.domain import (
    Answer,
    AnswerStatus,
    Author,
    Chat,
    Feedback,
    Message,
    Noun,
    Question,
    QuestionStatus,
    Ref,
)
from wbym.errors import (
    BadRequest,
    CallError,
    ConnectionFailed,
    DeliveryUnknown,
    LimitsUnavailable,
    NotFound,
    WbymError,
)
from wbym.paging import Chunk, Listing

E = TypeVar("E", bound=CallError)

BEGIN = datetime(2026, 5, 1, tzinfo=UTC)

Trouble: TypeAlias = Literal[
    "lost before", "lost after", "unreached", "rejected", "hangs", "no limits"
]

NATIVE: Final = Supported(Support.NATIVE)
TEXT: Final = Supported(Support.NATIVE, {"max_text_length": 1000})


class Shop(BareAccount):
    """One seller's account.

    Args:
        name: The account's name.
        every: Seconds between polls.
        page: Messages on a page.
        clock: The marketplace's clock.
    """

    CAPABILITIES: ClassVar[Capabilities] = {
        Capability.MESSAGES: NATIVE,
        Capability.MESSAGES_SINCE: NATIVE,
        Capability.SEND: TEXT,
        Capability.SEND_FILES: NATIVE,
        Capability.GET_QUESTION: NATIVE,
        Capability.ANSWER_QUESTION: TEXT,
        Capability.EDIT_QUESTION_ANSWER: TEXT,
        Capability.REJECT_QUESTION: TEXT,
        Capability.GET_FEEDBACK: NATIVE,
        Capability.ANSWER_FEEDBACK: TEXT,
        Capability.EDIT_FEEDBACK_ANSWER: TEXT,
        Capability.EVENTS: NATIVE,
    }

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
        """Chat and text of the messages that buyers received."""
        self.items: dict[str, Feedback] = {}
        self.asks: dict[str, Question] = {}
        self.trouble: deque[Trouble | None] = deque()
        """Faults of the next writes."""
        self.failing: deque[WbymError | None] = deque()
        """Errors of the next polls."""
        self.polls = 0
        self.requests: list[Poll] = []
        self.slow = 0.0
        """Seconds before what is written has its effect."""
        self.hidden = False
        """Whether replies are invisible."""

    # The marketplace's side.

    def arrive(
        self,
        text: str | None,
        chat: str = "1",
        author: Author = Author.BUYER,
        at: datetime | None = None,
    ) -> str:
        """Add a message; returns its id."""
        number = str(len(self.log) + 1)
        message = Message(
            ref=self.ref(Noun.MESSAGE, number),
            chat=self.ref(Noun.CHAT, chat),
            author=author,
            sent_at=at or self.clock(),
            text=text,
        )
        self.log.append(message)
        return number

    def review(self, number: str, *, at: datetime | None = None) -> Feedback:
        """A buyer gives a feedback."""
        made = Feedback(ref=self.ref(Noun.FEEDBACK, number), created_at=at or self.clock())
        self.items[number] = made
        return made

    def ask(self, number: str) -> Question:
        """A buyer asks a question."""
        made = Question(
            ref=self.ref(Noun.QUESTION, number),
            text="?",
            created_at=self.clock(),
            status=QuestionStatus.WAITING,
        )
        self.asks[number] = made
        return made

    def ref(self, noun: Noun, number: str) -> Ref:
        return Ref("toy", self.name, noun, number)

    def chat(self, number: str = "1") -> Chat:
        return Chat(ref=self.ref(Noun.CHAT, number))

    async def _write(self, effect: Callable[[], object]) -> None:
        trouble = self.trouble.popleft() if self.trouble else None
        if trouble == "unreached":
            raise self._error(ConnectionFailed, "no connection")
        if trouble == "no limits":
            raise LimitsUnavailable("redis://cache", "it is away")
        if trouble == "rejected":
            raise self._error(BadRequest, "bad words", 400)
        if trouble == "lost before":
            raise self._error(DeliveryUnknown, "the connection was lost")
        if self.slow:
            await asyncio.sleep(self.slow)
        effect()
        if trouble == "hangs":
            await asyncio.sleep(60)
        if trouble in {"lost after", "hangs"}:
            raise self._error(DeliveryUnknown, "the connection was lost")

    def _error(self, kind: type[E], reason: str, status: int | None = None) -> E:
        return kind(reason, marketplace="toy", account=self.name, endpoint="x", status=status)

    # The account's side.

    def _messages(
        self, chat: Chat, since: datetime | None, options: ReadOptions
    ) -> Listing[Message]:
        def page(_: str | None, __: int | None) -> Chunk[Message]:
            found = [
                message
                for message in self.log
                if message.chat == chat.ref and (since is None or message.sent_at >= since)
            ]
            return Chunk(found, len(found))

        return MemorySource(page).listing()

    async def _send(self, chat: Chat, text: str, files: Sequence[Upload]) -> Receipt | None:
        def effect() -> None:
            self.sent.append((chat.ref.id, text))
            if not self.hidden:
                self.arrive(text, chat.ref.id, Author.SELLER)

        await self._write(effect)
        return Receipt(self.clock())

    async def _get_question(self, question_id: str) -> Question:
        if question_id not in self.asks:
            raise self._error(NotFound, "no such question", 404)
        return self.asks[question_id]

    async def _get_feedback(self, feedback_id: str) -> Feedback:
        if feedback_id not in self.items:
            raise self._error(NotFound, "no such feedback", 404)
        return self.items[feedback_id]

    async def _answer_question(self, question: Question, text: str) -> Receipt | None:
        return await self._reply(question, text)

    async def _answer_feedback(self, feedback: Feedback, text: str) -> Receipt | None:
        return await self._reply(feedback, text)

    async def _edit_question_answer(
        self, question: Question, answer: Answer, text: str
    ) -> Receipt | None:
        return await self._reply(question, text)

    async def _edit_feedback_answer(
        self, feedback: Feedback, answer: Answer, text: str
    ) -> Receipt | None:
        return await self._reply(feedback, text)

    async def _reply(self, item: Question | Feedback, text: str) -> Receipt | None:
        number = item.ref.id
        answer = Answer(text, AnswerStatus.IN_MODERATION)

        def effect() -> None:
            self.sent.append((number, text))
            if self.hidden:
                return
            if isinstance(item, Question) and number in self.asks:
                self.asks[number] = msgspec.structs.replace(
                    self.asks[number], answer=answer, status=QuestionStatus.ANSWERED
                )
            elif isinstance(item, Feedback) and number in self.items:
                self.items[number] = msgspec.structs.replace(self.items[number], answer=answer)

        await self._write(effect)
        return None

    async def _reject_question(self, question: Question, reason: str) -> Receipt | None:
        number = question.ref.id

        def effect() -> None:
            self.sent.append((number, reason))
            if not self.hidden and number in self.asks:
                self.asks[number] = msgspec.structs.replace(
                    self.asks[number], status=QuestionStatus.REJECTED
                )

        await self._write(effect)
        return None

    def _streams(self) -> Sequence[Stream]:
        return [ChatsOf(self), FeedbacksOf(self)]


class ChatsOf:
    """Messages after the last that was read."""

    name = "chats"

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    @property
    def every(self) -> float:
        return self.shop.every

    async def poll(self, request: Poll) -> AsyncGenerator[Batch, None]:
        shop = self.shop
        shop.polls += 1
        shop.requests.append(request)
        place = int(request.state or b"0")
        while True:
            if shop.failing and (error := shop.failing.popleft()) is not None:
                raise error
            page = shop.log[place : place + shop.page]
            if not page:
                return
            place += len(page)
            observations: list[Observation] = []
            for message in page:
                chat = Chat(ref=message.chat)
                observations.append(Observation(chat, message.sent_at))
                observations.append(Observation(message, message.sent_at, chat=chat))
            yield Batch(observations, str(place).encode(), page[-1].sent_at - timedelta(days=2))


class FeedbacksOf:
    """All feedbacks, each time."""

    name = "feedbacks"

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    @property
    def every(self) -> float:
        return self.shop.every

    async def poll(self, request: Poll) -> AsyncGenerator[Batch, None]:
        yield Batch(
            [
                Observation(item, item.created_at, item.answer.text if item.answer else "")
                for item in self.shop.items.values()
            ]
        )
