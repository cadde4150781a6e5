"""Questions, feedbacks and claims for the feed: lists that are read again and again."""

from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

import msgspec

from wbym.account import Batch, Poll, Sighting, unreadable
from wbym.calls import Kept
from wbym.domain import Feedback, Question
from wbym.errors import NotFound, SetAside
from wbym.limits import Priority
from wbym.paging import Page, Span, map_page
from wbym_wildberries import mapping, versions
from wbym_wildberries.api import claims as claims_api
from wbym_wildberries.api import feedbacks as feedbacks_api
from wbym_wildberries.api import questions as questions_api
from wbym_wildberries.listings import TwoLists, in_order
from wbym_wildberries.sweeps import EARLIEST

__all__ = ["NounStream", "ReturnStream"]

W = TypeVar("W", questions_api.Question, feedbacks_api.Feedback)
R = TypeVar("R", Question, Feedback)
T = TypeVar("T")

LATE: Final = timedelta(hours=4)
"""How far a round goes back before the newest record: WB lists records up to three hours late."""

WIDE: Final = timedelta(days=30)
"""How far a wide round goes back, for answers given elsewhere and what vanished and returned."""

WIDE_EVERY: Final = timedelta(hours=1)

NOUN_KEPT: Final = timedelta(days=45)
CLAIMS_KEPT: Final = timedelta(days=60)
"""For how long what was seen is to be remembered: longer than WB shows it."""


class _Place(msgspec.Struct, frozen=True):
    """Where a stream of questions or feedbacks goes on."""

    newest: datetime
    """When the newest record that was seen was made; since when all is followed where none was."""
    wide_at: datetime
    """When the last wide round began, by our clock."""


_PLACES = msgspec.json.Decoder(_Place)


class _Sighted(msgspec.Struct, frozen=True):
    """A page."""

    sightings: list[Sighting]
    aside: list[Sighting]
    """Of what cannot be read, which has no time of its own."""


class NounStream(Generic[W, R]):
    """The stream ``questions`` or ``feedbacks``: WB's two lists, by when records were made.

    Args:
        name: Which of them.
        lists: The noun's operations.
        account: The account's name.
        neutral: Makes a record neutral.
        version: What of a record counts as a change.
        report: Gets each record that cannot be used.
        every: Seconds between the beginnings of rounds.
        now: Our clock.
    """

    def __init__(
        self,
        name: str,
        lists: TwoLists[W],
        account: str,
        neutral: Callable[[W, str], R],
        version: Callable[[R], str],
        *,
        report: Callable[[SetAside], None],
        every: float,
        now: Callable[[], datetime],
    ) -> None:
        self.name: Final = name
        self.every: Final = every
        self._lists: TwoLists[W] = lists
        self._account = account
        self._neutral: Callable[[W, str], R] = neutral
        self._version: Callable[[R], str] = version
        self._report = report
        self._now = now

    async def poll(self, asked: Poll) -> AsyncGenerator[Batch, None]:
        """Read what was made lately, once in a while of the last month; see ``Stream.poll``.

        What hints name is read by its id. The first round begins a month before ``since``.

        Raises:
            WbymError: A call failed; where the stream goes on is then as it was.
        """
        named = asked.hints - {""}
        if found := await self._by_id(named):
            yield Batch(found)
        if not asked.due and named == asked.hints:
            return
        now = self._now()
        if asked.state is None:
            place = _Place(max(EARLIEST, min(asked.since, now)), now)
            is_wide = True
        else:
            place = _PLACES.decode(asked.state)
            # A clock that was put back says nothing of how long it was.
            is_wide = not timedelta() <= now - place.wide_at < WIDE_EVERY
        newest = place.newest
        page: _Sighted
        span = Span(newest - (WIDE if is_wide else LATE), None)
        async with aclosing(self._read(span, Priority.BULK if is_wide else None)) as pages:
            async for page in pages:
                latest = max([sighting.at for sighting in page.sightings], default=newest)
                # A time in the future, by a mistake of WB's, must not hide all that comes.
                newest = max(newest, min(latest, now))
                yield Batch([*page.aside, *page.sightings])
        place = _Place(newest, now if is_wide else place.wide_at)
        yield Batch((), msgspec.json.encode(place), newest - NOUN_KEPT)

    async def _read(self, span: Span, priority: Priority | None) -> AsyncGenerator[_Sighted, None]:
        """Both lists, page by page, those that are empty left out."""
        # In this order, what is answered meanwhile is seen twice and not never.
        for is_answered in (False, True):
            listing = in_order(self._lists, is_answered=is_answered, span=span, expected=0)
            async with aclosing(listing.using(priority=priority).pages()) as pages:
                async for page in pages:
                    if page.items or page.set_aside:
                        yield self._sighted(page)

    async def _by_id(self, ids: Collection[str]) -> list[Sighting]:
        found: list[W] = []
        for identifier in ids:
            try:
                wire = await self._lists.get(identifier)
            except NotFound:
                continue  # there is none: whoever hinted at it was wrong
            found.append(wire)
        seen: _Sighted = self._sighted(Page(found, "", None))
        return [*seen.aside, *seen.sightings]

    def _sighted(self, page: Page[W]) -> _Sighted:
        kept = Kept(self.name, page.items, self._report)
        seen = map_page(page, self._sight, kept)
        return _Sighted(list(seen.items), _aside(seen, self._account, self._now()))

    def _sight(self, wire: W) -> Sighting:
        record = self._neutral(wire, self._account)
        return Sighting(record, record.created_at, self._version(record))


class ReturnStream:
    """The stream ``returns``: the claims of the last 14 days, which are all that WB tells.

    Args:
        claims: Their operations.
        account: The account's name.
        every: Seconds between the beginnings of rounds.
        now: Our clock.
    """

    name: Final = "returns"

    def __init__(
        self,
        claims: claims_api.Claims,
        account: str,
        *,
        every: float,
        now: Callable[[], datetime],
    ) -> None:
        self.every: Final = every
        self._claims = claims
        self._account = account
        self._now = now

    async def poll(self, asked: Poll) -> AsyncGenerator[Batch, None]:
        """Read both lists, those under review first; see ``Stream.poll``.

        A claim without a time of its own came to be at ``since``.

        Raises:
            WbymError: A call failed.
        """
        newest: datetime | None = None
        for is_archive in (False, True):
            claims = self._claims.list(is_archive=is_archive)
            listing = claims.map(lambda wire: self._sight(wire, asked.since))
            async with aclosing(listing.pages()) as pages:
                async for page in pages:
                    aside = _aside(page, self._account, self._now())
                    sightings = sorted(page.items, key=lambda sighting: sighting.at)
                    if sightings:
                        newest = max(newest or sightings[-1].at, sightings[-1].at)
                    if aside or sightings:
                        yield Batch([*aside, *sightings])
        if newest is not None:
            # A time in the future, by a mistake of WB's, must not make old news of all that comes.
            yield Batch((), forget=min(newest, self._now()) - CLAIMS_KEPT)

    def _sight(self, wire: claims_api.Claim, since: datetime) -> Sighting:
        claim = mapping.claim(wire, self._account)
        return Sighting(claim, claim.created_at or since, versions.of_claim(wire))


def _aside(page: Page[T], account: str, at: datetime) -> list[Sighting]:
    return [unreadable(one, mapping.MARKETPLACE, account, at) for one in page.set_aside]
