"""The methods that list cards and move them: groups and trash."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import msgspec

from wbym.testing._answers import Answer, Body, Refusal, json_answer
from wbym.testing._server import Call, Handlers, Route
from wbym.testing._spoil import Records
from wbym_wildberries.simulator import assortment, replies
from wbym_wildberries.simulator.card_rules import MAX_BODY
from wbym_wildberries.simulator.dates import exact_time
from wbym_wildberries.simulator.deck import Place
from wbym_wildberries.simulator.handlers_directories import SCOPE, locale_of
from wbym_wildberries.simulator.limits import CARD_RECOVER, CARD_TRASH, CARDS, CONTENT
from wbym_wildberries.simulator.requests import BadParameter, body_of
from wbym_wildberries.simulator.state import Cabinet
from wbym_wildberries.simulator.state_cards import MAX_GROUP, Traits, micros_of
from wbym_wildberries.simulator.wire import camel_with_ids

MAX_PAGE = 100
MAX_MOVED = 1000


class _Sort(msgspec.Struct):
    ascending: bool = False


class _Cursor(msgspec.Struct, rename=camel_with_ids):
    limit: int = 10
    updated_at: str | None = None
    trashed_at: str | None = None
    nm_id: int | None = None


class _Filter(msgspec.Struct, rename=camel_with_ids):
    with_photo: int = 0
    text_search: str = ""
    tag_ids: list[int] = []
    allowed_categories_only: bool = False
    object_ids: list[int] = []
    brands: list[str] = []
    imt_id: int | None = None

    def fits(self, traits: Traits) -> bool:
        """Whether a card is wanted; all cards are in allowed categories here."""
        return (
            (self.with_photo < 1 or (self.with_photo == 1) == (traits.photos > 0))
            and (not self.tag_ids or not traits.tags.isdisjoint(self.tag_ids))
            and (not self.object_ids or traits.subject in self.object_ids)
            and (not self.brands or traits.brand in self.brands)
            and (not self.imt_id or traits.imt == self.imt_id)
        )

    @property
    def wants_all(self) -> bool:
        """Whether every card is wanted."""
        narrowed = self.tag_ids or self.object_ids or self.brands or self.imt_id or self.text_search
        return self.with_photo < 1 and not narrowed


class _Settings(msgspec.Struct):
    sort: _Sort = msgspec.field(default_factory=_Sort)
    cursor: _Cursor = msgspec.field(default_factory=_Cursor)
    filter: _Filter = msgspec.field(default_factory=_Filter)


class _Wanted(msgspec.Struct):
    settings: _Settings = msgspec.field(default_factory=_Settings)


class _Items(msgspec.Struct, rename=camel_with_ids):
    nm_ids: list[int]


class _Move(msgspec.Struct, rename=camel_with_ids):
    nm_ids: list[int]
    target_imt: int | None = None


class CardHandlers(Handlers[Cabinet]):
    """Serves the cards of the caller's cabinet."""

    def routes(self) -> list[Route]:
        """The table of methods."""
        base = "/content/v2"
        rows = Records(("cards",), "nmID", ("description", "photos", "video", "dimensions"))
        return [
            Route("POST", f"{base}/get/cards/list", self.show, CARDS, SCOPE, False, rows),
            Route("POST", f"{base}/get/cards/trash", self.show_trash, CONTENT, SCOPE, False, rows),
            Route("POST", f"{base}/cards/moveNm", self.move, CONTENT, SCOPE, True),
            Route("POST", f"{base}/cards/delete/trash", self.trash, CARD_TRASH, SCOPE, True),
            Route("POST", f"{base}/cards/recover", self.recover, CARD_RECOVER, SCOPE, True),
        ]

    # Lists.

    async def show(self, call: Call) -> Answer:
        """`POST /content/v2/get/cards/list`: by the cursor `updatedAt` and `nmID`."""
        body = await body_of(call, _Wanted)
        if body is None:
            raise _unreadable()
        cards, settings = self._cabinet(call).cards, body.settings
        locale_of(call)
        after = _place(settings.cursor, settings.cursor.updated_at)
        numbers = cards.live.walk(after, ascending=settings.sort.ascending)
        if text := settings.filter.text_search:
            found = ((cards.updated(n), n) for n in cards.search(text) if n in cards.live)
            numbers = _beyond(found, after, ascending=settings.sort.ascending)
        if not settings.filter.wants_all:
            fits = settings.filter.fits
            numbers = (number for number in numbers if fits(cards.traits(number)))
        page = list(islice(numbers, settings.cursor.limit))
        rows = b",".join(map(cards.raw, page))
        return _page(rows, page, "updatedAt", cards.updated)

    async def show_trash(self, call: Call) -> Answer:
        """`POST /content/v2/get/cards/trash`: by the cursor `trashedAt` and `nmID`."""
        body = await body_of(call, _Wanted)
        if body is None:
            raise _unreadable()
        cards, settings = self._cabinet(call).cards, body.settings
        locale_of(call)
        after = _place(settings.cursor, settings.cursor.trashed_at)
        numbers = cards.bin.walk(after, ascending=settings.sort.ascending)
        if text := settings.filter.text_search:
            found = ((cards.trashed(n), n) for n in cards.search(text) if n in cards.bin)
            numbers = _beyond(found, after, ascending=settings.sort.ascending)
        page = list(islice(numbers, settings.cursor.limit))
        rows = b",".join(msgspec.json.encode(cards.trashed_record(number)) for number in page)
        return _page(rows, page, "trashedAt", cards.trashed)

    # Groups and trash.

    async def move(self, call: Call) -> Answer:
        """`POST /content/v2/cards/moveNm`: merges into a group, or splits off a new one."""
        raw = await call.request.read()
        if len(raw) > MAX_BODY:
            raise Refusal(413, answer=json_answer("body size exceeds the given limit", status=413))
        body = await body_of(call, _Move)
        if body is None or not body.nm_ids:
            raise _refused(replies.INCORRECT)
        if len(body.nm_ids) > MAX_GROUP:
            raise _refused("Maximum 30 cards")
        if len(set(body.nm_ids)) < len(body.nm_ids):
            raise _refused("Duplicate requests")
        cabinet = self._cabinet(call)
        cards = cabinet.cards
        numbers = [number for number in map(cards.find, body.nm_ids) if number is not None]
        if len(numbers) < len(body.nm_ids):
            raise _refused("nmID not found")
        subjects = {cards.traits(number).subject for number in numbers}
        target = body.target_imt
        if target is not None:
            members = cards.members(target)
            if not members:
                raise _refused("imt not found")
            if all(cards.traits(number).imt == target for number in numbers):
                raise _refused("All cards are in the same group")
            subjects.add(cards.traits(members[0]).subject)
            if len({*members, *numbers}) > MAX_GROUP:
                raise _refused("Maximum 30 cards")
        if len(subjects) > 1:
            raise _refused("You can not merge items with different subcategories")
        cards.move(numbers, cards.new_imt() if target is None else target)
        cabinet.effects["merge" if target is not None else "split"] += len(numbers)
        return replies.accepted()

    async def trash(self, call: Call) -> Answer:
        """`POST /content/v2/cards/delete/trash`: all or nothing."""
        cards = self._cabinet(call).cards
        return await self._each(call, cards.find, cards.trash)

    async def recover(self, call: Call) -> Answer:
        """`POST /content/v2/cards/recover`: all or nothing."""
        cards = self._cabinet(call).cards
        return await self._each(call, cards.find_trashed, cards.recover)

    async def _each(
        self, call: Call, find: Callable[[int], int | None], act: Callable[[int], None]
    ) -> Answer:
        body = await body_of(call, _Items)
        if body is None or not 1 <= len(body.nm_ids) <= MAX_MOVED:
            raise Refusal(400, replies.INCORRECT)
        items = list(dict.fromkeys(body.nm_ids))
        numbers = [number for number in map(find, items) if number is not None]
        if len(numbers) < len(items):
            unknown = {str(nm): "nmID not found" for nm in items if find(nm) is None}
            raise Refusal(400, "nmID not found", more=unknown)
        for number in numbers:
            act(number)
        return replies.accepted()


