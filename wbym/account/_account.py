"""One seller's account at one marketplace: the neutral face, and what is checked for all of them.

An adapter derives its class from :class:`Account`. It states ``CAPABILITIES`` and writes a hook for
each that it has; the public methods check what they are given, by the facts of the capabilities,
and call the hooks::

    class Toy(Account):
        marketplace = "toy"
        CAPABILITIES = {Capability.CHATS: Supported(Support.NATIVE)}

        def _chats(self, waiting: bool | None, how: How) -> Listing[Chat]:
            return self.api.chats.list(unread=waiting).map(...)
"""

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

import aiohttp
import msgspec

from wbym.account._capabilities import Capabilities, Capability, has
from wbym.account._checks import whole_characters
from wbym.account._facts import CatalogRow, CheckReport, CredentialFacts
from wbym.account._hooks import Hooks, How, Receipt, require_hooks
from wbym.account._inputs import Inputs, chosen, require_complete
from wbym.account._options import AccountOptions, require_connection
from wbym.account._streams import OnHints, Stream, TrustedProxy
from wbym.account._sweeps import Sweeps
from wbym.calls import (
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
    Transport,
    Upload,
    path_parameters,
    require,
)
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
    Waiting,
)
from wbym.errors import AlreadyAnswered, InvalidInput
from wbym.limits import BucketState, Priority, Scheduler, shared_scheduler
from wbym.observe import LogFacts
from wbym.paging import MAX_PREFETCH, Listing

if TYPE_CHECKING:
    from aiohttp import web  # it is slow to load, and only a receiver needs it

__all__ = ["Account", "AnyRecord", "Connection"]

R = TypeVar("R")
G = TypeVar("G", bound=Group)

AnyRecord: TypeAlias = Chat | Message | Question | Feedback | Return
"""What :meth:`Account.get` reads."""

K = TypeVar("K", bound=AnyRecord)

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


class Connection(TypedDict, total=False):
    """What accounts of all marketplaces take besides their own arguments."""

    session: aiohttp.ClientSession | None
    """A session to borrow; it is left open."""
    proxy: str | None
    """The address of an HTTP proxy, with its credentials where it needs them."""
    trust_env: bool
    """Whether ``HTTP_PROXY``, ``HTTPS_PROXY`` and ``NO_PROXY`` are used; they are not by default.
    A borrowed session has its own setting."""
    timeout: float
    """Seconds without a byte from the marketplace after which a call fails; 60 by default."""
    max_wait: float | None
    """Seconds that a call waits for its limits at most before it raises ``QuotaExhausted``, 300 by
    default; None: as long as it takes."""
    scheduler: Scheduler | None
    """What keeps the limits. By default the process has one that all accounts share, so that two
    accounts of one seller count together."""
    retry: RetryPolicy | None
    """How often and how soon failed calls are made again."""
    on_undecodable: Callable[[UndecodableRecord], None] | None
    """Gets each record that could not be decoded; by default they are kept in
    ``Account.undecodable``."""
    transport: Transport | None
    """What moves the bytes, instead of aiohttp; for tests."""


