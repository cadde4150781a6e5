"""Cards: listing, creating, updating, merging, the trash."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Annotated, Final, TypeAlias, TypeVar

import msgspec

from wbym.bulk import (
    DONE,
    Batch,
    Outcome,
    Progress,
    Result,
    Rules,
    carry_out,
    follow,
)
from wbym.calls import (
    Count,
    Decoded,
    Each,
    Encode,
    Group,
    Json,
    Name,
    Query,
    Range,
    Unreadable,
    WholeBody,
    get,
    post,
    require,
    row,
    validator_of,
)
from wbym.errors import InvalidInput, TaskPending
from wbym.limits import Priority
from wbym.paging import ByCursor, Listing, Page
from wbym_wildberries._token import Category
from wbym_wildberries.api._base import (
    MAX_BODY_SIZE,
    Envelope,
    Locale,
    as_is,
    check_envelope,
    flatten_message,
    in_envelope,
)
from wbym_wildberries.api.content._card_records import (
    MAX_GROUP_SIZE,
    Card,
    CardChanges,
    CardDimensions,
    CardErrors,
    CardFilter,
    CardGroup,
    CardLimits,
    CardPhoto,
    CardSize,
    CardsPage,
    CardUpdate,
    CardValue,
    Dimensions,
    Document,
    Documents,
    DocumentType,
    ErrorsPage,
    KeepsCard,
    LeaveOut,
    NewCard,
    NewSize,
    Original,
    SizeUpdate,
    TrashedCard,
    TrashPage,
    Value,
    Wholesale,
    keep_original,
    update_json,
)

__all__ = [
    "Card",
    "CardChanges",
    "CardDimensions",
    "CardErrors",
    "CardFilter",
    "CardGroup",
    "CardItem",
    "CardLimits",
    "CardPhoto",
    "CardSize",
    "CardUpdate",
    "CardValue",
    "Cards",
    "Dimensions",
    "Document",
    "DocumentType",
    "Documents",
    "LeaveOut",
    "Mark",
    "Merge",
    "NewCard",
    "NewSize",
    "SentCards",
    "SizeUpdate",
    "TrashedCard",
    "Value",
    "Wholesale",
]

CardItem: TypeAlias = CardGroup | CardUpdate

T = TypeVar("T", CardGroup, CardUpdate)


class Mark(msgspec.Struct, frozen=True):
    """The ends of the lists of cards and errors before cards were sent, by WB's own clock."""

    cards: str | None = None
    """The cursor after the last changed card."""
    errors_at: datetime | None = None
    batches: frozenset[str] = frozenset()
    """Ids of the errors that existed."""


class SentCards(msgspec.Struct, frozen=True):
    """Cards that WB has accepted, and the mark to search from."""

    codes: tuple[str, ...]
    """Their ``vendor_code``."""
    since: Mark


class Merge(msgspec.Struct, frozen=True):
    """Cards to merge into one group."""

    target_imt: int
    nm_ids: Sequence[int]
    """1 to 30."""


class _Search:
    """A search for sent cards that resumes where it stopped.

    Args:
        sent: The cards to search for.
        cards: All cards, the least recently changed first.
        failed: Errors of cards, newest first.
    """

    def __init__(
        self, sent: SentCards, *, cards: Listing[Card], failed: Listing[CardErrors]
    ) -> None:
        self.found: Final[dict[str, Result[Card]]] = {}
        """The results known so far, by ``vendor_code``."""
        self._since = sent.since
        self._wanted = frozenset(sent.codes)
        self._cards = cards
        self._failed = failed
        self._cursor = sent.since.cards

    async def poll(self) -> bool | None:
        """Search once; True when the results of all cards are known, else None."""
        await self._find_errors()
        if self._wanted - self.found.keys():
            await self._find_cards()
        return None if self._wanted - self.found.keys() else True

    async def _find_errors(self) -> None:
        since = self._since
        async with aclosing(self._failed.records()) as batches:
            async for batch in batches:
                if batch.updated_at and since.errors_at and batch.updated_at < since.errors_at:
                    break
                if batch.batch_uuid in since.batches:
                    continue
                for code in self._wanted & (batch.errors or {}).keys():
                    reason = "; ".join((batch.errors or {})[code])
                    self.found[code] = Result(Outcome.FAILED, reason or "WB gave no reason")

    async def _find_cards(self) -> None:
        cards = self._cards.using(cursor=self._cursor)
        async with aclosing(cards.records()) as records:
            async for card in records:
                self._cursor = cards.cursor
                code = card.vendor_code
                if code in self._wanted and code not in self.found:
                    self.found[code] = Result(Outcome.DONE, value=card)
                    if not self._wanted - self.found.keys():
                        break


