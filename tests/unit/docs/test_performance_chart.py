"""The chart of docs/performance.md shows the figures of its table, in words too."""

import re
from pathlib import Path
from xml.etree import ElementTree as Xml

from tests.benchmarks import chart
from tests.benchmarks.rounds import Figure

PAGE = Path(__file__).resolve().parents[3] / "docs" / "performance.md"
SVG = "{http://www.w3.org/2000/svg}"
ROW = re.compile(r"^\| ([^|]+) \| ([≥≤]) ([0-9.]+) \| \*\*([0-9.]+)\*\* \|", re.MULTILINE)


def _parse(drawn: str) -> Xml.Element:
    return Xml.fromstring(drawn)  # noqa: S314 - the project's own file


def test_the_chart_was_made_from_the_figures_of_the_table() -> None:
    figures = [
        Figure(name, float(aim), (float(median),), is_largest=bound == "≤")
        for name, bound, aim, median in ROW.findall(PAGE.read_text())
    ]
    described = _parse(chart.FILE.read_text()).findtext(f"{SVG}desc") or ""
    assert figures
    for figure in figures:
        assert f"{figure.name}: {chart.describe(figure)}." in described
    assert described.count(", aim at ") == len(figures)


def test_a_bar_ends_at_the_aim_when_the_figure_just_reaches_it() -> None:
    exact = _parse(chart.render([Figure("rate", 0.5, (0.5,)), Figure("time", 2.5, (2.5,), is_largest=True)]))
    lines = [path for path in exact.findall(f"{SVG}path") if path.attrib["class"] == "aim"]
    bars = exact.findall(f"{SVG}rect")
    ends = [int(bar.attrib["x"]) + int(bar.attrib["width"]) for bar in bars]
    assert [line.attrib["d"].split()[0] for line in lines] == [f"M{end}" for end in ends]
    assert {bar.attrib["class"] for bar in bars} == {"met"}


def test_a_bar_is_shorter_the_worse_the_figure_is() -> None:
    def width(figure: Figure) -> int:
        bar = _parse(chart.render([figure])).find(f"{SVG}rect")
        assert bar is not None
        return int(bar.attrib["width"])

    assert width(Figure("rate", 0.5, (0.25,))) < width(Figure("rate", 0.5, (0.4,)))
    assert width(Figure("time", 2.5, (5.0,), is_largest=True)) < width(
        Figure("time", 2.5, (3.0,), is_largest=True)
    )


def test_the_chart_says_in_words_what_it_shows() -> None:
    drawn = _parse(chart.render([Figure("payments & carts", 0.4, (0.32,))]))
    assert drawn.attrib["role"] == "img"
    named = drawn.attrib["aria-labelledby"].split()
    assert [element.attrib["id"] for element in drawn if "id" in element.attrib] == named
    texts = [text.text for text in drawn.findall(f"{SVG}text")]
    assert "payments & carts: 0.32, aim at least 0.4, missed" in texts
