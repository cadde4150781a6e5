"""The stream of chats and their messages.

Market cannot be asked what changed since. A usual round lists the chats that wait for the seller,
and now and then one lists all, for a chat that was answered at once waits no more. Of each chat the
feed keeps a note, which says how far it was read; a chat whose ``updatedAt`` is not the noted one
is read on from there. Market's times are whole seconds, and a second message in the same second
does not change ``updatedAt``: so a chat that has just changed is read once more.
"""

from __future__ import annotations  # the API's modules are loaded when they are first asked for

import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from wbym.account import Batch, Observation, Poll
from wbym.domain import Chat, Message, UndecodableRecord
from wbym.errors import BadRequest, NotFound, WbymError
from wbym.feed._polling import (
    USUAL_SHARE,
    WIDE_SHARE,
    Due,
    Failures,
    StreamId,
    in_order,
    newest_of,
    round_interval,
    utc_now,
)
from wbym.limits import Window
from wbym_yandex_market import _mapping as mapping
from wbym_yandex_market._reading.lists import EARLIEST, list_chats, list_messages
from wbym_yandex_market.api._base import number_of
from wbym_yandex_market.api._bounds import CHATS_PAGE

if TYPE_CHECKING:
    from wbym_yandex_market.api import Api

__all__ = ["ChatStream"]

EVERY: Final = 5.0
"""Seconds between the beginnings of rounds at least."""
ALL_EVERY: Final = 600.0
"""Seconds between rounds over all chats at least."""

HURRY: Final = 5.0
"""Seconds that a look at one chat waits at most for its budget."""

_LATE: Final = timedelta(hours=1)
"""How much earlier than asked for the chats are read at the beginning: so a chat that is only noted
has had its last message long ago, also where our clock is not Market's."""
_ONE_SECOND: Final = 1.0
"""After so long a second of Market's is over."""
_SETTLED: Final = timedelta(minutes=1)
"""A chat that is so much older than another has got all of its second's messages."""
_AGAIN: Final = timedelta(days=1)
"""How much of a chat is shown again where it is not known how far it was read."""
_REMEMBERED: Final = timedelta(days=2)
"""How long messages are told apart by their ids; longer than ``_AGAIN``, and than any round."""


class _Note(msgspec.Struct, frozen=True, array_like=True):
    """How far a chat was read: its version in the feed."""

    updated: datetime | None
    """The chat's ``updatedAt`` at that time."""
    last: int | None = None
    """The last message; None where the chat was not read, or had none."""
    again: bool = False
    """Whether it is to be read once more although it may look the same."""


class _State(msgspec.Struct, frozen=True):
    all: Due
    """The round over all chats."""


_notes = msgspec.json.Decoder(_Note)
_states = msgspec.json.Decoder(_State)


