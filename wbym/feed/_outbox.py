"""The outbox: replies that are effectively sent once.

A reply is saved under an idempotency key before it is sent. If its outcome is not known, after a
crash or a lost connection, it is looked up where the buyer would see it, and only a reply that is
definitely not there is sent again. If the outcome cannot be determined, a person decides.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import anyio
import msgspec

from wbym.account import Account
from wbym.account._inputs import ref_of
from wbym.calls import Length, NotEmpty, Upload, require
from wbym.domain import (
    Chat,
    Decision,
    Delivery,
    DeliveryState,
    Feedback,
    Money,
    Question,
    Ref,
    Return,
)
from wbym.errors import (
    AlreadyAnswered,
    BadRequest,
    Conflict,
    DeliveryUnknown,
    InvalidInput,
    NotFound,
    PayloadTooLarge,
    QuotaExhausted,
    RefError,
    RefusedByModeration,
    StateError,
    Unprocessable,
    WbymError,
)
from wbym.feed._actions import (
    AnswerAction,
    AnyAction,
    DecideAction,
    EditAnswerAction,
    RejectAction,
    SendAction,
    decode_action,
    encode_action,
)
from wbym.feed._delivery import OPEN, key_of
from wbym.feed._lapse import Lapsed, while_alive
from wbym.feed._matching import same_text
from wbym.feed._message_lookups import MessageLookups, PollNow
from wbym.feed._migration import BROKEN
from wbym.feed._open_delivery import OpenDelivery, now
from wbym.feed._patience import Patience
from wbym.feed._resolve import resolve
from wbym.feed._store import Store
from wbym.observe import LogFacts, current

__all__ = ["CONFIRMATION_TIMEOUT", "Outbox"]

logger: logging.Logger = logging.getLogger("wbym.outbox")

CONFIRMATION_TIMEOUT: Final = 300.0
"""Seconds after which a reply that is still not visible counts as not delivered."""

RETENTION: Final = timedelta(days=90)
"""How long a key is kept after its delivery was confirmed or rejected."""

_KEY: Final = Annotated[str, Length(1, 255), NotEmpty()]
_REJECTIONS: Final = (
    BadRequest,
    NotFound,
    Conflict,
    PayloadTooLarge,
    Unprocessable,
    RefusedByModeration,
)
"""Rejections of the reply itself, which are final; others (token, rate limit) are transient."""

_ORPHANS_EVERY: Final = 30.0
"""Seconds between checks for deliveries whose process died."""
_CONCURRENCY: Final = 8
"""Max deliveries of an account that are sent or looked up by calls at the same time."""

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
    """Delivers replies under idempotency keys. ``Inbox.outbox`` runs while the inbox is open.

    A reply is effectively sent once under its key, however often and in whichever run its method is
    called: further calls, with any text, only return the delivery of the first. A failure is a
    state of the returned :class:`Delivery`: ``REJECTED`` with the marketplace's message in
    ``note``; ``PENDING``, not sent and retried; ``SENDING``, being looked up; ``UNKNOWN``, for a
    person.

    Each method that sends raises before anything is saved or sent:

    - ``InvalidInput``: the key is not a visible text of at most 255 characters, or was used for
      another reply; an argument breaks a rule. A rule that depends on the record is checked while
      the reply is being sent: nothing is saved then, and the key stays free.
    - ``RefError``: the ref or record is not of an account of this inbox.
    - ``Unsupported``: the marketplace does not support the action.
    - ``StateError``: the reply could not be saved; it was not sent.

    Args:
        accounts: The accounts by name; the mapping may change at any time.
        store: Where deliveries are saved.
        poll_now: Makes the feed read an object.
        patience: Waits for the end of faults of the state.
        confirmation_timeout: Seconds. A reply of unknown fate that is not visible by then counts as
            not delivered and is sent again. Marketplaces show a message at once, or minutes later
            at worst: a shorter timeout resends a lost reply sooner, and is likelier to send one
            twice.
    """

    def __init__(
        self,
        accounts: Mapping[str, Account],
        store: Store,
        *,
        poll_now: PollNow,
        patience: Patience,
        confirmation_timeout: float = CONFIRMATION_TIMEOUT,
    ) -> None:
        self._accounts = accounts
        self._store = store
        self._patience = patience
        self._confirmation_timeout = confirmation_timeout
        self._open: dict[str, OpenDelivery] = {}
        self._entering: dict[str, asyncio.Event] = {}
        self._woken = asyncio.Event()
        self._orphaned = asyncio.Event()
        self._limiters: dict[str, anyio.CapacityLimiter] = {}
        self._messages = MessageLookups(store, poll_now=poll_now, limiter=self._limiter)
        self._worker: asyncio.Task[None] | None = None

    async def send(
        self,
        chat: Chat | Ref,
        text: str,
        *,
        files: Sequence[Upload] = (),
        idempotency_key: str,
    ) -> Delivery:
        """Send a message; see :meth:`wbym.account.Account.send`."""
        account = self._account("send", chat)
        known = account.inputs.send(chat, text, files)
        given = None if isinstance(chat, Ref) else chat
        action = SendAction(known.ref, text, given, tuple(files))
        return await self._deliver(account, idempotency_key, action)

    async def answer(
        self, item: Question | Feedback | Ref, text: str, *, idempotency_key: str
    ) -> Delivery:
        """Answer a question or a feedback; see :meth:`wbym.account.Account.answer`.

        If the record has another answer already, the delivery is ``REJECTED``.
        """
        account = self._account("answer", item)
        ref = account.inputs.answer(item, text)
        action = AnswerAction(ref, text, _question(item), _feedback(item))
        return await self._deliver(account, idempotency_key, action)

    async def edit_answer(
        self, item: Question | Feedback | Ref, text: str, *, idempotency_key: str
    ) -> Delivery:
        """Change an answer; see :meth:`wbym.account.Account.edit_answer`."""
        account = self._account("edit_answer", item)
        ref = account.inputs.edit_answer(item, text)
        action = EditAnswerAction(ref, text, _question(item), _feedback(item))
        return await self._deliver(account, idempotency_key, action)

    async def reject(
        self, question: Question | Ref, reason: str, *, idempotency_key: str
    ) -> Delivery:
        """Reject a question; see :meth:`wbym.account.Account.reject`."""
        account = self._account("reject", question)
        ref = account.inputs.reject(question, reason)
        action = RejectAction(ref, reason, _question(question))
        return await self._deliver(account, idempotency_key, action)

    async def decide(
        self,
        item: Return | Ref,
        decision: Decision | str,
        *,
        comment: str | None = None,
        reason: str | None = None,
        amount: Money | None = None,
        idempotency_key: str,
    ) -> Delivery:
        """Decide on a return; see :meth:`wbym.account.Account.decide`."""
        account = self._account("decide", item)
        ref = account.inputs.decide(item, decision, comment=comment, reason=reason, amount=amount)
        action = DecideAction(
            ref,
            comment or "",
            decision=decision,
            return_=None if isinstance(item, Ref) else item,
            reason=reason,
            amount=amount,
        )
        return await self._deliver(account, idempotency_key, action)

    async def delivery(self, idempotency_key: str) -> Delivery | None:
        """The delivery saved under a key; None if there is none."""
        require("delivery", "idempotency_key", idempotency_key, str)
        return await self._store.delivery(idempotency_key)

    async def deliveries(self, *states: DeliveryState) -> list[Delivery]:
        """The deliveries in these states, oldest first; all where none is named."""
        require("deliveries", "states", states, Sequence[DeliveryState])
        return await self._store.deliveries(states or None)

    async def resolve(self, idempotency_key: str, state: DeliveryState) -> Delivery:
        """Set the outcome of a delivery that is unknown; see :func:`wbym.feed.resolve`."""
        resolved = await resolve(self._store, idempotency_key, state)
        self._orphaned.set()
        return resolved

    def start(self) -> None:
        """Start working on open deliveries, including those of earlier runs."""
        self._worker = asyncio.get_running_loop().create_task(self._run())
        self._worker.add_done_callback(_ended)

    async def aclose(self) -> None:
        """Stop. A reply that is being sent is looked up by the next outbox on the store."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)

    def seen(self, delivery: Delivery) -> None:
        """Take note that the feed has seen a delivery and saved its state."""
        if self._open.pop(key_of(delivery), None) is not None:
            self._report(None, delivery)

    # One delivery.

    async def _deliver(self, account: Account, key: str, action: AnyAction) -> Delivery:
        require(action.action.value, "idempotency_key", key, _KEY)
        work = _encode(action)
        while (other := self._entering.get(key)) is not None:
            await other.wait()
        entering = self._entering[key] = asyncio.Event()
        try:
            return await self._enter(account, key, action, work)
        finally:
            del self._entering[key]
            entering.set()

    async def _enter(self, account: Account, key: str, action: AnyAction, work: bytes) -> Delivery:
        """Save a delivery and send it, or return the delivery that has its key."""
        if key in self._open:
            standing = await self._store.delivery(key)
            if standing is not None:
                return _require_same(standing, action)
        mine = self._open[key] = OpenDelivery(account.name)
        mine.idle.clear()
        try:
            at = datetime.now(UTC)
            new = Delivery(
                action.target,
                action.action,
                action.text,
                _SENDING,
                at,
                at,
                at,
                idempotency_key=key,
                decision=action.decision_id,
            )
            try:
                standing = await self._store.enter(new, work, owner=self._store.owner)
            except StateError:
                self._open.pop(key, None)  # it is not saved, and the caller may try again
                raise
            if standing is not None:
                self._open.pop(key, None)
                # A check for orphans may have skipped it because it was being entered.
                self._orphaned.set()
                return _require_same(standing, action)
            self._report(None, new)
            return await self._dispatch(account, new, action, mine)
        finally:
            mine.idle.set()
            self._wake()

    async def _dispatch(
        self, account: Account, delivery: Delivery, action: AnyAction, mine: OpenDelivery
    ) -> Delivery:
        """Send a delivery that is saved as SENDING; return it in its new state.

        Raises:
            InvalidInput: It breaks a rule. Nothing was sent, and nothing is saved.
        """
        try:
            receipt = await while_alive(self._store, lambda: action.deliver(account))
        except InvalidInput as error:
            if delivery.attempts == 1 and await self._drop(delivery):
                raise
            # It was valid before, so a lookup decides: an earlier attempt may have succeeded.
            mine.start_lookups(self._confirmation_timeout)
            mine.is_invalid = True
            return await self._move(delivery, _SENDING, note=str(error))
        except AlreadyAnswered as error:
            return await self._answered(delivery, error, mine)
        except Lapsed:
            mine.start_lookups(self._confirmation_timeout)
            note = "the state could not be reached while it was being sent"
            return await self._move(delivery, _SENDING, note=note)
        except DeliveryUnknown as error:
            mine.start_lookups(self._confirmation_timeout)
            return await self._move(delivery, _SENDING, note=str(error))
        except _REJECTIONS as error:
            return await self._move(delivery, _REJECTED, note=str(error))
        except WbymError as error:
            mine.retry(_wait(error))
            return await self._move(delivery, _PENDING, note=str(error))
        except BaseException:
            # Cancelled while sending: it may have been sent.
            mine.start_lookups(self._confirmation_timeout)
            raise
        mine.start_lookups(self._confirmation_timeout)
        return await self._move(delivery, _ACCEPTED, note=None, receipt=receipt)

    async def _answered(
        self, delivery: Delivery, error: AlreadyAnswered, mine: OpenDelivery
    ) -> Delivery:
        """Save the state of an answer whose record has one already, perhaps this very one."""
        if delivery.attempts > 1 and error.answer is None:
            mine.start_lookups(self._confirmation_timeout)
            return await self._move(delivery, _SENDING, note=str(error))
        if delivery.attempts > 1 and same_text(error.answer or "", delivery.text):
            return await self._move(delivery, _CONFIRMED, note=None)
        text = "its text is not known" if error.answer is None else error.answer
        earlier = delivery.attempts - 1  # this one was not sent
        sent_at = delivery.sent_at if earlier else None
        kept = msgspec.structs.replace(delivery, attempts=earlier, sent_at=sent_at)
        return await self._move(kept, _REJECTED, note=f"it has another answer: {text}")

    async def _move(
        self,
        delivery: Delivery,
        state: DeliveryState,
        *,
        note: str | None,
        id_: str | None = None,
        receipt: Delivery | None = None,
    ) -> Delivery:
        """Save a new state unless the state was changed meanwhile; return the saved delivery."""
        latest = receipt or delivery
        moved = msgspec.structs.replace(
            delivery,
            state=state,
            updated_at=datetime.now(UTC),
            note=note,
            sent_at=latest.sent_at,
            id=id_ or latest.id,
            failed_files=latest.failed_files,
        )
        try:
            with anyio.CancelScope(shield=True):
                written = await self._save(delivery.state, moved)
                if not written:
                    # The feed has seen it delivered meanwhile, or another process owns it now.
                    self._open.pop(key_of(delivery), None)
                    return await self._store.delivery(key_of(delivery)) or moved
        except StateError:
            if (mine := self._open.get(key_of(delivery))) is not None:
                mine.unsaved = delivery.state, moved, mine.due
                mine.due = now()
        return moved

    async def _save(self, was: DeliveryState, moved: Delivery) -> bool:
        """Save a new state of a delivery, unless another was saved meanwhile."""
        if not await self._store.move(moved, was=[was], held_by=self._store.owner):
            return False
        if moved.state is not was:
            self._report(was, moved)
        if moved.state not in OPEN:
            self._open.pop(key_of(moved), None)
        return True

    async def _drop(self, delivery: Delivery) -> bool:
        """Free the key of a delivery that was not sent; return whether that was possible."""
        try:
            await self._store.drop(key_of(delivery))
        except StateError:
            return False
        self._open.pop(key_of(delivery), None)
        return True

    def _report(self, before: DeliveryState | None, delivery: Delivery) -> None:
        account, state = delivery.target.account, delivery.state
        current().delivery_moved(
            account=account, action=delivery.action, state_from=before, state_to=state
        )
        logger.log(
            logging.DEBUG if state in {_SENDING, _ACCEPTED, _CONFIRMED} else logging.WARNING,
            "%s: the delivery %r is %s%s",
            account,
            delivery.idempotency_key,
            state,
            f": {delivery.note}" if delivery.note else "",
            extra=LogFacts(marketplace=delivery.target.marketplace, account=account),
        )

    def _account(self, method: str, item: object) -> Account:
        """The account of a record or a ref.

        Raises:
            InvalidInput: ``item`` is neither a record nor a ref.
            RefError: It is not of an account of this inbox.
        """
        ref = ref_of(method, item)
        account = self._account_of(ref)
        if account is None:
            rule = f"must be of an account of this inbox: {list(self._accounts)}"
            raise RefError(str(ref), rule, method=method)
        return account

    def _account_of(self, ref: Ref) -> Account | None:
        account = self._accounts.get(ref.account)
        return account if account and account.marketplace == ref.marketplace else None

    # Open deliveries.

    def _wake(self) -> None:
        self._woken.set()

    async def _run(self) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(self._adopt_regularly)
            while True:
                self._woken.clear()
                for key, mine in self._open.items():
                    if mine.idle.is_set() and mine.due <= now():
                        mine.idle.clear()
                        group.start_soon(self._work, key, mine)
                due = [mine.due for mine in self._open.values() if mine.idle.is_set()]
                with anyio.move_on_after(max(0.0, min(due) - now()) if due else None):
                    await self._woken.wait()

    async def _adopt_regularly(self) -> None:
        before = datetime.now(UTC) - RETENTION
        await self._patience.run(lambda: self._store.forget_deliveries(before), lasting=True)
        while True:
            self._orphaned.clear()
            await self._patience.run(self._adopt, lasting=True)
            self._wake()
            with anyio.move_on_after(_ORPHANS_EVERY):
                await self._orphaned.wait()

    async def _adopt(self) -> None:
        """Take over deliveries without an owner: of earlier runs, and of processes that died."""
        alive: dict[str, bool] = {"": False, self._store.owner: False}
        for claim in await self._store.open_deliveries(list(self._accounts)):
            delivery, owner = claim.delivery, claim.owner
            key = key_of(delivery)
            if key in self._open or key in self._entering:
                continue
            if owner not in alive:
                alive[owner] = await self._store.alive(owner)
            note = delivery.note or ("its process ended" if delivery.state is _SENDING else None)
            at = delivery.updated_at if note == delivery.note else datetime.now(UTC)
            noted = msgspec.structs.replace(delivery, note=note, updated_at=at)
            if not alive[owner] and await self._store.move(
                noted, was=[delivery.state], held_by=owner, owner=self._store.owner
            ):
                mine = self._open[key] = OpenDelivery(delivery.target.account)
                if delivery.state is not _PENDING:
                    mine.start_lookups(self._confirmation_timeout)

    async def _work(self, key: str, mine: OpenDelivery) -> None:
        """Do the next step of an open delivery."""
        try:
            await self._patience.run(lambda: self._step(key, mine))
        except Exception as error:  # noqa: BLE001 - one delivery must not stop the others
            mine.retry(None)
            logger.warning(
                "%s: the delivery %r could not be sent or looked up (%s: %s)",
                mine.account,
                key,
                type(error).__name__,
                error,
                extra=LogFacts(account=mine.account),
            )
        finally:
            mine.idle.set()
            self._wake()

    def _limiter(self, account: Account) -> anyio.CapacityLimiter:
        return self._limiters.setdefault(account.name, anyio.CapacityLimiter(_CONCURRENCY))

    async def _step(self, key: str, mine: OpenDelivery) -> None:
        if mine.unsaved is not None:
            was, moved, due = mine.unsaved
            await self._save(was, moved)
            mine.unsaved, mine.due = None, due
            return
        delivery = await self._store.delivery(key)
        # Its account may have been removed from the inbox.
        account = None if delivery is None else self._account_of(delivery.target)
        if delivery is None or account is None or delivery.state not in OPEN:
            self._forget(key, mine)
        elif (action := await self._action(delivery)) is None:
            return
        elif delivery.state is _PENDING:
            async with self._limiter(account):
                await self._send_again(account, delivery, action, mine)
        else:
            await self._look_up(account, delivery, action, mine)

    async def _action(self, delivery: Delivery) -> AnyAction | None:
        """The action of an open delivery; None if it was settled meanwhile, or is ``UNKNOWN`` now.

        A delivery whose action cannot be decoded becomes ``UNKNOWN``.
        """
        work = await self._store.work(key_of(delivery))
        try:
            action: AnyAction = decode_action(work)
        except BROKEN as error:
            # A settled delivery has no action: it is not moved.
            note = f"its saved action cannot be decoded ({type(error).__name__})"
            await self._move(delivery, _UNKNOWN, note=note)
            return None
        return action

    def _forget(self, key: str, mine: OpenDelivery) -> None:
        # Another delivery may have been entered under its key.
        if self._open.get(key) is mine:
            del self._open[key]

    async def _send_again(
        self, account: Account, delivery: Delivery, action: AnyAction, mine: OpenDelivery
    ) -> None:
        at = datetime.now(UTC)
        sending = msgspec.structs.replace(
            delivery,
            state=_SENDING,
            updated_at=at,
            sent_at=at,
            attempts=delivery.attempts + 1,
            note=None,
        )
        # Only the owner that saved it as SENDING may send it.
        if await self._store.move(sending, was=[_PENDING], held_by=self._store.owner):
            self._report(_PENDING, sending)
            await self._dispatch(account, sending, action, mine)
        else:
            self._forget(key_of(delivery), mine)

    async def _look_up(
        self, account: Account, delivery: Delivery, action: AnyAction, mine: OpenDelivery
    ) -> None:
        # Only a lookup that began after the timeout shows that it was not delivered.
        timed_out = mine.is_timed_out(self._confirmation_timeout)
        if isinstance(action, SendAction):
            chat = action.chat or action.target
            found = await self._messages.find(account, delivery, chat, is_last=timed_out)
        else:
            async with self._limiter(account):
                found = await action.reconcile(account, delivery)
        if found.state is not None:
            # A confirmed delivery needs no reason for its lookup.
            note = None if found.state is _CONFIRMED else found.note or delivery.note
            await self._move(delivery, found.state, note=note, id_=found.id)
        elif not timed_out:
            mine.schedule_lookup(self._confirmation_timeout)
        elif delivery.state is _ACCEPTED:
            waited = f"{self._confirmation_timeout:g} s"
            note = f"accepted, but not visible within {waited}; check it and resolve the delivery"
            await self._move(delivery, _UNKNOWN, note=note)
        elif mine.is_invalid:
            await self._move(delivery, _REJECTED, note=delivery.note)
        else:
            mine.due = now()
            await self._move(delivery, _PENDING, note=delivery.note)


