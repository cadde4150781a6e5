"""Resolution of unknown deliveries by a person."""

from datetime import UTC, datetime

import msgspec

from wbym.calls import require
from wbym.domain import Delivery, DeliveryState
from wbym.errors import InvalidInput
from wbym.feed._store import Store

__all__ = ["resolve"]


async def resolve(store: Store, idempotency_key: str, state: DeliveryState) -> Delivery:
    """Set the outcome of a delivery that is unknown or pending.

    Args:
        store: The store of the delivery.
        idempotency_key: Its key.
        state: ``CONFIRMED`` or ``REJECTED``; ``PENDING`` to send it again.

    Raises:
        InvalidInput: No delivery has this key, or its outcome is known or still being looked up.
    """
    require("resolve", "idempotency_key", idempotency_key, str)
    require("resolve", "state", state, DeliveryState)
    if state not in {DeliveryState.CONFIRMED, DeliveryState.REJECTED, DeliveryState.PENDING}:
        raise InvalidInput("resolve", "state", "must be confirmed, rejected or pending", state)
    standing = await store.delivery(idempotency_key)
    if standing is None:
        raise InvalidInput("resolve", "idempotency_key", "must be of a delivery", idempotency_key)
    resolved = msgspec.structs.replace(
        standing, state=state, updated_at=datetime.now(UTC), note="resolved by a person"
    )
    was = {DeliveryState.UNKNOWN, DeliveryState.PENDING} - {state}
    if not await store.move(resolved, was=was, owner=""):
        rule = f"must be of a delivery that is unknown; it is {standing.state}"
        raise InvalidInput("resolve", "idempotency_key", rule, idempotency_key)
    return resolved
