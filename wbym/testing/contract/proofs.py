"""How a capability proves itself: it is used on the simulator, and did what it says."""

from collections.abc import Iterable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from wbym.account import Adapter, Capability, Comments, OpensChats
from wbym.domain import Author, ChatStatus, Feedback, Product, Question, QuestionStatus, Ref
from wbym.errors import InvalidInput, NotReady, RefusedByModeration
from wbym.paging import Listing
from wbym.testing.contract.harness import Harness
from wbym.testing.contract.nouns import (
    Neutral,
    chats_of,
    feedbacks_of,
    questions_of,
    read,
    returns_of,
    stated,
    sweeps_of,
)
from wbym.testing.contract.operations import TEXT, fitting, prepare, sample
from wbym.testing.contract.walk import flaws

__all__ = [
    "answered",
    "chats_waiting",
    "comments",
    "does",
    "download",
    "lists",
    "messages",
    "messages_since",
    "open_chat",
    "period",
    "product",
    "rating",
    "returns_open",
    "send",
    "send_files",
    "skip_reaction",
    "sweeps",
]


def _refs(items: Iterable[Neutral]) -> set[Ref]:
    return {item.ref for item in items}


# Chats.


async def chats_waiting(harness: Harness, account: Adapter) -> None:
    """Those that wait and the others are all; a message adds one, a reply takes it away."""
    chats = chats_of(account)
    before = await chats.chats(waiting_for_seller=True).all()
    harness.arrive_message("Где мой заказ?")
    waiting = await chats.chats(waiting_for_seller=True).all()
    assert len(waiting) == len(before) + 1
    assert {chat.status for chat in waiting} == {ChatStatus.WAITING_FOR_SELLER}
    others = await chats.chats(waiting_for_seller=False).all()
    assert ChatStatus.WAITING_FOR_SELLER not in {chat.status for chat in others}
    assert _refs(waiting).isdisjoint(_refs(others))
    assert _refs(await chats.chats().all()) == _refs(waiting) | _refs(others)
    new = next(chat for chat in waiting if chat.ref not in _refs(before))
    if stated(account.capabilities, Capability.SEND) is not None:
        assert new.writable is not False
        await chats.send(new, "Уже в пути")
        assert _refs(await chats.chats(waiting_for_seller=True).all()) == _refs(before)


async def messages(harness: Harness, account: Adapter) -> None:
    """Each chat's own messages, oldest first, with one that has just arrived."""
    chats = chats_of(account)
    harness.arrive_message("Где мой заказ?")
    said = []
    for chat in await chats.chats().all():
        messages = await chats.messages(chat).all()
        assert {message.chat for message in messages} <= {chat.ref}
        assert [m.sent_at for m in messages] == sorted(m.sent_at for m in messages)
        said += [(message.author, message.text) for message in messages]
    assert said.count((Author.BUYER, "Где мой заказ?")) == 1


