"""Replies that are sent once in effect.

A reply is written down under a key of the user's before it goes on its way. Where its fate is not
known, after a crash or a lost connection, it is looked up where the buyer would see it, and only
what is surely not there goes on its way again. What cannot be told is left to a person.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import anyio
import msgspec

from wbym.account import Adapter, require_visible
from wbym.calls import Upload
from wbym.domain import Chat, Decision, Feedback, Money, Question, Ref, Return
from wbym.errors import (
    DeliveryRejected,
    DeliveryUnknown,
    InvalidInput,
    QuotaExhausted,
    StateError,
    WbymError,
)
from wbym.feed.agenda import Open, now
from wbym.feed.delivery import OPEN, Action, Delivery, DeliveryState, Work
from wbym.feed.fate import Look, find_out
from wbym.feed.make import REFUSALS, make
from wbym.feed.settle import settle
from wbym.feed.store import Store
from wbym.observe import LogFacts, current

__all__ = ["SETTLE_AFTER", "Outbox"]

logger = logging.getLogger("wbym.outbox")

SETTLE_AFTER: Final = 300.0
"""Seconds after which what is nowhere to be seen was not delivered."""

KEPT: Final = timedelta(days=90)
"""For which a key is remembered after its delivery was confirmed or rejected."""

_ORPHANS_EVERY: Final = 30.0
"""Seconds between looks for deliveries whose process died."""
_AT_ONCE: Final = 8
"""Deliveries of an account that are worked on at the same time."""

_PENDING, _SENDING, _ACCEPTED = (
    DeliveryState.PENDING,
    DeliveryState.SENDING,
    DeliveryState.ACCEPTED,
)
_CONFIRMED, _REJECTED, _UNKNOWN = (
    DeliveryState.CONFIRMED,
    DeliveryState.REJECTED,
    DeliveryState.UNKNOWN,
)


class Outbox:
    """Delivers under keys. ``Inbox.outbox`` is one; it works while the inbox is open.

    Args:
        accounts: By name, as they are at any time.
        store: Where deliveries are written down.
        look: Has the feed look at an object.
        settle_after: Seconds. What was sent into the unknown and is not seen for that long was not
            delivered, and is sent again. Marketplaces show a message at once, or minutes later at
            worst: the shorter this is, the sooner a lost reply is made good, and the likelier it
            comes twice.
    """

    def __init__(
        self,
        accounts: Mapping[str, Adapter],
        store: Store,
        *,
        look: Look,
        settle_after: float = SETTLE_AFTER,
    ) -> None:
        self._accounts = accounts
        self._store = store
        self._look = look
        self._settle_after = settle_after
        self._open: dict[str, Open] = {}
        self._entering: dict[str, asyncio.Event] = {}
        self._woken = asyncio.Event()
        self._adopt_at = 0.0
        self._limiters: dict[str, anyio.CapacityLimiter] = {}
        self._worker: asyncio.Task[None] | None = None

    async def send(
        self, chat: Chat, text: str, *, files: Sequence[Upload] = (), key: str
    ) -> Delivery:
        """Send a message once in effect; see :meth:`Inbox.send`."""
        if text or not files:
            require_visible("send", "text", text)
        work = Work(chat=chat, files=tuple(files))
        return await self._deliver(key, Action.SEND, chat.ref, text, work)

    async def answer(self, item: Question | Feedback, text: str, *, key: str) -> Delivery:
        """Answer a question or a feedback once; see :meth:`Inbox.answer`."""
        require_visible("answer", "text", text)
        work = Work(question=item) if isinstance(item, Question) else Work(feedback=item)
        return await self._deliver(key, Action.ANSWER, item.ref, text, work)

    async def decide(
        self,
        item: Return,
        decision: Decision,
        *,
        comment: str | None = None,
        reason: str | None = None,
        amount: Money | None = None,
        key: str,
    ) -> Delivery:
        """Decide about a return once; see :meth:`Inbox.decide`."""
        if comment is not None:
            require_visible("decide", "comment", comment)
        work = Work(return_=item, decision=decision, comment=comment, reason=reason, amount=amount)
        text = f"{decision.id}: {comment}" if comment else decision.id
        return await self._deliver(key, Action.DECIDE, item.ref, text, work)

    async def delivery(self, key: str) -> Delivery | None:
        """What stands under a key; None if nothing does."""
        return await self._store.delivery(key)

    async def deliveries(self, *states: DeliveryState) -> list[Delivery]:
        """The deliveries in these states, oldest first; all where none is named."""
        return await self._store.deliveries(states or None)

    async def settle(self, key: str, state: DeliveryState) -> Delivery:
        """Say what became of a delivery that nobody could tell; see :func:`settle`."""
        settled = await settle(self._store, key, state)
        self._adopt_at = 0.0
        self._wake()
        return settled

    def start(self) -> None:
        """Begin to settle what is open, from earlier runs too."""
        self._worker = asyncio.get_running_loop().create_task(self._run())
        self._worker.add_done_callback(_ended)

    async def aclose(self) -> None:
        """Stop. What is on its way is looked up by the next who opens the store."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)

    def seen(self, delivery: Delivery) -> None:
        """The feed saw a delivery, and wrote it down."""
        if self._open.pop(delivery.key, None) is not None:
            self._report(None, delivery)

    # One delivery.

    async def _deliver(
        self, key: str, action: Action, target: Ref, text: str, work: Work
    ) -> Delivery:
        if not key:
            raise InvalidInput(action.value, "key", "must not be empty", key)
        self._account(target)
        while (other := self._entering.get(key)) is not None:
            await other.wait()
        entering = self._entering[key] = asyncio.Event()
        try:
            return await self._enter(key, action, target, text, work)
        finally:
            del self._entering[key]
            entering.set()

    async def _enter(
        self, key: str, action: Action, target: Ref, text: str, work: Work
    ) -> Delivery:
        """Write a delivery down and make it, or tell what stands under its key."""
        if key in self._open:
            standing = await self._store.delivery(key)
            if standing is not None:
                return _standing(standing, action, target)
        mine = self._open[key] = Open(target.account)
        mine.idle.clear()
        try:
            at = datetime.now(UTC)
            new = Delivery(
                key, action, target, text, _SENDING, at, at, 1, at, owner=self._store.owner
            )
            standing = await self._store.enter(new, msgspec.msgpack.encode(work))
            if standing is not None:
                self._open.pop(key, None)
                # A look for what nobody works on may have left it out for this.
                self._adopt_at = 0.0
                return _standing(standing, action, target)
            self._report(None, new)
            return await self._attempt(new, work, mine)
        finally:
            mine.idle.set()
            self._wake()

    async def _attempt(self, delivery: Delivery, work: Work, mine: Open) -> Delivery:
        """Make a delivery that is written down as being sent; what it is afterwards.

        Raises:
            InvalidInput: It breaks a rule. Nothing was sent, and nothing is kept.
            DeliveryRejected: The marketplace refused it.
        """
        try:
            made = await make(self._account(delivery.target), delivery, work)
        except InvalidInput as error:
            if delivery.attempts == 1:
                await self._store.drop(delivery.key)
                self._open.pop(delivery.key, None)
                raise
            # It was fit to be sent once, so what is there now decides: perhaps it is ours.
            mine.lookup(self._settle_after)
            return await self._move(delivery, _SENDING, note=str(error))
        except DeliveryUnknown as error:
            mine.lookup(self._settle_after)
            return await self._move(delivery, _SENDING, note=str(error))
        except REFUSALS as error:
            await self._move(delivery, _REJECTED, note=str(error))
            raise DeliveryRejected(delivery.key, str(error)) from error
        except WbymError as error:
            mine.retry(error.wait if isinstance(error, QuotaExhausted) else None)
            return await self._move(delivery, _PENDING, note=str(error))
        except BaseException:
            # Cancelled in the middle: it may be on its way.
            mine.lookup(self._settle_after)
            raise
        mine.lookup(self._settle_after)
        return await self._move(delivery, _ACCEPTED, sent_at=made.at, note=made.note)

    async def _move(
        self,
        delivery: Delivery,
        state: DeliveryState,
        *,
        note: str | None,
        message_id: str | None = None,
        sent_at: datetime | None = None,
    ) -> Delivery:
        """Write a state down, unless somebody else has; what stands then."""
        moved = msgspec.structs.replace(
            delivery,
            state=state,
            updated_at=datetime.now(UTC),
            note=note,
            message_id=message_id or delivery.message_id,
            sent_at=sent_at or delivery.sent_at,
        )
        with anyio.CancelScope(shield=True):
            written = await self._store.move(moved, was=[delivery.state], held_by=self._store.owner)
        if not written:
            # The feed saw it delivered in the meantime.
            return await self._store.delivery(delivery.key) or moved
        if moved.state is not delivery.state:
            self._report(delivery.state, moved)
        if moved.state not in OPEN:
            self._open.pop(delivery.key, None)
        return moved

    def _report(self, before: DeliveryState | None, delivery: Delivery) -> None:
        account, state = delivery.target.account, delivery.state
        current().delivery_moved(
            account=account, action=delivery.action, state_from=before, state_to=state
        )
        logger.log(
            logging.DEBUG if state in {_SENDING, _ACCEPTED, _CONFIRMED} else logging.WARNING,
            "%s: the delivery %r is %s%s",
            account,
            delivery.key,
            state,
            f": {delivery.note}" if delivery.note else "",
            extra=LogFacts(marketplace=delivery.target.marketplace, account=account),
        )

    def _account(self, target: Ref) -> Adapter:
        account = self._accounts.get(target.account)
        if account is None or account.marketplace != target.marketplace:
            rule = f"must be of an account of this inbox: {list(self._accounts)}"
            raise InvalidInput("outbox", "ref", rule, str(target))
        return account

    # What is open.

    def _wake(self) -> None:
        self._woken.set()

    async def _run(self) -> None:
        await self._store.forget_deliveries(datetime.now(UTC) - KEPT)
        async with anyio.create_task_group() as group:
            while True:
                self._woken.clear()
                if now() >= self._adopt_at:
                    self._adopt_at = now() + _ORPHANS_EVERY
                    await self._adopt()
                for key, mine in self._open.items():
                    if mine.idle.is_set() and mine.due <= now():
                        mine.idle.clear()
                        group.start_soon(self._work, key, mine)
                due = [mine.due for mine in self._open.values() if mine.idle.is_set()]
                with anyio.move_on_after(max(0.0, min([self._adopt_at, *due]) - now())):
                    await self._woken.wait()

    async def _adopt(self) -> None:
        """Take over what nobody works on: of earlier runs, and of processes that died."""
        alive: dict[str, bool] = {"": False, self._store.owner: False}
        for delivery in await self._store.deliveries(OPEN, list(self._accounts)):
            if delivery.key in self._open or delivery.key in self._entering:
                continue
            owner = delivery.owner
            if owner not in alive:
                alive[owner] = await self._store.alive(owner)
            note = delivery.note or ("its process ended" if delivery.state is _SENDING else None)
            ours = msgspec.structs.replace(delivery, owner=self._store.owner, note=note)
            if not alive[owner] and await self._store.move(
                ours, was=[delivery.state], held_by=owner
            ):
                mine = self._open[delivery.key] = Open(delivery.target.account)
                if delivery.state is not _PENDING:
                    mine.lookup(self._settle_after)

    async def _work(self, key: str, mine: Open) -> None:
        """Do what is due for an open delivery."""
        limiter = self._limiters.setdefault(mine.account, anyio.CapacityLimiter(_AT_ONCE))
        try:
            async with limiter:
                delivery = await self._store.delivery(key)
                if delivery is None or delivery.state not in OPEN:
                    self._forget(key, mine)
                elif delivery.state is _PENDING:
                    await self._send_again(delivery, mine)
                else:
                    await self._look_up(delivery, mine)
        except StateError:
            raise
        except InvalidInput:
            # Its account was taken out of the inbox.
            self._forget(key, mine)
        except DeliveryRejected:
            pass  # it is written down, and was reported
        except Exception as error:  # noqa: BLE001 - one delivery must not stop the others
            mine.retry(None)
            logger.warning(
                "%s: the delivery %r could not be looked up (%s: %s)",
                mine.account,
                key,
                type(error).__name__,
                error,
                extra=LogFacts(account=mine.account),
            )
        finally:
            mine.idle.set()
            self._wake()

    def _forget(self, key: str, mine: Open) -> None:
        # Under its key something new may have been entered.
        if self._open.get(key) is mine:
            del self._open[key]

    async def _send_again(self, delivery: Delivery, mine: Open) -> None:
        work = msgspec.msgpack.decode(await self._store.work(delivery.key), type=Work)
        at = datetime.now(UTC)
        going = msgspec.structs.replace(
            delivery,
            state=_SENDING,
            updated_at=at,
            sent_at=at,
            attempts=delivery.attempts + 1,
            note=None,
        )
        # Only who has written down that it goes may send it.
        if await self._store.move(going, was=[_PENDING], held_by=self._store.owner):
            self._report(_PENDING, going)
            await self._attempt(going, work, mine)

    async def _look_up(self, delivery: Delivery, mine: Open) -> None:
        work = msgspec.msgpack.decode(await self._store.work(delivery.key), type=Work)
        # Only a look that began late enough shows that it is not there.
        late = mine.is_late(self._settle_after)
        account = self._account(delivery.target)
        fate = await find_out(account, delivery, work, look=self._look, store=self._store)
        if fate.state is not None:
            await self._move(
                delivery, fate.state, note=fate.note or delivery.note, message_id=fate.message_id
            )
        elif not late:
            mine.look_later(self._settle_after)
        elif delivery.state is _ACCEPTED:
            note = (
                f"it was accepted, and not seen for {self._settle_after:g} s: look, and settle it"
            )
            await self._move(delivery, _UNKNOWN, note=note)
        else:
            mine.due = now()
            await self._move(delivery, _PENDING, note=delivery.note)


def _ended(worker: asyncio.Task[None]) -> None:
    if not worker.cancelled() and (error := worker.exception()) is not None:
        # Whoever delivers next meets the same, and is told.
        logger.error("the outbox stopped settling what is open", exc_info=error)


def _standing(delivery: Delivery, action: Action, target: Ref) -> Delivery:
    """What a key that was used before stands for.

    Raises:
        InvalidInput: For something else.
        DeliveryRejected: It was refused.
    """
    if (delivery.action, delivery.target) != (action, target):
        rule = f"must be new: it was used to {delivery.action} {delivery.target}"
        raise InvalidInput(action.value, "key", rule, delivery.key)
    if delivery.state is _REJECTED:
        raise DeliveryRejected(delivery.key, delivery.note or "no reason is known")
    return delivery
