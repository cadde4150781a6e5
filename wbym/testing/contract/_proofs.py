"""The implementations of the probes, which use capabilities on the simulator."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, Protocol

import pytest
from aiohttp import web

from wbym.account import Account, AnyRecord, Capability, Hint
from wbym.domain import (
    Author,
    Chat,
    ChatStatus,
    Feedback,
    Noun,
    Product,
    Question,
    QuestionStatus,
    Ref,
)
from wbym.errors import AlreadyAnswered, NotFound, NotReady, RefusedByModeration
from wbym.paging import Listing
from wbym.testing.contract._harness import Harness
from wbym.testing.contract._nouns import read, states
from wbym.testing.contract._operations import TEXT, padded, prepare, sample, writable_chat
from wbym.testing.contract._walk import flaws

__all__ = [
    "answered",
    "chats_waiting",
    "comments",
    "does",
    "download",
    "gets",
    "lists",
    "messages",
    "messages_since",
    "notifications",
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


def _refs(items: Iterable[AnyRecord]) -> set[Ref]:
    return {item.ref for item in items}


# Any noun, any operation.

_GET: Final[Mapping[Capability, tuple[Capability, Noun]]] = MappingProxyType(
    {
        Capability.CHATS: (Capability.GET_CHAT, Noun.CHAT),
        Capability.MESSAGES: (Capability.GET_MESSAGE, Noun.MESSAGE),
        Capability.QUESTIONS: (Capability.GET_QUESTION, Noun.QUESTION),
        Capability.FEEDBACKS: (Capability.GET_FEEDBACK, Noun.FEEDBACK),
        Capability.RETURNS: (Capability.GET_RETURN, Noun.RETURN),
    }
)


async def lists(noun: Capability, harness: Harness, account: Account) -> None:
    """The list has all records of the simulator."""
    assert len(await read(account, noun)) == harness.expected_counts()[noun]


async def gets(noun: Capability, harness: Harness, account: Account) -> None:
    """Reading by ref and reading again return the listed record; a missing one is NotFound."""
    getting, ref_noun = _GET[noun]
    found = await read(account, noun)
    for record in (found[0], found[len(found) // 2], found[-1]):
        for again in (await account.get(record.ref), await account.get(record)):
            assert type(again) is type(record)
            assert again.ref == record.ref
            assert again.raw is not None
            assert flaws(again, marketplace=account.marketplace, account=account.name) == []
    missing = Ref(account.marketplace, account.name, ref_noun, harness.unknown_ids[getting])
    with pytest.raises(NotFound) as caught:
        await account.get(missing)
    assert (caught.value.marketplace, caught.value.account) == (account.marketplace, account.name)


async def does(operation: Capability, harness: Harness, account: Account) -> None:
    """The operation has one effect; an answer then stands with its text, and only once."""
    item, write = await prepare(account, operation)
    text = padded(account.capabilities[operation], "Спасибо, уже исправляем!")
    await write(text)
    assert harness.effects_of(operation) == 1
    if isinstance(item, Question | Feedback) and operation is not Capability.REJECT_QUESTION:
        again = await account.get(item)
        assert again.answered
        assert again.answer is not None
        assert again.answer.text == text
        assert again.answer.author is Author.SELLER
        with pytest.raises(AlreadyAnswered):
            await account.answer(item.ref, text)
        assert harness.effects_of(operation) == 1


# Chats.


async def chats_waiting(harness: Harness, account: Account) -> None:
    """Waiting and other chats are all chats; a message adds a waiting one, a reply removes it."""
    before = await account.chats(waiting_for_seller=True).all()
    harness.simulator.buyers.write("Где мой заказ?")
    waiting = await account.chats(waiting_for_seller=True).all()
    assert len(waiting) == len(before) + 1
    assert {chat.status for chat in waiting} == {ChatStatus.WAITING_FOR_SELLER}
    others = await account.chats(waiting_for_seller=False).all()
    assert ChatStatus.WAITING_FOR_SELLER not in {chat.status for chat in others}
    assert _refs(waiting).isdisjoint(_refs(others))
    assert _refs(await account.chats().all()) == _refs(waiting) | _refs(others)
    new = next(chat for chat in waiting if chat.ref not in _refs(before))
    if states(account.capabilities, Capability.SEND):
        assert new.writable is not False
        await account.send(new, "Уже в пути")
        assert _refs(await account.chats(waiting_for_seller=True).all()) == _refs(before)


async def messages(harness: Harness, account: Account) -> None:
    """Each chat's own messages, oldest first, including one that has just arrived."""
    harness.simulator.buyers.write("Где мой заказ?")
    written = []
    for chat in await account.chats().all():
        messages = await account.messages(chat).all()
        assert {message.chat for message in messages} <= {chat.ref}
        assert [m.sent_at for m in messages] == sorted(m.sent_at for m in messages)
        assert _refs(await account.messages(chat.ref).all()) == _refs(messages)
        written += [(message.author, message.text) for message in messages]
    assert written.count((Author.BUYER, "Где мой заказ?")) == 1


