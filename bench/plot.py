"""Draws the results as SVG: how many fetches a second, and how far each goal is reached or missed."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from bench.report import shown
from bench.results import Goal, Topic

_WIDTH, _LABELS, _RIGHT = 1060, 480, 110
_LINE, _BAR = 24, 15
_REACHED, _MISSED, _NEUTRAL = "#2c7fb8", "#d95f0e", "#7f7f7f"
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#222}.head{font-weight:600;font-size:15px}.far{text-anchor:end}"
    ".value{paint-order:stroke;stroke:#fff;stroke-width:4px}"
)


@dataclass(frozen=True, slots=True)
class _Bar:
    """A bar on a logarithmic scale."""

    label: str
    length: float
    value: str
    colour: str


def draw(topics: Sequence[Topic]) -> str:
    """Return the drawing. Both scales are logarithmic."""
    rates = [
        _Bar(f"{topic.heading}: {name}", figures["requests/s"], shown(figures["requests/s"]), _NEUTRAL)
        for topic in topics
        if topic.name in {"fetch", "busy", "peers", "cold"}
        for name, figures in topic.rows.items()
    ]
    goals = [_goal_bar(goal) for topic in topics for goal in topic.goals if goal.limit and goal.measured > 0]
    parts: list[str] = []
    y = 0
    for head, bars, one in (("Requests per second", rates, None), ("Goals: how far reached; the line is the goal", goals, 1.0)):
        parts += _panel(head, bars, y, one)
        y += (len(bars) + 3) * _LINE
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y}" width="{_WIDTH}" height="{y}">'
        f'<style>{_STYLE}</style><rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def _goal_bar(goal: Goal) -> _Bar:
    share = goal.measured / goal.limit if goal.is_minimum else goal.limit / goal.measured
    value = f"{shown(goal.measured)}{goal.unit}"
    return _Bar(goal.what, share, value if goal.is_reached else f"{value}, missed", _REACHED if goal.is_reached else _MISSED)


def _panel(head: str, bars: Sequence[_Bar], y: int, line_at: float | None) -> Iterator[str]:
    if not bars:
        return
    lengths = [bar.length for bar in bars] + ([line_at] if line_at else [])
    least, most = math.floor(math.log10(min(lengths))), math.ceil(math.log10(max(lengths)) + 0.01)

    def place(length: float) -> float:
        return _LABELS + (math.log10(length) - least) / (most - least) * (_WIDTH - _LABELS - _RIGHT)

    yield f'<text class="head" x="10" y="{y + _LINE}">{escape(head)}</text>'
    bottom = y + (len(bars) + 1.5) * _LINE
    for power in range(least, most + 1):
        x = place(10.0**power)
        yield f'<line x1="{x:.0f}" x2="{x:.0f}" y1="{y + 1.4 * _LINE:.0f}" y2="{bottom:.0f}" stroke="#ddd"/>'
        yield f'<text x="{x:.0f}" y="{bottom + 14:.0f}" text-anchor="middle">{10.0**power:,.10g}</text>'
    if line_at:
        x = place(line_at)
        yield f'<line x1="{x:.0f}" x2="{x:.0f}" y1="{y + 1.4 * _LINE:.0f}" y2="{bottom:.0f}" stroke="#222" stroke-dasharray="4 3"/>'
    for number, bar in enumerate(bars):
        top = y + (number + 1.5) * _LINE
        end = place(bar.length)
        yield f'<text class="far" x="{_LABELS - 8}" y="{top + _BAR - 2:.0f}">{escape(bar.label)}</text>'
        yield f'<rect x="{_LABELS}" y="{top:.0f}" width="{end - _LABELS:.0f}" height="{_BAR}" fill="{bar.colour}"/>'
        yield f'<text class="value" x="{end + 5:.0f}" y="{top + _BAR - 2:.0f}">{escape(bar.value)}</text>'
