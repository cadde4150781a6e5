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
)
from wbym.calls import Download, Group, Range, Upload, require
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
    Ref,
    Return,
    WaitingCounts,
)
from wbym.errors import DeliveryUnknown, InvalidInput, InvalidToken, WbymError
from wbym.limits import Priority, Window
from wbym.paging import Listing, Span, Sweep
from wbym_yandex_market import _mapping as mapping
from wbym_yandex_market._cabinet import Cabinet
from wbym_yandex_market._capabilities import CAPABILITIES
from wbym_yandex_market._dialect import YandexMarketDialect
from wbym_yandex_market._limits import PARALLEL, Tier
from wbym_yandex_market._mapping import MARKETPLACE
from wbym_yandex_market._reading import answers, lists
from wbym_yandex_market._reading.files import open_file
from wbym_yandex_market._reading.returns import Deciding
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
    is_number = record_id.isascii() and record_id.isdigit() and len(record_id) < 20
    if is_number and int(record_id) > 0:
        return None
    return "must have an id of Market: a number in digits, from 1 on"


class YandexMarketOptions(AccountOptions, frozen=True, kw_only=True):
    """What can be said of a Yandex Market account besides its secrets."""

    business_id: int | None = None
    """The business ("кабинет")."""
    campaign_ids: tuple[int, ...] | None = None
    """The shops ("магазины") whose returns are read."""
    subscription: bool = False
    """Whether the business has a subscription to the API, with its higher limits."""
    parallel: int = PARALLEL
    """Calls under way at once per business or campaign, up to 100."""

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
        oauth: An OAuth token instead of the key; with a key, it is used for buyers' files only,
            which Market may refuse to a key.
        business_id: The business ("кабинет"). Without it, it is asked for once, with the first call
            that needs it; a key that opens several businesses must be told which.
        campaign_ids: The shops ("магазины") whose returns are read; without them all of the
            business, which are asked for once.
        subscription: Whether the business has a subscription to the API, with its higher limits.
        parallel: Calls under way at once per business or campaign.
        quotas: Budgets by bucket's name (see ``.limits()``), instead of the
            published ones; what Market's headers state counts more.
        base_url: One server instead of Market's: a simulator, a proxy.
        connection: What all accounts take; see :class:`wbym.account.Connection`.

    Raises:
        InvalidToken: There is no credential, or it cannot be one.
        InvalidInput: An id is not one, ``base_url`` is not the address of a server, or ``quotas``
            name no bucket.
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
        kinds = ((CredentialKind.API_KEY, api_key), (CredentialKind.OAUTH, oauth))
        self._credentials: Final = [
            Credential(kind, text, account=name) for kind, text in kinds if text is not None
        ]
        if not self._credentials:
            raise InvalidToken(name, "give an Api-Key (api_key=) or an OAuth token (oauth=)")
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
        """Every documented method that is built, typed."""
        # One record is read for a person's reply, which goes before background reading.
        self._urgent = self.api.at(Priority.INTERACTIVE)
        self._cabinet = Cabinet(self.api, name, business_id, campaign_ids)

    @classmethod
    def from_secrets(
        cls,
        secrets: Mapping[str, Sequence[str]],
        *,
        name: str,
        options: AccountOptions | None = None,
    ) -> Self:
        """An account from its Api-Key (``secret``), its OAuth token (``oauth``), or both."""
        found = {key: list(secrets.get(key, ())) for key in cls.SECRETS}
        for key, texts in found.items():
            if len(texts) > 1:
                raise InvalidToken(name, f"there must be one {key}, and there are {len(texts)}")
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
        """Every operation that the adapter knows."""
        from wbym_yandex_market._facts import catalog  # loads every operation

        return catalog()

    def credentials(self) -> list[CredentialFacts]:
        """What is known of the credentials; they say nothing of themselves without a request."""
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
        """What the account can do: by its credentials, by Market's limits, and by what Market says.

        Args:
            online: Whether Market is asked what the key opens (POST v2/auth/token; not with an
                OAuth token) and which shops there are (GET v2/campaigns).
            ping: Changes nothing: Market has one host, and these two ask it.
        """
        from wbym_yandex_market._facts import check

        return await check(self._dialect, self.api, self._cabinet, self._facts, online=online)

    async def counts(self) -> WaitingCounts:
        """How much waits: Market has no counters, so the lists of what waits are read.

        Feedbacks are those that nobody has looked at (``NEED_REACTION``), as in Market's cabinet;
        questions and feedbacks of the last 180 days.
        """
        return await lists.count_waiting(self.api, self._cabinet, at_once=self._parallel)

    # Chats.

    def _chats(self, waiting: bool | None, options: ReadOptions) -> Listing[Chat]:
        """POST v2/businesses/{}/chats, by 20, in Market's order.

        Those that wait for the seller are the new ones and those in ``WAITING_FOR_PARTNER``;
        disputes are among them.
        """
        return lists.list_chats(self.api, self.name, waiting=waiting)

    async def _get_chat(self, chat_id: str) -> Chat:
        """GET v2/businesses/{}/chat: one request."""
        return mapping.chat(await self._urgent.chats.get(int(chat_id)), self.name)

    async def _open_chat(self, order_id: str | None, return_id: str | None) -> Chat:
        """POST .../chats/new; the buyer sees nothing of it before a message is sent.

        About returns for FBY, FBS and Express only.
        """
        if order_id is not None and (rule := _id_rule(order_id)) is not None:
            raise InvalidInput("open_chat", "order_id", rule, order_id)
        opened = await self.api.chats.new(_context_of(order_id, return_id))
        return await self._get_chat(str(opened.chat_id))

    def _messages(
        self, chat: Chat, since: datetime | None, options: ReadOptions
    ) -> Listing[Message]:
        """POST v2/businesses/{}/chats/history, by 100; a ref costs no request more.

        Market cannot be asked by time: with ``since`` the whole chat is read, and what is older is
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
                # The text is sent, and must not be sent again for the sake of the file.
                if not text:
                    raise
                failed.append(str(error))
        return Receipt(failed_files=tuple(failed))

    def _download(self, attachment: Attachment) -> AbstractAsyncContextManager[Download]:
        """By the file's address; the credential goes to Market's own servers only.

        Market may refuse buyers' files to an Api-Key: then an OAuth token is needed.
        """
        return open_file(self._pipeline, self._dialect, attachment)

    # Questions and feedbacks.

    def _questions(self, filters: Filters, options: ReadOptions) -> Listing[Question]:
        """POST v1/businesses/{}/goods-questions, by 50; of the last 180 days by default.

        Market takes a month at a time: longer periods are read in parts, the newest first; with
        ``prefetch`` so many parts at once, and then the questions come as they arrive.

        Market's record does not say whether a question is answered, so those that wait are read
        first, and each has its status by that; it is unknown for those of the last ten minutes that
        are not among them. ``answered=False`` reads only those that wait. ``product`` is the
        seller's own article, and the others are left out after reading.
        """
        api = self.api.at(options.priority)
        return lists.list_questions(api, self.name, filters, at_once=self._at_once(options))

    async def _get_question(self, question_id: str) -> Question:
        """Two requests, the second for the answer."""
        return await answers.read_question(self._urgent, self.name, int(question_id))

    async def _answer_question(self, question: Question, text: str) -> None:
        """POST .../goods-questions/answers, .../update; with a ref the list before them."""
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

        Those of other sellers have the author ``SELLER`` too; only the seller's own can be edited.
        """
        number = int(self.inputs.own_ref("answers", question, Noun.QUESTION).id)
        listing = answers.list_answers(self.api, number)
        return listing.using(cursor=cursor, priority=priority)

    def _feedbacks(self, filters: Filters, options: ReadOptions) -> Listing[Feedback]:
        """POST v2/businesses/{}/goods-feedback, by 50; of the last 180 days by default.

        Market takes six months at a time: longer periods are read in parts, the newest first, each
        in Market's own order; with ``prefetch`` so many parts at once, and then the feedbacks come
        as they arrive.

        Market counts comments without saying whose they are. With ``answered`` the comments of
        those that have any are read too, a request each, and ``answer`` is the seller's.
        ``product`` is the seller's own article.
        """
        api = self.api.at(options.priority)
        return lists.list_feedbacks(api, self.name, filters, at_once=self._at_once(options))

    async def _get_feedback(self, feedback_id: str) -> Feedback:
        """Two requests, the second for the comments."""
        return await answers.read_feedback(self._urgent, self.name, int(feedback_id))

    async def _answer_feedback(self, feedback: Feedback, text: str) -> None:
        """POST .../goods-feedback/comments, .../update; with a ref the list before them."""
        await self.api.feedbacks.comment(int(feedback.ref.id), text)

    async def _edit_feedback_answer(self, feedback: Feedback, answer: Answer, text: str) -> None:
        """POST .../goods-feedback/comments/update."""
        await self.api.feedbacks.edit_comment(int(feedback.ref.id), _number_of(answer), text)

    async def _with_answer(self, item: Question | Feedback) -> Question | Feedback:
        """One request: the record's comments or answers, which alone decide."""
        if isinstance(item, Question):
            return await answers.question_with_answer(self._urgent, item)
        return await answers.feedback_with_answer(self._urgent, item)

    def _comments(self, feedback_id: str, options: ReadOptions) -> Listing[Answer]:
        """POST .../goods-feedback/comments, by 50, in the order in which they were published.

        Those that were deleted are not told, nor when they were written.
        """
        return answers.list_comments(self.api, int(feedback_id))

    async def _skip_reaction(self, feedback_id: str) -> None:
        """POST .../goods-feedback/skip-reaction."""
        await self.api.feedbacks.skip_reaction([int(feedback_id)])

    # Returns.

    def _returns(self, is_open: bool | None, options: ReadOptions) -> Listing[Return]:
        """GET v2/campaigns/{}/returns, by 100, shop after shop.

        Open are those whose money is not decided about, or not settled yet. Orders that were not
        picked up are no returns here: ``api.returns.list`` has them. Photos are read with
        ``api.returns.photo``, by the hashes in ``raw``.
        """
        statuses = {None: None, True: mapping.OPEN_RETURNS, False: mapping.CLOSED_RETURNS}[is_open]
        return lists.list_returns(self.api, self._cabinet, statuses=statuses)

    async def _get_return(self, return_id: str, known: Return | None) -> Return:
        """One request where its shop and order are known, as of those that were listed.

        Where only the order is known, each shop is asked for it. With the id alone the returns are
        listed until it is found.
        """
        return await self._deciding().read(int(return_id), known)

    async def _decisions(self, item: Return) -> Sequence[Decision]:
        """POST v1/businesses/{}/returns/decisions; with a ref the return is read before."""
        return await self._deciding().possible(item)

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

        With a ref, or where its shop is not known, the return is read before.

        A comment is needed by ``REFUND_MONEY_INCLUDING_SHIPMENT`` (the price of the way back),
        ``REPAIR`` (until when) and ``OTHER_DECISION`` (what is offered).
        """
        deciding = self._deciding()
        await deciding.decide(item, decision, comment=comment, reason=reason, amount=amount)

    def _deciding(self) -> Deciding:
        return Deciding(self._urgent, self._cabinet)

    # Archives and events.

    def _sweep_feedbacks(self, span: Span, options: SweepOptions) -> Sweep[Feedback]:
        return sweep_feedbacks(self.api, self._cabinet, self._parallel, span, options)

    def _sweep_questions(self, span: Span, options: SweepOptions) -> Sweep[Question]:
        return sweep_questions(self.api, self._cabinet, self._parallel, span, options)

    def _streams(self) -> Sequence[Stream]:
        """All four, since without a request it is not known what a credential opens."""
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
        """It answers at ``/shop`` and ``/shop/notification``, where it is mounted at ``/shop``.

        It looks up the account's shops once, when it starts. It refuses what does not come from
        Market's addresses, and notifications of other businesses; see
        ``wbym_yandex_market._following.notifications``. With orders and pings ``on_hints`` is not
        called.
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

    # What the hooks share.

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
    """What a chat is to be opened about: an order, or else a return."""
    from wbym_yandex_market.api.chats import ChatContext

    if order_id is not None:
        return ChatContext(type="ORDER", id=int(order_id))
    return ChatContext(type="RETURN", id=int(return_id or 0))
