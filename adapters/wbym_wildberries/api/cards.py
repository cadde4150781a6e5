"""Cards: making, changing, merging, the trash; with the lists of them."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from wbym.calls import Endpoints, Json
from wbym.errors import InvalidInput
from wbym_wildberries.api import card_lists
from wbym_wildberries.api.base import (
    Envelope,
    check_envelope,
    enveloped,
    flatten_message,
    length,
    within,
)
from wbym_wildberries.api.card_documents import Documents
from wbym_wildberries.api.card_lists import CardLists
from wbym_wildberries.api.card_records import CardGroup, CardLimits, CardUpdate, NewCard
from wbym_wildberries.api.card_updates import update_json
from wbym_wildberries.batches import BODY_MOST
from wbym_wildberries.token import Category

__all__ = ["ENDPOINTS", "Cards", "check_group", "check_new", "check_update"]

GROUPS_MOST: Final = 100
"""Groups in one upload."""
MERGED_MOST: Final = 30
"""Cards in one group."""
UPDATES_MOST: Final = 3000
TRASH_MOST: Final = 1000
BARCODES_MOST: Final = 5000
VENDOR_CODE_MOST: Final = 72
"""Characters, of a new card's; a change states no bound."""
TITLE_MOST: Final = 60
DESCRIPTION_MOST: Final = 5000
"""Characters; in most subjects the description's bound is lower."""


class _Articles(msgspec.Struct):
    nm_ids: Sequence[int] = msgspec.field(name="nmIDs")


class _MergeBody(msgspec.Struct):
    target_imt: int = msgspec.field(name="targetIMT")
    nm_ids: Sequence[int] = msgspec.field(name="nmIDs")


class _AddBody(msgspec.Struct):
    imt_id: int = msgspec.field(name="imtID")
    cards: Sequence[NewCard] = msgspec.field(name="cardsToAdd")


class _CountBody(msgspec.Struct):
    count: int


def _notes(envelope: Envelope[object]) -> Mapping[str, str]:
    check_envelope(envelope)
    said = envelope.additional_errors
    by_name = said if isinstance(said, dict) else {"": said}
    return {
        str(name): flatten_message(value)
        for name, value in by_name.items()
        if flatten_message(value)
    }


_TABLE = Endpoints("content.cards", host="content", scope=Category.CONTENT.scope)
_CONTENT = ("content",)
_NOTES = Json(Envelope[object], _notes)

LIMITS = _TABLE.add("GET", "limits", "/content/v2/cards/limits", enveloped(CardLimits))
BARCODES = _TABLE.add(
    "POST", "barcodes", "/content/v2/barcodes", enveloped(list[str]), buckets=_CONTENT
)
UPLOAD = _TABLE.add("POST", "upload", "/content/v2/cards/upload", _NOTES)
ADD = _TABLE.add("POST", "add", "/content/v2/cards/upload/add", _NOTES)
UPDATE = _TABLE.add("POST", "update", "/content/v2/cards/update", _NOTES)
MOVE = _TABLE.add("POST", "move", "/content/v2/cards/moveNm", _NOTES, buckets=_CONTENT)
TRASH = _TABLE.add("POST", "trash", "/content/v2/cards/delete/trash", _NOTES)
RECOVER = _TABLE.add("POST", "recover", "/content/v2/cards/recover", _NOTES)

ENDPOINTS = (*card_lists.ENDPOINTS, *_TABLE.rows)


