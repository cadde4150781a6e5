"""How a delivery is made: the call of the account that it stands for."""

from datetime import UTC, datetime
from typing import Final

import msgspec

from wbym.account import Adapter, Chats, Feedbacks, Returns
from wbym.errors import (
    BadRequest,
    Conflict,
    NotFound,
    PayloadTooLarge,
    RefusedByModeration,
    Unprocessable,
    Unsupported,
)
from wbym.feed.delivery import Action, Delivery, Work

__all__ = ["REFUSALS", "Made", "make"]

REFUSALS: Final = (
    BadRequest,
    NotFound,
    Conflict,
    PayloadTooLarge,
    Unprocessable,
    RefusedByModeration,
)
"""Of the reply itself, for good; others (of the token, for a limit) pass."""


class Made(msgspec.Struct, frozen=True):
    """What is known of a delivery that the marketplace took."""

    at: datetime
    """By the marketplace's clock where it tells, else by ours."""
    note: str | None = None
    """What was left out of it."""


async def make(account: Adapter, delivery: Delivery, work: Work) -> Made:
    """Make the call, once.

    Raises:
        InvalidInput: What is to be delivered breaks a rule; nothing was sent.
        DeliveryUnknown: It may or may not have had its effect.
        WbymError: It had none.
    """
    match delivery.action:
        case Action.SEND:
            if isinstance(account, Chats) and work.chat is not None:
                sent = await account.send(work.chat, delivery.text, files=work.files)
                left_out = "; ".join(sent.file_errors)
                return Made(sent.sent_at, f"without files: {left_out}" if left_out else None)
        case Action.ANSWER:
            item = work.question or work.feedback
            if isinstance(account, Feedbacks) and item is not None:
                await account.answer(item, delivery.text)
                return Made(datetime.now(UTC))
        case Action.DECIDE:
            item_, decision = work.return_, work.decision
            if isinstance(account, Returns) and item_ is not None and decision is not None:
                await account.decide(
                    item_,
                    decision,
                    comment=work.comment,
                    reason=work.reason,
                    amount=work.amount,
                )
                return Made(datetime.now(UTC))
    raise Unsupported(account.marketplace, delivery.action.value, "account", account.name)
