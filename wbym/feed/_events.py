"""What the feed tells a consumer."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import StrEnum

import msgspec

from wbym.account import Observed
from wbym.domain import Author, Chat, Feedback, Message, Question, Return, UndecodableRecord

__all__ = ["Event", "EventKind"]


class EventKind(StrEnum):
    """What happened."""

    CHAT = "chat"
    """A chat began, or was seen for the first time."""
    MESSAGE = "message"
    """Somebody wrote in a chat: the buyer, the seller or the marketplace."""
    QUESTION = "question"
    """A buyer asked."""
    FEEDBACK = "feedback"
    """A buyer gave a feedback."""
    ANSWER = "answer"
    """What stands under a question or a feedback has changed: an answer, a comment, its state."""
    RETURN = "return"
    """A return was opened."""
    RETURN_CHANGED = "return_changed"
    """A return has another status, or other decisions are possible."""
    UNDECODABLE = "undecodable"
    """A record came that cannot be decoded: ``event.undecodable`` has its bytes, for a person."""


class Event(msgspec.Struct, frozen=True, eq=False, gc=False):
    """Something that happened in an account. It comes until it is confirmed, and then no more.

    Its record is as it was when it was read, without ``raw``.
    """

    id: str
    """The same whenever it comes: ``marketplace/account/noun/id``, and of changes their number
    too."""
    kind: EventKind
    account: str
    """The account's name."""
    at: datetime
    """When the record came to be, by the marketplace's clock; aware UTC. Of a change it is not the
    time of the change, which marketplaces do not tell."""
    record: Observed
    """What it is about, as it is now."""
    sent_as: str | None = None
    """Of a message that the outbox sent: its key."""
    _chat: Chat | None = None
    _confirm: Callable[[], Awaitable[None]] | None = None

    def __repr__(self) -> str:
        return f"Event({self.id!r}, {self.kind.value}, at {self.at:%F %T})"

    @property
    def chat(self) -> Chat:
        """The chat, of a chat or a message.

        Raises:
            TypeError: The event is about something else.
        """
        if isinstance(self.record, Chat):
            return self.record
        if self._chat is None:
            raise TypeError(f"{self.id} is a {self.kind}: it has no chat")
        return self._chat

    @property
    def message(self) -> Message:
        """The message; TypeError if the event is about something else."""
        if not isinstance(self.record, Message):
            raise self._other("message")
        return self.record

    @property
    def question(self) -> Question:
        """The question; TypeError if the event is about something else."""
        if not isinstance(self.record, Question):
            raise self._other("question")
        return self.record

    @property
    def feedback(self) -> Feedback:
        """The feedback; TypeError if the event is about something else."""
        if not isinstance(self.record, Feedback):
            raise self._other("feedback")
        return self.record

    @property
    def return_request(self) -> Return:
        """The return; TypeError if the event is about something else."""
        if not isinstance(self.record, Return):
            raise self._other("return")
        return self.record

    @property
    def undecodable(self) -> UndecodableRecord:
        """What could not be decoded; TypeError if the event is about something else."""
        if not isinstance(self.record, UndecodableRecord):
            raise self._other("undecodable record")
        return self.record

    @property
    def from_buyer(self) -> bool:
        """Whether it is a buyer who wrote, asked, gave a feedback or opened a return."""
        if isinstance(self.record, Message):
            return self.record.author is Author.BUYER
        return self.kind in _BY_BUYERS

    async def ack(self) -> None:
        """Confirm the event, for good when this returns.

        Only needed with ``events(auto_ack=False)``, or to confirm before the body of the loop ends.

        Raises:
            StateError: It cannot be written; the event will come again.
        """
        if self._confirm is not None:
            await self._confirm()

    def _other(self, wanted: str) -> TypeError:
        return TypeError(f"{self.id} is a {self.kind}: it has no {wanted}")


_BY_BUYERS = {EventKind.QUESTION, EventKind.FEEDBACK, EventKind.RETURN}
