"""The neutral operations of an account, as operations of a case."""

import asyncio
import csv
import json
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias

import msgspec

from tests.fuzz.outcome import Outcome, Shop, everything, use
from tests.fuzz.values import NOW
from tests.fuzz.world import Record
from wbym.account import Poll
from wbym.domain import Chat, Delivery, Noun, Ref, UndecodableRecord
from wbym.errors import WbymError
from wbym.export import Export
from wbym.export import Noun as ExportNoun
from wbym.feed import MemoryStore
from wbym.inbox import Inbox
from wbym.paging import Listing

__all__ = ["READS", "WRITES", "Read", "Write", "write"]

Rows: TypeAlias = Mapping[str, str]
"""A row by marketplace."""

FOLLOWED: Final = 35.0
"""Seconds for which events are read: some rounds of each stream."""
SINCE: Final = NOW - timedelta(days=30)


class Read(msgspec.Struct, frozen=True):
    """A neutral operation that reads."""

    name: str
    rows: Rows
    """Whose answers go wrong; where none is named, that of any request."""
    run: Callable[[Shop], Awaitable[Outcome]]
    is_complete: bool = True
    """Whether it is known what it has to deliver."""
    is_list: bool = True
    is_followed: bool = False
    """Whether it goes on until it is stopped."""


class Write(msgspec.Struct, frozen=True):
    """A neutral operation that writes."""

    name: str
    rows: Rows
    """The write."""
    run: Callable[[Shop, "Replies"], Awaitable[Delivery | None]]
    has_key: bool = True


class Replies(Protocol):
    """An account, or an inbox whose replies have a key."""

    async def send(self, chat: Ref, text: str, /) -> Delivery: ...

    async def answer(self, item: Ref, text: str, /) -> Delivery: ...

    async def edit_answer(self, item: Ref, text: str, /) -> Delivery: ...

    async def reject(self, question: Ref, reason: str, /) -> Delivery: ...

    async def decide(self, item: Ref, decision: str, /) -> Delivery: ...


BY_NOUN: Final[Mapping[Noun, Rows]] = {
    Noun.CHAT: {"wildberries": "chats.list", "yandex_market": "chats.list"},
    Noun.MESSAGE: {"wildberries": "chats.events", "yandex_market": "chats.history"},
    Noun.QUESTION: {"wildberries": "questions.list", "yandex_market": "questions.list"},
    Noun.FEEDBACK: {"wildberries": "feedbacks.list", "yandex_market": "feedbacks.list"},
    Noun.RETURN: {"wildberries": "claims.list", "yandex_market": "returns.list"},
}


def _row(shop: Shop, noun: Noun) -> str:
    return BY_NOUN[noun][shop.account.marketplace]


def _id_of(item: Any) -> object:  # noqa: ANN401 - any record
    return item.ref.id


# Lists.


def _listing(
    noun: Noun,
    make: Callable[[Shop], Listing[Any]],
    wanted: Callable[[Record], bool] | None = None,
) -> Callable[[Shop], Awaitable[Outcome]]:
    async def run(shop: Shop) -> Outcome:
        outcome = Outcome(_row(shop, noun), wanted or everything, is_partial=wanted is not None)
        return await shop.read(make(shop), _id_of, outcome)

    return run


def _is_open(record: Record) -> bool:
    return not record.flag


async def _messages(shop: Shop) -> Outcome:
    chat = shop.world.records(_row(shop, Noun.CHAT))[0]
    ref = _ref(shop, Noun.CHAT, chat)
    outcome = Outcome(_row(shop, Noun.MESSAGE))
    if shop.account.marketplace == "wildberries":
        outcome.wanted = lambda record: record.tree.get("chatID") == chat.id
        outcome.is_partial = True
    return await shop.read(shop.account.messages(ref), _id_of, outcome)


async def _comments(shop: Shop) -> Outcome:
    feedback = shop.world.records(_row(shop, Noun.FEEDBACK))[0]
    listing = shop.account.comments(_ref(shop, Noun.FEEDBACK, feedback))
    return await shop.read(
        listing, lambda item: getattr(item, "id", None), Outcome("feedbacks.comments")
    )


async def _answers(shop: Shop) -> Outcome:
    question = shop.world.records(_row(shop, Noun.QUESTION))[0]
    account: Any = shop.account
    listing = account.answers(_ref(shop, Noun.QUESTION, question))
    return await shop.read(
        listing, lambda item: getattr(item, "id", None), Outcome("questions.answers")
    )