def _mark_of(newest: Page[Card], failed: Page[CardErrors]) -> Mark:
    """The mark of the current lists.

    Args:
        newest: A page with only the last changed card.
        failed: The newest errors.
    """
    moments = [batch.updated_at for batch in failed.items if batch.updated_at is not None]
    return Mark(
        newest.next_cursor,
        max(moments, default=None),
        frozenset(batch.batch_uuid for batch in failed.items),
    )


def _vendor_codes(items: Sequence[CardItem]) -> tuple[str, ...]:
    """The ``vendor_code`` of each card to send."""
    found: list[str] = []
    for item in items:
        if isinstance(item, CardGroup):
            found += [card.vendor_code for card in item.variants]
        else:
            found.append(item.vendor_code)
    return tuple(found)


def _accepted_cards(batch: Batch[T, SentCards]) -> dict[Mark, list[int]]:
    """The places of accepted items without a result, by their mark."""
    found: dict[Mark, list[int]] = {}
    for place, (_, result) in enumerate(batch):
        if result.outcome is Outcome.ACCEPTED and result.value is not None:
            found.setdefault(result.value.since, []).append(place)
    return found


def _result_after(
    result: Result[SentCards], found: Mapping[str, Result[Card]]
) -> Result[SentCards]:
    """The result of an item after a search for its cards."""
    if result.value is None:
        return result
    reasons = {
        code: found[code].reason
        for code in result.value.codes
        if code in found and found[code].outcome is Outcome.FAILED
    }
    if reasons:
        joined = "; ".join(f"{code}: {reason}" for code, reason in reasons.items())
        return Result(Outcome.FAILED, joined, result.value)
    if found.keys() >= set(result.value.codes):
        return Result(Outcome.DONE, value=result.value)
    return result


_CARD_PAGES: Final = ByCursor(
    ("updatedAt", "nmID"),
    size="limit",
    max_size=100,
    at=("settings", "cursor"),
    more=lambda cursor, size: cursor.total >= size,
)
_TRASHED_PAGES: Final = msgspec.structs.replace(_CARD_PAGES, fields=("trashedAt", "nmID"))
_FAILED_PAGES: Final = ByCursor(
    ("updatedAt", "batchUUID"),
    size="limit",
    max_size=100,
    at=("cursor",),
    more=lambda cursor, _: cursor.next,
)


class _Sort(msgspec.Struct):
    ascending: bool


class _ListSettings(msgspec.Struct):
    sort: _Sort
    filter: CardFilter


class _ListBody(msgspec.Struct):
    settings: _ListSettings


class _TrashFilter(msgspec.Struct, omit_defaults=True):
    text: str | None = msgspec.field(default=None, name="textSearch")


class _TrashSettings(msgspec.Struct):
    sort: _Sort
    filter: _TrashFilter


class _TrashBody(msgspec.Struct):
    settings: _TrashSettings


class _FailedBody(msgspec.Struct):
    order: _Sort


def _list_body(where: CardFilter | None, ascending: bool, locale: Locale | None) -> _ListBody:
    """The body of a request for cards, without the cursor."""
    return _ListBody(_ListSettings(_Sort(ascending), where or CardFilter()))


def _trash_body(text: str | None, ascending: bool, locale: Locale | None) -> _TrashBody:
    """The body of a request for cards in the trash, without the cursor."""
    return _TrashBody(_TrashSettings(_Sort(ascending), _TrashFilter(text or None)))


def _failed_body(ascending: bool, locale: Locale | None) -> _FailedBody:
    """The body of a request for errors of cards, without the cursor."""
    return _FailedBody(_Sort(ascending))


