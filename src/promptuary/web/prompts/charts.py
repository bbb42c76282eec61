"""Fetches a day, as bars of an SVG: the geometry only; colours and texts are the template's and the style sheet's."""

from dataclasses import dataclass
from datetime import date

from promptuary.model.usage import Usage

WIDTH = 720
HEIGHT = 120
_GAP = 0.2


@dataclass(frozen=True, slots=True)
class Bar:
    """The fetches of one day. Lengths are in units of the chart, from its top left corner."""

    day: date
    fetches: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """One bar for each day of a range, all versions together. ``most`` is the highest one's count."""

    bars: tuple[Bar, ...]
    most: int


def chart_of(usage: Usage) -> Chart:
    """Draw the fetches of all shown versions, day by day."""
    counts: dict[date, int] = {}
    for version in usage.versions:
        for used in version.days:
            counts[used.day] = counts.get(used.day, 0) + used.fetches
    days = [date.fromordinal(ordinal) for ordinal in range(usage.first.toordinal(), usage.last.toordinal() + 1)]
    most = max(counts.values(), default=0)
    step = WIDTH / len(days)
    bars = []
    for number, day in enumerate(days):
        fetches = counts.get(day, 0)
        height = HEIGHT * fetches / most if most else 0.0
        bars.append(
            Bar(
                day=day,
                fetches=fetches,
                x=round(number * step, 2),
                y=round(HEIGHT - height, 2),
                width=round(step * (1 - _GAP), 2),
                height=round(height, 2),
            )
        )
    return Chart(tuple(bars), most)
