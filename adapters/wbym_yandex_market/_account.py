"""A Yandex Market seller as an account of wbym."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Self, TypeVar, Unpack

from msgspec import structs

from wbym.account import (
    Account,
    AccountOptions,
    Capabilities,
    CatalogRow,
    CheckReport,
    Connection,
    CredentialFacts,
    Filters,
    OnHints,
    ReadOptions,
    Receipt,
    Stream,
    SweepOptions,
    TrustedProxy,
    hide_addresses,
)
from wbym.calls import Download, Group, Range, SecretText, Upload, require
from wbym.domain import (
    Answer,
    Attachment,
    Chat,
    Decision,
    Feedback,
    Message,
    Money,
    Noun,
    Question,
    QuestionStatus,
    Ref,
    Return,
    WaitingCounts,
)
from wbym.errors import (
    DeliveryUnknown,
    InvalidInput,
    InvalidToken,
    UnreadableReply,
    WbymError,
)
from wbym.limits import Priority, Window
from wbym.paging import Listing, Span, Sweep
from wbym_yandex_market import _mapping as mapping
from wbym_yandex_market._cabinet import Cabinet
from wbym_yandex_market._capabilities import CAPABILITIES, narrowed
from wbym_yandex_market._dialect import YandexMarketDialect
from wbym_yandex_market._limits import PARALLEL, Tier
from wbym_yandex_market._mapping import MARKETPLACE
from wbym_yandex_market._reading import answers, lists
from wbym_yandex_market._reading.files import open_file
from wbym_yandex_market._reading.returns import Decider
from wbym_yandex_market._reading.sweeps import sweep_feedbacks, sweep_questions
from wbym_yandex_market._token import Credential, CredentialKind
from wbym_yandex_market.api import Api
from wbym_yandex_market.api._base import Id, MarketGroup

if TYPE_CHECKING:
    from aiohttp import web

    from wbym_yandex_market.api.chats import ChatContext

__all__ = ["YandexMarket", "YandexMarketOptions"]

G = TypeVar("G", bound=Group)


def _id_rule(record_id: str, /) -> str | None:
    """What is wrong with an id as the marketplace's; None if nothing is."""
    is_number = record_id.isascii() and record_id.isdigit() and len(record_id) < 20
    if is_number and int(record_id) > 0:
        return None
    return "must have an id of Market: a positive number in digits"


