"""An account in memory, for tests of programs that use wbym."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import ClassVar, Final, Generic, Never, TypeVar

from msgspec.structs import replace

from wbym.account import (
    NOT_BUILT,
    Account,
    AnyRecord,
    Capabilities,
    Capability,
    CatalogRow,
    CheckReport,
    CredentialFacts,
    Filters,
    ReadOptions,
    Receipt,
    Support,
    Supported,
)
from wbym.calls import Endpoint, Refusal, Response, Upload
from wbym.domain import (
    Action,
    Answer,
    AnswerStatus,
    Attachment,
    Author,
    Chat,
    ChatStatus,
    Decision,
    Delivery,
    Feedback,
    Message,
    Money,
    Noun,
    Question,
    QuestionStatus,
    Record,
    Ref,
    Return,
    ReturnStatus,
)
from wbym.errors import InvalidInput, NotFound, Unsupported
from wbym.limits import Charge, LimitSignal, Priority, Scheduler
from wbym.paging import BodyGate, Chunk, Listing, SinglePage, listing_of

__all__ = ["FakeAccount"]

K = TypeVar("K", bound=Record)
T = TypeVar("T")

_MISSING: Final = {
    Capability.OPEN_CHAT,
    Capability.DOWNLOAD,
    Capability.COMMENTS,
    Capability.SKIP_REACTION,
    Capability.SWEEP_FEEDBACKS,
    Capability.SWEEP_QUESTIONS,
    Capability.EVENTS,
    Capability.NOTIFICATIONS,
}
_CLOSED: Final = {ReturnStatus.REJECTED, ReturnStatus.COMPLETED, ReturnStatus.CANCELLED}


class FakeAccount(Account):
    """An account with given records that makes no requests.

    It makes the checks of every account, filters its lists, and keeps sent replies: a message is
    added to its chat, an answer to its feedback, a decided return is in progress::

        feedback = Feedback(ref=Ref("fake", "fake", Noun.FEEDBACK, "1"), created_at=now, rating=5)
        shop = FakeAccount(feedbacks=[feedback])
        await program_under_test(shop)
        assert [delivery.text for delivery in shop.sent] == ["Спасибо!"]

    It has no sweeps, events, notifications or downloads, and :meth:`call` and :meth:`group` have no
    operations: using them raises ``Unsupported``.

    Args:
        chats: The chats, in the order in which they are listed.
        messages: The messages of all chats.
        questions: The questions.
        feedbacks: The feedbacks.
        returns: The returns, in the order in which they are listed.
        name: The account's name, as in the refs of its records.
        marketplace: The marketplace's name, as in the refs of its records.
        capabilities: A marketplace's capabilities, such as ``Wildberries.CAPABILITIES``: then the
            account has that marketplace's bounds, and lacks the same capabilities. By default it
            has no bounds.

    Raises:
        RefError: A record's ref is of another account, or not of the record's type.
    """

    marketplace = "fake"
    CAPABILITIES: ClassVar[Capabilities] = MappingProxyType(
        {
            **dict.fromkeys(Capability, Supported(Support.NATIVE)),
            **dict.fromkeys(_MISSING, NOT_BUILT),
            Capability.DECIDE: Supported(Support.NATIVE, {"reason": True, "amount": True}),
        }
    )

    def __init__(
        self,
        *,
        chats: Iterable[Chat] = (),
        messages: Iterable[Message] = (),
        questions: Iterable[Question] = (),
        feedbacks: Iterable[Feedback] = (),
        returns: Iterable[Return] = (),
        name: str = "fake",
        marketplace: str = "fake",
        capabilities: Capabilities | None = None,
    ) -> None:
        # A real account class has one marketplace; a fake account can represent any.
        self.marketplace = marketplace  # type: ignore[misc]
        if capabilities is not None:
            self.CAPABILITIES = _feasible(capabilities)  # type: ignore[misc]
        super().__init__(_NoHttp(marketplace, name), scheduler=Scheduler())
        self.sent: Final[list[Delivery]] = []
        """The deliveries of all messages, answers, edits, rejections and decisions, in order."""
        self._records: dict[Ref, AnyRecord] = {}
        for records in (chats, messages, questions, feedbacks, returns):
            for record in records:
                self.add(record)

    def add(self, record: AnyRecord) -> None:
        """Add a record, or replace the one with the same ref.

        Raises:
            RefError: Its ref is of another account, or not of the record's type.
        """
        self._records[self.inputs.own_ref("add", record, _NOUN_OF[type(record)])] = record

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {len(self._records)} records)"

    @classmethod
    def catalog(cls) -> list[CatalogRow]:
        """Empty: a fake account has no operations."""
        return []

    def credentials(self) -> list[CredentialFacts]:
        """Empty: a fake account needs no credentials."""
        return []

    async def check(self, *, online: bool = True, ping: bool = False) -> CheckReport:
        """A report without methods.

        Args:
            online: Has no effect.
            ping: Has no effect.
        """
        return CheckReport((), ())

    # Chats.

    def _chats(self, waiting: bool | None, options: ReadOptions) -> Listing[Chat]:
        return self._listing(Chat).filter(
            lambda chat: waiting is None or chat.waiting_for_seller is waiting
        )

    async def _get_chat(self, chat_id: str) -> Chat:
        return self._find(Chat, chat_id)

    def _messages(
        self, chat: Chat, since: datetime | None, options: ReadOptions
    ) -> Listing[Message]:
        self._find(Chat, chat.ref.id)
        return self._listing(Message).filter(
            lambda message: message.chat == chat.ref and (since is None or message.sent_at >= since)
        )

    async def _get_message(self, message_id: str) -> Message:
        return self._find(Message, message_id)

    async def _send(self, chat: Chat, text: str, files: Sequence[Upload]) -> Receipt:
        known = self._find(Chat, chat.ref.id)
        now = datetime.now(UTC)
        number = f"sent-{len(self.sent) + 1}"
        message = Message(
            ref=Ref(self.marketplace, self.name, Noun.MESSAGE, number),
            chat=known.ref,
            author=Author.SELLER,
            sent_at=now,
            text=text or None,
            attachments=tuple(Attachment(name=file.name, size=len(file.content)) for file in files),
        )
        self.add(message)
        self.add(
            replace(
                known,
                status=ChatStatus.WAITING_FOR_BUYER,
                updated_at=now,
                last_text=text,
                waiting_since=None,
            )
        )
        return Receipt(now, number)

    # Questions and feedbacks.

    def _questions(self, filters: Filters, options: ReadOptions) -> Listing[Question]:
        return self._listing(Question).filter(lambda item: _is_wanted(item, filters))

    async def _get_question(self, question_id: str) -> Question:
        return self._find(Question, question_id)

    async def _answer_question(self, question: Question, text: str) -> None:
        self._answered(question, text)

    async def _edit_question_answer(self, question: Question, answer: Answer, text: str) -> None:
        self._answered(question, text)

    async def _reject_question(self, question: Question, reason: str) -> None:
        self.add(replace(self._find(Question, question.ref.id), status=QuestionStatus.REJECTED))

    def _feedbacks(self, filters: Filters, options: ReadOptions) -> Listing[Feedback]:
        listing = self._listing(Feedback)
        if filters.answered is not None:
            listing = listing.map(_with_answer)
        return listing.filter(lambda item: _is_wanted(item, filters))

    async def _get_feedback(self, feedback_id: str) -> Feedback:
        return _with_answer(self._find(Feedback, feedback_id))

    async def _answer_feedback(self, feedback: Feedback, text: str) -> None:
        self._answered(feedback, text)

    async def _edit_feedback_answer(self, feedback: Feedback, answer: Answer, text: str) -> None:
        self._answered(feedback, text)

    # Returns.

    def _returns(self, is_open: bool | None, options: ReadOptions) -> Listing[Return]:
        return self._listing(Return).filter(
            lambda item: is_open is None or (item.status not in _CLOSED) is is_open
        )

    async def _get_return(self, return_id: str, known: Return | None) -> Return:
        return self._find(Return, return_id)

    async def _decide(
        self,
        item: Return,
        decision: Decision,
        *,
        comment: str | None,
        reason: str | None,
        amount: Money | None,
    ) -> None:
        known = self._find(Return, item.ref.id)
        self.add(replace(known, status=ReturnStatus.IN_PROGRESS, decisions=(), reply_until=None))

    # Shared by the hooks.

    def _accepted(
        self,
        action: Action,
        target: Ref,
        text: str,
        receipt: Receipt | None,
        decision: str | None = None,
    ) -> Delivery:
        delivery = super()._accepted(action, target, text, receipt, decision)
        self.sent.append(delivery)
        return delivery

    def _find(self, kind: type[K], record_id: str) -> K:
        found = self._records.get(Ref(self.marketplace, self.name, _NOUN_OF[kind], record_id))
        if not isinstance(found, kind):
            raise NotFound(
                f"{_NOUN_OF[kind]} {record_id} does not exist",
                marketplace=self.marketplace,
                account=self.name,
                endpoint="get",
                status=404,
            )
        return found

    def _listing(self, kind: type[K]) -> Listing[K]:
        def read() -> list[K]:
            found = [record for record in self._records.values() if isinstance(record, kind)]
            return sorted(found, key=_place)

        is_newest_first = kind in {Question, Feedback}
        return listing_of(_InMemory(f"{_NOUN_OF[kind]}s", read), newest_first=is_newest_first)

    def _answered(self, item: Question | Feedback, text: str) -> None:
        known = self._find(type(item), item.ref.id)
        answer = Answer(text, AnswerStatus.PUBLISHED, created_at=datetime.now(UTC))
        if isinstance(known, Question):
            self.add(replace(known, answer=answer, status=QuestionStatus.ANSWERED))
        else:
            self.add(replace(known, answer=answer, answer_known=True))


_NOUN_OF: Final[Mapping[type[Record], Noun]] = MappingProxyType(
    {
        Chat: Noun.CHAT,
        Message: Noun.MESSAGE,
        Question: Noun.QUESTION,
        Feedback: Noun.FEEDBACK,
        Return: Noun.RETURN,
    }
)


def _place(record: Record) -> float:
    """Sort key: messages oldest first, questions and feedbacks newest first, others as given."""
    if isinstance(record, Message):
        return record.sent_at.timestamp()
    if isinstance(record, Question | Feedback):
        return -record.created_at.timestamp()
    return 0


def _feasible(capabilities: Capabilities) -> Capabilities:
    """The capabilities without those that a fake account lacks."""
    return MappingProxyType(
        {
            capability: NOT_BUILT if capability in _MISSING else supported
            for capability, supported in capabilities.items()
        }
    )


def _with_answer(item: Feedback) -> Feedback:
    """The feedback with a known answer, as if read alone or filtered by ``answered``."""
    return item if item.answer_known else replace(item, answer_known=True)


def _is_wanted(item: Question | Feedback, filters: Filters) -> bool:
    articles = set() if item.product is None else {item.product.id, item.product.seller_sku}
    return (
        (filters.answered is None or item.answered is filters.answered)
        and (filters.since is None or item.created_at >= filters.since)
        and (filters.until is None or item.created_at <= filters.until)
        and (filters.product is None or filters.product in articles)
        and (
            filters.ratings is None
            or (isinstance(item, Feedback) and item.rating in filters.ratings)
        )
    )


class _InMemory(Generic[T]):
    """A list of the current records, in one page."""

    scheme: Final = SinglePage()

    def __init__(self, method: str, read: Callable[[], Sequence[T]]) -> None:
        self.method: Final = method
        self._read = read

    async def fetch(
        self,
        cursor: str | None,
        size: int | None,
        *,
        priority: Priority | None,
        gate: BodyGate | None = None,
    ) -> Chunk[T]:
        if cursor is not None:
            raise InvalidInput(self.method, "cursor", "must be a cursor of this list", cursor)
        found = self._read()
        return Chunk(found, len(found))


class _NoHttp:
    """The dialect of a fake account, which makes no requests."""

    owners: Final = ()

    def __init__(self, marketplace: str, account: str) -> None:
        self.marketplace: Final = marketplace
        self.account: Final = account

    def address(self, endpoint: Endpoint[object]) -> Never:
        raise Unsupported(self.marketplace, "call", "operation", endpoint.name)

    def authorize(self, endpoint: Endpoint[object]) -> Mapping[str, str]:
        return {}

    def charges(
        self, endpoint: Endpoint[object], path: Mapping[str, str | int]
    ) -> Sequence[Charge]:
        return ()

    def signal(self, response: Response) -> LimitSignal | None:
        return None

    def refusal(self, response: Response) -> Refusal | None:
        return None
