"""Results for programs (JSON) and for people (Markdown); `plot` draws them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.results import Goal, Topic

MARK = "<!-- Written by make bench; do not edit below. -->"
PLOT = "performance.svg"


def as_json(facts: Mapping[str, object], topics: Sequence[Topic], missing: Mapping[str, str]) -> str:
    """Return everything that was measured."""
    whole = dict(facts) | {"topics": {topic.name: topic.as_json() for topic in topics}, "not_measured": dict(missing)}
    return json.dumps(whole, indent=2) + "\n"


def write_page(page: Path, facts: Mapping[str, object], topics: Sequence[Topic], missing: Mapping[str, str]) -> None:
    """Write the results below the mark of a page; what stands above it stays."""
    head = page.read_text().partition(MARK)[0] if page.exists() else ""
    page.write_text(f"{head}{MARK}\n\n{as_markdown(facts, topics, missing)}\n")


def as_markdown(facts: Mapping[str, object], topics: Sequence[Topic], missing: Mapping[str, str]) -> str:
    """Return the results as Markdown: on what, the goals, the plot, and a table for each topic."""
    versions = facts["versions"]
    named = ", ".join(f"{name} {number}" for name, number in versions.items()) if isinstance(versions, dict) else ""
    goals = [goal for topic in topics for goal in topic.goals]
    reached = sum(goal.is_reached for goal in goals)
    measured_on = (
        f"Measured on {facts['date']} on {facts['machine']}, with a load average of {facts['load_average']} before; {named}. "
        f"{facts['pace']}"
    )
    parts = [
        measured_on,
        "## Goals",
        f"{reached} of {len(goals)} are reached.",
        _table(["what", "measured", "goal", "reached"], [_goal_cells(goal) for goal in goals], "lrrl"),
        f"![The results as bars]({PLOT})",
    ]
    parts += [topic_as_markdown(topic) for topic in topics]
    if missing:
        parts += ["## Not measured", "\n".join(f"* {name}: {reason}" for name, reason in missing.items())]
    return "\n\n".join(parts)


def topic_as_markdown(topic: Topic) -> str:
    """Return one topic as Markdown."""
    columns = list(dict.fromkeys(column for figures in topic.rows.values() for column in figures))
    rows = [
        [name, *(shown(figures[column]) if column in figures else "" for column in columns)] for name, figures in topic.rows.items()
    ]
    table = _table(["", *columns], rows, "l" + "r" * len(columns))
    return "\n\n".join([f"## {topic.heading}", topic.remark, table, *filter(None, [topic.conclusion])])


def shown(figure: float) -> str:
    """Show a figure with as many digits as it deserves."""
    size = abs(figure)
    return f"{figure:,.0f}" if size >= 100 or figure == int(figure) else f"{figure:.1f}" if size >= 10 else f"{figure:.2f}"


def _goal_cells(goal: Goal) -> list[str]:
    bound = "at least" if goal.is_minimum else "at most"
    return [
        goal.what,
        f"{shown(goal.measured)}{goal.unit}",
        f"{bound} {shown(goal.limit)}{goal.unit}",
        "yes" if goal.is_reached else "**no**",
    ]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], sides: str) -> str:
    rule = ["---:" if side == "r" else "---" for side in sides]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [heads, rule, *rows])
