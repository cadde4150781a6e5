"""Reading over all accounts, and replying to what was read."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from operator import attrgetter
from typing import TypeVar, overload

import anyio

from wbym.account import (
    Adapter,
    Chats,
    Comments,
    Feedbacks,
    Hint,
    OpensChats,
    Questions,
    Returns,
    TellsDecisions,
)
from wbym.calls import Download, Upload
from wbym.domain import (
    Answer,
    Attachment,
    Chat,
    Decision,
    Feedback,
    Message,
    Money,
    Question,
    Return,
    Sent,
    Waiting,
)
from wbym.errors import Unsupported
from wbym.feed import Delivery, Events, Outbox, StreamStatus
from wbym.inbox.accounts import Accounts
from wbym.inbox.merged import HasRef, Merged
from wbym.limits import Priority
from wbym.paging import Listing

__all__ = ["Inbox"]

T = TypeVar("T", bound=HasRef)
R = TypeVar("R")


class Inbox(Accounts):
    """Any number of accounts as one. Use it as ``async with Inbox(...) as inbox``.

    Args:
        accounts: The accounts; the inbox closes them.
        state: A file in which events and replies under a key are kept, made if there is none, or a
            store; the inbox closes it. Without it there are no :meth:`events` and no keys.
        settle_after: Seconds after which a reply of unknown fate that is nowhere to be seen is sent
            again; see :class:`wbym.feed.Outbox`.
        on_error: Gets the name and the error of an account that fails while reading, instead of the
            ``ExceptionGroup`` at the end; and of each round of :meth:`events` that fails.

    Raises:
        InvalidInput: Two accounts have one name, or ``settle_after`` is 0 or less.
        InboxNotOpen: From each method: the inbox is closed, or its accounts are in a file that is
            read on entering, or what is asked for needs the ``state``, and it is not entered.
    """

    def events(
        self, *, since: datetime | None = None, auto_ack: bool = True, wait: bool = False
    ) -> Events:
        """What happens in all accounts, from where the last run stopped; it does not end.

        An event comes until it is confirmed, and then no more: each at least once, in order within
        a chat. It is confirmed when the body of the loop ends. One whose body raised or left the
        loop comes again, in the next loop or the next run.

        Each account is polled at the pace of its limits (see :attr:`streams`). What a poll finds is
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
        """What :meth:`events` follows: at which pace, when last, and what went wrong."""
        return self._feed.streams

    @property
    def outbox(self) -> Outbox:
        """What was sent under keys, and what became of it.

        Raises:
            InvalidInput: There is no ``state``.
        """
        return self._feed.outbox

    async def hint(self, hints: Sequence[Hint]) -> None:
        """Keep word of changes, such as notifications bring, and look at them soon."""
        await self._feed.hint(hints)

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

    @overload
    async def send(self, chat: Chat, text: str, *, files: Sequence[Upload] = ()) -> Sent: ...

    @overload
    async def send(
        self, chat: Chat, text: str, *, files: Sequence[Upload] = (), key: str
    ) -> Delivery: ...

    async def send(
        self, chat: Chat, text: str, *, files: Sequence[Upload] = (), key: str | None = None
    ) -> Sent | Delivery:
        """Send a message to the buyer, once; see ``Chats.send``.

        With ``key`` it is written down first, and is sent once in effect however often it is asked
        for, in whichever run: asked for again, with whatever text, it only tells how far the first
        is. A message that may or may not have been sent is looked for in the chat. It returns with
        the message accepted, or, where the marketplace could not be reached or nothing is known,
        with the outbox at work on it; :attr:`outbox` tells how that ends.

        Raises:
            InvalidInput: The text or a file breaks a rule, or the key was used for something else.
            ChatNotReady: Without a key: the chat cannot be written to yet, and nothing was sent.
                With a key the message stays pending until the chat takes it.
            DeliveryUnknown: Without a key: it may or may not have been sent.
            DeliveryRejected: With a key: the marketplace refused it, now or the first time.
            StateError: With a key: it could not be written down; nothing was sent.
        """
        if key is not None:
            return await self.outbox.send(chat, text, files=files, key=key)
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

    @overload
    async def answer(self, item: Question | Feedback, text: str) -> None: ...

    @overload
    async def answer(self, item: Question | Feedback, text: str, *, key: str) -> Delivery: ...

    async def answer(
        self, item: Question | Feedback, text: str, *, key: str | None = None
    ) -> Delivery | None:
        """Answer a question or a feedback, once; see ``Feedbacks.answer``, and ``key`` in send.

        With ``key`` the answer counts as confirmed when the record, read again, shows it.
        """
        if key is not None:
            return await self.outbox.answer(item, text, key=key)
        await self._of(item, Feedbacks).answer(item, text)
        return None

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

    @overload
    async def decide(
        self,
        item: Return,
        decision: Decision,
        *,
        comment: str | None = None,
        reason: str | None = None,
        amount: Money | None = None,
    ) -> None: ...

    @overload
    async def decide(
        self,
        item: Return,
        decision: Decision,
        *,
        comment: str | None = None,
        reason: str | None = None,
        amount: Money | None = None,
        key: str,
    ) -> Delivery: ...

    async def decide(
        self,
        item: Return,
        decision: Decision,
        *,
        comment: str | None = None,
        reason: str | None = None,
        amount: Money | None = None,
        key: str | None = None,
    ) -> Delivery | None:
        """Carry out one of the return's own decisions; see ``Returns.decide``, ``key`` in send."""
        if key is not None:
            return await self.outbox.decide(
                item, decision, comment=comment, reason=reason, amount=amount, key=key
            )
        account = self._of(item, Returns)
        await account.decide(item, decision, comment=comment, reason=reason, amount=amount)
        return None

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
        accounts = dict(self._accounts)
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
            for account in accounts.values():
                group.start_soon(count, account)
        if errors:
            raise ExceptionGroup(f"{len(errors)} of {len(accounts)} accounts failed", errors)
        return {name: found[name] for name in accounts if name in found}

    def _merged(
        self,
        noun: str,
        kind: type[R],
        read: Callable[[R], Listing[T]],
        moment: Callable[[T], datetime | None] | None,
    ) -> Merged[T]:
        self._require_open()

        def readers() -> dict[str, Callable[[], Listing[T]]]:
            return {name: _reader(account) for name, account in self._accounts.items()}

        def _reader(account: Adapter) -> Callable[[], Listing[T]]:
            def make() -> Listing[T]:
                if not isinstance(account, kind):
                    raise Unsupported(account.marketplace, noun, "account", account.name)
                return read(account)

            return make

        return Merged(readers, by_time=moment, on_error=self._on_error, running=self._running)
