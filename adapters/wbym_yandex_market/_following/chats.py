"""The stream of chats and their messages.

Market cannot list changes. A usual round lists the chats that wait for the seller, and a full round
now and then lists all chats, since a chat that was answered at once does not wait any more. The
feed keeps the position up to which each chat was read; a chat whose ``updatedAt`` differs from its
position is read from there. Market's times are whole seconds, and a second message in the same
second does not change ``updatedAt``: so a chat that has just changed is read once more.
"""

from __future__ import annotations  # the API's modules are loaded at their first use

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
"""Min seconds between the starts of rounds."""
ALL_EVERY: Final = 600.0
"""Min seconds between full rounds, which list all chats."""

HINT_MAX_WAIT: Final = 5.0
"""Max seconds that the request for one hinted chat waits for its budget."""

_BACKLOG: Final = timedelta(hours=1)
"""How long before ``since`` the first round begins: so the last message of a chat that is not read
is definitely old, even if our clock differs from Market's."""
_ONE_SECOND: Final = 1.0
"""Seconds after which a second of Market's clock is over."""
_SETTLED: Final = timedelta(minutes=1)
"""A chat that is older than another by this much has all messages of its last second."""
_REREAD_SPAN: Final = timedelta(days=1)
"""How much of a chat is delivered again if its position is lost."""
RETENTION: Final = timedelta(days=2)
"""How long the feed keeps the ids of messages; longer than ``_REREAD_SPAN`` and than any round."""


class _ReadPosition(msgspec.Struct, frozen=True, array_like=True):
    """ReadOptions far a chat was read, which is its version in the feed."""

    updated: datetime | None
    """The chat's ``updatedAt`` when it was read."""
    last: int | None = None
    """The id of the last message; None if the chat was not read or had no messages."""
    reread: bool = False
    """Whether to read the chat once more even if ``updatedAt`` is the same."""


class _State(msgspec.Struct, frozen=True):
    all: Due
    """When the next full round is due."""


_positions = msgspec.json.Decoder(_ReadPosition)
_states = msgspec.json.Decoder(_State)


