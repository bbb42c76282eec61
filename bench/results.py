"""Results of a topic: figures in rows, and the goals that were reached or missed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


class CannotMeasure(Exception):
    """Something that a topic needs is not there; the sentence says what."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure that has a bound: at least the limit, or at most."""

    what: str
    measured: float
    limit: float
    unit: str = ""
    is_minimum: bool = True

    @property
    def is_reached(self) -> bool:
        """Return `True` if the figure keeps its bound."""
        return self.measured >= self.limit if self.is_minimum else self.measured <= self.limit


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic's results. ``rows`` are figures by what was measured; rows of one topic have the same columns.

    ``remark`` stands before the table of rows, ``conclusion`` behind it.
    """

    name: str
    heading: str
    remark: str
    rows: Mapping[str, Mapping[str, float]]
    goals: tuple[Goal, ...]
    conclusion: str = ""

    def as_json(self) -> dict[str, object]:
        """Return the topic for `results.json`."""
        goals = [asdict(goal) | {"is_reached": goal.is_reached} for goal in self.goals]
        rows = {name: dict(figures) for name, figures in self.rows.items()}
        topic: dict[str, object] = {"heading": self.heading, "remark": self.remark, "rows": rows, "goals": goals}
        return topic | ({"conclusion": self.conclusion} if self.conclusion else {})


def topic_of(name: str, found: Mapping[str, Any]) -> Topic:
    """Return a topic from what `Topic.as_json` made of it."""
    goals = tuple(Goal(**{key: value for key, value in goal.items() if key != "is_reached"}) for goal in found["goals"])
    return Topic(name, found["heading"], found["remark"], found["rows"], goals, found.get("conclusion", ""))
