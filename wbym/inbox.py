"""Many accounts, of any marketplaces, as one.

An :class:`Inbox` fans reading out over its accounts, merges what comes, and routes replies back by
``ref``. It adds nothing to what the accounts do: each keeps its own limits, retries and errors.
"""

import asyncio
import heapq
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from datetime import UTC, datetime
from operator import attrgetter
from os import PathLike
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Generic, Protocol, Self, TypeAlias, TypeVar

import anyio
import anyio.to_thread
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from wbym.adapter import (
    Adapter,
    Chats,
    Comments,
    Feedbacks,
    OpensChats,
    Questions,
    Returns,
    TellsDecisions,
)
from wbym.calls import Download, Upload
from wbym.config import find_accounts
from wbym.domain import (
    Answer,
    Attachment,
    Chat,
    Decision,
    Feedback,
    Message,
    Money,
    Question,
    Ref,
    Return,
    Sent,
    Waiting,
)
from wbym.errors import InvalidInput, SetAside, Unsupported
from wbym.limits import BucketState, Priority
from wbym.paging import Listing

__all__ = ["Inbox", "Merged"]

A = TypeVar("A", bound=Adapter)
T_co = TypeVar("T_co", covariant=True)


class _Record(Protocol):
    @property
    def ref(self) -> Ref: ...


T = TypeVar("T", bound=_Record)
R = TypeVar("R")

OnError: TypeAlias = Callable[[str, Exception], None]
"""Gets the account's name and what went wrong."""

_BUFFER = 64
"""Records that each account may be ahead of the consumer, besides the page that it reads."""

_EARLIEST = datetime.min.replace(tzinfo=UTC)


class Merged(Generic[T]):
    """Records of several accounts, read while it is iterated.

    It makes no request before; each iteration reads from the beginning. Left early or cancelled, it
    stops its requests. An account that fails does not stop the others: the rest is delivered, and
    then one ``ExceptionGroup`` tells which failed, each error with a note naming the account; or
    ``on_error`` gets each as it happens, and nothing is raised.
    """

    def __init__(
        self,
        readers: Callable[[], Mapping[str, Callable[[], Listing[T]]]],
        *,
        by_time: Callable[[T], datetime | None] | None,
        on_error: OnError | None,
        running: "_Running",
    ) -> None:
        self._readers = readers
        self._by_time = by_time
        self._on_error = on_error
        self._running = running

    async def all(self, *, limit: int | None = None) -> list[T]:
        """The records in memory, the first ``limit`` of them where one is given."""
        found: list[T] = []
        if limit == 0:
            return found
        async with aclosing(self._iterate()) as items:
            async for item in items:
                found.append(item)
                if len(found) == limit:
                    break
        return found

    def __aiter__(self) -> AsyncIterator[T]:
        return self._iterate()

    async def _iterate(self) -> AsyncGenerator[T, None]:
        errors: list[Exception] = []
        readers = self._readers()
        streams: list[MemoryObjectReceiveStream[T]] = []
        senders: list[tuple[str, Callable[[], Listing[T]], MemoryObjectSendStream[T]]] = []
        shared = anyio.create_memory_object_stream[T](_BUFFER) if self._by_time is None else None
        if shared is not None:
            streams.append(shared[1])
        for name, make in readers.items():
            if shared is not None:
                senders.append((name, make, shared[0].clone()))
            else:
                sender, receiver = anyio.create_memory_object_stream[T](_BUFFER)
                streams.append(receiver)
                senders.append((name, make, sender))
        if shared is not None:
            shared[0].close()
        # A task of its own holds the task group: a generator may be closed from another task than
        # the one that began it, which a task group inside it would not stand.
        fan = asyncio.create_task(self._fan_out(senders, errors))
        try:
            items = streams[0] if self._by_time is None else _by_time(streams, self._by_time)
            async for item in items:
                yield item
            await fan
        finally:
            fan.cancel()
            try:
                await asyncio.gather(fan, return_exceptions=True)
            finally:
                for stream in streams:
                    stream.close()
                for _, _, sender in senders:
                    sender.close()
        if errors:
            raise ExceptionGroup(f"{len(errors)} of {len(readers)} accounts failed", errors)

    async def _fan_out(
        self,
        senders: Sequence[tuple[str, Callable[[], Listing[T]], MemoryObjectSendStream[T]]],
        errors: list[Exception],
    ) -> None:
        async with anyio.create_task_group() as group:
            for name, make, sender in senders:
                group.start_soon(self._read, name, make, sender, errors)

    async def _read(
        self,
        name: str,
        make: Callable[[], Listing[T]],
        sender: MemoryObjectSendStream[T],
        errors: list[Exception],
    ) -> None:
        with sender, self._running.scope(name):
            try:
                listing = make()
                if self._by_time is not None and not listing.newest_first:
                    for item in sorted(await listing.all(), key=self._newest_first):
                        await sender.send(item)
                    return
                async with aclosing(listing.records()) as records:
                    async for item in records:
                        await sender.send(item)
            except Exception as error:  # noqa: BLE001 - one account must not stop the others
                error.add_note(f"account: {name}")
                if self._on_error is not None:
                    self._on_error(name, error)
                else:
                    errors.append(error)

    def _newest_first(self, item: T) -> float:
        moment = self._by_time(item) if self._by_time is not None else None
        return -(moment or _EARLIEST).timestamp()


