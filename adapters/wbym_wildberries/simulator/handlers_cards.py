"""The methods that list cards and move them: groups and trash."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import msgspec

from wbym.testing import (
    Call,
    Handlers,
    RecordFields,
    Refusal,
    Response,
    SortedKeyList,
    json_response,
    raw_response,
    route,
)
from wbym_wildberries.simulator import card_ids, replies
from wbym_wildberries.simulator.card_rules import MAX_BODY
from wbym_wildberries.simulator.dates import exact_time
from wbym_wildberries.simulator.handlers_directories import SCOPE, locale_of
from wbym_wildberries.simulator.limits import CARD_RECOVER, CARD_TRASH, CARDS, CONTENT
from wbym_wildberries.simulator.requests import BadParameter, body_of, camel_with_ids
from wbym_wildberries.simulator.state import Cabinet
from wbym_wildberries.simulator.state_cards import MAX_GROUP, CardKey, Cards, Traits, micros_of

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


_CARDS = RecordFields(("cards",), "nmID", ("description", "photos", "video", "dimensions"))


class CardHandlers(Handlers[Cabinet], scope=SCOPE):
    """Serves the cards of the caller's cabinet."""

    # Lists.

    @route("POST", "/content/v2/get/cards/list", bucket=CARDS, writes=False, records=_CARDS)
    async def show(self, call: Call) -> Response:
        """Listed cards, by the cursor `updatedAt` and `nmID`."""
        settings = await _settings(call)
        cards, fits = self._cabinet(call).cards, settings.filter.fits
        after = _place(settings.cursor, settings.cursor.updated_at)
        numbers = _select(cards, cards.live, cards.updated, settings, after)
        if not settings.filter.wants_all:
            numbers = (number for number in numbers if fits(cards.traits(number)))
        page = list(islice(numbers, settings.cursor.limit))
        return _page(map(cards.raw, page), page, "updatedAt", cards.updated)

    @route("POST", "/content/v2/get/cards/trash", bucket=CONTENT, writes=False, records=_CARDS)
    async def show_trash(self, call: Call) -> Response:
        """Cards in the trash, by the cursor `trashedAt` and `nmID`."""
        settings = await _settings(call)
        cards = self._cabinet(call).cards
        after = _place(settings.cursor, settings.cursor.trashed_at)
        numbers = _select(cards, cards.bin, cards.trashed, settings, after)
        page = list(islice(numbers, settings.cursor.limit))
        rows = (msgspec.json.encode(cards.trashed_record(number)) for number in page)
        return _page(rows, page, "trashedAt", cards.trashed)

    # Groups and trash.

    @route("POST", "/content/v2/cards/moveNm", bucket=CONTENT)
    async def move(self, call: Call) -> Response:
        """Merges into a group, or splits off a new one."""
        if len(await call.request.read()) > MAX_BODY:
            too_large = json_response("body size exceeds the given limit", status=413)
            raise Refusal(413, response=too_large)
        body = await body_of(call, _Move, _rejection(replies.INCORRECT))
        if not body.nm_ids:
            raise _rejection(replies.INCORRECT)
        if len(body.nm_ids) > MAX_GROUP:
            raise _rejection("Maximum 30 cards")
        if len(set(body.nm_ids)) < len(body.nm_ids):
            raise _rejection("Duplicate requests")
        cabinet = self._cabinet(call)
        cards = cabinet.cards
        numbers = [number for number in map(cards.find, body.nm_ids) if number is not None]
        if len(numbers) < len(body.nm_ids):
            raise _rejection("nmID not found")
        subjects = {cards.traits(number).subject for number in numbers}
        target = body.target_imt
        if target is not None:
            members = cards.members(target)
            if not members:
                raise _rejection("imt not found")
            if all(cards.traits(number).imt == target for number in numbers):
                raise _rejection("All cards are in the same group")
            subjects.add(cards.traits(members[0]).subject)
            if len({*members, *numbers}) > MAX_GROUP:
                raise _rejection("Maximum 30 cards")
        if len(subjects) > 1:
            raise _rejection("You can not merge items with different subcategories")
        cards.move(numbers, cards.new_imt() if target is None else target)
        cabinet.effects["merge" if target is not None else "split"] += len(numbers)
        return replies.accepted()

    @route("POST", "/content/v2/cards/delete/trash", bucket=CARD_TRASH)
    async def trash(self, call: Call) -> Response:
        """Moves cards to the trash: all or nothing."""
        cards = self._cabinet(call).cards
        return await self._each(call, cards.find, cards.trash)

    @route("POST", "/content/v2/cards/recover", bucket=CARD_RECOVER)
    async def recover(self, call: Call) -> Response:
        """Recovers cards from the trash: all or nothing."""
        cards = self._cabinet(call).cards
        return await self._each(call, cards.find_trashed, cards.recover)

    async def _each(
        self, call: Call, find: Callable[[int], int | None], act: Callable[[int], None]
    ) -> Response:
        body = await body_of(call, _Items, Refusal(400, replies.INCORRECT))
        if not 1 <= len(body.nm_ids) <= MAX_MOVED:
            raise Refusal(400, replies.INCORRECT)
        items = list(dict.fromkeys(body.nm_ids))
        numbers = [number for number in map(find, items) if number is not None]
        if len(numbers) < len(items):
            unknown = {str(nm): "nmID not found" for nm in items if find(nm) is None}
            raise Refusal(400, "nmID not found", more=unknown)
        for number in numbers:
            act(number)
        return replies.accepted()


async def _settings(call: Call) -> _Settings:
    """The settings of a list; the language is checked and has no effect here."""
    text = raw_response(b"Request body can not be decoded", status=400, content_type="plain/text")
    body = await body_of(call, _Wanted, Refusal(400, response=text))
    locale_of(call)
    return body.settings


def _place(cursor: _Cursor, moment: str | None) -> CardKey | None:
    """The position of a cursor; None at the start.

    Raises:
        BadParameter: Only one half of it is given, or the page is too large.
    """
    if not 1 <= cursor.limit <= MAX_PAGE:
        raise BadParameter("limit")
    if not moment and not cursor.nm_id:
        return None
    if not moment or not cursor.nm_id:
        raise BadParameter("cursor")
    try:
        return (micros_of(moment), card_ids.number_of(cursor.nm_id))
    except ValueError as error:
        raise BadParameter("cursor") from error


def _select(
    cards: Cards,
    listed: SortedKeyList[int, CardKey],
    moment: Callable[[int], int],
    settings: _Settings,
    after: CardKey | None,
) -> Iterator[int]:
    """Numbers of the cards after a position that match the search text, if one is given."""
    ascending = settings.sort.ascending
    text = settings.filter.text_search
    if not text:
        return listed.walk(after, ascending=ascending)
    found = sorted((moment(number), number) for number in cards.search(text) if number in listed)
    matching = SortedKeyList(lambda place: place, found)
    return (number for _, number in matching.walk(after, ascending=ascending))


def _page(
    rows: Iterable[bytes], page: list[int], name: str, moment: Callable[[int], int]
) -> Response:
    """A page and its cursor, which has no position when the page is empty."""
    place = b""
    if page:
        last = page[-1]
        stamp = exact_time(moment(last))
        place = b'"%s":"%s","nmID":%d,' % (name.encode(), stamp, card_ids.nm_id(last))
    body = b'{"cards":[%s],"cursor":{%s"total":%d}}' % (b",".join(rows), place, len(page))
    return raw_response(body)


def _rejection(text: str) -> Refusal:
    return Refusal(400, text, more={"error": text})
