"""A caller's mistake is InvalidInput, before a request is made or anything is stored."""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.wbym_yandex_market.shops import KEY
from tests.support.fakes import ScriptedTransport
from wbym import Inbox
from wbym.account import Account
from wbym.domain import Attachment, Noun, Ref
from wbym.errors import InvalidInput
from wbym.limits import Scheduler
from wbym.paging import Listing
from wbym_wildberries import Wildberries
from wbym_wildberries.simulator import make_token
from wbym_yandex_market import YandexMarket

NAIVE = datetime(2026, 5, 1)  # noqa: DTZ001 - it is wrong
FIRST = datetime(1, 1, 1, tzinfo=UTC)
OBJECTS = [1, 1.5, [], {}, b"x", True, date(2026, 5, 1), NAIVE, object()]
BLANK = ["", " ", "\n\t", "\u200b", "\u2060\ufeff", "half \ud83d"]
TEXTS = [None, *OBJECTS, *BLANK, "x" * 1_000_000]
KEYS = [*OBJECTS, *BLANK]
TIMES = [*OBJECTS, "2026-05-01", FIRST, datetime(1969, 12, 31, tzinfo=UTC)]
FLAGS = [one for one in [*OBJECTS, "yes", 0] if one is not True]
IDS = ["", " ", "\u200b", ".", "..", "half \ud83d"]
RATINGS = [1, 1.5, [], {1: 2}, b"x", True, "5", [0], [6], [True], [1.0], ["1"], [None]]
PREFETCH = [one for one in [*OBJECTS, 0, -1, 10**30, "1"] if one != 1]


def _refs(account: Account, noun: Noun) -> list[object]:
    names = account.marketplace, account.name
    wrong: list[object] = [None, *OBJECTS, "x", Ref(*names, Noun.UNDECODABLE, "1")]
    wrong += [Ref(*names, noun, one) for one in IDS]
    wrong += [Ref(*names, noun, 5), Ref(*names, noun, None), Ref("toy", account.name, noun, "1")]  # type: ignore[arg-type]
    return wrong


def _ref(account: Account, noun: Noun) -> Ref:
    return Ref(account.marketplace, account.name, noun, "1")


LISTS = {
    "chats": [("waiting_for_seller", FLAGS)],
    "questions": [("answered", FLAGS), ("since", TIMES), ("until", TIMES)],
    "feedbacks": [("answered", FLAGS), ("since", TIMES), ("until", TIMES), ("rating", RATINGS)],
    "returns": [("is_open", FLAGS)],
}
PRODUCTS: list[object] = [*OBJECTS, "", "\u200b", "half \ud83d"]


def _with(method: Callable[..., object], argument: str, value: object) -> object:
    return method(**{argument: value})


def _cases(account: Account) -> list[tuple[str, Callable[[], object]]]:
    cases: list[tuple[str, Callable[[], object]]] = []

    def add(name: str, call: Callable[[Any], object], values: list[Any]) -> None:
        cases.extend((f"{name}: {one!r:.60}", lambda one=one: call(one)) for one in values)  # type: ignore[misc]

    for name, arguments in LISTS.items():
        method = getattr(account, name)
        for argument, values in [*arguments, ("prefetch", PREFETCH), ("priority", OBJECTS)]:
            add(f"{name}.{argument}", partial(_with, method, argument), values)
        add(f"{name}.cursor", partial(_with, method, "cursor"), [*OBJECTS, "half \ud83d"])
    for name in ("questions", "feedbacks"):
        method = getattr(account, name)
        no_number = ["²", "1.5"] if account.marketplace == "wildberries" else []
        add(f"{name}.product", partial(_with, method, "product"), [*PRODUCTS, *no_number])
        sweep = getattr(account.sweep, name)
        add(f"sweep.{name}", partial(_with, sweep, "until"), TIMES)
    ref_calls: list[tuple[str, Noun, Callable[[Any], object]]] = [
        ("messages", Noun.CHAT, account.messages),
        ("send", Noun.CHAT, lambda v: account.send(v, "Да!")),
        ("answer", Noun.QUESTION, lambda v: account.answer(v, "Да!")),
        ("edit_answer", Noun.FEEDBACK, lambda v: account.edit_answer(v, "Да!")),
        ("reject", Noun.QUESTION, lambda v: account.reject(v, "Да!")),
        ("decisions", Noun.RETURN, account.decisions),
        ("decide", Noun.RETURN, lambda v: account.decide(v, "1")),
        ("comments", Noun.FEEDBACK, account.comments),
        ("skip_reaction", Noun.FEEDBACK, account.skip_reaction),
        ("get", Noun.FEEDBACK, account.get),
        ("download", Noun.MESSAGE, lambda v: account.download(v, Attachment(id="1"))),
    ]
    for name, noun, call in ref_calls:
        add(name, call, _refs(account, noun))
    chat, question = _ref(account, Noun.CHAT), _ref(account, Noun.QUESTION)
    feedback, item = _ref(account, Noun.FEEDBACK), _ref(account, Noun.RETURN)
    add("send.text", lambda v: account.send(chat, v), TEXTS)
    add("send.files", lambda v: account.send(chat, "Да!", files=v), [["a.jpg"], *OBJECTS[:2], "x"])
    add("answer.text", lambda v: account.answer(question, v), TEXTS)
    add("answer.text", lambda v: account.answer(feedback, v), TEXTS)
    add("edit_answer.text", lambda v: account.edit_answer(feedback, v), TEXTS)
    add("reject.reason", lambda v: account.reject(question, v), TEXTS)
    add("decide.decision", lambda v: account.decide(item, v), [None, *OBJECTS, *BLANK])
    add("decide.comment", lambda v: account.decide(item, "1", comment=v), TEXTS[1:-1])
    add("decide.amount", lambda v: account.decide(item, "1", amount=v), [*OBJECTS, "1"])
    add("messages.since", lambda v: account.messages(chat, since=v), TIMES)
    return cases