class YandexMarketOptions(AccountOptions, frozen=True, kw_only=True):
    """The options of a Yandex Market account besides its secrets."""

    business_id: int | None = None
    """The business ("кабинет")."""
    campaign_ids: tuple[int, ...] | None = None
    """The shops ("магазины") whose returns are read."""
    subscription: bool = False
    """Whether the business has a subscription to the API, with its higher limits."""
    parallel: int = PARALLEL
    """Max concurrent calls per business or campaign, up to 100."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_options("options", self.business_id, self.campaign_ids, self.parallel)


def _require_options(
    method: str, business_id: int | None, campaign_ids: Collection[int] | None, parallel: int
) -> None:
    require(method, "business_id", business_id, Id | None)
    require(method, "campaign_ids", campaign_ids, Collection[Id] | None)
    require(method, "parallel", parallel, Annotated[int, Range(1, 100)])


class YandexMarket(Account):
    """One seller's business at Yandex Market, with all its shops.

    Use it as ``async with YandexMarket(api_key) as shop``; it is bound to the running loop.

    Args:
        api_key: The Api-Key of the seller's cabinet.
        name: The account's name, in ``ref``, errors and logs.
        oauth: An OAuth token instead of the key; with a key, it is used only for buyers' files,
            which Market may deny to a key.
        business_id: The business ("кабинет"). By default it is looked up once, with the first call
            that needs it; it is required with a key that has access to several businesses.
        campaign_ids: The shops ("магазины") whose returns are read; by default all shops of the
            business, which are looked up once.
        subscription: Whether the business has a subscription to the API, with its higher limits.
        parallel: Max concurrent calls per business or campaign, up to 100.
        quotas: Budgets by bucket name (see ``.limits()``) that replace the published ones; Market's
            headers take precedence.
        base_url: One server instead of Market's: a simulator, a proxy.
        connection: The arguments of all accounts; see :class:`wbym.account.Connection`.

    Raises:
        InvalidToken: No credential was given, or one is malformed.
        InvalidInput: An id is malformed, ``base_url`` is not the address of a server, or ``quotas``
            has a name that is not a bucket.
    """

    marketplace: ClassVar[str] = MARKETPLACE
    CAPABILITIES: ClassVar[Capabilities] = CAPABILITIES
    EARLIEST: ClassVar[datetime] = lists.EARLIEST
    ID_RULE = staticmethod(_id_rule)
    Options: ClassVar[type[AccountOptions]] = YandexMarketOptions
    SECRETS: ClassVar[tuple[str, ...]] = ("secret", "oauth")

    def __init__(
        self,
        api_key: str | None = None,
        *,
        name: str = MARKETPLACE,
        oauth: str | None = None,
        business_id: int | None = None,
        campaign_ids: Collection[int] | None = None,
        subscription: bool = False,
        parallel: int = PARALLEL,
        quotas: Mapping[str, Window] | None = None,
        base_url: str | None = None,
        **connection: Unpack[Connection],
    ) -> None:
        api_key, oauth = (text and SecretText(text) for text in (api_key, oauth))
        hide_addresses(connection)
        kinds = ((CredentialKind.API_KEY, api_key), (CredentialKind.OAUTH, oauth))
        self._credentials: Final = [
            Credential(kind, text, account=name) for kind, text in kinds if text is not None
        ]
        if not self._credentials:
            raise InvalidToken(name, "pass an Api-Key (api_key=) or an OAuth token (oauth=)")
        _require_options("YandexMarket", business_id, campaign_ids, parallel)
        self._parallel = parallel
        self._dialect = YandexMarketDialect(
            name,
            self._credentials[0],
            file_credential=self._credentials[-1],
            base_url=base_url,
            tier=Tier.SUBSCRIPTION if subscription else Tier.STANDARD,
            parallel=parallel,
            quotas=quotas,
        )
        super().__init__(self._dialect, **connection)
        self.api: Final = Api(self._pipeline, self._business)
        """Typed methods for the documented operations."""
        # A single record is read before a person's reply, which precedes background reading.
        self._urgent = self.api.at(Priority.INTERACTIVE)
        self._cabinet = Cabinet(self.api, name, business_id, campaign_ids)
        self._capabilities = self.CAPABILITIES

    @property
    def capabilities(self) -> Capabilities:
        """Market's capabilities; after :meth:`check`, without those that the key's scopes lack."""
        return self._capabilities

    @classmethod
    def from_secrets(
        cls,
        secrets: Mapping[str, Sequence[str]],
        *,
        name: str,
        options: AccountOptions | None = None,
    ) -> Self:
        """Create an account from its Api-Key (``secret``), OAuth token (``oauth``), or both.

        Args:
            secrets: ``secret`` and ``oauth``: one of each at most.
            name: The account's name.
            options: Other arguments of the constructor.

        Raises:
            InvalidToken: There is none, or more than one of a kind, or it is not such a token.
        """
        found = {key: list(secrets.get(key, ())) for key in cls.SECRETS}
        for key, texts in found.items():
            if len(texts) > 1:
                raise InvalidToken(name, f"pass one {key}, not {len(texts)}")
        return cls(
            next(iter(found["secret"]), None),
            name=name,
            oauth=next(iter(found["oauth"]), None),
            **structs.asdict(options or cls.Options()),
        )

    def __repr__(self) -> str:
        business = self._cabinet.known_business
        return f"{type(self).__name__}({self.name!r}, business {business or 'not known yet'})"

    @classmethod
    def catalog(cls) -> list[CatalogRow]:
        """All operations of the adapter."""
        from wbym_yandex_market._facts import catalog  # loads every operation

        return catalog()

    def credentials(self) -> list[CredentialFacts]:
        """The known facts of the credentials, which hold none that can be read offline."""
        return self._facts(None)

    def _facts(self, scopes: Sequence[str] | None) -> list[CredentialFacts]:
        from wbym_yandex_market._facts import credential_facts

        business = self._cabinet.known_business
        return [
            credential_facts(
                credential,
                business_id=business,
                files_only=place > 0,
                scopes=None if place else scopes,
            )
            for place, credential in enumerate(self._credentials)
        ]

    async def check(self, *, online: bool = True, ping: bool = False) -> CheckReport:
        """Report what the account can do, by its credentials, Market's limits and Market's answers.

        Args:
            online: Whether to ask Market for the key's scopes (POST v2/auth/token; not with an
                OAuth token) and the list of shops (GET v2/campaigns).
            ping: Has no effect: Market has one host, and these two requests reach it.
        """
        from wbym_yandex_market._facts import check

        report = await check(self._dialect, self.api, self._cabinet, self._facts, online=online)
        self._capabilities = narrowed(report.methods)
        return report

    async def counts(self) -> WaitingCounts:
        """Count unanswered items by reading their lists: Market has no counters.

        Counts feedbacks that nobody has viewed (``NEED_REACTION``), as Market's cabinet does;
        questions and feedbacks are of the last 180 days.
        """
        return await lists.count_waiting(self.api, self._cabinet, at_once=self._parallel)

    # Chats.

    def _chats(self, waiting: bool | None, options: ReadOptions) -> Listing[Chat]:
        """POST v2/businesses/{}/chats, by 20, in Market's order.

        New chats and chats in ``WAITING_FOR_PARTNER`` wait for the seller, disputes included.
        """
        return lists.list_chats(self.api, self.name, waiting=waiting)

    async def _get_chat(self, chat_id: str) -> Chat:
        """GET v2/businesses/{}/chat: one request."""
        return mapping.chat(await self._urgent.chats.get(int(chat_id)), self.name)

    async def _open_chat(self, order_id: str | None, return_id: str | None) -> Chat:
        """POST .../chats/new; the buyer does not see the chat before a message is sent.

        Chats about returns are for FBY, FBS and Express only.
        """
        if order_id is not None and (rule := _id_rule(order_id)) is not None:
            raise InvalidInput("open_chat", "order_id", rule, order_id)
        opened = await self.api.chats.new(_context_of(order_id, return_id))
        return await self._get_chat(str(opened.chat_id))

    def _messages(
        self, chat: Chat, since: datetime | None, options: ReadOptions
    ) -> Listing[Message]:
        """POST v2/businesses/{}/chats/history, by 100; a ref costs no extra request.

        Market cannot filter by time: with ``since`` the whole chat is read, and older messages are
        left out.
        """
        return lists.list_messages(self.api, chat.ref, int(chat.ref.id), since=since)

    async def _send(self, chat: Chat, text: str, files: Sequence[Upload]) -> Receipt:
        """POST .../chats/message, .../chats/file/send: a text with a file are two messages."""
        chat_id = int(chat.ref.id)
        if text:
            await self.api.chats.send(chat_id, text)
        failed: list[str] = []
        for file in files:
            try:
                await self.api.chats.send_file(chat_id, file)
            except DeliveryUnknown:
                raise
            except WbymError as error:
                # The text is sent, and must not be sent again because a file failed.
                if not text:
                    raise
                failed.append(str(error))
        return Receipt(failed_files=tuple(failed))

    def _download(self, attachment: Attachment) -> AbstractAsyncContextManager[Download]:
        """Download by the file's address; the credential is sent to Market's own servers only.

        Market may deny buyers' files to an Api-Key: then an OAuth token is required.
        """
        return open_file(self._pipeline, self._dialect, attachment)

    # Questions and feedbacks.

    def _questions(self, filters: Filters, options: ReadOptions) -> Listing[Question]:
        """POST v1/businesses/{}/goods-questions, by 50; of the last 180 days by default.

        Market lists at most a month per request: longer periods are read in parts, the newest
        first; with ``prefetch=n``, n parts at once, and then the questions come as they arrive.

        Market's record does not say whether a question is answered, so the unanswered questions are
        listed first to set each status; it is unknown for questions of the last ten minutes that
        are not among them. ``answered=False`` reads only the unanswered list. ``product`` is the
        seller's own article; other questions are left out after reading.
        """
        api = self.api.at(options.priority)
        return lists.list_questions(api, self.name, filters, at_once=self._at_once(options))

    async def _get_question(self, question_id: str) -> Question:
        """Read a question and its answer: two requests."""
        return await answers.read_question(self._urgent, self.name, int(question_id))

    async def _answer_question(self, question: Question, text: str) -> None:
        """POST .../goods-questions/answers, .../update; with a ref, first the list."""
        if question.status is QuestionStatus.UNKNOWN:
            raise UnreadableReply(
                f"question {question.ref.id} may be answered already: one of its answers cannot be "
                "decoded; nothing was sent",
                marketplace=MARKETPLACE,
                account=self.name,
                endpoint="questions.answers",
            )
        await self.api.questions.create(int(question.ref.id), text)

    async def _edit_question_answer(self, question: Question, answer: Answer, text: str) -> None:
        """POST .../goods-questions/update."""
        await self.api.questions.edit(_number_of(answer), text)

    def answers(
        self,
        question: Question | Ref,
        *,
        cursor: str | None = None,
        priority: Priority | None = None,
    ) -> Listing[Answer]:
        """The answers to a question, the seller's and others' (POST .../goods-questions/answers).

        Answers of other sellers have the author ``SELLER`` too; only the seller's own are editable.

        Args:
            question: The question, or its ref.
            cursor: Where to continue; see ``Listing.cursor``.
            priority: Priority of the calls at the limits.
        """
        number = int(self.inputs.own_ref("answers", question, Noun.QUESTION).id)
        listing = answers.list_answers(self.api, number)
        return listing.using(cursor=cursor, priority=priority)

    def _feedbacks(self, filters: Filters, options: ReadOptions) -> Listing[Feedback]:
        """POST v2/businesses/{}/goods-feedback, by 50; of the last 180 days by default.

        Market lists at most six months per request: longer periods are read in parts, the newest
        first, each in Market's own order; with ``prefetch=n``, n parts at once, and then the
        feedbacks come as they arrive.

        Market counts comments without their authors. With ``answered`` the comments of each
        feedback that has any are read too, one request each, and ``answer`` is the seller's.
        ``product`` is the seller's own article.
        """
        api = self.api.at(options.priority)
        return lists.list_feedbacks(api, self.name, filters, at_once=self._at_once(options))

    async def _get_feedback(self, feedback_id: str) -> Feedback:
        """Read a feedback and its comments: two requests."""
        return await answers.read_feedback(self._urgent, self.name, int(feedback_id))

    async def _answer_feedback(self, feedback: Feedback, text: str) -> None:
        """POST .../goods-feedback/comments, .../update; with a ref, first the list."""
        await self.api.feedbacks.comment(int(feedback.ref.id), text)

    async def _edit_feedback_answer(self, feedback: Feedback, answer: Answer, text: str) -> None:
        """POST .../goods-feedback/comments/update."""
        await self.api.feedbacks.edit_comment(int(feedback.ref.id), _number_of(answer), text)

    async def _with_answer(self, item: Question | Feedback) -> Question | Feedback:
        """Read the record's comments or answers, which alone decide its status: one request."""
        if isinstance(item, Question):
            return await answers.question_with_answer(self._urgent, item)
        return await answers.feedback_with_answer(self._urgent, item)

    def _comments(self, feedback_id: str, options: ReadOptions) -> Listing[Answer]:
        """POST .../goods-feedback/comments, by 50, in the order of publication.

        Market lists neither deleted comments nor the times of comments.
        """
        return answers.list_comments(self.api, int(feedback_id))

    async def _skip_reaction(self, feedback_id: str) -> None:
        """POST .../goods-feedback/skip-reaction."""
        await self.api.feedbacks.skip_reaction([int(feedback_id)])

    # Returns.

    def _returns(self, is_open: bool | None, options: ReadOptions) -> Listing[Return]:
        """GET v2/campaigns/{}/returns, by 100, shop after shop.

        A return is open until its refund is decided and completed. Orders that were not picked up
        are not returns here: ``api.returns.list`` has them. Photos are read with
        ``api.returns.photo``, by the hashes in ``raw``.
        """
        statuses = {None: None, True: mapping.OPEN_RETURNS, False: mapping.CLOSED_RETURNS}[is_open]
        return lists.list_returns(self.api, self._cabinet, statuses=statuses)

    async def _get_return(self, return_id: str, known: Return | None) -> Return:
        """Read a return: one request if its shop and order are known, as they are once listed.

        If only the order is known, each shop is queried. If only the id is known, the returns are
        listed until it is found.
        """
        return await self._decider().read(int(return_id), known)

    async def _decisions(self, item: Return) -> Sequence[Decision]:
        """POST v1/businesses/{}/returns/decisions; a ref's return is read first."""
        return await self._decider().decisions(item)

    async def _decide(
        self,
        item: Return,
        decision: Decision,
        *,
        comment: str | None,
        reason: str | None,
        amount: Money | None,
    ) -> None:
        """POST .../returns/decisions, .../decision/submit: for all positions, within 48 hours.

        With a ref, or if its shop is not known, the return is read first.

        A comment is required by ``REFUND_MONEY_INCLUDING_SHIPMENT`` (the price of the return
        shipment), ``REPAIR`` (the deadline) and ``OTHER_DECISION`` (the offer).
        """
        decider = self._decider()
        await decider.decide(item, decision, comment=comment, reason=reason, amount=amount)

    def _decider(self) -> Decider:
        return Decider(self._urgent, self._cabinet)

    # Archives and events.

    def _sweep_feedbacks(self, span: Span, options: SweepOptions) -> Sweep[Feedback]:
        return sweep_feedbacks(self.api, self._cabinet, self._parallel, span, options)

    def _sweep_questions(self, span: Span, options: SweepOptions) -> Sweep[Question]:
        return sweep_questions(self.api, self._cabinet, self._parallel, span, options)

    def _streams(self) -> Sequence[Stream]:
        """All four streams: a credential's scopes are not known without a request."""
        from wbym_yandex_market._following.streams import open_streams  # loads the feed

        return open_streams(
            self.api,
            self._cabinet,
            self._dialect.quota,
            self._pipeline.report,
            at_once=self._parallel,
        )

    def _receiver(
        self,
        on_hints: OnHints,
        *,
        proxy: TrustedProxy | None,
        networks: Collection[str] | None,
        rate: float | None,
    ) -> "web.Application":
        """The receiver answers at ``/shop`` and ``/shop/notification`` if mounted at ``/shop``.

        It looks up the account's shops once, when it starts. It rejects requests from addresses
        other than Market's, and notifications of other businesses; see
        ``wbym_yandex_market._following.notifications``. Orders and pings do not call ``on_hints``.
        """
        from wbym_yandex_market._following.notifications import MARKET_NETWORKS, RATE
        from wbym_yandex_market._following.notifications.receiver import make_receiver

        return make_receiver(
            self._cabinet,
            on_hints,
            proxy=proxy,
            networks=MARKET_NETWORKS if networks is None else networks,
            rate=RATE if rate is None else rate,
        )

    # Shared by the hooks.

    async def _business(self) -> int:
        return await self._cabinet.business()

    def _bind(self, kind: type[G]) -> G:
        if issubclass(kind, MarketGroup):
            return kind(self._pipeline, self._business)
        return super()._bind(kind)

    async def _known(self, method: str, place: str) -> str | int:
        if place == "businessId":
            return await self._business()
        return await super()._known(method, place)

    def _at_once(self, options: ReadOptions) -> int:
        return min(options.prefetch or 1, self._parallel)


def _number_of(answer: Answer) -> int:
    if answer.id is None:
        raise InvalidInput("edit_answer", "answer", "must have an id", answer)
    return int(answer.id)


def _context_of(order_id: str | None, return_id: str | None) -> "ChatContext":
    """The context of a new chat: an order, or else a return."""
    from wbym_yandex_market.api.chats import ChatContext

    if order_id is not None:
        return ChatContext(type="ORDER", id=int(order_id))
    return ChatContext(type="RETURN", id=int(return_id or 0))
