"""Every error can be pickled, as between processes, and names the remedy."""

import pickle
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
    *(kind("shop", "no", method="chats.send") for kind in below(CredentialError)),
    AccountsFailed.of([("shop", InvalidInput("answer", "text", "must not be empty", ""))], 2),
    AlreadyAnswered("toy/shop/feedback/1", "Спасибо!"),
    AnswerNotLoaded("toy/shop/feedback/1"),
    ChatNotReady("toy/shop/chat/1", method="chats.send", reason="it is new", retry_after=60.0),
    CursorStuck("chats", "7"),
    ExportError("a.csv", "no"),
    FeedBusy("shop", "process 1"),
    errors.InboxNotOpen("counts"),
    InvalidInput("answer", "text", "must not be empty", ""),
    PagingLimit("feedbacks", 10),
    QuotaExhausted("chats", retry_at=datetime.now(UTC), wait=2.0, max_wait=1.0),
    RefError("toy/shop/1", "must have 4 parts"),
    StateError("a.db", "no"),
    TaskPending("prices.wait", 7, "the time is over"),
    Unsupported("toy", "send", "files", 1),
    errors.ConfigError("no"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_error_when_pickled(error: WbymError) -> None:
    error.add_note("account: shop")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


def test_errors_when_all_kinds_are_pickled() -> None:
    """All concrete errors; bases of others represent themselves."""
    exported = {getattr(errors, name) for name in errors.__all__}
    kinds = {one for one in exported if isinstance(one, type) and issubclass(one, WbymError)}
    assert kinds - {type(error) for error in ERRORS} == {WbymError}