async def _by_time(
    streams: Sequence[MemoryObjectReceiveStream[T]], moment: Callable[[T], datetime | None]
) -> AsyncIterator[T]:
    """Merge streams that are newest first each; the newest of their heads comes next."""
    heads: list[tuple[float, int, T]] = []

    async def refill(place: int) -> None:
        try:
            item = await streams[place].receive()
        except anyio.EndOfStream:
            return
        heapq.heappush(heads, (-(moment(item) or _EARLIEST).timestamp(), place, item))

    for place in range(len(streams)):
        await refill(place)
    while heads:
        _, place, item = heapq.heappop(heads)
        yield item
        await refill(place)


class _Running:
    """The readings under way by account, so that an account can be taken out."""

    def __init__(self) -> None:
        self._scopes: dict[str, set[anyio.CancelScope]] = {}

    def scope(self, name: str) -> "_Tracked":
        return _Tracked(self._scopes.setdefault(name, set()))

    def stop(self, name: str) -> None:
        for scope in self._scopes.pop(name, set()):
            scope.cancel()


class _Tracked:
    def __init__(self, scopes: set[anyio.CancelScope]) -> None:
        self._scopes = scopes
        self._scope = anyio.CancelScope()

    def __enter__(self) -> None:
        self._scopes.add(self._scope)
        self._scope.__enter__()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> bool | None:
        self._scopes.discard(self._scope)
        return self._scope.__exit__(exc_type, exc, tb)