class _RawPage(msgspec.Struct):
    cards: list[msgspec.Raw] = []


_RAW_PAGE: Final = msgspec.json.Decoder(_RawPage)


class _CardsReply(Json[CardsPage, CardsPage]):
    """A page of cards, each with its bytes."""

    def __init__(self) -> None:
        super().__init__(CardsPage, lambda page: page, records=("cards",), record=Card)

    def decode(self, body: bytes) -> Decoded[CardsPage]:
        """The page and its undecodable records; see :class:`wbym.calls.Json`."""
        decoded = super().decode(body)
        gone = {record.where for record in decoded.undecodable}
        rows = enumerate(_RAW_PAGE.decode(body).cards)
        kept = [raw for index, raw in rows if f"cards[{index}]" not in gone]
        for card, raw in zip(decoded.value.cards, kept, strict=True):
            keep_original(card, Original(raw))
        return decoded


def _errors(envelope: Envelope[ErrorsPage | list[msgspec.Raw]]) -> ErrorsPage:
    check_envelope(envelope)
    if isinstance(envelope.data, ErrorsPage):
        return envelope.data
    if envelope.data:
        raise Unreadable("the envelope has a list of another kind")
    # Older documents have a list here; an empty list means the same as an empty page.
    return ErrorsPage()


_FAILED: Final = Json(
    Envelope[ErrorsPage | list[msgspec.Raw]],
    _errors,
    records=("data", "items"),
    record=CardErrors,
)


MAX_GROUPS: Final = 100
"""Max groups in one upload."""
MAX_UPDATES: Final = 3000
MAX_TRASHED: Final = 1000
"""Max cards per call that trashes or recovers cards."""

CARDS_TIMEOUT: Final = 2400.0
"""Seconds: WB says that cards may take half an hour."""
CARDS_POLL: Final = 20.0
"""Seconds: errors can be listed ten times per minute."""


class FitsBody(msgspec.Struct, frozen=True):
    """The values fit into the body of one call."""

    def violation(self, values: Sequence[object], /) -> str | None:
        """See :class:`wbym.calls._annotations.Rule`."""
        return _too_large(len(msgspec.json.encode(values)))


def _too_large(size: int) -> str | None:
    if size <= MAX_BODY_SIZE:
        return None
    return f"must have at most {MAX_BODY_SIZE} bytes in one call, not {size}: send several"


def _notes(envelope: Envelope[object]) -> Mapping[str, str]:
    check_envelope(envelope)
    errors = envelope.additional_errors
    by_name = errors if isinstance(errors, dict) else {"": errors}
    return {
        str(name): flatten_message(value)
        for name, value in by_name.items()
        if flatten_message(value)
    }


def _updates(cards: Sequence[CardUpdate]) -> Sequence[msgspec.Raw]:
    # The size is checked here, since encoding thousands of cards twice would block the loop.
    encoded = [update_json(card) for card in cards]
    rule = _too_large(sum(map(len, encoded)) + len(encoded) + 1)
    if rule is not None:
        raise InvalidInput(row(Cards.update).name, "cards", rule, cards)
    return [msgspec.Raw(card) for card in encoded]


_NOTES: Final = Json(Envelope[object], _notes)
_SHARED: Final = ("content",)
"""The bucket of methods without their own."""

LocaleInQuery = Annotated[Locale | None, Query()]
Merged = Annotated[Sequence[int], Name("nmIDs"), Count(1, MAX_GROUP_SIZE)]
Trashed = Annotated[Sequence[int], Name("nmIDs"), Count(1, MAX_TRASHED)]