async def _counts(shop: Shop) -> Outcome:
    return await _only(shop.account.counts())


async def _check(shop: Shop) -> Outcome:
    return await _only(shop.account.check())


async def _only(made: Awaitable[object]) -> Outcome:
    """Of what brings no records, whether it failed."""
    outcome = Outcome()
    try:
        use(await made)
    except WbymError as error:
        outcome.error = error
    return outcome


async def _get(shop: Shop) -> Outcome:
    nouns = [Noun.CHAT, Noun.QUESTION, Noun.FEEDBACK, Noun.RETURN]
    if shop.account.marketplace == "wildberries":
        nouns.append(Noun.MESSAGE)
    noun = shop.world.random.choice(nouns)
    record = shop.world.random.choice(shop.world.records(_row(shop, noun)))
    return await _only(shop.account.get(_ref(shop, noun, record)))


async def _decisions(shop: Shop) -> Outcome:
    record = shop.world.records(_row(shop, Noun.RETURN))[0]
    return await _only(shop.account.decisions(_ref(shop, Noun.RETURN, record)))


def _ref(shop: Shop, noun: Noun, record: Record) -> Ref:
    return Ref(shop.account.marketplace, shop.account.name, noun, str(record.id))


def _sweep(noun: Noun) -> Callable[[Shop], Awaitable[Outcome]]:
    async def run(shop: Shop) -> Outcome:
        in_order = shop.world.random.random() < 0.5
        sweeps = shop.account.sweep
        make = sweeps.feedbacks if noun is Noun.FEEDBACK else sweeps.questions
        outcome = Outcome(_row(shop, noun))
        try:
            async for page in make(since=SINCE, in_order=in_order).pages():
                for item in page.items:
                    outcome.delivered.append(item.ref.id)
                    use(item)
        except WbymError as error:
            outcome.error = error
        return outcome

    return run


def _stream(name: str, noun: Noun | None) -> Callable[[Shop], Awaitable[Outcome]]:
    """Two rounds of a stream."""

    async def known(_: str, ids: object) -> Mapping[str, str]:
        return {}

    async def run(shop: Shop) -> Outcome:
        outcome = Outcome(None if noun is None else _row(shop, noun), is_atomic=True)
        stream = next(one for one in shop.account.streams() if one.name == name)
        state = None
        try:
            for _ in range(2):
                async for batch in stream.poll(Poll(state=state, since=SINCE, known=known)):
                    state = state if batch.state is None else batch.state
                    for one in batch.observations:
                        use(one.record)
                        if isinstance(one.record, UndecodableRecord):
                            shop.undecodable.append(one.record)
                        else:
                            outcome.delivered.append(one.record.ref.id)
        except WbymError as error:
            outcome.error = error
        return outcome

    return run


def _export(noun: Noun, exported: ExportNoun) -> Callable[[Shop], Awaitable[Outcome]]:
    async def run(shop: Shop) -> Outcome:
        outcome = Outcome(_row(shop, noun), is_atomic=True)
        suffix = shop.world.random.choice([".jsonl", ".csv"])
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"file{suffix}"
            has_period = exported in {ExportNoun.FEEDBACKS, ExportNoun.QUESTIONS}
            since = SINCE if has_period else None
            try:
                await Export([shop.account], exported, path, since=since).run()
            except WbymError as error:
                outcome.error = error
            if path.exists():
                outcome.delivered += _ids_in(path)
        return outcome

    return run


def _events(noun: Noun) -> Callable[[Shop], Awaitable[Outcome]]:
    """The events of an inbox, for a while."""

    async def run(shop: Shop) -> Outcome:
        outcome = Outcome(_row(shop, noun))
        async with Inbox(shop.account, state=MemoryStore()) as inbox:

            async def follow() -> None:
                async for event in inbox.events(since=SINCE):
                    use(event.record)
                    if isinstance(event.record, UndecodableRecord):
                        shop.undecodable.append(event.record)
                    elif event.record.ref.noun is noun:
                        outcome.delivered.append(event.record.ref.id)

            following = asyncio.ensure_future(follow())
            await asyncio.wait({following}, timeout=FOLLOWED)
            if following.done() and (error := following.exception()) is not None:
                if not isinstance(error, WbymError):
                    raise error
                outcome.error = error
            following.cancel()
            await asyncio.wait({following})
        return outcome

    return run


