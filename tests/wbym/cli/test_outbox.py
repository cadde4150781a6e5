"""``wbym outbox`` on a state file, with and without a service that works with it."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from tests.wbym.cli.conftest import Run, flat
from tests.wbym.feed.shop import Shop
from wbym.cli.jsonlines import as_fields
from wbym.domain import Action, Delivery, DeliveryState, Noun, Ref
from wbym.feed import SqliteStore
from wbym.feed._actions import SendAction, encode_action
from wbym.inbox import Inbox

AT = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
"""Recently, since old keys are deleted."""
LONG = "Здравствуйте! " + "Уже разбираемся, ответим сегодня. " * 10
NOTE = "accepted, but not visible within 300 s; check it and resolve the delivery [really]"


def delivery(key: str, state: DeliveryState, account: str = "shop") -> Delivery:
    note = NOTE if state is DeliveryState.UNKNOWN else None
    return Delivery(
        Ref("toy", account, Noun.CHAT, f"chat-{key}"),
        Action.SEND,
        LONG,
        state,
        AT,
        AT,
        sent_at=AT,
        attempts=2,
        idempotency_key=key,
        note=note,
    )


async def _write(path: str, deliveries: Iterable[Delivery]) -> None:
    async with SqliteStore(path) as store:
        for one in deliveries:
            await store.enter(one, encode_action(SendAction(one.target, one.text)))


async def _read(key: str) -> Delivery | None:
    async with SqliteStore("wbym.db") as store:
        return await store.delivery(key)


def state_of(key: str) -> DeliveryState:
    found = asyncio.run(_read(key))
    assert found is not None
    return found.state


@pytest.fixture
def every_state() -> list[Delivery]:
    """A state file with a delivery per state, keyed by its name, and one of another account."""
    made = [delivery(state, state) for state in DeliveryState]
    made.append(delivery("other", DeliveryState.UNKNOWN, "second"))
    asyncio.run(_write("wbym.db", made))
    return made


def json_of(one: Delivery) -> str:
    return msgspec.json.encode(as_fields(one)).decode()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), ["pending", "sending", "accepted", "unknown", "other"]),
        (("--all",), [*DeliveryState, "other"]),
        (("--in", "confirmed"), ["confirmed"]),
        (("--in", "confirmed", "--in", "unknown"), ["confirmed", "unknown", "other"]),
        (("--account", "second"), ["other"]),
        (("--account", "second", "--in", "pending"), []),
    ],
)
def test_list_when_filtered(
    run: Run, every_state: list[Delivery], arguments: tuple[str, ...], expected: list[str]
) -> None:
    result = run("outbox", "list", *arguments)
    assert result.exit_code == 0
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    assert [row[0] for row in rows] == expected
    assert all(len(row) == 8 for row in rows)
    assert ("no such deliveries; --all lists all" in flat(result)) is (not expected)
    lines = run("outbox", "list", "--json", *arguments).stdout.splitlines()
    wanted = {one.idempotency_key: one for one in every_state}
    assert lines == [json_of(wanted[key]) for key in expected]


def test_list_when_shown(
    run: Run, every_state: list[Delivery], terminal: Callable[[int], None]
) -> None:
    terminal(60)
    result = run("outbox", "list", "--account", "shop", "--in", "unknown")
    head, *facts = result.stdout.splitlines()
    assert head == f"unknown since {AT:%Y-%m-%d %H:%M}Z, 2 attempts"
    assert [fact.split(maxsplit=1) for fact in facts] == [
        ["key", "unknown"],
        ["send", "toy/shop/chat/chat-unknown"],
        ["text", facts[2].split(maxsplit=1)[1]],
        ["note", NOTE],
    ]
    assert len(facts[2]) <= 60
    assert facts[2].endswith("…")
    assert flat(result).startswith("1 unknown: check each in the seller's cabinet")
    assert "wbym outbox resolve KEY confirmed|rejected|again" in flat(result)


def test_list_when_in_and_all_are_given(run: Run, every_state: list[Delivery]) -> None:
    result = run("outbox", "list", "--all", "--in", "unknown")
    assert result.exit_code == 2
    assert "--in and --all cannot be combined" in flat(result)


def test_show_one_delivery(run: Run, every_state: list[Delivery]) -> None:
    result = run("outbox", "show", "unknown")
    assert result.exit_code == 0
    for part in (LONG.strip(), NOTE, "toy/shop/chat/chat-unknown", f"unknown since {AT:%Y-%m-%d}"):
        assert part in result.stdout
    line = run("outbox", "show", "unknown", "--json").stdout
    assert line.strip() in map(json_of, every_state)


@pytest.mark.parametrize("command", ["resolve", "settle"])
@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ("confirmed", DeliveryState.CONFIRMED),
        ("rejected", DeliveryState.REJECTED),
        ("again", DeliveryState.PENDING),
    ],
)
def test_resolve_when_unknown(
    run: Run,
    every_state: list[Delivery],
    outcome: str,
    state: DeliveryState,
    command: str,
) -> None:
    result = run("outbox", command, "unknown", outcome)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(f"unknown is {state}")
    assert ("the service that uses this state sends it" in result.stdout) is (outcome == "again")
    assert state_of("unknown") is state


@pytest.mark.parametrize("key", ["sending", "accepted", "confirmed", "rejected"])
def test_resolve_when_the_delivery_is_neither_unknown_nor_pending(
    run: Run, every_state: list[Delivery], key: str
) -> None:
    result = run("outbox", "resolve", key, "confirmed")
    assert result.exit_code == 2
    rule = f"idempotency_key must be of a delivery that is unknown; it is {key}"
    assert flat(result) == f"error: resolve: {rule}; got '{key}'"
    assert state_of(key) is DeliveryState(key)


@pytest.mark.parametrize("command", [("show", "gone"), ("resolve", "gone", "again")])
def test_key_when_the_delivery_does_not_exist(
    run: Run, every_state: list[Delivery], command: tuple[str, ...]
) -> None:
    result = run("outbox", *command)
    assert (result.exit_code, result.stdout) == (2, "")
    assert flat(result).endswith(": idempotency_key must be of a delivery; got 'gone'")


@pytest.mark.parametrize("command", [("list",), ("show", "x"), ("resolve", "x", "confirmed")])
def test_state_file_when_missing_or_invalid(
    run: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    result = run("outbox", *command, "--state", "no.db")
    assert (result.exit_code, result.stdout) == (1, "")
    assert flat(result).startswith("error: no.db: the file does not exist")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "notes.txt").write_text("something else, and long enough to be no database\n" * 9)
    result = run("outbox", *command, "--state", "notes.txt")
    assert result.exit_code == 1
    assert flat(result).startswith("error: notes.txt: ")
    assert (tmp_path / "notes.txt").read_text().startswith("something else")


async def test_resolve_when_a_service_has_the_file_open(run: Run) -> None:
    await _write("wbym.db", [delivery("unknown", DeliveryState.UNKNOWN)])
    async with Inbox(Shop(), state="wbym.db") as inbox:
        result = await asyncio.to_thread(run, "outbox", "resolve", "unknown", "confirmed")
        assert result.exit_code == 0
        resolved = await inbox.outbox.delivery("unknown")
    assert resolved is not None
    assert resolved.state is DeliveryState.CONFIRMED


async def test_resolve_again_is_sent_at_the_next_start(run: Run) -> None:
    await _write("wbym.db", [delivery("unknown", DeliveryState.UNKNOWN)])
    await asyncio.to_thread(run, "outbox", "resolve", "unknown", "again")
    shop = Shop()
    async with Inbox(shop, state="wbym.db") as inbox, asyncio.timeout(60):
        async for event in inbox.events(since=AT):
            if event.sent_as == "unknown":
                break
    assert shop.sent == [("chat-unknown", LONG)]
