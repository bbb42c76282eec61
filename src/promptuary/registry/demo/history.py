"""Data types of the demo's prompts and their histories. No texts here."""

from dataclasses import dataclass
from textwrap import dedent


@dataclass(frozen=True, slots=True)
class First:
    """The first version: prompt, config and note, and the labels that were put on it, for a ``reason``."""

    prompt: object
    note: str
    config: dict[str, object] | None = None
    labels: tuple[str, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Next:
    """A later version: what its author replaced by what, and the labels that were moved to it, for a ``reason``.

    ``config`` replaces the config; `None` leaves the config as it was.
    """

    note: str
    edits: tuple[tuple[str, str], ...] = ()
    config: dict[str, object] | None = None
    labels: tuple[str, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class DemoPrompt:
    """A prompt: its name, its first version and those that followed."""

    name: str
    first: First
    following: tuple[Next, ...] = ()


def text(block: str) -> str:
    """Return an indented block as the text of a prompt."""
    return dedent(block).strip()
