"""The inbox: the methods of an account over many accounts."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import attrgetter
from os import PathLike
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Final, Protocol, Self, TypeVar, overload

import anyio
import anyio.to_thread

from wbym._config import find_accounts, find_state
from wbym.account import Account, AnyRecord, Capability, CheckReport, Hint, has
from wbym.account._account import share_connections, share_limits
from wbym.account._inputs import ref_of
from wbym.calls import Download, SecretText, Upload, require
from wbym.calls._transport import ConnectionPool
from wbym.domain import (
    Answer,
    Attachment,
    Chat,
    Decision,
    Delivery,
    Feedback,
    Message,
    Money,
    Question,
    Record,
    Ref,
    Return,
    UndecodableRecord,
    WaitingCounts,
    shift_time,
)
from wbym.errors import InboxNotOpen, InvalidInput, RefError, Unsupported
from wbym.feed import (
    CONFIRMATION_TIMEOUT,
    DeadLetters,
    Events,
    Feed,
    Outbox,
    Store,
    StreamStatus,
)
from wbym.feed._places import StatePlace, hide_password, store_at
from wbym.inbox._merged import Failures, OnError, Running, by_windows, in_memory, merged
from wbym.limits import BucketState, Priority, QuotaStore
from wbym.paging import Listing

__all__ = ["Inbox", "InboxSweeps"]

A = TypeVar("A", bound=Account)
K = TypeVar("K", Chat, Message, Question, Feedback, Return)
T = TypeVar("T")

_NOT_ENTERED: Final = "enter it first, async with Inbox(...) as inbox"
_FORKED: Final = "it was created by the parent of this process; create one after the fork"
_CLOSED: Final = "it is closed, and so are its accounts; create a new one"


class Inbox:
    """Any number of accounts as one. Use it with ``async with Inbox(...) as inbox``.

    Its methods for records and replies are those of :class:`wbym.Account`, with the same names and
    arguments; :meth:`account` gives access to the others. Lists read all accounts that have the
    noun concurrently; their ``cursor`` has the position in each account, and an account that was
    added later is read from its start. An account that fails does not stop the others: their
    records are delivered, and then ``AccountsFailed`` is raised. Replies go to the account of their
    ``ref``.

    Args:
        accounts: The accounts; the inbox closes them. They share one pool of connections, besides
            those to which a ``session`` was lent.
        state: Where events and replies under idempotency keys are stored: a file, created if it
            does not exist; a PostgreSQL database, as ``postgresql://user@host/database``, which
            processes of several machines may share; or a store, which the inbox closes.
            :meth:`events` and idempotency keys require it.
        limits: The store that counts the calls of all processes and machines, for accounts without
            ``limits`` or ``scheduler`` of their own: ``redis://cache/0``,
            ``postgresql://user@host/database`` (see :func:`wbym.limits.open_quotas`), or a store,
            which is not closed. By default this process counts alone.
        confirmation_timeout: Seconds after which a reply of unknown fate that is still not visible
            is sent again; see :class:`wbym.feed.Outbox`.
        on_error: Called with the name and the error of an account that fails while reading, instead
            of ``AccountsFailed`` at the end; also for each failed round of :meth:`events`. With an
            empty name: once per fault of the ``state`` that feed and outbox wait for.

    Raises:
        InvalidInput: Two accounts have the same name, or ``confirmation_timeout`` is 0 or less.
        AccountNotOpen: It has ``limits``, and no event loop is running.
        ConfigError: The address of ``limits`` is invalid, or its extra is not installed.
        InboxNotOpen: From each method: the inbox is closed; or it was created before a fork of the
            process; or it is not entered, and its accounts are in a file that is read on entering,
            or the method requires the ``state``.
    """

    def __init__(
        self,
        *accounts: Account,
        state: StatePlace | Store | None = None,
        limits: str | QuotaStore | None = None,
        confirmation_timeout: float = CONFIRMATION_TIMEOUT,
        on_error: OnError | None = None,
    ) -> None:
        state = hide_password(state) if isinstance(state, str) else state
        limits = SecretText(limits) if isinstance(limits, str) else limits
        require("Inbox", "confirmation_timeout", confirmation_timeout, float)
        if confirmation_timeout <= 0:
            raise InvalidInput(
                "Inbox", "confirmation_timeout", "must be more than 0 s", confirmation_timeout
            )
        self._by_name: dict[str, Account] = {}
        self._process = os.getpid()
        self._connections = ConnectionPool()
        self._closed = False
        self._on_error = on_error
        self._running = Running()
        self._config: Path | None = None
        self._is_configured = True
        """Whether the accounts of the configuration, if any, were opened."""
        self._state = state
        self._limits = limits
        self._confirmation_timeout = confirmation_timeout
        self._open_feed: Feed | None = None
        for account in accounts:
            self.add(account)

    @classmethod
    def from_config(
        cls,
        path: str | PathLike[str] | None = None,
        *,
        state: StatePlace | Store | None = None,
        limits: str | QuotaStore | None = None,
        confirmation_timeout: float = CONFIRMATION_TIMEOUT,
        on_error: OnError | None = None,
    ) -> Self:
        """Create an inbox of the accounts of a TOML file (see ``docs/configuration.md``).

        Without a path, it is ``wbym.toml`` of the current folder; if there is none, the accounts
        are those of the environment, such as ``WBYM_WILDBERRIES_TOKEN``.

        Until it is entered with ``async with``, each method raises ``InboxNotOpen``. The file and
        the secrets are read on entering, which raises ``ConfigError`` if the file is invalid or a
        secret is missing, and ``InvalidToken`` if a secret is not a token of its marketplace.

        Without ``state`` or ``limits``, the file's ``[shared] state`` and ``[shared] limits`` are
        used, if it has them.
        """
        state = hide_password(state) if isinstance(state, str) else state
        limits = SecretText(limits) if isinstance(limits, str) else limits
        inbox = cls(
            state=state,
            limits=limits,
            confirmation_timeout=confirmation_timeout,
            on_error=on_error,
        )
        inbox._config = None if path is None else Path(path)
        inbox._is_configured = False
        return inbox

    async def __aenter__(self) -> Self:
        """Open the accounts of the file, and the state.

        Raises:
            ConfigError, InvalidToken: An account cannot be opened.
            StateError: The state cannot be used.
            InboxNotOpen: The inbox was closed; create a new one.
        """
        if self._closed:
            raise InboxNotOpen(_CLOSED)
        try:
            if not self._is_configured:
                self._is_configured = True
                find = partial(find_accounts, self._config, shared_limits=self._limits is None)
                for source in await anyio.to_thread.run_sync(find):
                    self.add(await source.open())
                if self._state is None:
                    self._state = await anyio.to_thread.run_sync(find_state, self._config)
            if self._state is not None:
                await self._open_state(self._state)
        except BaseException:
            await self.aclose()
            raise
        return self

    async def _open_state(self, state: StatePlace | Store) -> None:
        store: Store = (
            await store_at(state).__aenter__() if isinstance(state, str | PathLike) else state
        )
        self._open_feed = Feed(
            self._accounts,
            store,
            on_error=self._on_error,
            confirmation_timeout=self._confirmation_timeout,
        )
        self._open_feed.outbox.start()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop all reading, and close the state and the accounts."""
        self._require_process()
        self._is_configured = self._closed = True
        with anyio.CancelScope(shield=True):
            feed, self._open_feed = self._open_feed, None
            try:
                if feed is not None:
                    await feed.aclose()
            finally:
                try:
                    for name in list(self._by_name):
                        await self._drop(name)
                finally:
                    await self._connections.aclose()

    # The accounts.

    @property
    def accounts(self) -> Mapping[str, Account]:
        """The current accounts by name."""
        return MappingProxyType(self._accounts)

    def account(self, name: str, kind: type[A]) -> A:
        """One account as its own type: ``inbox.account("shop-wb", Wildberries).api``.

        Args:
            name: The account's name.
            kind: Its class, such as ``Wildberries``.

        Raises:
            InvalidInput: No account has this name and type.
        """
        self._require_open()
        require("account", "name", name, str)
        require("account", "kind", kind, type)
        account = self._accounts.get(name)
        if not isinstance(account, kind):
            known = [n for n, other in self._accounts.items() if isinstance(other, kind)]
            rule = f"must be the name of a {kind.__name__} account, one of {known}"
            raise InvalidInput("account", "name", rule, name)
        return account

    def add(self, account: Account) -> None:
        """Add an account, also while others are being read; running reads do not include it.

        Raises:
            InvalidInput: It is not an account, or its name is taken.
            AccountNotOpen, ConfigError: Its calls cannot be counted in ``limits``.
        """
        given: object = account
        if not isinstance(given, Account):
            raise InvalidInput("add", "account", "must be an Account", account)
        if account.name in self._accounts:
            raise InvalidInput("add", "name", "must be new in this inbox", account.name)
        if self._limits is not None:
            share_limits(account, self._limits)
        self._accounts[account.name] = account
        share_connections(account, self._connections)

    async def remove(self, name: str) -> None:
        """Remove and close an account; its running reads end without an error.

        Raises:
            InvalidInput: No account has this name.
        """
        self._require_open()
        require("remove", "name", name, str)
        if name not in self._accounts:
            rule = f"must be one of {list(self._accounts)}"
            raise InvalidInput("remove", "name", rule, name)
        await self._drop(name)

    async def _drop(self, name: str) -> None:
        account = self._by_name.pop(name)
        self._running.stop(name)
        if self._open_feed is not None:
            await self._open_feed.drop(name)
        await account.aclose()

    def limits(self) -> dict[str, list[BucketState]]:
        """The buckets of each account: used, left, waiting, next free."""
        return {name: account.limits() for name, account in self._accounts.items()}

    @property
    def undecodable(self) -> dict[str, Sequence[UndecodableRecord]]:
        """Records that could not be decoded, by account."""
        return {name: account.undecodable for name, account in self._accounts.items()}

    async def check(self, *, online: bool = True, ping: bool = False) -> dict[str, CheckReport]:
        """Report what each account can do; see ``Account.check``.

        Raises:
            AccountsFailed: Accounts failed; with ``on_error`` they are omitted instead.
        """
        return await self._of_each(lambda account: account.check(online=online, ping=ping))

    async def counts(self) -> dict[str, WaitingCounts]:
        """Count the items that wait for the seller, by account, with as few requests as possible.

        Raises:
            AccountsFailed: Accounts failed; with ``on_error`` they are omitted instead.
        """
        return await self._of_each(lambda account: account.counts())

    # Events.

    def events(
        self, *, since: datetime | None = None, auto_ack: bool = True, wait: bool = False
    ) -> Events:
        """Iterate the events of all accounts, from where the last run stopped, without end.

        Each event is delivered at least once, in order within a chat, and never again once it is
        confirmed. It is confirmed when the body of the loop ends. If the body raises or leaves the
        loop, the event comes again, in the next loop or the next run.

        Each account is polled at the rate of its limits (see :attr:`streams`). The results of a
        poll are stored before the next one, so nothing is lost whenever the process ends. A poll
        that fails is retried, and meanwhile the other accounts continue.

        Args:
            since: The start for accounts that were never followed with this state; aware. By
                default they start now.
            auto_ack: Whether the end of the body confirms the event; otherwise only
                ``await event.ack()`` does, for handling several events concurrently.
            wait: Whether to wait while another reader follows one of the accounts.

        Raises:
            InvalidInput: The inbox has no ``state``, or ``since`` is naive.
            FeedBusy: While iterating: another reader follows one of the accounts.
            StateError: While iterating: the state cannot be read or written.
        """
        return self._feed.events(since=since, auto_ack=auto_ack, wait=wait)

    @property
    def streams(self) -> list[StreamStatus]:
        """The streams that :meth:`events` follows: their rate, last round and last errors."""
        return self._feed.streams

    @property
    def outbox(self) -> Outbox:
        """Replies that were sent under idempotency keys.

        Raises:
            InvalidInput: The inbox has no ``state``.
        """
        return self._feed.outbox

    @property
    def dead_letters(self) -> DeadLetters:
        """Events that could not be handled and were laid aside.

        Raises:
            InvalidInput: The inbox has no ``state``.
        """
        return self._feed.dead_letters

    async def hint(self, hints: Sequence[Hint]) -> None:
        """Store hints about changes, such as those of notifications, and poll for them soon."""
        await self._feed.hint(hints)

    # Records.

    @overload
    async def get(self, ref: Ref, kind: type[K]) -> K: ...

    @overload
    async def get(self, ref: K) -> K: ...

    @overload
    async def get(self, ref: Ref | AnyRecord, kind: type[Record] | None = None) -> AnyRecord: ...

    async def get(self, ref: Ref | AnyRecord, kind: type[Record] | None = None) -> AnyRecord:
        """Read the current version of a record; see ``Account.get``."""
        return await self._of("get", ref).get(ref, kind)

    def chats(
        self,
        *,
        waiting_for_seller: bool | None = None,
        newest_first: bool = False,
        cursor: str | None = None,
        prefetch: int | None = None,
        priority: Priority | None = None,
    ) -> Listing[Chat]:
        """List the chats of all accounts; see ``Account.chats``.

        Args:
            waiting_for_seller: True for chats in which the buyer waits for a reply, False for the
                others.
            newest_first: By the last message, across all accounts; each account's chats are then
                loaded into memory, since no marketplace lists them in this order. By default in
                order of arrival.
            cursor: Where to continue.
            prefetch: Pages of each account to request concurrently from the start.
            priority: Priority of the calls at the limits.
        """
        moment: Callable[[Chat], datetime | None] = attrgetter("updated_at")

        def of(account: Account) -> Listing[Chat]:
            found = account.chats(waiting_for_seller=waiting_for_seller)
            return in_memory(found, moment) if newest_first else found

        return self._merged(
            Capability.CHATS, of, moment if newest_first else None, cursor, prefetch, priority
        )

    def messages(
        self,
        chat: Chat | Ref,
        *,
        since: datetime | None = None,
        cursor: str | None = None,
        prefetch: int | None = None,
        priority: Priority | None = None,
    ) -> Listing[Message]:
        """List the messages of a chat; see ``Account.messages``."""
        account = self._of("messages", chat)
        return account.messages(
            chat, since=since, cursor=cursor, prefetch=prefetch, priority=priority
        )

    def questions(
        self,
        *,
        answered: bool | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        product: str | None = None,
        newest_first: bool = False,
        cursor: str | None = None,
        prefetch: int | None = None,
        priority: Priority | None = None,
    ) -> Listing[Question]:
        """List the questions of all accounts; see ``Account.questions`` and :meth:`feedbacks`."""
        moment: Callable[[Question], datetime | None] = attrgetter("created_at")

        def of(account: Account) -> Listing[Question]:
            def part(since: datetime | None, until: datetime | None) -> Listing[Question]:
                return account.questions(
                    answered=answered, since=since, until=until, product=product
                )

            found = part(since, until)
            if not newest_first or found.newest_first:
                return found
            begin = since or _default_since(account, Capability.QUESTIONS, until)
            return by_windows(part, since=begin, until=until, moment=moment, method="questions")

        return self._merged(
            Capability.QUESTIONS, of, moment if newest_first else None, cursor, prefetch, priority
        )

    def feedbacks(
        self,
        *,
        answered: bool | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        rating: Collection[int] | None = None,
        product: str | None = None,
        newest_first: bool = False,
        cursor: str | None = None,
        prefetch: int | None = None,
        priority: Priority | None = None,
    ) -> Listing[Feedback]:
        """List the feedbacks of all accounts; see ``Account.feedbacks``.

        Args:
            answered: True for feedbacks with an answer of the seller, False for those without.
            since: Only feedbacks written at or after this time; aware.
            until: Only feedbacks written at or before this time; aware.
            rating: Only feedbacks with one of these ratings, 1 to 5.
            product: Only feedbacks about this product, by the marketplace's article.
            newest_first: Across all accounts. A marketplace with another order is read in time
                windows, newest first, one of which is in memory. By default in order of arrival.
            cursor: Where to continue; with ``newest_first`` up to a page per account comes again.
            prefetch: Pages of each account to request concurrently from the start; for bulk
                reading.
            priority: Priority of the calls at the limits.
        """
        moment: Callable[[Feedback], datetime | None] = attrgetter("created_at")

        def of(account: Account) -> Listing[Feedback]:
            def part(since: datetime | None, until: datetime | None) -> Listing[Feedback]:
                return account.feedbacks(
                    answered=answered, since=since, until=until, rating=rating, product=product
                )

            found = part(since, until)
            if not newest_first or found.newest_first:
                return found
            begin = since or _default_since(account, Capability.FEEDBACKS, until)
            return by_windows(part, since=begin, until=until, moment=moment, method="feedbacks")

        return self._merged(
            Capability.FEEDBACKS, of, moment if newest_first else None, cursor, prefetch, priority
        )

    def comments(
        self,
        feedback: Feedback | Ref,
        *,
        cursor: str | None = None,
        prefetch: int | None = None,
        priority: Priority | None = None,
    ) -> Listing[Answer]:
        """List the comments on a feedback; see ``Account.comments``."""
        account = self._of("comments", feedback)
        return account.comments(feedback, cursor=cursor, prefetch=prefetch, priority=priority)

    def returns(
        self,
        *,
        is_open: bool | None = None,
        newest_first: bool = False,
        cursor: str | None = None,
        prefetch: int | None = None,
        priority: Priority | None = None,
    ) -> Listing[Return]:
        """List the returns of all accounts; see ``Account.returns``.

        Args:
            is_open: True for open returns, False for closed ones.
            newest_first: Across all accounts; each account's returns are then loaded into memory.
            cursor: Where to continue.
            prefetch: Pages of each account to request concurrently from the start.
            priority: Priority of the calls at the limits.
        """
        moment: Callable[[Return], datetime | None] = attrgetter("created_at")

        def of(account: Account) -> Listing[Return]:
            found = account.returns(is_open=is_open)
            return in_memory(found, moment) if newest_first else found

        return self._merged(
            Capability.RETURNS, of, moment if newest_first else None, cursor, prefetch, priority
        )

    @property
    def sweep(self) -> "InboxSweeps":
        """Sweeps of whole archives of all accounts; see ``Account.sweep``."""
        self._require_open()
        return InboxSweeps(self._merged)

    def download(
        self, message: Message | Ref, attachment: Attachment
    ) -> AbstractAsyncContextManager[Download]:
        """Open a file of a message for reading; see ``Account.download``."""
        return self._of("download", message).download(message, attachment)

    async def decisions(self, item: Return | Ref) -> list[Decision]:
        """List the decisions that are available for a return; see ``Account.decisions``."""
        return await self._of("decisions", item).decisions(item)

    # Replies.

    async def send(
        self,
        chat: Chat | Ref,
        text: str,
        *,
        files: Sequence[Upload] = (),
        idempotency_key: str | None = None,
    ) -> Delivery:
        """Send a message to the buyer, once; see ``Account.send``.

        With ``idempotency_key`` the message is saved first and effectively sent once, however often
        and in whichever run this is called: further calls, with any text, only return the delivery
        of the first. A message that may or may not have been sent is looked up in the chat. A
        failure is the delivery's state and ``note``, and :attr:`outbox` continues with it. Without
        a key the returned delivery is accepted, or an error is raised.

        Raises:
            InvalidInput: The text or a file breaks a rule, the key was used for another reply, or
                a key is given but the inbox has no ``state``.
            ChatNotReady: Without a key: the chat does not accept messages yet; nothing was sent.
            DeliveryUnknown: Without a key: the message may or may not have been sent.
            StateError: With a key: the message could not be saved; nothing was sent.
        """
        account = self._of("send", chat)
        if idempotency_key is None:
            return await account.send(chat, text, files=files)
        return await self._keyed("send").send(
            chat, text, files=files, idempotency_key=idempotency_key
        )

    async def answer(
        self, item: Question | Feedback | Ref, text: str, *, idempotency_key: str | None = None
    ) -> Delivery:
        """Answer a question or a feedback, once; see ``Account.answer`` and :meth:`send`.

        With a key the answer is confirmed when the record, read again, shows it.
        """
        account = self._of("answer", item)
        if idempotency_key is None:
            return await account.answer(item, text)
        return await self._keyed("answer").answer(item, text, idempotency_key=idempotency_key)

    async def edit_answer(
        self, item: Question | Feedback | Ref, text: str, *, idempotency_key: str | None = None
    ) -> Delivery:
        """Change the current answer; see ``Account.edit_answer`` and :meth:`send`."""
        account = self._of("edit_answer", item)
        if idempotency_key is None:
            return await account.edit_answer(item, text)
        return await self._keyed("edit_answer").edit_answer(
            item, text, idempotency_key=idempotency_key
        )

    async def reject(
        self, question: Question | Ref, reason: str, *, idempotency_key: str | None = None
    ) -> Delivery:
        """Reject a question; see ``Account.reject`` and :meth:`send`."""
        account = self._of("reject", question)
        if idempotency_key is None:
            return await account.reject(question, reason)
        return await self._keyed("reject").reject(question, reason, idempotency_key=idempotency_key)

    async def decide(
        self,
        item: Return | Ref,
        decision: Decision | str,
        *,
        comment: str | None = None,
        reason: str | None = None,
        amount: Money | None = None,
        idempotency_key: str | None = None,
    ) -> Delivery:
        """Decide on a return; see ``Account.decide`` and :meth:`send`."""
        account = self._of("decide", item)
        if idempotency_key is None:
            return await account.decide(
                item, decision, comment=comment, reason=reason, amount=amount
            )
        return await self._keyed("decide").decide(
            item,
            decision,
            comment=comment,
            reason=reason,
            amount=amount,
            idempotency_key=idempotency_key,
        )

    async def skip_reaction(self, feedback: Feedback | Ref) -> None:
        """Mark a feedback as needing no answer; see ``Account.skip_reaction``."""
        await self._of("skip_reaction", feedback).skip_reaction(feedback)

    async def open_chat(
        self,
        item: Return | Ref | None = None,
        *,
        order_id: str | int | None = None,
        account: str | None = None,
    ) -> Chat:
        """Return the chat about a return or an order; see ``Account.open_chat``.

        Args:
            item: The return.
            order_id: The order, instead of a return.
            account: The account's name, with ``order_id``.

        Raises:
            InvalidInput: ``order_id`` is passed without the name of an account.
        """
        if item is not None:
            return await self._of("open_chat", item).open_chat(item, order_id=order_id)
        require("open_chat", "account", account, str | None)
        found = self._accounts.get(account or "")
        if found is None:
            rule = f"must be given with order_id, one of {list(self._accounts)}"
            raise InvalidInput("open_chat", "account", rule, account)
        return await found.open_chat(order_id=order_id)

    # Shared by the methods.

    def _require_open(self) -> None:
        self._require_process()
        if self._closed:
            raise InboxNotOpen(_CLOSED)
        if not self._is_configured:
            raise InboxNotOpen(_NOT_ENTERED)

    def _require_process(self) -> None:
        if self._process != os.getpid():
            raise InboxNotOpen(_FORKED)

    @property
    def _accounts(self) -> dict[str, Account]:
        self._require_open()
        return self._by_name

    @property
    def _feed(self) -> Feed:
        self._require_open()
        if self._open_feed is None:
            if self._state is not None:
                raise InboxNotOpen(_NOT_ENTERED)
            rule = 'must name a file, such as Inbox(..., state="wbym.db")'
            raise InvalidInput("inbox", "state", rule, None)
        return self._open_feed

    def _keyed(self, method: str) -> Outbox:
        """The outbox, for a reply under a key."""
        self._require_open()
        if self._state is None:
            rule = 'requires a state, such as Inbox(..., state="wbym.db")'
            raise InvalidInput(method, "idempotency_key", rule, None)
        return self._feed.outbox

    def _of(self, method: str, item: Record | Ref) -> Account:
        """The account of a record or a ref.

        Raises:
            RefError: It is not of an account of this inbox.
            InvalidInput: ``item`` is neither a record nor a ref.
        """
        self._require_open()
        given = ref_of(method, item)
        account = self._accounts.get(given.account)
        if account is None or account.marketplace != given.marketplace:
            known = [f"{one.marketplace}/{name}" for name, one in self._accounts.items()]
            raise RefError(
                str(given), f"must be of an account of this inbox: {known}", method=method
            )
        return account

    async def _of_each(self, call: Callable[[Account], Awaitable[T]]) -> dict[str, T]:
        """Call every account; return the results by account, see :meth:`counts`."""
        accounts = dict(self._accounts)
        failures = Failures(len(accounts), self._on_error)

        async def one(account: Account) -> T | Exception:
            try:
                return await call(account)
            except Exception as error:  # noqa: BLE001 - one account must not stop the others
                return error

        async with asyncio.TaskGroup() as group:
            tasks = {n: group.create_task(one(account)) for n, account in accounts.items()}
        found: dict[str, T] = {}
        for name, task in tasks.items():
            result = task.result()
            if isinstance(result, Exception):
                failures.add(name, result)
            else:
                found[name] = result
        failures.raise_all()
        return found

    def _merged(
        self,
        noun: Capability,
        of: Callable[[Account], Listing[T]],
        newest_first: Callable[[T], datetime | None] | None,
        cursor: str | None,
        prefetch: int | None,
        priority: Priority | None,
    ) -> Listing[T]:
        having = {
            name: account
            for name, account in self._accounts.items()
            if has(account.CAPABILITIES, noun)
        }
        if self._accounts and not having:
            names = sorted({account.marketplace for account in self._accounts.values()})
            raise Unsupported(", ".join(names), noun.value, "account", list(self._accounts))
        parts: dict[str, Listing[T]] = {}
        failed: dict[str, Exception] = {}
        for name, account in having.items():
            try:
                parts[name] = of(account)
            except Unsupported as error:
                failed[name] = error
        if failed and not parts:
            raise next(iter(failed.values()))
        listing = merged(
            parts,
            method=noun.value,
            running=self._running,
            on_error=self._on_error,
            failed=failed,
            newest_first=newest_first,
        )
        return listing.using(cursor=cursor, prefetch=prefetch, priority=priority)


