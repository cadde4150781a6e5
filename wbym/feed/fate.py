"""What became of a delivery, looked up where the buyer would see it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

import msgspec

from wbym.account import Adapter, Chats, Rereads, TellsDecisions
from wbym.domain import AnswerStatus, Author, Decision, DecisionKind, ReturnStatus
from wbym.errors import NotFound, Unprocessable
from wbym.feed.delivery import FINAL, Action, Delivery, DeliveryState, Work
from wbym.feed.intake import NEAR, doubtful, same_words, whose
from wbym.feed.store import Store

__all__ = ["Fate", "Look", "find_out"]

Look: TypeAlias = Callable[[str, str, str], Awaitable[bool]]
"""``await look(account, stream, id)``: have the feed look at an object; False if it cannot."""


class Fate(msgspec.Struct, frozen=True):
    """What a look showed."""

    state: DeliveryState | None = None
    """None: it is not there, or not there yet."""
    message_id: str | None = None
    note: str | None = None


_NOT_THERE = Fate()
_CANNOT = Fate(DeliveryState.UNKNOWN, note="the account cannot read one record again")
_GRANTED = frozenset({ReturnStatus.APPROVED, ReturnStatus.COMPLETED})
_REFUSED = frozenset({ReturnStatus.REJECTED})
_COMES_TO: Final = {
    DecisionKind.REFUND: (_GRANTED, _REFUSED),
    DecisionKind.REFUND_WITHOUT_RETURN: (_GRANTED, _REFUSED),
    DecisionKind.PARTIAL_REFUND: (_GRANTED, _REFUSED),
    DecisionKind.REJECT: (_REFUSED, _GRANTED),
}
"""How a return stands after a decision, and how it never does."""


async def find_out(
    account: Adapter, delivery: Delivery, work: Work, *, look: Look, store: Store
) -> Fate:
    """Look a delivery up.

    Raises:
        WbymError: It could not be looked up now.
    """
    match delivery.action:
        case Action.SEND:
            return await _message(account, delivery, work, look, store)
        case Action.ANSWER:
            return await _answer(account, delivery, work)
        case Action.DECIDE:
            return await _decision(account, delivery, work)


async def _message(
    account: Adapter, delivery: Delivery, work: Work, look: Look, store: Store
) -> Fate:
    if await look(account.name, "chats", delivery.target.id):
        # What the feed sees of ours it confirms by itself.
        standing = await store.delivery(delivery.key)
        if standing is None or standing.state not in {*FINAL, DeliveryState.UNKNOWN}:
            return _NOT_THERE
        return Fate(standing.state, standing.message_id, standing.note)
    if not isinstance(account, Chats) or work.chat is None:
        return Fate(DeliveryState.UNKNOWN, note="the account's chats cannot be read")
    others = await store.delivered_to(account.name, delivery.target.id)
    taken = {other.message_id for other in others}
    open_ = [other for other in others if other.state not in FINAL and other.attempts]
    since = (delivery.sent_at or delivery.created_at) - NEAR
    async for message in account.messages(work.chat, since=since):
        if message.author is Author.SELLER and message.ref.id not in taken:
            if (other := whose(message, open_)) is not None:
                if other.key == delivery.key:
                    return Fate(DeliveryState.CONFIRMED, message.ref.id)
                open_.remove(other)
            elif doubtful(message, [delivery]) is not None:
                note = f"the chat has a message with these words: {message.ref.id}"
                return Fate(DeliveryState.UNKNOWN, note=note)
    return _NOT_THERE


async def _answer(account: Adapter, delivery: Delivery, work: Work) -> Fate:
    if not isinstance(account, Rereads):
        return _CANNOT
    try:
        if work.question is not None:
            answer = (await account.reread(work.question)).answer
        elif work.feedback is not None:
            answer = (await account.reread(work.feedback)).answer
        else:
            return _CANNOT
    except (NotFound, Unprocessable) as error:
        return Fate(DeliveryState.REJECTED, note=f"the marketplace has it no more: {error}")
    if answer is None or not answer.text:
        return _NOT_THERE
    if same_words(answer.text, delivery.text):
        if answer.status is AnswerStatus.REJECTED:
            return Fate(DeliveryState.REJECTED, note="moderation refused it")
        if answer.stands:
            return Fate(DeliveryState.CONFIRMED, answer.id)
    elif answer.stands:
        return Fate(DeliveryState.REJECTED, note=f"another answer stands: {answer.text}")
    return _NOT_THERE


async def _decision(account: Adapter, delivery: Delivery, work: Work) -> Fate:
    item, decision = work.return_, work.decision
    if not isinstance(account, Rereads) or item is None or decision is None:
        return _CANNOT
    now = await account.reread(item)
    if now.waiting_for_seller:
        offered: Sequence[Decision] = now.decisions
        if isinstance(account, TellsDecisions):
            offered = await account.decisions(now)
        if decision.id in {one.id for one in offered}:
            return _NOT_THERE
    if delivery.state is DeliveryState.ACCEPTED:
        return Fate(DeliveryState.CONFIRMED)
    so, otherwise = _COMES_TO.get(decision.kind, (frozenset(), frozenset()))
    if now.status in so:
        return Fate(DeliveryState.CONFIRMED)
    if now.status in otherwise:
        return Fate(DeliveryState.REJECTED, note=f"it was decided otherwise: {now.status}")
    note = f"the return waits for this decision no more, and is {now.status}: by whom is not told"
    return Fate(DeliveryState.UNKNOWN, note=note)
