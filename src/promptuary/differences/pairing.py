"""Pairing of removed and added lines: similar ones in order, the rest by position between them."""

from collections.abc import Iterator, Sequence
from itertools import pairwise, zip_longest

from promptuary.differences.marking import Work, split_words

MAX_PAIRS = 2500
"""Maximum product of two numbers of lines that are paired by likeness; longer stretches are paired by position."""

_MAX_CHARACTERS = 1000
_WORK_A_PAIR = 200
_MIN_LIKENESS = 0.5
"""Share of the words of the longer line that both must have, to be versions of each other."""

Places = tuple[int | None, int | None]


def pair_lines(old: Sequence[str], new: Sequence[str], work: Work) -> Iterator[Places]:
    """Yield the places of lines that stand beside each other, in order; `None` where a line has none beside it."""
    alike = _find_alike(old, new, work) if _is_worth_it(old, new) else []
    for before, after in pairwise([(-1, -1), *alike, (len(old), len(new))]):
        yield from zip_longest(range(before[0] + 1, after[0]), range(before[1] + 1, after[1]))
        if after != (len(old), len(new)):
            yield after


def _is_worth_it(old: Sequence[str], new: Sequence[str]) -> bool:
    # One line beside one stands there in any case.
    return 1 < len(old) * len(new) <= MAX_PAIRS and max(map(len, (*old, *new))) <= _MAX_CHARACTERS


def _find_alike(old: Sequence[str], new: Sequence[str], work: Work) -> list[tuple[int, int]]:
    """Return pairs of lines in the order of both, so that the sum of their likeness is greatest."""
    if not work.spend(len(old) * len(new) * _WORK_A_PAIR):
        return []
    words = [[frozenset(word for word in split_words(line) if not word.isspace()) for line in lines] for lines in (old, new)]
    likeness = [[_likeness(one, other) for other in words[1]] for one in words[0]]
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for row in range(len(old) - 1, -1, -1):
        for column in range(len(new) - 1, -1, -1):
            paired = likeness[row][column] + best[row + 1][column + 1] if likeness[row][column] else 0.0
            best[row][column] = max(paired, best[row + 1][column], best[row][column + 1])
    return list(_walk(best))


def _walk(best: Sequence[Sequence[float]]) -> Iterator[tuple[int, int]]:
    row = column = 0
    while row < len(best) - 1 and column < len(best[0]) - 1:
        if best[row][column] == best[row + 1][column]:
            row += 1
        elif best[row][column] == best[row][column + 1]:
            column += 1
        else:
            yield row, column
            row, column = row + 1, column + 1


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    longest = max(len(one), len(other))
    share = len(one & other) / longest if longest else 0.0
    return share if share >= _MIN_LIKENESS else 0.0
