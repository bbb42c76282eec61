"""Limits on the size of a shown difference."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

MAX_SHOWN_VALUE = 4000
"""Maximum characters of one value of a config, or of one line, that are shown where room is limited."""

Item = TypeVar("Item")


@dataclass(slots=True)
class Budget(Generic[Item]):
    """Remaining room for items; ``weigh`` returns the size of one. The last item may take more than is left."""

    left: int
    weigh: Callable[[Item], int]

    @property
    def is_full(self) -> bool:
        """`True` if nothing more is shown."""
        return self.left <= 0

    def take(self, item: Item) -> None:
        """Give an item its room."""
        self.left -= self.weigh(item)


def cut_text(text: str) -> str:
    """Return a text, of a long one the start and how much is left out."""
    if len(text) <= MAX_SHOWN_VALUE:
        return text
    return f"{text[:MAX_SHOWN_VALUE]}… ({len(text) - MAX_SHOWN_VALUE:,} more characters)"
