"""What became of cards that were sent: Wildberries works on them later, under no id."""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Final, TypeAlias, TypeVar

import msgspec

from wbym.bulk import Batch, Outcome, Result
from wbym.paging import Listing, Page
from wbym_wildberries.api.card_records import Card, CardErrors, CardGroup, CardUpdate

__all__ = [
    "CardItem",
    "Mark",
    "Merge",
    "Search",
    "SentCards",
    "accepted_cards",
    "mark_of",
    "result_after",
    "vendor_codes",
]

CardItem: TypeAlias = CardGroup | CardUpdate

T = TypeVar("T", CardGroup, CardUpdate)


class Mark(msgspec.Struct, frozen=True):
    """Where the lists of cards and of errors ended before cards were sent, by WB's own clock."""

    cards: str | None = None
    """The cursor after the card that was changed last."""
    errors_at: datetime | None = None
    batches: frozenset[str] = frozenset()
    """Errors that there were."""


class SentCards(msgspec.Struct, frozen=True):
    """Cards that WB has taken, and from where on to look for them."""

    codes: tuple[str, ...]
    """Their ``vendor_code``."""
    since: Mark


class Merge(msgspec.Struct, frozen=True):
    """Cards to be merged into one group."""

    target_imt: int
    nm_ids: Sequence[int]
    """1 to 30."""


class Search:
    """Looks for sent cards, each time from where it stopped.

    Args:
        sent: What to look for.
        cards: All cards, those first that were changed longest ago.
        failed: What was wrong with cards, newest first.
    """

    def __init__(
        self, sent: SentCards, *, cards: Listing[Card], failed: Listing[CardErrors]
    ) -> None:
        self.found: Final[dict[str, Result[Card]]] = {}
        """What became of cards, by ``vendor_code``: of those that are known of by now."""
        self._since = sent.since
        self._wanted = frozenset(sent.codes)
        self._cards = cards
        self._failed = failed
        self._cursor = sent.since.cards

    async def look(self) -> bool | None:
        """Write down what is known by now; True once all are found, else None."""
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
                    said = "; ".join((batch.errors or {})[code])
                    self.found[code] = Result(Outcome.FAILED, said or "WB gave no reason")

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


def mark_of(newest: Page[Card], failed: Page[CardErrors]) -> Mark:
    """The mark of the lists as they are now.

    Args:
        newest: A page with the one card that was changed last.
        failed: The newest errors.
    """
    moments = [batch.updated_at for batch in failed.items if batch.updated_at is not None]
    return Mark(
        newest.next_cursor,
        max(moments, default=None),
        frozenset(batch.batch_uuid for batch in failed.items),
    )


def vendor_codes(items: Sequence[CardItem]) -> tuple[str, ...]:
    """The ``vendor_code`` of each card in what is sent."""
    found: list[str] = []
    for item in items:
        if isinstance(item, CardGroup):
            found += [card.vendor_code for card in item.variants]
        else:
            found.append(item.vendor_code)
    return tuple(found)


def accepted_cards(batch: Batch[T, SentCards]) -> dict[Mark, list[int]]:
    """The places of what was taken and is not known to be done, by where to look from."""
    found: dict[Mark, list[int]] = {}
    for place, (_, result) in enumerate(batch):
        if result.outcome is Outcome.ACCEPTED and result.value is not None:
            found.setdefault(result.value.since, []).append(place)
    return found


def result_after(result: Result[SentCards], found: Mapping[str, Result[Card]]) -> Result[SentCards]:
    """What is known of an item, once its cards were looked for."""
    if result.value is None:
        return result
    reasons = {
        code: found[code].reason
        for code in result.value.codes
        if code in found and found[code].outcome is Outcome.FAILED
    }
    if reasons:
        said = "; ".join(f"{code}: {reason}" for code, reason in reasons.items())
        return Result(Outcome.FAILED, said, result.value)
    if found.keys() >= set(result.value.codes):
        return Result(Outcome.DONE, value=result.value)
    return result
