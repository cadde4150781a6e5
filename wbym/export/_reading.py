"""Reading of one account for an export, and its progress."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeAlias

import msgspec

from wbym.account import Account, Capability, has
from wbym.domain import Chat, Feedback, Question, Return
from wbym.export._layout import AnyRecord, Noun
from wbym.export._messages import read_messages
from wbym.export._spool import Entry
from wbym.paging import Listing, Sweep

__all__ = ["AccountProgress", "AnyListing", "Reading", "Stage", "can_export"]

AnyListing: TypeAlias = Listing[Feedback] | Listing[Question] | Listing[Return] | Listing[Chat]


class Stage(StrEnum):
    """The stage of an account's reading."""

    WAITING = "waiting"
    """Not begun."""
    READING = "reading"
    DONE = "done"
    FAILED = "failed"


class AccountProgress(msgspec.Struct, frozen=True):
    """A snapshot of an account's progress."""

    account: str
    stage: Stage
    start: datetime | None
    """Start of the period that is read; None for the beginning."""
    records: int
    """Records read and kept, including those of a stopped run."""
    expected: int | None
    """Records in total, if the marketplace counts them."""
    rate: float
    """Records per second in this run."""
    rate_limited: int
    """Rate-limited calls."""
    left: float | None
    """Estimated seconds to the end, including a ban; None if unknown."""
    banned_until: datetime | None


_NEEDED: Final = {
    Noun.CHATS: Capability.CHATS,
    Noun.MESSAGES: Capability.MESSAGES,
    Noun.RETURNS: Capability.RETURNS,
    Noun.FEEDBACKS: Capability.SWEEP_FEEDBACKS,
    Noun.QUESTIONS: Capability.SWEEP_QUESTIONS,
}


def can_export(account: Account, noun: Noun) -> bool:
    """Whether the marketplace has the noun and lets it be read completely."""
    is_followed = noun is not Noun.MESSAGES or has(account.CAPABILITIES, Capability.EVENTS)
    return is_followed and has(account.CAPABILITIES, _NEEDED[noun])


class Reading:
    """The reading of one account.

    Args:
        account: The opened account.
        noun: The noun to read.
    """

    def __init__(self, account: Account, noun: Noun) -> None:
        self._account = account
        self._noun = noun
        self.key: Final = (account.marketplace, account.name)
        self.stage: Stage = Stage.WAITING
        self._start: datetime | None = None
        self._kept = 0
        self._read = 0
        self._began: float | None = None
        self._ended: float | None = None
        self._rate_limited_before = 0
        self._listing: AnyListing | None = None

    def begin(self, entry: Entry, kept: int) -> None:
        """Begin reading, or resume with the kept records."""
        self.stage = Stage.READING
        self._start = entry.start
        self._kept = kept
        self._began = asyncio.get_running_loop().time()
        self._rate_limited_before = self._count_rate_limited()

    def took(self, count: int) -> None:
        """Add kept records."""
        self._read += count

    def end(self, stage: Stage) -> None:
        """End reading in this stage."""
        self.stage = stage
        self._ended = asyncio.get_running_loop().time()

    async def parts(
        self, entry: Entry, max_wait: float | None
    ) -> AsyncGenerator[tuple[Entry, Sequence[AnyRecord]], None]:
        """The unread records, in parts, each with the position to resume from after it.

        Raises:
            Unsupported: The marketplace does not have the noun.
            WbymError: A call failed.
        """
        if self._noun is Noun.MESSAGES:
            async with aclosing(read_messages(self._account, entry)) as found:
                async for entry, messages in found:
                    yield entry, messages
            return
        listing = self.listing(entry, max_wait)
        async with aclosing(listing.pages()) as pages:
            async for page in pages:
                if isinstance(listing, Sweep):  # other lists shift, so they are read from the start
                    entry = msgspec.structs.replace(entry, cursor=page.next_cursor)
                yield entry, page.items
                del page  # or it would stay in memory while the next one comes

    def listing(self, entry: Entry, max_wait: float | None) -> AnyListing:
        """The listing of the unread records of any other noun than messages.

        Raises:
            Unsupported: The marketplace does not have the noun.
        """
        account = self._account
        found: AnyListing
        match self._noun:
            case Noun.CHATS:
                found = account.chats()
            case Noun.RETURNS:
                found = account.returns()
            case Noun.MESSAGES:
                raise AssertionError("messages are not read from a list")
            case Noun.FEEDBACKS:
                found = account.sweep.feedbacks(
                    since=entry.start, until=entry.until, cursor=entry.cursor, max_wait=max_wait
                )
            case Noun.QUESTIONS:
                found = account.sweep.questions(
                    since=entry.start, until=entry.until, cursor=entry.cursor, max_wait=max_wait
                )
        self._listing = found
        return found

    @property
    def progress(self) -> AccountProgress:
        """The progress so far."""
        seconds = 0.0
        if self._began is not None:
            end = self._ended
            seconds = (asyncio.get_running_loop().time() if end is None else end) - self._began
        expected = left = None
        if isinstance(self._listing, Sweep):
            swept = self._listing.progress
            left = swept.left
            expected = None if swept.expected is None else self._kept + swept.expected
        bans = [state.banned_until for state in self._account.limits() if state.banned_until]
        return AccountProgress(
            account=self.key[1],
            stage=self.stage,
            start=self._start,
            records=self._kept + self._read,
            expected=expected,
            rate=self._read / seconds if seconds > 0 else 0.0,
            rate_limited=0
            if self._began is None
            else self._count_rate_limited() - self._rate_limited_before,
            left=left if self.stage is Stage.READING else None,
            banned_until=max(bans, default=None) if self.stage is Stage.READING else None,
        )

    def _count_rate_limited(self) -> int:
        return sum(state.rate_limited for state in self._account.limits())