def _question(item: Question | Feedback | Ref) -> Question | None:
    return item if isinstance(item, Question) else None


def _feedback(item: Question | Feedback | Ref) -> Feedback | None:
    return item if isinstance(item, Feedback) else None


def _encode(action: AnyAction) -> bytes:
    """Encode an action for the store.

    Raises:
        InvalidInput: The record has half of a surrogate pair, or fields of wrong types: it was
            created by hand.
    """
    try:
        work = encode_action(action)
        decode_action(work)
    except (UnicodeEncodeError, TypeError, OverflowError, msgspec.MsgspecError) as error:
        rule = f"must be a record as the marketplace sent it, or its Ref: {error}"
        raise InvalidInput(action.action.value, "item", rule, str(action.target)) from error
    return work


def _wait(error: WbymError) -> float | None:
    """Seconds before the next attempt, if the error states them."""
    return error.wait if isinstance(error, QuotaExhausted) else None


def _ended(worker: asyncio.Task[None]) -> None:
    if not worker.cancelled() and (error := worker.exception()) is not None:
        logger.error("the outbox stopped working on open deliveries", exc_info=error)


def _require_same(standing: Delivery, action: AnyAction) -> Delivery:
    """Return the delivery that already has the key.

    Raises:
        InvalidInput: It has another action, target or decision.
    """
    known = standing.action, standing.target, standing.decision
    if known != (action.action, action.target, action.decision_id):
        decision = "" if standing.decision is None else f" with {standing.decision}"
        rule = f"must be new: it was used to {standing.action} {standing.target}{decision}"
        raise InvalidInput(action.action.value, "idempotency_key", rule, standing.idempotency_key)
    return standing
