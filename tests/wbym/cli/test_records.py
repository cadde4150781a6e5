"""``wbym show`` and ``wbym messages``."""

from collections.abc import Callable

import pytest
from wcwidth import wcswidth

from tests.wbym.cli.conftest import Run, Simulated, flat, objects_of, rows_of


@pytest.mark.parametrize("noun", ["feedbacks", "questions", "chats", "returns"])
@pytest.mark.parametrize("account", ["wildberries", "yandex_market"])
def test_each_printed_ref_can_be_shown(
    noun: str, account: str, run: Run, shop: Simulated, market: Simulated
) -> None:
    (ref, *_), *_ = rows_of(run(noun, "--account", account, "--limit", "1"))
    shown = dict(rows_of(run("show", ref)))
    assert shown["ref"] == ref
    assert all(shown.values())
    (record,) = objects_of(run("show", ref, "--json"))
    assert record["ref"] == ref


def test_show_on_a_terminal(run: Run, shop: Simulated, terminal: Callable[[int], None]) -> None:
    (item,) = objects_of(run("feedbacks", "--answered", "--limit", "1", "--json"))
    terminal(60)
    result = run("show", item["ref"])
    lines = result.stdout.splitlines()
    assert lines[0] == item["ref"]
    assert all(wcswidth(line) <= 60 for line in lines)
    words = item["answer"]["text"].split()
    assert words == result.stdout.partition("answer ")[2].split()[: len(words)]


def test_show_lists_the_decisions_of_a_return(run: Run, shop: Simulated, market: Simulated) -> None:
    for account, decision in (("wildberries", "approve1: "), ("yandex_market", "REFUND_MONEY: ")):
        refs = [ref for ref, *_ in rows_of(run("returns", "--open", "--account", account))]
        ref = next(ref for ref in refs if "decisions" in dict(rows_of(run("show", ref))))
        assert decision in dict(rows_of(run("show", ref)))["decisions"]
        (record,) = objects_of(run("show", ref, "--json"))
        assert record["decisions"]


def test_messages_are_the_newest_in_order(run: Run, shop: Simulated) -> None:
    (chat, *_), *_ = rows_of(run("chats"))
    every = objects_of(run("messages", chat, "--json"))
    times = [item["sent_at"] for item in every]
    assert len(every) > 3
    assert times == sorted(times)
    assert {item["chat"] for item in every} == {chat}
    some = rows_of(run("messages", chat, "--limit", "2"))
    assert [row[0] for row in some] == [item["ref"] for item in every[-2:]]
    late = objects_of(run("messages", chat, "--json", "--since", times[-1]))
    assert [item["ref"] for item in late] == [every[-1]["ref"]]
    # A message can be shown too.
    assert dict(rows_of(run("show", every[-1]["ref"])))["chat"] == chat


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_messages_on_a_terminal(
    columns: int, run: Run, own_shop: Simulated, terminal: Callable[[int], None]
) -> None:
    (chat, *_), *_ = rows_of(run("chats"))
    own_shop.act(act="write", text="Где же мой заказ? " * 20, chat=chat_id(chat))
    terminal(columns)
    result = run("messages", chat)
    lines = result.stdout.splitlines()
    assert all(wcswidth(line) <= columns for line in lines)
    assert " ".join(result.stdout.split()).endswith(("Где же мой заказ? " * 20).strip())
    few = run("messages", chat, "--limit", "1")
    assert "the newest 1 of 13 messages; --limit N shows more" in few.stderr


def test_messages_of_something_else(run: Run, shop: Simulated) -> None:
    result = run("messages", "wildberries/wildberries/feedback/1")
    assert result.exit_code == 2
    assert "must be of a chat, not of a feedback" in flat(result)


def chat_id(ref: str) -> str:
    return ref.rpartition("/")[2].replace("%3A", ":")
