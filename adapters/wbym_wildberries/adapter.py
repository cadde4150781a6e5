"""A Wildberries seller as an account of wbym."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import TypeVar, cast

from wbym.account import Stream, require_aware, require_flag
from wbym.calls import Download, Upload, row
from wbym.domain import (
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
from wbym.errors import BadRequest, InvalidInput, NotFound, Unsupported
from wbym.limits import Priority
from wbym.paging import Listing
from wbym_wildberries import mapping
from wbym_wildberries.account import Account
from wbym_wildberries.api.chats import Chats
from wbym_wildberries.api.claims import Claims
from wbym_wildberries.listings import list_claims, list_feedbacks, list_questions
from wbym_wildberries.mapping import MARKETPLACE

__all__ = ["Wildberries"]

R = TypeVar("R", Question, Feedback, Return)


class Wildberries(Account):
    """One seller's account.

    Use it as ``async with Wildberries(token=...) as shop``; it is bound to the running loop.

    Args:
        token: The seller's token, or several of the same seller (one a category, as cabinets make
            them).
        name: The account's name, in ``ref``, errors and logs; ``wildberries`` where not given.
        base_url: One server instead of WB's hosts: a simulator, a proxy.
        sandbox: WB's sandbox hosts; there are none for chats and returns.
        session: A session to borrow; it is left open.
        scheduler: What keeps the limits. Without one, the process has one that all accounts share,
            so that two clients of one seller count together.
        max_wait: Seconds that a call waits for its limits at most before it raises
            ``QuotaExhausted``; None: as long as it takes.
        timeout: Seconds without a byte from WB after which a call fails.
        retry: How often and how soon failed calls are made again.
        tier: The row of limits, where the token does not tell: ``Tier.STANDARD`` for a base token
            that is used with a service's secret.
        quotas: Limits by bucket's name (see ``wbym_wildberries.limits.BUCKETS``), instead of the
            published ones: where WB has agreed to others, or for a simulator.
        on_set_aside: Gets each record that could not be decoded; without it they are kept in
            :attr:`set_aside`.
        transport: What moves the bytes, instead of aiohttp; for tests.

    Raises:
        InvalidToken: A token is no Wildberries token, or the tokens are of several sellers.
        InvalidInput: ``base_url`` is not the address of a server, or ``quotas`` name no bucket.
    """

    async def counts(self) -> Waiting:
        """How much waits: two counters, the open claims' total, and chats by the feed of events.

        WB has no counter of chats; they cost a list and the feed since the oldest last message.
        """
        async with asyncio.TaskGroup() as group:
            unanswered = group.create_task(self.api.questions.count_unanswered())
            unprocessed = group.create_task(self.api.feedbacks.count_unanswered())
            open_claims = self.api.claims.list(is_archive=False).using(size=1)
            under_review = group.create_task(open_claims.page())
            waiting = group.create_task(self.chats(waiting_for_seller=True).all())
        return Waiting(
            chats=len(waiting.result()),
            questions=unanswered.result().count_unanswered,
            feedbacks=unprocessed.result().count_unanswered,
            returns=under_review.result().total or 0,
        )

    def chats(
        self,
        *,
        waiting_for_seller: bool | None = None,
        cursor: str | None = None,
        priority: Priority | None = None,
    ) -> Listing[Chat]:
        """The chats (GET /api/v1/seller/chats), in one page.

        With ``waiting_for_seller`` the feed of events is read as well, since WB's list does not say
        who wrote last; automatic lines of WB are no reply. Then chats that are only in the feed yet
        come too, and each has its status.
        """
        require_flag("chats", "waiting_for_seller", waiting_for_seller)
        listing = self._chats.chats(waiting=waiting_for_seller)
        return listing.using(cursor=cursor, priority=priority)

    def messages(
        self,
        chat: Chat,
        *,
        since: datetime | None = None,
        cursor: str | None = None,
        priority: Priority | None = None,
    ) -> Listing[Message]:
        """A chat's messages, oldest first (GET /api/v1/seller/events).

        WB has one feed for all chats: it is read from ``since`` on, or from its beginning.
        """
        self._own("messages", chat)
        require_aware("messages", "since", since)
        listing = self._chats.messages(chat.ref.id, since=since)
        return listing.using(cursor=cursor, priority=priority)

    async def send(self, chat: Chat, text: str, *, files: Sequence[Upload] = ()) -> Sent:
        """Send a message (POST /api/v1/seller/message).

        At most 1,000 characters; files JPEG, PNG or PDF, at most 5 MB each and 30 MB in all.

        Raises:
            InvalidInput: The text or a file breaks a rule, or WB knows no such chat.
            ChatNotReady: WB tells no signature of the chat until it lists it; nothing was sent.
            DeliveryUnknown: It may or may not have been sent; look at the chat's messages.
        """
        self._own("send", chat)
        row(Chats.send).values(("-", text), {"files": files})  # before anything is asked for
        chat_id = chat.ref.id
        sign = await self._chats.sign(chat)
        try:
            answer = await self.api.chats.send(sign, text, files=files)
        except BadRequest as refused:
            if not _is_about_sign(refused):
                raise
            # WB changes signatures at times. A refused message was not sent, so sending it with a
            # new one is no repetition; the same one would only be refused again.
            self._chats.signs.refused(chat_id, sign)
            fresh = await self._chats.sign(chat)
            if fresh == sign:
                raise
            answer = await self.api.chats.send(fresh, text, files=files)
        at = mapping.moment_of_stamp(answer.result.add_time if answer.result is not None else None)
        return Sent(
            chat=chat.ref,
            text=text,
            sent_at=at or datetime.now(UTC),
            file_errors=tuple(answer.errors or ()),
        )

    def download(self, attachment: Attachment) -> AbstractAsyncContextManager[Download]:
        """Open a file of a message (GET /api/v1/seller/download/{id}).

        Raises:
            InvalidInput: The attachment has no id.
            NotReady: Moderation has not released it yet.
            RefusedByModeration: It never will.
        """
        if attachment.id is None:
            raise InvalidInput("download", "attachment", "must have an id", attachment)
        return self.api.chats.download(attachment.id)

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
        """The questions, newest first (GET /api/v1/questions); both passes where all are asked for.

        WB pages 10,000 deep; if more follow, ``PagingLimit`` is raised after those.
        """
        listing = list_questions(
            self.api, self.name, answered=answered, since=since, until=until, product=product
        )
        return listing.using(cursor=cursor, prefetch=prefetch, priority=priority)

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
        """The feedbacks, newest first (GET /api/v1/feedbacks).

        ``answered=False`` reads those that WB counts as unprocessed. A feedback without a reply
        leaves that list after 30 days, and at once when it has neither text nor photos; to find
        those too, read all and look at ``feedback.answered``. ``answered=True`` reads the processed
        ones and leaves out those without an answer, which are nearly all.

        WB pages 199,990 deep; if more follow, ``PagingLimit`` is raised after those.
        """
        listing = list_feedbacks(
            self.api,
            self.name,
            answered=answered,
            since=since,
            until=until,
            rating=rating,
            product=product,
        )
        return listing.using(cursor=cursor, prefetch=prefetch, priority=priority)

    async def question(self, question_id: str) -> Question:
        """One question by its id (GET /api/v1/question).

        Raises:
            NotFound: There is none with this id.
        """
        return mapping.question(await self.api.questions.get(question_id), self.name)

    async def feedback(self, feedback_id: str) -> Feedback:
        """One feedback by its id (GET /api/v1/feedback).

        Raises:
            NotFound: There is none with this id.
        """
        return mapping.feedback(await self.api.feedbacks.get(feedback_id), self.name)

    async def answer(self, item: Question | Feedback, text: str) -> None:
        """Answer a question or a feedback, 2 to 5,000 characters.

        POST /api/v1/feedbacks/answer, PATCH /api/v1/questions. WB accepts an answer to a feedback
        that does not exist; only reading it again proves it.

        Raises:
            InvalidInput: The text breaks a rule, or an answer stands already; nothing was sent.
            DeliveryUnknown: It may or may not have been answered; read it again.
        """
        self._own("answer", item)
        if item.answered:
            raise InvalidInput("answer", "item", "must have no answer: use edit_answer", item.ref)
        if isinstance(item, Question):
            await self.api.questions.answer(item.ref.id, text)
        else:
            await self.api.feedbacks.answer(item.ref.id, text)

    async def edit_answer(self, item: Question | Feedback, text: str) -> None:
        """Change the answer that stands, once and within 60 days (PATCH).

        Raises:
            InvalidInput: The text breaks a rule, or there is no answer, or WB says that it can be
                edited no more; nothing was sent.
            DeliveryUnknown: It may or may not have been edited; read it again.
        """
        self._own("edit_answer", item)
        if item.answer is None:
            raise InvalidInput("edit_answer", "item", "must have an answer: use answer", item.ref)
        if item.answer.editable is False:
            rule = "must have an answer that WB lets be edited (once, within 60 days)"
            raise InvalidInput("edit_answer", "item", rule, item.ref)
        if isinstance(item, Question):
            await self.api.questions.answer(item.ref.id, text)
        else:
            await self.api.feedbacks.edit_answer(item.ref.id, text)

    async def reject(self, question: Question, reason: str) -> None:
        """Reject a question, so that it is not shown (PATCH /api/v1/questions).

        Raises:
            InvalidInput: The reason is shorter than 2 or longer than 5,000 characters.
            DeliveryUnknown: It may or may not have been rejected; read it again.
        """
        self._own("reject", question)
        await self.api.questions.reject(question.ref.id, reason)

    def returns(
        self,
        *,
        open: bool | None = None,  # noqa: A002 - the word of the field
        cursor: str | None = None,
        priority: Priority | None = None,
    ) -> Listing[Return]:
        """The claims of the last 14 days (GET /api/v1/claims); WB tells no older ones.

        Their times come without a zone and are taken as Moscow time.
        """
        return list_claims(self.api, self.name, open=open).using(cursor=cursor, priority=priority)

    async def decisions(self, item: Return) -> list[Decision]:
        """What may be decided about a claim: its own actions, which its record has."""
        self._own("decisions", item)
        return list(item.decisions)

    async def decide(
        self,
        item: Return,
        decision: Decision,
        *,
        comment: str | None = None,
        reason: str | None = None,
        amount: Money | None = None,
    ) -> None:
        """Carry out one of the claim's own actions (PATCH /api/v1/claim).

        Raises:
            Unsupported: A reason or an amount is given: WB takes neither.
            InvalidInput: The decision is not among ``item.decisions``, or the comment is missing,
                not taken, or not of 10 to 1,000 characters; nothing was sent.
            DeliveryUnknown: It may or may not have been decided; read the claim again.
        """
        self._own("decide", item)
        for name, value in (("reason", reason), ("amount", amount)):
            if value is not None:
                raise Unsupported(MARKETPLACE, "decide", name, value)
        own = [one.id for one in item.decisions]
        if decision.id not in own:
            rule = f"must be one of claim {item.ref.id}'s own actions {own}"
            raise InvalidInput("decide", "decision", rule, decision.id)
        await self.api.claims.decide(item.ref.id, decision.id, comment=comment)

    def streams(self) -> Sequence[Stream]:
        """What the feed can follow with these tokens: chats, questions, feedbacks, returns.

        Chats are asked for as often as their limit allows, which is each second; questions and
        feedbacks every 30 s, returns every minute, each less often where the limits are lower.
        What cannot be followed is logged, with the category that is missing.
        """
        return self._streams

    async def reread(self, item: R) -> R:
        """A question, a feedback or a claim as it is now.

        Raises:
            NotFound: There is no such question or feedback, or no such claim of the last 14 days.
        """
        self._own("reread", item)
        return cast(R, await self._as_now(item))

    async def _as_now(self, item: Question | Feedback | Return) -> Question | Feedback | Return:
        if isinstance(item, Question):
            return await self.question(item.ref.id)
        if isinstance(item, Feedback):
            return await self.feedback(item.ref.id)
        for is_archive in (False, True):
            found = await self.api.claims.list(is_archive=is_archive, id=item.ref.id).page()
            if found.items:
                return mapping.claim(found.items[0], self.name)
        raise NotFound(
            f"there is no claim {item.ref.id} of the last 14 days",
            marketplace=MARKETPLACE,
            account=self.name,
            endpoint=row(Claims.list).name,
        )

    def _own(self, method: str, item: Chat | Question | Feedback | Return) -> None:
        ref = item.ref
        if (ref.marketplace, ref.account) != (MARKETPLACE, self.name):
            rule = f"must be of the account {MARKETPLACE}/{self.name}"
            raise InvalidInput(method, "ref", rule, str(ref))


def _is_about_sign(error: BadRequest) -> bool:
    return "signature" in error.message.lower() or "replysign" in error.message.lower()
