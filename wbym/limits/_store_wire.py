"""What a process and the statements of a store exchange: arrays of numbers and names."""

from collections.abc import Sequence
from typing import Final, TypeAlias

import msgspec

from wbym.limits._quota import BucketKey, Charge, ParallelCap, Quota, Window
from wbym.limits._quota_store import BucketSignal, Granted, Refused, Reply, Reservation, RetryIn

__all__ = ["RawReply", "bucket_name", "read_reply", "reservation_row", "settlement_row"]

_FOREVER: Final = 1e9
"""Seconds; JSON has no infinity."""


class RawReply(msgspec.Struct, array_like=True, gc=False):
    """A reply to a reservation; charges are named by their index."""

    status: int
    """0 granted, 1 retry, 2 refused."""
    seconds: float
    index: int
    banned: bool
    left: tuple[float, ...]
    stricter: tuple[int, ...]


Row: TypeAlias = tuple[object, ...]


def bucket_name(key: BucketKey) -> str:
    """A bucket's name within its owner."""
    return f"{key.tier}/{key.bucket}"


def reservation_row(asked: Reservation) -> Row:
    """A reservation without its id."""
    return (
        int(asked.priority),
        min(asked.wait_up_to, _FOREVER),
        asked.cost,
        asked.ahead,
        min(asked.min_jitter, asked.max_jitter),
        asked.max_jitter,
        [_charge_row(charge) for charge in asked.charges],
    )


def _charge_row(charge: Charge) -> Row:
    name, quota = bucket_name(charge.key), charge.quota
    match quota:
        case Quota():
            return (name, "rate", quota.interval, quota.burst)
        case Window():
            return (name, "window", quota.period, quota.limit)
        case ParallelCap():
            return (name, "parallel", 0, quota.limit)


def settlement_row(cost: int, signals: Sequence[BucketSignal], elapsed: float | None) -> Row:
    """What an answer tells; -1 for a number that it does not tell."""
    return (
        cost,
        -1 if elapsed is None else max(0.0, elapsed),
        [
            (
                bucket_name(one.key),
                -1 if one.remaining is None else max(0, one.remaining),
                -1 if one.limit is None else one.limit,
                -1 if one.resets_in is None else max(0.0, one.resets_in),
                -1 if one.parallel is None else one.parallel,
            )
            for one in signals
        ],
    )


def read_reply(asked: Reservation, raw: RawReply) -> Reply:
    """The reply in terms of the reservation."""
    keys = [charge.key for charge in asked.charges]
    if raw.status == 0:
        return Granted(asked.id, raw.seconds, raw.left, tuple(keys[one] for one in raw.stricter))
    kind = RetryIn if raw.status == 1 else Refused
    return kind(raw.seconds, keys[raw.index], raw.banned)