def _ids_in(path: Path) -> list[object]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        if path.suffix == ".jsonl":
            return [json.loads(line)["ref"]["id"] for line in file]
        return [line["id"] for line in csv.DictReader(file)]


_C, _M, _Q, _F, _R = (
    BY_NOUN[noun] for noun in (Noun.CHAT, Noun.MESSAGE, Noun.QUESTION, Noun.FEEDBACK, Noun.RETURN)
)

READS: Final = (
    Read("chats", _C, _listing(Noun.CHAT, lambda shop: shop.account.chats())),
    Read(
        "chats waiting",
        {},
        _listing(Noun.CHAT, lambda shop: shop.account.chats(waiting_for_seller=True)),
        is_complete=False,
    ),
    Read("messages", _M, _messages),
    Read("questions", _Q, _listing(Noun.QUESTION, lambda shop: shop.account.questions())),
    Read(
        "questions unanswered",
        _Q,
        _listing(Noun.QUESTION, lambda shop: shop.account.questions(answered=False), _is_open),
    ),
    Read("feedbacks", _F, _listing(Noun.FEEDBACK, lambda shop: shop.account.feedbacks())),
    Read(
        "feedbacks of a period",
        _F,
        _listing(Noun.FEEDBACK, lambda shop: shop.account.feedbacks(since=SINCE)),
    ),
    Read(
        "feedbacks ahead",
        _F,
        _listing(Noun.FEEDBACK, lambda shop: shop.account.feedbacks(prefetch=4)),
    ),
    Read(
        "feedbacks unanswered",
        _F,
        _listing(Noun.FEEDBACK, lambda shop: shop.account.feedbacks(answered=False), _is_open),
    ),
    Read("returns", _R, _listing(Noun.RETURN, lambda shop: shop.account.returns())),
    Read(
        "returns open",
        _R,
        _listing(Noun.RETURN, lambda shop: shop.account.returns(is_open=True), _is_open),
    ),
    Read("comments", {"yandex_market": "feedbacks.comments"}, _comments),
    Read("answers", {"yandex_market": "questions.answers"}, _answers),
    Read("counts", {}, _counts, is_complete=False, is_list=False),
    Read("get", {}, _get, is_complete=False, is_list=False),
    Read("decisions", {}, _decisions, is_complete=False, is_list=False),
    Read("sweep feedbacks", _F, _sweep(Noun.FEEDBACK)),
    Read("sweep questions", _Q, _sweep(Noun.QUESTION)),
    Read("stream chats", {}, _stream("chats", None), is_complete=False),
    Read("stream messages", _M, _stream("chats", Noun.MESSAGE)),
    Read("stream questions", _Q, _stream("questions", Noun.QUESTION)),
    Read("stream feedbacks", _F, _stream("feedbacks", Noun.FEEDBACK)),
    Read("stream returns", _R, _stream("returns", Noun.RETURN)),
    Read(
        "feedbacks of an inbox",
        _F,
        _listing(Noun.FEEDBACK, lambda shop: Inbox(shop.account).feedbacks(newest_first=True)),
    ),
    Read("events messages", _M, _events(Noun.MESSAGE), is_followed=True),
    Read("events questions", _Q, _events(Noun.QUESTION), is_followed=True),
    Read("events feedbacks", _F, _events(Noun.FEEDBACK), is_followed=True),
    Read("events returns", _R, _events(Noun.RETURN), is_followed=True),
    Read("check", {}, _check, is_complete=False, is_list=False),
    Read("export feedbacks", _F, _export(Noun.FEEDBACK, ExportNoun.FEEDBACKS)),
    Read("export questions", _Q, _export(Noun.QUESTION, ExportNoun.QUESTIONS)),
    Read("export returns", _R, _export(Noun.RETURN, ExportNoun.RETURNS)),
    Read("export chats", _C, _export(Noun.CHAT, ExportNoun.CHATS)),
)

# Replies. Each takes the account, or what stands for it with a key.


def _first(shop: Shop, noun: Noun, *, flag: bool | None = None) -> Record:
    records = shop.world.records(_row(shop, noun))
    return next((one for one in records if flag is None or one.flag is flag), records[0])


async def _send(shop: Shop, account: Replies) -> Delivery:
    ref = _ref(shop, Noun.CHAT, _first(shop, Noun.CHAT))
    return await account.send(ref, "Здравствуйте!")


