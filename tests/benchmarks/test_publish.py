import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks.plots import Bar, Bars, Plot
from benchmarks.publish import Results, publish, read
from benchmarks.report import Digest, Limit, Report, Target, verdict

ROOT = Path(__file__).parents[2]


def report(seconds: float) -> Report:
    return Report(
        "Bulk",
        ("client", "s"),
        [["wbym", seconds], ["other", None]],
        [Target("wbym", seconds, "at most", 2.0, "s")],
        ["A note."],
        [Bars("bulk", "Bulk", "s", [Bar("wbym", seconds, 1, 3, "ours")], 1.0, "by hand")],
        [Digest("Bulk", "1 s", f"{seconds:g} s", "other 9 s")],
    )


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def draw(plot: Plot, folder: Path) -> None:
        (folder / f"{plot.name}.svg").write_text(plot.title)

    # matplotlib is in the environment of `make bench` only.
    monkeypatch.setitem(sys.modules, "benchmarks.drawing", SimpleNamespace(draw=draw))
    (tmp_path / "docs").mkdir()
    return tmp_path


class TestPublish:
    def test_files_when_first_published(self, root: Path) -> None:
        publish("a machine", {"bulk": report(1.5)}, root)
        assert read(root) == Results("a machine", {"bulk": report(1.5)})
        assert (root / "docs" / "benchmarks" / "bulk.svg").read_text() == "Bulk"

    def test_other_results_when_one_is_published_again(self, root: Path) -> None:
        publish("a machine", {"bulk": report(1.5), "calls": report(4.0)}, root)
        publish("a machine", {"bulk": report(1.25)}, root)
        assert read(root).reports == {"bulk": report(1.25), "calls": report(4.0)}

    def test_everything_when_published_twice(self, root: Path) -> None:
        def written() -> dict[Path, bytes]:
            return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}

        publish("a machine", {"bulk": report(1.5)}, root)
        first = written()
        publish("a machine", {"bulk": report(1.5)}, root)
        assert written() == first
        publish("a machine", read(root).reports, root)
        assert written() == first


def test_verdict_when_a_target_is_missed() -> None:
    assert verdict([report(1.5)]) == "1 of 1 targets hold."
    assert verdict([report(1.5), report(2.5)]) == "1 of 2 targets hold. MISSED: wbym."


@pytest.mark.parametrize(
    ("ratios", "passed"),
    [
        ([0.99, 0.98, 0.97], True),
        ([0.5, 0.6, 1.0], False),
        ([0.5, 0.6, 1.1], False),
        ([1.1, 1.2, 1.3], False),
        ([0.5], False),
    ],
    ids=["each turn", "but one", "within the spread", "none", "a single turn"],
)
def test_limit_when_turns_are_faster(ratios: list[float], passed: bool) -> None:
    assert Limit("wbym", ratios).passed is passed


def test_limit_when_time_is_virtual() -> None:
    assert Limit("wbym", [0.99], exact=True).passed
    assert not Limit("wbym", [1.0], exact=True).passed


class TestCommitted:
    def test_results_when_published(self) -> None:
        folder = ROOT / "docs" / "benchmarks"
        reports = read(ROOT).reports
        page = folder.with_suffix(".md").read_text("utf-8")
        plots = {plot.name for found in reports.values() for plot in found.plots}
        assert set(re.findall(r'results\.report\("(\w+)"\)', page)) == reports.keys()
        assert not [name for name, found in reports.items() if found.passed]
        assert {path.stem for path in folder.glob("*.svg")} == plots

    def test_pictures_when_readme_shows_them(self) -> None:
        readme = (ROOT / "README.md").read_text("utf-8")
        shown = re.findall(r"!\[[^]]*\]\(([^)]*)\)", readme)
        assert shown
        assert all((ROOT / path).exists() for path in shown)
