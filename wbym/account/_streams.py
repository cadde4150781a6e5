"""What an account tells the feed: one stream a noun, polled again and again.

A stream polls its marketplace and yields observations; it neither knows nor decides what is new.
The feed compares each observation with the seen records, makes events of new and changed ones, and
stores them in one transaction with the stream's state. So a stream may yield a record as often as
it likes: overlapping reads cost only their requests.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeAlias

import msgspec

from wbym.domain import Chat, Feedback, Message, Question, Return, UndecodableRecord

__all__ = [
    "Batch",
    "Hint",
    "Observation",
    "Observed",
    "OnHints",
    "Poll",
    "Stream",
    "TrustedProxy",
]


Observed: TypeAlias = Chat | Message | Question | Feedback | Return | UndecodableRecord
"""What streams show."""


class Observation(msgspec.Struct, frozen=True, gc=False):
    """A record as a poll saw it."""

    record: Observed
    at: datetime
    """When it came to be, by the marketplace's clock: a message was sent, a question was asked."""
    version: str | None = ""
    """A record that was seen before with another version has changed. None: it cannot be told this
    time, and what was seen before stands. Of chats it is the stream's own note, and makes no event.
    """
    chat: Chat | None = None
    """The chat of a message."""


class Batch(msgspec.Struct, frozen=True, gc=False):
    """What one step of a poll saw, stored as a whole or not at all."""

    observations: Sequence[Observation]
    """In the order in which their events are to come."""
    state: bytes | None = None
    """Where the stream goes on after it; None: where it would have before."""
    forget_before: datetime | None = None
    """What came to be before that is old news: it is forgotten, and makes no event if it is seen
    again. Chats are never forgotten."""


class Poll(msgspec.Struct, frozen=True):
    """What a stream is asked."""

    state: bytes | None
    """What the last batch with a state had; None where there was none yet."""
    since: datetime
    """Since when the account is followed; aware. Of use where there is no state yet: what came to
    be before may be shown, and makes no event."""
    known: Callable[[str, Collection[str]], Awaitable[Mapping[str, str]]]
    """``await known("chat", ids)``: the versions of those that were seen before."""
    due: bool = True
    """Whether a whole round is due; else only what hints name must be looked at."""
    hints: frozenset[str] = frozenset()
    """Ids of objects (of chats for the chats) that changed, by word of somebody; ``""`` names none.
    """


class Stream(Protocol):
    """One noun of one account."""

    @property
    def name(self) -> str:
        """``chats``, ``questions``, ``feedbacks`` or ``returns``."""
        ...

    @property
    def every(self) -> float:
        """Seconds between the beginnings of rounds, as the account's limits allow."""
        ...

    def poll(self, request: Poll) -> AsyncGenerator[Batch, None]:
        """One round, batch by batch; those that come fast are stored together.

        Raises:
            WbymError: A call failed. What was shown until then stays stored.
        """
        ...


class Hint(msgspec.Struct, frozen=True):
    """Word that something of an account changed."""

    account: str
    """The account's name."""
    stream: str
    """The stream's name."""
    id: str = ""
    """What ``Poll.hints`` is told."""


OnHints: TypeAlias = Callable[[Sequence[Hint]], Awaitable[None]]
"""Returns when the hints are stored."""


class TrustedProxy(msgspec.Struct, frozen=True):
    """Which peers' word is taken for where a request came from."""

    networks: tuple[str, ...] = ()
    """Of one's own proxies, such as ``10.0.0.0/8``. A request from elsewhere came from there."""
    header: str = "X-Forwarded-For"
    """Where proxies write the address, the last of them last."""
