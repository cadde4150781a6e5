"""A Wildberries seller as an account of wbym."""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from functools import cached_property
from typing import ClassVar, Final, Self, Unpack

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
    ReadOptions,
    Receipt,
    Stream,
    SweepOptions,
    hide_addresses,
)
from wbym.calls import Download, SecretText, Upload, row
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
    WaitingCounts,
)
from wbym.errors import BadRequest, InvalidInput, InvalidToken, NotFound, UnreadableReply
from wbym.limits import Priority, Quota
from wbym.observe import LogFacts
from wbym.paging import Listing, Span, Sweep
from wbym_wildberries import _mapping as mapping
from wbym_wildberries._capabilities import CAPABILITIES, narrowed
from wbym_wildberries._dialect import WildberriesDialect
from wbym_wildberries._limits import BUCKETS, Tier
from wbym_wildberries._mapping import MARKETPLACE
from wbym_wildberries._reading import lists
from wbym_wildberries._reading.chats import ChatReader
from wbym_wildberries._reading.sweeps import (
    EARLIEST,
    WildberriesSweeps,
    sweep_feedbacks,
    sweep_questions,
)
from wbym_wildberries._token import Token
from wbym_wildberries.api import Api

__all__ = ["Wildberries", "WildberriesOptions"]

logger = logging.getLogger("wbym.wildberries")


class WildberriesOptions(AccountOptions, frozen=True, kw_only=True):
    """The options of a Wildberries account besides its tokens."""

    sandbox: bool = False
    """Whether to call WB's sandbox hosts; chats and returns have none."""
    tier: Tier | None = None
    """The row of limits, if the token's type does not say."""


