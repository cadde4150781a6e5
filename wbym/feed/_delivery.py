"""Groups of delivery states that the outbox and the feed share."""

from wbym.domain import Delivery, DeliveryState

__all__ = ["FINAL", "OPEN", "key_of", "open_to"]

OPEN = frozenset({DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.ACCEPTED})
"""States of deliveries that the outbox still works on."""
FINAL = frozenset({DeliveryState.CONFIRMED, DeliveryState.REJECTED})
"""States that never change again."""


def open_to(state: DeliveryState) -> frozenset[DeliveryState]:
    """The states that the feed may replace with ``state``, CONFIRMED or UNKNOWN."""
    if state is DeliveryState.UNKNOWN:
        return frozenset({DeliveryState.SENDING})
    return frozenset(DeliveryState) - FINAL


def key_of(delivery: Delivery) -> str:
    """The idempotency key of a delivery of the outbox.

    Raises:
        ValueError: It has no key, because an account created it.
    """
    if delivery.idempotency_key is None:
        raise ValueError(f"the delivery to {delivery.target} has no idempotency key")
    return delivery.idempotency_key
