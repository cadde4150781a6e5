import asyncio
import re
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import contest
from benchmarks.__main__ import BENCHMARKS, main
from benchmarks.contenders.harness import Job, Tally, in_flight, many
from benchmarks.contest import BY_HAND, Contender, Runs, compete
from benchmarks.measure import sample
from benchmarks.report import Limit, Report, Target
from benchmarks.sizes import Sizes
from benchmarks.versus import agree, bars, beside_bound, beside_hand, others, ratios, seconds

ROOT = Path(__file__).parents[2]


def runs_of(
    name: str, *times: float, peer: bool = False, hand: bool = False, finished: bool = True
) -> Runs:
    tallies = [Tally(seconds=time, records=5, finished=finished) for time in times]
    return Runs(Contender(name, "module", "way", peer=peer, hand=hand), tallies, [])


def runs_by_name(*runs: Runs) -> dict[str, Runs]:
    return {one.contender.name: one for one in runs}


class TestInFlight:
    @pytest.mark.looptime
    async def test_order_when_later_pages_are_faster(self) -> None:
        under_way = most = 0

        async def fetch(offset: int) -> int:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(10 - offset)
            under_way -= 1
            return offset

        assert [page async for page in in_flight(3, fetch, range(5))] == [0, 1, 2, 3, 4]
        assert most == 3


class TestMany:
    async def test_counts_when_some_calls_fail(self) -> None:
        async def good() -> None: ...

        async def bad() -> None:
            raise ValueError

        tally = Tally()
        await many(tally, [good, bad, good], at_once=True)
        assert (tally.records, tally.errors) == (2, 1)

    async def test_error_when_in_sequence(self) -> None:
        async def bad() -> None:
            raise ValueError("bad")

        with pytest.raises(ValueError, match="bad"):
            await many(Tally(), [bad], at_once=False)


class TestCompete:
    async def test_turns_when_peers_are_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        ours, peer = Contender("ours", "ours", "wire"), Contender("p", "p", "pages", peer=True)
        ran: list[str] = []

        async def run_once(contender: Contender, job: Job) -> Tally:
            ran.append(contender.name)
            return Tally(seconds=len(ran))

        async def rate_limited() -> int:
            return 10 * len(ran)

        monkeypatch.setattr(contest, "PEERS_PYTHON", Path("/nowhere"))
        monkeypatch.setattr(contest, "run_once", run_once)
        found = await compete(
            [BY_HAND, ours, peer], lambda one: Job(one.way, "", []), 2, rate_limited
        )
        assert ran == ["by hand", "ours", "by hand", "ours"]
        assert [tally.seconds for tally in found["ours"].tallies] == [2, 4]
        assert found["ours"].rate_limited == [10, 10]
        assert "p" not in found


class TestVersus:
    def test_ratios_when_turns_differ(self) -> None:
        runs = runs_by_name(runs_of("by hand", 1, 2, 4, hand=True), runs_of("ours", 3, 3, 4))
        assert ratios(runs, "ours") == sample([3, 1.5, 1])

    def test_ratios_with_two_handwritten_contenders(self) -> None:
        slow, fast = runs_of("in turn", 1, 4, 4, hand=True), runs_of("ahead", 2, 2, 2, hand=True)
        runs = runs_by_name(slow, fast, runs_of("ours", 3, 3, 4))
        assert ratios(runs, "ours") == sample([1.5, 1.5, 2])
        assert beside_hand(runs, ", gzip") == [
            Limit("in turn, gzip", [0.5, 2, 2]),
            Limit("ours, gzip", [1.5, 1.5, 2]),
        ]

    def test_limits_when_some_are_incomplete(self) -> None:
        lost = runs_of("lost", 1, 1)
        lost.tallies[1].records -= 1
        hung = runs_of("hung", 1, 1, finished=False)
        runs = runs_by_name(runs_of("by hand", 2, 2, hand=True), runs_of("ours", 3, 4), lost, hung)
        assert beside_hand(runs) == [Limit("ours", [1.5, 2])]
        assert beside_bound(runs, 2) == [Limit("by hand", [1, 1]), Limit("ours", [1.5, 2])]

    def test_agree_when_one_is_incomplete(self) -> None:
        short = Runs(BY_HAND, [Tally(records=4)], [])
        with pytest.raises(RuntimeError, match="did not read the same"):
            agree({"by hand": runs_of("by hand", 1), "short": short})

    def test_agree_when_one_timed_out(self) -> None:
        agree({"by hand": runs_of("by hand", 1), "hung": runs_of("hung", 9, finished=False)})

    def test_others_when_one_timed_out(self) -> None:
        runs = {
            "ours": runs_of("ours", 1),
            "slow": runs_of("slow", 9, peer=True),
            "hung": runs_of("hung", 5, peer=True, finished=False),
            "fast": runs_of("fast", 2, peer=True),
        }
        assert others(runs, seconds, "s") == "fast 2 s; slow 9 s; hung never ends"

    def test_others_when_one_lost_calls(self) -> None:
        runs = {"ours": runs_of("ours", 1), "bad": runs_of("bad", 2, 2, peer=True)}
        runs["bad"].tallies[1].records -= 2
        assert others(runs, seconds, "s") == "bad (2 lost) 2 s"
        found = bars("name", "title", "s", runs, 1, "limit").bars
        assert [bar.label for bar in found] == ["ours", "bad (2 lost)"]


