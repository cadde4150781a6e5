"""How one call is made.

::

    check, build (pure) -> wait for the limits -> send -> settle the limits -> judge (pure)
                               ^                                                  |
                               +--------------- again, where that is safe --------+

A call that is not ``idempotent`` is made again only when it surely did not reach the marketplace,
or when the marketplace refused it for a limit; if its fate is unknown it raises
``DeliveryUnknown``.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from copy import copy
from os import PathLike
from typing import Final, TypeVar
from urllib.parse import quote, quote_plus

import anyio
import msgspec

from wbym import observe
from wbym.calls._annotations import LONE_SURROGATE
from wbym.calls._dialect import Dialect
from wbym.calls._endpoint import Endpoint
from wbym.calls._http import Part, QueryValue, Request, Response, TransportError
from wbym.calls._outcomes import Answer, CallFailed, Judge, RetryPolicy
from wbym.calls._transport import Exchange, Transport
from wbym.domain import UndecodableRecord
from wbym.errors import InvalidInput
from wbym.limits import BucketState, Charge, Lease, Priority, Scheduler
from wbym.observe import CallWatch, LogFacts

__all__ = ["DEFAULT_MAX_WAIT", "Download", "Pipeline", "build_path", "build_query"]

R = TypeVar("R")

logger: logging.Logger = logging.getLogger("wbym.calls")

DEFAULT_MAX_WAIT: Final = 300.0
"""Seconds that a call waits for its limits at most, where nothing else is said."""

_USER_AGENT: Final = "wbym"
_BODIES: Final = msgspec.json.Encoder(decimal_format="number")
"""Amounts are numbers with all their digits, which a float would round."""
_NO_PLACE: Final = frozenset({"", ".", ".."})
"""Values of a place in a path that lead to another path."""
_NO_PLACE_RULE: Final = "must not be empty, '.' or '..', which lead to another address"
_SINGLE_ATTEMPT_WAIT: Final = 1.0
"""Seconds that a call waits which is made at once or not at all: what is allowed for calls that
arrive unevenly, and no more."""
_UNWATCHED: Final = nullcontext()
_LARGE: Final = 256 * 1024
"""Bytes whose decoding holds the loop up noticeably."""
_HELD_UP: Final = 0.1
"""Seconds after it in which the times of answers tell nothing of the network."""


class Download:
    """A file on its way. Valid inside the ``async with`` that gave it."""

    def __init__(self, exchange: Exchange, lost: Callable[[TransportError], Exception]) -> None:
        self._exchange = exchange
        self._lost = lost
        headers = exchange.head.headers
        self.content_type: Final = headers.get("content-type")
        """As the marketplace states it, or None."""
        length = headers.get("content-length", "")
        self.size: Final = int(length) if length.isdigit() else None
        """Bytes, or None where the marketplace does not say."""

    async def chunks(self) -> AsyncIterator[bytes]:
        """The file in pieces of at most 64 KiB.

        Raises:
            ConnectionFailed: The file broke off.
        """
        try:
            async for chunk in self._exchange.chunks():
                yield chunk
        except TransportError as error:
            raise self._lost(error) from error

    async def read(self) -> bytes:
        """The whole file in memory.

        Raises:
            ConnectionFailed: The file broke off.
        """
        return b"".join([chunk async for chunk in self.chunks()])

    async def save(self, path: str | PathLike[str]) -> int:
        """Write the file to ``path`` and return its size in bytes.

        It is written under a temporary name first, so ``path`` never holds half a file.

        Raises:
            ConnectionFailed: The file broke off; ``path`` is untouched.
            OSError: The file cannot be written; ``path`` is untouched.
        """
        target = anyio.Path(path)
        part = target.with_name(f"{target.name}.part")
        size = 0
        try:
            async with await anyio.open_file(part, "wb") as file:
                async for chunk in self.chunks():
                    size += await file.write(chunk)
            await part.replace(target)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await part.unlink(missing_ok=True)
            raise
        return size


class Pipeline:
    """Makes the calls of one account.

    Args:
        dialect: How the account speaks to its marketplace.
        transport: What moves the bytes.
        scheduler: What keeps the limits; shared by all accounts of a process.
        retry: How often and how soon failed calls are made again.
        max_wait: Seconds that a call waits for its limits at most; None: as long as it takes.
        on_undecodable: Gets each record that could not be decoded.
    """

    def __init__(
        self,
        *,
        dialect: Dialect,
        transport: Transport,
        scheduler: Scheduler,
        retry: RetryPolicy | None = None,
        max_wait: float | None = DEFAULT_MAX_WAIT,
        on_undecodable: Callable[[UndecodableRecord], None],
    ) -> None:
        self.dialect: Final = dialect
        """How the account speaks to its marketplace."""
        self._transport = transport
        self._scheduler = scheduler
        self._retry = retry or RetryPolicy()
        self._max_wait = max_wait
        self._on_undecodable = on_undecodable
        self._judge = Judge(dialect)
        self.calls: int = 0
        """Calls begun; what is made again counts once."""

    async def call(
        self,
        endpoint: Endpoint[R],
        *,
        path: Mapping[str, str | int] | None = None,
        query: Mapping[str, QueryValue] | None = None,
        body: object = msgspec.UNSET,
        parts: Sequence[Part] = (),
        headers: Mapping[str, str] | None = None,
        priority: Priority | None = None,
        gate: Callable[[], Awaitable[None]] | None = None,
    ) -> Answer[R]:
        """Make a call and return what it brought.

        Args:
            endpoint: What to call.
            path: Values for the places in the endpoint's path.
            query: Parameters; those that are None are left out.
            body: What is sent as JSON; anything that msgspec encodes.
            parts: A multipart body, instead of ``body``.
            headers: What the method takes there, besides the account's own.
            priority: Who goes first; what writes is interactive and what reads is normal, where
                nothing is said.
            gate: Awaited between the headers and the body, so that a reader ahead of its consumer
                leaves large bodies in the network until there is room for them.

        Raises:
            CredentialError: The account's credentials cannot make this call.
            QuotaExhausted: The limits would have to be waited for longer than ``max_wait``.
            CallError: The call was made and did not end well.
        """
        request, charges = self._prepare(endpoint, path, query, body, parts, headers or {})
        self.calls += 1
        with self._watch(endpoint, request) if observe.watched else _UNWATCHED as watch:
            attempt = 0
            while True:
                attempt += 1
                if watch is not None:
                    watch.attempt_begins()
                try:
                    async with self._lease(endpoint, charges, priority) as lease:
                        sent_at = self._sent_at(watch)
                        async with self._transport.send(request) as exchange:
                            self._settle(lease, endpoint, exchange.head, sent_at, watch)
                            if gate is not None:
                                await gate()
                            response = await exchange.read()
                    answer = self._judge.answer(endpoint, response)
                    if len(response.body) > _LARGE:
                        self._scheduler.blocked_at = asyncio.get_running_loop().time()
                except TransportError as error:
                    failed = self._judge.lost(endpoint, error)
                    await self._again(endpoint, failed, attempt, watch)
                except CallFailed as failed:
                    await self._again(endpoint, failed, attempt, watch)
                else:
                    for record in answer.undecodable:
                        self._on_undecodable(record)
                    return answer

    @asynccontextmanager
    async def download(
        self,
        endpoint: Endpoint[bytes],
        *,
        path: Mapping[str, str | int] | None = None,
        query: Mapping[str, QueryValue] | None = None,
        priority: Priority | None = None,
    ) -> AsyncIterator[Download]:
        """Open a file for reading piece by piece; arguments and errors as for :meth:`call`.

        Raises:
            NotReady: The marketplace has not released the file yet.
            RefusedByModeration: It never will.
        """
        request, charges = self._prepare(endpoint, path, query, msgspec.UNSET, (), {})
        async with AsyncExitStack() as stack:
            # It is watched until its headers are here; when the rest comes is the reader's affair.
            with self._watch(endpoint, request) if observe.watched else _UNWATCHED as watch:
                exchange = await self._open(stack, endpoint, request, charges, priority, watch)
            yield Download(
                exchange,
                lambda error: self._judge.lost(endpoint, error).final(idempotent=True),
            )

    def report(self, endpoint: str, where: str, error: Exception, data: bytes) -> UndecodableRecord:
        """A decoded record that cannot be mapped, reported to the account."""
        reason = f"{type(error).__name__}: {error}"
        dialect = self.dialect
        record = UndecodableRecord.of(
            dialect.marketplace, dialect.account, endpoint, where, reason, data
        )
        self._on_undecodable(record)
        return record

    def with_max_wait(self, max_wait: float | None) -> "Pipeline":
        """A pipeline like it, whose calls wait for their limits at most ``max_wait`` seconds."""
        twin = copy(self)
        twin.calls = 0
        twin._max_wait = max_wait  # noqa: SLF001 - a twin of this class
        return twin

    def bucket_of(
        self, endpoint: Endpoint[object], path: Mapping[str, str | int]
    ) -> BucketState | None:
        """The bucket that an endpoint's calls count in, once there is one."""
        keys = {charge.key for charge in self.dialect.charges(endpoint, path)}
        states = (state for state in self._scheduler.buckets() if state.key in keys)
        return next((state for state in states if state.kind != "parallel"), None)

    async def aclose(self) -> None:
        """Close what the account opened."""
        await self._transport.aclose()

    async def _open(
        self,
        stack: AsyncExitStack,
        endpoint: Endpoint[bytes],
        request: Request,
        charges: Sequence[Charge],
        priority: Priority | None,
        watch: CallWatch | None,
    ) -> Exchange:
        """An answer with the promised status, kept open by ``stack``."""
        attempt = 0
        while True:
            attempt += 1
            if watch is not None:
                watch.attempt_begins()
            try:
                lease = await stack.enter_async_context(self._lease(endpoint, charges, priority))
                sent_at = self._sent_at(watch)
                exchange = await stack.enter_async_context(self._transport.send(request))
                self._settle(lease, endpoint, exchange.head, sent_at, watch)
                if endpoint.reply.accepts(exchange.head.status):
                    return exchange
                self._judge.refuse(endpoint, await exchange.read())
            except TransportError as error:
                failed = self._judge.lost(endpoint, error)
            except CallFailed as error:
                failed = error
            await stack.aclose()
            await self._again(endpoint, failed, attempt, watch)

    def _prepare(
        self,
        endpoint: Endpoint[R],
        path: Mapping[str, str | int] | None,
        query: Mapping[str, QueryValue] | None,
        body: object,
        parts: Sequence[Part],
        headers: Mapping[str, str],
    ) -> tuple[Request, Sequence[Charge]]:
        """The request, and what it counts in.

        Raises:
            InvalidInput: A text in it has half of a surrogate pair, which cannot be sent, or a
                place in the path would be left out of it.
            CredentialError: The account's credentials cannot make the call.
        """
        dialect = self.dialect
        address, authorization = dialect.address(endpoint), dialect.authorize(endpoint)
        charges = dialect.charges(endpoint, path or {})
        has_body = body is not msgspec.UNSET
        try:
            if path:
                for place, value in path.items():
                    if str(value) in _NO_PLACE:
                        raise InvalidInput(endpoint.name, place, _NO_PLACE_RULE, value)
            url = address + build_path(endpoint.path, path) + build_query(query)
            encoded = _BODIES.encode(body) if has_body else None
            for part in parts:
                if isinstance(part.value, str):
                    part.value.encode()  # which the transport does when it is under way
        except UnicodeEncodeError as error:
            raise InvalidInput(endpoint.name, "text", LONE_SURROGATE, error.object) from error
        request = Request(
            method=endpoint.method,
            url=url,
            headers={
                "User-Agent": _USER_AGENT,
                **headers,
                **({"Content-Type": "application/json"} if has_body else {}),
                **authorization,
            },
            body=encoded,
            parts=tuple(parts),
            address=address,
        )
        return request, charges

    def _watch(self, endpoint: Endpoint[R], request: Request) -> CallWatch:
        return CallWatch(
            asyncio.get_running_loop().time,
            marketplace=self.dialect.marketplace,
            account=self.dialect.account,
            endpoint=endpoint.name,
            method=endpoint.method,
            address=request.address,
        )

    def _lease(
        self, endpoint: Endpoint[R], charges: Sequence[Charge], priority: Priority | None
    ) -> Lease:
        if priority is None:
            priority = Priority.INTERACTIVE if endpoint.writes else Priority.NORMAL
        max_wait = _SINGLE_ATTEMPT_WAIT if endpoint.single_attempt else self._max_wait
        return self._scheduler.lease(charges, priority=priority, max_wait=max_wait)

    def _sent_at(self, watch: CallWatch | None) -> float:
        """The loop time now, when the limits have been waited for."""
        now = asyncio.get_running_loop().time()
        if watch is not None:
            watch.sent_at = now
        return now

    def _settle(
        self,
        lease: Lease,
        endpoint: Endpoint[R],
        head: Response,
        sent_at: float,
        watch: CallWatch | None,
    ) -> None:
        """Tell the limits what the status and the headers say."""
        if watch is not None:
            watch.status = head.status
        now = asyncio.get_running_loop().time()
        # Right after a large page was decoded, all answers look late that waited for it.
        timed = now - self._scheduler.blocked_at > _HELD_UP
        elapsed = now - sent_at if timed else None
        cost = 1 if endpoint.cost is None else endpoint.cost.of(head.status)
        lease.settle(cost, self.dialect.signal(head), elapsed)

    async def _again(
        self, endpoint: Endpoint[R], failed: CallFailed, attempt: int, watch: CallWatch | None
    ) -> None:
        """Wait for the next attempt, or raise what the caller gets."""
        if watch is not None:
            watch.attempt_ended(failed.error)
        delay = self._retry.delay(
            failed.kind,
            attempt,
            idempotent=endpoint.idempotent,
            jitter=random.random(),  # noqa: S311 - spreads retries, guards nothing
        )
        if delay is None or endpoint.single_attempt:
            raise failed.final(idempotent=endpoint.idempotent)
        logger.info(
            "%s; attempt %d follows in %.1f s",
            failed.error,
            attempt + 1,
            delay,
            extra=LogFacts(
                marketplace=failed.error.marketplace,
                account=failed.error.account,
                endpoint=failed.error.endpoint,
                status=failed.error.status,
                attempt=attempt,
            ),
        )
        if delay:
            await anyio.sleep(delay)


def build_path(template: str, values: Mapping[str, str | int] | None) -> str:
    """The path with its places filled in and percent-encoded.

    Raises:
        ValueError: A place has no value, or a value no place.
    """
    given = dict(values or {})
    pieces: list[str] = []
    rest = template
    while "{" in rest:
        before, _, rest = rest.partition("{")
        name, _, rest = rest.partition("}")
        if name not in given:
            raise ValueError(f"{template} needs a value for {name!r}")
        pieces += [before, quote(str(given.pop(name)), safe="")]
    if given:
        raise ValueError(f"{template} has no place for {', '.join(sorted(given))}")
    return "".join(pieces) + rest


def build_query(values: Mapping[str, QueryValue] | None) -> str:
    """The query string with its question mark; empty where nothing is left to say."""
    if not values:
        return ""
    pairs = []
    for name, value in values.items():
        if value is None:
            continue
        text = ("true" if value else "false") if isinstance(value, bool) else quote_plus(str(value))
        pairs.append(f"{quote_plus(name)}={text}")
    return f"?{'&'.join(pairs)}" if pairs else ""