class Account(Hooks):
    """One seller's account at one marketplace.

    Use it as ``async with``; it is bound to the running loop. Lists make no request before they are
    iterated. Where a record is asked for, its ``Ref`` will do; what that costs is said.

    Every method raises ``Unsupported`` where the marketplace lacks what is asked for, ``RefError``
    for a ref or record of another account, and ``InvalidInput`` for a wrong type or value; then no
    request was made.

    Args:
        dialect: How the account speaks to its marketplace; it has the account's name.
        connection: See :class:`Connection`.
    """

    Options: ClassVar[type[AccountOptions]] = AccountOptions
    """What can be said of an account besides its secrets, in ``wbym.toml`` too."""
    SECRETS: ClassVar[tuple[str, ...]] = ("secret",)
    """The names of its secrets; ``wbym.toml`` says where each is, as in ``secret_env``."""
    SEVERAL: ClassVar[frozenset[str]] = frozenset()
    """Those of :attr:`SECRETS` of which there may be several, such as tokens of one seller."""

    def __init_subclass__(cls) -> None:
        """Check that the class states what it has hooks for, and no more.

        Raises:
            TypeError: It does not.
        """
        super().__init_subclass__()
        if hasattr(cls, "CAPABILITIES"):
            require_hooks(cls)

    def __init__(self, dialect: Dialect, **connection: Unpack[Connection]) -> None:
        require(type(self).__name__, "name", dialect.account, _NAME)
        self.name: Final = dialect.account
        """The account's name, in refs, errors and logs."""
        timeout = connection.get("timeout", DEFAULT_TIMEOUT)
        max_wait = connection.get("max_wait", DEFAULT_MAX_WAIT)
        require_connection(type(self).__name__, connection.get("proxy"), timeout, max_wait)
        self._kept: list[UndecodableRecord] = []
        self._on_undecodable = connection.get("on_undecodable") or self._kept.append
        self._scheduler = connection.get("scheduler") or shared_scheduler()
        self._pipeline = Pipeline(
            dialect=dialect,
            transport=connection.get("transport")
            or AiohttpTransport(
                session=connection.get("session"),
                timeout=timeout,
                proxy=connection.get("proxy"),
                trust_env=connection.get("trust_env", False),
            ),
            scheduler=self._scheduler,
            retry=connection.get("retry"),
            max_wait=max_wait,
            on_undecodable=self._keep,
        )
        self.inputs: Final = Inputs(self.marketplace, self.name, self.CAPABILITIES, self.ID_RULE)
        """What is refused before it costs a request."""

    @classmethod
    def from_secrets(
        cls,
        secrets: Mapping[str, Sequence[str]],
        *,
        name: str,
        options: AccountOptions | None = None,
    ) -> Self:
        """An account as ``wbym.toml`` describes it.

        Args:
            secrets: Texts by the names in :attr:`SECRETS`.
            name: The account's name.
            options: An instance of :attr:`Options`; the default ones without it.

        Raises:
            InvalidToken: A secret is not one of this marketplace, or one is missing.
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
        await self._pipeline.aclose()

    # What the account is.

    @property
    def capabilities(self) -> Capabilities:
        """What can be asked of this account: the class's, without what its credentials lack."""
        return self.CAPABILITIES

    @classmethod
    def catalog(cls) -> list[CatalogRow]:
        """Every operation that the adapter knows."""
        raise NotImplementedError

    def credentials(self) -> list[CredentialFacts]:
        """What is known of the account's credentials without a request."""
        raise NotImplementedError

    async def check(self, *, online: bool = True, ping: bool = False) -> CheckReport:
        """What the account can do: which methods, on which hosts, at what rate; what is missing.

        A question that fails is part of the report, and raises nothing.

        Args:
            online: Whether the marketplace is asked, with a request or two, whose the credentials
                are. Without that the report says what is known offline.
            ping: Whether each host is asked as well if it takes the account's credentials, where
                the marketplace has a method for that. It may block who does so in a loop.
        """
        raise NotImplementedError

    def limits(self) -> list[BucketState]:
        """The buckets that the account has used: used, left, waiting, next free."""
        owners = self._pipeline.dialect.owners
        return [
            state
            for state in self._scheduler.buckets()
            if state.key.marketplace == self.marketplace and state.key.owner in owners
        ]

    @property
    def undecodable(self) -> Sequence[UndecodableRecord]:
        """Records that could not be decoded, oldest first, unless ``on_undecodable`` gets them."""
        return tuple(self._kept)

    # One record of any noun.

    @overload
    async def get(self, ref: Ref, kind: type[K]) -> K: ...

    @overload
    async def get(self, ref: K) -> K: ...

    @overload
    async def get(self, ref: Ref | AnyRecord, kind: type[Record] | None = None) -> AnyRecord: ...

    async def get(self, ref: Ref | AnyRecord, kind: type[Record] | None = None) -> AnyRecord:
        """One record as it is now, a question or feedback with the seller's answer.

        ``chats.get``, ``questions.get`` and the like in ``capabilities`` say what it costs: one or
        two requests, or a list that is read until the record is found.

        Args:
            ref: Which, or a record to be read again.
            kind: The class of the record that is expected, for type checkers too.

        Raises:
            NotFound: There is none with this id any more.
            RefError: It is of another account, or not of this kind.
        """
        nouns = [noun for noun, known in _KIND_OF.items() if kind is None or kind is known]
        if not nouns:
            rule = f"must be one of {', '.join(known.__name__ for known in _KIND_OF.values())}"
            raise InvalidInput("get", "kind", rule, kind)
        own = self.inputs.own("get", ref, *nouns)
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

    async def counts(self) -> Waiting:
        """How much waits for the seller, with as few requests as the marketplace allows."""
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
        """The chats of the account.

        Args:
            waiting_for_seller: Only those in which the buyer waits for a reply, or only the others.
            cursor: Where to go on; see ``Listing.cursor``.
            prefetch: Pages asked for at once from the start; for bulk reading.
            priority: Who goes first at the limits.
        """
        self.inputs.require(Capability.CHATS, "chats")
        self.inputs.flag(
            Capability.CHATS_WAITING, "chats", "waiting_for_seller", waiting_for_seller
        )
        how = _how("chats", prefetch, priority)
        return self._chats(waiting_for_seller, how).using(
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
        """The messages of a chat, oldest first.

        Args:
            chat: The chat.
            since: Only those from this moment on; aware.
            cursor: Where to go on.
            prefetch: Pages asked for at once from the start.
            priority: Who goes first at the limits.
        """
        self.inputs.require(Capability.MESSAGES, "messages")
        ref = self.inputs.own("messages", chat, Noun.CHAT)
        self.inputs.since(Capability.MESSAGES_SINCE, "messages", since)
        how = _how("messages", prefetch, priority)
        known = Chat(ref=ref) if isinstance(chat, Ref) else chat
        return self._messages(known, since, how).using(
            cursor=cursor, prefetch=prefetch, priority=priority
        )

    async def send(self, chat: Chat | Ref, text: str, *, files: Sequence[Upload] = ()) -> Delivery:
        """Send a message to the buyer, once.

        ``send`` and ``send.files`` in ``capabilities`` have the bounds. With a ref WB reads its
        list of chats first where it is not known yet.

        Raises:
            ChatNotReady: The chat cannot be written to yet; nothing was sent.
            DeliveryUnknown: It may or may not have been sent; check the chat's messages.
        """
        known = self.inputs.send(chat, text, files)
        receipt = await self._send(known, text, files)
        return self._accepted(Action.SEND, known.ref, text, receipt)

    def download(
        self, message: Message | Ref, attachment: Attachment
    ) -> AbstractAsyncContextManager[Download]:
        """Open a file of a message for reading.

        Raises:
            NotReady: Moderation has not released it yet.
            RefusedByModeration: It never will.
        """
        self.inputs.require(Capability.DOWNLOAD, "download")
        self.inputs.own("download", message, Noun.MESSAGE)
        require("download", "attachment", attachment, Attachment)
        return self._download(attachment)

    async def open_chat(
        self, item: Return | Ref | None = None, *, order_id: str | int | None = None
    ) -> Chat:
        """The chat about a return or an order, opened if there is none yet.

        Raises:
            InvalidInput: Neither or both are given.
            NotFound: There is no such order or return of this seller.
        """
        self.inputs.require(Capability.OPEN_CHAT, "open_chat")
        if (item is None) is (order_id is None):
            rule = "must be given, or order_id, and not both"
            raise InvalidInput("open_chat", "item", rule, (item, order_id))
        if item is not None:
            ref = self.inputs.own("open_chat", item, Noun.RETURN)
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
        """The questions of the account, newest first.

        Args:
            answered: Only those with an answer, or only those without.
            since: Only those asked from this moment on; aware.
            until: Only those asked up to this moment, included; aware.
            product: Only those about this product, by the marketplace's article.
            cursor: Where to go on.
            prefetch: Pages asked for at once from the start; for bulk reading.
            priority: Who goes first at the limits.
        """
        filters = self.inputs.filters(
            Capability.QUESTIONS, answered=answered, since=since, until=until, product=product
        )
        how = _how("questions", prefetch, priority)
        return self._questions(filters, how).using(
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
        """The feedbacks of the account, newest first.

        Where a marketplace only counts comments (YM), the answers are read with ``answered`` alone,
        a request each; without it ``Feedback.answer_known`` says of each record whether its answer
        was told.

        Args:
            answered: Only those with an answer of the seller, or only those without.
            since: Only those written from this moment on; aware.
            until: Only those written up to this moment, included; aware.
            rating: Only those with one of these ratings, 1 to 5.
            product: Only those about this product, by the marketplace's article.
            cursor: Where to go on.
            prefetch: Pages asked for at once from the start; for bulk reading.
            priority: Who goes first at the limits.
        """
        filters = self.inputs.filters(
            Capability.FEEDBACKS,
            answered=answered,
            since=since,
            until=until,
            rating=rating,
            product=product,
        )
        how = _how("feedbacks", prefetch, priority)
        return self._feedbacks(filters, how).using(
            cursor=cursor, prefetch=prefetch, priority=priority
        )

    async def answer(self, item: Question | Feedback | Ref, text: str) -> Delivery:
        """Answer a question or a feedback, once.

        Where the record has no answer that stands, one may have come since, or was not loaded: it
        is looked up before anything is sent, at the cost of a request. With a ref the record is
        read first, as by :meth:`get`.

        Raises:
            AlreadyAnswered: An answer stands; nothing was sent.
            NotFound: There is none with this id.
            DeliveryUnknown: It may or may not have been answered; read it again.
        """
        ref = self.inputs.answer(item, text)
        record = await self._answerable(item, ref)
        if record.answered:
            raise AlreadyAnswered(str(ref), record.answer.text if record.answer else None)
        if isinstance(record, Question):
            receipt = await self._answer_question(record, text)
        else:
            receipt = await self._answer_feedback(record, text)
        return self._accepted(Action.ANSWER, ref, text, receipt)

    async def edit_answer(self, item: Question | Feedback | Ref, text: str) -> Delivery:
        """Change the answer; it is looked up first where the record has none that stands.

        Raises:
            InvalidInput: There is no answer, or the marketplace says that it cannot be changed.
            NotFound: There is none with this id.
            DeliveryUnknown: It may or may not have been changed; read it again.
        """
        ref = self.inputs.edit_answer(item, text)
        record = await self._answerable(item, ref)
        answer = record.answer
        if answer is None:
            raise InvalidInput("edit_answer", "item", "must have an answer: use answer", str(ref))
        if answer.editable is False:
            rule = f"must have an answer that can still be changed; by {self.marketplace} it cannot"
            raise InvalidInput("edit_answer", "item", rule, str(ref))
        if isinstance(record, Question):
            receipt = await self._edit_question_answer(record, answer, text)
        else:
            receipt = await self._edit_feedback_answer(record, answer, text)
        return self._accepted(Action.EDIT_ANSWER, ref, text, receipt)

    async def reject(self, question: Question | Ref, reason: str) -> Delivery:
        """Reject a question, so that it is not shown; with a ref it is read first.

        Raises:
            NotFound: There is none with this id.
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
        """The comments under a feedback, the seller's and others', oldest first."""
        self.inputs.require(Capability.COMMENTS, "comments")
        ref = self.inputs.own("comments", feedback, Noun.FEEDBACK)
        how = _how("comments", prefetch, priority)
        return self._comments(ref.id, how).using(
            cursor=cursor, prefetch=prefetch, priority=priority
        )

    async def skip_reaction(self, feedback: Feedback | Ref) -> None:
        """Say that a feedback needs no answer."""
        self.inputs.require(Capability.SKIP_REACTION, "skip_reaction")
        ref = self.inputs.own("skip_reaction", feedback, Noun.FEEDBACK)
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
        """The returns of the account.

        Args:
            is_open: Only those that are not over, or only those that are.
            cursor: Where to go on.
            prefetch: Pages asked for at once from the start.
            priority: Who goes first at the limits.
        """
        self.inputs.require(Capability.RETURNS, "returns")
        self.inputs.flag(Capability.RETURNS_OPEN, "returns", "is_open", is_open)
        how = _how("returns", prefetch, priority)
        return self._returns(is_open, how).using(
            cursor=cursor, prefetch=prefetch, priority=priority
        )

    async def decisions(self, item: Return | Ref) -> list[Decision]:
        """What may be decided about a return now; empty where nothing is to be done.

        With a ref the return is read first.

        Raises:
            NotFound: There is none with this id.
        """
        self.inputs.require(Capability.DECIDE, "decisions")
        ref = self.inputs.own("decisions", item, Noun.RETURN)
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
        """Decide about a return; what may be decided is asked for first where the record lacks it.

        Args:
            item: The return; with a ref it is read first.
            decision: One of :meth:`decisions`, or its ``id``.
            comment: In words, where ``decision.comment_allowed``.
            reason: One of ``decision.reasons``, where it has any.
            amount: From ``decision.min_amount`` to ``decision.max_amount``, where it has them.

        Raises:
            InvalidInput: The decision is not possible now, or what goes with it breaks a rule.
            NotFound: There is none with this id.
            DeliveryUnknown: It may or may not have been decided; read the return again.
        """
        ref = self.inputs.decide(item, decision, comment=comment, reason=reason, amount=amount)
        known = await self._return(item, ref)
        taken = chosen(ref, decision, await self._decisions(known))
        require_complete(taken, comment, reason, amount)
        receipt = await self._decide(known, taken, comment=comment, reason=reason, amount=amount)
        return self._accepted(Action.DECIDE, ref, comment or "", receipt, decision=taken.id)

    # Archives and events.

    @property
    def sweep(self) -> Sweeps:
        """Whole archives of feedbacks and questions, complete although they change."""
        return Sweeps(self, self.inputs.require)

    def streams(self) -> Sequence[Stream]:
        """What the feed can follow with the account's credentials."""
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
        """An application for ``app.add_subapp("/shop", ...)`` that takes notifications.

        Args:
            on_hints: Stores what a notification hints at, before it is answered.
            proxy: Whose word is taken for where a notification came from; nobody's without it.
            networks: Where notifications may come from, instead of the marketplace's addresses; for
                tests and simulators.
            rate: How many are taken per second at most, and at once; from 1 on.

        Raises:
            InvalidInput: A network is not one, or the rate is less than 1.
        """
        self.inputs.require(Capability.NOTIFICATIONS, "receiver")
        if not callable(on_hints):
            raise InvalidInput("receiver", "on_hints", "must be a function", on_hints)
        require("receiver", "proxy", proxy, TrustedProxy | None)
        require("receiver", "networks", networks, Collection[str] | None)
        require("receiver", "rate", rate, float | None)
        return self._receiver(on_hints, proxy=proxy, networks=networks, rate=rate)

    # Any operation.

    def group(self, kind: type[G]) -> G:
        """Operations of your own, as methods of this account.

        Their arguments are checked and their lists are listings, as below ``api``.

        Args:
            kind: A class of rows. It names a host, a scope and a bucket of the marketplace.

        Raises:
            InvalidInput: It is not a ``Group``.
        """
        given: object = kind
        if not (isinstance(given, type) and issubclass(given, Group)):
            raise InvalidInput("group", "kind", "must be a class of operations, a Group", kind)
        return self._bind(kind)

    def _bind(self, kind: type[G]) -> G:
        """The operations, with what they need of the account."""
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
        """Make any call, through the same limits, retries and errors as the typed methods.

        What is sent is not checked against an operation's rules; its method does that, and those of
        a :meth:`group` of your own do.

        Args:
            operation: An endpoint of your own, or a row, such as ``Feedbacks.list``.
            path: Values for the places in its path; what the account knows may be left out.
            query: Parameters, by the marketplace's names; those that are None are left out.
            body: What is sent as JSON; anything that msgspec encodes.
            parts: A multipart body, instead of ``body``.
            priority: Who goes first at the limits.

        Raises:
            InvalidInput: A place in the path has no value, or a value no place; the body cannot be
                written as JSON; the endpoint names a host or a bucket that does not exist.
        """
        endpoint = _endpoint_of(operation)
        filled = dict(path or {})
        places = path_parameters(endpoint.path)
        for name in filled.keys() - places:
            rule = f"must have no value for {name}: {endpoint.path} has no such place"
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
        """What the account knows of a place in a path.

        Raises:
            InvalidInput: It knows nothing.
        """
        raise InvalidInput(method, "path", f"must have a value for {place}", None)

    # What the methods share.

    async def _answerable(self, item: Question | Feedback | Ref, ref: Ref) -> Question | Feedback:
        """The record with its answer: it is read unless it has one that stands."""
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
        """A reply that the marketplace accepted just now."""
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
        """Say that a record was set aside, and pass it on or keep it."""
        logging.getLogger(f"wbym.{self.marketplace}").warning(
            "%s: set aside %r",
            self.name,
            undecodable,
            extra=LogFacts(
                marketplace=self.marketplace, account=self.name, endpoint=undecodable.endpoint
            ),
        )
        self._on_undecodable(undecodable)


def _how(method: str, prefetch: int | None, priority: Priority | None) -> How:
    if prefetch is not None:
        require(method, "prefetch", prefetch, _PREFETCH)
    if priority is not None:
        require(method, "priority", priority, Priority)
    return How(prefetch, priority)


_NAME: Final = Annotated[str, NotEmpty()]
_PREFETCH: Final = Annotated[int, Range(1, MAX_PREFETCH)]


async def _count_by_lists(account: Account) -> Waiting:
    """The number of unanswered items, by reading their lists; 0 of what the marketplace lacks."""
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
    return Waiting(chats, questions, feedbacks, returns)


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
        with whole_characters(method, "body"):
            msgspec.json.encode(body)
    except (TypeError, OverflowError, RecursionError) as error:
        raise InvalidInput(method, "body", f"must be JSON: {error}", type(body)) from error