class InboxSweeps:
    """Sweeps of whole archives of all accounts: ``inbox.sweep``.

    Args:
        merged: Merges the lists of the accounts.
    """

    def __init__(self, merged: "_Merge") -> None:
        self._merged = merged

    def feedbacks(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        in_order: bool = False,
        cursor: str | None = None,
        max_wait: float | None = None,
        priority: Priority = Priority.BULK,
    ) -> Listing[Feedback]:
        """Read every feedback of a period, each once; see ``Account.sweep``.

        ``in_order`` is the order within each account.
        """
        return self._merged(
            Capability.SWEEP_FEEDBACKS,
            lambda account: account.sweep.feedbacks(
                since=since, until=until, in_order=in_order, max_wait=max_wait, priority=priority
            ),
            None,
            cursor,
            None,
            priority,
        )

    def questions(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        in_order: bool = False,
        cursor: str | None = None,
        max_wait: float | None = None,
        priority: Priority = Priority.BULK,
    ) -> Listing[Question]:
        """Read every question of a period, each once; see :meth:`feedbacks`."""
        return self._merged(
            Capability.SWEEP_QUESTIONS,
            lambda account: account.sweep.questions(
                since=since, until=until, in_order=in_order, max_wait=max_wait, priority=priority
            ),
            None,
            cursor,
            None,
            priority,
        )


class _Merge(Protocol):
    """Merges the lists of the accounts that have a noun."""

    def __call__(
        self,
        noun: Capability,
        of: Callable[[Account], Listing[T]],
        newest_first: Callable[[T], datetime | None] | None,
        cursor: str | None,
        prefetch: int | None,
        priority: Priority | None,
    ) -> Listing[T]: ...


def _default_since(account: Account, noun: Capability, until: datetime | None) -> datetime:
    """The default start of an account's list."""
    days = account.CAPABILITIES[noun].facts.get("days_by_default")
    end = until or datetime.now(UTC)
    begin = None if days is None else shift_time(end, -timedelta(days=int(days)))
    return min(begin or account.EARLIEST, end)
