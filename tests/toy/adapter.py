"""Toy as an account of wbym, and what it can do."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from types import MappingProxyType
from typing import ClassVar, Final, Self, TypeVar

import aiohttp

from tests.toy import api, mapping
from tests.toy.dialect import MARKETPLACE, QUOTAS, URL, ToyDialect
from wbym.account import (
    AccountBase,
    Capabilities,
    Capability,
    CatalogRow,
    CheckReport,
    CredentialFacts,
    MethodFacts,
    Support,
    Supported,
    ask,
    require_filters,
)
from wbym.calls import (
    DEFAULT_MAX_WAIT,
    AiohttpTransport,
    Download,
    Length,
    Pipeline,
    RetryPolicy,
    Upload,
)
from wbym.domain import Attachment, Chat, Feedback, Message, Question, Sent, Waiting
from wbym.errors import InvalidInput, InvalidToken, Unsupported
from wbym.limits import BucketState, Priority, shared_scheduler
from wbym.paging import Listing

R = TypeVar("R")


def _bounds(text: Length) -> dict[str, int]:
    return {"min_text_length": text.min, "max_text_length": text.max}


CAPABILITIES: Final[Capabilities] = MappingProxyType(
    dict.fromkeys(Capability, Supported(Support.ABSENT))
    | {
        Capability.CHATS: Supported(Support.NATIVE),
        Capability.CHATS_WAITING: Supported(Support.NATIVE),
        Capability.MESSAGES: Supported(Support.NATIVE),
        Capability.SEND: Supported(Support.NATIVE, _bounds(api.MESSAGE)),
        Capability.FEEDBACKS: Supported(Support.NATIVE),
        Capability.FEEDBACKS_ANSWERED: Supported(Support.NATIVE),
        Capability.FEEDBACKS_RATING: Supported(
            Support.EMULATED, note="all are read, and the others are left out"
        ),
        Capability.ANSWER_FEEDBACK: Supported(Support.NATIVE, _bounds(api.REPLY)),
        Capability.EDIT_FEEDBACK_ANSWER: Supported(Support.NOT_BUILT),
    }
)


class Toy(AccountBase):
    """One seller's account; it has the nouns ``Chats`` and ``Feedbacks``."""

    marketplace: ClassVar[str] = MARKETPLACE
    capabilities: ClassVar[Capabilities] = CAPABILITIES

    def __init__(
        self,
        key: str,
        *,
        name: str = MARKETPLACE,
        base_url: str | None = None,
        session: aiohttp.ClientSession | None = None,
        retry: RetryPolicy | None = None,
        max_wait: float | None = DEFAULT_MAX_WAIT,
    ) -> None:
        if ":" not in key:
            raise InvalidToken(name, "a key of Toy is SELLER:SECRET")
        super().__init__(name)
        self._scheduler = shared_scheduler()
        self._dialect = ToyDialect(name, key, base_url)
        self._pipeline = Pipeline(
            dialect=self._dialect,
            transport=AiohttpTransport(session=session),
            scheduler=self._scheduler,
            retry=retry,
            max_wait=max_wait,
            on_set_aside=self.keep,
        )
        self._chats = api.Chats(self._pipeline)
        self._feedbacks = api.Feedbacks(self._pipeline)

    # What every account has.

    @classmethod
    def catalog(cls) -> list[CatalogRow]:
        return [
            CatalogRow(MARKETPLACE, one.name, one.method, one.path, URL, one.scope, limit, limit)
            for one in (row.endpoint for row in api.ROWS)
            for limit in [f"{QUOTAS[one.buckets[0]].limit:g} a second"]
        ]

    @classmethod
    def from_secret(
        cls,
        secret: str,
        *,
        name: str,
        base_url: str | None = None,
        max_wait: float | None = DEFAULT_MAX_WAIT,
    ) -> Self:
        return cls(secret, name=name, base_url=base_url, max_wait=max_wait)

    def credentials(self) -> list[CredentialFacts]:
        return [CredentialFacts("key", self._dialect.seller, ("talk",), None, False)]

    async def check(self, *, online: bool = True, ping: bool = False) -> CheckReport:
        return CheckReport(
            tuple(self.credentials()),
            tuple(
                MethodFacts(row.name, row.scope, self._dialect.url, row.limit)
                for row in self.catalog()
            ),
            (await ask("chats", self._first_page()),) if online else (),
        )

    async def _first_page(self) -> str:
        return f"{len((await self._chats.list().page()).items)} on the first page"

    async def counts(self) -> Waiting:
        chats = await self.chats(waiting_for_seller=True).all()
        feedbacks = await self.feedbacks(answered=False).all()
        return Waiting(chats=len(chats), feedbacks=len(feedbacks))

    def limits(self) -> list[BucketState]:
        owner = self._dialect.owner
        return [state for state in self._scheduler.buckets() if state.key.owner == owner]

    # Chats.

    def chats(
        self,
        *,
        waiting_for_seller: bool | None = None,
        cursor: str | None = None,
        priority: Priority | None = None,
    ) -> Listing[Chat]:
        listing = self._chats.list(unread=waiting_for_seller)
        return listing.using(cursor=cursor, priority=priority).map(
            lambda wire: mapping.chat(wire, self.name)
        )

    def messages(
        self,
        chat: Chat,
        *,
        since: datetime | None = None,
        cursor: str | None = None,
        priority: Priority | None = None,
    ) -> Listing[Message]:
        self._own("messages", chat)
        self._lacks("messages", since=since)
        listing = self._chats.messages(chat.ref.id)
        return listing.using(cursor=cursor, priority=priority).map(
            lambda wire: mapping.message(wire, chat.ref)
        )

    async def send(self, chat: Chat, text: str, *, files: Sequence[Upload] = ()) -> Sent:
        self._own("send", chat)
        self._lacks("send", files=files or None)
        await self._chats.send(chat.ref.id, text)
        return Sent(chat=chat.ref, text=text, sent_at=datetime.now(UTC))

    def download(self, attachment: Attachment) -> AbstractAsyncContextManager[Download]:
        raise Unsupported(MARKETPLACE, "download", "attachment", attachment)

    # Feedbacks.

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
        require_filters(
            "feedbacks", answered=answered, since=since, until=until, product=product, rating=rating
        )
        self._lacks("feedbacks", since=since, until=until, product=product)
        wires = self._feedbacks.list(answered=answered)
        listing = wires.using(cursor=cursor, prefetch=prefetch, priority=priority).map(
            lambda wire: mapping.feedback(wire, self.name)
        )
        if rating is None:
            return listing
        return listing.filter(lambda item: item.rating in rating)

    async def answer(self, item: Question | Feedback, text: str) -> None:
        self._own("answer", item)
        if isinstance(item, Question):
            raise Unsupported(MARKETPLACE, "answer", "item", item.ref)
        if item.answered:
            raise InvalidInput("answer", "item", "must have no answer", item.ref)
        await self._feedbacks.reply(item.ref.id, text)

    async def edit_answer(self, item: Question | Feedback, text: str) -> None:
        raise Unsupported(MARKETPLACE, "edit_answer", "item", item.ref)

    # What they share.

    def _own(self, method: str, item: Chat | Question | Feedback) -> None:
        if (item.ref.marketplace, item.ref.account) != (MARKETPLACE, self.name):
            rule = f"must be of the account {MARKETPLACE}/{self.name}"
            raise InvalidInput(method, "ref", rule, str(item.ref))

    def _lacks(self, method: str, **arguments: object) -> None:
        for name, value in arguments.items():
            if value is not None:
                raise Unsupported(MARKETPLACE, method, name, value)
