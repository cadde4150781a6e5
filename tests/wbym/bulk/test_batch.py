"""Long lists in legal calls, without a marketplace."""

import asyncio
from collections.abc import Sequence
from typing import TypeVar

import msgspec
import pytest

from wbym.bulk import DONE, Batch, Outcome, Result, Rules, carry_out
from wbym.calls import RuleViolation
from wbym.errors import (
    BadRequest,
    CallError,
    ConnectionFailed,
    DeliveryUnknown,
    Forbidden,
    MissingScope,
    WbymError,
)

E = TypeVar("E", bound=CallError)


def error(kind: type[E]) -> E:
    return kind("нет", marketplace="wildberries", account="shop", endpoint="prices.set")


class Sender:
    """Accepts every call except those whose number has an error."""

    def __init__(self, **errors: WbymError) -> None:
        self.errors = errors
        self.calls: list[list[int]] = []

    async def __call__(self, items: Sequence[int]) -> Sequence[Result[None]]:
        self.calls.append(list(items))
        failure = self.errors.get(f"call{len(self.calls)}")
        if failure is not None:
            raise failure
        return [DONE] * len(items)


def outcomes(batch: Batch[int, None]) -> str:
    """One letter per item."""
    return "".join(result.outcome.value[0] for result in batch.results)


class TestPortions:
    async def test_calls_when_the_list_exceeds_one_call(self) -> None:
        send = Sender()
        batch = await carry_out(Batch(range(7)), send, Rules(max_size=3))
        assert send.calls == [[0, 1, 2], [3, 4, 5], [6]]
        assert batch.finished
        assert batch.counts() == {Outcome.DONE: 7}

    async def test_calls_when_the_list_is_empty(self) -> None:
        send = Sender()
        batch = await carry_out(Batch[int, None]([]), send, Rules(max_size=3))
        assert send.calls == []
        assert batch.finished

    async def test_bodies_when_their_size_is_the_max(self) -> None:
        sizes: list[int] = []

        async def send(items: Sequence[str]) -> Sequence[Result[None]]:
            sizes.append(len(msgspec.json.encode({"data": items})))
            return [DONE] * len(items)

        texts = ["я" * length for length in (100, 300, 200, 50, 400)]
        batch = await carry_out(Batch(texts), send, Rules(max_size=1000, max_body_size=900))
        assert len(sizes) == 3
        assert max(sizes) <= 900
        assert batch.counts() == {Outcome.DONE: 5}

    async def test_item_when_larger_than_a_body_may_be(self) -> None:
        sent: list[str] = []

        async def send(items: Sequence[str]) -> Sequence[Result[None]]:
            sent.extend(items)
            return [DONE] * len(items)

        rules = Rules[str](max_size=1000, max_body_size=500)
        batch = await carry_out(Batch(["a", "b" * 500, "c"]), send, rules)
        assert sent == ["a", "c"]
        ((item, result),) = batch.failed
        assert item == "b" * 500
        assert "503 bytes" in (result.reason or "")

    async def test_item_when_it_breaks_a_rule(self) -> None:
        def check(item: int) -> None:
            if item == 2:
                raise RuleViolation("must not be 2", item)

        send = Sender()
        batch = await carry_out(Batch(range(5)), send, Rules[int](max_size=3, check=check))
        assert send.calls == [[0, 1, 3], [4]]
        assert outcomes(batch) == "ddfdd"
        assert batch.results[2].reason == "must not be 2"

    async def test_item_when_it_cannot_be_encoded(self) -> None:
        async def send(items: Sequence[str]) -> Sequence[Result[None]]:
            assert items == ["да", "и да"]
            return [DONE] * len(items)

        batch = await carry_out(Batch(["да", "\ud83d", "и да"]), send, Rules(max_size=3))
        assert [result.outcome for result in batch.results] == [
            Outcome.DONE,
            Outcome.FAILED,
            Outcome.DONE,
        ]

    async def test_item_when_repeated(self) -> None:
        send = Sender()
        await carry_out(Batch([1, 2, 1, 3]), send, Rules[int](max_size=10, key=lambda item: item))
        assert send.calls == [[1, 2], [1, 3]]


