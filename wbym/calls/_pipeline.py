"""The pipeline that makes a call.

::

    check, build (pure) -> wait for the limits -> send -> settle the limits -> judge (pure)
                               ^                                                  |
                               +----------------- retry if safe ------------------+

A call that is not ``idempotent`` is retried only if it did not reach the marketplace or was rate
limited; if its outcome is unknown, the call raises ``DeliveryUnknown``.
"""

import asyncio
import logging
import math
import random
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext, suppress
from copy import copy
from os import PathLike
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote, quote_plus

import anyio
import msgspec

from wbym import observe
from wbym._own_files import beside, open_private
from wbym.calls._annotations import LONE_SURROGATE, is_blank
from wbym.calls._dialect import Dialect
from wbym.calls._endpoint import Endpoint
from wbym.calls._headers import header_number
from wbym.calls._http import Part, QueryValue, Request, Response, TransportError
from wbym.calls._outcomes import Answer, CallFailed, Judge, RetryPolicy
from wbym.calls._transport import Exchange, Transport
from wbym.domain import UndecodableRecord
from wbym.errors import InvalidInput
from wbym.limits import BucketState, Charge, Lease, LimitSignal, Priority, Scheduler
from wbym.observe import CallWatch, LogFacts
from wbym.paging import Iteration, Stop

__all__ = ["DEFAULT_MAX_WAIT", "Download", "Pipeline", "build_path", "build_query"]

R = TypeVar("R")

logger: logging.Logger = logging.getLogger("wbym.calls")

DEFAULT_MAX_WAIT: Final = 300.0
"""Default maximum seconds that a call waits for its limits."""

_USER_AGENT: Final = "wbym"
_BODIES: Final = msgspec.json.Encoder(decimal_format="number")
"""Decimals become JSON numbers with all digits, which a float would round."""
_INVALID_SEGMENTS: Final = frozenset({".", ".."})
"""Values of a path parameter that would lead to another path."""
_SEGMENT_RULE: Final = "must not be blank, '.' or '..', which lead to another path"
_SINGLE_ATTEMPT_WAIT: Final = 1.0
"""Maximum seconds that a single-attempt call waits for its limits: enough for the arrival jitter
that the scheduler allows for."""
_UNWATCHED: Final = nullcontext()
_LARGE: Final = 256 * 1024
"""Bytes whose decoding blocks the event loop noticeably."""
_UNTIMED: Final = 0.1
"""Seconds after a blocked loop in which answer times do not reflect the network."""


_RATE_LIMITED: Final = frozenset({420, 429})
"""Statuses whose body may say by which limit."""

_MAX_FILE: Final = 2**53
"""Bytes; a larger size is not a size."""


class Download:
    """A file that is being downloaded. Valid inside its ``async with``."""

    def __init__(self, exchange: Exchange, lost: Callable[[TransportError], Exception]) -> None:
        self._exchange = exchange
        self._lost = lost
        headers = exchange.head.headers
        self.content_type: Final = headers.get("content-type")
        """As the marketplace states it, or None."""
        length = header_number(headers.get("content-length"), max_value=_MAX_FILE)
        self.size: Final = None if length is None else int(length)
        """Size in bytes, or None if the marketplace does not state it."""

    def chunks(self) -> AsyncIterator[bytes]:
        """Iterate over the file in chunks of at most 64 KiB.

        Raises:
            ConnectionFailed: The file broke off.
            Interrupted: The iteration was cancelled or failed before.
        """
        return Iteration("the file", self._iterate_chunks)

    async def _iterate_chunks(self, stop: Stop) -> AsyncGenerator[bytes, None]:
        try:
            async for chunk in self._exchange.chunks():
                yield chunk
        except TransportError as error:
            stop(error)
            raise self._lost(error) from None
        except BaseException as error:
            stop(error)
            raise

    async def read(self) -> bytes:
        """Read the whole file into memory.

        Raises:
            ConnectionFailed: The file broke off.
        """
        return b"".join([chunk async for chunk in self.chunks()])

    async def save(self, path: str | PathLike[str]) -> int:
        """Write the file to ``path`` and return its size in bytes.

        The file is first written to a new one beside it, ``.<name>.<random>.tmp``, so ``path``
        never holds an incomplete file; a link at ``path`` is replaced, not followed. Until it is
        complete only its owner can read it; then it has the mode of any new file (the umask).

        Raises:
            ConnectionFailed: The download broke off; ``path`` is unchanged.
            OSError: The file cannot be written; ``path`` is unchanged.
            InvalidInput: ``path`` cannot be the path of a file.
        """
        try:
            target = anyio.Path(path)
            if b"\0" in bytes(target):
                raise ValueError(path)
            part = anyio.Path(beside(path))
        except (TypeError, ValueError) as error:
            rule = "must be the path of a file"
            raise InvalidInput("download.save", "path", rule, path) from error
        size = 0
        try:
            from anyio import to_thread  # only downloads need it

            new, mode = await to_thread.run_sync(open_private, Path(part))
            async with anyio.wrap_file(new) as file:
                async for chunk in self.chunks():
                    size += await file.write(chunk)
            await part.chmod(mode)
            await part.replace(anyio.Path(path))
        except BaseException:
            with anyio.CancelScope(shield=True):
                await part.unlink(missing_ok=True)
            raise
        return size


