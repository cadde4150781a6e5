"""A minimal feed for tests of streams."""

import time
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from wbym.account import Batch, Observation, Observed, Poll, Stream
from wbym.domain import Chat, Message


class Clock:
    """The marketplace's and the shop's clocks, which start now, at a whole second."""

    def __init__(self) -> None:
        self.unix = float(int(time.time()))
        self.ahead = timedelta()
        """The error of the shop's clock."""

    def wall(self) -> float:
        return self.unix

    def now(self) -> datetime:
        """The time by the shop's clock."""
        return datetime.fromtimestamp(self.unix, UTC) + self.ahead

    def advance(self, passed: timedelta) -> None:
        self.unix += passed.total_seconds()

    def ago(self, passed: timedelta) -> datetime:
        return self.now() - passed


@dataclass(frozen=True)
class FollowedEvent:
    """An event of a new or changed record."""

    record: Observed
    at: datetime
    chat: Chat | None
    changed: bool

    @property
    def id(self) -> str:
        return self.record.ref.id


@dataclass
class Follower:
    """Stores a stream's batches, and finds new records."""

    stream: Stream
    since: datetime
    state: bytes | None = None
    retained_since: datetime | None = None
    events: list[FollowedEvent] = field(default_factory=list)
    shown: int = 0
    """Observations of all rounds."""
    asked_for: list[Collection[str]] = field(default_factory=list)
    """The arguments of ``known``, one per page."""
    _seen_records: dict[tuple[bool, str], tuple[str, datetime]] = field(default_factory=dict)

    async def round(
        self,
        *,
        batches: int | None = None,
        due: bool = True,
        hints: Collection[str] = (),
    ) -> list[FollowedEvent]:
        """Poll one round, or its first batches; returns the events."""
        before = len(self.events)
        request = Poll(self.state, self.since, self.known, due, frozenset(hints))
        left = batches
        steps = self.stream.poll(request)
        assert isinstance(steps, AsyncGenerator)  # it can be left early
        async with aclosing(steps) as polled:
            while left is None or left > 0:
                try:
                    batch = await anext(polled)
                except StopAsyncIteration:
                    break
                self._take(batch)
                left = None if left is None else left - 1
        return self.events[before:]

    async def known(self, noun: str, ids: Collection[str]) -> Mapping[str, str]:
        """The arguments of a poll."""
        assert noun == "chat"
        self.asked_for.append(ids)
        return {i: self._seen_records[True, i][0] for i in ids if (True, i) in self._seen_records}

    def _take(self, batch: Batch) -> None:
        for observation in batch.observations:
            self._see(observation)
        if batch.state is not None:
            self.state = batch.state
        if batch.forget_before is not None:
            self.retained_since = max(
                self.retained_since or batch.forget_before, batch.forget_before
            )
            self._seen_records = {
                key: seen_record
                for key, seen_record in self._seen_records.items()
                if key[0] or seen_record[1] >= self.retained_since
            }

    def _see(self, observation: Observation) -> None:
        self.shown += 1
        record, at = observation.record, observation.at
        assert at.tzinfo is UTC
        key = isinstance(record, Chat), record.ref.id
        seen_record = self._seen_records.get(key)
        if isinstance(record, Message):
            assert observation.chat is not None
            assert observation.chat.ref == record.chat
            assert (True, record.chat.id) in self._seen_records  # its chat was shown before
        fresh = at >= self.since and (self.retained_since is None or at >= self.retained_since)
        changed = seen_record is not None and observation.version not in {None, seen_record[0]}
        if (seen_record is None and fresh) or changed:
            self.events.append(FollowedEvent(record, at, observation.chat, changed))
        if seen_record is None or changed:
            assert observation.version is not None
            self._seen_records[key] = observation.version, at
