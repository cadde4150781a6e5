"""The accounts, and the way back from a record to its account."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from operator import attrgetter
from os import PathLike
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self, TypeVar

import anyio
import anyio.to_thread

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
    Return,
    Sent,
    Waiting,
)
from wbym.errors import InvalidInput, SetAside, Unsupported
from wbym.inbox.merged import HasRef, Merged, OnError, Running
from wbym.limits import BucketState, Priority
from wbym.paging import Listing

__all__ = ["Inbox"]

A = TypeVar("A", bound=Adapter)


T = TypeVar("T", bound=HasRef)
R = TypeVar("R")


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
        self._running = Running()
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

    def _of(self, item: HasRef, kind: type[R]) -> R:
        ref = item.ref
        account = self._accounts.get(ref.account)
        if account is None or account.marketplace != ref.marketplace:
            rule = f"must be of an account of this inbox: {list(self._accounts)}"
            raise InvalidInput("inbox", "ref", rule, str(ref))
        if not isinstance(account, kind):
            raise Unsupported(account.marketplace, kind.__name__.lower(), "account", account.name)
        return account