class Cards(CardLists):
    """``api.content.cards``.

    Most methods have a bucket of their own: 100 calls a minute, 5 at once; 10 a minute for
    uploads, updates and errors, 3 for recovering. With a base token many have 1 or 2 an hour.

    A method that changes cards returns what Wildberries notes of single ones although it took the
    request, by ``vendor_code`` or whatever it names; mostly nothing. Taken is not done: cards are
    worked on later, and what was wrong with them is in :meth:`failed`.
    """

    async def limits(self) -> CardLimits:
        """How many cards may be made (GET /content/v2/cards/limits).

        With those that there are, the trash included, no more than free and paid ones together.
        """
        return await self._call(LIMITS)

    async def barcodes(self, count: int) -> Sequence[str]:
        """Make barcodes for sizes (POST /content/v2/barcodes). Not repeatable.

        Args:
            count: 1 to 5,000.

        Raises:
            InvalidInput: ``count`` is outside its bounds.
        """
        within(BARCODES.name, "count", count, 1, BARCODES_MOST)
        return await self._call(BARCODES, body=_CountBody(count))

    async def upload(self, groups: Sequence[CardGroup]) -> Mapping[str, str]:
        """Make cards (POST /content/v2/cards/upload). Not repeatable.

        They are made later: it may take half an hour before they have prices and stock. Those that
        were not made are in :meth:`failed`.

        Args:
            groups: 1 to 100, of 1 to 30 cards each; 10 MB in all.

        Raises:
            InvalidInput: A rule above is broken, or one of the cards' own.
            BadRequest: Wildberries finds something wrong; nothing was taken.
            DeliveryUnknown: They may or may not be on their way.
        """
        within(UPLOAD.name, "groups", len(groups), 1, GROUPS_MOST)
        for group in groups:
            check_group(group)
        return await self._call(UPLOAD, body=_weighed(UPLOAD.name, "groups", groups))

    async def add(self, imt_id: int, cards: Sequence[NewCard]) -> Mapping[str, str]:
        """Make cards and merge them with those of a group (POST /content/v2/cards/upload/add).

        Not repeatable. As with :meth:`upload`, they are made later.

        Args:
            imt_id: The group, or a single card's.
            cards: 1 to 29: with those that there are, a group has 30 at most; 10 MB in all.

        Raises:
            InvalidInput: A rule above is broken, or one of the cards' own.
            BadRequest: Wildberries finds something wrong; nothing was taken.
            DeliveryUnknown: They may or may not be on their way.
        """
        within(ADD.name, "cards", len(cards), 1, MERGED_MOST - 1)
        for card in cards:
            check_new(card, ADD.name)
        return await self._call(ADD, body=_weighed(ADD.name, "cards", _AddBody(imt_id, cards)))

    async def update(self, cards: Sequence[CardUpdate]) -> Mapping[str, str]:
        """Write cards anew: what is left out of one is lost (POST /content/v2/cards/update).

        ``card.to_update`` makes an update that leaves nothing out. Not repeatable. Pictures, tags,
        prices and barcodes that there are stay as they are. Those that were not changed are in
        :meth:`failed`.

        Args:
            cards: 1 to 3,000; 10 MB in all.

        Raises:
            InvalidInput: A rule above is broken, or one of the cards' own.
            BadRequest: Wildberries finds something wrong; nothing was taken.
            DeliveryUnknown: They may or may not be on their way.
        """
        within(UPDATE.name, "cards", len(cards), 1, UPDATES_MOST)
        for card in cards:
            check_update(card)
        body = [msgspec.Raw(update_json(card)) for card in cards]
        return await self._call(UPDATE, body=_weighed(UPDATE.name, "cards", body))

    async def merge(self, target_imt: int, nm_ids: Sequence[int]) -> Mapping[str, str]:
        """Merge cards of one subject into a group (POST /content/v2/cards/moveNm).

        Not repeatable.

        Args:
            target_imt: The group's ``imt_id``.
            nm_ids: 1 to 30 cards.

        Raises:
            InvalidInput: There are none or more than 30.
            BadRequest: They are of several subjects, in the group already, or are not there.
            DeliveryUnknown: They may or may not have been merged.
        """
        within(MOVE.name, "nm_ids", len(nm_ids), 1, MERGED_MOST)
        return await self._call(MOVE, body=_MergeBody(target_imt, nm_ids))

    async def separate(self, nm_ids: Sequence[int]) -> Mapping[str, str]:
        """Take cards out of their groups (POST /content/v2/cards/moveNm). Not repeatable.

        Several at once become one new group; to part them all, send one a call.

        Args:
            nm_ids: 1 to 30 cards.

        Raises:
            InvalidInput: There are none or more than 30.
            BadRequest: One of them is not there.
            DeliveryUnknown: They may or may not have been separated.
        """
        within(MOVE.name, "nm_ids", len(nm_ids), 1, MERGED_MOST)
        return await self._call(MOVE, body=_Articles(nm_ids))

    async def trash(self, nm_ids: Sequence[int]) -> Mapping[str, str]:
        """Throw cards away: after 30 days they are deleted, and their groups are lost at once.

        (POST /content/v2/cards/delete/trash.) Until then :meth:`recover` brings them back, in new
        groups. They are sold on while there is stock. Not repeatable.

        Args:
            nm_ids: 1 to 1,000 cards.

        Raises:
            InvalidInput: There are none or more than 1,000.
            DeliveryUnknown: They may or may not be in the trash.
        """
        within(TRASH.name, "nm_ids", len(nm_ids), 1, TRASH_MOST)
        return await self._call(TRASH, body=_Articles(nm_ids))

    async def recover(self, nm_ids: Sequence[int]) -> Mapping[str, str]:
        """Bring cards back from the trash (POST /content/v2/cards/recover). Not repeatable.

        They have another ``imt_id`` then. 3 calls a minute, 5 at once.

        Args:
            nm_ids: 1 to 1,000 cards.

        Raises:
            InvalidInput: There are none or more than 1,000.
            DeliveryUnknown: They may or may not be back.
        """
        within(RECOVER.name, "nm_ids", len(nm_ids), 1, TRASH_MOST)
        return await self._call(RECOVER, body=_Articles(nm_ids))


