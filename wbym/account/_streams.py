"""Streams: what the feed polls of an account, one stream per noun.

A stream polls its marketplace and yields observations; it does not decide what is new. The feed
compares each observation with the seen records, creates events for new and changed records, and
stores them in one transaction with the stream's state. So a stream may yield a record any number of
times: overlapping reads cost only their requests.
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
"""A record that a stream observes."""


class Observation(msgspec.Struct, frozen=True, gc=False):
    """A record as a poll read it."""

    record: Observed
    at: datetime
    """When the record was created, by the marketplace's clock."""
    version: str | None = ""
    """A known record whose version differs has changed. None: the version is not known this time,
    and the known one stays. For chats it is the stream's own note, and a change makes no event.
    """
    chat: Chat | None = None
    """The chat of a message, or of an undecodable record if the stream knows it."""


class Batch(msgspec.Struct, frozen=True, gc=False):
    """The observations of one step of a poll, stored as a whole or not at all."""

    observations: Sequence[Observation]
    """In the order of their events."""
    state: bytes | None = None
    """Where the stream continues after it; None if that does not change."""
    forget_before: datetime | None = None
    """The retention horizon: records created earlier are forgotten, and make no event if they are
    seen again. Chats are never forgotten."""


class Poll(msgspec.Struct, frozen=True):
    """Arguments of ``Stream.poll``."""

    state: bytes | None
    """The state of the last batch that had one; None at first."""
    since: datetime
    """Since when the account is followed; aware. For the time when ``state`` is None: older records
    may be yielded, and make no event."""
    known: Callable[[str, Collection[str]], Awaitable[Mapping[str, str]]]
    """``await known("chat", ids)``: the versions of the records that were seen before."""
    due: bool = True
    """Whether a whole round is due; otherwise only the objects that hints name have to be read."""
    hints: frozenset[str] = frozenset()
    """Ids of objects that reportedly changed (for ``chats``, ids of chats); ``""`` names no object
    in particular."""


class Stream(Protocol):
    """A stream of records of one noun of one account."""

    @property
    def name(self) -> str:
        """``chats``, ``questions``, ``feedbacks`` or ``returns``."""
        ...

    @property
    def every(self) -> float:
        """Seconds between the beginnings of rounds, as the account's limits allow."""
        ...

    def poll(self, request: Poll) -> AsyncGenerator[Batch, None]:
        """Read one round, batch by batch; batches in quick succession are stored together.

        Raises:
            WbymError: A call failed. Batches yielded before stay stored.
        """
        ...


class Hint(msgspec.Struct, frozen=True):
    """A hint that an object of an account changed."""

    account: str
    """The account's name."""
    stream: str
    """The stream's name."""
    id: str = ""
    """The id for ``Poll.hints``."""


OnHints: TypeAlias = Callable[[Sequence[Hint]], Awaitable[None]]
"""Returns when the hints are stored."""


class TrustedProxy(msgspec.Struct, frozen=True):
    """Proxies that are trusted to state where a request came from."""

    networks: tuple[str, ...] = ()
    """Networks of your own proxies, such as ``10.0.0.0/8``. For requests from other networks the
    address of the connection counts."""
    header: str = "X-Forwarded-For"
    """The header in which proxies write the address, the last proxy last."""