class Cards(
    Group,
    noun="content.cards",
    host="content",
    scope=Category.CONTENT.scope,
    envelope=in_envelope,
):
    """``api.content.cards``.

    Most methods have their own bucket: 100 calls per minute, 5 at once; 10 per minute for uploads,
    updates and errors, 3 for recovering. With a base token many have 1 or 2 per hour.

    A method that changes cards returns WB's notes on single cards of an accepted request, by
    ``vendor_code`` or another name; usually none. Accepted is not done: WB processes cards later,
    and lists their errors in :meth:`failed`. Methods named ``..._and_wait`` wait for that, and
    methods named ``..._all`` take any number of cards.
    """

    @post(
        "/content/v2/get/cards/list",
        reads=True,
        pages=_CARD_PAGES,
        page=CardsPage,
        reply=_CardsReply(),
        body=_list_body,
    )
    def list(
        self,
        where: CardFilter | None = None,
        *,
        ascending: bool = True,
        locale: LocaleInQuery = None,
    ) -> Listing[Card]:
        """Cards that are not in the trash, 100 per page.

        In ascending order a card that changes meanwhile comes again at the end, so that none is
        missed, but one may come twice. Resuming later from the listing's ``cursor`` returns the
        last page again, then the cards changed since.

        Args:
            where: A filter; all cards by default.
            ascending: Whether the least recently changed cards come first.
            locale: The language of names and values.
        """
        ...

    @post(
        "/content/v2/get/cards/trash",
        reads=True,
        pages=_TRASHED_PAGES,
        page=TrashPage,
        envelope=as_is,
        body=_trash_body,
        buckets=_SHARED,
    )
    def trashed(
        self, *, text: str | None = None, ascending: bool = True, locale: LocaleInQuery = None
    ) -> Listing[TrashedCard]:
        """Cards in the trash, 100 per page.

        Args:
            text: In ``vendor_code``, ``nm_id`` or a barcode.
            ascending: Whether the cards trashed longest ago come first.
            locale: The language of names and values.
        """
        ...

    @post(
        "/content/v2/cards/error/list",
        reads=True,
        pages=_FAILED_PAGES,
        page=ErrorsPage,
        reply=_FAILED,
        body=_failed_body,
    )
    def failed(
        self, *, ascending: bool = True, locale: LocaleInQuery = None
    ) -> Listing[CardErrors]:
        """Errors of cards, 100 requests per page.

        Each item has the errors of one request. They stay until valid cards are sent again.

        Args:
            ascending: Whether the oldest come first.
            locale: The language of subjects.
        """
        ...

    @get("/content/v2/cards/limits")
    async def limits(self) -> CardLimits:
        """The max number of cards.

        Existing cards, the trash included, count towards the sum of the free and paid limits.
        """
        ...

    @post("/content/v2/barcodes", buckets=_SHARED)
    async def barcodes(self, count: Annotated[int, Range(1, 5000)]) -> Sequence[str]:
        """Create barcodes for sizes.

        Args:
            count: 1 to 5,000.

        Raises:
            DeliveryUnknown: They may or may not have been created.
        """
        ...

    @post("/content/v2/cards/upload", reply=_NOTES)
    async def upload(
        self,
        groups: Annotated[Sequence[CardGroup], WholeBody(), Count(1, MAX_GROUPS), FitsBody()],
    ) -> Mapping[str, str]:
        """Create cards.

        WB creates them later: it may take half an hour before they can have prices and stock. The
        errors of cards that were not created are in :meth:`failed`.

        Args:
            groups: 1 to 100, of 1 to 30 cards each; 10 MB in total.

        Raises:
            BadRequest: Something is invalid; nothing was accepted.
            DeliveryUnknown: They may or may not have been accepted.
        """
        ...

    @post("/content/v2/cards/upload/add", reply=_NOTES)
    async def add(
        self,
        imt_id: Annotated[int, Name("imtID")],
        cards: Annotated[
            Sequence[NewCard], Name("cardsToAdd"), Count(1, MAX_GROUP_SIZE - 1), FitsBody()
        ],
    ) -> Mapping[str, str]:
        """Create cards in an existing group.

        As with :meth:`upload`, WB creates them later.

        Args:
            imt_id: The ``imt_id`` of the group or of a single card.
            cards: 1 to 29: a group has at most 30 cards, existing ones included; 10 MB in total.

        Raises:
            BadRequest: Something is invalid; nothing was accepted.
            DeliveryUnknown: They may or may not have been accepted.
        """
        ...

    @post("/content/v2/cards/update", reply=_NOTES)
    async def update(
        self,
        cards: Annotated[
            Sequence[CardUpdate],
            WholeBody(),
            Encode(_updates),
            Count(1, MAX_UPDATES),
            Each(KeepsCard()),
        ],
    ) -> Mapping[str, str]:
        """Overwrite cards: fields that are left out are lost.

        ``card.to_update`` creates a complete update. Pictures, tags, prices and existing barcodes
        do not change. The errors of cards that were not changed are in :meth:`failed`.

        Args:
            cards: 1 to 3,000; 10 MB in total.

        Raises:
            BadRequest: Something is invalid; nothing was accepted.
            DeliveryUnknown: They may or may not have been accepted.
        """
        ...

    @post("/content/v2/cards/moveNm", reply=_NOTES, buckets=_SHARED)
    async def _move(
        self, nm_ids: Merged, target_imt: Annotated[int | None, Name("targetIMT")] = None
    ) -> Mapping[str, str]:
        """Move cards to another group, or to a new one."""
        ...

    async def merge(self, target_imt: int, nm_ids: Sequence[int]) -> Mapping[str, str]:
        """Merge cards of one subject into a group.

        Args:
            target_imt: The group's ``imt_id``.
            nm_ids: 1 to 30 cards.

        Raises:
            BadRequest: The cards have several subjects, or are in the group already.
            NotFound: A card or the group does not exist.
            DeliveryUnknown: They may or may not have been merged.
        """
        require(row(Cards._move).name, "target_imt", target_imt, int)  # None would separate them
        return await self._move(nm_ids, target_imt)

    async def separate(self, nm_ids: Sequence[int]) -> Mapping[str, str]:
        """Take cards out of their groups.

        Several cards of one call become a new group; to separate them all, send one per call.

        Args:
            nm_ids: 1 to 30 cards.

        Raises:
            NotFound: One of the cards does not exist.
            DeliveryUnknown: They may or may not have been separated.
        """
        return await self._move(nm_ids)

    @post("/content/v2/cards/delete/trash", reply=_NOTES)
    async def trash(self, nm_ids: Trashed) -> Mapping[str, str]:
        """Move cards to the trash: deleted after 30 days, and their groups are lost at once.

        Until then :meth:`recover` restores them, in new groups. They are still sold while they have
        stock.

        Args:
            nm_ids: 1 to 1,000 cards.

        Raises:
            DeliveryUnknown: They may or may not be in the trash.
        """
        ...

    @post("/content/v2/cards/recover", reply=_NOTES)
    async def recover(self, nm_ids: Trashed) -> Mapping[str, str]:
        """Restore cards from the trash.

        They get another ``imt_id``. 3 calls per minute, 5 at once.

        Args:
            nm_ids: 1 to 1,000 cards.

        Raises:
            DeliveryUnknown: They may or may not have been restored.
        """
        ...

    async def upload_and_wait(
        self,
        groups: Sequence[CardGroup],
        *,
        timeout: float | None = CARDS_TIMEOUT,
        poll: float = CARDS_POLL,
    ) -> Mapping[str, Result[Card]]:
        """Create cards in one upload, and wait until each is listed or among the errors.

        Args:
            groups: 1 to 100; ``upload_all`` takes more.
            timeout: Max seconds to wait once WB has accepted them; None: no limit.
            poll: Seconds between two polls, which have the lowest priority.

        Returns:
            The result of each card, by ``vendor_code``.

        Raises:
            InvalidInput: The cards break a rule; nothing was sent.
            DeliveryUnknown: They may or may not have been accepted; they are not sent again.
            TaskPending: They were accepted, but some results are not known yet; ``task`` is the
                argument of :meth:`wait`.
        """
        row(Cards.upload).values((groups,), {})  # checks before any request
        sent = SentCards(_vendor_codes(groups), await self.mark())
        await self.upload(groups)
        return await self.wait(sent, timeout=timeout, poll=poll)

    async def update_and_wait(
        self,
        updates: Sequence[CardUpdate],
        *,
        timeout: float | None = CARDS_TIMEOUT,
        poll: float = CARDS_POLL,
    ) -> Mapping[str, Result[Card]]:
        """Overwrite cards in one call, and wait until each is changed or among the errors.

        Fields that are left out are lost; ``card.to_update`` is complete. A card that is written
        without a change may never count as changed; then the wait ends with the timeout.

        Args:
            updates: 1 to 3,000; ``update_all`` takes more.
            timeout: Max seconds to wait once WB has accepted them; None: no limit.
            poll: Seconds between two polls, which have the lowest priority.

        Returns:
            The result of each card, by ``vendor_code``.

        Raises:
            InvalidInput: The cards break a rule; nothing was sent.
            DeliveryUnknown: They may or may not have been accepted; they are not sent again.
            TaskPending: As for :meth:`upload_and_wait`.
        """
        row(Cards.update).values((updates,), {})  # checks before any request
        sent = SentCards(_vendor_codes(updates), await self.mark())
        await self.update(updates)
        return await self.wait(sent, timeout=timeout, poll=poll)

    async def wait(
        self,
        sent: SentCards,
        *,
        timeout: float | None = CARDS_TIMEOUT,
        poll: float = CARDS_POLL,
    ) -> Mapping[str, Result[Card]]:
        """Wait until each card is listed or among the errors.

        A card counts as done when WB lists it as changed since it was sent.

        Args:
            sent: ``task`` of a :class:`~wbym.errors.TaskPending`.
            timeout: Max seconds to wait; None: no limit.
            poll: Seconds between two polls, which have the lowest priority.

        Raises:
            TaskPending: Some results are not known yet.
        """
        search = self._search(sent)
        await _follow(search, sent, timeout, poll)
        return {code: search.found[code] for code in sent.codes}

    async def mark(self) -> Mark:
        """The current ends of the lists, read before cards are sent to find their results later."""
        newest = await self.list(ascending=False).using(size=1).page()
        return _mark_of(newest, await self.failed(ascending=False).page())

    async def upload_all(
        self,
        groups: Iterable[CardGroup] | Batch[CardGroup, SentCards],
        *,
        timeout: float | None = CARDS_TIMEOUT,
        poll: float = CARDS_POLL,
        stop: bool = False,
        progress: Progress[CardGroup, SentCards] | None = None,
    ) -> Batch[CardGroup, SentCards]:
        """Create any number of cards, 100 groups per upload, and wait for them.

        Pass the batch again to resume: accepted groups are searched for, groups not tried are sent,
        the rest is left alone.

        Args:
            groups: The groups, or a batch of them.
            timeout: Max seconds to wait once all are sent; 0 not to wait; None: no limit.
            poll: Seconds between two polls.
            stop: Whether to stop uploading after the first rejected upload.
            progress: Called after each upload, and when the wait ends.

        Returns:
            The batch. ``stopped`` says why it ended early, if it did.
        """
        batch = groups if isinstance(groups, Batch) else Batch[CardGroup, SentCards](groups)
        return await self._send_all(batch, self.upload, _UPLOADING, timeout, poll, stop, progress)

    async def update_all(
        self,
        updates: Iterable[CardUpdate] | Batch[CardUpdate, SentCards],
        *,
        timeout: float | None = CARDS_TIMEOUT,
        poll: float = CARDS_POLL,
        stop: bool = False,
        progress: Progress[CardUpdate, SentCards] | None = None,
    ) -> Batch[CardUpdate, SentCards]:
        """Overwrite any number of cards, 3,000 per call, and wait for them.

        Fields that are left out are lost; ``card.to_update`` is complete. The arguments are those
        of :meth:`upload_all`. A card that is given twice is written once per call.
        """
        batch = updates if isinstance(updates, Batch) else Batch[CardUpdate, SentCards](updates)
        return await self._send_all(batch, self.update, _UPDATING, timeout, poll, stop, progress)

    async def trash_all(
        self,
        nm_ids: Iterable[int] | Batch[int, None],
        *,
        stop: bool = False,
        progress: Progress[int, None] | None = None,
    ) -> Batch[int, None]:
        """Move any number of cards to the trash, 1,000 per call: deleted after 30 days.

        Their groups are lost at once. Cards with a note of WB's fail with that note.
        """
        return await _by_article(nm_ids, self.trash, stop, progress)

    async def recover_all(
        self,
        nm_ids: Iterable[int] | Batch[int, None],
        *,
        stop: bool = False,
        progress: Progress[int, None] | None = None,
    ) -> Batch[int, None]:
        """Restore any number of cards from the trash, 1,000 per call.

        Cards with a note of WB's fail with that note.
        """
        return await _by_article(nm_ids, self.recover, stop, progress)

    async def merge_all(
        self,
        merges: Iterable[Merge] | Batch[Merge, None],
        *,
        stop: bool = False,
        progress: Progress[Merge, None] | None = None,
    ) -> Batch[Merge, None]:
        """Merge cards into any number of groups, one per call: a group has at most 30 cards."""
        batch = merges if isinstance(merges, Batch) else Batch[Merge, None](merges)

        async def send(portion: Sequence[Merge]) -> Sequence[Result[None]]:
            (merge,) = portion
            notes = await self.merge(merge.target_imt, merge.nm_ids)
            return [Result(Outcome.DONE, "; ".join(notes.values()) or None)]

        return await carry_out(
            batch,
            send,
            Rules[Merge](max_size=1, max_body_size=MAX_BODY_SIZE),
            stop=stop,
            progress=progress,
        )

    async def _send_all(
        self,
        batch: Batch[T, SentCards],
        call: Callable[[Sequence[T]], Awaitable[object]],
        rules: Rules[T],
        timeout: float | None,
        poll: float,
        stop: bool,
        progress: Progress[T, SentCards] | None,
    ) -> Batch[T, SentCards]:
        since = await self.mark() if batch.places(Outcome.NOT_TRIED) else Mark()

        async def send(portion: Sequence[T]) -> Sequence[Result[SentCards]]:
            await call(portion)
            sent = [SentCards(_vendor_codes([item]), since) for item in portion]
            return [Result(Outcome.ACCEPTED, value=cards) for cards in sent]

        await carry_out(batch, send, rules, stop=stop, progress=progress)
        clock = asyncio.get_running_loop().time
        deadline = None if timeout is None else clock() + timeout
        for mark, places in _accepted_cards(batch).items():
            sent = SentCards(_vendor_codes([batch.items[place] for place in places]), mark)
            search = self._search(sent)
            left = None if deadline is None else max(0.0, deadline - clock())
            try:
                await _follow(search, sent, left, poll)
            except TaskPending as pending:
                batch.stopped = batch.stopped or pending
            results = batch.results
            batch.note(places, [_result_after(results[place], search.found) for place in places])
            if progress is not None:
                progress(batch)
        return batch

    def _search(self, sent: SentCards) -> _Search:
        background = Cards(self._pipeline, Priority.BULK)
        return _Search(sent, cards=background.list(), failed=background.failed(ascending=False))