class Pipeline:
    """Makes the calls of one account.

    Args:
        dialect: The HTTP conventions of the account's marketplace.
        transport: Sends the requests.
        scheduler: Keeps the limits; shared by all accounts of a process.
        retry: How often and how soon failed calls are retried.
        max_wait: Maximum seconds that a call waits for its limits; None for no maximum.
        on_undecodable: Receives each record that could not be decoded.
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
        """The HTTP conventions of the account's marketplace."""
        self._transport = transport
        self.scheduler = scheduler
        """Keeps the limits of calls that begin from now on."""
        self._retry = retry or RetryPolicy()
        self._max_wait = max_wait
        self._on_undecodable = on_undecodable
        self._judge = Judge(dialect)
        self.calls: int = 0
        """Number of calls begun; a retried call counts once."""

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
        """Make a call and return its result.

        Args:
            endpoint: What to call.
            path: Values for the path parameters.
            query: Query parameters; those that are None are omitted.
            body: Sent as JSON; anything that msgspec encodes.
            parts: A multipart body, instead of ``body``.
            headers: Headers of the method, in addition to the account's own.
            priority: Priority at the limits; by default interactive for writes and normal for
                reads.
            gate: Awaited between the headers and the body, so that a prefetching reader leaves
                large bodies in the network until there is room for them.

        Raises:
            CredentialError: The account's credentials cannot make this call.
            QuotaExhausted: The limits require a wait longer than ``max_wait``.
            CallError: The call was made and failed.
        """
        request, charges = self._prepare(
            endpoint, path, query, body, parts, headers or {}, reads_late=gate is not None
        )
        self.calls += 1
        with self._watch(endpoint, request) if observe.watched else _UNWATCHED as watch:
            attempt = 0
            deadline = self._deadline()
            while True:
                attempt += 1
                signal = None
                if watch is not None:
                    watch.attempt_begins()
                try:
                    async with self._lease(endpoint, charges, priority) as lease:
                        sent_at = self._sent_at(watch)
                        async with self._transport.send(request) as exchange:
                            signal = await self._settle(lease, endpoint, exchange, sent_at, watch)
                            if gate is not None:
                                await gate()
                            response = await exchange.read()
                    answer = self._judge.answer(endpoint, response, request)
                    if len(response.body) > _LARGE:
                        self.scheduler.blocked_at = asyncio.get_running_loop().time()
                except TransportError as error:
                    failed = self._judge.lost(endpoint, error, request)
                    await self._retry_or_raise(endpoint, failed, attempt, watch)
                except CallFailed as failed:
                    attempt -= _is_crowded(signal, deadline)
                    await self._retry_or_raise(endpoint, failed, attempt, watch)
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
        """Open a file for reading in chunks; arguments and errors as for :meth:`call`.

        Args:
            endpoint: The operation.
            path: Its path parameters.
            query: Its query parameters.
            priority: Priority of the call at the limits.

        Raises:
            NotReady: The marketplace has not released the file yet.
            RefusedByModeration: The marketplace will never release the file.
        """
        request, charges = self._prepare(
            endpoint, path, query, msgspec.UNSET, (), {}, reads_late=True
        )
        async with AsyncExitStack() as stack:
            # Observed until the headers arrive; the reader determines when the body is read.
            with self._watch(endpoint, request) if observe.watched else _UNWATCHED as watch:
                exchange = await self._open(stack, endpoint, request, charges, priority, watch)
            yield Download(
                exchange,
                lambda error: self._judge.lost(endpoint, error, request).final(idempotent=True),
            )

    def report(self, endpoint: str, where: str, error: Exception, data: bytes) -> UndecodableRecord:
        """Report a decoded record that cannot be mapped to the account.

        Args:
            endpoint: The operation's name.
            where: The record's place in the answer.
            error: Why it could not be mapped.
            data: Its bytes.
        """
        reason = f"{type(error).__name__}: {error}"
        dialect = self.dialect
        record = UndecodableRecord.of(
            dialect.marketplace, dialect.account, endpoint, where, reason, data
        )
        self._on_undecodable(record)
        return record

    def with_max_wait(self, max_wait: float | None) -> "Pipeline":
        """A copy whose calls wait for their limits at most ``max_wait`` seconds."""
        clone = copy(self)
        clone.calls = 0
        clone._max_wait = max_wait  # noqa: SLF001 - a copy of this class
        return clone

    def bucket_of(
        self, endpoint: Endpoint[object], path: Mapping[str, str | int]
    ) -> BucketState | None:
        """The bucket that an endpoint's calls count in; None if it was not used lately.

        Args:
            endpoint: The operation.
            path: Its path parameters.
        """
        keys = {charge.key for charge in self.dialect.charges(endpoint, path)}
        states = (state for state in self.scheduler.buckets() if state.key in keys)
        return next((state for state in states if state.kind != "parallel"), None)

    async def aclose(self) -> None:
        """Close the transport."""
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
        """An answer with the expected status, kept open by ``stack``."""
        attempt = 0
        deadline = self._deadline()
        while True:
            attempt += 1
            signal = None
            if watch is not None:
                watch.attempt_begins()
            try:
                lease = await stack.enter_async_context(self._lease(endpoint, charges, priority))
                sent_at = self._sent_at(watch)
                exchange = await stack.enter_async_context(self._transport.send(request))
                signal = await self._settle(lease, endpoint, exchange, sent_at, watch)
                if endpoint.reply.accepts(exchange.head.status):
                    return exchange
                response = await exchange.read()
                self._judge.refuse(endpoint, response, request)
            except TransportError as error:
                failed = self._judge.lost(endpoint, error, request)
            except CallFailed as error:
                failed = error
                attempt -= _is_crowded(signal, deadline)
            await stack.aclose()
            await self._retry_or_raise(endpoint, failed, attempt, watch)

    def _prepare(
        self,
        endpoint: Endpoint[R],
        path: Mapping[str, str | int] | None,
        query: Mapping[str, QueryValue] | None,
        body: object,
        parts: Sequence[Part],
        headers: Mapping[str, str],
        *,
        reads_late: bool,
    ) -> tuple[Request, Sequence[Charge]]:
        """Build the request, and list the buckets that it counts in.

        Raises:
            InvalidInput: A text has a lone surrogate, which cannot be sent, or a path parameter
                would lead to another path.
            CredentialError: The account's credentials cannot make the call.
        """
        dialect = self.dialect
        address, authorization = dialect.address(endpoint), dialect.authorize(endpoint)
        charges = dialect.charges(endpoint, path or {})
        has_body = body is not msgspec.UNSET
        try:
            if path:
                for name, value in path.items():
                    if str(value) in _INVALID_SEGMENTS or is_blank(str(value)):
                        raise InvalidInput(endpoint.name, name, _SEGMENT_RULE, value)
            url = address + build_path(endpoint.path, path) + build_query(query)
            encoded = _BODIES.encode(body) if has_body else None
            for part in parts:
                if isinstance(part.value, str):
                    part.value.encode()  # fails now and not in the transport
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
            writes=endpoint.writes or not endpoint.idempotent,
            reads_late=reads_late,
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
        return self.scheduler.lease(charges, priority=priority, max_wait=max_wait)

    def _sent_at(self, watch: CallWatch | None) -> float:
        """The loop time now, right after waiting for the limits."""
        now = asyncio.get_running_loop().time()
        if watch is not None:
            watch.sent_at = now
        return now

    def _deadline(self) -> float:
        """The loop time until which a call that begins now may wait for its limits."""
        if self._max_wait is None:
            return math.inf
        return asyncio.get_running_loop().time() + self._max_wait

    async def _settle(
        self,
        lease: Lease,
        endpoint: Endpoint[R],
        exchange: Exchange,
        sent_at: float,
        watch: CallWatch | None,
    ) -> LimitSignal | None:
        """Settle the limits by the status and the headers, and the text of a rate limited call.

        A ban that the headers state does not wait for a body that did not come with them.
        """
        head = exchange.head
        if watch is not None:
            watch.status = head.status
        now = asyncio.get_running_loop().time()
        # Decoding a large page delays the answers behind it, which would look like jitter.
        timed = now - self.scheduler.blocked_at > _UNTIMED
        elapsed = now - sent_at if timed else None
        cost = 1 if endpoint.cost is None else endpoint.cost.of(head.status)
        signal = self._signal(endpoint, head)
        if head.status not in _RATE_LIMITED:
            lease.settle(cost, signal, elapsed)
            return signal
        early = signal if signal is not None and signal.retry_after is not None else None
        is_settled = False

        def settle_early() -> None:
            nonlocal is_settled
            is_settled = True
            lease.settle(cost, early, elapsed)

        # It runs if the body is waited for.
        waiting = asyncio.get_running_loop().call_soon(settle_early)
        try:
            with suppress(TransportError):  # the headers are enough
                signal = self._signal(endpoint, await exchange.read())
        finally:
            waiting.cancel()
        if not is_settled:
            lease.settle(cost, signal, elapsed)
        elif early is None or (signal is not None and signal.parallel is not None):
            lease.settle(cost, signal)  # what the body added
        return signal

    def _signal(self, endpoint: Endpoint[R], head: Response) -> LimitSignal | None:
        """The limits that the headers state; nothing in them fails a call that was made."""
        try:
            return self.dialect.signal(head)
        except Exception as error:  # noqa: BLE001 - a dialect of anybody, headers of anything
            logger.warning(
                "%s/%s %s: headers of limits are ignored: %r",
                self.dialect.marketplace,
                self.dialect.account,
                endpoint.name,
                error,
                extra=LogFacts(
                    marketplace=self.dialect.marketplace,
                    account=self.dialect.account,
                    endpoint=endpoint.name,
                ),
            )
            return None

    async def _retry_or_raise(
        self, endpoint: Endpoint[R], failed: CallFailed, attempt: int, watch: CallWatch | None
    ) -> None:
        """Wait for the next attempt, or raise the error for the caller."""
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
            "%s; attempt %d %s",
            failed.error,
            attempt + 1,
            f"in {delay:.1f} s" if delay else "as soon as the limits allow",
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


def _is_crowded(signal: LimitSignal | None, deadline: float) -> bool:
    """Whether a cap on parallel calls rejected the attempt, which others may fill.

    Such an attempt is not one of ``max_rate_limited`` until the deadline.
    """
    crowded = signal is not None and signal.parallel is not None
    return crowded and asyncio.get_running_loop().time() < deadline


def build_path(template: str, values: Mapping[str, str | int] | None) -> str:
    """Fill in a path's parameters, percent-encoded.

    Args:
        template: The path with names in braces.
        values: The parameters by name.

    Raises:
        ValueError: A parameter has no value, or a value has no parameter.
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
        raise ValueError(f"{template} has no parameter {', '.join(sorted(given))}")
    return "".join(pieces) + rest


def build_query(values: Mapping[str, QueryValue] | None) -> str:
    """The query string with its question mark; empty if there are no parameters."""
    if not values:
        return ""
    pairs = []
    for name, value in values.items():
        if value is None:
            continue
        text = ("true" if value else "false") if isinstance(value, bool) else quote_plus(str(value))
        pairs.append(f"{quote_plus(name)}={text}")
    return f"?{'&'.join(pairs)}" if pairs else ""