class Wildberries(Account):
    """One seller's account at Wildberries.

    Use it as ``async with Wildberries(token) as shop``; it is bound to the running loop.

    Args:
        token: The seller's token, or several tokens of the same seller (one per category, as
            cabinets issue them).
        name: The account's name, in ``ref``, errors and logs.
        sandbox: Whether to call WB's sandbox hosts; chats and returns have none.
        tier: The row of limits, if the token's type does not say: ``Tier.STANDARD`` for a base
            token that is used with a service's secret.
        quotas: Limits by bucket name (see :meth:`limits`) that replace the
            published ones: if WB has agreed to others, or for a simulator.
        base_url: One server instead of WB's hosts: a simulator, a proxy.
        connection: The arguments of all accounts; see :class:`wbym.account.Connection`.

    Raises:
        InvalidToken: A token is not a Wildberries token, or the tokens belong to several sellers.
        InvalidInput: ``base_url`` is not the address of a server, or ``quotas`` has a name that is
            not a bucket.
    """

    marketplace: ClassVar[str] = MARKETPLACE
    CAPABILITIES: ClassVar[Capabilities] = CAPABILITIES
    EARLIEST: ClassVar[datetime] = EARLIEST
    Options: ClassVar[type[AccountOptions]] = WildberriesOptions
    MULTIPLE_SECRETS: ClassVar[frozenset[str]] = frozenset({"secret"})

    def __init__(
        self,
        token: str | Iterable[str],
        *,
        name: str = MARKETPLACE,
        sandbox: bool = False,
        tier: Tier | None = None,
        quotas: Mapping[str, Quota] | None = None,
        base_url: str | None = None,
        **connection: Unpack[Connection],
    ) -> None:
        token = [SecretText(text) for text in ([token] if isinstance(token, str) else token)]
        hide_addresses(connection)
        if not token:
            raise InvalidToken(name, "no token was given")
        tokens = [Token(text, account=name) for text in token]
        if len({token.seller for token in tokens}) > 1:
            raise InvalidToken(
                name, "the tokens belong to several sellers: create one account per seller"
            )
        self.tokens: Final = tuple(tokens)
        self._dialect = WildberriesDialect(
            name, tokens, base_url=base_url, sandbox=sandbox, tier=tier, quotas=quotas
        )
        super().__init__(self._dialect, **connection)
        self.api: Final = Api(self._pipeline)
        """Typed methods for the documented operations."""
        self._reader = ChatReader(self.api, name)
        # A single record is read before a person's reply, which precedes background reading.
        self._urgent = self.api.at(Priority.INTERACTIVE)
        self._warn()

    @classmethod
    def from_secrets(
        cls,
        secrets: Mapping[str, Sequence[str]],
        *,
        name: str,
        options: AccountOptions | None = None,
    ) -> Self:
        """Create an account from its token, or from several tokens of one seller.

        Args:
            secrets: ``secret``: the token or tokens.
            name: The account's name.
            options: Other arguments of the constructor.
        """
        return cls(secrets.get("secret", ()), name=name, **structs.asdict(options or cls.Options()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, seller {self.tokens[0].seller})"

    @property
    def capabilities(self) -> Capabilities:
        """WB's capabilities without those that the tokens do not cover or the sandbox lacks."""
        return narrowed(self._dialect)

    @classmethod
    def catalog(cls) -> list[CatalogRow]:
        """All operations of the adapter."""
        from wbym_wildberries._facts import catalog  # loads every operation

        return catalog()

    def credentials(self) -> list[CredentialFacts]:
        """The facts in each token, read offline."""
        from wbym_wildberries._facts import credential_facts

        return [credential_facts(token, self._dialect.tier_of(token)) for token in self.tokens]

    async def check(self, *, online: bool = True, ping: bool = False) -> CheckReport:
        """Report what the account can do, by its tokens, WB's limits and WB's own answers.

        Args:
            online: Whether to ask WB who the seller is (GET /api/v1/seller-info), with one of the
                tokens; a base token allows that once a day.
            ping: Whether to ping each host that the tokens cover (GET /ping), once and with the
                token that its calls use. WB blocks callers that ping more than three times in 30 s;
                this process never does, but leave pings to people rather than to a loop.
        """
        from wbym_wildberries._facts import check

        return await check(self._dialect, self.api, online=online, ping=ping)

    async def counts(self) -> WaitingCounts:
        """Count unanswered items: two counters, the total of open claims, and waiting chats.

        WB has no counter of chats: counting them reads their list, and the feed of events since the
        oldest last message.
        """
        open_claims = self.api.claims.list(is_archive=False).using(size=1)
        try:
            async with asyncio.TaskGroup() as group:
                unanswered = group.create_task(self.api.questions.count_unanswered())
                unprocessed = group.create_task(self.api.feedbacks.count_unanswered())
                under_review = group.create_task(open_claims.page())
                waiting = group.create_task(self.chats(waiting_for_seller=True).all())
        except ExceptionGroup as failed:
            first, *others = failed.exceptions
            for other in others:
                first.add_note(f"another call failed too: {type(other).__name__}: {other}")
            raise first from first.__cause__
        return WaitingCounts(
            chats=len(waiting.result()),
            questions=unanswered.result().count_unanswered,
            feedbacks=unprocessed.result().count_unanswered,
            returns=under_review.result().total or 0,
        )

    # Chats.

    def _chats(self, waiting: bool | None, options: ReadOptions) -> Listing[Chat]:
        """GET /api/v1/seller/chats, in one page.

        With ``waiting`` the feed of events is read too, since WB's list does not say who wrote
        last; WB's automatic messages are not replies. Each chat then has its status, and chats that
        only the feed has so far are included.
        """
        return self._reader.chats(waiting=waiting)

    async def _get_chat(self, chat_id: str) -> Chat:
        """One request for the list of chats; a chat that is not listed yet is built from events."""
        found = await self._reader.find(chat_id)
        if found is None:
            raise self._not_found("chats.list", f"chat {chat_id} does not exist")
        return found

    def _messages(
        self, chat: Chat, since: datetime | None, options: ReadOptions
    ) -> Listing[Message]:
        """GET /api/v1/seller/events: one feed for all chats, read from ``since``."""
        return self._reader.messages(chat.ref.id, since=since)

    def _all_messages(self, since: datetime) -> Listing[Message]:
        """GET /api/v1/seller/events, read from ``since``."""
        return self._reader.all_messages(since)

    async def _get_message(self, message_id: str) -> Message:
        """Read the feed of events from its beginning until the message."""
        found = await self._reader.find_message(message_id)
        if found is None:
            raise self._not_found("chats.events", f"message {message_id} does not exist")
        return found

    async def _send(self, chat: Chat, text: str, files: Sequence[Upload]) -> Receipt:
        """POST /api/v1/seller/message, after the list of chats if the signature is not known.

        The signature of a chat that is not listed is in its first event: then the feed of events is
        read too, backwards from its end if the time of that event is not known.
        """
        chat_id = chat.ref.id
        signature = await self._reader.find_signature(chat)
        try:
            answer = await self.api.chats.send(signature, text, files=files)
        except (BadRequest, NotFound) as rejection:
            if not _is_about_signature(rejection):
                raise
            # WB changes signatures at times. A rejected message was not sent, so sending it with a
            # new signature cannot duplicate it; the same signature would be rejected again.
            self._reader.signatures.forget(chat_id, signature)
            fresh = await self._reader.find_signature(chat)
            if fresh == signature:
                raise
            answer = await self.api.chats.send(fresh, text, files=files)
        stamp = answer.result.add_time if answer.result is not None else None
        return Receipt(mapping.moment_of_stamp(stamp), failed_files=tuple(answer.errors or ()))

    def _download(self, attachment: Attachment) -> AbstractAsyncContextManager[Download]:
        """GET /api/v1/seller/download/{id}."""
        if attachment.id is None:
            raise InvalidInput("download", "attachment", "must have an id", attachment)
        return self.api.chats.download(attachment.id)

    # Questions and feedbacks.

    def _questions(self, filters: Filters, options: ReadOptions) -> Listing[Question]:
        """GET /api/v1/questions: one list, or both if ``answered`` is not given.

        WB lists the first 10,000; if there are more, ``PagingLimit`` is raised after them.
        """
        return lists.list_questions(self.api, self.name, filters)

    async def _get_question(self, question_id: str) -> Question:
        """GET /api/v1/question: one request."""
        wire = await self._urgent.questions.get(question_id)
        return mapping.question(wire, self.name)

    async def _answer_question(self, question: Question, text: str) -> None:
        """GET /api/v1/question, PATCH .../questions: WB treats a second answer as an edit."""
        await self.api.questions.answer(question.ref.id, text)

    async def _edit_question_answer(self, question: Question, answer: Answer, text: str) -> None:
        """PATCH /api/v1/questions, once and within 60 days."""
        await self.api.questions.answer(question.ref.id, text)

    async def _reject_question(self, question: Question, reason: str) -> None:
        """PATCH /api/v1/questions."""
        await self.api.questions.reject(question.ref.id, reason)

    def _feedbacks(self, filters: Filters, options: ReadOptions) -> Listing[Feedback]:
        """GET /api/v1/feedbacks.

        ``answered=False`` reads the list that WB counts as unprocessed. A feedback without a reply
        leaves that list after 30 days, or at once if it has neither text nor photos; to find those
        too, list all feedbacks and check ``answered``. WB pages up to ``skip`` 199,990; if there
        are more, ``PagingLimit`` is raised after them.
        """
        return lists.list_feedbacks(self.api, self.name, filters)

    async def _get_feedback(self, feedback_id: str) -> Feedback:
        """GET /api/v1/feedback: one request."""
        wire = await self._urgent.feedbacks.get(feedback_id)
        return mapping.feedback(wire, self.name)

    async def _answer_feedback(self, feedback: Feedback, text: str) -> None:
        """GET /api/v1/feedback, POST .../feedbacks/answer.

        WB accepts an answer to a feedback that does not exist, so the feedback is read first.
        """
        await self.api.feedbacks.answer(feedback.ref.id, text)

    async def _edit_feedback_answer(self, feedback: Feedback, answer: Answer, text: str) -> None:
        """PATCH /api/v1/feedbacks/answer, once and within 60 days."""
        await self.api.feedbacks.edit_answer(feedback.ref.id, text)

    # Returns: WB's claims.

    def _returns(self, is_open: bool | None, options: ReadOptions) -> Listing[Return]:
        """GET /api/v1/claims: the claims of the last 14 days; WB does not list older ones.

        Their times have no zone and are read as Moscow time.
        """
        return lists.list_returns(self.api, self.name, is_open)

    async def _get_return(self, return_id: str, known: Return | None) -> Return:
        """GET /api/v1/claims with the id: one request, or two for an archived claim."""
        name = row(type(self.api.claims).list).name
        for is_archive in (False, True):
            found = await self._urgent.claims.list(is_archive=is_archive, id=return_id).page()
            if found.items:
                return mapping.return_request(found.items[0], self.name)
            if found.undecodable:
                raise UnreadableReply(
                    f"claim {return_id} cannot be decoded",
                    marketplace=MARKETPLACE,
                    account=self.name,
                    endpoint=name,
                )
        raise self._not_found(name, f"no claim of the last 14 days has the id {return_id}")

    async def _decide(
        self,
        item: Return,
        decision: Decision,
        *,
        comment: str | None,
        reason: str | None,
        amount: Money | None,
    ) -> None:
        """PATCH /api/v1/claim with one of the claim's actions; a ref's claim is read first."""
        await self.api.claims.decide(item.ref.id, decision.id, comment=comment)

    # Archives and events.

    @property
    def sweep(self) -> WildberriesSweeps:
        """Sweeps of all feedbacks and questions, complete even if they change meanwhile."""
        return WildberriesSweeps(self, self.inputs.require)

    def _sweep_feedbacks(self, span: Span, options: SweepOptions) -> Sweep[Feedback]:
        return sweep_feedbacks(self.api, self.name, self._pipeline.report, span, options)

    def _sweep_questions(self, span: Span, options: SweepOptions) -> Sweep[Question]:
        return sweep_questions(self.api, self.name, self._pipeline.report, span, options)

    def _streams(self) -> Sequence[Stream]:
        """Chats, questions, feedbacks and returns, as far as the tokens cover them.

        Chats are polled as often as their limit allows, which is every second; questions and
        feedbacks every 30 s, returns every minute, each less often if the limits are lower.
        Streams that cannot be followed are logged with the missing category.
        """
        return self._cached_streams

    @cached_property
    def _cached_streams(self) -> tuple[Stream, ...]:
        from wbym_wildberries._following.streams import open_streams  # loads the feed

        return open_streams(self.api, self._dialect, self._reader, self._pipeline.report)

    def _not_found(self, endpoint: str, message: str) -> NotFound:
        return NotFound(message, marketplace=MARKETPLACE, account=self.name, endpoint=endpoint)

    def _warn(self) -> None:
        if all(self._dialect.tier_of(token) is not Tier.BASE for token in self.tokens):
            return
        slow, slowest = (
            BUCKETS[name][Tier.BASE].interval / 60
            for name in ("feedbacks-and-questions", "chats.list")
        )
        logger.warning(
            "%s: a base token allows one call to feedbacks and questions every %.0f min, and "
            "one to chats and claims every %.0f min; a personal or service token allows far more",
            self.name,
            slow,
            slowest,
            extra=LogFacts(marketplace=MARKETPLACE, account=self.name),
        )


def _is_about_signature(error: BadRequest | NotFound) -> bool:
    return "signature" in error.message.lower() or "replysign" in error.message.lower()