class ChatStream:
    """Chats and their messages.

    At the beginning all chats are listed. Those whose last message is older than an hour before
    ``since`` are noted and not read. What is told of one chat is one batch: the chat with its new
    note, then its messages in Market's order. A chat whose history fails shows nothing, the others
    go on, and the first error is raised at the end of the round; it is tried again when the chat is
    listed again.

    Where the message that a chat was read to is gone, the whole chat is read, and what is not
    older than a day before the noted time is shown. Nothing new is older than that; the feed tells
    the rest by their ids, which it keeps for two days before the newest message. That border moves
    only with a round over all chats of which nothing failed, so no unread message is behind it.

    Args:
        api: The account's operations.
        account: The account's name.
        budget: That of the list of chats.
        at_once: Calls under way at once.
        now: Our clock.
        clock: Seconds that no change of our clock moves.
    """

    name: Final = "chats"

    def __init__(
        self,
        api: Api,
        account: str,
        budget: Callable[[], Window],
        *,
        at_once: int,
        now: Callable[[], datetime] = utc_now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._id = StreamId(mapping.MARKETPLACE, account, self.name)
        self._api = api
        self._account = account
        self._budget = budget
        self._at_once = at_once
        self._now = now
        self._clock = clock
        # What hints name is found by the next round over all chats, if there is no budget now.
        self._hurried = api.with_max_wait(HURRY)
        self._pages = 1
        self._newest = datetime.fromtimestamp(0, UTC)
        self._changed_at: dict[str, float] = {}
        """When chats that are to be read once more were last seen to change, by our clock."""

    @property
    def every(self) -> float:
        """Five seconds; more where the chats that wait fill many pages."""
        return max(EVERY, round_interval(self._budget(), self._pages, USUAL_SHARE))

    async def poll(self, request: Poll) -> AsyncGenerator[Batch, None]:
        """One round, and then the chats that hints name and that it did not list."""
        failures = Failures(self._id)
        listed: set[str] = set()
        async with aclosing(self._round(request, failures, listed)) as batches:
            async for batch in batches:
                yield batch
        async with aclosing(self._hinted(request, failures, listed)) as batches:
            async for batch in batches:
                yield batch
        failures.raise_first()

    async def _hinted(
        self, request: Poll, failures: Failures, listed: set[str]
    ) -> AsyncGenerator[Batch, None]:
        # Most wait for the seller: one request lists them, and the budget of chat by chat is small.
        ids = sorted(request.hints - {""} - listed)
        for start in range(0, len(ids), CHATS_PAGE):
            some = ids[start : start + CHATS_PAGE]
            calls = [partial(failures.read, self._get, chat_id) for chat_id in some]
            async with aclosing(in_order(calls, self._at_once)) as found:
                chats = [chat async for chat in found]
            async with aclosing(self._look(chats, request, failures)) as batches:
                async for batch in batches:
                    yield batch

    async def _round(
        self, request: Poll, failures: Failures, seen: set[str]
    ) -> AsyncGenerator[Batch, None]:
        now = self._now()
        state = None if request.state is None else _states.decode(request.state)
        all_ = state is None or (request.due and state.all.is_over(now))
        pages, complete = 0, True
        listing = list_chats(self._api, self._account, waiting=None if all_ else True)
        async with aclosing(listing.pages()) as listed:
            async for page in listed:
                pages += 1
                seen.update(chat.ref.id for chat in page.items)
                complete = complete and not page.undecodable
                if page.undecodable:
                    yield Batch(self._id.undecodable(page.undecodable, now))
                async with aclosing(self._look(page.items, request, failures)) as batches:
                    async for batch in batches:
                        yield batch
        if not all_:
            self._pages = pages
            return
        if state is None and failures:
            return  # else what failed would be taken for chats that began later
        forget = self._newest - _REMEMBERED if complete and not failures else None
        if state is None:
            early = _early(request)
            forget = early if forget is None else max(early, forget)
        pause = max(ALL_EVERY, round_interval(self._budget(), pages, WIDE_SHARE))
        due = Due(now.timestamp(), pause)
        yield Batch((), msgspec.json.encode(_State(due)), forget)

    async def _look(
        self, chats: Sequence[Chat], request: Poll, failures: Failures
    ) -> AsyncGenerator[Batch, None]:
        """A page of chats: those that changed, or were hinted at, are read."""
        times = [chat.updated_at for chat in chats]
        self._newest = newest_of(self._newest, times, self._now())
        versions = await request.known("chat", [chat.ref.id for chat in chats]) if chats else {}
        old: list[Observation] = []
        calls = []
        early = _early(request)
        for chat in chats:
            version = versions.get(chat.ref.id)
            note = None if version is None else _notes.decode(version)
            if note is None and request.state is None and _is_before(chat, early):
                old.append(_observation(chat, _Note(chat.updated_at), request))
            elif chat.ref.id in request.hints or self._may_have_more(chat, note):
                calls.append(partial(self._read, chat, note, request, failures))
        if old:
            yield Batch(old)
        async with aclosing(in_order(calls, self._at_once)) as batches:
            async for batch in batches:
                yield batch

    def _may_have_more(self, chat: Chat, note: _Note | None) -> bool:
        if note is None or chat.updated_at is None or chat.updated_at != note.updated:
            return True
        changed_at = self._changed_at.get(chat.ref.id)
        waited = changed_at is None or self._clock() - changed_at >= _ONE_SECOND
        return note.again and waited

    async def _read(
        self, chat: Chat, note: _Note | None, request: Poll, failures: Failures
    ) -> Batch | None:
        """What is new in a chat; None where nothing is, not even the note, or it failed."""
        began = self._clock()
        try:
            undecodable: list[UndecodableRecord] = []
            fresh, last = await self._history(chat, note, undecodable)
        except WbymError as error:
            failures.add(chat.ref.id, error)
            return None
        again = self._once_more(chat, note, began, more=bool(fresh))
        new = _Note(chat.updated_at, last, again)
        if new == note and not fresh and not undecodable:
            return None
        messages = [Observation(item, item.sent_at, chat=chat) for item in fresh]
        bad = self._id.undecodable(undecodable, self._now())
        return Batch([_observation(chat, new, request), *bad, *messages])

    def _once_more(self, chat: Chat, note: _Note | None, began: float, *, more: bool) -> bool:
        """Whether the second of a chat's last message may not have been over when it was read."""
        chat_id = chat.ref.id
        again = False
        if chat.updated_at is not None and self._newest - chat.updated_at < _SETTLED:
            if more or note is None or note.updated != chat.updated_at:
                self._changed_at[chat_id] = began
                again = True
            elif note.again:
                # After a restart it is not known when it changed.
                again = began - self._changed_at.setdefault(chat_id, began) < _ONE_SECOND
        if not again:
            self._changed_at.pop(chat_id, None)
        return again

    async def _history(
        self, chat: Chat, note: _Note | None, undecodable: list[UndecodableRecord]
    ) -> tuple[list[Message], int | None]:
        """A chat's messages that were not shown yet, and the id of its last one.

        ``undecodable`` gets what could not be decoded.
        """
        since = None if note is None else note.updated
        if note is not None and note.last is not None:
            found = await self._from(chat, note.last, undecodable)
            if found is not None:
                return found, _last(found) or note.last
            self._id.log(
                logging.INFO,
                "chat %s is read from its beginning, for message %s of it is gone",
                chat.ref.id,
                note.last,
            )
            since = None if since is None else since - _AGAIN
        messages = await self._messages(chat, None, undecodable)
        # With a message of the noted second too, for it may have been written after the note.
        fresh = [item for item in messages if since is None or item.sent_at >= since]
        return fresh, _last(messages)

    async def _from(
        self, chat: Chat, last: int, undecodable: list[UndecodableRecord]
    ) -> list[Message] | None:
        """The messages after this one; None where it is not there any more."""
        try:
            found = await self._messages(chat, last, undecodable)
        except (BadRequest, NotFound):
            return None
        after = [item for item in found if item.ref.id != str(last)]
        return after if len(after) < len(found) else None

    async def _messages(
        self, chat: Chat, first: int | None, undecodable: list[UndecodableRecord]
    ) -> list[Message]:
        number = number_of("messages", "chat", chat.ref.id)
        found: list[Message] = []
        async for page in list_messages(self._api, chat.ref, number, first=first).pages():
            found += page.items
            undecodable += page.undecodable
        return found

    async def _get(self, chat_id: str) -> Chat:
        """A chat that was hinted at."""
        wire = await self._hurried.chats.get(number_of("chats", "hints", chat_id))
        return mapping.chat(wire, self._account)


def _early(request: Poll) -> datetime:
    """Before that nothing is read at the beginning."""
    return max(request.since, EARLIEST) - _LATE


def _is_before(chat: Chat, moment: datetime) -> bool:
    return chat.updated_at is not None and chat.updated_at < moment


def _observation(chat: Chat, note: _Note, request: Poll) -> Observation:
    at = chat.created_at or chat.updated_at or request.since
    return Observation(chat, at, msgspec.json.encode(note).decode())


def _last(messages: Sequence[Message]) -> int | None:
    return int(messages[-1].ref.id) if messages else None
