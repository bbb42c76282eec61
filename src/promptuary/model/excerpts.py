"""Excerpts of texts around what a search has found in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from promptuary.model.text import fold

_BEFORE = 40
_AFTER = 120
_ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A match and what stands around it, on one line."""

    before: str
    match: str
    after: str


def excerpt_of(text: str, needles: Sequence[Sequence[str]]) -> Excerpt | None:
    """Return the surroundings of the first of some folded needles in a text, see `needles.needles_of`; `None` without a match."""
    folded = fold(text)
    found = [(folded.find(spelling), len(spelling)) for spellings in needles for spelling in spellings]
    start, length = min(((at, length) for at, length in found if at >= 0), default=(-1, 0))
    if start < 0:
        return None
    first, last = _in_unfolded(text, folded, start, start + length)
    before, after = text[max(0, first - _BEFORE) : first], text[last : last + _AFTER]
    return Excerpt(
        (_ELLIPSIS if first > _BEFORE else "") + _on_one_line(before),
        _on_one_line(text[first:last][:_AFTER]),
        _on_one_line(after) + (_ELLIPSIS if last + _AFTER < len(text) else ""),
    )


def _in_unfolded(text: str, folded: str, start: int, end: int) -> tuple[int, int]:
    """Return where a piece of a folded text stands in the text itself. Folding may lengthen characters, as ``ß``."""
    if len(text) == len(folded):
        return start, end
    ends = list(accumulate(len(fold(character)) for character in text))
    first = next(index for index, reached in enumerate(ends) if reached > start)
    last = next(index for index, reached in enumerate(ends) if reached >= end)
    return first, last + 1


def _on_one_line(text: str) -> str:
    words = " ".join(text.split())
    return (" " if text[:1].isspace() else "") + words + (" " if text[-1:].isspace() and words else "")
