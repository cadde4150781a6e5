"""Matching of the seller's messages with deliveries of the outbox; without I/O."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from wbym.domain import Delivery, DeliveryState, Message

__all__ = ["MAX_CLOCK_SKEW", "find_delivery", "find_possible_delivery", "same_text"]

MAX_CLOCK_SKEW: Final = timedelta(minutes=5)
"""Max difference between when a message was sent by our clock and by the marketplace's clock."""


def find_delivery(message: Message, deliveries: Sequence[Delivery]) -> Delivery | None:
    """Find the delivery that a seller's message is: same chat, same text, about the same time.

    Marketplaces return no id when they accept a message, so no other match is possible. Among
    several with the same text, accepted deliveries come first, then those being sent, then those of
    unknown fate: of the latter, those left without a message were not delivered. Then the nearest
    in time wins.
    """
    found = [
        (_rank(delivery), abs(delay), place)
        for place, delivery in enumerate(deliveries)
        if _matches(delivery, message)
        and (delay := message.sent_at - (delivery.sent_at or delivery.created_at))
        >= -MAX_CLOCK_SKEW
        # A delivery that is not accepted yet may have waited for its limits.
        and (delay <= MAX_CLOCK_SKEW or delivery.state is not DeliveryState.ACCEPTED)
    ]
    return deliveries[min(found)[2]] if found else None


def _rank(delivery: Delivery) -> int:
    if delivery.state is DeliveryState.ACCEPTED:
        return 0
    return 1 if delivery.state is DeliveryState.SENDING and delivery.note is None else 2


def find_possible_delivery(message: Message, deliveries: Sequence[Delivery]) -> Delivery | None:
    """Find a delivery of unknown fate that a message may be although their times are far apart.

    The message may be an old one with the same text, or ours if a clock is wrong.
    """
    return next((one for one in deliveries if _is_lost(one) and _matches(one, message)), None)


def _is_lost(delivery: Delivery) -> bool:
    """Whether its fate is unknown; a delivery that is still being sent has no note."""
    return delivery.state is DeliveryState.SENDING and delivery.note is not None


def _matches(delivery: Delivery, message: Message) -> bool:
    return delivery.target == message.chat and same_text(delivery.text, message.text or "")


def same_text(one: str, other: str) -> bool:
    """Whether two texts are equal except for white space, which marketplaces change."""
    return one.split() == other.split()
