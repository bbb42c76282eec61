"""The difference of two texts as people read it: rows of lines with the changed words marked, unchanged stretches folded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from promptuary.differences.budgets import MAX_SHOWN_VALUE, Budget
from promptuary.differences.marking import Span, Work, mark_words
from promptuary.differences.matching import Block, matching_blocks
from promptuary.differences.pairing import pair_lines

CONTEXT = 3
"""Unchanged lines that are shown around each change."""

_BEFORE_CHANGE = 200
"""Characters of a long line that are shown before the first that differs."""

Kind = Literal["same", "removed", "added"]


@dataclass(frozen=True, slots=True)
class Row:
    """One line; the number of the version that does not have it is `None`. Numbers begin with 1.

    ``beside`` is the number of the line in the other version that stands beside a changed one. ``left_out`` are characters of a
    long line that are not shown.
    """

    kind: Kind
    old_number: int | None
    new_number: int | None
    spans: tuple[Span, ...]
    beside: int | None = None
    left_out: int = 0

    @property
    def text(self) -> str:
        """The line without marks."""
        return "".join([span.text for span in self.spans])


Pair = tuple[Row | None, Row | None]


@dataclass(frozen=True, slots=True)
class Hunk:
    """A stretch of rows; unchanged ones far from any change are ``is_folded``, and ``left_out`` if there are too many to show."""

    rows: tuple[Row, ...]
    is_folded: bool = False
    left_out: int = 0

    @property
    def pairs(self) -> list[Pair]:
        """The rows side by side, old and new."""
        pairs: list[Pair] = []
        removed: list[Row] = []
        added: list[Row] = []
        for row in self.rows:
            if row.kind == "same":
                pairs += [*_beside(removed, added), (row, row)]
                removed, added = [], []
            else:
                (removed if row.kind == "removed" else added).append(row)
        return [*pairs, *_beside(removed, added)]


@dataclass(frozen=True, slots=True)
class TextDifference:
    """The part of a difference that is shown, and the numbers of removed and added lines that are left out after it."""

    hunks: list[Hunk]
    removed_left_out: int = 0
    added_left_out: int = 0


@dataclass(slots=True)
class Budgets:
    """Limits of the lines that are shown: of changes with their context, and of folded unchanged lines."""

    changes: Budget[Row]
    folds: Budget[Row]


def compare_texts(old: str, new: str, *, context: int = CONTEXT) -> list[Hunk]:
    """Return the difference of two texts, top to bottom; an empty list where they are the same.

    Lines end by LF. A carriage return is shown as its symbol, and so is the line feed where nothing else differs. Long lines are
    marked as a whole.
    """
    return _Comparison(context, None).compare(old, new)


def compare_texts_within(old: str, new: str, budgets: Budgets, *, context: int = CONTEXT) -> TextDifference:
    """Return as much of the difference of two texts as there is room for, its top, and what is left out."""
    comparison = _Comparison(context, budgets)
    hunks = comparison.compare(old, new)
    return TextDifference(hunks, *comparison.left_out)


def split_lines(text: str) -> list[str]:
    """Return the lines with their line feeds; joined, they are the text again."""
    *ended, last = text.split("\n")
    lines = [line + "\n" for line in ended]
    return [*lines, last] if last else lines


@dataclass(slots=True)
class _Comparison:
    """A comparison on its way from the top of two texts to their ends."""

    context: int
    budgets: Budgets | None
    work: Work = field(default_factory=Work)
    hunks: list[Hunk] = field(default_factory=list)
    changed: list[Row] = field(default_factory=list)
    left_out: tuple[int, int] = (0, 0)

    @property
    def is_full(self) -> bool:
        return self.budgets is not None and self.budgets.changes.is_full

    def compare(self, old: str, new: str) -> list[Hunk]:
        if old == new:
            return []
        old_lines, new_lines = split_lines(old), split_lines(new)
        old_at = new_at = 0
        for block in [*matching_blocks(old_lines, new_lines), Block(len(old_lines), len(new_lines), 0)]:
            old_end, new_end = block.old + block.length, block.new + block.length
            self.add_changed(old_lines[old_at : block.old], new_lines[new_at : block.new], old_at, new_at)
            if not self.is_full:
                is_last = old_end == len(old_lines) and new_end == len(new_lines)
                self.add_same(old_lines[block.old : old_end], block, is_last=is_last)
            old_at, new_at = old_end, new_end
        self.end_hunk()
        return self.hunks

    def add_changed(self, old: Sequence[str], new: Sequence[str], old_at: int, new_at: int) -> None:
        """Add a changed stretch, what was removed before what was added; count what there is no room for."""
        removed: list[Row] = []
        added: list[Row] = []
        for one, other in () if self.is_full else pair_lines(old, new, self.work):
            if self.is_full:
                break
            before, after = self._numbered(one, old_at), self._numbered(other, new_at)
            spans = self._spans(None if one is None else old[one], None if other is None else new[other])
            for row in _rows(before, after, spans):
                (removed if row.kind == "removed" else added).append(row)
                self._take(row)
        self.changed += [*removed, *added]
        self.left_out = self.left_out[0] + len(old) - len(removed), self.left_out[1] + len(new) - len(added)

    def add_same(self, lines: Sequence[str], block: Block, *, is_last: bool) -> None:
        """Add an unchanged stretch: lines around changes, and what is folded between them."""
        is_first = not self.hunks and not self.changed
        head, tail = (0 if is_first else self.context), (0 if is_last else self.context)
        # To fold a single line would hide it and save nothing.
        if len(lines) <= head + tail + 1:
            head, tail = len(lines), 0
        fold_end = len(lines) - tail
        self._add_context(lines, block, range(head))
        if head < fold_end:
            self.end_hunk()
            self.hunks.append(self._fold(lines, block, range(head, fold_end)))
        self._add_context(lines, block, range(fold_end, len(lines)))

    def end_hunk(self) -> None:
        """Make a hunk of the rows that were added last."""
        if self.changed:
            self.hunks.append(Hunk(tuple(self.changed)))
        self.changed = []

    def _add_context(self, lines: Sequence[str], block: Block, places: range) -> None:
        for place in places:
            row = self._same_row(lines[place], block, place)
            self.changed.append(row)
            self._take(row)

    def _fold(self, lines: Sequence[str], block: Block, places: range) -> Hunk:
        rows = []
        for place in places:
            if self.budgets is not None and self.budgets.folds.is_full:
                return Hunk((), is_folded=True, left_out=len(places))
            rows.append(self._same_row(lines[place], block, place))
            if self.budgets is not None:
                self.budgets.folds.take(rows[-1])
        return Hunk(tuple(rows), is_folded=True)

    def _same_row(self, line: str, block: Block, place: int) -> Row:
        [(span, left_out)] = self._cut([_cut_line(line)])
        return Row("same", block.old + place + 1, block.new + place + 1, (Span(span),), left_out=left_out)

    def _spans(self, old: str | None, new: str | None) -> list[tuple[tuple[Span, ...], int]]:
        """Return the marked spans of a removed line, an added one, or both beside each other, and how much is left out of each."""
        present = [line for line in (old, new) if line is not None]
        cut = self._cut([_cut_line(line) for line in present])
        if old is not None and new is not None and old.removesuffix("\n") == new.removesuffix("\n"):
            # Only the end of the last line differs.
            return [(_ending(line, shown), left_out) for line, (shown, left_out) in zip(present, cut, strict=True)]
        if old is None or new is None:
            return [((Span(shown),), left_out) for shown, left_out in cut]
        marked = mark_words(cut[0][0], cut[1][0], self.work)
        return [(spans, left_out) for spans, (_, left_out) in zip(marked, cut, strict=True)]

    def _cut(self, lines: Sequence[str]) -> list[tuple[str, int]]:
        """Return what is shown of lines that stand beside each other, and how many characters are left out."""
        if self.budgets is None or max(map(len, lines)) <= MAX_SHOWN_VALUE:
            return [(line, 0) for line in lines]
        start = max(0, _common_start(lines[0], lines[-1]) - _BEFORE_CHANGE) if len(lines) > 1 else 0
        shown = [line[start : start + MAX_SHOWN_VALUE] for line in lines]
        return [(part, len(line) - len(part)) for part, line in zip(shown, lines, strict=True)]

    def _take(self, row: Row) -> None:
        if self.budgets is not None:
            self.budgets.changes.take(row)

    def _numbered(self, place: int | None, at: int) -> int | None:
        return None if place is None else at + place + 1


def _rows(before: int | None, after: int | None, spans: Sequence[tuple[tuple[Span, ...], int]]) -> Iterator[Row]:
    if before is not None:
        yield Row("removed", before, None, spans[0][0], after, spans[0][1])
    if after is not None:
        yield Row("added", None, after, spans[-1][0], before, spans[-1][1])


def _beside(removed: Sequence[Row], added: Sequence[Row]) -> Iterator[Pair]:
    waiting = list(reversed(added))
    for row in removed:
        while row.beside is not None and waiting and (waiting[-1].new_number or 0) < row.beside:
            yield None, waiting.pop()
        is_beside = waiting and waiting[-1].new_number == row.beside
        yield row, waiting.pop() if is_beside else None
    while waiting:
        yield None, waiting.pop()


def _common_start(one: str, other: str) -> int:
    """Count the characters that two texts have in common at their start, by halves: slices compare faster than characters."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[low:middle] == other[low:middle] else (low, middle - 1)
    return low


def _ending(line: str, shown: str) -> tuple[Span, ...]:
    spans = (Span(shown),)
    return (*spans, Span("⏎", is_changed=True)) if line.endswith("\n") else spans


def _cut_line(line: str) -> str:
    return line.removesuffix("\n").replace("\r", "␍")
