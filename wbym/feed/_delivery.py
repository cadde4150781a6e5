"""States of deliveries as the outbox and the feed see them."""

from wbym.domain import Delivery, DeliveryState

__all__ = ["FINAL", "OPEN", "key_of", "open_to"]

OPEN = frozenset({DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.ACCEPTED})
"""States in which the outbox still has something to do."""
FINAL = frozenset({DeliveryState.CONFIRMED, DeliveryState.REJECTED})
"""States that do not change any more."""


def open_to(state: DeliveryState) -> frozenset[DeliveryState]:
    """The states that give way to what the feed saw: a confirmation, or a doubt."""
    if state is DeliveryState.UNKNOWN:
        return frozenset({DeliveryState.SENDING})
    return frozenset(DeliveryState) - FINAL


def key_of(delivery: Delivery) -> str:
    """The idempotency key. Every delivery of the outbox has one.

    Raises:
        ValueError: It has none: an account made it.
    """
    if delivery.idempotency_key is None:
        raise ValueError(f"the delivery to {delivery.target} has no idempotency key")
    return delivery.idempotency_key
