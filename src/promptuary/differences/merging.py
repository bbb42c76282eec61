"""Bringing together what two people changed of the same: line by line in texts, key by key in configs and contracts.

What only one of them changed, is taken; what both changed alike, too; the rest is theirs to decide.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from promptuary.differences.configs import MISSING, Digests, Missing, joined_keys, show_path
from promptuary.differences.hunks import split_lines
from promptuary.differences.matching import matching_blocks


class ChunkKind(StrEnum):
    """Origin of a range of lines."""

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
    return [
        Chunk(stretch.kind, *("".join(each[place]) for each, place in zip(lines, stretch.places, strict=True)))
        for stretch in merge_items(*lines)
    ]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Position of a range of items in each of three sequences: base, theirs and yours."""

    kind: ChunkKind
    places: tuple[slice, slice, slice]


def merge_items(base: Sequence[str], theirs: Sequence[str], yours: Sequence[str]) -> list[Stretch]:
    """Divide three sequences at the items that all have in common, into stretches that join to each of the three."""
    stretches: list[Stretch] = []
    at = (0, 0, 0)
    for starts, length in [*_common_stretches(base, theirs, yours), ((len(base), len(theirs), len(yours)), 0)]:
        places = _places(at, starts)
        if at != starts:
            stretches.append(Stretch(_kind(base[places[0]], theirs[places[1]], yours[places[2]]), places))
        at = _moved(starts, length)
        if length:
            stretches.append(Stretch(ChunkKind.UNCHANGED, _places(starts, at)))
    return stretches


_Point = tuple[int, int, int]


def _places(starts: _Point, ends: _Point) -> tuple[slice, slice, slice]:
    return slice(starts[0], ends[0]), slice(starts[1], ends[1]), slice(starts[2], ends[2])


def _moved(point: _Point, length: int) -> _Point:
    return point[0] + length, point[1] + length, point[2] + length


def _common_stretches(base: Sequence[str], theirs: Sequence[str], yours: Sequence[str]) -> list[tuple[_Point, int]]:
    """Return where all three have the same items, and how many."""
    in_theirs, in_yours = (
        {block.old + number: block.new + number for block in matching_blocks(base, other) for number in range(block.length)}
        for other in (theirs, yours)
    )
    stretches: list[tuple[_Point, int]] = []
    for item in range(len(base)):
        if item not in in_theirs or item not in in_yours:
            continue
        place = (item, in_theirs[item], in_yours[item])
        if stretches and _moved(*stretches[-1]) == place:
            stretches[-1] = (stretches[-1][0], stretches[-1][1] + 1)
        else:
            stretches.append((place, 1))
    return stretches


def _kind(base: Sequence[str], theirs: Sequence[str], yours: Sequence[str]) -> ChunkKind:
    if theirs == yours:
        return ChunkKind.UNCHANGED if base == yours else ChunkKind.ALIKE
    if base == theirs:
        return ChunkKind.YOURS
    return ChunkKind.THEIRS if base == yours else ChunkKind.CONFLICT


Decide = Callable[[str, object, object, object], object]
"""Decides where both changed a value: gets its path, and the value before, theirs and yours, `MISSING` if there is none.

The path is that of `show_path`, empty for the whole."""


def merge_configs(
    base: Mapping[str, object] | None, theirs: Mapping[str, object] | None, yours: Mapping[str, object] | None, decide: Decide
) -> dict[str, object] | None:
    """Bring three configs together; ``decide`` is asked for each value that both changed, in the order of the keys.

    Objects are merged key by key, everything else is one value. `None`, no config, stays that where both have none.
    """
    if theirs is None and yours is None:
        return None
    merged = _ObjectMerge(decide).merge(base or {}, theirs or {}, yours or {}, ())
    return merged or (None if yours is None or theirs is None else merged)


def merge_contracts(
    base: Mapping[str, object] | None, theirs: Mapping[str, object] | None, yours: Mapping[str, object] | None, decide: Decide
) -> dict[str, object] | None:
    """Bring three contracts of variables together, as `merge_configs` does configs.

    Without a contract, all names in braces are variables; with an empty one, none are. So `None` is a value of its own. If one
    removed the contract and the other changed it, ``decide`` is asked with an empty path.
    """
    before, their, your = (MISSING if each is None else each for each in (base, theirs, yours))
    merged = _ObjectMerge(decide).merge_value(before, their, your, ())
    return merged if isinstance(merged, dict) else None


@dataclass(frozen=True, slots=True)
class _ObjectMerge:
    """A merge of objects. Values are compared by digests, so that each is written out once and not again at each level above."""

    decide: Decide
    digests: Digests = field(default_factory=Digests)

    def merge(
        self, base: Mapping[str, object], theirs: Mapping[str, object], yours: Mapping[str, object], path: tuple[str, ...]
    ) -> dict[str, object]:
        """Return three objects together."""
        merged: dict[str, object] = {}
        for key in joined_keys(yours, theirs):
            before, their, your = (each.get(key, MISSING) for each in (base, theirs, yours))
            value = self.merge_value(before, their, your, (*path, key))
            if not isinstance(value, Missing):
                merged[key] = value
        return merged

    def merge_value(self, before: object, their: object, your: object, path: tuple[str, ...]) -> object:
        """Return three values together; objects key by key."""
        was, is_theirs, is_yours = map(self.digests.of, (before, their, your))
        if is_theirs in (is_yours, was):
            return your
        if was == is_yours:
            return their
        if isinstance(their, dict) and isinstance(your, dict):
            return self.merge(before if isinstance(before, dict) else {}, their, your, path)
        return self.decide(show_path(path), before, their, your)