class TestFailures:
    async def test_call_when_rejected(self) -> None:
        send = Sender(call2=error(BadRequest))
        batch = await carry_out(Batch(range(6)), send, Rules(max_size=2))
        assert send.calls == [[0, 1], [2, 3], [4, 5]]
        assert outcomes(batch) == "ddffdd"
        assert [item for item, _ in batch.failed] == [2, 3]
        assert "нет" in (batch.results[2].reason or "")
        assert batch.stopped is None
        assert batch.finished

    async def test_call_when_its_rejection_stops_the_run(self) -> None:
        rejection = error(BadRequest)
        send = Sender(call2=rejection)
        batch = await carry_out(Batch(range(6)), send, Rules(max_size=2), stop=True)
        assert outcomes(batch) == "ddffnn"
        assert batch.stopped is rejection
        await carry_out(batch, send, Rules(max_size=2), stop=True)
        assert send.calls == [[0, 1], [2, 3], [4, 5]]
        assert outcomes(batch) == "ddffdd"
        assert batch.stopped is None

    async def test_call_when_its_outcome_is_unknown(self) -> None:
        send = Sender(call1=error(DeliveryUnknown))
        batch = await carry_out(Batch(range(4)), send, Rules(max_size=2))
        assert outcomes(batch) == "uudd"
        await carry_out(batch, send, Rules(max_size=2))
        assert send.calls == [[0, 1], [2, 3]]

    @pytest.mark.parametrize(
        "failure",
        [error(ConnectionFailed), error(Forbidden), MissingScope("shop", "no category")],
    )
    async def test_call_when_all_others_would_fail(self, failure: WbymError) -> None:
        send = Sender(call2=failure)
        batch = await carry_out(Batch(range(6)), send, Rules(max_size=2))
        assert outcomes(batch) == "ddnnnn"
        assert batch.stopped is failure
        assert not batch.finished
        await carry_out(batch, send, Rules(max_size=2))
        assert send.calls == [[0, 1], [2, 3], [2, 3], [4, 5]]
        assert batch.counts() == {Outcome.DONE: 6}

    @pytest.mark.parametrize(("idempotent", "left"), [(False, "dduunn"), (True, "ddnnnn")])
    async def test_run_when_cancelled(self, idempotent: bool, left: str) -> None:
        reached = asyncio.Event()
        sent: list[int] = []

        async def send(items: Sequence[int]) -> Sequence[Result[None]]:
            sent.extend(items)
            if items[0] == 2 and not reached.is_set():
                reached.set()
                await asyncio.Event().wait()
            return [DONE] * len(items)

        batch = Batch[int, None](range(6))
        rules = Rules[int](max_size=2, idempotent=idempotent)
        run = asyncio.create_task(carry_out(batch, send, rules))
        await reached.wait()
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        assert outcomes(batch) == left
        await carry_out(batch, send, rules)
        assert sent == ([0, 1, 2, 3, 2, 3, 4, 5] if idempotent else [0, 1, 2, 3, 4, 5])


class TestProgress:
    async def test_progress_when_calls_are_made(self) -> None:
        seen: list[str] = []
        send = Sender(call2=error(BadRequest))
        await carry_out(
            Batch(range(5)),
            send,
            Rules(max_size=2),
            progress=lambda batch: seen.append(repr(batch)),
        )
        assert seen == [
            "Batch(3 not_tried, 2 done)",
            "Batch(1 not_tried, 2 done, 2 failed)",
            "Batch(3 done, 2 failed)",
        ]

    async def test_items_when_some_fail_inside_a_call(self) -> None:
        async def send(items: Sequence[int]) -> Sequence[Result[str]]:
            return [
                Result(Outcome.FAILED, "odd") if item % 2 else Result(Outcome.DONE, value=str(item))
                for item in items
            ]

        batch = await carry_out(Batch(range(4)), send, Rules(max_size=3))
        assert [(item, result.reason) for item, result in batch.failed] == [(1, "odd"), (3, "odd")]
        assert [result.value for result in batch.results] == ["0", None, "2", None]
