"""Any number of cards: made and changed in legal calls, followed until they are there or failed."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

import msgspec

from wbym.errors import TaskPending
from wbym.limits import Priority
from wbym_wildberries.api import card_lists, cards
from wbym_wildberries.api.card_records import Card, CardCursor, CardGroup, CardUpdate
from wbym_wildberries.api.card_updates import update_json
from wbym_wildberries.batches import DONE, Batch, Outcome, Progress, Result, Rules, carry_out
from wbym_wildberries.tasks import follow

__all__ = ["CardTasks", "Mark", "Merge", "SentCards"]

T = TypeVar("T", CardGroup, CardUpdate)

CARDS_TIMEOUT: Final = 2400.0
"""Seconds: WB says that it may take half an hour."""
CARDS_POLL: Final = 20.0
"""Seconds: errors may be asked for ten times a minute."""

_WAIT = "content.cards.wait"


class Mark(msgspec.Struct, frozen=True):
    """Where the lists of cards and of errors ended before cards were sent, by WB's own clock."""

    cards: CardCursor | None = None
    """The card that was changed last."""
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


class CardTasks(cards.Cards):
    """``api.content.cards``.

    Most methods have a bucket of their own: 100 calls a minute, 5 at once; 10 a minute for
    uploads, updates and errors, 3 for recovering. With a base token many have 1 or 2 an hour.

    A method that changes cards returns what Wildberries notes of single ones although it took the
    request, by ``vendor_code`` or whatever it names; mostly nothing. Taken is not done: cards are
    worked on later, and what was wrong with them is in :meth:`failed`. Those that wait for it, or
    take any number of cards, say so in their names.
    """

    async def upload_and_wait(
        self,
        groups: Sequence[CardGroup],
        *,
        timeout: float | None = CARDS_TIMEOUT,
        poll: float = CARDS_POLL,
    ) -> Mapping[str, Result[Card]]:
        """Make cards in one upload, and wait until each is there or among the errors.

        Args:
            groups: 1 to 100; ``upload_all`` takes more.
            timeout: Seconds to wait at most once WB has taken them; None: as long as it takes.
            poll: Seconds between two looks. They let all other calls go first.

        Returns:
            What became of each card, by ``vendor_code``.

        Raises:
            InvalidInput: The cards break a rule; nothing was sent.
            DeliveryUnknown: They may or may not have been taken; they are not sent again.
            TaskPending: They were taken, and of some it is not known what became of them; ``task``
                is what :meth:`wait` takes.
        """
        sent = SentCards(_codes(groups), await self.mark())
        await self.upload(groups)
        return await self.wait(sent, timeout=timeout, poll=poll)

    async def update_and_wait(
        self,
        updates: Sequence[CardUpdate],
        *,
        timeout: float | None = CARDS_TIMEOUT,
        poll: float = CARDS_POLL,
    ) -> Mapping[str, Result[Card]]:
        """Write cards anew in one call, and wait until each is changed or among the errors.

        What is left out of a card is lost; ``card.to_update`` leaves nothing out. A card that is
        written as it was may never count as changed; waiting for it ends with the time.

        Args:
            updates: 1 to 3,000; ``update_all`` takes more.
            timeout: Seconds to wait at most once WB has taken them; None: as long as it takes.
            poll: Seconds between two looks. They let all other calls go first.

        Returns:
            What became of each card, by ``vendor_code``.

        Raises:
            InvalidInput: The cards break a rule; nothing was sent.
            DeliveryUnknown: They may or may not have been taken; they are not sent again.
            TaskPending: As for :meth:`upload_and_wait`.
        """
        sent = SentCards(_codes(updates), await self.mark())
        await self.update(updates)
        return await self.wait(sent, timeout=timeout, poll=poll)

    async def wait(
        self,
        sent: SentCards,
        *,
        timeout: float | None = CARDS_TIMEOUT,
        poll: float = CARDS_POLL,
    ) -> Mapping[str, Result[Card]]:
        """Wait until each card is there or among the errors.

        A card counts as done when WB lists it as changed since it was sent.

        Args:
            sent: ``task`` of a :class:`~wbym.errors.TaskPending`.
            timeout: Seconds to wait at most; None: as long as it takes.
            poll: Seconds between two looks. They let all other calls go first.

        Raises:
            TaskPending: Of some it is not known what became of them.
        """
        found: dict[str, Result[Card]] = {}
        await self._follow(sent, found, timeout, poll)
        return {code: found[code] for code in sent.codes}

    async def mark(self) -> Mark:
        """Where the lists end now: taken before cards are sent, to tell what came of them."""
        newest = await self.list(ascending=False, limit=1)
        errors = (await self.failed(ascending=False)).items
        moments = [batch.updated_at for batch in errors if batch.updated_at is not None]
        return Mark(
            newest.cursor if newest.cards else None,
            max(moments, default=None),
            frozenset(batch.batch_uuid for batch in errors),
        )

    async def upload_all(
        self,
        groups: Iterable[CardGroup] | Batch[CardGroup, SentCards],
        *,
        timeout: float | None = CARDS_TIMEOUT,
        poll: float = CARDS_POLL,
        stop: bool = False,
        progress: Progress[CardGroup, SentCards] | None = None,
    ) -> Batch[CardGroup, SentCards]:
        """Make any number of cards, 100 groups an upload, and wait for them.

        Pass the batch again to go on: what was taken is looked for, what was not tried is sent, the
        rest is left alone.

        Args:
            groups: The groups, or a batch of them.
            timeout: Seconds to wait at most once all are sent; 0 not to wait.
            poll: Seconds between two looks.
            stop: Whether to make no further upload once one is refused.
            progress: Is told after each upload, and when the waiting ends.

        Returns:
            The batch. ``stopped`` says why it ended early, where it did.
        """
        batch = groups if isinstance(groups, Batch) else Batch[CardGroup, SentCards](groups)
        rules = Rules[CardGroup](most=cards.GROUPS_MOST, check=cards.check_group)
        return await self._send_all(batch, self.upload, rules, timeout, poll, stop, progress)

    async def update_all(
        self,
        updates: Iterable[CardUpdate] | Batch[CardUpdate, SentCards],
        *,
        timeout: float | None = CARDS_TIMEOUT,
        poll: float = CARDS_POLL,
        stop: bool = False,
        progress: Progress[CardUpdate, SentCards] | None = None,
    ) -> Batch[CardUpdate, SentCards]:
        """Write any number of cards anew, 3,000 a call, and wait for them.

        What is left out of a card is lost; ``card.to_update`` leaves nothing out. Arguments as for
        :meth:`upload_all`. Where a card comes twice, it is written once a call.
        """
        batch = updates if isinstance(updates, Batch) else Batch[CardUpdate, SentCards](updates)
        rules = Rules[CardUpdate](
            most=cards.UPDATES_MOST,
            encode=update_json,
            check=cards.check_update,
            key=lambda card: card.nm_id,
        )
        return await self._send_all(batch, self.update, rules, timeout, poll, stop, progress)

    async def trash_all(
        self,
        nm_ids: Iterable[int] | Batch[int, None],
        *,
        stop: bool = False,
        progress: Progress[int, None] | None = None,
    ) -> Batch[int, None]:
        """Throw any number of cards away, 1,000 a call: after 30 days they are deleted.

        Their groups are lost at once. Cards that WB notes something of fail with its words.
        """
        return await self._by_article(nm_ids, self.trash, stop, progress)

    async def recover_all(
        self,
        nm_ids: Iterable[int] | Batch[int, None],
        *,
        stop: bool = False,
        progress: Progress[int, None] | None = None,
    ) -> Batch[int, None]:
        """Bring any number of cards back from the trash, 1,000 a call.

        Cards that WB notes something of fail with its words.
        """
        return await self._by_article(nm_ids, self.recover, stop, progress)

    async def merge_all(
        self,
        merges: Iterable[Merge] | Batch[Merge, None],
        *,
        stop: bool = False,
        progress: Progress[Merge, None] | None = None,
    ) -> Batch[Merge, None]:
        """Merge cards into any number of groups, one a call: a group has 30 cards at most."""
        batch = merges if isinstance(merges, Batch) else Batch[Merge, None](merges)

        async def send(portion: Sequence[Merge]) -> Sequence[Result[None]]:
            (merge,) = portion
            notes = await self.merge(merge.target_imt, merge.nm_ids)
            return [Result(Outcome.DONE, "; ".join(notes.values()) or None)]

        return await carry_out(batch, send, Rules[Merge](most=1), stop=stop, progress=progress)

    async def _by_article(
        self,
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

        rules = Rules[int](most=cards.TRASH_MOST, key=lambda nm_id: nm_id)
        return await carry_out(batch, send, rules, stop=stop, progress=progress)

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
            sent = [SentCards(_codes([item]), since) for item in portion]
            return [Result(Outcome.ACCEPTED, value=one) for one in sent]

        await carry_out(batch, send, rules, stop=stop, progress=progress)
        clock = asyncio.get_running_loop().time
        deadline = None if timeout is None else clock() + timeout
        for mark, places in _marks(batch).items():
            codes = [code for place in places for code in _codes([batch.items[place]])]
            found: dict[str, Result[Card]] = {}
            left = None if deadline is None else max(0.0, deadline - clock())
            try:
                await self._follow(SentCards(tuple(codes), mark), found, left, poll)
            except TaskPending as pending:
                batch.stopped = batch.stopped or pending
            results = batch.results
            batch.note(places, [_after(results[place], found) for place in places])
            if progress is not None:
                progress(batch)
        return batch

    async def _follow(
        self,
        sent: SentCards,
        found: dict[str, Result[Card]],
        timeout: float | None,
        poll: float,
    ) -> None:
        looking = CardTasks(self._pipeline, Priority.BULK)
        look = partial(looking._look, sent, found, [sent.since.cards])
        await follow(look, method=_WAIT, task=sent, timeout=timeout, poll=poll)

    async def _look(
        self, sent: SentCards, found: dict[str, Result[Card]], at: "list[CardCursor | None]"
    ) -> bool | None:
        """Write down what is known by now; ``at`` holds how far the list of cards was read."""
        wanted = frozenset(sent.codes)
        since = sent.since
        async with aclosing(self.all_failed(ascending=False).records()) as batches:
            async for batch in batches:
                if batch.updated_at and since.errors_at and batch.updated_at < since.errors_at:
                    break
                if batch.batch_uuid in since.batches:
                    continue
                for code in wanted & (batch.errors or {}).keys():
                    said = "; ".join((batch.errors or {})[code])
                    found[code] = Result(Outcome.FAILED, said or "WB gave no reason")
        while wanted - found.keys():
            page = await self.list(after=at[0])
            for card in page.cards:
                if card.vendor_code in wanted and card.vendor_code not in found:
                    found[card.vendor_code] = Result(Outcome.DONE, value=card)
            if page.cards:
                at[0] = page.cursor
            if page.cursor.total < card_lists.LIST_PAGES.most:
                break
        return None if wanted - found.keys() else True


def _codes(items: Sequence[CardGroup | CardUpdate]) -> tuple[str, ...]:
    found: list[str] = []
    for item in items:
        if isinstance(item, CardGroup):
            found += [card.vendor_code for card in item.variants]
        else:
            found.append(item.vendor_code)
    return tuple(found)


def _marks(batch: Batch[T, SentCards]) -> dict[Mark, list[int]]:
    """The places of what was taken and is not known to be done, by where to look from."""
    found: dict[Mark, list[int]] = {}
    for place, (_, result) in enumerate(batch):
        if result.outcome is Outcome.ACCEPTED and result.value is not None:
            found.setdefault(result.value.since, []).append(place)
    return found


def _after(result: Result[SentCards], found: Mapping[str, Result[Card]]) -> Result[SentCards]:
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