def _account(name: str) -> tuple[Account, ScriptedTransport]:
    transport = ScriptedTransport()
    if name == "wildberries":
        return Wildberries(make_token(), transport=transport, scheduler=Scheduler()), transport
    shop = YandexMarket(
        KEY, business_id=11, campaign_ids=[1], transport=transport, scheduler=Scheduler()
    )
    return shop, transport


async def _refused(case: str, call: Callable[[], object]) -> None:
    try:
        found = call()
        if isinstance(found, Listing):
            found = found.page()
        if isinstance(found, Awaitable):
            await found
        else:
            async with found:  # type: ignore[attr-defined]
                pass
    except InvalidInput:
        return
    except Exception as error:
        raise AssertionError(f"{case}: {error!r}") from error
    raise AssertionError(f"{case}: accepted")


@pytest.mark.parametrize("name", ["wildberries", "yandex_market"])
async def test_methods_when_a_value_is_wrong(name: str) -> None:
    account, transport = _account(name)
    wrong = []
    for case, call in _cases(account):
        try:
            await _refused(case, call)
        except AssertionError as error:
            wrong.append(str(error))
    assert not wrong, "\n".join(wrong)
    assert not transport.requests


@pytest.mark.parametrize("name", ["wildberries", "yandex_market"])
async def test_replies_with_a_key_when_a_value_is_wrong(name: str, tmp_path: Path) -> None:
    account, transport = _account(name)
    path = tmp_path / "state.db"
    async with Inbox(account, state=path) as inbox:
        chat, question = _ref(account, Noun.CHAT), _ref(account, Noun.QUESTION)
        item = _ref(account, Noun.RETURN)
        wrong = []

        def digests() -> list[str]:
            files = sorted(one for one in tmp_path.glob("state.db*") if one.is_file())
            return [hashlib.sha256(one.read_bytes()).hexdigest() for one in files]

        before = digests()
        calls: list[tuple[str, Callable[[Any], object], list[Any]]] = [
            ("send", lambda v: inbox.send(chat, v, idempotency_key="k"), TEXTS),
            (
                "send",
                lambda v: inbox.send(v, "Да!", idempotency_key="k"),
                _refs(account, Noun.CHAT),
            ),
            ("send", lambda v: inbox.send(chat, "Да!", idempotency_key=v), KEYS),
            ("answer", lambda v: inbox.answer(question, v, idempotency_key="k"), TEXTS),
            ("answer", lambda v: inbox.answer(question, "Да!", idempotency_key=v), KEYS),
            ("decide", lambda v: inbox.decide(item, v, idempotency_key="k"), [None, *KEYS]),
            ("decide", lambda v: inbox.decide(item, "1", idempotency_key=v), KEYS),
        ]
        for what, call, values in calls:
            for value in values:
                try:
                    await _refused(f"{what}: {value!r:.60}", lambda c=call, v=value: c(v))  # type: ignore[misc]
                except AssertionError as error:
                    wrong.append(str(error))
        assert not wrong, "\n".join(wrong)
        assert digests() == before
    assert not transport.requests
