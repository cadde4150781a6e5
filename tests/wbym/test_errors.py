"""Every error can be pickled, as between processes, and names the remedy."""

import copy
import multiprocessing
import pickle
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from typing import TypeVar

import pytest

from wbym import errors
from wbym.errors import (
    AccountsFailed,
    AlreadyAnswered,
    AnswerNotLoaded,
    CallError,
    ChatNotReady,
    ConnectionFailed,
    CredentialError,
    CursorStuck,
    ExportError,
    FeedBusy,
    InvalidInput,
    PagingLimit,
    QuotaExhausted,
    RefError,
    StateError,
    TaskPending,
    Unsupported,
    WbymError,
)

E = TypeVar("E", bound=WbymError)


def below(kind: type[E]) -> list[type[E]]:
    return [kind, *(one for child in kind.__subclasses__() for one in below(child))]


def calls() -> list[WbymError]:
    return [
        kind(
            "no",
            marketplace="toy",
            account="shop",
            endpoint="chats.send",
            status=400,
            code="1",
            request_id="r",
            retry_after=2.0,
            body=b"{}",
        )
        for kind in below(CallError)
    ]


ERRORS = [
    *calls(),
    *(
        kind("shop", "no", method="chats.send")
        for kind in below(CredentialError)
        if not issubclass(kind, CallError)
    ),
    AccountsFailed.of([("shop", InvalidInput("answer", "text", "must not be empty", ""))], 2),
    AlreadyAnswered("toy/shop/feedback/1", "Спасибо!"),
    AnswerNotLoaded("toy/shop/feedback/1"),
    ChatNotReady("toy/shop/chat/1", method="chats.send", reason="it is new", retry_after=60.0),
    CursorStuck("chats", "7"),
    ExportError("a.csv", "no"),
    FeedBusy("shop", "process 1"),
    errors.InboxNotOpen("counts"),
    errors.AccountNotOpen("it is closed"),
    errors.Interrupted("the list", "CancelledError", "7"),
    InvalidInput("answer", "text", "must not be empty", ""),
    PagingLimit("feedbacks", 10),
    QuotaExhausted("chats", retry_at=datetime(2026, 5, 1, tzinfo=UTC), wait=2.0, max_wait=1.0),
    RefError("toy/shop/1", "must have 4 parts"),
    StateError("a.db", "no"),
    errors.LeaseLost("postgresql://db/wbym", "no"),
    errors.LimitsUnavailable("redis://cache/0", "it is away"),
    TaskPending("prices.wait", 7, "the time is over"),
    Unsupported("toy", "send", "files", 1),
    errors.ConfigError("no"),
]


def _pickled(error: WbymError) -> WbymError:
    return pickle.loads(pickle.dumps(error))  # type: ignore[no-any-return]


@pytest.mark.parametrize("way", [_pickled, copy.copy, copy.deepcopy])
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_error_when_copied(error: WbymError, way: Callable[[WbymError], WbymError]) -> None:
    error.add_note("account: shop")
    error.__cause__ = InvalidInput("a", "b", "must", 1)
    same_error(way(error), error)
    same_error(way(way(error)), error)


def same_error(found: BaseException, error: BaseException) -> None:
    """Check that an error has the class, text, attributes, notes, causes and parts of another."""
    assert type(found) is type(error)
    assert str(found) == str(error)
    assert vars(found) == vars(error)
    assert isinstance(error, WbymError)
    assert isinstance(found, WbymError)
    assert found.retryable == error.retryable
    assert type(found.__cause__) is type(error.__cause__)
    if error.__cause__ is not None:
        same_error(found.__cause__, error.__cause__)  # type: ignore[arg-type]
    if isinstance(error, AccountsFailed):
        assert isinstance(found, AccountsFailed)
        for one, other in zip(found.exceptions, error.exceptions, strict=True):
            same_error(one, other)


def _fail(number: int) -> None:
    raise ERRORS[number]


def test_errors_when_they_come_from_another_process() -> None:
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawned) as pool:
        for number, error in enumerate(ERRORS):
            with pytest.raises(type(error)) as found:
                pool.submit(_fail, number).result()
            assert type(found.value) is type(error)
            assert str(found.value) == str(error)


class Foreign(Exception):
    """An error that cannot be made from its args."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")


@pytest.mark.parametrize("way", [_pickled, copy.copy, copy.deepcopy])
def test_error_when_a_part_cannot_be_pickled(way: Callable[[WbymError], WbymError]) -> None:
    wrong = InvalidInput("send", "text", "must be a text", threading.Lock())
    assert str(way(wrong)) == str(wrong)
    inner = Foreign(1, 2)
    inner.add_note("account: shop")
    found = way(AccountsFailed.of([("shop", inner), ("other", wrong)], 2))
    assert isinstance(found, AccountsFailed)
    assert "Foreign" in str(found)
    first, second = found.exceptions
    assert "1 and 2" in str(first)
    assert "account: shop" in first.__notes__
    assert type(second) is InvalidInput


def test_error_when_its_cause_is_of_another_library() -> None:
    error = ConnectionFailed("no", marketplace="toy", account="shop", endpoint="chats.send")
    error.__cause__ = Foreign(1, 2)
    assert _pickled(error).__cause__ is None


def test_scope_rejected_when_caught() -> None:
    """It is caught as either of its bases, with the attributes of both."""
    facts = {"marketplace": "toy", "account": "shop", "endpoint": "chats.send"}
    error = errors.ScopeRejected("token scope not allowed", status=401, **facts)  # type: ignore[arg-type]
    for kind in (errors.MissingScope, errors.Unauthorized, CallError, CredentialError):
        assert isinstance(error, kind)
    assert (error.reason, error.method) == ("token scope not allowed", "chats.send")
    assert (error.status, error.account) == (401, "shop")


def test_errors_when_all_kinds_are_pickled() -> None:
    """All concrete errors; bases of others represent themselves."""
    exported = {getattr(errors, name) for name in errors.__all__}
    kinds = {one for one in exported if isinstance(one, type) and issubclass(one, WbymError)}
    assert kinds - {type(error) for error in ERRORS} == {WbymError}
