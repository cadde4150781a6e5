"""One seller's account at one marketplace: the neutral interface, with shared input checks.

An adapter derives its class from :class:`Account`, declares ``CAPABILITIES`` and implements a hook
for each that it has; the public methods check their arguments by the facts of the capabilities and
call the hooks::

    class Toy(Account):
        marketplace = "toy"
        CAPABILITIES = {Capability.CHATS: Supported(Support.NATIVE)}

        def _chats(self, waiting: bool | None, options: ReadOptions) -> Listing[Chat]:
            return self.api.chats.list(unread=waiting).map(...)
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from types import MappingProxyType, TracebackType
from typing import (
    TYPE_CHECKING,
    Annotated,
    ClassVar,
    Final,
    Self,
    TypeAlias,
    TypedDict,
    TypeVar,
    Unpack,
    overload,
)
from weakref import WeakValueDictionary

import aiohttp
import msgspec

from wbym.account._capabilities import Capabilities, Capability, has
from wbym.account._checks import reject_half_characters
from wbym.account._facts import CatalogRow, CheckReport, CredentialFacts
from wbym.account._hooks import Hooks, ReadOptions, Receipt, require_hooks
from wbym.account._inputs import Inputs, find_decision, require_decision_arguments
from wbym.account._options import AccountOptions, require_connection
from wbym.account._streams import OnHints, Stream, TrustedProxy
from wbym.account._sweeps import Sweeps
from wbym.calls import (
    DEFAULT_MAX_BODY_SIZE,
    DEFAULT_MAX_WAIT,
    DEFAULT_TIMEOUT,
    AiohttpTransport,
    Dialect,
    Download,
    Endpoint,
    Group,
    NotEmpty,
    Part,
    Pipeline,
    QueryValue,
    Range,
    RetryPolicy,
    Row,
    SecretText,
    Transport,
    Upload,
    path_parameters,
    require,
    safe_repr,
)
from wbym.calls._transport import ConnectionPool
from wbym.domain import (
    Action,
    Answer,
    Attachment,
    Chat,
    Decision,
    Delivery,
    DeliveryState,
    Feedback,
    Message,
    Money,
    Noun,
    Question,
    Record,
    Ref,
    Return,
    UndecodableRecord,
    WaitingCounts,
)
from wbym.errors import AlreadyAnswered, InvalidInput
from wbym.limits import BucketState, Priority, QuotaStore, Scheduler, SharedScheduler
from wbym.observe import LogFacts
from wbym.paging import MAX_PREFETCH, Listing

if TYPE_CHECKING:
    from aiohttp import web  # slow to import, and only a receiver needs it

__all__ = ["Account", "AnyRecord", "Connection", "hide_addresses"]

R = TypeVar("R")
G = TypeVar("G", bound=Group)

AnyRecord: TypeAlias = Chat | Message | Question | Feedback | Return
"""A record that :meth:`Account.get` returns."""

K = TypeVar("K", bound=AnyRecord)

_MAX_KEPT: Final = 1000
"""Undecodable records that an account keeps, since the same ones may come with every poll."""
_KIND_OF: Final[Mapping[Noun, type[AnyRecord]]] = MappingProxyType(
    {
        Noun.CHAT: Chat,
        Noun.MESSAGE: Message,
        Noun.QUESTION: Question,
        Noun.FEEDBACK: Feedback,
        Noun.RETURN: Return,
    }
)
_GET: Final[Mapping[Noun, Capability]] = MappingProxyType(
    {
        Noun.CHAT: Capability.GET_CHAT,
        Noun.MESSAGE: Capability.GET_MESSAGE,
        Noun.QUESTION: Capability.GET_QUESTION,
        Noun.FEEDBACK: Capability.GET_FEEDBACK,
        Noun.RETURN: Capability.GET_RETURN,
    }
)


def hide_addresses(connection: "Connection") -> None:
    """Make addresses that may have a password :class:`wbym.calls.SecretText`.

    Tracebacks may show such texts. For the first line of a constructor, before anything is raised.
    """
    proxy, limits = connection.get("proxy"), connection.get("limits")
    if isinstance(proxy, str):
        connection["proxy"] = SecretText(proxy)
    if isinstance(limits, str):
        connection["limits"] = SecretText(limits)


class Connection(TypedDict, total=False):
    """Keyword arguments that accounts of all marketplaces share."""

    session: aiohttp.ClientSession | None
    """A session to use; it is not closed."""
    proxy: str | None
    """The address of an HTTP proxy, with its credentials if it requires them."""
    trust_env: bool
    """Whether to use ``HTTP_PROXY``, ``HTTPS_PROXY`` and ``NO_PROXY``; False by default. A
    ``session`` has its own setting."""
    timeout: float
    """Seconds without a byte from the marketplace after which a call fails; 60 by default."""
    total_timeout: float | None
    """Seconds after which an answer that is not complete fails, without the time in which its
    reader takes nothing; ``inf`` for no maximum. By default ten times ``timeout``."""
    max_body_size: int
    """Max bytes of a body that is read into memory, after decompression; 256 MiB by default. A
    larger one is an ``UnreadableReply``, and of a write ``DeliveryUnknown``. A ``Download`` has no
    maximum."""
    max_wait: float | None
    """Max seconds that a call waits for its limits before it raises ``QuotaExhausted``, 300 by
    default; None for no limit."""
    scheduler: Scheduler | None
    """The scheduler that keeps the limits. By default all accounts of the process share one, so
    that two accounts of one seller count together."""
    limits: str | QuotaStore | None
    """The store that counts the limits for all processes and machines of the seller: an address as
    of :func:`wbym.limits.open_quotas`, or a store, which is not closed. By default, and with a
    ``scheduler``, this process counts alone."""
    retry: RetryPolicy | None
    """How often and how soon failed calls are retried."""
    on_undecodable: Callable[[UndecodableRecord], None] | None
    """Called once with each record that could not be decoded. The last 1,000 are in
    ``Account.undecodable`` too; one of them that comes again is not reported again."""
    transport: Transport | None
    """A transport instead of aiohttp; for tests."""


class Account(Hooks):
    """One seller's account at one marketplace.

    Use it with ``async with``; it is bound to the running loop. Lists make no request before they
    are iterated. Methods that take a record also take its ``Ref``; they document what that costs.

    Every method raises ``Unsupported`` if the marketplace does not support it, ``RefError`` for a
    ref or record of another account, ``InvalidInput`` for a wrong type or value, and
    ``AccountNotOpen`` in another event loop or after closing; no request is made in these cases.

    Args:
        dialect: The marketplace's HTTP conventions, with the account's name.
        connection: See :class:`Connection`.
    """

    Options: ClassVar[type[AccountOptions]] = AccountOptions
    """The options of an account besides its secrets; also keys in ``wbym.toml``."""
    SECRETS: ClassVar[tuple[str, ...]] = ("secret",)
    """The names of its secrets; ``wbym.toml`` says where each is, as in ``secret_env``."""
    MULTIPLE_SECRETS: ClassVar[frozenset[str]] = frozenset()
    """The :attr:`SECRETS` that may have several values, such as tokens of one seller."""

    def __init_subclass__(cls) -> None:
        """Check that the class has a hook for each capability that it declares, and no others.

        Raises:
            TypeError: Its hooks and capabilities do not match.
        """
        super().__init_subclass__()
        if "__repr__" in vars(cls):
            setattr(cls, "__repr__", safe_repr(cls.__repr__))  # noqa: B010 - as decorated
        if hasattr(cls, "CAPABILITIES"):
            require_hooks(cls)

    def __init__(self, dialect: Dialect, **connection: Unpack[Connection]) -> None:
        hide_addresses(connection)
        require(type(self).__name__, "name", dialect.account, _NAME)
        self.name: Final = dialect.account
        """The account's name, in refs, errors and logs."""
        timeout = connection.get("timeout", DEFAULT_TIMEOUT)
        max_wait = connection.get("max_wait", DEFAULT_MAX_WAIT)
        total_timeout = connection.get("total_timeout")
        max_body_size = connection.get("max_body_size", DEFAULT_MAX_BODY_SIZE)
        require_connection(
            type(self).__name__,
            proxy=connection.get("proxy"),
            timeout=timeout,
            total_timeout=total_timeout,
            max_body_size=max_body_size,
            max_wait=max_wait,
        )
        self._kept: dict[tuple[str, str], UndecodableRecord] = {}
        self._on_undecodable = connection.get("on_undecodable")
        limits, scheduler = connection.get("limits"), connection.get("scheduler")
        if limits is not None and scheduler is not None:
            rule = "must not be given with a scheduler, which has its own"
            raise InvalidInput(type(self).__name__, "limits", rule, limits)
        self._has_own_limits = limits is not None or scheduler is not None
        self._shared: SharedScheduler | None = None
        if scheduler is None:
            self._shared = SharedScheduler(limits)
            scheduler = self._shared.scheduler
        self._transport: Transport = connection.get("transport") or AiohttpTransport(
            session=connection.get("session"),
            timeout=timeout,
            total_timeout=total_timeout,
            max_body_size=max_body_size,
            proxy=connection.get("proxy"),
            trust_env=connection.get("trust_env", False),
        )
        self._pipeline = Pipeline(
            dialect=dialect,
            transport=self._transport,
            scheduler=scheduler,
            retry=connection.get("retry"),
            max_wait=max_wait,
            on_undecodable=self._keep,
        )
        self._answering: WeakValueDictionary[Ref, asyncio.Lock] | None = None
        """Created with the first answer: most of many accounts are only read."""
        self.inputs: Final = Inputs(self.marketplace, self.name, self.CAPABILITIES, self.ID_RULE)
        """Checks of arguments, before any request."""

    @classmethod
    def from_secrets(
        cls,
        secrets: Mapping[str, Sequence[str]],
        *,
        name: str,
        options: AccountOptions | None = None,
    ) -> Self:
        """Create an account as ``wbym.toml`` describes it.

        Args:
            secrets: Secret values by the names in :attr:`SECRETS`.
            name: The account's name.
            options: An instance of :attr:`Options`; defaults if None.

        Raises:
            InvalidToken: A secret is not a token of this marketplace, or a secret is missing.
            InvalidInput: An option is out of its bounds.
        """
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close what the account opened."""
        try:
            await self._pipeline.aclose()
        finally:
            if self._shared is not None:
                await self._shared.aclose()

    # The account itself.

    @property
    def capabilities(self) -> Capabilities:
        """The capabilities of the class, without those that the account's credentials lack."""
        return self.CAPABILITIES

    @classmethod
    def catalog(cls) -> list[CatalogRow]:
        """List every operation that the adapter has."""
        raise NotImplementedError

    def credentials(self) -> list[CredentialFacts]:
        """Describe the account's credentials, without a request."""
        raise NotImplementedError

    async def check(self, *, online: bool = True, ping: bool = False) -> CheckReport:
        """Report what the account can do: methods, hosts, rates and missing permissions.

        A probe that fails is part of the report and does not raise.

        Args:
            online: Whether to ask the marketplace, with a request or two, who owns the credentials.
                If False, the report contains what is known offline.
            ping: Whether to check also that each host accepts the account's credentials, if the
                marketplace has a method for that. It may block callers that do so in a loop.
        """
        raise NotImplementedError

    def limits(self) -> list[BucketState]:
        """The buckets that the account has used: used, left, waiting, next free."""
        owners = self._pipeline.dialect.owners
        return [
            state
            for state in self._pipeline.scheduler.buckets()
            if state.key.marketplace == self.marketplace and state.key.owner in owners
        ]

    @property
    def undecodable(self) -> Sequence[UndecodableRecord]:
        """The last 1,000 different records that could not be decoded, oldest first."""
        return tuple(self._kept.values())

    # One record of any noun.

    @overload
    async def get(self, ref: Ref, kind: type[K]) -> K: ...

    @overload
    async def get(self, ref: K) -> K: ...

    @overload
    async def get(self, ref: Ref | AnyRecord, kind: type[Record] | None = None) -> AnyRecord: ...

    async def get(self, ref: Ref | AnyRecord, kind: type[Record] | None = None) -> AnyRecord:
        """Read the current version of a record; questions and feedbacks include the answer.

        ``chats.get``, ``questions.get`` etc. in ``capabilities`` state the cost: one or two
        requests, or a list that is read until the record is found.

        Args:
            ref: The ref of the record, or a record to read again.
            kind: The expected class of the record, also for type checkers.

        Raises:
            NotFound: No record has this id any more.
            RefError: The ref is of another account or another kind.
            InvalidInput: ``kind`` is not the class of a record.
        """
        nouns = [noun for noun, known in _KIND_OF.items() if kind is None or kind is known]
        if not nouns:
            rule = f"must be one of {', '.join(known.__name__ for known in _KIND_OF.values())}"
            raise InvalidInput("get", "kind", rule, kind)
        own = self.inputs.own_ref("get", ref, *nouns)
        self.inputs.require(_GET[own.noun], "get", "ref", str(own))
        match own.noun:
            case Noun.CHAT:
                return await self._get_chat(own.id)
            case Noun.MESSAGE:
                return await self._get_message(own.id)
            case Noun.QUESTION:
                return await self._get_question(own.id)
            case Noun.FEEDBACK:
                return await self._get_feedback(own.id)
            case _:
                return await self._get_return(own.id, ref if isinstance(ref, Return) else None)

    async def counts(self) -> WaitingCounts:
        """Count the items that wait for the seller, with as few requests as possible."""
        return await _count_by_lists(self)

    # Chats.

    def chats(
        self,
        *,
        waiting_for_seller: bool | None = None,
        cursor: str | None = None,
        prefetch: int | None = None,
        priority: Priority | None = None,
    ) -> Listing[Chat]:
        """List the chats of the account.

        Args:
            waiting_for_seller: True for chats in which the buyer waits for a reply, False for the
                others.
            cursor: Where to continue; see ``Listing.cursor``.
            prefetch: Pages to request concurrently from the start; for bulk reading.
            priority: Priority of the calls at the limits.
        """
        self.inputs.require(Capability.CHATS, "chats")
        self.inputs.flag(
            Capability.CHATS_WAITING, "chats", "waiting_for_seller", waiting_for_seller
        )
        options = _read_options("chats", prefetch, priority)
        return self._chats(waiting_for_seller, options).using(
            cursor=cursor, prefetch=prefetch, priority=priority
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
        """List the messages of a chat, oldest first.

        Args:
            chat: The chat.
            since: Only messages sent at or after this time; aware.
            cursor: Where to continue.
            prefetch: Pages to request concurrently from the start.
            priority: Priority of the calls at the limits.
        """
        self.inputs.require(Capability.MESSAGES, "messages")
        ref = self.inputs.own_ref("messages", chat, Noun.CHAT)
        self.inputs.since(Capability.MESSAGES_SINCE, "messages", since)
        options = _read_options("messages", prefetch, priority)
        known = Chat(ref=ref) if isinstance(chat, Ref) else chat
        return self._messages(known, since, options).using(
            cursor=cursor, prefetch=prefetch, priority=priority
        )

    async def send(self, chat: Chat | Ref, text: str, *, files: Sequence[Upload] = ()) -> Delivery:
        """Send a message to the buyer, once.

        ``send`` and ``send.files`` in ``capabilities`` state the bounds. With a ref, WB first reads
        its list of chats if the chat is not known yet.

        Args:
            chat: The chat, or its ref.
            text: The text; its maximum length is in ``capabilities``.
            files: Files to attach; their number, size and kinds are in ``capabilities``.

        Returns:
            The accepted message; its ``id`` if the marketplace tells it.

        Raises:
            ChatNotReady: The chat does not accept messages yet; nothing was sent.
            DeliveryUnknown: It may or may not have been sent; check the chat's messages.
        """
        known = self.inputs.send(chat, text, files)
        receipt = await self._send(known, text, files)
        return self._accepted(Action.SEND, known.ref, text, receipt)

    def download(
        self, message: Message | Ref, attachment: Attachment
    ) -> AbstractAsyncContextManager[Download]:
        """Open a file of a message for reading.

        Args:
            message: The message, or its ref.
            attachment: One of its ``attachments``.

        Returns:
            A context manager of the file, which is read inside its block.

        Raises:
            NotReady: Moderation has not released it yet.
            RefusedByModeration: Moderation rejected it.
        """
        self.inputs.require(Capability.DOWNLOAD, "download")
        self.inputs.own_ref("download", message, Noun.MESSAGE)
        require("download", "attachment", attachment, Attachment)
        return self._download(attachment)

    async def open_chat(
        self, item: Return | Ref | None = None, *, order_id: str | int | None = None
    ) -> Chat:
        """Return the chat about a return or an order; open it if it does not exist yet.

        Args:
            item: The return, or its ref.
            order_id: The order, instead of a return.

        Raises:
            InvalidInput: Neither or both are passed.
            NotFound: The seller has no such order or return.
        """
        self.inputs.require(Capability.OPEN_CHAT, "open_chat")
        if (item is None) is (order_id is None):
            rule = "must be given, or order_id, and not both"
            raise InvalidInput("open_chat", "item", rule, (item, order_id))
        if item is not None:
            ref = self.inputs.own_ref("open_chat", item, Noun.RETURN)
            return await self._open_chat(None, ref.id)
        require("open_chat", "order_id", order_id, str | int)
        return await self._open_chat(str(order_id), None)

    # Questions and feedbacks.

    def questions(
        self,
        *,
        answered: bool | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        product: str | None = None,
        cursor: str | None = None,
        prefetch: int | None = None,
        priority: Priority | None = None,
    ) -> Listing[Question]:
        """List the questions of the account, newest first.

        Args:
            answered: True for questions with an answer, False for those without.
            since: Only questions asked at or after this time; aware.
            until: Only questions asked at or before this time; aware.
            product: Only questions about this product, by the marketplace's article.
            cursor: Where to continue.
            prefetch: Pages to request concurrently from the start; for bulk reading.
            priority: Priority of the calls at the limits.
        """
        filters = self.inputs.filters(
            Capability.QUESTIONS, answered=answered, since=since, until=until, product=product
        )
        options = _read_options("questions", prefetch, priority)
        return self._questions(filters, options).using(
            cursor=cursor, prefetch=prefetch, priority=priority
        )

    def feedbacks(
        self,
        *,
        answered: bool | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        rating: Collection[int] | None = None,
        product: str | None = None,
        cursor: str | None = None,
        prefetch: int | None = None,
        priority: Priority | None = None,
    ) -> Listing[Feedback]:
        """List the feedbacks of the account, newest first.

        If the marketplace only counts comments (YM), answers are loaded only with ``answered``, a
        request each; without it ``Feedback.answer_known`` says whether a record's answer was
        loaded.

        Args:
            answered: True for feedbacks with an answer of the seller, False for those without.
            since: Only feedbacks written at or after this time; aware.
            until: Only feedbacks written at or before this time; aware.
            rating: Only feedbacks with one of these ratings, 1 to 5.
            product: Only feedbacks about this product, by the marketplace's article.
            cursor: Where to continue.
            prefetch: Pages to request concurrently from the start; for bulk reading.
            priority: Priority of the calls at the limits.
        """
        filters = self.inputs.filters(
            Capability.FEEDBACKS,
            answered=answered,
            since=since,
            until=until,
            rating=rating,
            product=product,
        )
        options = _read_options("feedbacks", prefetch, priority)
        return self._feedbacks(filters, options).using(
            cursor=cursor, prefetch=prefetch, priority=priority
        )

    async def answer(self, item: Question | Feedback | Ref, text: str) -> Delivery:
        """Answer a question or a feedback, once.

        A record without an answer in effect may have got one since, or was listed without it: it is
        read again before anything is sent, which costs a request. With a ref, the record is read
        first, as by :meth:`get`. Concurrent calls for one record run one after the other.

        Args:
            item: The question or feedback, or its ref.
            text: The answer; its bounds are in ``capabilities``.

        Returns:
            The accepted answer.

        Raises:
            AlreadyAnswered: It has an answer already; nothing was sent.
            NotFound: No question or feedback has this id.
            DeliveryUnknown: It may or may not have been answered; read it again.
        """
        ref = self.inputs.answer(item, text)
        if self._answering is None:
            self._answering = WeakValueDictionary()
        async with self._answering.setdefault(ref, asyncio.Lock()):
            record = await self._answerable(item, ref)
            if record.answered:
                raise AlreadyAnswered(str(ref), record.answer.text if record.answer else None)
            if isinstance(record, Question):
                receipt = await self._answer_question(record, text)
            else:
                receipt = await self._answer_feedback(record, text)
        return self._accepted(Action.ANSWER, ref, text, receipt)

    async def edit_answer(self, item: Question | Feedback | Ref, text: str) -> Delivery:
        """Change the answer; a record without an answer in effect is read again first.

        Args:
            item: The question or feedback, or its ref.
            text: The new text.

        Returns:
            The accepted change.

        Raises:
            InvalidInput: It has no answer, or the marketplace says the answer cannot be changed.
            NotFound: No question or feedback has this id.
            DeliveryUnknown: It may or may not have been changed; read it again.
        """
        ref = self.inputs.edit_answer(item, text)
        record = await self._answerable(item, ref)
        answer = record.answer
        if answer is None:
            raise InvalidInput(
                "edit_answer", "item", "must have an answer; use answer() to add one", str(ref)
            )
        if answer.editable is False:
            rule = (
                f"must have an answer that can still be changed; {self.marketplace} says it cannot"
            )
            raise InvalidInput("edit_answer", "item", rule, str(ref))
        if isinstance(record, Question):
            receipt = await self._edit_question_answer(record, answer, text)
        else:
            receipt = await self._edit_feedback_answer(record, answer, text)
        return self._accepted(Action.EDIT_ANSWER, ref, text, receipt)

    async def reject(self, question: Question | Ref, reason: str) -> Delivery:
        """Reject a question, so that it is not published; with a ref, the question is read first.

        Args:
            question: The question, or its ref.
            reason: The text that the marketplace gets as the reason.

        Returns:
            The accepted rejection.

        Raises:
            NotFound: No question has this id.
            DeliveryUnknown: It may or may not have been rejected; read it again.
        """
        ref = self.inputs.reject(question, reason)
        record = await self.get(ref, Question) if isinstance(question, Ref) else question
        receipt = await self._reject_question(record, reason)
        return self._accepted(Action.REJECT, ref, reason, receipt)

    def comments(
        self,
        feedback: Feedback | Ref,
        *,
        cursor: str | None = None,
        prefetch: int | None = None,
        priority: Priority | None = None,
    ) -> Listing[Answer]:
        """List the comments on a feedback, the seller's and others', oldest first.

        Args:
            feedback: The feedback, or its ref.
            cursor: Where to continue; see ``Listing.cursor``.
            prefetch: Pages to request concurrently from the start; for bulk reading.
            priority: Priority of the calls at the limits.
        """
        self.inputs.require(Capability.COMMENTS, "comments")
        ref = self.inputs.own_ref("comments", feedback, Noun.FEEDBACK)
        options = _read_options("comments", prefetch, priority)
        return self._comments(ref.id, options).using(
            cursor=cursor, prefetch=prefetch, priority=priority
        )

    async def skip_reaction(self, feedback: Feedback | Ref) -> None:
        """Mark a feedback as needing no answer."""
        self.inputs.require(Capability.SKIP_REACTION, "skip_reaction")
        ref = self.inputs.own_ref("skip_reaction", feedback, Noun.FEEDBACK)
        await self._skip_reaction(ref.id)

    # Returns.

    def returns(
        self,
        *,
        is_open: bool | None = None,
        cursor: str | None = None,
        prefetch: int | None = None,
        priority: Priority | None = None,
    ) -> Listing[Return]:
        """List the returns of the account.

        Args:
            is_open: True for open returns, False for closed ones.
            cursor: Where to continue.
            prefetch: Pages to request concurrently from the start.
            priority: Priority of the calls at the limits.
        """
        self.inputs.require(Capability.RETURNS, "returns")
        self.inputs.flag(Capability.RETURNS_OPEN, "returns", "is_open", is_open)
        options = _read_options("returns", prefetch, priority)
        return self._returns(is_open, options).using(
            cursor=cursor, prefetch=prefetch, priority=priority
        )

    async def decisions(self, item: Return | Ref) -> list[Decision]:
        """List the decisions that are available for a return now; empty if none is due.

        With a ref, the return is read first.

        Raises:
            NotFound: No return has this id.
        """
        self.inputs.require(Capability.DECIDE, "decisions")
        ref = self.inputs.own_ref("decisions", item, Noun.RETURN)
        return list(await self._decisions(await self._return(item, ref)))

    async def decide(
        self,
        item: Return | Ref,
        decision: Decision | str,
        *,
        comment: str | None = None,
        reason: str | None = None,
        amount: Money | None = None,
    ) -> Delivery:
        """Decide on a return; if the record lacks its available decisions, they are read first.

        Args:
            item: The return; with a ref, it is read first.
            decision: One of :meth:`decisions`, or its ``id``.
            comment: A comment, if ``decision.comment_allowed``.
            reason: One of ``decision.reasons``, if it has any.
            amount: From ``decision.min_amount`` to ``decision.max_amount``, if it has them.

        Raises:
            InvalidInput: The decision is not available now, or one of its arguments breaks a rule.
            NotFound: No return has this id.
            DeliveryUnknown: It may or may not have been decided; read the return again.
        """
        ref = self.inputs.decide(item, decision, comment=comment, reason=reason, amount=amount)
        known = await self._return(item, ref)
        available = find_decision(ref, decision, await self._decisions(known))
        require_decision_arguments(available, comment, reason, amount)
        receipt = await self._decide(
            known, available, comment=comment, reason=reason, amount=amount
        )
        return self._accepted(Action.DECIDE, ref, comment or "", receipt, decision=available.id)

    # Archives and events.

    @property
    def sweep(self) -> Sweeps:
        """Sweeps of whole archives of feedbacks and questions, complete although they change."""
        return Sweeps(self, self.inputs.require)

    def streams(self) -> Sequence[Stream]:
        """The streams that the feed can follow with the account's credentials."""
        self.inputs.require(Capability.EVENTS, "streams")
        return self._streams()

    def receiver(
        self,
        on_hints: OnHints,
        *,
        proxy: TrustedProxy | None = None,
        networks: Collection[str] | None = None,
        rate: float | None = None,
    ) -> "web.Application":
        """Create an application for ``app.add_subapp("/shop", ...)`` that receives notifications.

        Args:
            on_hints: Stores the hints of a notification, before it is answered.
            proxy: The proxies that are trusted to state where a notification came from; none by
                default.
            networks: Networks that may send notifications, instead of the marketplace's addresses;
                for tests and simulators.
            rate: Max notifications per second, and in a burst; at least 1.

        Raises:
            InvalidInput: A network is invalid, or the rate is less than 1.
        """
        self.inputs.require(Capability.NOTIFICATIONS, "receiver")
        if not callable(on_hints):
            raise InvalidInput("receiver", "on_hints", "must be callable", on_hints)
        require("receiver", "proxy", proxy, TrustedProxy | None)
        require("receiver", "networks", networks, Collection[str] | None)
        require("receiver", "rate", rate, float | None)
        return self._receiver(on_hints, proxy=proxy, networks=networks, rate=rate)

    # Any operation.

    def group(self, kind: type[G]) -> G:
        """Bind your own operations to this account.

        Their arguments are checked and their lists are listings, as in ``api``.

        Args:
            kind: A ``Group`` of rows. It names a host, a scope and a bucket of the marketplace.

        Raises:
            InvalidInput: ``kind`` is not a ``Group``.
        """
        given: object = kind
        if not (isinstance(given, type) and issubclass(given, Group)):
            raise InvalidInput("group", "kind", "must be a class of operations, a Group", kind)
        return self._bind(kind)

    def _bind(self, kind: type[G]) -> G:
        """Bind a group of operations to this account."""
        return kind(self._pipeline)

    @overload
    async def call(
        self,
        operation: Endpoint[R],
        *,
        path: Mapping[str, str | int] | None = None,
        query: Mapping[str, QueryValue] | None = None,
        body: object = msgspec.UNSET,
        parts: Sequence[Part] = (),
        priority: Priority | None = None,
    ) -> R: ...

    @overload
    async def call(
        self,
        operation: Row | Callable[..., object],
        *,
        path: Mapping[str, str | int] | None = None,
        query: Mapping[str, QueryValue] | None = None,
        body: object = msgspec.UNSET,
        parts: Sequence[Part] = (),
        priority: Priority | None = None,
    ) -> object: ...

    async def call(
        self,
        operation: Endpoint[R] | Row | Callable[..., object],
        *,
        path: Mapping[str, str | int] | None = None,
        query: Mapping[str, QueryValue] | None = None,
        body: object = msgspec.UNSET,
        parts: Sequence[Part] = (),
        priority: Priority | None = None,
    ) -> object:
        """Make any call, with the same limits, retries and errors as the typed methods.

        The arguments are not checked against the operation's rules; the operation's own method does
        that, and so do the methods of your own :meth:`group`.

        Args:
            operation: Your own endpoint, or a row, such as ``Feedbacks.list``.
            path: Values for the placeholders in its path; values that the account knows may be
                omitted.
            query: Parameters, by the marketplace's names; those that are None are omitted.
            body: A body to send as JSON; anything that msgspec encodes.
            parts: A multipart body, instead of ``body``.
            priority: Priority of the call at the limits.

        Raises:
            InvalidInput: A placeholder has no value, or a value has no placeholder; the body cannot
                be encoded as JSON; the endpoint names a host or a bucket that does not exist.
        """
        endpoint = _endpoint_of(operation)
        filled = dict(path or {})
        places = path_parameters(endpoint.path)
        for name in filled.keys() - places:
            rule = f"must have no value for {name}: {endpoint.path} has no such placeholder"
            raise InvalidInput(endpoint.name, "path", rule, filled[name])
        if body is not msgspec.UNSET:
            _require_json(endpoint.name, body)
        for place in places:
            if place not in filled:
                filled[place] = await self._known(endpoint.name, place)
        answer = await self._pipeline.call(
            endpoint, path=filled, query=query, body=body, parts=parts, priority=priority
        )
        return answer.value

    async def _known(self, method: str, place: str) -> str | int:
        """The account's value for a placeholder in a path.

        Raises:
            InvalidInput: The account has no value for it.
        """
        raise InvalidInput(method, "path", f"must have a value for {place}", None)

    # Shared by the methods.

    async def _answerable(self, item: Question | Feedback | Ref, ref: Ref) -> Question | Feedback:
        """The record with its answer; it is read again unless it has an answer in effect."""
        if isinstance(item, Ref):
            if ref.noun is Noun.QUESTION:
                return await self.get(ref, Question)
            return await self.get(ref, Feedback)
        is_answered = item.answer is not None and item.answer.stands
        is_readable = has(self.CAPABILITIES, _GET[ref.noun])
        return await self._with_answer(item) if is_readable and not is_answered else item

    async def _return(self, item: Return | Ref, ref: Ref) -> Return:
        return await self.get(ref, Return) if isinstance(item, Ref) else item

    def _accepted(
        self,
        action: Action,
        target: Ref,
        text: str,
        receipt: Receipt | None,
        decision: str | None = None,
    ) -> Delivery:
        """A delivery that the marketplace has just accepted."""
        now = datetime.now(UTC)
        receipt = receipt or Receipt()
        return Delivery(
            target,
            action,
            text,
            DeliveryState.ACCEPTED,
            now,
            now,
            receipt.sent_at or now,
            id=receipt.id,
            decision=decision,
            failed_files=receipt.failed_files,
        )

    def _keep(self, undecodable: UndecodableRecord) -> None:
        """Log an undecodable record, pass it on and keep it, once while it is kept."""
        key = undecodable.endpoint, undecodable.ref.id
        if key in self._kept:
            return
        if len(self._kept) >= _MAX_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = undecodable
        logging.getLogger(f"wbym.{self.marketplace}").warning(
            "%s: cannot decode %r",
            self.name,
            undecodable,
            extra=LogFacts(
                marketplace=self.marketplace, account=self.name, endpoint=undecodable.endpoint
            ),
        )
        if self._on_undecodable is not None:
            self._on_undecodable(undecodable)


def _read_options(method: str, prefetch: int | None, priority: Priority | None) -> ReadOptions:
    if prefetch is not None:
        require(method, "prefetch", prefetch, _PREFETCH)
    if priority is not None:
        require(method, "priority", priority, Priority)
    return ReadOptions(prefetch, priority)


_NAME: Final = Annotated[str, NotEmpty()]
_PREFETCH: Final = Annotated[int, Range(1, MAX_PREFETCH)]


def share_connections(account: Account, pool: ConnectionPool) -> None:
    """Let an account use the connections of a pool, unless it has a session or transport lent."""
    transport = account._transport  # noqa: SLF001 - of the class above
    if isinstance(transport, AiohttpTransport):
        transport.share(pool)


def share_limits(account: Account, limits: str | QuotaStore) -> None:
    """Let a store count an account's calls from now on, unless it has limits of its own.

    Raises:
        ConfigError: The address is invalid, or its extra is not installed.
        AccountNotOpen: No loop is running.
    """
    if not account._has_own_limits:  # noqa: SLF001 - of the class above
        account._shared = SharedScheduler(limits)  # noqa: SLF001
        account._pipeline.scheduler = account._shared.scheduler  # noqa: SLF001


async def _count_by_lists(account: Account) -> WaitingCounts:
    """Count unanswered items by reading their lists; 0 for kinds that the marketplace lacks."""
    stated = account.CAPABILITIES

    def listed(capability: Capability, part: Capability) -> bool:
        return all(has(stated, one) for one in (capability, part))

    async def count(listing: Listing[R]) -> int:
        return sum([len(page.items) async for page in listing.pages()])

    chats = questions = feedbacks = returns = 0
    if listed(Capability.CHATS, Capability.CHATS_WAITING):
        chats = await count(account.chats(waiting_for_seller=True))
    if listed(Capability.QUESTIONS, Capability.QUESTIONS_ANSWERED):
        questions = await count(account.questions(answered=False))
    if listed(Capability.FEEDBACKS, Capability.FEEDBACKS_ANSWERED):
        feedbacks = await count(account.feedbacks(answered=False))
    if listed(Capability.RETURNS, Capability.RETURNS_OPEN):
        open_ones = account.returns(is_open=True)
        returns = await count(open_ones.filter(lambda item: item.waiting_for_seller))
    return WaitingCounts(chats, questions, feedbacks, returns)


def _endpoint_of(operation: object) -> Endpoint[object]:
    known = getattr(operation, "row", operation)
    if isinstance(known, Row):
        return known.endpoint
    if not isinstance(known, Endpoint):
        rule = "must be an Endpoint or a row, such as Feedbacks.list"
        raise InvalidInput("call", "operation", rule, operation)
    return known


def _require_json(method: str, body: object) -> None:
    try:
        with reject_half_characters(method, "body"):
            msgspec.json.encode(body)
    except (TypeError, OverflowError, RecursionError) as error:
        raise InvalidInput(method, "body", f"must be JSON: {error}", type(body)) from error
