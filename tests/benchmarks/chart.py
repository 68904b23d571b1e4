"""Write the chart of `docs/performance.md`: how far each figure reaches its aim."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from tests.benchmarks.processes import ROOT
from tests.benchmarks.rounds import Figure

FILE = ROOT / "docs" / "performance.svg"
_WIDTH, _MARGIN, _TOP, _ROW, _BAR = 760, 16, 36, 52, 16
#: The width of a bar that reaches its aim exactly, and the largest multiple of the aim that is shown in full.
_AIM_WIDTH, _LARGEST = 400, 1.8
# Met and missed differ in words, not in colour alone. The background is its own: not every viewer of a page with a dark
# one says so to an image.
_STYLE = """
    text { font: 14px system-ui, sans-serif; fill: #1f2328; }
    .title { font-weight: 600; font-size: 16px; }
    .background { fill: #ffffff; } .met { fill: #4fae7d; } .missed { fill: #e07b39; }
    .aim { stroke: #1f2328; stroke-width: 2; }"""


def write(figures: Sequence[Figure]) -> None:
    """Replace the chart by one of these figures, those of the table."""
    FILE.write_text(render(figures))


def render(figures: Sequence[Figure]) -> str:
    """Return the chart as SVG; its description says all that the bars show."""
    height = _TOP + _ROW * len(figures) + _MARGIN
    rows = "\n".join(_row(number, figure) for number, figure in enumerate(figures))
    description = " ".join(f"{figure.name}: {describe(figure)}." for figure in figures)
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" role="img"
    aria-labelledby="title description">
  <title id="title">What was measured, against its aim</title>
  <desc id="description">{escape(description)}</desc>
  <style>{_STYLE}
  </style>
  <path class="background" d="M0 0H{_WIDTH}V{height}H0Z"/>
  <text class="title" x="{_MARGIN}" y="24">Measured, against the aim (each black line; longer is better)</text>
{rows}
</svg>
"""


def describe(figure: Figure) -> str:
    """The figure's median and aim in words."""
    bound = "at most" if figure.is_largest else "at least"
    return f"{figure.median:.2f}, aim {bound} {figure.aim:g}, {'met' if figure.is_met else 'missed'}"


def _row(number: int, figure: Figure) -> str:
    top = _TOP + _ROW * number
    share = figure.aim / figure.median if figure.is_largest else figure.median / figure.aim
    width = _AIM_WIDTH * min(share, _LARGEST)
    kind = "met" if figure.is_met else "missed"
    name = escape(f"{figure.name}: {describe(figure)}")
    return (
        f'  <text x="{_MARGIN}" y="{top + 14}">{name}</text>\n'
        f'  <rect class="{kind}" x="{_MARGIN}" y="{top + 21}" width="{width:.0f}" height="{_BAR}" rx="2"/>\n'
        f'  <path class="aim" d="M{_MARGIN + _AIM_WIDTH} {top + 18}v{_BAR + 6}"/>'
    )