def check_group(group: CardGroup) -> None:
    """Refuse a group that Wildberries would refuse.

    Raises:
        InvalidInput: It has no cards or more than 30, or a card breaks a rule.
    """
    within(UPLOAD.name, "variants", len(group.variants), 1, MERGED_MOST)
    for card in group.variants:
        check_new(card)


def check_new(card: NewCard, method: str = UPLOAD.name) -> None:
    """Refuse a new card that Wildberries would refuse.

    Raises:
        InvalidInput: It has no ``vendor_code``, a text is too long, or a document has an id or a
            verdict.
    """
    _check_texts(method, card.vendor_code, card.title, card.description)
    length(method, "vendor_code", card.vendor_code, 1, VENDOR_CODE_MOST)
    if card.documents is not None:
        _check_new_documents(method, card.documents)


def check_update(card: CardUpdate) -> None:
    """Refuse a change that Wildberries would refuse.

    Raises:
        InvalidInput: It has no ``vendor_code`` or no sizes, or a text is too long.
    """
    _check_texts(UPDATE.name, card.vendor_code, card.title, card.description)
    if not card.sizes:
        rule = f"must have all sizes of card {card.nm_id}, or its one without a name"
        raise InvalidInput(UPDATE.name, "sizes", rule, card.sizes)


def _check_texts(method: str, vendor_code: str, title: str | None, description: str | None) -> None:
    if not vendor_code:
        raise InvalidInput(method, "vendor_code", "must not be empty", vendor_code)
    length(method, "title", title or "", 0, TITLE_MOST)
    length(method, "description", description or "", 0, DESCRIPTION_MOST)


def _check_new_documents(method: str, documents: Documents) -> None:
    given = [documents.overall_verdict]
    for one in documents.items or ():
        given += [one.id, one.verdict]
    if any(value is not None for value in given):
        rule = "must have no ids and no verdicts in a new card: Wildberries gives both"
        raise InvalidInput(method, "documents", rule, documents)


def _weighed(method: str, argument: str, body: object) -> msgspec.Raw:
    """The body as it is sent, so that its size is known and it is encoded once."""
    encoded = msgspec.json.encode(body)
    if len(encoded) > BODY_MOST:
        rule = f"must have at most {BODY_MOST} bytes in one call: send them in several"
        raise InvalidInput(method, argument, rule, f"{len(encoded)} bytes")
    return msgspec.Raw(encoded)