async def messages_since(_: Harness, account: Account) -> None:
    """The messages since a time, which is included."""
    for chat in await account.chats().all():
        messages = await account.messages(chat).all()
        since = messages[len(messages) // 2].sent_at
        later = [message for message in messages if message.sent_at >= since]
        assert _refs(await account.messages(chat, since=since).all()) == _refs(later)


async def send(harness: Harness, account: Account) -> None:
    """A message to a chat or its ref reaches the marketplace once, and is the chat's last one."""
    chat = await writable_chat(account)
    text = padded(account.capabilities[Capability.SEND])
    targets: tuple[Chat | Ref, ...] = (chat, chat.ref)
    for count, target in enumerate(targets, 1):
        sent = await account.send(target, f"{text} {count}")
        assert sent.failed_files == ()
        assert harness.effects_of(Capability.SEND) == count
        last = (await account.messages(chat).all())[-1]
        assert (last.author, last.text) == (Author.SELLER, f"{text} {count}")


async def send_files(harness: Harness, account: Account) -> None:
    """A file of each stated type reaches the marketplace."""
    chat = await writable_chat(account)
    types = str(account.capabilities[Capability.SEND_FILES].facts.get("file_types", "image/png"))
    for count, content_type in enumerate(types.split(), 1):
        sent = await account.send(chat, "", files=[sample(content_type)])
        assert sent.failed_files == ()
        assert harness.effects_of(Capability.SEND_FILES) == count
        last = (await account.messages(chat).all())[-1]
        assert (last.author, len(last.attachments)) == (Author.SELLER, 1)


async def download(_: Harness, account: Account) -> None:
    """Files of messages can be read, except those that moderation withholds."""
    sizes = []
    for chat in await account.chats().all():
        for message in await account.messages(chat).all():
            for attachment in message.attachments:
                try:
                    async with account.download(message, attachment) as file:
                        sizes.append(len(await file.read()))
                except (NotReady, RefusedByModeration):
                    continue
    assert sizes
    assert all(sizes)


async def open_chat(harness: Harness, account: Account) -> None:
    """Opening a chat about an order creates it once; the second call returns the same chat."""
    order = harness.order_without_chat()
    before = _refs(await read(account, Capability.CHATS))
    chat = await account.open_chat(order_id=order)
    assert chat.ref not in before
    assert chat.order is not None
    assert chat.order.id == order
    assert _refs(await read(account, Capability.CHATS)) == before | {chat.ref}
    assert (await account.open_chat(order_id=order)).ref == chat.ref


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


def _listed(account: Account, noun: Capability) -> _Listed:
    lists = account.questions if noun is Capability.QUESTIONS else account.feedbacks

    async def listed(
        *,
        answered: bool | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        product: str | None = None,
    ) -> Sequence[Question | Feedback]:
        return await lists(answered=answered, since=since, until=until, product=product).all()

    return listed


async def answered(noun: Capability, _: Harness, account: Account) -> None:
    """Both filters agree with the records' own status."""
    listed = _listed(account, noun)
    everything = [
        await account.get(item) if isinstance(item, Feedback) and not item.answer_known else item
        for item in await listed()
    ]
    answered, waiting = await listed(answered=True), await listed(answered=False)
    assert answered
    assert waiting
    assert _refs(answered) == _refs(item for item in everything if item.answered)
    assert not any(item.answered for item in waiting)
    # Records that will never be answered may be missing: rejected questions and old feedbacks.
    open_ones = [
        item
        for item in everything
        if isinstance(item, Question) and item.status is QuestionStatus.WAITING
    ]
    assert _refs(open_ones) <= _refs(waiting) <= _refs(everything)


async def period(noun: Capability, _: Harness, account: Account) -> None:
    """Both ends of the period are included, to the microsecond."""
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


async def product(noun: Capability, _: Harness, account: Account) -> None:
    """The filter returns all records about one product, and no others."""
    listed = _listed(account, noun)
    everything = await listed()
    # The marketplace's article, or the seller's own if the records have no other.
    products = [item.product or Product() for item in everything]
    articles = [product.id or product.seller_sku for product in products]
    article = next(article for article in articles if article is not None)
    of_product = [item for item, its in zip(everything, articles, strict=True) if its == article]
    assert _refs(await listed(product=article)) == _refs(of_product)


async def rating(_: Harness, account: Account) -> None:
    """The filter returns all feedbacks with one of the ratings, and no others."""
    everything = await account.feedbacks().all()
    ratings = sorted({item.rating for item in everything if item.rating is not None})
    wanted = ratings[:2]
    found = await account.feedbacks(rating=wanted).all()
    assert _refs(found) == _refs(item for item in everything if item.rating in wanted)
    assert len(found) < len(everything)


async def comments(_: Harness, account: Account) -> None:
    """All comments under a feedback, including the seller's new one."""
    feedback, write = await prepare(account, Capability.ANSWER_FEEDBACK)
    assert isinstance(feedback, Feedback)
    before = await account.comments(feedback).all()
    await write(TEXT)
    after = await account.comments(feedback).all()
    assert len(after) == len(before) + 1
    (new,) = [comment for comment in after if comment.id not in {old.id for old in before}]
    assert (new.author, new.text) == (Author.SELLER, TEXT)
    for comment in after:
        assert flaws(comment, marketplace=account.marketplace, account=account.name) == []


async def skip_reaction(_: Harness, account: Account) -> None:
    """The feedback counts as viewed, and does not wait any more."""
    before = await account.counts()
    found = await account.feedbacks().all()
    unseen = next(item for item in found if item.viewed is False)
    await account.skip_reaction(unseen)
    assert (await account.get(unseen)).viewed
    assert (await account.counts()).feedbacks == before.feedbacks - 1


async def sweeps(noun: Capability, harness: Harness, account: Account) -> None:
    """Every record is delivered once: in order, of a period, and after resuming."""
    swept = _swept(account, noun)
    everything = await swept().all()
    assert len(_refs(everything)) == len(everything) == harness.expected_counts()[noun]
    begin = min(item.created_at for item in everything)
    in_order = await swept(since=begin, in_order=True).all()
    assert in_order == sorted(in_order, key=lambda item: item.created_at)
    assert _refs(in_order) == _refs(everything)

    middle = in_order[len(in_order) // 2].created_at
    late = await swept(since=middle).all()
    early = await swept(since=begin, until=middle).all()
    assert _refs(late) == _refs(item for item in everything if item.created_at >= middle)
    assert _refs(early) == _refs(item for item in everything if item.created_at <= middle)

    sweep: Listing[AnyRecord] = swept(since=begin).map_pages(list)
    async with aclosing(sweep.pages()) as pages:
        page = await anext(pages)
    rest = await swept(since=begin, cursor=page.next_cursor).all()
    assert _refs(page.items).isdisjoint(_refs(rest))
    assert _refs(page.items) | _refs(rest) == _refs(everything)


class _Sweep(Protocol):
    def __call__(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        in_order: bool = False,
        cursor: str | None = None,
    ) -> Listing[Feedback] | Listing[Question]: ...


def _swept(account: Account, noun: Capability) -> _Sweep:
    sweeps = account.sweep
    return sweeps.feedbacks if noun is Capability.FEEDBACKS else sweeps.questions


# Returns.


async def returns_open(_: Harness, account: Account) -> None:
    """Open and closed returns are all returns, and waiting ones are open."""
    everything = await account.returns().all()
    open_ones = await account.returns(is_open=True).all()
    closed = await account.returns(is_open=False).all()
    assert open_ones
    assert closed
    assert _refs(open_ones).isdisjoint(_refs(closed))
    assert _refs(open_ones) | _refs(closed) == _refs(everything)
    assert not any(item.waiting_for_seller for item in closed)


# Notifications.


async def notifications(harness: Harness, account: Account) -> None:
    """The marketplace's notifications become hints for streams of the account."""
    hints: list[Hint] = []

    async def store(given: Sequence[Hint]) -> None:
        hints.extend(given)

    app = web.Application()
    app.add_subapp("/shop", account.receiver(store, networks=["127.0.0.1"]))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        await harness.notify(f"http://127.0.0.1:{runner.addresses[0][1]}/shop")
    finally:
        await runner.cleanup()
    assert hints
    assert {hint.account for hint in hints} == {account.name}
    assert {hint.stream for hint in hints} <= {stream.name for stream in account.streams()}
