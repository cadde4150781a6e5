"""Which of the seller's messages the outbox sent: pure."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from wbym.domain import Delivery, DeliveryState, Message

__all__ = ["NEAR", "find_delivery", "find_lost_delivery", "same_words"]

NEAR: Final = timedelta(minutes=5)
"""A message that comes back and its sending are as far apart at most; the clocks of seller and
marketplace are not the same."""


def find_delivery(message: Message, deliveries: Sequence[Delivery]) -> Delivery | None:
    """Which of the deliveries a seller's message is: the same chat, the same words, about the time.

    Marketplaces tell no id when they take a message, so this is all there is. Of several with the
    same words those go first that were taken, then those on their way, then those of unknown fate:
    which of the latter is not there is told by what is left. Then goes the nearest in time.
    """
    found = [
        (_certainty(delivery), abs(later), place)
        for place, delivery in enumerate(deliveries)
        if _alike(delivery, message)
        and (later := message.sent_at - (delivery.sent_at or delivery.created_at)) >= -NEAR
        # What is not known to be taken may have waited for its limits.
        and (later <= NEAR or delivery.state is not DeliveryState.ACCEPTED)
    ]
    return deliveries[min(found)[2]] if found else None


def _certainty(delivery: Delivery) -> int:
    if delivery.state is DeliveryState.ACCEPTED:
        return 0
    return 1 if delivery.state is DeliveryState.SENDING and delivery.note is None else 2


def find_lost_delivery(message: Message, deliveries: Sequence[Delivery]) -> Delivery | None:
    """Which delivery of unknown fate a message might be although their times are far apart.

    An old message with the same words, or ours if a clock is wrong: that cannot be told.
    """
    return next((one for one in deliveries if _is_lost(one) and _alike(one, message)), None)


def _is_lost(delivery: Delivery) -> bool:
    """Whether its fate is unknown; one that is still on its way has no note."""
    return delivery.state is DeliveryState.SENDING and delivery.note is not None


def _alike(delivery: Delivery, message: Message) -> bool:
    return delivery.target == message.chat and same_words(delivery.text, message.text or "")


def same_words(one: str, other: str) -> bool:
    """Whether two texts are the same but for white space, which marketplaces change."""
    return one.split() == other.split()
