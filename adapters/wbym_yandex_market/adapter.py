"""A Yandex Market seller as an account of wbym: the neutral face."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Annotated

from wbym.account import require_flag, require_visible
from wbym.calls import Download, Range, Upload, require
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
from wbym.errors import InvalidInput
from wbym.limits import Priority
from wbym.paging import Listing
from wbym_yandex_market import listings, mapping, replies
from wbym_yandex_market.api.bounds import ANSWER, COMMENT
from wbym_yandex_market.decisions import Deciding, number_of
from wbym_yandex_market.files import open_file
from wbym_yandex_market.followed import FollowedAccount
from wbym_yandex_market.sending import context_of, send

__all__ = ["YandexMarket"]


class YandexMarket(FollowedAccount):
    """One seller's business, with all its shops.

    Use it as ``async with YandexMarket(api_key=...) as shop``; it is bound to the running loop.

    Args:
        api_key: The Api-Key of the seller's cabinet.
        business_id: The business ("кабинет"). Without it, it is asked for once, with the first call
            that needs it; a key that opens several businesses must be told which.
        name: The account's name, in ``ref``, errors and logs; ``yandex_market`` where not given.
        oauth: An OAuth token instead of the key; with a key, it is used for buyers' files only,
            which Market may refuse to a key.
        campaign_ids: The shops ("магазины") whose returns are read; without them all of the
            business, which are asked for once.
        base_url: One server instead of Market's: a simulator, a proxy.
        session: A session to borrow; it is left open.
        scheduler: What keeps the limits. Without one, the process has one that all accounts share,
            so that two clients of one business count together.
        max_wait: Seconds that a call waits for its limits at most before it raises
            ``QuotaExhausted``; None: as long as it takes.
        timeout: Seconds without a byte from Market after which a call fails.
        retry: How often and how soon failed calls are made again.
        subscription: Whether the business has a subscription to the API, with its higher limits.
        parallel: Calls under way at once per business or campaign.
        quotas: Budgets by bucket's name (see ``wbym_yandex_market.limits.BUCKETS``), instead of the
            published ones; what Market's headers state counts more.
        on_set_aside: Gets each record that could not be decoded; without it they are kept in
            :attr:`set_aside`.
        transport: What moves the bytes, instead of aiohttp; for tests.

    Raises:
        InvalidToken: There is no credential, or it cannot be one.
        InvalidInput: An id is none, ``base_url`` is not the address of a server, or ``quotas`` name
            no bucket.
    """

    async def counts(self) -> Waiting:
        """How much waits: Market has no counters, so the lists of what waits are read.

        Feedbacks are those that nobody has looked at (``NEED_REACTION``), as in Market's cabinet;
        questions and feedbacks of the last 180 days.
        """
        return await listings.count_waiting(self.api, self._cabinet, at_once=self._parallel)

    def chats(
        self,
        *,
        waiting_for_seller: bool | None = None,
        cursor: str | None = None,
        priority: Priority | None = None,
    ) -> Listing[Chat]:
        """The chats, by 20 (POST v2/businesses/{}/chats), in Market's order.

        Those that wait for the seller are the new ones and those in ``WAITING_FOR_PARTNER``;
        disputes are among them.
        """
        api = self.api.at(priority)
        listing = listings.list_chats(api, self.name, waiting=waiting_for_seller)
        return listing.using(cursor=cursor)

    async def chat(self, chat_id: str) -> Chat:
        """One chat by its id (GET v2/businesses/{}/chat).

        Raises:
            NotFound: There is none with this id.
        """
        wire = await self.api.chats.get(number_of("chat", "chat_id", chat_id))
        return mapping.chat(wire, self.name)

    async def open_chat(
        self, *, order_id: str | int | None = None, return_id: str | int | None = None
    ) -> Chat:
        """The chat about an order or a return, opened if there is none (POST .../chats/new).

        The buyer sees nothing of it before a message is sent. About returns for FBY, FBS and
        Express only.

        Raises:
            InvalidInput: Neither or both are given, or it is no id.
            NotFound: There is no such order or return of this seller.
        """
        opened = await self.api.chats.new(context_of(order_id, return_id))
        return await self.chat(str(opened.chat_id))

    def messages(
        self,
        chat: Chat,
        *,
        since: datetime | None = None,
        cursor: str | None = None,
        priority: Priority | None = None,
    ) -> Listing[Message]:
        """A chat's messages, oldest first, by 100 (POST v2/businesses/{}/chats/history).

        Market cannot be asked by time: with ``since`` the whole chat is read, and what is older is
        left out.
        """
        chat_id = self._own("messages", chat)
        listing = listings.list_messages(self.api.at(priority), chat.ref, chat_id, since=since)
        return listing.using(cursor=cursor)

    async def send(self, chat: Chat, text: str, *, files: Sequence[Upload] = ()) -> Sent:
        """Send a message (POST .../chats/message) or a file (POST .../chats/file/send).

        1 to 4,096 characters; one file of at most 5 MB. A text with a file are two messages: the
        text goes first, and if Market then refuses the file, ``file_errors`` says so. Market does
        not tell the message's id.

        Raises:
            InvalidInput: The text or the file breaks a rule, or there are several files; nothing
                was sent.
            DeliveryUnknown: It may or may not have been sent; look at the chat's messages. If it
                is the file that is meant, the text was sent.
        """
        return await send(self.api, chat, self._own("send", chat), text, files)

    def download(self, attachment: Attachment) -> AbstractAsyncContextManager[Download]:
        """Open a file of a message by its address.

        The account's credential goes to Market's own servers only.

        Raises:
            InvalidInput: The attachment has no address over HTTPS.
            Unauthorized, Forbidden: Market refuses the file to this credential: buyers' files may
                need an OAuth token.
        """
        return open_file(self._pipeline, self._dialect, attachment)

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
        """The questions, newest first, by 50 (POST v1/businesses/{}/goods-questions).

        Of the last 180 days, where ``since`` is not given. Market takes a month at a time: longer
        periods are read in parts, the newest first; with ``prefetch`` so many parts at once, and
        then the questions come as they arrive.

        Market's record does not say whether a question is answered, so those that wait are read
        first, and each has its status by that; it is unknown for those of the last ten minutes that
        are not among them. ``answered=False`` reads only those that wait. ``product`` is the
        seller's own article, and the others are left out after reading.
        """
        return listings.list_questions(
            self.api.at(priority),
            self.name,
            answered=answered,
            since=since,
            until=until,
            product=product,
            at_once=self._at_once("questions", prefetch),
        ).using(cursor=cursor)

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
        """The feedbacks, by 50 (POST v2/businesses/{}/goods-feedback).

        Of the last 180 days, where ``since`` is not given. Market takes six months at a time:
        longer periods are read in parts, the newest first, each in Market's own order; with
        ``prefetch`` so many parts at once, and then the feedbacks come as they arrive.

        Market counts comments without saying whose they are, so ``answer`` is None and ``comments``
        is their number. With ``answered`` the comments of those that have any are read too, a
        request each, and ``answer`` is the seller's; not where nobody has looked at the feedback,
        for commenting counts as looking. ``product`` is the seller's own article.
        """
        return listings.list_feedbacks(
            self.api.at(priority),
            self.name,
            answered=answered,
            since=since,
            until=until,
            rating=rating,
            product=product,
            at_once=self._at_once("feedbacks", prefetch),
        ).using(cursor=cursor)

    async def question(self, question_id: str) -> Question:
        """One question by its id, with the seller's answer: two calls.

        Raises:
            NotFound: There is none with this id.
        """
        number = number_of("question", "question_id", question_id)
        return await replies.read_question(self.api, self.name, number)

    async def feedback(self, feedback_id: str) -> Feedback:
        """One feedback by its id, with the seller's answer: two calls, if somebody looked at it.

        Raises:
            NotFound: There is none with this id.
        """
        number = number_of("feedback", "feedback_id", feedback_id)
        return await replies.read_feedback(self.api, self.name, number)

    def answers(
        self, question: Question, *, cursor: str | None = None, priority: Priority | None = None
    ) -> Listing[Answer]:
        """The answers to a question, the seller's and others' (POST .../goods-questions/answers).

        Those of other sellers have the author ``SELLER`` too; only the seller's own can be edited.
        """
        number = self._own("answers", question)
        return replies.list_answers(self.api.at(priority), number).using(cursor=cursor)

    def comments(
        self, feedback: Feedback, *, cursor: str | None = None, priority: Priority | None = None
    ) -> Listing[Answer]:
        """The comments under a feedback, by 50 (POST .../goods-feedback/comments).

        In the order in which they were published; those that were deleted are not told, nor when
        they were written.
        """
        number = self._own("comments", feedback)
        return replies.list_comments(self.api.at(priority), number).using(cursor=cursor)

    async def answer(self, item: Question | Feedback, text: str) -> None:
        """Answer a question (1 to 5,000 characters) or a feedback (1 to 4,096).

        POST .../goods-questions/update, POST .../goods-feedback/comments/update. Where the record
        cannot say that no answer stands, it is looked up first: for feedbacks that somebody has
        looked at, and for questions whose status is not known.

        Raises:
            InvalidInput: The text breaks a rule, or an answer stands already; nothing was sent.
            DeliveryUnknown: It may or may not have been answered; read it again.
        """
        number = self._own("answer", item)
        _check_answer("answer", item, text)
        found = await replies.known_or_read(self.api, item, number)
        if item.answered or (found is not None and found.stands):
            raise InvalidInput("answer", "item", "must have no answer: use edit_answer", item.ref)
        if isinstance(item, Question):
            await self.api.questions.create(number, text)
        else:
            await self.api.feedbacks.comment(number, text)

    async def edit_answer(self, item: Question | Feedback, text: str) -> None:
        """Change the answer that stands; if the record does not have it, it is looked up first.

        POST .../goods-questions/update, POST .../goods-feedback/comments/update.

        Raises:
            InvalidInput: The text breaks a rule, or there is no answer, or Market says that it
                cannot be changed; nothing was sent.
            DeliveryUnknown: It may or may not have been edited; read it again.
        """
        number = self._own("edit_answer", item)
        _check_answer("edit_answer", item, text)
        found = await replies.known_or_read(self.api, item, number)
        if found is None or found.id is None:
            raise InvalidInput("edit_answer", "item", "must have an answer: use answer", item.ref)
        if found.editable is False:
            rule = "must have an answer that Market lets be changed"
            raise InvalidInput("edit_answer", "item", rule, item.ref)
        answer_id = number_of("edit_answer", "answer", found.id)
        if isinstance(item, Question):
            await self.api.questions.edit(answer_id, text)
        else:
            await self.api.feedbacks.edit_comment(number, answer_id, text)

    async def skip_reaction(self, feedback: Feedback) -> None:
        """Say that a feedback needs no answer (POST .../goods-feedback/skip-reaction)."""
        await self.api.feedbacks.skip_reaction([self._own("skip_reaction", feedback)])

    def returns(
        self,
        *,
        open: bool | None = None,  # noqa: A002 - the word of the field
        cursor: str | None = None,
        priority: Priority | None = None,
    ) -> Listing[Return]:
        """The returns, by 100 (GET v2/campaigns/{}/returns), shop after shop.

        Open are those whose money is not decided about, or not settled yet. Orders that were not
        picked up are no returns here: ``api.returns.list`` has them. Photos are read with
        ``api.returns.photo``, by the hashes in ``raw``.
        """
        require_flag("returns", "open", open)
        statuses = {None: None, True: mapping.OPEN_RETURNS, False: mapping.CLOSED_RETURNS}[open]
        api = self.api.at(priority)
        return listings.list_returns(api, self._cabinet, statuses=statuses).using(cursor=cursor)

    async def decisions(self, item: Return) -> list[Decision]:
        """What may be decided about a return now (POST v1/businesses/{}/returns/decisions).

        Raises:
            InvalidInput: The return has no order.
            NotFound: There is no such return.
        """
        self._own("decisions", item)
        return [mapping.decision(wire) for wire in await self._deciding().possible(item)]

    async def decide(
        self,
        item: Return,
        decision: Decision,
        *,
        comment: str | None = None,
        reason: str | None = None,
        amount: Money | None = None,
    ) -> None:
        """Decide about all positions of a return, within 48 hours (POST .../decision/submit).

        What is possible is asked for first.

        Args:
            item: A return of this account.
            decision: One of :meth:`decisions`.
            comment: Needed by ``REFUND_MONEY_INCLUDING_SHIPMENT`` (the price of the way back),
                ``REPAIR`` (until when) and ``OTHER_DECISION`` (what is offered).
            reason: One of ``decision.reasons``; needed by ``DECLINE_REFUND`` and it alone.
            amount: What is paid back, within the decision's bounds; needed by
                ``PARTIAL_MONEY_REFUND`` and it alone, for returns of one position.

        Raises:
            InvalidInput: The decision is not possible now, or what goes with it breaks a rule;
                nothing was decided.
            DeliveryUnknown: It may or may not have been decided; read the return again.
        """
        self._own("decide", item)
        if comment is not None:
            require_visible("decide", "comment", comment)
        await self._deciding().decide(item, decision, comment=comment, reason=reason, amount=amount)

    def _deciding(self) -> Deciding:
        return Deciding(self.api.at(Priority.INTERACTIVE), self._cabinet)

    def _at_once(self, method: str, prefetch: int | None) -> int:
        require(method, "prefetch", prefetch, Annotated[int, Range(1)] | None)
        return min(prefetch or 1, self._parallel)


def _check_answer(method: str, item: Question | Feedback, text: str) -> None:
    bound = ANSWER if isinstance(item, Question) else COMMENT
    require(method, "text", text, Annotated[str, bound])
