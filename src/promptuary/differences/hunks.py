"""The difference of two texts as people read it: rows of lines with the changed words marked, unchanged stretches folded."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from promptuary.differences.matching import Block, matching_blocks

CONTEXT = 3
"""Unchanged lines that are shown around each change."""

_WORD = re.compile(r"\w+|\s+|.", re.DOTALL)
_MAX_WORDS = 2000
_LEAST_ALIKE = 0.4
"""Share of characters that two lines must have in common, else marking words would only confuse."""

Kind = Literal["same", "removed", "added"]


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line; ``is_changed``: the other version does not have it."""

    text: str
    is_changed: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One line; the number of the version that does not have it is `None`. Numbers begin with 1."""

    kind: Kind
    old_number: int | None
    new_number: int | None
    spans: tuple[Span, ...]

    @property
    def text(self) -> str:
        """The line without marks."""
        return "".join(span.text for span in self.spans)


Pair = tuple[Row | None, Row | None]


@dataclass(frozen=True, slots=True)
class Hunk:
    """A stretch of rows; unchanged ones far from any change are ``is_folded``."""

    rows: tuple[Row, ...]
    is_folded: bool = False

    @property
    def pairs(self) -> list[Pair]:
        """The rows side by side, old and new."""
        pairs: list[Pair] = []
        removed: list[Row] = []
        added: list[Row] = []
        for row in self.rows:
            if row.kind == "same":
                pairs += [*zip_longest(removed, added), (row, row)]
                removed, added = [], []
            else:
                (removed if row.kind == "removed" else added).append(row)
        return [*pairs, *zip_longest(removed, added)]


def compare_texts(old: str, new: str, *, context: int = CONTEXT) -> list[Hunk]:
    """Return the difference of two texts, top to bottom; an empty list where they are the same.

    Lines end by LF. A carriage return is shown as its symbol, and so is the line feed where nothing else differs. Long lines are
    marked as a whole.
    """
    if old == new:
        return []
    old_lines, new_lines = split_lines(old), split_lines(new)
    hunks: list[Hunk] = []
    changed: list[Row] = []
    old_at = new_at = 0
    blocks = matching_blocks(old_lines, new_lines)
    for block in [*blocks, Block(len(old_lines), len(new_lines), 0)]:
        changed += _changed_rows(old_lines[old_at : block.old], new_lines[new_at : block.new], old_at, new_at)
        same = [_same_row(old_lines[block.old + number], block.old + number, block.new + number) for number in range(block.length)]
        is_first, is_last = (
            not hunks and not changed,
            block.old + block.length == len(old_lines) and (block.new + block.length == len(new_lines)),
        )
        head, folded, tail = _folded(same, 0 if is_first else context, 0 if is_last else context)
        changed += head
        if folded:
            if changed:
                hunks.append(Hunk(tuple(changed)))
            hunks.append(Hunk(tuple(folded), is_folded=True))
            changed = []
        changed += tail
        old_at, new_at = block.old + block.length, block.new + block.length
    return [*hunks, Hunk(tuple(changed))] if changed else hunks


def split_lines(text: str) -> list[str]:
    """Return the lines with their line feeds; joined, they are the text again."""
    lines = text.split("\n")
    return [*(f"{line}\n" for line in lines[:-1]), *lines[-1:]] if lines[-1] else [f"{line}\n" for line in lines[:-1]]


def _folded(rows: Sequence[Row], head: int, tail: int) -> tuple[Sequence[Row], Sequence[Row], Sequence[Row]]:
    # To fold a single line would hide it and save nothing.
    if len(rows) <= head + tail + 1:
        return rows, (), ()
    end = len(rows) - tail
    return rows[:head], rows[head:end], rows[end:]


def _same_row(line: str, old_number: int, new_number: int) -> Row:
    return Row("same", old_number + 1, new_number + 1, (Span(_shown(line)),))


def _changed_rows(old: Sequence[str], new: Sequence[str], old_at: int, new_at: int) -> Iterator[Row]:
    marked = [_mark_words(*pair) for pair in zip(old, new, strict=False)]
    for number, line in enumerate(old):
        spans = marked[number][0] if number < len(marked) else (Span(_shown(line)),)
        yield Row("removed", old_at + number + 1, None, spans)
    for number, line in enumerate(new):
        spans = marked[number][1] if number < len(marked) else (Span(_shown(line)),)
        yield Row("added", None, new_at + number + 1, spans)


def _mark_words(old: str, new: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Return two lines with the words marked that differ; nothing is marked where hardly anything is alike."""
    if old.removesuffix("\n") == new.removesuffix("\n"):
        return (_ending(old), _ending(new))
    old, new = _shown(old), _shown(new)
    unmarked = (Span(old),), (Span(new),)
    old_words, new_words = _WORD.findall(old), _WORD.findall(new)
    if max(len(old_words), len(new_words)) > _MAX_WORDS:
        return unmarked
    blocks = matching_blocks(old_words, new_words)
    alike = sum(len("".join(old_words[block.old : block.old + block.length]).strip()) for block in blocks)
    if alike < _LEAST_ALIKE * min(len(old), len(new)):
        return unmarked
    return (
        tuple(_spans(old_words, [(block.old, block.length) for block in blocks])),
        tuple(_spans(new_words, [(block.new, block.length) for block in blocks])),
    )


def _spans(words: Sequence[str], alike: Sequence[tuple[int, int]]) -> Iterator[Span]:
    at = 0
    for start, length in [*alike, (len(words), 0)]:
        if at < start:
            yield Span("".join(words[at:start]), is_changed=True)
        if length:
            yield Span("".join(words[start : start + length]))
        at = start + length


def _ending(line: str) -> tuple[Span, ...]:
    spans = (Span(_shown(line)),)
    return (*spans, Span("⏎", is_changed=True)) if line.endswith("\n") else spans


def _shown(line: str) -> str:
    return line.removesuffix("\n").replace("\r", "␍")
