"""A Toy seller as an account of wbym: its capabilities, and a hook for each."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final, Self, Unpack

from msgspec import structs

from tests.toy import api, mapping
from tests.toy.dialect import MARKETPLACE, QUOTA, URL, ToyDialect
from wbym.account import (
    Account,
    AccountOptions,
    Capabilities,
    Capability,
    CatalogRow,
    CheckReport,
    Connection,
    CredentialFacts,
    Filters,
    MethodFacts,
    ReadOptions,
    Support,
    Supported,
    probe,
)
from wbym.calls import Upload
from wbym.domain import Chat, Feedback, Message
from wbym.errors import InvalidToken
from wbym.paging import Listing

_REPLY: Final = {"min_text_length": api.REPLY.min, "max_text_length": api.REPLY.max}

CAPABILITIES: Final[Capabilities] = MappingProxyType(
    {
        **dict.fromkeys(Capability, Supported(Support.ABSENT)),
        Capability.CHATS: Supported(Support.NATIVE),
        Capability.CHATS_WAITING: Supported(Support.NATIVE),
        Capability.MESSAGES: Supported(Support.NATIVE),
        Capability.SEND: Supported(Support.NATIVE, {"max_text_length": api.MESSAGE.max}),
        Capability.FEEDBACKS: Supported(Support.NATIVE),
        Capability.GET_FEEDBACK: Supported(Support.NATIVE),
        Capability.FEEDBACKS_ANSWERED: Supported(Support.NATIVE),
        Capability.FEEDBACKS_RATING: Supported(Support.EMULATED, note="reads all and filters"),
        Capability.ANSWER_FEEDBACK: Supported(Support.NATIVE, _REPLY),
        Capability.EDIT_FEEDBACK_ANSWER: Supported(Support.NOT_BUILT),
    }
)


class Toy(Account):
    """One seller's account, with chats and feedbacks."""

    marketplace = MARKETPLACE
    CAPABILITIES = CAPABILITIES

    def __init__(
        self,
        key: str,
        *,
        name: str = MARKETPLACE,
        base_url: str | None = None,
        **connection: Unpack[Connection],
    ) -> None:
        if ":" not in key:
            raise InvalidToken(name, "a key of Toy is SELLER:SECRET")
        self._dialect = ToyDialect(name, key, base_url)
        super().__init__(self._dialect, **connection)
        self._chat_rows = api.Chats(self._pipeline)
        self._feedback_rows = api.Feedbacks(self._pipeline)

    @classmethod
    def from_secrets(
        cls,
        secrets: Mapping[str, Sequence[str]],
        *,
        name: str,
        options: AccountOptions | None = None,
    ) -> Self:
        (key,) = secrets["secret"]
        return cls(key, name=name, **structs.asdict(options or cls.Options()))

    @classmethod
    def catalog(cls) -> list[CatalogRow]:
        limit = f"{QUOTA.limit:g} per second"
        return [
            CatalogRow(
                MARKETPLACE, item.name, item.method, item.path, URL, item.scope, limit, limit
            )
            for item in (row.endpoint for row in api.ROWS)
        ]

    def credentials(self) -> list[CredentialFacts]:
        return [CredentialFacts("key", self._dialect.owners[0], ("talk",), None, False)]

    async def check(self, *, online: bool = True, ping: bool = False) -> CheckReport:
        url = self._dialect.url
        methods = [MethodFacts(row.name, row.scope, url, row.limit) for row in self.catalog()]
        probes = [await probe("chats", self._first_page())] if online else []
        return CheckReport(tuple(self.credentials()), tuple(methods), tuple(probes))

    async def _first_page(self) -> str:
        return f"{len((await self._chat_rows.list().page()).items)} on the first page"

    def _chats(self, waiting: bool | None, options: ReadOptions) -> Listing[Chat]:
        return self._chat_rows.list(unread=waiting).map(lambda wire: mapping.chat(wire, self.name))

    def _messages(
        self, chat: Chat, since: datetime | None, options: ReadOptions
    ) -> Listing[Message]:
        wires = self._chat_rows.messages(chat.ref.id)
        return wires.map(lambda wire: mapping.message(wire, chat.ref))

    async def _send(self, chat: Chat, text: str, files: Sequence[Upload]) -> None:
        await self._chat_rows.send(chat.ref.id, text)

    def _feedbacks(self, filters: Filters, options: ReadOptions) -> Listing[Feedback]:
        wires = self._feedback_rows.list(answered=filters.answered)
        listing = wires.map(lambda wire: mapping.feedback(wire, self.name))
        ratings = filters.ratings
        return listing if ratings is None else listing.filter(lambda item: item.rating in ratings)

    async def _get_feedback(self, feedback_id: str) -> Feedback:
        return mapping.feedback(await self._feedback_rows.get(feedback_id), self.name)

    async def _answer_feedback(self, feedback: Feedback, text: str) -> None:
        await self._feedback_rows.reply(feedback.ref.id, text)
