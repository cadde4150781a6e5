"""A followed stream and its records, for tests."""

from datetime import datetime

from tests.wbym.feed.kept import BEGIN, delivery
from wbym.account import Batch, Observation
from wbym.domain import Author, Chat, Message, Noun, Question, Ref
from wbym.feed import EventKind, MemoryStore
from wbym.feed._diff import diff_batch
from wbym.feed._store import Checkpoint, Step, StoredEvent

TEXT = delivery().text


def ref(id_: str, noun: Noun = Noun.QUESTION) -> Ref:
    return Ref("toy", "shop", noun, id_)


def question(id_: str = "1", text: str = "Какой размер?") -> Question:
    return Question(ref=ref(id_), text=text, created_at=BEGIN)


def message(
    id_: str = "1",
    sent_at: datetime = BEGIN,
    text: str | None = TEXT,
    author: Author = Author.SELLER,
    chat: str = "1",
) -> Message:
    where = ref(chat, Noun.CHAT)
    return Message(
        ref=ref(id_, Noun.MESSAGE), chat=where, author=author, sent_at=sent_at, text=text
    )


def sighted(*messages: Message) -> Batch:
    return Batch([Observation(one, one.sent_at, chat=Chat(ref=one.chat)) for one in messages])


class Account:
    """A followed stream, and its stored events."""

    def __init__(self, *, begun: bool = True, name: str = "shop", since: datetime = BEGIN) -> None:
        self.store = MemoryStore()
        self.point = Checkpoint(name, "chats", since, begun=begun)
        self.events: list[StoredEvent] = []

    async def show(self, batch: Batch) -> Step:
        step = await diff_batch(batch, self.point, self.store)
        await self.store.write(step)
        self.point = step.checkpoint
        self.events += step.events
        return step

    async def kinds(self, batch: Batch) -> list[EventKind]:
        return [event.kind for event in (await self.show(batch)).events]
