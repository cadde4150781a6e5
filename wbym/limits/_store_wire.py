"""A store on a server, and what a process exchanges with it: arrays of numbers and names."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from types import ModuleType
from typing import Final, NamedTuple, TypeAlias, TypeVar

import msgspec

from wbym._reprs import safe_repr
from wbym.errors import LimitsUnavailable
from wbym.limits._batches import Batches
from wbym.limits._quota import BucketKey, Charge, ParallelCap, Quota, Window
from wbym.limits._quota_store import (
    BucketSignal,
    Granted,
    Refused,
    Reply,
    Reservation,
    RetryIn,
    owner_of,
    owner_of_grant,
)

__all__ = ["TIMEOUT", "Command", "ServerQuotas"]

T = TypeVar("T")

TIMEOUT: Final = 2.0
"""Seconds for connecting, and for an answer."""

_FOREVER: Final = 1e9
"""Seconds; JSON has no infinity."""


class _RawReply(msgspec.Struct, array_like=True, gc=False):
    """A reply to a reservation; charges are named by their index."""

    status: int
    """0 granted, 1 retry, 2 refused."""
    seconds: float
    index: int
    banned: bool
    left: tuple[float, ...]
    stricter: tuple[int, ...]


_Row: TypeAlias = tuple[object, ...]


class Command(NamedTuple):
    """A verb of a store, and what it is about."""

    verb: str
    owner: str
    grant: str
    """Empty for a ban."""
    given: bytes
    """The encoded arguments."""


class ServerQuotas(ABC):
    """A `QuotaStore` on a server, to which a process has one connection.

    Args:
        address: The server, without credentials.
        codec: The module of msgspec that encodes arguments and decodes answers.
    """

    def __init__(self, address: str, codec: ModuleType) -> None:
        self._address: Final = address
        self._codec: Final = codec
        self._batches: Final[Batches[Command, object]] = Batches(self._send)

    def __str__(self) -> str:
        return self._address

    @safe_repr
    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._address!r})"

    async def reserve(self, reservation: Reservation) -> Reply:
        """See `QuotaStore.reserve`."""
        answer = await self._ask("reserve", reservation.id, _reservation_row(reservation))
        return _read_reply(reservation, self._decoded(_RawReply, answer))

    async def settle(
        self,
        grant: str,
        cost: int,
        signals: Sequence[BucketSignal] = (),
        elapsed: float | None = None,
    ) -> None:
        """See `QuotaStore.settle`."""
        await self._ask("settle", grant, _settlement_row(cost, signals, elapsed))

    async def renew(self, grant: str) -> bool:
        """See `QuotaStore.renew`."""
        return self._decoded(bool, await self._ask("renew", grant, ()))

    async def cancel(self, grant: str) -> None:
        """See `QuotaStore.cancel`."""
        await self._ask("cancel", grant, ())

    async def ban(self, key: BucketKey, seconds: float) -> None:
        """See `QuotaStore.ban`."""
        given = self._codec.encode((_bucket_name(key), seconds))
        await self._batches.ask(Command("ban", owner_of(key), "", given))

    async def aclose(self) -> None:
        """Close the connection, after what was asked is sent."""
        await self._batches.aclose()
        await self._disconnect()

    @abstractmethod
    async def _send(self, commands: Sequence[Command]) -> Sequence[object]:
        """Send commands; their answers, encoded, or an error for each.

        Raises:
            LimitsUnavailable: The server is away; it may have executed some of them.
            ConfigError: The store can never work.
        """

    @abstractmethod
    async def _disconnect(self) -> None: ...

    async def _ask(self, verb: str, grant: str, row: _Row) -> object:
        given = self._codec.encode(row)
        return await self._batches.ask(Command(verb, owner_of_grant(grant), grant, given))

    def _decoded(self, kind: type[T], answer: object) -> T:
        try:
            found: T = self._codec.decode(answer, type=kind)
        except (TypeError, msgspec.MsgspecError):
            raise LimitsUnavailable(self._address, "it gave an unknown answer") from None
        return found


def _bucket_name(key: BucketKey) -> str:
    """A bucket's name within its owner."""
    return f"{key.tier}/{key.bucket}"


def _reservation_row(asked: Reservation) -> _Row:
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


def _charge_row(charge: Charge) -> _Row:
    name, quota = _bucket_name(charge.key), charge.quota
    match quota:
        case Quota():
            return (name, "rate", quota.interval, quota.burst)
        case Window():
            return (name, "window", quota.period, quota.limit)
        case ParallelCap():
            return (name, "parallel", 0, quota.limit)


def _settlement_row(cost: int, signals: Sequence[BucketSignal], elapsed: float | None) -> _Row:
    """What an answer tells; -1 for a number that it does not tell."""
    return (
        cost,
        -1 if elapsed is None else max(0.0, elapsed),
        [
            (
                _bucket_name(one.key),
                -1 if one.remaining is None else max(0, one.remaining),
                -1 if one.limit is None else one.limit,
                -1 if one.resets_in is None else max(0.0, one.resets_in),
                -1 if one.parallel is None else one.parallel,
            )
            for one in signals
        ],
    )


def _read_reply(asked: Reservation, raw: _RawReply) -> Reply:
    """The reply in terms of the reservation."""
    keys = [charge.key for charge in asked.charges]
    if raw.status == 0:
        return Granted(asked.id, raw.seconds, raw.left, tuple(keys[one] for one in raw.stricter))
    kind = RetryIn if raw.status == 1 else Refused
    return kind(raw.seconds, keys[raw.index], raw.banned)
