"""Events of the feed."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Generic

import msgspec

from wbym.account import Observed
from wbym.calls import require
from wbym.domain import Author, Chat, Feedback, Message, Question, Return, UndecodableRecord

if TYPE_CHECKING:  # ``Event`` alone is one of any record
    from typing_extensions import TypeVar

    R = TypeVar("R", bound=Observed, default=Observed, covariant=True)
else:
    from typing import TypeVar

    R = TypeVar("R", bound=Observed, covariant=True)

__all__ = ["Event", "EventKind"]


class EventKind(StrEnum):
    """Kind of an event."""

    CHAT = "chat"
    """A chat was started, or seen for the first time."""
    MESSAGE = "message"
    """A message in a chat, of the buyer, the seller or the marketplace."""
    QUESTION = "question"
    """A buyer asked a question."""
    FEEDBACK = "feedback"
    """A buyer left a feedback."""
    ANSWER = "answer"
    """A question or feedback has changed: its answer, a comment, its state."""
    RETURN = "return"
    """A return was opened."""
    RETURN_CHANGED = "return_changed"
    """A return has a new status, or other available decisions."""
    UNDECODABLE = "undecodable"
    """A record could not be decoded: ``event.undecodable`` has its bytes, for a person."""


class Event(msgspec.Struct, Generic[R], frozen=True, eq=False, gc=False):
    """Something that happened in an account; it comes again until it is confirmed.

    Its record is a snapshot from when it was read, without ``raw``. ``Event[Feedback]`` is an event
    whose record is a feedback.
    """

    id: str
    """The same each time the event comes: ``marketplace/account/noun/id``, plus the number of the
    change for changes."""
    kind: EventKind
    account: str
    """The account's name."""
    at: datetime
    """When the record was created, by the marketplace's clock; aware UTC. For a change too:
    marketplaces do not state the time of a change."""
    record: R
    """The record that the event is about."""
    sent_as: str | None = None
    """The idempotency key, for a message that the outbox sent."""
    _chat: Chat | None = None
    _confirm: Callable[[], Awaitable[None]] | None = None
    _lay_aside: Callable[[str, int], Awaitable[None]] | None = None

    def __repr__(self) -> str:
        return f"Event({self.id!r}, {self.kind.value}, at {self.at:%F %T})"

    @property
    def chat(self) -> Chat:
        """The chat of a chat or a message.

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
        """The undecodable record; TypeError if the event is about something else."""
        if not isinstance(self.record, UndecodableRecord):
            raise self._other("undecodable record")
        return self.record

    @property
    def from_buyer(self) -> bool:
        """Whether it is a buyer's message, question, feedback or new return."""
        if isinstance(self.record, Message):
            return self.record.author is Author.BUYER
        return self.kind in _BY_BUYERS

    async def ack(self) -> None:
        """Confirm the event; the confirmation is stored when this returns.

        Only needed with ``events(auto_ack=False)``, or to confirm before the body of the loop ends.

        Raises:
            StateError: The confirmation cannot be stored; the event will come again.
        """
        if self._confirm is not None:
            await self._confirm()

    async def lay_aside(self, error: str, *, attempts: int = 1) -> None:
        """Make the event one of ``inbox.dead_letters``; it does not come again by itself.

        Args:
            error: Why it could not be handled, for the person who decides about it.
            attempts: How often it was tried.

        Raises:
            StateError: It cannot be stored; the event will come again.
        """
        require("lay_aside", "error", error, str)
        require("lay_aside", "attempts", attempts, int)
        if self._lay_aside is not None:
            await self._lay_aside(error, attempts)

    def _other(self, wanted: str) -> TypeError:
        return TypeError(f"{self.id} is a {self.kind}: it has no {wanted}")


_BY_BUYERS = {EventKind.QUESTION, EventKind.FEEDBACK, EventKind.RETURN}