async def messages_since(_: Harness, account: Adapter) -> None:
    """Those from the moment on, with that of the moment itself."""
    chats = chats_of(account)
    for chat in await chats.chats().all():
        messages = await chats.messages(chat).all()
        since = messages[len(messages) // 2].sent_at
        later = [message for message in messages if message.sent_at >= since]
        assert _refs(await chats.messages(chat, since=since).all()) == _refs(later)


async def send(harness: Harness, account: Adapter) -> None:
    """The message reaches the marketplace once, and stands last in its chat."""
    chats = chats_of(account)
    found = await chats.chats().all()
    chat = next(chat for chat in found if chat.writable is not False)
    text = fitting(account.capabilities[Capability.SEND])
    sent = await chats.send(chat, text)
    assert (sent.chat, sent.text, sent.file_errors) == (chat.ref, text, ())
    assert harness.done(Capability.SEND) == 1
    last = (await chats.messages(chat).all())[-1]
    assert (last.author, last.text) == (Author.SELLER, text)


async def send_files(harness: Harness, account: Adapter) -> None:
    """A file of each type that is stated reaches the marketplace."""
    chats = chats_of(account)
    chat = (await chats.chats().all())[0]
    types = str(account.capabilities[Capability.SEND_FILES].facts.get("types", "image/png"))
    for count, content_type in enumerate(types.split(), 1):
        await chats.send(chat, "", files=[sample(content_type)])
        assert harness.done(Capability.SEND_FILES) == count
        last = (await chats.messages(chat).all())[-1]
        assert (last.author, len(last.attachments)) == (Author.SELLER, 1)


async def download(_: Harness, account: Adapter) -> None:
    """Files of messages can be read, but for those that moderation holds back."""
    chats = chats_of(account)
    sizes = []
    for chat in await chats.chats().all():
        for message in await chats.messages(chat).all():
            for attachment in message.attachments:
                try:
                    async with chats.download(attachment) as file:
                        sizes.append(len(await file.read()))
                except (NotReady, RefusedByModeration):
                    continue
    assert sizes
    assert all(sizes)


# Questions and feedbacks.


class _Listed(Protocol):
    async def __call__(
        self,
        *,
        answered: bool | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        product: str | None = None,
    ) -> Sequence[Question | Feedback]: ...


def _listed(account: Adapter, noun: Capability) -> _Listed:
    async def listed(
        *,
        answered: bool | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        product: str | None = None,
    ) -> Sequence[Question | Feedback]:
        if noun is Capability.QUESTIONS:
            return await (
                questions_of(account)
                .questions(answered=answered, since=since, until=until, product=product)
                .all()
            )
        return await (
            feedbacks_of(account)
            .feedbacks(answered=answered, since=since, until=until, product=product)
            .all()
        )

    return listed


async def answered(noun: Capability, harness: Harness, account: Adapter) -> None:
    """Both filters agree with what each record says of itself."""
    listed = _listed(account, noun)
    everything = [
        item if item.answered is not None else await harness.again(account, item)
        for item in await listed()
    ]
    answered, waiting = await listed(answered=True), await listed(answered=False)
    assert answered
    assert waiting
    assert _refs(answered) == _refs(item for item in everything if item.answered)
    assert not any(item.answered for item in waiting)
    # Those that nobody will answer may be left out, declined questions and old feedbacks.
    open_ones = [
        item
        for item in everything
        if isinstance(item, Question) and item.status is QuestionStatus.WAITING
    ]
    assert _refs(open_ones) <= _refs(waiting) <= _refs(everything)


async def period(noun: Capability, _: Harness, account: Adapter) -> None:
    """Both ends belong to the period, to the microsecond."""
    listed = _listed(account, noun)
    moments = sorted(item.created_at for item in await listed())
    begin, end = moments[len(moments) // 4], moments[len(moments) * 3 // 4]
    everything = await listed(since=moments[0], until=moments[-1])
    assert len(everything) == len(moments)
    tick = timedelta(microseconds=1)
    for since, until in (
        (begin, None),
        (moments[0], end),
        (begin, end),
        (begin + tick, end + tick),
        (begin - tick, end - tick),
    ):
        found = await listed(since=since, until=until)
        within = [
            item
            for item in everything
            if since <= item.created_at and (until is None or item.created_at <= until)
        ]
        assert _refs(found) == _refs(within)


async def product(noun: Capability, _: Harness, account: Adapter) -> None:
    """Those about one product, and no others."""
    listed = _listed(account, noun)
    everything = await listed()
    # The marketplace's article, or the seller's own where the records tell nothing else.
    products = [item.product or Product() for item in everything]
    articles = [product.id or product.seller_sku for product in products]
    article = next(article for article in articles if article is not None)
    of_product = [item for item, its in zip(everything, articles, strict=True) if its == article]
    assert _refs(await listed(product=article)) == _refs(of_product)


async def rating(_: Harness, account: Adapter) -> None:
    """Those with one of the ratings, and no others."""
    feedbacks = feedbacks_of(account)
    everything = await feedbacks.feedbacks().all()
    ratings = sorted({item.rating for item in everything if item.rating is not None})
    wanted = ratings[:2]
    found = await feedbacks.feedbacks(rating=wanted).all()
    assert _refs(found) == _refs(item for item in everything if item.rating in wanted)
    assert len(found) < len(everything)


async def sweeps(noun: Capability, harness: Harness, account: Adapter) -> None:
    """Every record once: in order, of a period, and after a stop; bad periods are refused."""
    swept = _swept(account, noun)
    everything = await swept().all()
    assert len(_refs(everything)) == len(everything) == harness.expected()[noun]
    begin = min(item.created_at for item in everything)
    in_order = await swept(since=begin, in_order=True).all()
    assert in_order == sorted(in_order, key=lambda item: item.created_at)
    assert _refs(in_order) == _refs(everything)

    middle = in_order[len(in_order) // 2].created_at
    late = await swept(since=middle).all()
    early = await swept(since=begin, until=middle).all()
    assert _refs(late) == _refs(item for item in everything if item.created_at >= middle)
    assert _refs(early) == _refs(item for item in everything if item.created_at <= middle)

    sweep: Listing[Neutral] = swept(since=begin).map_pages(list)
    async with aclosing(sweep.pages()) as pages:
        page = await anext(pages)
    rest = await swept(since=begin, cursor=page.next_cursor).all()
    assert _refs(page.items).isdisjoint(_refs(rest))
    assert _refs(page.items) | _refs(rest) == _refs(everything)

    requests = harness.requests
    day = timedelta(days=1)
    now = datetime.now(UTC)
    naive = now.replace(tzinfo=None)
    for since, until in ((naive, None), (None, naive), (now, now - day), (now + day, None)):
        with pytest.raises(InvalidInput):
            swept(since=since, until=until)
    assert harness.requests == requests


class _Sweep(Protocol):
    def __call__(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        in_order: bool = False,
        cursor: str | None = None,
    ) -> Listing[Feedback] | Listing[Question]: ...


def _swept(account: Adapter, noun: Capability) -> _Sweep:
    sweeps = sweeps_of(account)
    return sweeps.feedbacks if noun is Capability.FEEDBACKS else sweeps.questions


# Returns.


async def returns_open(_: Harness, account: Adapter) -> None:
    """Open and closed ones are all returns, and what waits is open."""
    returns = returns_of(account)
    everything = await returns.returns().all()
    open_ones = await returns.returns(open=True).all()
    closed = await returns.returns(open=False).all()
    assert open_ones
    assert closed
    assert _refs(open_ones).isdisjoint(_refs(closed))
    assert _refs(open_ones) | _refs(closed) == _refs(everything)
    assert not any(item.waiting_for_seller for item in closed)


# Any noun, any operation.


async def lists(noun: Capability, harness: Harness, account: Adapter) -> None:
    """As many as the simulator holds."""
    assert len(await read(account, noun)) == harness.expected()[noun]


async def does(operation: Capability, harness: Harness, account: Adapter) -> None:
    """It has its effect once; an answer then stands with its text."""
    item, write = await prepare(harness, account, operation)
    text = fitting(account.capabilities[operation], "Спасибо, уже исправляем!")
    await write(text)
    assert harness.done(operation) == 1
    if isinstance(item, Question | Feedback) and operation is not Capability.REJECT_QUESTION:
        again = await harness.again(account, item)
        assert again.answered
        assert again.answer is not None
        assert again.answer.text == text
        assert again.answer.author is Author.SELLER


# What only some marketplaces have.


async def open_chat(harness: Harness, account: Adapter) -> None:
    """A new chat about the order, and the same one when it is asked for again."""
    assert isinstance(account, OpensChats)
    order = harness.order_without_chat()
    before = _refs(await read(account, Capability.CHATS))
    chat = await account.open_chat(order_id=order)
    assert chat.ref not in before
    assert chat.order is not None
    assert chat.order.id == order
    assert _refs(await read(account, Capability.CHATS)) == before | {chat.ref}
    assert (await account.open_chat(order_id=order)).ref == chat.ref


async def comments(harness: Harness, account: Adapter) -> None:
    """All comments under a feedback, with the seller's new one."""
    assert isinstance(account, Comments)
    feedback, write = await prepare(harness, account, Capability.ANSWER_FEEDBACK)
    assert isinstance(feedback, Feedback)
    before = await account.comments(feedback).all()
    await write(TEXT)
    after = await account.comments(feedback).all()
    assert len(after) == len(before) + 1
    (new,) = [comment for comment in after if comment.id not in {one.id for one in before}]
    assert (new.author, new.text) == (Author.SELLER, TEXT)
    for comment in after:
        assert flaws(comment, marketplace=account.marketplace, account=account.name) == []


async def skip_reaction(harness: Harness, account: Adapter) -> None:
    """The feedback counts as seen, and waits no more."""
    assert isinstance(account, Comments)
    before = await account.counts()
    found = await feedbacks_of(account).feedbacks().all()
    unseen = next(item for item in found if item.viewed is False)
    await account.skip_reaction(unseen)
    assert (await harness.again(account, unseen)).viewed
    assert (await account.counts()).feedbacks == before.feedbacks - 1