def _place(cursor: _Cursor, moment: str | None) -> Place | None:
    """Where a cursor stands; None at the start.

    Raises:
        BadParameter: When only a half of it is given, or the page is too large.
    """
    if not 1 <= cursor.limit <= MAX_PAGE:
        raise BadParameter("limit")
    if not moment and not cursor.nm_id:
        return None
    if not moment or not cursor.nm_id:
        raise BadParameter("cursor")
    try:
        return (micros_of(moment), assortment.number_of(cursor.nm_id))
    except ValueError as error:
        raise BadParameter("cursor") from error


def _beyond(found: Iterable[Place], after: Place | None, *, ascending: bool) -> Iterator[int]:
    """The numbers of what was found beyond a place, the next first."""
    for place in sorted(found, reverse=not ascending):
        if after is None or (place > after if ascending else place < after):
            yield place[1]


def _page(rows: bytes, page: list[int], name: str, moment: Callable[[int], int]) -> Answer:
    """A page and its cursor, which has no place when the page is empty."""
    place = b""
    if page:
        last = page[-1]
        stamp = exact_time(moment(last))
        place = b'"%s":"%s","nmID":%d,' % (name.encode(), stamp, assortment.nm_id(last))
    body = b'{"cards":[%s],"cursor":{%s"total":%d}}' % (rows, place, len(page))
    return Answer(200, Body(body), "application/json")


def _refused(text: str) -> Refusal:
    return Refusal(400, text, more={"error": text})


def _unreadable() -> Refusal:
    text = Body(b"Request body can not be decoded")
    return Refusal(400, answer=Answer(400, text, "plain/text"))
