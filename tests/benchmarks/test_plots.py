from xml.etree import ElementTree as ET

import pytest

from benchmarks.plots import Bar, Bars, Line, Lines, Plot, svg

SVG = "{http://www.w3.org/2000/svg}"

BARS = Bars(
    "bulk",
    "200,000 feedbacks <plain>",
    "s",
    [Bar("by hand", 1.0, 0.9, 1.1, "hand"), Bar("wbym & co", 2.0, 1.9, 4.0, "ours")],
    1.0,
    "by hand",
)
LINES = Lines(
    "limits",
    "Feedbacks",
    "seconds",
    "feedbacks",
    [Line("one", [(0, 0), (5, 50_000)], "peer"), Line("two", [(0, 0), (10, 25_000)], "hand")],
    Line("the bound", [(0, 0), (4, 50_000)], "hand"),
)


def drawn(plot: Plot) -> ET.Element:
    return ET.fromstring(svg(plot))


class TestBars:
    def test_length_when_longest_run_is_the_scale(self) -> None:
        short, long = (float(bar.attrib["width"]) for bar in drawn(BARS).iter(f"{SVG}rect"))
        assert long == 2 * short
        # The highest run of the second reaches to the end of the room.
        ends = [path.attrib["d"] for path in drawn(BARS).iter(f"{SVG}path")]
        assert max(float(end.partition("H")[2] or 0) for end in ends) == 670

    def test_limit_when_it_equals_a_bar(self) -> None:
        first = next(drawn(BARS).iter(f"{SVG}rect"))
        edge = float(first.attrib["x"]) + float(first.attrib["width"])
        (limit,) = [
            path for path in drawn(BARS).iter(f"{SVG}path") if "stroke-dasharray" in path.attrib
        ]
        assert limit.attrib["d"].startswith(f"M{edge:.1f} ")

    def test_words_when_they_hold_markup(self) -> None:
        words = [text.text for text in drawn(BARS).iter(f"{SVG}text")]
        assert "wbym & co" in words
        assert drawn(BARS)[0].text == "200,000 feedbacks <plain>"


class TestLines:
    def test_points_when_two_lines_end_at_different_heights(self) -> None:
        paths = [path.attrib for path in drawn(LINES).iter(f"{SVG}path")]
        one, two, limit = [path["d"] for path in paths if path["stroke-width"] == "2"]
        # The frame ends at (550, 360); 50,000 and 10 are its ends as they are.
        assert one == "M70.0 360.0L310.0 60.0"
        assert two == "M70.0 360.0L550.0 210.0"
        assert limit == "M70.0 360.0L262.0 60.0"

    def test_colours_when_there_are_more_lines_than_colours(self) -> None:
        lines = [Line(f"{n}", [(0, 0), (1, n + 1)], "hand") for n in range(20)]
        plot = Lines("memory", "Memory", "MB", "feedbacks", lines)
        words = {text.text for text in drawn(plot).iter(f"{SVG}text")}
        assert {f"{n}" for n in range(20)} <= words

    def test_ticks_when_axes_are_labelled(self) -> None:
        words = [text.text for text in drawn(LINES).iter(f"{SVG}text")]
        assert {"25,000", "50,000", "2.5", "10", "the bound"} <= set(words)


@pytest.mark.parametrize("plot", [BARS, LINES])
def test_colours_when_page_is_light_or_dark(plot: Plot) -> None:
    for element in drawn(plot).iter():
        for colour in (element.attrib.get("fill"), element.attrib.get("stroke")):
            if colour is not None and colour != "none":
                levels = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
                assert 60 < sum(levels) / 3 < 190, colour


@pytest.mark.parametrize("plot", [BARS, LINES])
def test_svg_when_drawn_twice(plot: Plot) -> None:
    assert svg(plot) == svg(plot)
