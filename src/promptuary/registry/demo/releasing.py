"""Moves of labels of the demo that are not made when a version is published: a rollback, and a release of two prompts together."""

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Undone:
    """The last move of a label, taken back."""

    moment: datetime
    prompt_name: str
    label: str
    reason: str


@dataclass(frozen=True, slots=True)
class Placed:
    """A label that is pointed at a version."""

    moment: datetime
    prompt_name: str
    label: str
    version: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Promoted:
    """Prompts that are released together from one label to another."""

    moment: datetime
    prompt_names: tuple[str, ...]
    source: str
    target: str
    reason: str


LabelStep = Undone | Placed | Promoted

LATER = (
    Undone(
        datetime(2026, 9, 27, 9, 12, tzinfo=UTC),
        "support-reply",
        "production",
        "Some customers got replies in the language of the help centre",
    ),
    Placed(
        datetime(2026, 9, 28, 8, 20, tzinfo=UTC),
        "support-reply",
        "production",
        6,
        "The help centre has all languages now",
    ),
    Promoted(
        datetime(2026, 10, 7, 10, 5, tzinfo=UTC),
        ("support-reply", "travel-agent-system"),
        "staging",
        "production",
        "Autumn release, tested for a week",
    ),
)
"""Moves that happen later than the review of a version."""
