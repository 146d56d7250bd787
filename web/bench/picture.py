"""Two pictures of a run as SVG: how far each target was reached, and how costs grow.

They are 360 units wide, so that they can be read on a telephone; colours follow the reader's theme, and nothing is said
by colour alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

from web.bench.rounds import Result

WIDTH, EDGE, TOP, ROW = 360, 12, 58, 44
LEAST, MOST = 0.1, 10.0
"""The scale of the targets' picture: a tenth of the target to ten times as good."""

_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1b1b1b } .small { font-size: 11px; fill: #4d4d4d }
.title { font-weight: 600; font-size: 15px } .back { fill: #ffffff } .rail { fill: #e4e4e4 } .mark { stroke: #1b1b1b }
.yes { fill: #00694f } .no { fill: #b04a00 } .cost { fill: #24569b }
@media (prefers-color-scheme: dark) {
text { fill: #f2f2f2 } .small { fill: #c4c4c4 } .back { fill: #16181c } .rail { fill: #3a3e46 } .mark { stroke: #f2f2f2 }
.yes { fill: #4cc9a0 } .no { fill: #ff9d5c } .cost { fill: #85b4f5 } }
"""


def number(value: float) -> str:
    """A figure with as many digits as matter."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004 - three digits are enough


def targets_picture(results: Iterable[Result]) -> str:
    """A bar for each measure that has a target, on a logarithmic scale, a mark where it is reached; "" without any."""
    scored = [(result, result.score) for result in results if result.measure.goal]
    known = sorted(((each, score) for each, score in scored if score is not None), key=lambda pair: _order(pair[0]))
    if not known:
        return ""
    rows = [_target_row(result, score, TOP + ROW * at) for at, (result, score) in enumerate(known)]
    head = _text(EDGE, 22, "Targets", "title") + _text(EDGE, 42, "bar beyond the mark: reached (logarithmic)", "small")
    return _svg(TOP + ROW * len(rows) + EDGE, "How far each target was reached", head + "".join(rows))


def growth_picture(results: Iterable[Result]) -> str:
    """For each series a bar a step: the cost against that of the first step, the machine's own speed taken out."""
    series: dict[str, list[Result]] = {}
    for result in results:
        if result.measure.series and result.ratio:
            series.setdefault(result.measure.series, []).append(result)
    drawn, top = [], TOP
    for name, steps in series.items():
        ordered = sorted(steps, key=lambda each: each.measure.step)
        drawn.append(_text(EDGE, top + 12, name))
        costs = relative_costs(ordered)
        longest = max(*costs, 2.0)
        drawn += [
            _growth_row(each, cost, cost / longest, top + 18 + 20 * at)
            for at, (each, cost) in enumerate(zip(ordered, costs, strict=True))
        ]
        top += 18 + 20 * len(ordered) + 14
    if not drawn:
        return ""
    head = _text(EDGE, 22, "Growth", "title") + _text(EDGE, 42, "cost of one act, against the smallest step", "small")
    return _svg(top + EDGE, "What one act costs as dossiers and items grow", head + "".join(drawn))


def relative_costs(steps: Sequence[Result]) -> list[float]:
    """Costs of the steps of a series as multiples of the first, each held against the floor of its own rounds."""
    ratios = [result.ratio or math.nan for result in steps]
    return [ratios[0] / ratio for ratio in ratios]


def _order(result: Result) -> int:
    """Targets stand in the order of their numbers."""
    return int(result.measure.goal.removeprefix("T"))


def _target_row(result: Result, score: float, top: int) -> str:
    reached, end, one = score >= 1, _x(score), _x(1.0)
    words = f"{score:.2f} x" if score < MOST else f"over {MOST:g} x"
    return (
        _text(EDGE, top + 12, f"{result.measure.goal} {result.measure.name}")
        + f'<rect class="rail" x="{EDGE}" y="{top + 18}" width="{WIDTH - 2 * EDGE}" height="6"/>'
        + f'<rect class="{"yes" if reached else "no"}" x="{EDGE}" y="{top + 18}" width="{end - EDGE:.1f}" height="6"/>'
        + f'<line class="mark" x1="{one:.1f}" x2="{one:.1f}" y1="{top + 15}" y2="{top + 27}"/>'
        + _text(EDGE, top + 36, f"{words} the target: {'reached' if reached else 'not reached'}", "small")
    )


def _growth_row(result: Result, cost: float, share: float, top: int) -> str:
    figure = f"{number(result.measure.step)}: {number(result.median)} {result.measure.unit} ({cost:.2f} x)"
    return f'<rect class="cost" x="{EDGE}" y="{top}" width="{max(share, 0.01) * 150:.1f}" height="12"/>' + _text(
        EDGE + 158, top + 10, figure, "small"
    )


def _x(score: float) -> float:
    within = min(max(score, LEAST), MOST)
    return EDGE + (WIDTH - 2 * EDGE) * math.log(within / LEAST) / math.log(MOST / LEAST)


def _text(x: float, y: float, words: str, kind: str = "") -> str:
    shown = f' class="{kind}"' if kind else ""
    return f'<text x="{x}" y="{y}"{shown}>{escape(words)}</text>'


def _svg(height: int, title: str, content: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" width="{WIDTH}">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>"
        f'<rect class="back" width="{WIDTH}" height="{height}"/>{content}</svg>\n'
    )