class Inbox:
    """Any number of accounts as one. Use it as ``async with Inbox(...) as inbox``.

    Args:
        accounts: The accounts; the inbox closes them.
        on_error: Gets the name and the error of an account that fails while reading, instead of the
            ``ExceptionGroup`` at the end.

    Raises:
        InvalidInput: Two accounts have one name.
    """

    def __init__(self, *accounts: Adapter, on_error: OnError | None = None) -> None:
        self._accounts: dict[str, Adapter] = {}
        self._on_error = on_error
        self._running = _Running()
        self._config: Path | None = None
        for account in accounts:
            self.add(account)

    @classmethod
    def from_config(cls, path: str | PathLike[str], *, on_error: OnError | None = None) -> Self:
        """The inbox over the accounts of a TOML file (see ``wbym.config``).

        The file and the secrets are read on entering, which raises ``ConfigError`` where the file
        cannot be used or a secret is not where it says, and ``InvalidToken`` where it is none.
        """
        inbox = cls(on_error=on_error)
        inbox._config = Path(path)
        return inbox

    async def __aenter__(self) -> Self:
        config, self._config = self._config, None
        if config is not None:
            for source in await anyio.to_thread.run_sync(find_accounts, config):
                self.add(await source.open())
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop all reading and close the accounts."""
        with anyio.CancelScope(shield=True):
            for name in list(self._accounts):
                await self.remove(name)

    @property
    def accounts(self) -> Mapping[str, Adapter]:
        """The accounts by name, as they are now."""
        return MappingProxyType(self._accounts)

    def account(self, name: str, kind: type[A]) -> A:
        """One account as its own type: ``inbox.account("shop-wb", Wildberries).api``.

        Raises:
            InvalidInput: There is none of this name and type.
        """
        account = self._accounts.get(name)
        if not isinstance(account, kind):
            known = [n for n, other in self._accounts.items() if isinstance(other, kind)]
            rule = f"must be the name of a {kind.__name__} account, one of {known}"
            raise InvalidInput("account", "name", rule, name)
        return account

    def add(self, account: Adapter) -> None:
        """Take an account in, also while others are being read; what runs does not see it yet.

        Raises:
            InvalidInput: There is an account of this name.
        """
        if account.name in self._accounts:
            raise InvalidInput("add", "name", "must be new in this inbox", account.name)
        self._accounts[account.name] = account

    async def remove(self, name: str) -> None:
        """Take an account out: its readings under way end without an error, and it is closed.

        Raises:
            InvalidInput: There is none of this name.
        """
        account = self._accounts.pop(name, None)
        if account is None:
            rule = f"must be one of {list(self._accounts)}"
            raise InvalidInput("remove", "name", rule, name)
        self._running.stop(name)
        await account.aclose()

    def chats(
        self,
        *,
        waiting_for_seller: bool | None = None,
        by_time: bool = False,
        priority: Priority | None = None,
    ) -> Merged[Chat]:
        """The chats of all accounts; see ``Chats.chats``.

        Args:
            waiting_for_seller: Only those in which the buyer waits for a reply, or only the others.
            by_time: Newest first over all accounts, by the last message; else as they come.
            priority: Who goes first at the limits.
        """
        return self._merged(
            "chats",
            Chats,
            lambda account: account.chats(waiting_for_seller=waiting_for_seller, priority=priority),
            attrgetter("updated_at") if by_time else None,
        )

    def messages(self, chat: Chat, *, since: datetime | None = None) -> Listing[Message]:
        """The messages of a chat; see ``Chats.messages``."""
        return self._of(chat, Chats).messages(chat, since=since)

    async def send(self, chat: Chat, text: str, *, files: Sequence[Upload] = ()) -> Sent:
        """Send a message to the buyer, once; see ``Chats.send``."""
        return await self._of(chat, Chats).send(chat, text, files=files)

    def download(
        self, message: Message, attachment: Attachment
    ) -> AbstractAsyncContextManager[Download]:
        """Open a file of a message for reading; see ``Chats.download``."""
        return self._of(message, Chats).download(attachment)

    def questions(
        self,
        *,
        answered: bool | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        by_time: bool = False,
        priority: Priority | None = None,
    ) -> Merged[Question]:
        """The questions of all accounts; see ``Questions.questions``, and ``by_time`` in chats."""
        return self._merged(
            "questions",
            Questions,
            lambda account: account.questions(
                answered=answered, since=since, until=until, priority=priority
            ),
            attrgetter("created_at") if by_time else None,
        )

    def feedbacks(
        self,
        *,
        answered: bool | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        rating: Collection[int] | None = None,
        by_time: bool = False,
        priority: Priority | None = None,
    ) -> Merged[Feedback]:
        """The feedbacks of all accounts; see ``Feedbacks.feedbacks``, and ``by_time`` in chats."""
        return self._merged(
            "feedbacks",
            Feedbacks,
            lambda account: account.feedbacks(
                answered=answered, since=since, until=until, rating=rating, priority=priority
            ),
            attrgetter("created_at") if by_time else None,
        )

    async def answer(self, item: Question | Feedback, text: str) -> None:
        """Answer a question or a feedback, once; see ``Feedbacks.answer``."""
        await self._of(item, Feedbacks).answer(item, text)

    async def edit_answer(self, item: Question | Feedback, text: str) -> None:
        """Change the answer that stands; see ``Feedbacks.edit_answer``."""
        await self._of(item, Feedbacks).edit_answer(item, text)

    def returns(
        self,
        *,
        open: bool | None = None,  # noqa: A002 - the word of the field
        by_time: bool = False,
        priority: Priority | None = None,
    ) -> Merged[Return]:
        """The returns of all accounts; see ``Returns.returns``, and ``by_time`` in chats."""
        return self._merged(
            "returns",
            Returns,
            lambda account: account.returns(open=open, priority=priority),
            attrgetter("created_at") if by_time else None,
        )

    async def decisions(self, item: Return) -> list[Decision]:
        """What may be decided about a return now; see ``TellsDecisions.decisions``."""
        return await self._of(item, TellsDecisions).decisions(item)

    async def decide(
        self,
        item: Return,
        decision: Decision,
        *,
        comment: str | None = None,
        reason: str | None = None,
        amount: Money | None = None,
    ) -> None:
        """Carry out one of the return's own decisions; see ``Returns.decide``."""
        account = self._of(item, Returns)
        await account.decide(item, decision, comment=comment, reason=reason, amount=amount)

    def comments(self, feedback: Feedback) -> Listing[Answer]:
        """The comments under a feedback; see ``Comments.comments``."""
        return self._of(feedback, Comments).comments(feedback)

    async def skip_reaction(self, feedback: Feedback) -> None:
        """Say that a feedback needs no answer; see ``Comments.skip_reaction``."""
        await self._of(feedback, Comments).skip_reaction(feedback)

    async def open_chat(self, item: Return) -> Chat:
        """The chat about a return, opened if there is none yet; see ``OpensChats.open_chat``."""
        return await self._of(item, OpensChats).open_chat(return_id=item.ref.id)

    async def counts(self) -> dict[str, Waiting]:
        """How much waits for an answer, by account, with as few requests as there can be.

        Raises:
            ExceptionGroup: Accounts failed, each error with a note naming the account. With
                ``on_error`` those accounts are only left out.
        """
        found: dict[str, Waiting] = {}
        errors: list[Exception] = []

        async def count(account: Adapter) -> None:
            try:
                found[account.name] = await account.counts()
            except Exception as error:  # noqa: BLE001 - one account must not stop the others
                error.add_note(f"account: {account.name}")
                if self._on_error is not None:
                    self._on_error(account.name, error)
                else:
                    errors.append(error)

        async with anyio.create_task_group() as group:
            for account in self._accounts.values():
                group.start_soon(count, account)
        if errors:
            raise ExceptionGroup(f"{len(errors)} of {len(self._accounts)} accounts failed", errors)
        return {name: found[name] for name in self._accounts if name in found}

    def limits(self) -> dict[str, list[BucketState]]:
        """Every bucket by account: used, left, waiting, next free."""
        return {name: account.limits() for name, account in self._accounts.items()}

    @property
    def set_aside(self) -> dict[str, Sequence[SetAside]]:
        """Records that could not be decoded, by account."""
        return {name: account.set_aside for name, account in self._accounts.items()}

    def _merged(
        self,
        noun: str,
        kind: type[R],
        read: Callable[[R], Listing[T]],
        moment: Callable[[T], datetime | None] | None,
    ) -> Merged[T]:
        def readers() -> dict[str, Callable[[], Listing[T]]]:
            return {name: _reader(account) for name, account in self._accounts.items()}

        def _reader(account: Adapter) -> Callable[[], Listing[T]]:
            def make() -> Listing[T]:
                if not isinstance(account, kind):
                    raise Unsupported(account.marketplace, noun, "account", account.name)
                return read(account)

            return make

        return Merged(readers, by_time=moment, on_error=self._on_error, running=self._running)

    def _of(self, item: _Record, kind: type[R]) -> R:
        ref = item.ref
        account = self._accounts.get(ref.account)
        if account is None or account.marketplace != ref.marketplace:
            rule = f"must be of an account of this inbox: {list(self._accounts)}"
            raise InvalidInput("inbox", "ref", rule, str(ref))
        if not isinstance(account, kind):
            raise Unsupported(account.marketplace, kind.__name__.lower(), "account", account.name)
        return account