class ChatStream:
    """The stream ``chats``: chats and their messages.

    The first round lists all chats. Those whose last message is older than an hour before ``since``
    get a position and are not read. Each chat is one batch: the chat with its new position, then
    its messages in Market's order. A chat whose history cannot be read yields nothing, the others
    continue, and the first error is raised at the end of the round; the chat is retried when it is
    listed again.

    If the last read message of a chat is gone, the whole chat is read, and messages since a day
    before its position are delivered. New messages are never older than that; the feed recognizes
    the others by their ids, which it keeps for two days before the newest message. That horizon
    moves only with a full round without failures, so it never passes an unread message.

    Args:
        api: The account's operations.
        account: The account's name.
        budget: The budget of the list of chats.
        at_once: Max concurrent calls.
        now: Our clock.
        clock: Seconds of a monotonic clock.
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
        # Without budget now, the next full round finds the hinted chats.
        self._impatient = api.with_max_wait(HINT_MAX_WAIT)
        self._pages = 1
        self._newest = datetime.fromtimestamp(0, UTC)
        self._changed_at: dict[str, float] = {}
        """The time of the last known change of chats to reread, by our clock."""

    @property
    def every(self) -> float:
        """Five seconds; more if the waiting chats fill many pages."""
        return max(EVERY, round_interval(self._budget(), self._pages, USUAL_SHARE))

    async def poll(self, request: Poll) -> AsyncGenerator[Batch, None]:
        """Read one round, then the hinted chats that it did not list."""
        failures = Failures(self._id)
        listed: set[str] = set()
        async with aclosing(self._round(request, failures, listed)) as batches:
            async for batch in batches:
                yield batch
        async with aclosing(self._poll_hints(request, failures, listed)) as batches:
            async for batch in batches:
                yield batch
        failures.raise_first()

    async def _poll_hints(
        self, request: Poll, failures: Failures, listed: set[str]
    ) -> AsyncGenerator[Batch, None]:
        # Most hinted chats are in the round's list already; the budget for single chats is small.
        ids = sorted(request.hints - {""} - listed)
        for start in range(0, len(ids), CHATS_PAGE):
            some = ids[start : start + CHATS_PAGE]
            calls = [partial(failures.read, self._get, chat_id) for chat_id in some]
            async with aclosing(in_order(calls, self._at_once)) as found:
                chats = [chat async for chat in found]
            async with aclosing(self._poll_chats(chats, request, failures)) as batches:
                async for batch in batches:
                    yield batch

    async def _round(
        self, request: Poll, failures: Failures, seen: set[str]
    ) -> AsyncGenerator[Batch, None]:
        now = self._now()
        state = None if request.state is None else _states.decode(request.state)
        is_full = state is None or (request.due and state.all.is_over(now))
        pages, complete = 0, True
        listing = list_chats(self._api, self._account, waiting=None if is_full else True)
        async with aclosing(listing.pages()) as listed:
            async for page in listed:
                pages += 1
                seen.update(chat.ref.id for chat in page.items)
                complete = complete and not page.undecodable
                if page.undecodable:
                    yield Batch(self._id.undecodable(page.undecodable, now))
                async with aclosing(self._poll_chats(page.items, request, failures)) as batches:
                    async for batch in batches:
                        yield batch
        if not is_full:
            self._pages = pages
            return
        if state is None and failures:
            return  # or the failed chats would count as new ones later
        forget = self._newest - RETENTION if complete and not failures else None
        if state is None:
            begin = _first_begin(request)
            forget = begin if forget is None else max(begin, forget)
        pause = max(ALL_EVERY, round_interval(self._budget(), pages, WIDE_SHARE))
        due = Due(now.timestamp(), pause)
        yield Batch((), msgspec.json.encode(_State(due)), forget)

    async def _poll_chats(
        self, chats: Sequence[Chat], request: Poll, failures: Failures
    ) -> AsyncGenerator[Batch, None]:
        """Read the chats of a page that changed or were hinted at."""
        times = [chat.updated_at for chat in chats]
        self._newest = newest_of(self._newest, times, self._now())
        versions = await request.known("chat", [chat.ref.id for chat in chats]) if chats else {}
        old: list[Observation] = []
        calls = []
        begin = _first_begin(request)
        for chat in chats:
            version = versions.get(chat.ref.id)  # empty if its row in the state is damaged
            position = _positions.decode(version) if version else None
            if position is None and request.state is None and _is_before(chat, begin):
                old.append(_observation(chat, _ReadPosition(chat.updated_at), request))
            elif chat.ref.id in request.hints or self._may_have_more(chat, position):
                calls.append(partial(self._read, chat, position, request, failures))
        if old:
            yield Batch(old)
        async with aclosing(in_order(calls, self._at_once)) as batches:
            async for batch in batches:
                yield batch

    def _may_have_more(self, chat: Chat, position: _ReadPosition | None) -> bool:
        if position is None or chat.updated_at is None or chat.updated_at != position.updated:
            return True
        changed_at = self._changed_at.get(chat.ref.id)
        waited = changed_at is None or self._clock() - changed_at >= _ONE_SECOND
        return position.reread and waited

    async def _read(
        self, chat: Chat, position: _ReadPosition | None, request: Poll, failures: Failures
    ) -> Batch | None:
        """A batch of a chat's new messages; None if neither they nor the position are new."""
        began = self._clock()
        try:
            undecodable: list[UndecodableRecord] = []
            fresh, last = await self._history(chat, position, undecodable)
        except WbymError as error:
            failures.add(chat.ref.id, error)
            return None
        reread = self._needs_reread(chat, position, began, more=bool(fresh))
        new = _ReadPosition(chat.updated_at, last, reread)
        if new == position and not fresh and not undecodable:
            return None
        messages = [Observation(item, item.sent_at, chat=chat) for item in fresh]
        bad = self._id.undecodable(undecodable, self._now(), chat)
        return Batch([_observation(chat, new, request), *bad, *messages])

    def _needs_reread(
        self, chat: Chat, position: _ReadPosition | None, began: float, *, more: bool
    ) -> bool:
        """Whether the chat was read before the second of its last message was over."""
        chat_id = chat.ref.id
        reread = False
        if chat.updated_at is not None and self._newest - chat.updated_at < _SETTLED:
            if more or position is None or position.updated != chat.updated_at:
                self._changed_at[chat_id] = began
                reread = True
            elif position.reread:
                # After a restart the time of its change is not known.
                reread = began - self._changed_at.setdefault(chat_id, began) < _ONE_SECOND
        if not reread:
            self._changed_at.pop(chat_id, None)
        return reread

    async def _history(
        self, chat: Chat, position: _ReadPosition | None, undecodable: list[UndecodableRecord]
    ) -> tuple[list[Message], int | None]:
        """A chat's messages since its position, and the id of the last one.

        Adds undecodable messages to ``undecodable``.
        """
        since = None if position is None else position.updated
        if position is not None and position.last is not None:
            found = await self._messages_after(chat, position.last, undecodable)
            if found is not None:
                return found, _last(found) or position.last
            self._id.log(
                logging.INFO,
                "rereading chat %s from its beginning: its message %s is gone",
                chat.ref.id,
                position.last,
            )
            since = None if since is None else since - _REREAD_SPAN
        messages = await self._messages(chat, None, undecodable)
        # The second of the position is included: a message may have been written in it later.
        fresh = [item for item in messages if since is None or item.sent_at >= since]
        return fresh, _last(messages)

    async def _messages_after(
        self, chat: Chat, last: int, undecodable: list[UndecodableRecord]
    ) -> list[Message] | None:
        """The messages after the last read one; None if that one is gone."""
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
        """Read a hinted chat."""
        wire = await self._impatient.chats.get(number_of("chats", "hints", chat_id))
        return mapping.chat(wire, self._account)


def _first_begin(request: Poll) -> datetime:
    """The earliest time that the first round reads."""
    return max(request.since, EARLIEST) - _BACKLOG


def _is_before(chat: Chat, moment: datetime) -> bool:
    return chat.updated_at is not None and chat.updated_at < moment


def _observation(chat: Chat, position: _ReadPosition, request: Poll) -> Observation:
    at = chat.created_at or chat.updated_at or request.since
    return Observation(chat, at, msgspec.json.encode(position).decode())


def _last(messages: Sequence[Message]) -> int | None:
    return int(messages[-1].ref.id) if messages else None
