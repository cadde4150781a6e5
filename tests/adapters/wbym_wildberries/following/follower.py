"""What the feed makes of a stream, as little of it as tests of streams need."""

import time
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from wbym.account import Batch, Poll, Seen, Sighting, Stream
from wbym.domain import Chat, Message


class Clock:
    """The marketplace's and the shop's; it starts at the present, on a whole second."""

    def __init__(self) -> None:
        self.unix = float(int(time.time()))
        self.ahead = timedelta()
        """By how much the shop's is wrong."""

    def wall(self) -> float:
        return self.unix

    def now(self) -> datetime:
        """By the shop's clock."""
        return datetime.fromtimestamp(self.unix, UTC) + self.ahead

    def advance(self, passed: timedelta) -> None:
        self.unix += passed.total_seconds()

    def ago(self, passed: timedelta) -> datetime:
        return self.now() - passed


@dataclass(frozen=True)
class Told:
    """An event: of a record that is new, or that has changed."""

    record: Seen
    at: datetime
    chat: Chat | None
    changed: bool

    @property
    def id(self) -> str:
        return self.record.ref.id


@dataclass
class Follower:
    """Keeps what a stream's batches say, and tells what is new."""

    stream: Stream
    since: datetime
    state: bytes | None = None
    floor: datetime | None = None
    told: list[Told] = field(default_factory=list)
    shown: int = 0
    """Sightings of all rounds."""
    asked_for: list[Collection[str]] = field(default_factory=list)
    """What was asked to be known, a page at a time."""
    _memos: dict[tuple[bool, str], tuple[str, datetime]] = field(default_factory=dict)

    async def round(
        self,
        *,
        batches: int | None = None,
        due: bool = True,
        hints: Collection[str] = (),
    ) -> list[Told]:
        """One round, or its first batches; what it brought."""
        before = len(self.told)
        asked = Poll(self.state, self.since, self.known, due, frozenset(hints))
        left = batches
        steps = self.stream.poll(asked)
        assert isinstance(steps, AsyncGenerator)  # it can be left early
        async with aclosing(steps) as polled:
            while left is None or left > 0:
                try:
                    batch = await anext(polled)
                except StopAsyncIteration:
                    break
                self._take(batch)
                left = None if left is None else left - 1
        return self.told[before:]

    async def known(self, noun: str, ids: Collection[str]) -> Mapping[str, str]:
        """What a poll may ask."""
        assert noun == "chat"
        self.asked_for.append(ids)
        return {i: self._memos[True, i][0] for i in ids if (True, i) in self._memos}

    def _take(self, batch: Batch) -> None:
        for sighting in batch.sightings:
            self._see(sighting)
        if batch.state is not None:
            self.state = batch.state
        if batch.forget is not None:
            self.floor = max(self.floor or batch.forget, batch.forget)
            self._memos = {
                key: memo for key, memo in self._memos.items() if key[0] or memo[1] >= self.floor
            }

    def _see(self, sighting: Sighting) -> None:
        self.shown += 1
        record, at = sighting.record, sighting.at
        assert at.tzinfo is UTC
        key = isinstance(record, Chat), record.ref.id
        memo = self._memos.get(key)
        if isinstance(record, Message):
            assert sighting.chat is not None
            assert sighting.chat.ref == record.chat
            assert (True, record.chat.id) in self._memos  # its chat was shown before
        fresh = at >= self.since and (self.floor is None or at >= self.floor)
        changed = memo is not None and sighting.version not in {None, memo[0]}
        if (memo is None and fresh) or changed:
            self.told.append(Told(record, at, sighting.chat, changed))
        if memo is None or changed:
            assert sighting.version is not None
            self._memos[key] = sighting.version, at