_UPLOADING: Final = Rules[CardGroup](
    max_size=MAX_GROUPS, max_body_size=MAX_BODY_SIZE, check=validator_of(CardGroup)
)
_UPDATING: Final = Rules[CardUpdate](
    max_body_size=MAX_BODY_SIZE,
    max_size=MAX_UPDATES,
    encode=update_json,
    check=validator_of(Annotated[CardUpdate, KeepsCard()]),
    key=lambda card: card.nm_id,
)
_TRASHING: Final = Rules[int](
    max_size=MAX_TRASHED,
    max_body_size=MAX_BODY_SIZE,
    check=validator_of(int),
    key=lambda nm_id: nm_id,
)


async def _follow(search: _Search, sent: SentCards, timeout: float | None, poll: float) -> None:
    await follow(search.poll, method="content.cards.wait", task=sent, timeout=timeout, poll=poll)


async def _by_article(
    nm_ids: Iterable[int] | Batch[int, None],
    call: Callable[[Sequence[int]], Awaitable[Mapping[str, str]]],
    stop: bool,
    progress: Progress[int, None] | None,
) -> Batch[int, None]:
    batch = nm_ids if isinstance(nm_ids, Batch) else Batch[int, None](nm_ids)

    async def send(portion: Sequence[int]) -> Sequence[Result[None]]:
        notes = await call(portion)
        reasons = [notes.get(str(nm_id)) for nm_id in portion]
        return [Result(Outcome.FAILED, reason) if reason else DONE for reason in reasons]

    return await carry_out(batch, send, _TRASHING, stop=stop, progress=progress)