class TestMain:
    def test_publish_when_quick(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            main(["--quick", "--publish"])
        assert "--publish or --quick" in capsys.readouterr().err

    @pytest.mark.parametrize("others", [0.99, 1.01])
    def test_exit_when_a_limit_is_exceeded(
        self, others: float, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """It fails with the place of the error; only the other results are published."""
        rows = {"bulk": [0.9, 0.8, others], "calls": [0.7, 1.3, 1.2]}
        published: list[str] = []

        async def measure(name: str, sizes: Sizes) -> Report:
            return Report(name, ("client",), [["wbym"]], [], limits=[Limit("wbym", rows[name])])

        def publish(machine: str, reports: dict[str, Report]) -> None:
            published.extend(reports)

        monkeypatch.setattr(command, "_one", measure)
        monkeypatch.setattr(command, "publish", publish)
        monkeypatch.setattr(command, "can_publish", lambda: True)
        arguments = ["bulk", "calls", "--publish"]
        if others > 1:
            main(arguments)
            assert published == ["bulk", "calls"]
            return
        with pytest.raises(SystemExit) as failure:
            main(arguments)
        # SystemExit with a text: the interpreter prints it, and the exit code is 1.
        assert str(failure.value.code).splitlines()[1:] == [
            "LIMITS PASSED, so they are none:",
            "bulk: wbym passes its limit: 0.9 of it, -11% +10%",
        ]
        assert published == ["calls"]
        assert "- wbym passes its limit: 0.9 of it, -11% +10%" in capsys.readouterr().out

    def test_exit_when_a_bound_is_exceeded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Only the other results are published."""
        lost = {"soak": 1, "crash": 0}
        published: list[str] = []

        async def measure(name: str, sizes: Sizes) -> Report:
            bound = Target("lost", lost[name], "never above", 0)
            slow = Target("seconds", 9, "at most", 5)
            return Report(name, ("what",), [["wbym"]], [bound, slow])

        monkeypatch.setattr(command, "_one", measure)
        monkeypatch.setattr(command, "publish", lambda _, reports: published.extend(reports))
        monkeypatch.setattr(command, "can_publish", lambda: True)
        with pytest.raises(SystemExit) as failure:
            main(["soak", "crash", "--publish"])
        assert failure.value.code == ("\nBOUNDS EXCEEDED:\nsoak: lost: 1, never above 0: MISSED")
        assert published == ["crash"]

    def test_page_when_benchmarks_are_named(self) -> None:
        page = (ROOT / "docs" / "benchmarks.md").read_text("utf-8")
        places = re.findall(r"results\.report\(\"(\w+)\"\)", page)
        assert set(places) == set(BENCHMARKS)


def test_peers_when_pinned() -> None:
    lines = (ROOT / "benchmarks" / "peers.txt").read_text("utf-8").splitlines()
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+(\[\w+\])?==[\w.]+", line) for line in lines)
    pinned = {line.partition("==")[0].partition("[")[0] for line in lines}
    assert {"wbapi-async", "wbsdk", "wildberries-sdk", "wildberries-python-sdk"} < pinned
    assert "ya-market-api" in pinned
