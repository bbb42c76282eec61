"""The difference of two texts as lines for programs and language models: a unified diff of limited size."""

from collections.abc import Iterator

from promptuary.differences.budgets import Budget
from promptuary.differences.hunks import Budgets, Hunk, Row, TextDifference, compare_texts_within
from promptuary.model.text import counted

_SIGNS = {"same": " ", "removed": "-", "added": "+"}


def unified_diff(old: str, new: str, *, max_characters: int) -> str:
    """Return a unified diff without file names; empty for equal texts. Of much, the first part is shown, and a line says so."""
    lines, left_out = unified_lines(old, new, max_characters=max_characters)
    if left_out.removed_left_out or left_out.added_left_out:
        lines.append(left_out_line(left_out))
    return "\n".join(lines)


def unified_lines(old: str, new: str, *, max_characters: int) -> tuple[list[str], TextDifference]:
    """Return the lines of a unified diff, and the difference that says how much is left out."""
    text = compare_texts_within(old, new, Budgets(Budget(max_characters, _weigh), Budget(0, _weigh)))
    return [line for hunk in text.hunks if not hunk.is_folded for line in _unified(hunk)], text


def left_out_line(text: TextDifference) -> str:
    """Return the line that says how much of a difference is left out."""
    more = f"{counted(text.removed_left_out, 'more removed line')} and {counted(text.added_left_out, 'more added line')}"
    return f"\\ {more} are left out. Fetch both versions to see all of them."


def _weigh(row: Row) -> int:
    return len(row.text) + 2


def _unified(hunk: Hunk) -> Iterator[str]:
    old = [row.old_number for row in hunk.rows if row.old_number is not None]
    new = [row.new_number for row in hunk.rows if row.new_number is not None]
    yield f"@@ -{_range(old)} +{_range(new)} @@"
    for row in hunk.rows:
        yield _SIGNS[row.kind] + row.text
        if row.left_out:
            yield f"\\ {counted(row.left_out, 'more character')} of this line are left out."


def _range(numbers: list[int]) -> str:
    return f"{numbers[0]},{len(numbers)}" if numbers else "0,0"
