"""Quotas in Redis or Valkey, for several processes and machines."""

import re
from collections.abc import Sequence
from hashlib import sha1
from importlib.resources import files
from typing import Final, TypeAlias
from urllib.parse import quote, urlsplit

import msgspec

from wbym._reprs import SecretText, forget_frames, reveal, safe_repr
from wbym.errors import ConfigError, LimitsUnavailable
from wbym.limits._addresses import shown_address
from wbym.limits._batches import Batches
from wbym.limits._quota import BucketKey
from wbym.limits._quota_store import (
    BucketSignal,
    Reply,
    Reservation,
    owner_of,
    owner_of_grant,
)
from wbym.limits._store_wire import (
    RawReply,
    Row,
    bucket_name,
    read_reply,
    reservation_row,
    settlement_row,
)

try:
    from redis import asyncio as redis
    from redis import exceptions
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff
except ImportError as error:  # pragma: no cover - tests install it
    raise ConfigError("limits in Redis need an extra: pip install 'wbym[redis]'") from error

__all__ = ["RedisQuotas"]

_SCRIPT: Final = files("wbym.limits").joinpath("quotas.lua").read_text(encoding="utf-8")
_SHA: Final = sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()
_DATABASE: Final = re.compile(r"(/\d*)?")
_TIMEOUT: Final = 2.0
"""Seconds for connecting, and for an answer."""
_MIN_VERSION: Final = 7
_LASTING: Final = (
    exceptions.AuthenticationError,
    exceptions.AuthorizationError,
    exceptions.NoPermissionError,
    exceptions.AuthenticationWrongNumberOfArgsError,
)
"""Errors that only a change of the configuration can end."""
_ENCODER: Final = msgspec.msgpack.Encoder()
_REPLIES: Final = msgspec.msgpack.Decoder(RawReply)

_Command: TypeAlias = tuple[str, str, str, bytes]
"""A verb, its owner's key, the key of its grant, its arguments."""


class RedisQuotas:
    """A `QuotaStore` in Redis 7 or later, or Valkey. All keys of a seller have one hash tag.

    All commands of a process share one connection. The server must not evict keys
    (``maxmemory-policy noeviction``).

    Args:
        url: ``redis://`` or ``rediss://`` address with the database, as redis-py takes it:
            ``redis://user:password@cache:6379/0``.
        prefix: The beginning of all keys.

    Raises:
        ConfigError: The address is invalid.
    """

    def __init__(self, url: str, *, prefix: str = "wbym") -> None:
        url = SecretText(url)
        self._address: Final = shown_address(url, ("redis", "rediss"))
        if not _DATABASE.fullmatch(urlsplit(reveal(url)).path):
            raise ConfigError(f"limits: {self._address}: the database must be a number")
        self._prefix = prefix
        try:
            self._client: Final = redis.Redis.from_url(
                reveal(url),
                socket_timeout=_TIMEOUT,
                socket_connect_timeout=_TIMEOUT,
                max_connections=1,
                # A reservation that is repeated would count twice.
                retry=Retry(NoBackoff(), 0),
                retry_on_error=[],
            )
        except (ValueError, TypeError) as error:
            forget_frames(error)
            raise ConfigError(f"limits: not an address of Redis: {self._address}") from None
        self._batches: Batches[_Command, object] = Batches(self._send)
        self._checked = False

    @safe_repr
    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._address!r})"

    async def reserve(self, reservation: Reservation) -> Reply:
        """See `QuotaStore.reserve`."""
        raw = await self._ask("reserve", reservation.id, reservation_row(reservation))
        if not isinstance(raw, bytes):
            raise self._unavailable("it gave an unknown answer")
        return read_reply(reservation, _REPLIES.decode(raw))

    async def settle(
        self,
        grant: str,
        cost: int,
        signals: Sequence[BucketSignal] = (),
        elapsed: float | None = None,
    ) -> None:
        """See `QuotaStore.settle`."""
        await self._ask("settle", grant, settlement_row(cost, signals, elapsed))

    async def renew(self, grant: str) -> bool:
        """See `QuotaStore.renew`."""
        return await self._ask("renew", grant, ()) == 1

    async def cancel(self, grant: str) -> None:
        """See `QuotaStore.cancel`."""
        await self._ask("cancel", grant, ())

    async def ban(self, key: BucketKey, seconds: float) -> None:
        """See `QuotaStore.ban`."""
        hash_key = self._key(owner_of(key))
        arguments = _ENCODER.encode((bucket_name(key), seconds))
        await self._batches.ask(("ban", hash_key, hash_key, arguments))

    async def aclose(self) -> None:
        """Close the connection, after what was asked is sent."""
        await self._batches.aclose()
        await self._client.aclose()

    def _key(self, owner: str) -> str:
        # Braces would move the owner's keys to several nodes of a cluster.
        return f"{self._prefix}:{{{quote(owner, safe='/@:')}}}"

    async def _ask(self, verb: str, grant: str, row: Row) -> object:
        owner = self._key(owner_of_grant(grant))
        token = grant.partition("@")[0]
        return await self._batches.ask((verb, owner, f"{owner}:{token}", _ENCODER.encode(row)))

    async def _send(self, commands: Sequence[_Command]) -> Sequence[object]:
        try:
            if not self._checked:
                await self._check()
            answers = await self._run(commands)
            if any(isinstance(answer, exceptions.NoScriptError) for answer in answers):
                # The server was restarted, or its scripts were flushed: nothing was counted.
                await self._check()
                lost = [
                    index
                    for index, answer in enumerate(answers)
                    if isinstance(answer, exceptions.NoScriptError)
                ]
                again = await self._run([commands[index] for index in lost])
                for index, answer in zip(lost, again, strict=True):
                    answers[index] = answer
        except (TimeoutError, exceptions.RedisError, OSError) as error:
            self._checked = False
            raise self._translated(error) from None
        return [
            self._translated(answer) if isinstance(answer, Exception) else answer
            for answer in answers
        ]

    async def _run(self, commands: Sequence[_Command]) -> list[object]:
        if len(commands) == 1:
            verb, owner, grant, arguments = commands[0]
            try:
                return [await self._client.evalsha(_SHA, 2, owner, grant, verb, arguments)]
            except exceptions.NoScriptError as error:
                return [error]
        pipeline = self._client.pipeline(transaction=False)
        for verb, owner, grant, arguments in commands:
            pipeline.evalsha(_SHA, 2, owner, grant, verb, arguments)
        answers: list[object] = await pipeline.execute(raise_on_error=False)
        return answers

    async def _check(self) -> None:
        """Check that the server is suitable, and load the script.

        Raises:
            ConfigError: It is not.
        """
        info = await self._client.info("all")
        version = str(info.get("redis_version", "0"))
        if int(version.partition(".")[0]) < _MIN_VERSION:
            raise ConfigError(
                f"limits: {self._address}: Redis {version} is too old; {_MIN_VERSION} is needed"
            )
        policy = info.get("maxmemory_policy", "noeviction")
        if policy != "noeviction":
            raise ConfigError(
                f"limits: {self._address}: maxmemory-policy is {policy}, so counts may be lost;"
                " set it to noeviction"
            )
        await self._client.script_load(_SCRIPT)
        self._checked = True

    def _translated(self, error: Exception) -> Exception:
        forget_frames(error)
        if isinstance(error, _LASTING):
            return ConfigError(f"limits: {self._address}: {error}")
        return self._unavailable(str(error) or type(error).__name__)

    def _unavailable(self, reason: str) -> LimitsUnavailable:
        return LimitsUnavailable(self._address, reason)
