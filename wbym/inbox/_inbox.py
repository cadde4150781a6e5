"""Many accounts as one: what an account does, over all of them."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from os import PathLike
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Final, Protocol, Self, TypeVar, overload

import anyio
import anyio.to_thread

from wbym._config import find_accounts
from wbym.account import Account, AnyRecord, Capability, CheckReport, Hint, has
from wbym.account._inputs import ref_of
from wbym.calls import Download, Upload, require
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
from wbym.feed import CONFIRMATION_TIMEOUT, Events, Feed, Outbox, SqliteStore, Store, StreamStatus
from wbym.inbox._merged import Failures, OnError, Running, by_windows, in_memory, merged
from wbym.limits import BucketState, Priority
from wbym.paging import Listing

__all__ = ["Inbox", "InboxSweeps"]

A = TypeVar("A", bound=Account)
K = TypeVar("K", Chat, Message, Question, Feedback, Return)
T = TypeVar("T")

_NOT_ENTERED: Final = "enter it first, async with Inbox(...) as inbox"
_CLOSED: Final = "it is closed, and its accounts too; make a new one"


class Inbox:
    """Any number of accounts as one. Use it as ``async with Inbox(...) as inbox``.

    Its methods for records and replies are those of :class:`wbym.Account`, with the same names and
    arguments; for the rest there is :meth:`account`. Lists come from all accounts that have the
    noun at the same time; their ``cursor`` knows how far each is read, and an account that was
    added since begins at its beginning. An account that fails does not stop the others: the rest is
    delivered, and then ``AccountsFailed`` is raised. Replies go to the account that their ``ref``
    names.

    Args:
        accounts: The accounts; the inbox closes them.
        state: A file in which events and replies under an idempotency key are kept, made if there
            is none, or a store; the inbox closes it. Without it there are no :meth:`events` and no
            idempotency keys.
        confirmation_timeout: Seconds after which a reply of unknown fate that is still not visible
            is sent again; see :class:`wbym.feed.Outbox`.
        on_error: Gets the name and the error of an account that fails while reading, instead of
            ``AccountsFailed`` at the end; and of each round of :meth:`events` that fails.

    Raises:
        InvalidInput: Two accounts have one name, or ``confirmation_timeout`` is 0 or less.
        InboxNotOpen: From each method: the inbox is closed, or its accounts are in a file that is
            read on entering, or what is asked for needs the ``state``, and it is not entered.
    """

    def __init__(
        self,
        *accounts: Account,
        state: str | PathLike[str] | Store | None = None,
        confirmation_timeout: float = CONFIRMATION_TIMEOUT,
        on_error: OnError | None = None,
    ) -> None:
        require("Inbox", "confirmation_timeout", confirmation_timeout, float)
        if confirmation_timeout <= 0:
            raise InvalidInput(
                "Inbox", "confirmation_timeout", "must be more than 0 s", confirmation_timeout
            )
        self._by_name: dict[str, Account] = {}
        self._closed = False
        self._on_error = on_error
        self._running = Running()
        self._config: Path | None = None
        self._state = state
        self._confirmation_timeout = confirmation_timeout
        self._open_feed: Feed | None = None
        for account in accounts:
            self.add(account)

    @classmethod
    def from_config(
        cls,
        path: str | PathLike[str],
        *,
        state: str | PathLike[str] | Store | None = None,
        confirmation_timeout: float = CONFIRMATION_TIMEOUT,
        on_error: OnError | None = None,
    ) -> Self:
        """The inbox over the accounts of a TOML file (see ``wbym._config``).

        Until it is entered, with ``async with``, each method raises ``InboxNotOpen``. The file and
        the secrets are read on entering, which raises ``ConfigError`` where the file
        cannot be used or a secret is not where it says, and ``InvalidToken`` where it is not one.
        """
        inbox = cls(state=state, confirmation_timeout=confirmation_timeout, on_error=on_error)
        inbox._config = Path(path)
        return inbox

    async def __aenter__(self) -> Self:
        """Open the accounts of the file, and the state.

        Raises:
            ConfigError, InvalidToken: An account cannot be opened.
            StateError: The state cannot be used.
            InboxNotOpen: It was closed before; make a new one.
        """
        if self._closed:
            raise InboxNotOpen(_CLOSED)
        try:
            config, self._config = self._config, None
            if config is not None:
                for source in await anyio.to_thread.run_sync(find_accounts, config):
                    self.add(await source.open())
            if self._state is not None:
                await self._open_state(self._state)
        except BaseException:
            await self.aclose()
            raise
        return self

    async def _open_state(self, state: str | PathLike[str] | Store) -> None:
        if isinstance(state, str | PathLike):
            store: Store = await SqliteStore(state).__aenter__()
        else:
            store = state
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
        self._config, self._closed = None, True
        with anyio.CancelScope(shield=True):
            feed, self._open_feed = self._open_feed, None
            try:
                if feed is not None:
                    await feed.aclose()
            finally:
                for name in list(self._by_name):
                    await self._drop(name)

    # The accounts.

    @property
    def accounts(self) -> Mapping[str, Account]:
        """The accounts by name, as they are now."""
        return MappingProxyType(self._accounts)

    def account(self, name: str, kind: type[A]) -> A:
        """One account as its own type: ``inbox.account("shop-wb", Wildberries).api``.

        Raises:
            InvalidInput: There is none of this name and type.
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
        """Take an account in, also while others are being read; what runs does not see it yet.

        Raises:
            InvalidInput: It is not an account, or there is one of this name.
        """
        given: object = account
        if not isinstance(given, Account):
            raise InvalidInput("add", "account", "must be an Account", account)
        if account.name in self._accounts:
            raise InvalidInput("add", "name", "must be new in this inbox", account.name)
        self._accounts[account.name] = account

    async def remove(self, name: str) -> None:
        """Take an account out: its readings under way end without an error, and it is closed.

        Raises:
            InvalidInput: There is none of this name.
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
        """Every bucket by account: used, left, waiting, next free."""
        return {name: account.limits() for name, account in self._accounts.items()}

    @property
    def undecodable(self) -> dict[str, Sequence[UndecodableRecord]]:
        """Records that could not be decoded, by account."""
        return {name: account.undecodable for name, account in self._accounts.items()}

    async def check(self, *, online: bool = True, ping: bool = False) -> dict[str, CheckReport]:
        """What each account can do; see ``Account.check``.

        Raises:
            AccountsFailed: Accounts failed. With ``on_error`` those are only left out.
        """
        return await self._of_each(lambda account: account.check(online=online, ping=ping))

    async def counts(self) -> dict[str, WaitingCounts]:
        """How much waits for an answer, by account, with as few requests as there can be.

        Raises:
            AccountsFailed: Accounts failed. With ``on_error`` those are only left out.
        """
        return await self._of_each(lambda account: account.counts())

    # What happens.

    def events(
        self, *, since: datetime | None = None, auto_ack: bool = True, wait: bool = False
    ) -> Events:
        """What happens in all accounts, from where the last run stopped; it does not end.

        An event comes until it is confirmed, and then no more: each at least once, in order within
        a chat. It is confirmed when the body of the loop ends. One whose body raised or left the
        loop comes again, in the next loop or the next run.

        Each account is polled at the rate of its limits (see :attr:`streams`). What a poll finds is
        stored before the next is made, so nothing is lost whenever the process ends. A poll that
        fails is made again, and meanwhile the other accounts go on.

        Args:
            since: For accounts that were never followed with this state: from when on; aware. They
                begin with what happens from now on where it is not given.
            auto_ack: Whether leaving the body confirms; else only ``await event.ack()`` does, for
                those who work on several events at a time.
            wait: Whether to wait while somebody else follows one of the accounts.

        Raises:
            InvalidInput: There is no ``state``, or ``since`` is naive.
            FeedBusy: While iterating: somebody else follows one of the accounts.
            StateError: While iterating: the state cannot be read or written.
        """
        return self._feed.events(since=since, auto_ack=auto_ack, wait=wait)

    @property
    def streams(self) -> list[StreamStatus]:
        """What :meth:`events` follows: at which rate, when last, and what went wrong."""
        return self._feed.streams

    @property
    def outbox(self) -> Outbox:
        """What was sent under idempotency keys, and what became of it.

        Raises:
            InvalidInput: There is no ``state``.
        """
        return self._feed.outbox

    async def hint(self, hints: Sequence[Hint]) -> None:
        """Keep word of changes, such as notifications bring, and poll for them soon."""
        await self._feed.hint(hints)

    # Records.

    @overload
    async def get(self, ref: Ref, kind: type[K]) -> K: ...

    @overload
    async def get(self, ref: K) -> K: ...

    @overload
    async def get(self, ref: Ref | AnyRecord, kind: type[Record] | None = None) -> AnyRecord: ...

    async def get(self, ref: Ref | AnyRecord, kind: type[Record] | None = None) -> AnyRecord:
        """One record as it is now, of the account that its ref names; see ``Account.get``."""
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
        """The chats of all accounts; see ``Account.chats``.

        Args:
            waiting_for_seller: Only those in which the buyer waits for a reply, or only the others.
            newest_first: By the last message, over all accounts; each account's chats are then in
                memory, for no marketplace lists them so. By default they come as they arrive.
            cursor: Where to go on.
            prefetch: Pages of each account asked for at once from the start.
            priority: Who goes first at the limits.
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
        """The messages of a chat; see ``Account.messages``."""
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
        """The questions of all accounts; see ``Account.questions`` and :meth:`feedbacks`."""
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
        """The feedbacks of all accounts; see ``Account.feedbacks``.

        Args:
            answered: Only those with an answer of the seller, or only those without.
            since: Only those written from this moment on; aware.
            until: Only those written up to this moment, included; aware.
            rating: Only those with one of these ratings, 1 to 5.
            product: Only those about this product, by the marketplace's article.
            newest_first: Over all accounts. A marketplace that lists them in another order is read
                in windows of time, the newest first, of which one is in memory. By default they
                come as they arrive.
            cursor: Where to go on; with ``newest_first`` up to a page of each account comes again.
            prefetch: Pages of each account asked for at once from the start; for bulk reading.
            priority: Who goes first at the limits.
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
        """The comments under a feedback; see ``Account.comments``."""
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
        """The returns of all accounts; see ``Account.returns``.

        Args:
            is_open: Only those that are not over, or only those that are.
            newest_first: Over all accounts; each account's returns are then in memory.
            cursor: Where to go on.
            prefetch: Pages of each account asked for at once from the start.
            priority: Who goes first at the limits.
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
        """Whole archives of all accounts; see ``Account.sweep``."""
        self._require_open()
        return InboxSweeps(self._merged)

    def download(
        self, message: Message | Ref, attachment: Attachment
    ) -> AbstractAsyncContextManager[Download]:
        """Open a file of a message for reading; see ``Account.download``."""
        return self._of("download", message).download(message, attachment)

    async def decisions(self, item: Return | Ref) -> list[Decision]:
        """What may be decided about a return now; see ``Account.decisions``."""
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

        With ``idempotency_key`` it is saved first, and is sent once in effect however often it is
        asked for, in whichever run: asked for again, with whatever text, it only tells how far the
        first is. A message that may or may not have been sent is looked for in the chat. What goes
        wrong then is the delivery's state and ``note``, and :attr:`outbox` goes on with it. Without
        a key the delivery is accepted, or an error is raised.

        Raises:
            InvalidInput: The text or a file breaks a rule, the key was used for something else, or
                there is a key and no ``state``.
            ChatNotReady: Without a key: the chat cannot be written to yet, and nothing was sent.
            DeliveryUnknown: Without a key: it may or may not have been sent.
            StateError: With a key: it could not be saved; nothing was sent.
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

        With a key the answer counts as confirmed when the record, read again, shows it.
        """
        account = self._of("answer", item)
        if idempotency_key is None:
            return await account.answer(item, text)
        return await self._keyed("answer").answer(item, text, idempotency_key=idempotency_key)

    async def edit_answer(
        self, item: Question | Feedback | Ref, text: str, *, idempotency_key: str | None = None
    ) -> Delivery:
        """Change the answer that stands; see ``Account.edit_answer`` and :meth:`send`."""
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
        """Decide about a return; see ``Account.decide`` and :meth:`send`."""
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
        """Say that a feedback needs no answer; see ``Account.skip_reaction``."""
        await self._of("skip_reaction", feedback).skip_reaction(feedback)

    async def open_chat(
        self,
        item: Return | Ref | None = None,
        *,
        order_id: str | int | None = None,
        account: str | None = None,
    ) -> Chat:
        """The chat about a return or an order; see ``Account.open_chat``.

        Args:
            item: The return.
            order_id: The order, instead of a return.
            account: The account's name, with ``order_id``.

        Raises:
            InvalidInput: ``order_id`` is given without the name of an account.
        """
        if item is not None:
            return await self._of("open_chat", item).open_chat(item, order_id=order_id)
        require("open_chat", "account", account, str | None)
        found = self._accounts.get(account or "")
        if found is None:
            rule = f"must be given with order_id, one of {list(self._accounts)}"
            raise InvalidInput("open_chat", "account", rule, account)
        return await found.open_chat(order_id=order_id)

    # What the methods share.

    def _require_open(self) -> None:
        if self._closed:
            raise InboxNotOpen(_CLOSED)
        if self._config is not None:
            raise InboxNotOpen(_NOT_ENTERED)

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
            rule = 'needs a state that keeps it, such as Inbox(..., state="wbym.db")'
            raise InvalidInput(method, "idempotency_key", rule, None)
        return self._feed.outbox

    def _of(self, method: str, item: Record | Ref) -> Account:
        """The account that a record or a ref is of.

        Raises:
            RefError: There is none in this inbox.
            InvalidInput: It is neither a record nor a ref.
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

    async def _of_each(self, ask: Callable[[Account], Awaitable[T]]) -> dict[str, T]:
        """What every account says; see :meth:`counts`."""
        accounts = dict(self._accounts)
        failures = Failures(len(accounts), self._on_error)

        async def one(account: Account) -> T | Exception:
            try:
                return await ask(account)
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
    """Whole archives of all accounts: ``inbox.sweep``.

    Args:
        merged: Makes one list of those of the accounts.
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
        """Every feedback of a period, each once; see ``Account.sweep``.

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
        """Every question of a period, each once; see :meth:`feedbacks`."""
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
    """Makes one list of those of the accounts that have a noun."""

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
    """From when on an account's list begins where nothing is said."""
    days = account.CAPABILITIES[noun].facts.get("days_by_default")
    end = until or datetime.now(UTC)
    begin = None if days is None else shift_time(end, -timedelta(days=int(days)))
    return min(begin or account.EARLIEST, end)
