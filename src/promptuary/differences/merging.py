"""Bringing together what two people changed of the same: line by line in texts, key by key in configs.

What only one of them changed, is taken; what both changed alike, too; the rest is theirs to decide.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from promptuary.differences.configs import MISSING, Missing, is_equal, joined_keys, show_path
from promptuary.differences.hunks import split_lines
from promptuary.differences.matching import matching_blocks


class ChunkKind(StrEnum):
    """Who changed a stretch of lines."""

    UNCHANGED = "unchanged"
    THEIRS = "theirs"
    YOURS = "yours"
    ALIKE = "alike"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of lines, as it was before and as either made it."""

    kind: ChunkKind
    base: str
    theirs: str
    yours: str

    @property
    def merged(self) -> str | None:
        """The text to take, `None` where it has to be chosen."""
        if self.kind is ChunkKind.CONFLICT:
            return None
        return self.theirs if self.kind is ChunkKind.THEIRS else self.yours


def merge_texts(base: str, theirs: str, yours: str) -> list[Chunk]:
    """Divide three texts at the lines that all have in common, into chunks that join to each of the three."""
    lines = tuple(split_lines(text) for text in (base, theirs, yours))
    chunks: list[Chunk] = []
    at: tuple[int, ...] = (0, 0, 0)
    ends = tuple(len(each) for each in lines)
    for starts, length in [*_common_stretches(*lines), (ends, 0)]:
        changed = ["".join(each[start:end]) for each, start, end in zip(lines, at, starts, strict=True)]
        if any(changed):
            chunks.append(_chunk(*changed))
        at = tuple(start + length for start in starts)
        if length:
            same = "".join(lines[0][starts[0] : at[0]])
            chunks.append(Chunk(ChunkKind.UNCHANGED, same, same, same))
    return chunks


def _common_stretches(base: list[str], theirs: list[str], yours: list[str]) -> list[tuple[tuple[int, int, int], int]]:
    """Return where all three have the same lines, and how many."""
    in_theirs, in_yours = (
        {block.old + number: block.new + number for block in matching_blocks(base, other) for number in range(block.length)}
        for other in (theirs, yours)
    )
    stretches: list[tuple[tuple[int, int, int], int]] = []
    for line in range(len(base)):
        if line not in in_theirs or line not in in_yours:
            continue
        place = (line, in_theirs[line], in_yours[line])
        if stretches and tuple(start + stretches[-1][1] for start in stretches[-1][0]) == place:
            stretches[-1] = (stretches[-1][0], stretches[-1][1] + 1)
        else:
            stretches.append((place, 1))
    return stretches


def _chunk(base: str, theirs: str, yours: str) -> Chunk:
    if theirs == yours:
        kind = ChunkKind.UNCHANGED if base == yours else ChunkKind.ALIKE
    elif base == theirs:
        kind = ChunkKind.YOURS
    elif base == yours:
        kind = ChunkKind.THEIRS
    else:
        kind = ChunkKind.CONFLICT
    return Chunk(kind, base, theirs, yours)


Decide = Callable[[str, object, object, object], object]
"""Decides where both changed a value: gets its path, and the value before, theirs and yours, `MISSING` where there is none."""


def merge_configs(
    base: Mapping[str, object] | None, theirs: Mapping[str, object] | None, yours: Mapping[str, object] | None, decide: Decide
) -> dict[str, object] | None:
    """Bring three configs together; ``decide`` is asked for each value that both changed, in the order of the keys.

    Objects are merged key by key, everything else is one value. `None`, no config, stays that where both have none.
    """
    if theirs is None and yours is None:
        return None
    merged = _merged(base or {}, theirs or {}, yours or {}, (), decide)
    return merged or (None if yours is None or theirs is None else merged)


def _merged(
    base: Mapping[str, object], theirs: Mapping[str, object], yours: Mapping[str, object], path: tuple[str, ...], decide: Decide
) -> dict[str, object]:
    merged: dict[str, object] = {}
    for key in joined_keys(yours, theirs):
        before, their, your = (each.get(key, MISSING) for each in (base, theirs, yours))
        value = _merged_value(before, their, your, (*path, key), decide)
        if not isinstance(value, Missing):
            merged[key] = value
    return merged


def _merged_value(before: object, their: object, your: object, path: tuple[str, ...], decide: Decide) -> object:
    if is_equal(their, your) or is_equal(before, their):
        return your
    if is_equal(before, your):
        return their
    if isinstance(their, dict) and isinstance(your, dict):
        return _merged(before if isinstance(before, dict) else {}, their, your, path, decide)
    return decide(show_path(path), before, their, your)