async def _answer_question(shop: Shop, account: Replies) -> Delivery:
    ref = _ref(shop, Noun.QUESTION, _first(shop, Noun.QUESTION, flag=False))
    return await account.answer(ref, "Да, конечно")


async def _answer_feedback(shop: Shop, account: Replies) -> Delivery:
    ref = _ref(shop, Noun.FEEDBACK, _first(shop, Noun.FEEDBACK, flag=False))
    return await account.answer(ref, "Спасибо за отзыв")


async def _edit_answer(shop: Shop, account: Replies) -> Delivery:
    record = _first(shop, Noun.FEEDBACK)
    record.flag = True
    record.tree |= (
        {"answer": {"text": "Спасибо", "state": "wbRu", "editable": True}}
        if shop.account.marketplace == "wildberries"
        else {}
    )
    return await account.edit_answer(_ref(shop, Noun.FEEDBACK, record), "Спасибо ещё раз")


async def _reject(shop: Shop, account: Replies) -> Delivery:
    ref = _ref(shop, Noun.QUESTION, _first(shop, Noun.QUESTION, flag=False))
    return await account.reject(ref, "Это не вопрос")


async def _decide(shop: Shop, account: Replies) -> Delivery:
    record = _first(shop, Noun.RETURN, flag=False)
    ref = _ref(shop, Noun.RETURN, record)
    if shop.account.marketplace == "wildberries":
        return await account.decide(ref, "approve1")
    return await account.decide(ref, "REFUND_MONEY")


async def _skip_reaction(shop: Shop, account: Replies) -> None:
    await shop.account.skip_reaction(_ref(shop, Noun.FEEDBACK, _first(shop, Noun.FEEDBACK)))


async def _open_chat(shop: Shop, account: Replies) -> None:
    found = await shop.account.open_chat(order_id=7001)
    assert isinstance(found, Chat)


WRITES: Final = (
    Write("send", {"wildberries": "chats.send", "yandex_market": "chats.send"}, _send),
    Write(
        "answer a question",
        {"wildberries": "questions.update", "yandex_market": "questions.update"},
        _answer_question,
    ),
    Write(
        "answer a feedback",
        {"wildberries": "feedbacks.answer", "yandex_market": "feedbacks.update_comment"},
        _answer_feedback,
    ),
    Write(
        "edit an answer",
        {"wildberries": "feedbacks.edit_answer", "yandex_market": "feedbacks.update_comment"},
        _edit_answer,
    ),
    Write("reject", {"wildberries": "questions.update"}, _reject),
    Write(
        "decide",
        {"wildberries": "claims.decide", "yandex_market": "returns.submit_decision"},
        _decide,
    ),
    Write("skip a reaction", {"yandex_market": "feedbacks.skip_reaction"}, _skip_reaction, False),
    Write("open a chat", {"yandex_market": "chats.new"}, _open_chat, False),
)

HOURS: Final = 2 * 3600.0
"""How long a reply with a key is left to the outbox."""


async def write(shop: Shop, operation: Write, *, with_key: bool) -> Outcome:
    """Write, and with a key wait for what becomes of it."""
    outcome = Outcome()
    if not with_key:
        try:
            outcome.delivery = await operation.run(shop, shop.account)
        except WbymError as error:
            outcome.error = error
        return outcome
    async with Inbox(shop.account, state=MemoryStore(), confirmation_timeout=300.0) as inbox:
        try:
            await operation.run(shop, _Keyed(inbox))
        except WbymError as error:
            outcome.error = error
        await asyncio.sleep(HOURS)
        outcome.delivery = await inbox.outbox.delivery(_KEY)
    return outcome


_KEY: Final = "key-1"


class _Keyed:
    """An inbox whose replies have a key."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def send(self, chat: Ref, text: str, /) -> Delivery:
        return await self._inbox.send(chat, text, idempotency_key=_KEY)

    async def answer(self, item: Ref, text: str, /) -> Delivery:
        return await self._inbox.answer(item, text, idempotency_key=_KEY)

    async def edit_answer(self, item: Ref, text: str, /) -> Delivery:
        return await self._inbox.edit_answer(item, text, idempotency_key=_KEY)

    async def reject(self, question: Ref, reason: str, /) -> Delivery:
        return await self._inbox.reject(question, reason, idempotency_key=_KEY)

    async def decide(self, item: Ref, decision: str, /) -> Delivery:
        return await self._inbox.decide(item, decision, idempotency_key=_KEY)
