"""``wbym dead-letters`` on a state file."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
import pytest

from tests.wbym.cli.conftest import Run, flat
from wbym.domain import Author, Message, Noun, Ref
from wbym.feed import EventKind, SqliteStore, Store
from wbym.feed._serialization import encode_record
from wbym.feed._store import Checkpoint, Step, StoredDeadLetter, StoredEvent

AT = datetime(2026, 5, 1, 12, 30, tzinfo=UTC)
LONG = "Где мой заказ? " * 20


async def lay_aside(store: Store, event_id: str, account: str) -> None:
    """Store a message as an event, and lay it aside."""
    marketplace, _, _, number = event_id.split("/")
    record = Message(
        ref=Ref(marketplace, account, Noun.MESSAGE, number),
        chat=Ref(marketplace, account, Noun.CHAT, "7"),
        author=Author.BUYER,
        sent_at=AT,
        text=LONG,
    )
    event = StoredEvent(event_id, account, EventKind.MESSAGE, AT, encode_record(record))
    await store.write(Step(Checkpoint(account, "chats", AT), [event]))
    (stored,) = await store.events([account], after=0, limit=1)
    await store.lay_aside(StoredDeadLetter(stored, AT, 8, "ValueError: no\nsuch order"))


@pytest.fixture
def letters() -> Sequence[str]:
    """Ids of dead letters of two accounts."""
    ids = ["toy/shop/message/1", "toy/shop/message/2", "toy/other/message/3"]

    async def fill() -> None:
        async with SqliteStore("wbym.db") as store:
            for one in ids:
                await lay_aside(store, one, one.split("/")[1])

    asyncio.run(fill())
    return ids


def state() -> tuple[list[str], dict[str, int]]:
    """Ids of the dead letters, and the number of events by account."""

    async def read() -> tuple[list[str], dict[str, int]]:
        async with SqliteStore("wbym.db") as store:
            return [one.event.id for one in await store.dead_letters()], await store.backlog()

    return asyncio.run(read())


def test_list_when_shown(run: Run, letters: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    result = run("dead-letters", "list", "--account", "other")
    assert result.exit_code == 0
    head, *facts = result.stdout.splitlines()
    assert head == "message of other, failed at 2026-05-01 12:30Z"
    assert facts[0] == "  id        toy/other/message/3"
    assert facts[1] == "  created   2026-05-01 12:30Z"
    assert facts[2].startswith("  text      Где мой заказ?")
    assert len(facts[2]) <= 60
    assert facts[3:] == ["  attempts  8", "  error     ValueError: no such order"]
    assert "wbym dead-letters retry ID" in flat(result)


def test_list_when_json(run: Run, letters: Sequence[str]) -> None:
    lines = run("dead-letters", "list", "--json").stdout.splitlines()
    rows = [msgspec.json.decode(line) for line in lines]
    assert [row["id"] for row in rows] == list(letters)
    assert rows[0]["record"]["text"] == LONG
    assert (rows[0]["kind"], rows[0]["attempts"]) == ("message", 8)


@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        (["toy/shop/message/1"], [1, 2]),
        (["toy/shop/message/1", "toy/other/message/3"], [1]),
        (["--all"], []),
        (["--all", "--account", "shop"], [2]),
    ],
)
@pytest.mark.parametrize("command", ["retry", "drop"])
def test_letters_when_retried_or_dropped(
    run: Run, letters: Sequence[str], command: str, arguments: list[str], left: list[int]
) -> None:
    result = run("dead-letters", command, *arguments)
    assert result.exit_code == 0
    kept, backlog = state()
    assert kept == [letters[number] for number in left]
    gone = len(letters) - len(left)
    assert len(result.stdout.splitlines()) == gone
    assert sum(backlog.values()) == (gone if command == "retry" else 0)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "name the ids of events, or use --all"),
        (["x", "--all"], "name the ids of events, or use --all"),
        (["x", "--account", "shop"], "--account is for --all"),
        (["toy/shop/message/9"], "must be the id of a dead letter"),
    ],
)
def test_drop_when_it_is_unclear_what(
    run: Run, letters: Sequence[str], arguments: list[str], problem: str
) -> None:
    result = run("dead-letters", "drop", *arguments)
    assert result.exit_code != 0
    assert problem in flat(result)
    assert state()[0] == list(letters)


def test_list_when_empty_or_missing(run: Run) -> None:
    result = run("dead-letters", "list")
    assert result.exit_code == 1
    assert "the file does not exist" in flat(result)

    async def create() -> None:
        async with SqliteStore("wbym.db"):
            pass

    asyncio.run(create())
    assert "no dead letters" in flat(run("dead-letters", "list"))
