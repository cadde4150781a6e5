"""The commands that write, against the simulators."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.wbym.cli.conftest import Run, Simulated, flat, objects_of, rows_of
from tests.wbym.cli.test_records import chat_id

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


def ref_of(run: Run, noun: str, *options: str) -> str:
    return rows_of(run(noun, *options, "--limit", "1"))[0][0]


def test_a_feedback_is_answered_once(run: Run, own_shop: Simulated) -> None:
    ref = ref_of(run, "feedbacks", "--unanswered")
    result = run("answer", ref, "-", input="Спасибо за отзыв!\n")
    assert rows_of(result) == [["accepted", "answer", ref, "", "Спасибо за отзыв!"]]
    again = run("answer", ref, "Спасибо!")
    assert again.exit_code == 1
    assert "already has an answer: 'Спасибо за отзыв!'; use edit_answer" in again.stderr
    edited = objects_of(run("edit-answer", ref, "Спасибо за ваш отзыв!", "--json"))
    assert [(one["target"], one["state"]) for one in edited] == [(ref, "accepted")]
    assert dict(rows_of(run("show", ref)))["answer"] == "Спасибо за ваш отзыв!"


def test_a_question_is_answered_or_rejected(
    run: Run, own_shop: Simulated, terminal: Callable[[int], None]
) -> None:
    first, second = (own_shop.act(act="ask", text=f"Размер {each}?") for each in (1, 2))
    base = "wildberries/wildberries/question/"
    result = run("answer", base + first, "")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: answer: text ")
    terminal(80)
    result = run("answer", base + first, "Да, есть в наличии.")
    assert result.stdout == f"accepted: answer to {base}{first}\n  Да, есть в наличии.\n"
    result = run("reject", base + second, "Не о товаре")
    assert result.stdout == f"accepted: rejection of {base}{second}\n  Не о товаре\n"


def test_a_message_is_sent_with_a_file(run: Run, own_shop: Simulated, tmp_path: Path) -> None:
    chat = ref_of(run, "chats")
    (tmp_path / "size.png").write_bytes(PNG)
    result = run("send", chat, "Здравствуйте!", "--file", "size.png")
    assert rows_of(result) == [["accepted", "send", chat, "", "Здравствуйте!"]]
    assert [one["text"] for one in own_shop.sent()] == ["Здравствуйте!"]
    last = objects_of(run("messages", chat, "--json"))[-1]
    assert (last["author"], last["text"]) == ("seller", "Здравствуйте!")
    assert len(last["attachments"]) == 1
    missing = run("send", chat, "Здравствуйте!", "--file", "nothing.png")
    assert missing.exit_code == 2
    assert "'nothing.png' does not exist" in flat(missing)


def test_a_key_sends_once(run: Run, own_shop: Simulated) -> None:
    chat = ref_of(run, "chats")
    keyed = ("--idempotency-key", "crm-1", "--state", "cli.db")
    first, second = (rows_of(run("send", chat, text, *keyed)) for text in ("Раз", "Два"))
    assert first[0][1:] == second[0][1:] == ["send", chat, "", "Раз"]
    assert {first[0][0], second[0][0]} <= {"accepted", "confirmed"}
    assert [(one["chat"], one["text"]) for one in own_shop.sent()] == [(chat_id(chat), "Раз")]
    other = run("answer", ref_of(run, "feedbacks"), "Раз", *keyed)
    assert other.exit_code == 2
    assert "idempotency_key" in other.stderr
    (listed,) = rows_of(run("outbox", "list", "--all", "--state", "cli.db"))
    assert listed[0] == "crm-1"


def test_a_key_for_what_is_rejected(run: Run, own_shop: Simulated) -> None:
    ref = ref_of(run, "feedbacks", "--unanswered")
    run("answer", ref, "Спасибо!")
    result = run("answer", ref, "Ещё раз спасибо!", "--idempotency-key", "k")
    assert result.exit_code == 1
    assert result.stdout.startswith("rejected\tanswer\t")
    assert result.stderr.startswith("error: rejected: ")


def test_a_key_for_what_is_pending(
    run: Run, own_shop: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wbym.cli.replies._PATIENCE", 0.0)
    chat = ref_of(run, "chats")
    monkeypatch.setenv("WBYM_WILDBERRIES_BASE_URL", "http://127.0.0.1:1")
    result = run("send", chat, "Раз", "--idempotency-key", "k")
    assert result.exit_code == 1
    assert result.stdout.startswith("pending\tsend\t")
    assert "it is kept in wbym.db: repeat the command with the same key" in result.stderr


def test_a_return_is_decided(run: Run, market: Simulated, own_shop: Simulated) -> None:
    claim = ref_of(run, "returns", "--open", "--account", "wildberries")
    wrong = run("decide", claim, "no_such")
    assert wrong.exit_code == 2
    assert "approve1" in wrong.stderr
    result = run("decide", claim, "approve1", "--yes")
    assert rows_of(result) == [["accepted", "decide", claim, "approve1", ""]]
    request = ref_of(run, "returns", "--open", "--account", "yandex_market")
    partial = ("decide", request, "PARTIAL_MONEY_REFUND", "--amount")
    assert "is not an amount such as 990" in flat(run(*partial, "all"))
    result = run(*partial, "100")
    assert result.exit_code == 0, result.stderr


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        ("nonsense", "'nonsense' is not a ref: it must have 4 parts"),
        ("wildberries/wildberries/feed/1", "it must have a noun among"),
        ("wildberries/other/feedback/1", "one of wildberries/wildberries"),
        ("wildberries/wildberries/chat/1", "must be the ref of a question or a feedback"),
    ],
)
def test_a_wrong_ref_is_usage(ref: str, expected: str, run: Run, shop: Simulated) -> None:
    result = run("answer", ref, "Спасибо!")
    assert (result.exit_code, result.stdout) == (2, "")
    assert expected in flat(result)
