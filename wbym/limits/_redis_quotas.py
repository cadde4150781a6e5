"""Quotas in Redis or Valkey, for several processes and machines."""

import re
from collections.abc import Callable, Sequence
from hashlib import sha1
from importlib.resources import files
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec

from wbym._reprs import SecretText, forget_frames, reveal
from wbym.errors import ConfigError, LimitsUnavailable
from wbym.limits._addresses import shown_address
from wbym.limits._store_wire import TIMEOUT, Command, ServerQuotas

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
_MIN_VERSION: Final = 7
_LASTING: Final = (
    exceptions.AuthenticationError,
    exceptions.AuthorizationError,
    exceptions.NoPermissionError,
    exceptions.AuthenticationWrongNumberOfArgsError,
)
"""Errors that only a change of the configuration can end."""
_NO_RIGHTS: Final = "user executing the script"
"""In the error of a script whose user may not execute one of its commands."""


class RedisQuotas(ServerQuotas):
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
        super().__init__(shown_address(url, ("redis", "rediss")), msgspec.msgpack)
        if not _DATABASE.fullmatch(urlsplit(reveal(url)).path):
            raise ConfigError(f"limits: {self._address}: the database must be a number")
        self._prefix = prefix
        try:
            self._client: Final = redis.Redis.from_url(
                reveal(url),
                socket_timeout=TIMEOUT,
                socket_connect_timeout=TIMEOUT,
                max_connections=1,
                # A reservation that is repeated would count twice.
                retry=Retry(NoBackoff(), 0),
                retry_on_error=[],
            )
            # Parameters are only checked with a connection, which is not opened yet.
            make: Callable[[], object] = self._client.connection_pool.make_connection
            make()
        except (ValueError, TypeError) as error:
            forget_frames(error)
            rule = "a parameter is not one of redis-py's, or not of its type"
            raise ConfigError(f"limits: {self._address}: {rule}") from None
        self._checked = False

    async def _disconnect(self) -> None:
        await self._client.aclose()

    async def _send(self, commands: Sequence[Command]) -> Sequence[object]:
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
        if any(isinstance(answer, exceptions.ReadOnlyError) for answer in answers):
            # The address may lead to another primary by now.
            self._checked = False
            await self._client.connection_pool.disconnect()
        return [
            self._translated(answer) if isinstance(answer, Exception) else answer
            for answer in answers
        ]

    async def _run(self, commands: Sequence[Command]) -> list[object]:
        if len(commands) == 1:
            try:
                return [await self._client.evalsha(*self._call(commands[0]))]
            except exceptions.ResponseError as error:
                return [error]
        pipeline = self._client.pipeline(transaction=False)
        for command in commands:
            pipeline.evalsha(*self._call(command))
        answers: list[object] = await pipeline.execute(raise_on_error=False)
        return answers

    def _call(self, command: Command) -> tuple[str, int, str, str, str, bytes]:
        # Braces would move the owner's keys to several nodes of a cluster.
        owner = f"{self._prefix}:{{{quote(command.owner, safe='/@:')}}}"
        token = command.grant.partition("@")[0]
        return _SHA, 2, owner, f"{owner}:{token}", command.verb, command.given

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
        if isinstance(error, _LASTING) or _NO_RIGHTS in str(error):
            return ConfigError(f"limits: {self._address}: {error}")
        return LimitsUnavailable(self._address, str(error) or type(error).__name__)
