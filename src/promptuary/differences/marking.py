"""Marking of the words that differ in two lines."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from promptuary.differences.matching import matching_blocks

MAX_WORK = 20_000_000
"""Maximum work of one comparison on words: pairs of words, of which a millisecond compares some ten thousand."""

_WORD = re.compile(r"\w+|\s+|.", re.DOTALL)
_MAX_WORDS = 2000
_MAX_CHARACTERS = 20_000
_MIN_LIKENESS = 0.4
"""Share of characters that two lines must have in common, else marking words would only confuse."""
_WORK_A_LINE = 1000


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line; ``is_changed``: the other version does not have it."""

    text: str
    is_changed: bool = False


@dataclass(slots=True)
class Work:
    """Remaining work that a comparison may do on words."""

    left: int = MAX_WORK

    def spend(self, amount: int) -> bool:
        """Take an amount, if as much is left."""
        if amount > self.left:
            return False
        self.left -= amount
        return True


Marked = tuple[tuple[Span, ...], tuple[Span, ...]]


def mark_words(old: str, new: str, work: Work) -> Marked:
    """Return two lines with the words marked that differ; nothing is marked where hardly anything is alike, or no work is left."""
    unmarked = (Span(old),), (Span(new),)
    if max(len(old), len(new)) > _MAX_CHARACTERS or not work.spend(_WORK_A_LINE):
        return unmarked
    old_words, new_words = split_words(old), split_words(new)
    if max(len(old_words), len(new_words)) > _MAX_WORDS or not work.spend(len(old_words) * len(new_words)):
        return unmarked
    blocks = matching_blocks(old_words, new_words)
    alike = sum(len("".join(old_words[block.old : block.old + block.length]).strip()) for block in blocks)
    if alike < _MIN_LIKENESS * min(len(old), len(new)):
        return unmarked
    return (
        tuple(_spans(old_words, [(block.old, block.length) for block in blocks])),
        tuple(_spans(new_words, [(block.new, block.length) for block in blocks])),
    )


def split_words(line: str) -> list[str]:
    """Return the words of a line, and what is between them; joined, they are the line again."""
    return _WORD.findall(line)


def _spans(words: Sequence[str], alike: Sequence[tuple[int, int]]) -> Iterator[Span]:
    at = 0
    for start, length in [*alike, (len(words), 0)]:
        if at < start:
            yield Span("".join(words[at:start]), is_changed=True)
        if length:
            yield Span("".join(words[start : start + length]))
        at = start + length
